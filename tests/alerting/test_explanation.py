"""From a change to an episode: sentence, numbers, limits in force and measurements."""

from collections.abc import Sequence

import pytest

from alerting.alert import SEVERITIES, Finding
from alerting.engine import Change
from alerting.explanation import SEVERITY_OF, VALUES_MAX, finding_of
from alerting.local_time import local_days, utc_ms
from alerting.roster import Roster
from alerting.rules import RULEBOOK, RULEBOOK_VERSION, RULES, Colour, rule_index
from fhir_mapping.enrolled import Limits
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record
from tests.alerting.clinic import CUFF, OXIMETER, answering, at, citizen, ms, oximetry, reading
from tests.alerting.test_sittings import records

NAN = float("nan")
LIMITS = [Limits("c1", "spo2", at(0, 0), "87", "89"), Limits("c1", "spo2", at(9, 0), "90", "92")]
ROSTER = Roster({"c1": citizen("c1")}, {"c1": LIMITS})


def change(rule: str, colour: Colour, day: float, **evidence: float) -> Change:
    """A change of citizen c1 at eight o'clock."""
    numbers = dict.fromkeys(
        ("value", "limit", "baseline_mean", "baseline_sd", "baseline_n", "extra"), NAN
    )
    t = local_days(ms(at(0, day * 24 + 8)))
    return Change(0, rule_index(rule), colour, t, t, {**numbers, **evidence})


class History:
    """A store of records that remembers what it was asked."""

    def __init__(self, stored: list[Record]) -> None:
        self.stored = stored
        self.asked: list[tuple[str, tuple[str, ...], int, int]] = []

    def __call__(
        self, who: str, about: Sequence[str], since_ms: int, until_ms: int
    ) -> list[Record]:
        self.asked.append((who, tuple(about), since_ms, until_ms))
        return [row for row in self.stored if since_ms <= row.measured_ms <= until_ms]


def found(worst: Change, history: History) -> Finding:
    """What a rule found, from its worst moment on."""
    return finding_of(worst, utc_ms(worst.onset), None, ROSTER, history, rulebook=RULEBOOK)


def test_a_finding_from_its_worst_moment() -> None:
    worst = change("R01", Colour.RED, 5, value=86.0, limit=87.0)
    told = finding_of(worst, ms(at(3, 8)), ms(at(7, 8)), ROSTER, History([]), rulebook=RULEBOOK)
    assert (told.rule, told.severity) == ("R01", "red")
    assert (told.onset_ms, told.raised_ms, told.cleared_ms) == (
        ms(at(3, 8)), ms(at(5, 8)), ms(at(7, 8)),
    )  # fmt: skip
    assert told.text_da == "Iltmætning 86 % (rød grænse 87 % eller lavere)."
    assert told.text_en == "Oxygen saturation 86 % (red limit 87 % or lower)."
    evidence = told.evidence
    assert (evidence.value, evidence.limit, evidence.extra, evidence.baseline) == (
        86.0, 87.0, None, None,
    )  # fmt: skip
    assert (evidence.rule_version, evidence.rulebook_version) == (
        RULES[rule_index("R01")].version, RULEBOOK_VERSION,
    )  # fmt: skip
    assert evidence.parameters == dict(RULES[rule_index("R01")].params)


def test_relative_limits_and_the_base_in_force_are_quoted() -> None:
    mine = Limits("c1", "spo2", at(0, 0), "5", "2", relative=True, base="93.5")
    roster = Roster({"c1": citizen("c1")}, {"c1": [*LIMITS, mine]})
    risen = change("R03", Colour.YELLOW, 5, value=91.0, limit=91.5)
    evidence = finding_of(risen, 0, None, roster, History([]), rulebook=RULEBOOK).evidence
    assert evidence.limits == {"spo2": [87.0, 89.0, None, None]}
    assert evidence.relative_limits == {"spo2": [5.0, 2.0, None, None]}
    assert evidence.bases == {"spo2": 93.5}


@pytest.mark.parametrize(("day", "limits"), [(8, [87.0, 89.0]), (9, [90.0, 92.0])])
def test_limits_are_those_in_force_at_the_moment(day: int, limits: list[float]) -> None:
    risen = change("R01", Colour.RED, day, value=86.0, limit=87.0)
    evidence = found(risen, History([])).evidence
    assert evidence.limits == {"spo2": [*limits, None, None]}


def test_a_baseline_is_quoted_whole() -> None:
    usual = {"baseline_mean": 94.0, "baseline_sd": 1.1, "baseline_n": 8.0}
    risen = change("R03", Colour.YELLOW, 9, value=90.0, limit=91.0, extra=4.0, **usual)
    baseline = found(risen, History([])).evidence.baseline
    assert baseline is not None
    assert (baseline.mean, baseline.sd, baseline.n) == (94.0, 1.1, 8.0)


def test_measurements_are_the_newest_that_the_rule_looked_at() -> None:
    stored = [
        row
        for day in range(20)
        for row in records(oximetry("c1", day, 94 if day < 19 else 86))
        if row.about == "spo2"
    ]
    risen = change("R03", Colour.RED, 19, value=86.0, limit=90.0)
    history = History(stored)
    values = found(risen, history).evidence.values
    assert [value.observation for value in values] == [
        id_text(row.id) for row in stored[-VALUES_MAX:]
    ]
    assert (values[-1].value, values[-1].unit, values[-1].measured_ms) == ("86", "%", ms(at(19, 8)))
    ((who, about, since_ms, until_ms),) = history.asked
    assert (who, about, until_ms) == ("c1", ("spo2",), ms(at(19, 8)))
    assert until_ms - since_ms == RULES[rule_index("R03")].lookback_days * 86_400_000


def test_a_blood_pressure_is_quoted_as_it_is_said() -> None:
    pressure = {"systolic": "182", "diastolic": "112"}
    stored = records(reading("c1", CUFF, at(5, 8), pressure))
    risen = change("R17", Colour.RED, 5, value=182.0, limit=180.0, extra=112.0)
    (value,) = found(risen, History(stored)).evidence.values
    assert (value.about, value.value, value.unit) == ("blood_pressure", "182/112", "mmHg")


def test_what_the_rules_may_not_use_is_not_quoted() -> None:
    spoilt = records(
        reading(
            "c1", OXIMETER, at(5, 7), {"spo2": "70", "pulse_oximeter": "70"}, flags=["test-data"]
        ),
        oximetry("c1", 5, 86),
    )
    risen = change("R01", Colour.RED, 5, value=86.0, limit=87.0)
    stored = [row for row in spoilt if row.about == "spo2"]
    (value,) = found(risen, History(stored)).evidence.values
    assert value.value == "86"


def test_silence_has_no_measurement_to_quote() -> None:
    history = History([])
    risen = change("R24", Colour.BLUE, 5, value=1.0, extra=1.0)
    episode = found(risen, history)
    assert (episode.severity, episode.evidence.values, history.asked) == ("blue", [], [])


def test_every_raised_colour_has_a_severity_in_the_same_order() -> None:
    raised = sorted((colour for colour in Colour if colour > Colour.GREEN), reverse=True)
    order = [SEVERITY_OF[colour] for colour in raised]
    assert order == ["red", "yellow", "blue", "technical"] == list(SEVERITIES)


@pytest.mark.parametrize(("rule", "quotes"), [("R21", True), ("R22", True), ("R01", False)])
def test_rules_about_symptoms_quote_the_answers(rule: str, quotes: bool) -> None:
    said = records(answering("c1", at(3, 8), {"dyspnoea": "yes", "cough": "no"}))
    history = History(said)
    worst = change(rule, Colour.YELLOW, 3)
    quoted = found(worst, history).evidence.values
    ((_, about, _, _),) = history.asked
    assert ("symptoms_both_1" in about) == quotes
    (value,) = quoted
    assert (value.about, value.unit) == ("symptoms_both_1", "")
    assert value.value == "//yes/no/////"
    assert value.observation == id_text(said[0].id)
