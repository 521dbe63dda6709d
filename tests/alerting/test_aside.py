"""One citizen who cannot be read or judged is set aside, and stops nobody else."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alerting import engine as engine_module
from alerting import evaluate, roster, sittings
from alerting.evaluate import Evaluator
from alerting.rules import clock, step
from alerting.timeline import timeline_of
from fhir_mapping.enrolled import Citizen, Enrolment, Fact, Limits
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
)

UTC_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
Ruin = Callable[[Clinic, pytest.MonkeyPatch], None]


def as_an_older_program_did(clinic: Clinic, **entries: Any) -> None:
    """Enrol without any check."""
    clinic.writer.enrol(Enrolment(**entries), clinic.now_ms)


def endless_fact(clinic: Clinic, _: pytest.MonkeyPatch) -> None:
    """A journey until the end of all calendars."""
    as_an_older_program_did(clinic, facts=[Fact("bad", "travel", at(1, 0), UTC_END)])


def limits_of_year_one(clinic: Clinic, _: pytest.MonkeyPatch) -> None:
    """Limits since midnight of year 1, which in UTC is in no year at all."""
    since = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    as_an_older_program_did(clinic, limits=[Limits("bad", "spo2", since, "88", "90")])


def plan_of_year_one(clinic: Clinic, _: pytest.MonkeyPatch) -> None:
    """Measuring daily since the year 1."""
    person = clinic.person("bad")
    plan = msgspec.structs.replace(person.plan, start=date(1, 1, 1))
    as_an_older_program_did(clinic, citizens=[msgspec.structs.replace(person, plan=plan)])


def failing_step(_: Clinic, patch: pytest.MonkeyPatch) -> None:
    """A rule of ours that fails over the second row of the roster."""

    def failing(state: Any, profile: Any, rows: Any, *args: Any, **more: Any) -> Any:
        if 1 in np.asarray(rows):
            raise ZeroDivisionError("Anna Lund 7203480000")
        return step(state, profile, rows, *args, **more)

    patch.setattr(engine_module, "step", failing)


def failing_clock(_: Clinic, patch: pytest.MonkeyPatch) -> None:
    """Time alone is too much for the second row of the roster."""

    def failing(state: Any, profile: Any, rows: Any, *args: Any, **more: Any) -> Any:
        if 1 in np.asarray(rows):
            raise FloatingPointError("Anna Lund")
        return clock(state, profile, rows, *args, **more)

    patch.setattr(engine_module, "clock", failing)


def failing_timeline(_: Clinic, patch: pytest.MonkeyPatch) -> None:
    """A timeline of ours that fails for one citizen."""

    def failing(person: Citizen, *args: Any) -> Any:
        if person.id == "bad":
            raise KeyError("Anna Lund")
        return timeline_of(person, *args)

    patch.setattr(roster, "timeline_of", failing)


def failing_record(_: Clinic, patch: pytest.MonkeyPatch) -> None:
    """Records of one citizen that the rules cannot read."""
    real = sittings.signals_in

    def failing(record: Any) -> Any:
        if record.citizen == "bad":
            raise ValueError("could not convert: Anna Lund")
        return real(record)

    patch.setattr(sittings, "signals_in", failing)


RUINS: list[Ruin] = [
    endless_fact, limits_of_year_one, failing_step, failing_clock, failing_timeline, failing_record,
]  # fmt: skip


@pytest.fixture
def three(clinic: Clinic) -> Clinic:
    """Two citizens who measure, and between them one who is to be the bad one."""
    clinic.enrol([citizen("bad"), citizen("c2")])
    clinic.now_ms = ms(at(9, 9))
    clinic.receive(*(oximetry(who, day, 94) for who in ("c1", "bad", "c2") for day in range(9)))
    return clinic


@pytest.fixture
def live(three: Clinic) -> Iterator[Evaluator]:
    evaluator = three.evaluator()
    yield evaluator
    evaluator.close()


def low(clinic: Clinic, *owners: str, day: int = 9) -> None:
    """Red values of these."""
    hours = (8.0, 8.1)
    clinic.receive(*(oximetry(who, day, 84, hour=hour) for who in owners for hour in hours))


def red(clinic: Clinic) -> set[str]:
    found = of_rule(clinic.alerts(), "R01")
    return {one.citizen for one in found if one.severity == "red" and one.condition == "active"}


@pytest.mark.parametrize("ruin", RUINS)
def test_all_others_are_judged_at_the_start_and_live(
    three: Clinic,
    live: Evaluator,
    ruin: Ruin,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ruin(three, monkeypatch)
    with caplog.at_level(logging.INFO):
        catch_up(live)
        low(three, "c1", "bad")
        catch_up(live)
        assert red(three) == {"c1"}
        low(three, "bad", "c2")
        catch_up(live)
    assert red(three) == {"c1", "c2"}
    assert live.aside() == 1
    situation = live.situations()["bad"]
    assert (situation.colour, situation.aside) == ("insufficient-data", True)
    assert not live.situations()["c1"].aside
    assert live.curves(["c1", "bad"], 30).keys() == {"c1"}
    assert "a citizen cannot be judged and is set aside" in caplog.text
    assert not {"Anna", "Lund", "7203480000", "bad"} & set(caplog.text.split())


@pytest.mark.parametrize("ruin", RUINS)
def test_who_was_well_at_the_start_and_is_ruined_later(
    three: Clinic, live: Evaluator, ruin: Ruin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has been found of him before stands: nobody takes it back unseen."""
    low(three, "bad")
    catch_up(live)
    before = only(three.alerts(), "R01", "bad")
    ruin(three, monkeypatch)
    three.enrol([msgspec.structs.replace(three.person("bad"), phone="12345678")])
    low(three, "c2")
    three.receive(oximetry("bad", 9, 95, hour=8.5))
    catch_up(live)
    assert live.aside() == 1
    assert red(three) == {"bad", "c2"}
    assert only(three.alerts(), "R01", "bad") == before


@pytest.mark.parametrize("measured", [True, False])
def test_a_plan_of_year_one_stops_nobody(
    three: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch, measured: bool
) -> None:
    if measured:
        plan_of_year_one(three, monkeypatch)
    else:
        plan = msgspec.structs.replace(citizen("new").plan, start=date(1, 1, 1))
        as_an_older_program_did(three, citizens=[citizen("new", plan=plan)])
    low(three, "c1", "c2")
    catch_up(live)
    assert red(three) >= {"c1", "c2"}
    assert live.situations()["bad" if measured else "new"].colour != "green"


def test_an_assignment_beyond_every_calendar_stops_nobody(three: Clinic, live: Evaluator) -> None:
    db = three.writer._db  # an older program took offsets beyond the calendar
    db.execute("UPDATE assignment SET since_ms = ? WHERE device = '528388-bad'", (-(2**60),))
    db.execute("UPDATE assignment SET until_ms = ? WHERE device = '528399-bad'", (2**60,))
    low(three, "c1", "c2")
    catch_up(live)
    assert red(three) >= {"c1", "c2"}


def test_he_is_judged_again_when_his_enrolment_is_mended(
    three: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless_fact(three, monkeypatch)
    low(three, "bad")
    catch_up(live)
    assert live.aside() == 1
    three.enrol(facts=[Fact("bad", "travel", at(1, 0), at(2, 0))])
    catch_up(live)
    assert (live.aside(), red(three)) == (0, {"bad"})
    assert not live.situations()["bad"].aside
    assert meanings(three.alerts()) == three.rebuilt()


def test_he_is_tried_again_when_he_measures(three: Clinic, live: Evaluator) -> None:
    with pytest.MonkeyPatch.context() as patch:
        failing_step(three, patch)
        catch_up(live)
        assert live.aside() == 1
    low(three, "bad")
    catch_up(live)
    assert (live.aside(), red(three)) == (0, {"bad"})
    assert events(three, only(three.alerts(), "R01", "bad"))[0] == ("rules", "opened")
    assert meanings(three.alerts()) == three.rebuilt()


@pytest.mark.parametrize("ruin", RUINS)
def test_a_start_from_a_snapshot_has_him_aside_too(
    three: Clinic, folder: Path, ruin: Ruin, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "live.snapshot"
    with monkeypatch.context() as patch:
        ruin(three, patch)
        first = three.evaluator(snapshot=path)
        catch_up(first)
        first.save()
        first.close()
        again = three.evaluator(snapshot=path)
        again.poll()
        assert again.aside() == 1
        low(three, "c1", "bad")
        catch_up(again)
        assert red(three) == {"c1"}
        again.save()
        again.close()
    mended = three.evaluator(snapshot=path)  # a program that can judge him
    catch_up(mended)
    stored = ruin in (endless_fact, limits_of_year_one)
    wanted = {"c1"} if stored else {"c1", "bad"}
    assert (mended.aside(), red(three)) == (int(stored), wanted)
    mended.close()


def test_what_is_wrong_with_the_world_is_nobodys_fault(
    three: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evaluate, "sittings_of", full)
    with pytest.raises(OSError, match="No space left"):
        catch_up(live)
    assert live.aside() == 0


def test_only_the_bad_one_is_judged_alone(
    three: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is judged twice while all is well."""
    judged: list[int] = []
    real = Evaluator._replay_at_once

    def counting(self: Evaluator, rows: Any, reason: str) -> None:
        judged.append(len(rows))
        real(self, rows, reason)

    monkeypatch.setattr(Evaluator, "_replay_at_once", counting)
    catch_up(live)
    assert judged == [3]
