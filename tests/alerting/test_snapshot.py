"""A start from a snapshot and what came after it ends where a start from all the records does."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alerting import evaluate
from alerting.engine import Engine
from alerting.evaluate import Evaluator
from alerting.roster import Roster
from alerting.rules import RULEBOOK, Rulebook
from alerting.snapshot import Mark, read_snapshot, rulebook_mark, write_snapshot
from fhir_mapping.enrolled import Fact
from ingest.decode import Delivery
from ingest.store import SqliteReader, StoreUnavailable
from tests.alerting.clinic import (
    Clinic,
    at,
    catch_up,
    citizen,
    events,
    meanings,
    ms,
    of_rule,
    only,
    oximetry,
    weighing,
)
from tests.alerting.story import Story, people
from tests.seeds import fresh

MARK = Mark("rules", 1, 2, 3, 4, "record", "event", 5)
ARRAYS = {"a": np.arange(6, dtype=np.int32).reshape(2, 3), "b": np.array([np.nan, np.inf])}


@pytest.fixture
def path(folder: Path) -> Path:
    return folder / "live.snapshot"


class Judged:
    """Which citizens' whole histories an evaluator reads."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.whole: list[str] = []
        real = SqliteReader.records_of

        def listening(reader: SqliteReader, who: str, *args: Any, **more: Any) -> Any:
            if not args and not more:
                self.whole.append(who)
            return real(reader, who, *args, **more)

        patch.setattr(SqliteReader, "records_of", listening)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Judged:
    return Judged(monkeypatch)


def lived(clinic: Clinic, path: Path) -> Evaluator:
    """Two citizens over ten days, one of whom is low on day 9; a snapshot is kept."""
    clinic.enrol([citizen("c2")])
    clinic.now_ms = ms(at(9, 9))
    clinic.receive(*(oximetry(who, day, 94) for who in ("c1", "c2") for day in range(9)))
    clinic.receive(oximetry("c1", 9, 85), oximetry("c2", 9, 94))
    live = clinic.evaluator(snapshot=path)
    catch_up(live)
    live.save()
    return live


def test_arrays_come_back_as_they_were(path: Path) -> None:
    write_snapshot(path, MARK, ARRAYS)
    found = read_snapshot(path)
    assert found is not None
    mark, arrays = found
    assert mark == MARK
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype
        assert arrays[name].flags.writeable


@pytest.mark.parametrize("cut", [0, 1, 10, 40, -40, -1])
def test_a_file_that_ends_early_is_none(path: Path, cut: int) -> None:
    write_snapshot(path, MARK, ARRAYS)
    path.write_bytes(path.read_bytes()[:cut])
    assert read_snapshot(path) is None


def test_no_byte_may_differ(path: Path) -> None:
    write_snapshot(path, MARK, ARRAYS)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_snapshot(path) is None, place


def test_a_write_that_fails_leaves_the_old_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_snapshot(path, MARK, ARRAYS)

    def full(_file: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_snapshot(path, msgspec.structs.replace(MARK, seq=9), {})
    found = read_snapshot(path)
    assert found is not None
    assert found[0] == MARK
    assert [file.name for file in path.parent.glob(f"{path.name}*")] == [path.name]


def test_an_engine_takes_only_what_fits() -> None:
    one = Engine(Roster({"c1": citizen("c1")}, {}), rulebook=RULEBOOK)
    two = Engine(Roster({key: citizen(key) for key in ("c1", "c2")}, {}), rulebook=RULEBOOK)
    assert not two.recall(one.memory())
    less = dict(two.memory())
    del less["state.status"]
    assert not two.recall(less)
    assert two.recall({name: array.copy() for name, array in two.memory().items()})


def test_a_start_takes_only_what_came_after(clinic: Clinic, path: Path, judged: Judged) -> None:
    lived(clinic, path).close()
    judged.whole.clear()
    clinic.receive(oximetry("c2", 9, 84, hour=20), oximetry("c2", 9, 84, hour=20.1))
    again = clinic.evaluator(snapshot=path)
    again.poll()
    assert judged.whole == [], "nobody's history was read again"
    assert again.situations()["c1"].last_measured_ms == ms(at(9, 8))
    assert only(clinic.alerts(), "R01", "c2").severity == "red"
    again.tick()
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    again.close()


def test_after_a_kill_what_was_told_since_is_recognised(
    clinic: Clinic, path: Path, judged: Judged
) -> None:
    """An alert was opened, seen and closed after the snapshot: it is neither lost nor doubled."""
    live = lived(clinic, path)
    kept = path.read_bytes()
    clinic.receive(oximetry("c2", 10, 88))
    clinic.now_ms = ms(at(13, 9))
    live.poll()
    clinic.receive(*(oximetry("c2", day, 95) for day in (11, 12, 13)))
    live.poll()
    before = only(clinic.alerts(), "R01", "c2")
    assert before.condition == "cleared"
    live.close()
    assert path.read_bytes() == kept, "killed: nothing was saved"
    judged.whole.clear()
    clinic.receive(oximetry("c1", 10, 94))
    again = clinic.evaluator(snapshot=path)
    catch_up(again)
    assert only(clinic.alerts(), "R01", "c2").id == before.id
    assert [what for _, what in events(clinic, before)].count("opened") == 1
    assert not [row for row in clinic.alerts() if row.condition == "retracted"]
    assert judged.whole == ["c2"], "whose alerts went on is judged again, nobody else"
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    again.close()


def _later_enrolment(clinic: Clinic, _path: Path, _patch: pytest.MonkeyPatch) -> None:
    clinic.enrol(facts=[Fact("c1", "oxygen", at(5, 0))])


def _other_rulebook(_clinic: Clinic, _path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evaluate, "rulebook_mark", lambda *_: "another")


def _damaged(_clinic: Clinic, path: Path, _patch: pytest.MonkeyPatch) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _missing(_clinic: Clinic, path: Path, _patch: pytest.MonkeyPatch) -> None:
    path.unlink()


def _ahead(_clinic: Clinic, path: Path, _patch: pytest.MonkeyPatch) -> None:
    found = read_snapshot(path)
    assert found is not None
    write_snapshot(path, msgspec.structs.replace(found[0], seq=found[0].seq + 1), found[1])


def _other_alerts(clinic: Clinic, _path: Path, _patch: pytest.MonkeyPatch) -> None:
    for file in clinic.folder.glob("live.db*"):
        file.unlink()


def _other_records(_clinic: Clinic, path: Path, _patch: pytest.MonkeyPatch) -> None:
    found = read_snapshot(path)
    assert found is not None
    write_snapshot(path, msgspec.structs.replace(found[0], record="00"), found[1])


def _other_memory(_clinic: Clinic, path: Path, _patch: pytest.MonkeyPatch) -> None:
    found = read_snapshot(path)
    assert found is not None
    write_snapshot(path, found[0], {**found[1], "state.status": np.zeros((2, 3))})


def _too_far_behind(_clinic: Clinic, _path: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(evaluate, "SNAPSHOT_RECORDS_MAX", 2)


@pytest.mark.parametrize(
    "spoil",
    [
        _later_enrolment, _other_rulebook, _damaged, _missing, _ahead, _other_alerts,
        _other_records, _other_memory, _too_far_behind,
    ],
)  # fmt: skip
def test_what_does_not_fit_is_thrown_away_and_everything_is_judged(
    clinic: Clinic,
    path: Path,
    judged: Judged,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Clinic, Path, pytest.MonkeyPatch], None],
) -> None:
    lived(clinic, path).close()
    spoil(clinic, path, monkeypatch)
    clinic.receive(weighing("c1", 9, "80"), oximetry("c2", 9, 84, hour=20))
    judged.whole.clear()
    again = clinic.evaluator(snapshot=path)
    catch_up(again)
    assert sorted(judged.whole) == ["c1", "c2"]
    assert meanings(clinic.alerts()) == clinic.rebuilt()
    assert of_rule(clinic.alerts(), "R01")
    again.close()


def test_a_changed_number_is_another_rulebook() -> None:
    changes: tuple[dict[str, dict[str, float]], ...] = (
        {},
        {"R01": {"off": 3.0}},
        {"R03": {"k": 1}},
        {"R01": {"enabled": 0}},
        {"R06": {"enabled": 0}},
    )
    books = [RULEBOOK.changed(one) for one in changes]
    rules = tuple(
        replace(rule, home="general") if rule.id == "R03" else rule for rule in RULEBOOK.rules
    )
    books.append(Rulebook(rules, books[0].version, RULEBOOK.enabled))
    marks = [rulebook_mark(book).rpartition(" ")[2] for book in books]
    assert len(set(marks)) == len(books)
    assert rulebook_mark(RULEBOOK).rpartition(" ")[2] == marks[0]


def test_it_is_kept_at_an_interval_and_at_the_end(
    clinic: Clinic, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.receive(oximetry("c1", 0, 94))
    live = clinic.evaluator(snapshot=path)
    rounds = iter([False, False, True])
    live.serve(lambda: next(rounds), poll_s=0.0, tick_s=0.0)
    assert path.exists(), "at the end"
    path.unlink()
    monkeypatch.setattr(evaluate, "SNAPSHOT_S", 0.0)
    kept: list[bool] = []

    def over() -> bool:
        kept.append(path.exists())
        return len(kept) > 2

    live.serve(over, poll_s=0.0, tick_s=0.0)
    assert kept == [False, True, True]


def test_nothing_is_kept_of_what_may_not_have_reached_the_alerts(
    clinic: Clinic, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = clinic.evaluator(snapshot=path)
    clinic.receive(oximetry("c1", 0, 85))

    def away(*_args: Any) -> None:
        raise StoreUnavailable("a test took it away")

    monkeypatch.setattr("alerting.alert_store.AlertStore.open", away)
    clinic.now_ms = ms(at(5, 0))
    rounds = iter([False, True])
    live.serve(lambda: next(rounds), poll_s=0.0, tick_s=0.0)
    assert not path.exists()


def test_a_disk_that_is_full_disturbs_nobody(
    clinic: Clinic, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = clinic.evaluator(snapshot=path.parent / "nowhere" / "live.snapshot")
    live.poll()
    live.save()
    live.close()
    live.save()


@pytest.mark.parametrize("seed", [1, 2, *fresh(6, "snapshot")])
def test_any_story_with_restarts_ends_in_the_alerts_of_its_records(
    seed: int, folder: Path, path: Path
) -> None:
    """Restarted at any look, orderly or by a kill; what the clinic learns comes in between."""
    dice = random.Random(seed)
    clinic = Clinic(folder, people())
    live = clinic.evaluator(snapshot=path)
    waiting: list[Delivery] = []
    for step in Story(seed, 8, 0.2, changes=seed % 2, facts=2).steps:
        clinic.now_ms = max(clinic.now_ms, ms(at(0, step.when * 24)))
        if isinstance(step.what, Delivery):
            waiting.append(step.what)
            continue
        clinic.receive(*waiting)
        waiting.clear()
        if callable(step.what):
            step.what(clinic)
            continue
        catch_up(live)
        assert meanings(clinic.alerts()) == clinic.rebuilt()
        if dice.random() < 0.6:
            live.save()
        if dice.random() < 0.6:
            live.close()
            live = clinic.evaluator(snapshot=path)
    live.close()
    clinic.close()
