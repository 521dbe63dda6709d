"""Documents appear whole, under names that say what is to be done, in order."""

import errno
import os
from pathlib import Path

import pytest
from lxml import etree

from fhir_mapping.identity import id_text
from fhir_mapping.kih.read import read_dataset
from fhir_mapping.kih.records import records_from
from fhir_mapping.phmr import Document, read_phmr
from ingest.deliver import Later
from ingest.deliver.documents import dispatch_of
from ingest.deliver.folder import Folder
from ingest.deliver.surroundings import Surroundings
from tests.fhir_mapping.cases import HISTORY
from tests.ingest.deliver.home import Home, delivering


@pytest.fixture
def folder(home: Home) -> Path:
    return home.path.with_name("outbox")


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_a_document_per_record_that_reads_back(home: Home, folder: Path) -> None:
    home.measure(1, 2)
    home.press(1)
    with delivering(home, format="kih") as run:
        run.until_idle()
    assert len(names(folder)) == 3
    for record, name in zip(home.records(), names(folder), strict=True):
        assert name == f"{record.seq:016}-{id_text(record.id)}-v1.2-create.kih.xml"
        dataset = read_dataset((folder / name).read_bytes())
        assert dataset.citizen.cpr == "6103450000"
        (back,) = records_from(dataset, HISTORY).records
        assert (back.id, back.values) == (record.id, record.values)
    assert (folder.stat().st_mode & 0o777, (folder / name).stat().st_mode & 0o777) == (0o700, 0o600)


def test_phmr_documents(home: Home, folder: Path) -> None:
    home.press(1)
    home.press(1, systolic="150", diastolic="90")
    with delivering(home, format="phmr") as run:
        run.until_idle()
    (record,) = home.records()
    stem = f"{record.seq:016}-{id_text(record.id)}-v2"
    assert names(folder) == [f"{stem}.1-delete.txt", f"{stem}.2-create.phmr.xml"]
    assert isinstance(read_phmr((folder / names(folder)[1]).read_bytes()), Document)
    assert (folder / names(folder)[0]).read_text() == f"{id_text(record.id)}\n"


def test_an_amended_record_is_a_deletion_then_a_creation(home: Home, folder: Path) -> None:
    home.press(1)
    with delivering(home, format="kih") as run:
        run.until_idle()
        first = read_dataset((folder / names(folder)[0]).read_bytes())
        home.press(1, systolic="150", diastolic="90", mean_pressure="110")
        run.until_idle()
    _, deletion, creation = names(folder)
    assert deletion.endswith("-v2.1-delete.txt")
    assert creation.endswith("-v2.2-create.kih.xml")
    deleted = set((folder / deletion).read_text().splitlines())
    assert {report.uuid for report in first.reports} <= deleted
    second = read_dataset((folder / creation).read_bytes())
    assert {report.uuid for report in second.reports} <= deleted, "they may stand there again"


def test_a_record_that_is_nobodys_any_more_is_a_deletion_alone(home: Home, folder: Path) -> None:
    home.measure(1)
    with delivering(home, format="kih") as run:
        run.until_idle()
        home.orphan()
        run.until_idle()
    assert [name.partition(".")[2] for name in names(folder)] == [
        "2-create.kih.xml",
        "1-delete.txt",
    ]


def test_a_record_that_was_withdrawn_is_a_deletion_alone(home: Home, folder: Path) -> None:
    home.press(1)
    with delivering(home, format="kih") as run:
        run.until_idle()
        home.withdraw(1)
        run.until_idle()
    assert [name.partition(".")[2] for name in names(folder)] == [
        "2-create.kih.xml",
        "1-delete.txt",
    ]


def test_a_repeat_overwrites_itself(home: Home, folder: Path) -> None:
    home.measure(*range(5))
    with delivering(home, format="kih") as run:
        run.until_idle()
    before = {name: (folder / name).read_bytes() for name in names(folder)}
    with delivering(home, format="kih", state_path=home.path.with_name("other.db")) as run:
        run.until_idle()
    assert {name: (folder / name).read_bytes() for name in names(folder)} == before


def test_a_full_disk_leaves_nothing_torn(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.measure(1, 2, 3)
    calls = 0

    def full(_handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise OSError(errno.ENOSPC, "full")

    with delivering(home, format="kih") as run:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            assert run.deliverer.step() == 0.5
            (whole,) = folder.glob("[0-9]*.xml")
            assert whole.name.startswith(f"{home.records()[0].seq:016}-")
            assert run.deliverer.step() == 1.0
            assert run.progress[-1].seq == 0
        for file in folder.glob("[0-9]*.xml"):
            etree.parse(file)
        run.until_idle()
    assert len(list(folder.glob("[0-9]*.xml"))) == 3


def test_what_a_killed_process_left_is_swept(home: Home, folder: Path) -> None:
    home.measure(1)
    folder.mkdir()
    torn = folder / ".0000000000000001-x-v1.2-create.kih.xml.part"
    torn.write_text("<half")
    foreign = folder / ".somebody-elses.part"
    foreign.write_text("")
    with delivering(home, format="kih") as run:
        run.until_idle()
    assert not torn.exists()
    assert foreign.exists()


def test_a_missing_share_is_not_made_up(home: Home, tmp_path: Path) -> None:
    home.measure(1)
    with delivering(home, folder=tmp_path / "share" / "outbox") as run:
        assert run.deliverer.step() == 0.5
        (tmp_path / "share").mkdir()
        run.until_idle()
    assert len(list((tmp_path / "share" / "outbox").iterdir())) == 1


def test_what_cannot_be_rendered_is_a_dead_letter(
    home: Home, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.measure(1, 2)
    bad = home.records()[0].id

    def fails(item: object, form: object) -> object:
        if item.record.id == bad:  # type: ignore[attr-defined]
            raise KeyError("Anna Eksempel")
        return dispatch_of(item, form)  # type: ignore[arg-type]

    with delivering(home, format="kih") as run:
        with monkeypatch.context() as patch:
            patch.setattr("ingest.deliver.folder.dispatch_of", fails)
            run.until_idle()
        (letter,) = run.state.dead_letters()
        assert letter.reason == "cannot be rendered: KeyError"
        assert len(names(folder)) == 1
        run.state.retry(None, run.clock())
        run.until_idle()
        assert run.state.counts() == (0, 0)
    assert len(names(folder)) == 2


def test_a_folder_that_is_a_file_is_trouble(home: Home, tmp_path: Path) -> None:
    home.measure(1)
    place = tmp_path / "file"
    place.write_text("")
    (record,) = home.records()
    item = Surroundings(home.reader, lambda: 0).item_of(record)
    (result,) = Folder(place, "kih").send([item])
    assert isinstance(result, Later)
    assert not result.alone


@pytest.mark.parametrize("form", ["kih", "phmr"])
def test_answers_have_no_place_in_these_documents(home: Home, folder: Path, form: str) -> None:
    home.answer(1, "yes", "no", "no", "no")
    home.measure(2)
    home.answer(1, "yes", "yes", "no", "no")
    with delivering(home, format=form) as run:
        run.until_idle()
        assert run.progress[-1].seq == home.reader.last_seq()
        assert run.state.counts() == (0, 0)
    (measured,) = [one for one in home.records() if not one.is_response]
    assert names(folder) == [f"{measured.seq:016}-{id_text(measured.id)}-v1.2-create.{form}.xml"]
