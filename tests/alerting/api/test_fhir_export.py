"""Bulk export: everything once, also when it is interrupted; cancelled, it leaves nothing."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerting.api import export
from alerting.api.export import KEPT_MS, Exports
from fhir_mapping.identity import id_text
from ingest.store import Reader, SqliteReader, StoreUnavailable
from tests.alerting.api.scene import CUFF, HOUR_MS, NOW_MS, Client, Ward

ASYNC = {"Prefer": "respond-async"}
MORNING_MS = NOW_MS - 5 * HOUR_MS


def fill(ward: Ward, count: int = 10) -> None:
    for minute in range(count):
        ward.measure("c1", MORNING_MS - minute * 60_000, {"spo2": "93.50"})


def wait_for(done: Callable[[], Any]) -> Any:
    for _ in range(500):
        if found := done():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came to that")


def begun(client: Client, query: str = "") -> str:
    answer = client.get(f"/fhir/$export{query}", headers=ASYNC)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["content-location"])


def manifest(client: Client, place: str) -> Any:
    def done() -> Any:
        answer = client.get(place)
        assert answer.status_code in {200, 202}
        assert answer.status_code == 200 or answer.headers["x-progress"]
        return answer if answer.status_code == 200 else None

    answer = wait_for(done)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["expires"].endswith("GMT")
    return answer.json()


def lines(client: Client, told: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in told["output"]:
        answer = client.get(one["url"])
        assert answer.headers["content-type"] == "application/fhir+ndjson"
        rows = [json.loads(line) for line in answer.text.splitlines()]
        assert len(rows) == one["count"]
        assert {row["resourceType"] for row in rows} == {one["type"]}
        found.setdefault(one["type"], []).extend(rows)
    return found


def test_everything_is_exported(
    client: Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LINES_AT_ONCE", 3)
    monkeypatch.setattr(export, "LINES_PER_FILE", 6)
    fill(ward)
    ward.measure("c2", MORNING_MS, {"systolic": "128", "diastolic": "82"}, CUFF)
    told = manifest(client, begun(client))
    assert told["transactionTime"] == "2026-02-18T11:00:00Z"
    assert told["requiresAccessToken"] is False
    found = lines(client, told)
    assert len(found["Observation"]) == 11
    assert {row["id"] for row in found["Patient"]} == {"c1", "c2"}
    assert len(found["Device"]) == 6
    assert len(found["Organization"]) == 1
    assert [one["count"] for one in told["output"] if one["type"] == "Observation"] == [6, 5]
    assert (
        oct((ward.exports / told["output"][0]["url"].split("/")[-2]).stat().st_mode)[-3:] == "700"
    )
    first = client.get(told["output"][0]["url"]).content.splitlines()[0]
    assert first == client.get(f"/fhir/Observation/{json.loads(first)['id']}").content


def test_since_and_type_choose(client: Client, ward: Ward) -> None:
    fill(ward, 2)
    place = begun(client, "?_type=Observation,Organization&_since=2026-02-18T11:00:00Z")
    assert set(lines(client, manifest(client, place))) == {"Observation", "Organization"}
    place = begun(client, "?_type=Observation&_since=2026-02-18T11:00:01Z")
    assert manifest(client, place)["output"] == []


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("?_type=Observation,Group", ASYNC),
        ("?_since=yesterday", ASYNC),
        ("?_outputFormat=csv", ASYNC),
        ("?_typeFilter=x", ASYNC),
    ],
)
def test_a_wrong_export_is_refused(client: Client, query: str, headers: dict[str, str]) -> None:
    assert client.get(f"/fhir/$export{query}", headers=headers).status_code == 400


class Gate:
    """A store that lets a reader through so many times, and then only when it is opened."""

    def __init__(self, path: Path, passes: int) -> None:
        self.path, self.passes = path, passes
        self.open = threading.Event()
        self.waits = threading.Event()

    def __call__(self) -> Reader:
        reader = SqliteReader(self.path)
        search = reader.search

        def slow(query: Any) -> Any:
            if self.passes <= 0:
                self.waits.set()
                self.open.wait(10)
            self.passes -= 1
            return search(query)

        reader.search = slow  # type: ignore[method-assign]
        return reader


def test_an_interrupted_export_goes_on_where_it_was(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What was written after the last note of it, is written over."""
    monkeypatch.setattr(export, "LINES_AT_ONCE", 3)
    fill(ward)
    gate = Gate(ward.records, 2)
    first = Exports(tmp_path / "jobs", gate, lambda: NOW_MS)
    job = first.begin(["Observation", "Patient"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    assert gate.waits.wait(5)
    gate.open.set()
    first.close()
    state = tmp_path / "jobs" / job.id
    with (state / "Observation.1.ndjson").open("ab") as file:
        file.write(b'{"torn')
    before = len((state / "Observation.1.ndjson").read_bytes().splitlines())
    assert before < 10
    second = Exports(tmp_path / "jobs", lambda: SqliteReader(ward.records), lambda: NOW_MS)
    second.resume()
    wait_for(lambda: (found := second.job(job.id)) is not None and found.state == "done")
    second.close()
    rows = [json.loads(row) for row in (state / "Observation.1.ndjson").read_text().splitlines()]
    with_ids = [id_text(one.id) for one in SqliteReader(ward.records).records_after(0, 99)]
    assert [row["id"] for row in rows] == with_ids
    assert len((state / "Patient.1.ndjson").read_text().splitlines()) == 2


def test_a_small_kind_that_is_begun_again_repeats_nothing(ward: Ward, tmp_path: Path) -> None:
    """It ended after the file was noted, and before it was noted that the kind is done."""
    folder = tmp_path / "jobs"

    def opened() -> Exports:
        return Exports(folder, lambda: SqliteReader(ward.records), lambda: NOW_MS)

    jobs = opened()
    job = jobs.begin(["Patient"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    wait_for(lambda: job.state == "done")
    jobs.close()
    state = folder / job.id / "job.json"
    noted = {**json.loads(state.read_bytes()), "state": "running", "left": ["Patient"]}
    state.write_text(json.dumps(noted))
    again = opened()
    again.resume()
    found = wait_for(lambda: (one := again.job(job.id)) and one.state == "done" and one)
    again.close()
    assert [(one.name, one.lines) for one in found.outputs] == [("Patient.1.ndjson", 2)]
    assert len((folder / job.id / "Patient.1.ndjson").read_text().splitlines()) == 2


def test_nothing_is_fetched_before_all_is_written(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "LINES_AT_ONCE", 3)
    fill(ward)
    gate = Gate(ward.records, 1)
    jobs = Exports(tmp_path / "jobs", gate, lambda: NOW_MS)
    job = jobs.begin(["Observation"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    assert gate.waits.wait(5)
    name = "Observation.1.ndjson"
    assert (tmp_path / "jobs" / job.id / name).exists()
    assert jobs.file(job.id, name) is None
    gate.open.set()
    wait_for(lambda: job.state == "done")
    assert jobs.file(job.id, name) is not None
    jobs.close()


def test_what_changes_meanwhile_is_not_missing(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "LINES_AT_ONCE", 3)
    fill(ward)
    gate = Gate(ward.records, 1)
    jobs = Exports(tmp_path / "jobs", gate, lambda: NOW_MS)
    job = jobs.begin(["Observation"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    assert gate.waits.wait(5)
    before = {one.id for one in SqliteReader(ward.records).records_after(0, 99)}
    ward.measure("c1", MORNING_MS, {"spo2": "91"})  # marks the oldest... and is new itself
    ward.measure("c1", MORNING_MS - 9 * 60_000, {"spo2": "91"})  # marks one not yet written
    gate.open.set()
    wait_for(lambda: (found := jobs.job(job.id)) is not None and found.state == "done")
    jobs.close()
    rows = (tmp_path / "jobs" / job.id / "Observation.1.ndjson").read_text().splitlines()
    written = [json.loads(row)["id"] for row in rows]
    assert set(written) == {id_text(key) for key in before}


def test_an_export_ends_however_much_is_written_meanwhile(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "LINES_AT_ONCE", 3)
    fill(ward)
    searches = 0

    def opened() -> Reader:
        reader, busy = SqliteReader(ward.records), Ward(tmp_path)
        search, close = reader.search, reader.close

        def while_measuring(query: Any) -> Any:
            nonlocal searches
            searches += 1
            if searches < 50:
                busy.measure("c1", MORNING_MS + searches * 1000, {"spo2": "93"})
            return search(query)

        def close_both() -> None:
            busy.close()
            close()

        reader.search = while_measuring  # type: ignore[method-assign]
        reader.close = close_both  # type: ignore[method-assign]
        return reader

    jobs = Exports(tmp_path / "jobs", opened, lambda: NOW_MS)
    job = jobs.begin(["Observation"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    wait_for(lambda: job.state == "done")
    jobs.close()
    assert [one.lines for one in job.outputs] == [10]
    assert searches < 10


def test_a_cancelled_export_leaves_nothing(
    client: Client, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ward)
    place = begun(client)
    told = manifest(client, place)
    assert client.delete(place).status_code == 202
    assert list(ward.exports.iterdir()) == []
    for url in (place, told["output"][0]["url"]):
        assert client.get(url).status_code == 404
    assert client.delete(place).status_code == 404


def test_a_running_export_is_cancelled(ward: Ward, tmp_path: Path) -> None:
    fill(ward)
    gate = Gate(ward.records, 0)
    jobs = Exports(tmp_path / "jobs", gate, lambda: NOW_MS)
    job = jobs.begin(["Observation"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    assert gate.waits.wait(5)
    assert job.progress.startswith("Observation")
    assert jobs.file(job.id, "Observation.1.ndjson") is None
    assert jobs.cancel(job.id)
    gate.open.set()
    jobs.close()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_as_many_as_may_wait_and_no_more(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "WAITING_MAX", 0)
    answer = client.get("/fhir/$export", headers=ASYNC)
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (429, "throttled")


def test_a_store_that_is_away_is_waited_for_and_a_fault_is_told(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "RETRY_S", 0.01)
    fill(ward)
    troubles: list[Exception] = [StoreUnavailable("away"), StoreUnavailable("away"), KeyError("x")]

    def opener() -> Reader:
        if troubles:
            raise troubles.pop(0)
        return SqliteReader(ward.records)

    jobs = Exports(tmp_path / "jobs", opener, lambda: NOW_MS)
    reader = SqliteReader(ward.records)
    first = jobs.begin(["Patient"], 0, "x", reader)
    assert first is not None
    wait_for(lambda: first.state == "failed")
    second = jobs.begin(["Patient"], 0, "x", reader)
    assert second is not None
    wait_for(lambda: second.state == "done")
    jobs.close()


def test_a_day_later_nothing_is_left_even_if_nobody_asks(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(export, "LOOK_S", 0.01)
    folder, now = tmp_path / "jobs", [NOW_MS]
    jobs = Exports(folder, lambda: SqliteReader(ward.records), lambda: now[0])
    job = jobs.begin(["Patient"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    wait_for(lambda: job.state == "done")
    now[0] += KEPT_MS
    assert jobs.file(job.id, "Patient.1.ndjson") is not None
    now[0] += 1
    wait_for(lambda: not list(folder.iterdir()))
    assert jobs.job(job.id) is None
    jobs.close()


def test_what_a_process_before_left_goes_when_its_day_is_over(ward: Ward, tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    jobs = Exports(folder, lambda: SqliteReader(ward.records), lambda: NOW_MS)
    job = jobs.begin(["Patient"], 0, "x", SqliteReader(ward.records))
    assert job is not None
    wait_for(lambda: job.state == "done")
    jobs.close()
    later = Exports(folder, lambda: SqliteReader(ward.records), lambda: NOW_MS + KEPT_MS + 1)
    later.resume()
    wait_for(lambda: not list(folder.iterdir()))
    later.close()


@pytest.mark.parametrize("name", ["..%2f..%2frecords.db", "job.json", "x", "%00"])
def test_only_what_is_told_can_be_fetched(client: Client, ward: Ward, name: str) -> None:
    place = begun(client, "?_type=Patient")
    manifest(client, place)
    assert client.get(f"{place}/{name}").status_code == 404
    assert client.get(f"/fhir/$export/{name}").status_code == 404
