"""`hjemmepuls take`, as somebody at a terminal uses it: whatever a folder holds."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from devices.admission import Window
from fhir_mapping.enrolled import Citizen, Enrolment, Organisation, Plan
from fhir_mapping.phmr import Document, read_report
from fhir_mapping.record import Record
from hjemmepuls.cli import app
from ingest.document import DOCUMENT_BYTES_MAX
from ingest.enrolment import enrol
from ingest.store import SqliteReader, SqliteWriter, StoredRejection
from tests.documents import phmr
from tests.live import live_limits

NOW_MS = 1_790_000_000_000
ANNA = Citizen(
    id="citizen-1",
    cpr=phmr.CPR,
    given="Anna",
    family="Prøve",
    sex="female",
    birth_date=date(1948, 5, 11),
    condition="both",
    organisation="org",
    plan=Plan("1111111", "12:00", date(2026, 1, 1), ["weight"]),
)
SATURATION = phmr.organizer(phmr.observation("NPU03011", "0.97", "NA"))
WEIGHT = phmr.organizer(phmr.observation("NPU03804", "77.5", "kg"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "records.db"
    with closing(SqliteWriter(path)) as writer:
        organisation = Organisation("org", "1234567890123456", "Odense Kommune (syntetisk)")
        entries = Enrolment(organisations=[organisation], citizens=[ANNA])
        enrol(writer, entries, [], live_limits, NOW_MS)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "exports"
    path.mkdir()
    return path


def take(store: Path, *paths: object, more: tuple[str, ...] = ()) -> Result:
    arguments = ["take", *map(str, paths), "--store", str(store), *more]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def records(store: Path) -> list[Record]:
    with closing(SqliteReader(store)) as reader:
        return reader.records_after(0, 1000, unassigned=True)


def rejections(store: Path) -> list[StoredRejection]:
    with closing(SqliteReader(store)) as reader:
        return list(reader.rejections())


@pytest.mark.parametrize(
    ("equipment", "kind", "name"),
    [
        ([phmr.device("MCI00013", kind=phmr.no_type("MCI00013"))], "528388", "MCI00013"),
        ([phmr.device("X-1", root="2.16.1", kind=phmr.no_type("MCI99999"))], "528388", "X-1"),
        ([phmr.device("X-1", root="2.16.1", kind="")], "528388", "X-1"),
        (
            [
                phmr.device("MCI00001", kind=phmr.no_type("MCI00001")),
                phmr.device("MCI00013", kind=phmr.no_type("MCI00013")),
            ],
            "528388",
            "MCI00013",
        ),
        ([phmr.device(kind=""), phmr.device(kind="")], "528388", "unknown"),
        ([], "528388", "unknown"),
    ],
    ids=["NI and MCI", "unknown MCI", "no code", "two devices", "two without a name", "none"],
)
def test_a_report_is_read_however_it_names_its_devices(
    store: Path, folder: Path, equipment: list[str], kind: str, name: str
) -> None:
    (folder / "a.xml").write_bytes(phmr.report(SATURATION, equipment=equipment))
    (folder / "b.xml").write_bytes(phmr.report(results=[WEIGHT], number="d-2"))
    done = take(store, folder)
    assert done.exit_code == 0, done.output
    found = {record.about: record for record in records(store)}
    assert (found["spo2"].values, found["spo2"].device_type) == (("97",), kind)
    assert found["spo2"].citizen == "citizen-1"
    assert found["spo2"].device.startswith(name)
    assert found["weight"].values == ("77.5",)


def test_a_folder_of_anything_ends_with_a_table_and_no_traceback(store: Path, folder: Path) -> None:
    good = phmr.report(results=[WEIGHT])
    files = {
        "a-good.xml": good,
        "b-empty.xml": b"",
        "c-binary.pdf": bytes(range(256)) * 40,
        "d-other.xml": b"<html><body>ClinicalDocument</body></html>",
        "e-truncated.xml": good[:400],
        "f-entities.xml": b'<!DOCTYPE a [<!ENTITY x "y">]><ClinicalDocument>&x;</ClinicalDocument>',
        "g-stranger.xml": phmr.report(results=[WEIGHT], cpr="7105480002"),
        "h-nothing.xml": phmr.report(),
        "i-json.json": b"{",
        "j-text.txt": "Kære læge".encode("latin-1"),
        "sub/again.xml": good,
        "z-last.xml": phmr.report(SATURATION, number="d-9"),
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "k-gone.xml").symlink_to(folder / "nowhere")
    (folder / ".hidden").write_bytes(b"x")
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(folder / "l-socket"))
        done = take(store, folder)
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    for name in (*files, "k-gone.xml", "l-socket"):
        assert name in done.output, done.output
    assert ".hidden" not in done.output
    assert {record.about for record in records(store)} == {"weight", "spo2"}
    kept = {row.payload for row in rejections(store)}
    refused = set(files) - {"a-good.xml", "sub/again.xml", "z-last.xml"}
    assert kept == {files[name] for name in refused}
    assert "7105480002" not in done.output


def test_each_file_is_an_object_of_json(store: Path, folder: Path) -> None:
    (folder / "a.xml").write_bytes(phmr.report(results=[WEIGHT]))
    (folder / "b.xml").write_bytes(b"<a/>")
    done = take(store, folder, folder / "missing.xml", more=("--json",))
    assert done.exit_code == 1
    first, second, third = (json.loads(line) for line in done.stdout.splitlines())
    assert (first["file"], first["kind"], first["results"]) == ("a.xml", "PHMR", {"accepted": 1})
    assert second["results"] == {"rejected": 1}
    assert second["refusals"][0]["reason"] == "field-value"
    assert (third["file"], third["error"]) == (
        str(folder / "missing.xml"),
        "No such file or directory",
    )


def test_nothing_in_a_folder_is_said(store: Path, folder: Path) -> None:
    done = take(store, folder)
    assert done.exit_code == 1
    assert "no file in" in done.output


def test_no_more_of_a_file_is_read_than_a_document_may_have(store: Path, folder: Path) -> None:
    with (folder / "a-huge.xml").open("wb") as file:
        file.write(b"<ClinicalDocument>")
        file.truncate(3 * DOCUMENT_BYTES_MAX)
    (folder / "b.xml").write_bytes(phmr.report(results=[WEIGHT]))
    done = take(store, folder)
    assert done.exit_code == 1
    (row,) = rejections(store)
    assert (row.reason, len(row.payload)) == ("payload-too-large", 65_536)
    assert str(3 * DOCUMENT_BYTES_MAX) in row.detail
    assert len(records(store)) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_stops_nothing(store: Path, folder: Path) -> None:
    (folder / "a.xml").write_bytes(phmr.report(results=[WEIGHT]))
    (folder / "a.xml").chmod(0)
    (folder / "b.xml").write_bytes(phmr.report(results=[WEIGHT]))
    done = take(store, folder)
    assert done.exit_code == 1
    assert "Permission denied" in done.output
    assert len(records(store)) == 1


def test_a_fault_of_ours_is_a_stored_rejection(
    store: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = phmr.report(results=[WEIGHT])
    (folder / "a.xml").write_bytes(document)
    (folder / "b.xml").write_bytes(phmr.report(SATURATION, number="d-2"))

    def broken(found: Document, window: Window) -> object:
        if b"d-1" in repr(found).encode():
            raise KeyError(phmr.CPR)
        return intact(found, window)

    intact = read_report
    monkeypatch.setattr("fhir_mapping.phmr.read_report", broken)
    done = take(store, folder)
    monkeypatch.undo()
    assert done.exit_code == 1
    (row,) = rejections(store)
    assert (row.reason, row.payload) == ("processing-failed", document)
    assert phmr.CPR not in row.detail
    assert [record.about for record in records(store)] == ["spo2"]
    arguments = ["replay", "--store", str(store)]
    assert CliRunner().invoke(app, arguments).stdout == "1 tried, 1 accepted\n"
    assert {record.about for record in records(store)} == {"spo2", "weight"}


def test_history_is_taken_by_whoever_asks_for_it(store: Path, folder: Path) -> None:
    old = phmr.organizer(phmr.observation("NPU03804", "74.5", "kg"), time="20060504201351+0200")
    (folder / "a.xml").write_bytes(phmr.report(results=[old]))
    assert take(store, folder).exit_code == 1
    assert [row.reason for row in rejections(store)] == ["time-implausible"]
    assert take(store, folder, more=("--since", "2000-01-01")).exit_code == 0
    (record,) = records(store)
    assert record.device_time == "2006-05-04T20:13:51"
    assert all(row.replayed_ms for row in rejections(store)), "what was held is closed"


def test_nothing_of_the_future_is_taken(store: Path, folder: Path) -> None:
    ahead = phmr.organizer(phmr.observation("NPU03804", "74.5", "kg"), time="20990504201351+0200")
    (folder / "a.xml").write_bytes(phmr.report(results=[ahead]))
    done = take(store, folder, more=("--since", "2000-01-01"))
    assert (done.exit_code, records(store)) == (1, [])
    assert [row.reason for row in rejections(store)] == ["time-in-future"]


def test_the_shipped_program_takes_a_folder(store: Path, folder: Path) -> None:
    (folder / "a.xml").write_bytes(phmr.report(results=[WEIGHT]))
    (folder / "b.bin").write_bytes(b"\x00\xff")
    program = Path(sys.executable).with_name("hjemmepuls")
    done = subprocess.run(
        [program, "take", folder, "--store", store], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "a.xml" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
