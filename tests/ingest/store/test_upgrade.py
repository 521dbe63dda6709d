"""A store file made by an earlier program opens, keeps all it holds, and gets today's schema."""

import multiprocessing
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fhir_mapping.status import status_text
from ingest.replay import replay
from ingest.store import SqliteReader, SqliteWriter, StoreUnavailable
from ingest.store import upgrade as upgrades
from ingest.store.rows import digest_of
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import arrival, delivery, said, spo2

OLD = Path(__file__).parent / "old"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


def made_by_version_0(path: Path) -> None:
    """A store as the first schema had it: an amended record, one of nobody, and a pair of twins."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript((OLD / "version-0.sql").read_text(encoding="utf-8"))
        db.executescript((OLD / "version-0-rows.sql").read_text(encoding="utf-8"))


def schema_of(path: Path) -> dict[str, object]:
    """Columns by table, and what is indexed: all that tells two schemas apart."""
    with closing(sqlite3.connect(path)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM pragma_table_list")]
        columns = {
            table: sorted(row[1:] for row in db.execute(f"PRAGMA table_xinfo({table})"))
            for table in tables
        }
        indexes = {
            name: re.sub(r"\s+|IF NOT EXISTS", "", text)
            for name, text in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")
            if text
        }
        return {**columns, **indexes, "version": db.execute("PRAGMA user_version").fetchone()}


def test_an_old_store_is_upgraded_in_place_and_keeps_what_it_holds(path: Path) -> None:
    made_by_version_0(path)
    with closing(SqliteWriter(path)) as writer, closing(SqliteReader(path)) as reader:
        first, second, *twins = reader.records_after(0, 10, unassigned=True)
        assert (first.values, first.version, first.citizen) == (("91",), 2, "anna")
        assert (second.device, second.citizen, second.withdrawn) == ("other", None, False)
        assert [was.values for was in reader.superseded(first.identity)] == [("93",)]
        assert reader.tallies()["records"] == 4
        assert len({one.base or one.identity for one in twins}) == 1  # found by one name
        resent = [spo2(text, clock={"sync": "ntp"}) for text in ("91", "93")]
        resent += [arrival("third", r=[{"c": "spo2", "val": "91", "u": "%"}])]
        resent += [spo2("91", clock={"sync": "ntp"}, sent="2026-02-18T09:00:00+01:00")]
        results = [outcome.result for outcome in writer.append(resent)]
        assert results == ["duplicate"] * 4  # its identity is what it was
        (outcome,) = writer.append([spo2("88", t="2026-02-18T07:00:00")])
        assert outcome.result == "accepted"


def test_an_upgraded_store_has_the_schema_of_a_new_one(path: Path, tmp_path: Path) -> None:
    made_by_version_0(path)
    new = tmp_path / "new.db"
    for one in (path, new):
        SqliteWriter(one).close()
    assert schema_of(path) == schema_of(new)
    assert schema_of(new)["version"] == (upgrades.VERSION,)


def test_a_store_from_before_totals_and_parties_gets_them(path: Path) -> None:
    made_by_version_0(path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE party; DROP TABLE fact; DELETE FROM tally;")
    with closing(SqliteWriter(path)), closing(SqliteReader(path)) as reader:
        assert reader.tallies()["records"] == 4
        assert len(reader.parties()) == 4
        assert reader.facts() == {}


def test_a_reader_says_who_upgrades_an_old_store(path: Path) -> None:
    made_by_version_0(path)
    with pytest.raises(StoreUnavailable, match=r"version 0 .*start `hjemmepuls ingest` once"):
        SqliteReader(path)
    SqliteWriter(path).close()
    SqliteReader(path).close()


def test_what_a_newer_program_wrote_is_refused(path: Path) -> None:
    SqliteWriter(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {upgrades.VERSION + 1}")
    for opened in (SqliteReader, SqliteWriter):
        with pytest.raises(StoreUnavailable, match="written by a newer program"):
            opened(path)


@pytest.mark.parametrize("failing", range(upgrades.VERSION))
def test_an_upgrade_that_fails_leaves_the_store_before_that_step(
    path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    made_by_version_0(path)
    steps = list(upgrades.STEPS)
    broken = [*steps]
    broken[failing] = [*steps[failing], "INSERT INTO nowhere VALUES (1)"]
    monkeypatch.setattr(upgrades, "STEPS", broken)
    with pytest.raises(StoreUnavailable, match="nowhere"):
        SqliteWriter(path)
    assert schema_of(path)["version"] == (failing,)
    monkeypatch.setattr(upgrades, "STEPS", steps)
    SqliteWriter(path).close()
    assert schema_of(path)["version"] == (upgrades.VERSION,)


def _open(path: Path) -> None:
    with closing(SqliteWriter(path)) as writer:
        writer.enrol(enrolment(term("anna")), NOW_MS)


@pytest.mark.parametrize("old", [True, False])
def test_processes_that_open_it_at_once_upgrade_it_once(path: Path, old: bool) -> None:
    if old:
        made_by_version_0(path)
    processes = [
        multiprocessing.get_context("spawn").Process(target=_open, args=(path,)) for _ in range(3)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert schema_of(path)["version"] == (upgrades.VERSION,)


@pytest.mark.parametrize(
    ("value", "flags", "after", "usable"),
    [
        ("188/114/", "not-available", "///not-available", [True, True, False]),
        ("188/114/", "questionable not-available", "questionable///not-available", None),
        ("/82/97", "not-available", "/not-available//", [False, True, True]),
        ("188//", "not-available", "//not-available/not-available", [True, False, False]),
        ("188/114/", "invalid", "invalid", [False, False, False]),
        ("188/114/139", "not-available", "not-available", [False, False, False]),
        ("//", "not-available", "not-available", [False, False, False]),
    ],
)
def test_what_an_absent_component_silenced_comes_to_light_as_a_change(
    path: Path, value: str, flags: str, after: str, usable: list[bool] | None
) -> None:
    """An old file has one word for the whole panel; `not-available` is that of what is absent."""
    made_by_version_0(path)
    row = "(7, x'07', x'07', 1, 1, 'blood_pressure', ?, 1771396180000, 60, '2026-02-18T07:29:40'"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            f"INSERT INTO record VALUES {row}, 1, 1, '', 'automatic', 'home', 'ntp', NULL, NULL, "
            "'', ?, 1771396269500, 1771396269500, 1, 0)",
            (value, flags),
        )
    SqliteWriter(path).close()
    with closing(SqliteReader(path)) as reader:
        (record,) = reader.records_of("anna", ["blood_pressure"])
        assert status_text(record.flags, record.component_flags) == after
        if usable is not None:
            assert [record.usable(place) for place in range(3)] == usable
        changed = after != flags
        assert (record.version, record.seq > 7) == (1 + changed, changed)
        assert record in reader.records_after(6, 10)


def test_what_was_refused_whole_before_is_taken_in_part_by_a_replay(path: Path) -> None:
    """A saturation of 80 that an older program refused for the pulse beside it comes to light."""
    made_by_version_0(path)
    pulse = {"c": "pulse_oximeter", "val": "511", "u": "/min"}
    refused = delivery(
        said(t="2026-02-18T07:00:00", r=[{"c": "spo2", "val": "80", "u": "%"}, pulse])
    )
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO rejection VALUES (1, ?, -1, 'rejected', 'value-out-of-range', "
            "'$.r[1].val', 'val of pulse_oximeter is 511', ?, ?, ?, 1, NULL)",
            (
                digest_of(refused.topic, refused.payload),
                refused.topic,
                refused.payload,
                refused.received_ms,
            ),
        )
    with closing(SqliteWriter(path)) as writer, closing(SqliteReader(path)) as reader:
        (before,) = reader.rejections()
        assert (before.place, before.part, before.payload) == (-1, -1, refused.payload)
        assert replay(reader, writer, 7)[1] == 1
        found = [one.values for one in reader.records_of("anna", ["spo2"])]
        assert ("80",) in found
        rows = [(one.part, one.path, one.replayed_ms) for one in reader.rejections()]
        assert rows == [(-1, "$.r[1].val", 7), (1, "$.r[1].val", None)]
        assert replay(reader, writer, 8) == (1, 0)
