"""HAPI, the FHIR server that most others are built on, takes what we deliver.

Its JPA server 6.10.0 with referential integrity enforced, as a process on loopback. The first run
fetches it (330 MB), where Maven is.
"""

from collections.abc import Iterator
from decimal import Decimal
from json import loads
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_mapping.enrolled import EnrolledDevice, Enrolment
from hjemmepuls.processes import Child, free_port
from tests.fetching import Unavailable, classpath
from tests.ingest.deliver.home import Home, delivering
from tests.ingest.deliver.runner import Runner
from tests.ingest.enrolments import NOW_MS, term

HERE = Path(__file__).parent / "hapi"
ROOT = Path(__file__).parents[3]
NUMERIC = "0099887766"
"""A device name that HAPI does not take as an id: it keeps bare numbers for itself."""


@pytest.fixture(scope="module")
def hapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of an empty server."""
    try:
        jars, port = classpath(HERE / "pom.xml", ROOT / "var" / "hapi"), free_port()
    except Unavailable as missing:
        pytest.skip(str(missing))
    log = tmp_path_factory.mktemp("hapi") / "hapi.log"
    command = ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    command += [f"-Dlogback.configurationFile={HERE / 'logback.xml'}"]
    with Child([*command, str(HERE / "Server.java"), str(port)], log, {"CLASSPATH": jars}) as child:
        child.wait_until(lambda: "ready" in child.tail(), 120)
        yield f"http://127.0.0.1:{port}/fhir"


def read(url: str) -> Any:
    """What stands at this address, numbers as they are written."""
    reply = httpx.get(url, headers={"Cache-Control": "no-cache"}, timeout=30)
    reply.raise_for_status()
    return loads(reply.content, parse_float=Decimal)


def observations(hapi: str) -> dict[str, Any]:
    """Every Observation of the server by address, without what the server itself adds."""
    found = {}
    page: str | None = f"{hapi}/Observation?_count=100"
    while page:
        bundle = read(page)
        for entry in bundle.get("entry", []):
            resource = own_words(entry["resource"])
            found[f"Observation/{resource['id']}"] = resource
        page = next((one["url"] for one in bundle["link"] if one["relation"] == "next"), None)
    return found


def own_words(resource: dict[str, Any]) -> dict[str, Any]:
    """Without version and time, which are the server's to say."""
    for name in ("versionId", "lastUpdated", "source"):
        resource["meta"].pop(name, None)
    return resource


def expected(home: Home) -> dict[str, Any]:
    every = home.expected().items()
    return {at: own_words(loads(body, parse_float=Decimal)) for at, body in every}


@pytest.mark.timeout(900)
def test_hapi_holds_what_the_store_holds(hapi: str, home: Home) -> None:
    """Killed in between, amended, moved, repeated from the start; one refused."""
    home.measure(*range(40))
    home.press(1)
    runner = Runner(home, DESTINATION="fhir", URL=hapi, BATCH_RECORDS=8, TIMEOUT_S=60, SETTLE_S=1)
    for _ in range(2):
        count = len(observations(hapi))
        runner.wait_until(lambda: len(observations(hapi)) > count)  # noqa: B023  called now
        runner.kill_and_start(0.01)
        home.measure(3, 5, value="88")
        home.measure(7, value="87")
    runner.wait_until(lambda: observations(hapi) == expected(home))
    home.move("bo")
    home.measure(41)
    runner.wait_until(lambda: observations(hapi) == expected(home))
    runner.stop()

    versions = {at: read(f"{hapi}/{at}/_history?_summary=count")["total"] for at in home.expected()}
    with delivering(home, url=hapi, timeout_s=60, state_path=home.path.with_name("new.db")) as run:
        run.until_idle()
        assert run.state.counts() == (0, 0)
        again = {at: read(f"{hapi}/{at}/_history?_summary=count")["total"] for at in versions}
        assert again == versions, "a repeat is no new version"

        device = EnrolledDevice(NUMERIC, "528388", "Maker", "Model 1")
        assigned = [term("anna", device=NUMERIC)]
        home.writer.enrol(Enrolment(devices=[device], assignments=assigned), NOW_MS)
        home.measure(42)
        home.measure(43, device=NUMERIC)
        run.until_idle()
        (letter,) = run.state.dead_letters()
        assert letter.reason.startswith("Device: 4")
        assert len(observations(hapi)) == len(expected(home)) - 1
