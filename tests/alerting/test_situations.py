"""Where every citizen stands: each colour, and green only when every rule could run."""

import pytest

from alerting.engine import Engine
from alerting.roster import Roster
from alerting.rules import RULEBOOK, Colour, rule_index
from alerting.situation import Situation
from alerting.situations import situations_of
from tests.alerting.clinic import Clinic, at, catch_up, citizen, ms, oximetry, weighing

OXYGEN_RULES = {"R01", "R03", "R06", "R24", "T01"}


def situation(clinic: Clinic, day: int, hour: float = 9) -> Situation:
    """How the citizen stands at this moment."""
    clinic.now_ms = ms(at(day, hour))
    live = clinic.evaluator("situations")
    catch_up(live)
    found = live.situations()["c1"]
    live.close()
    return found


def test_a_citizen_who_never_measured_is_not_green(clinic: Clinic) -> None:
    found = situation(clinic, 0)
    assert (found.colour, found.worst, found.last_measured_ms) == ("insufficient-data", None, None)
    assert set(found.unable) >= OXYGEN_RULES - {"R24"}
    assert "R14" not in found.unable, "nobody asked for a weight"


def test_the_clock_is_not_a_measurement(clinic: Clinic) -> None:
    clinic.receive(oximetry("c1", 2, 94))
    assert situation(clinic, 3).last_measured_ms == ms(at(2, 8))


def test_green_needs_every_rule_that_applies(clinic: Clinic) -> None:
    """The usual saturation is known after five readings that have waited seven days."""
    for day in range(20):
        clinic.receive(oximetry("c1", day, 94))
        found = situation(clinic, day)
        if found.colour == "green":
            break
        assert found.colour == "insufficient-data"
        assert "R03" in found.unable
    assert day >= 11
    assert (found.colour, found.worst, found.unable) == ("green", None, [])


@pytest.mark.parametrize(
    ("spo2", "pulse", "colour"), [(86, 75, "red"), (89, 75, "yellow"), (44, 75, "technical")]
)
def test_the_worst_rule_gives_the_colour(
    clinic: Clinic, spo2: int, pulse: int, colour: str
) -> None:
    clinic.receive(
        oximetry("c1", 0, 94), *(oximetry("c1", 1, spo2, pulse, hour=h) for h in (8, 8.1))
    )
    found = situation(clinic, 1)
    assert (found.colour, found.worst) == (colour, colour)


def test_silence_is_blue_then_yellow(clinic: Clinic) -> None:
    clinic.receive(oximetry("c1", 0, 94))
    assert situation(clinic, 2, 13).colour == "blue"
    assert situation(clinic, 4, 13).colour == "yellow"


def test_limits_that_are_missing_keep_a_citizen_from_green(clinic: Clinic) -> None:
    clinic.writer._db.execute("DELETE FROM limits WHERE signal = 'pulse'")
    clinic.receive(*(oximetry("c1", day, 94) for day in range(14)))
    found = situation(clinic, 13)
    assert (found.colour, found.unable) == ("insufficient-data", ["R06"])


def test_nobody_and_somebody_without_a_plan() -> None:
    assert situations_of(Engine(Roster({}, {}), rulebook=RULEBOOK)) == {}
    lonely = citizen("c9", signals=[])
    found = situations_of(Engine(Roster({"c9": lonely}, {}), rulebook=RULEBOOK))
    assert found["c9"].last_measured_ms is None


def test_a_weight_nobody_asked_for_still_counts_when_it_is_bad(clinic: Clinic) -> None:
    clinic.receive(oximetry("c1", 3, 94), weighing("c1", 2, "80"), weighing("c1", 3, "83.5"))
    assert situation(clinic, 3).colour == "yellow", "a weight alone makes no alert red"


def test_what_holds_without_an_alert_is_watched_and_not_green() -> None:
    """A yellow drop of saturation alone calls nobody; it must not read as green either."""
    engine = Engine(Roster({"c1": citizen("c1", condition="copd")}, {}), rulebook=RULEBOOK)
    engine.state.status[:] = Colour.GREEN
    engine.state.composed[:] = Colour.GREEN
    assert situations_of(engine)["c1"].colour == "green"
    engine.state.status[0, rule_index("R03")] = Colour.RED
    found = situations_of(engine)["c1"]
    assert (found.colour, found.watched) == ("yellow", ["R03"])
    engine.state.composed[0, 0] = Colour.RED
    found = situations_of(engine)["c1"]
    assert (found.colour, found.watched) == ("red", []), "now it is said by an alert"


def test_what_the_newest_reading_reached_is_told_apart_from_what_is_raised(clinic: Clinic) -> None:
    """A red saturation is raised until three readings are clear; the first clear one says so."""
    clinic.receive(oximetry("c1", 0, 94), *(oximetry("c1", 1, 86, hour=h) for h in (8, 8.1)))
    found = situation(clinic, 1)
    assert (found.colour, (found.hits or {}).get("R01")) == ("red", "red")
    clinic.receive(oximetry("c1", 2, 95))
    found = situation(clinic, 2)
    assert (found.colour, found.hits) == ("red", {})


def test_days_without_a_measurement_count_on(clinic: Clinic) -> None:
    clinic.receive(oximetry("c1", 0, 94))
    assert situation(clinic, 0).missed_days == 0
    counted = [situation(clinic, day, hour=23) for day in (2, 3, 9)]
    missed = [found.missed_days for found in counted]
    assert missed[1] == missed[0] + 1
    assert missed[2] == missed[0] + 7
    assert (counted[0].hits or {}).get("R24") == counted[0].worst


def test_what_of_the_plan_is_not_measured_is_named(clinic: Clinic) -> None:
    clinic.enrol([citizen("c1", signals=("spo2", "pulse", "weight"))])
    for day in range(4):
        clinic.receive(oximetry("c1", day, 94))
    found = situation(clinic, 3, 20)
    assert (found.missed_days > 0, found.missed) == (True, ["weight"])
    clinic.receive(weighing("c1", 3, "80"))
    found = situation(clinic, 3, 21)
    assert (found.missed_days, found.missed) == (0, [])
