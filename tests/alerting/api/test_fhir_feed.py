"""Searching by change: the feed of everybody's Observations, totals, ids, and both directions."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.enrolled import Enrolment, Limits
from fhir_mapping.identity import id_text
from ingest.store import SqliteReader
from tests.alerting.api.scene import CUFF, HOUR_MS, NOW_MS, Client, Ward, anna_and_bo
from tests.alerting.api.test_fhir import found, ids, link
from tests.alerting.api.test_fhir_writing import observation, post

MORNING_MS = NOW_MS - 5 * HOUR_MS
BASE = "http://127.0.0.1:8700/fhir/Observation"
FEED = f"{BASE}?_lastUpdated=ge2020&_sort=_lastUpdated"


def pages(
    client: Client, url: str | None, between: Callable[[], None] = lambda: None
) -> Iterator[list[Any]]:
    """The resources of each page; things may change before the next one is asked for."""
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        yield [entry["resource"] for entry in bundle.get("entry", [])]
        url = link(bundle, "next")
        if url:
            between()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("whose", ["", "&patient=c1"])
def test_the_feed_misses_no_version_while_data_are_added_and_amended(
    client: Client, ward: Ward, seed: int, whose: str
) -> None:
    """A second value marks the first as in conflict: an Observation that was seen changes."""
    dice = random.Random(seed)
    minutes = list(range(40))
    dice.shuffle(minutes)
    doubles = []

    def write() -> None:
        if minutes and dice.random() < 0.7:
            doubles.append(minutes.pop())
            post(client, "/Observation", observation(93, doubles[-1]))
        elif doubles:
            post(client, "/Observation", observation(91, doubles.pop(dice.randrange(len(doubles)))))

    for _ in range(20):
        write()
    seen: list[tuple[str, str]] = []
    times: list[str] = []
    for page in pages(client, f"{FEED}{whose}&_count={dice.choice([1, 3])}", write):
        seen += [(one["id"], one["meta"]["versionId"]) for one in page]
        times += [one["meta"]["lastUpdated"] for one in page]
    assert len(seen) == len(set(seen))
    assert times == sorted(times)
    with closing(SqliteReader(ward.records)) as reader:
        standing = [(id_text(one.id), str(one.version)) for one in reader.records_after(0, 999)]
    assert dict(seen) == dict(standing)
    assert set(standing) <= set(seen)


def test_what_was_seen_and_is_amended_comes_again(client: Client, ward: Ward) -> None:
    for minute in (1, 2, 3):
        post(client, "/Observation", observation(93, minute))

    def amend() -> None:
        post(client, "/Observation", observation(91, 1))

    seen = [one for page in pages(client, f"{FEED}&_count=2", amend) for one in page]
    first, last = seen[0], seen[-1]
    assert (first["meta"]["versionId"], last["meta"]["versionId"]) == ("1", "2")
    assert (first["id"], len(seen)) == (last["id"], 5)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    count=st.integers(1, 7),
    sort=st.sampled_from(["date", "-date", "_lastUpdated", "-_lastUpdated"]),
    code=st.sampled_from(["", "59408-5", "85354-9,59408-5"]),
)
def test_every_order_cuts_into_pages_anywhere(
    crowd: Client, count: int, sort: str, code: str
) -> None:
    query = {"_sort": sort, **({"code": code} if code else {})}
    whole = found(crowd, **query, _count=1000, _total="accurate")
    parts = pages(
        crowd,
        f"{BASE}?patient=c1&_sort={sort}&code={code}&_count={count}"
        if code
        else f"{BASE}?patient=c1&_sort={sort}&_count={count}",
    )
    assert [one["id"] for page in parts for one in page] == ids(whole)
    assert whole["total"] == len(ids(whole)) >= 15
    other = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
    if not sort.endswith("date"):
        assert ids(found(crowd, **{**query, "_sort": other}, _count=1000)) == ids(whole)[::-1]
    key = "effectiveDateTime" if sort.endswith("date") else "lastUpdated"
    stamps = [one["resource"].get(key) or one["resource"]["meta"][key] for one in whole["entry"]]
    assert stamps == sorted(stamps, reverse=sort.startswith("-"))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    ward = Ward(tmp_path_factory.mktemp("crowd"), anna_and_bo())
    for minute in range(15):
        ward.measure(
            "c1",
            MORNING_MS - minute // 3 * 60_000 - minute * 2_000,  # two seconds: two acts
            {"spo2": "93", "pulse_oximeter": "71"},
        )
        ward.measure(
            "c1",
            MORNING_MS - minute // 3 * 60_000,
            {"systolic": "128", "diastolic": f"{60 + minute}"},
            CUFF,
        )
    with ward.client() as client:
        yield client
    ward.close()


def test_last_updated_bounds_the_feed(client: Client, ward: Ward) -> None:
    ward.measure("c1", MORNING_MS, {"spo2": "93"})  # all arrive at NOW_MS, 2026-02-18T11:00:00Z
    ward.measure("c2", MORNING_MS, {"spo2": "94"})

    def count(*bounds: str) -> int:
        answer = client.get(
            "/fhir/Observation", params={"_lastUpdated": bounds, "_summary": "count"}
        )
        Bundle.model_validate_json(answer.content)
        assert "entry" not in answer.json()
        listed = client.get("/fhir/Observation", params={"_lastUpdated": bounds}).json()
        assert len(ids(listed)) == answer.json()["total"]
        return int(answer.json()["total"])

    assert count("ge2026-02-18T11:00:00Z") == 2
    assert count("gt2026-02-18T11:00:00Z") == 0
    assert count("le2026-02-18T11:00:00Z") == 2
    assert count("lt2026-02-18T11:00:00Z") == 0
    assert count("2026-02-18") == 2
    assert count("ge2026-02-18", "lt2026-02-18T11:00:00Z") == 0
    assert count("ge2026-02-19", "lt2026-02-18") == 0
    assert found(client, _lastUpdated="eq2026-02-18T11:00:00Z", _total="accurate")["total"] == 1


@pytest.mark.parametrize(
    "more", [{"code": "2708-6"}, {"date": "2026"}, {"_sort": "-date"}, {"combo-code": "x"}]
)
def test_the_feed_is_bound_by_change_alone(client: Client, more: dict[str, str]) -> None:
    answer = client.get("/fhir/Observation", params={"_lastUpdated": "ge2026", **more})
    assert answer.status_code == 400
    assert "patient" in answer.json()["issue"][0]["diagnostics"]
    answer = client.get("/fhir/Observation", params=more)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "required")


def test_ids_are_found_among_everybodys(client: Client, ward: Ward) -> None:
    for who in ("c1", "c2"):
        for minute in range(2):
            ward.measure(who, MORNING_MS + minute * 60_000, {"spo2": f"9{minute}"})
    anna, bo = (ids(found(client, patient=who)) for who in ("c1", "c2"))
    wanted = ",".join([*bo, *anna, "x", "00000000-0000-8000-8000-000000000000", anna[0]])

    def search(**query: Any) -> Any:
        return client.get("/fhir/Observation", params={"_id": wanted, **query}).json()

    assert sorted(ids(search(_total="accurate"))) == sorted(anna + bo)
    assert search(_summary="count")["total"] == 4
    assert ids(search(patient="c1")) == anna
    assert ids(search(patient="c1", _sort="date")) == anna[::-1]
    assert ids(search(patient="c1", code="85354-9")) == []
    assert ids(search(date="ge2026-02-18T07:01", patient="c2")) == bo[:1]
    assert ids(search(_lastUpdated="gt2026-02-19")) == []
    parts = list(pages(client, f"{BASE}?_id={wanted}&_count=1"))
    assert [one["id"] for page in parts for one in page] == ids(search())
    assert len(parts) == 4


def test_limits_in_force_are_told_with_the_value(client: Client, ward: Ward) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [Limits("c1", "spo2", since, low_red="85", low_yellow="87")]
    ward.writer.enrol(Enrolment(limits=rows), NOW_MS)
    ward.measure("c1", MORNING_MS, {"spo2": "93"})
    ward.measure("c2", MORNING_MS, {"spo2": "93"})
    feed = client.get(FEED).json()["entry"]
    assert [len(entry["resource"].get("referenceRange", [])) for entry in feed] == [2, 0]


def test_limits_entered_later_do_not_change_what_was_told(client: Client, ward: Ward) -> None:
    """A version is what it was, even when limits are said to have held before it was measured."""
    ward.measure("c1", NOW_MS - HOUR_MS, {"spo2": "93"})
    (told,) = client.get("/fhir/Observation?patient=c1").json()["entry"]
    path = f"/fhir/Observation/{told['resource']['id']}"
    before = client.get(path)
    rows = [Limits("c1", "spo2", datetime(2026, 2, 1, tzinfo=UTC), low_red="85")]
    ward.writer.enrol(Enrolment(limits=rows), NOW_MS + 1)
    after = client.get(path)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])
    assert "referenceRange" not in told["resource"]
    assert client.get("/fhir/Observation/$lastn?patient=c1").json()["entry"] == [told]
