"""From records to sittings: which values the rules may use, and what was measured together."""

import random

import msgspec
import pytest

from alerting.rules import SIGNALS, signal_index
from alerting.sittings import (
    ABOUT_OF,
    ITEM_OF,
    SIGNAL_OF,
    answers_in,
    signals_in,
    sittings_of,
)
from devices.catalogue import metric
from fhir_mapping.record import Record, twin_of
from fhir_mapping.status import UNUSABLE_FLAGS
from ingest.decode import Delivery
from ingest.pipeline import examine
from ingest.store import Mapped
from tests.alerting.clinic import CUFF, OXIMETER, answering, at, ms, oximetry, reading, weighing

SPO2, PULSE, SYSTOLIC = (signal_index(alias) for alias in ("spo2", "pulse", "systolic"))


def records(*deliveries: Delivery) -> list[Record]:
    """The records that these deliveries become, all of citizen c1."""
    found = []
    for delivery in deliveries:
        for arrival in examine(delivery):
            assert isinstance(arrival.item, Mapped)
            found += [msgspec.structs.replace(row, citizen="c1") for row in arrival.item.records]
    return found


def test_one_device_at_one_moment_is_one_sitting() -> None:
    (sitting,) = sittings_of(records(oximetry("c1", 3, 94, 75)), {"c1": 7})
    assert (sitting.row, sitting.measured_ms) == (7, ms(at(3, 8)))
    assert sitting.values == {SPO2: 94.0, PULSE: 75.0}
    assert sitting.observations.keys() == sitting.values.keys()


def test_a_blood_pressure_feeds_two_signals() -> None:
    values = {"systolic": "128", "diastolic": "76", "pulse_cuff": "70"}
    (sitting,) = sittings_of(records(reading("c1", CUFF, at(3, 8), values)), {"c1": 0})
    assert {SIGNALS[column].alias: value for column, value in sitting.values.items()} == {
        "systolic": 128.0, "diastolic": 76.0, "pulse": 70.0,
    }  # fmt: skip


def test_two_pulses_of_one_moment_are_two_sittings_in_the_same_order_always() -> None:
    cuff = {"systolic": "128", "diastolic": "76", "pulse_cuff": "90"}
    both = records(oximetry("c1", 3, 94, 70), reading("c1", CUFF, at(3, 8), cuff))
    told = sittings_of(both, {"c1": 0})
    assert sorted(sitting.values.get(PULSE, 0.0) for sitting in told) == [70.0, 90.0]
    for seed in range(5):
        random.Random(seed).shuffle(both)
        assert sittings_of(both, {"c1": 0}) == told


def test_sittings_come_in_order_of_measuring_for_known_citizens_only() -> None:
    some = records(weighing("c1", 5, "80"), oximetry("c1", 3, 94), weighing("c1", 4, "81"))
    times = [sitting.measured_ms for sitting in sittings_of(some, {"c1": 0})]
    assert times == sorted(times)
    assert len(times) == 3
    assert sittings_of(some, {"c2": 0}) == []
    assert sittings_of([msgspec.structs.replace(some[0], citizen=None)], {"c1": 0}) == []


@pytest.mark.parametrize("flag", sorted(UNUSABLE_FLAGS))
def test_what_a_device_calls_unusable_reaches_no_rule(flag: str) -> None:
    (spo2, _) = records(oximetry("c1", 3, 94))
    assert signals_in(spo2) == {SPO2: 94.0}
    assert signals_in(msgspec.structs.replace(spo2, flags=("questionable",))) == {SPO2: 94.0}
    assert signals_in(msgspec.structs.replace(spo2, flags=("questionable", flag))) == {}


def test_what_is_contested_is_a_sitting_of_its_own_after_what_stood_before() -> None:
    (first, pulse) = records(oximetry("c1", 3, 87))
    first = msgspec.structs.replace(first, conflict=True, version=2)
    for text in ("99", "60"):
        twin = twin_of(msgspec.structs.replace(first, values=(text,)))
        twin = msgspec.structs.replace(twin, base=first.identity)
        assert (first.contested, twin.contested) == (False, True)
        told = sittings_of([twin, first, pulse], {"c1": 0})
        assert [(one.values, one.contested) for one in told] == [
            ({SPO2: 87.0, PULSE: 75.0}, False),
            ({SPO2: float(text)}, True),
        ]
        assert sittings_of([pulse, first, twin], {"c1": 0}) == told


def test_failures_reach_no_rule() -> None:
    (spo2, _) = records(oximetry("c1", 3, 94))
    assert signals_in(msgspec.structs.replace(spo2, withdrawn=True)) == {}
    assert signals_in(msgspec.structs.replace(spo2, values=(None,))) == {}
    values = dict.fromkeys(("spo2", "pulse_oximeter"))
    failed = records(reading("c1", OXIMETER, at(3, 8), values, flags=["invalid"]))
    assert sittings_of(failed, {"c1": 0}) == []


def test_every_signal_is_fed_and_can_be_asked_for() -> None:
    for column, signal in enumerate(SIGNALS):
        assert all(SIGNAL_OF[alias] == column for alias in signal.metrics)
        assert set(ABOUT_OF[signal.alias]) == {
            metric(alias).panel or alias for alias in signal.metrics
        }


def test_answers_are_a_sitting_of_their_moment() -> None:
    """What was not asked stands nowhere: it is neither better nor worse."""
    said = answering("c1", at(3, 8.5), {"dyspnoea": "yes", "cough": "no", "sputum": "yes"})
    (record,) = records(said)
    (sitting,) = sittings_of([record], {"c1": 7})
    assert (sitting.row, sitting.measured_ms) == (7, ms(at(3, 8.5)))
    assert (sitting.values, sitting.observations) == ({}, {})
    asked = {name: ITEM_OF[name] for name in ("dyspnoea", "cough", "sputum")}
    assert sitting.answers == {asked["dyspnoea"]: 1, asked["cough"]: 0, asked["sputum"]: 1}
    assert sitting.responses == dict.fromkeys(asked.values(), record.id)
    assert list(ITEM_OF.values()) == list(range(9))


def test_answers_and_measurements_of_one_moment_are_one_sitting() -> None:
    said = answering("c1", at(3, 8), {"dyspnoea": "yes", "cough": "no"})
    both = records(oximetry("c1", 3, 94, 70), said)
    (sitting,) = sittings_of(both, {"c1": 0})
    assert sitting.values == {SPO2: 94.0, PULSE: 70.0}
    assert len(sitting.answers) == 2
    assert sittings_of(both[::-1], {"c1": 0}) == [sitting]


def test_two_responses_of_one_moment_are_two_sittings() -> None:
    first = answering("c1", at(3, 8), {"dyspnoea": "yes", "cough": "no"})
    second = answering("c1", at(3, 8), {"dyspnoea": "no"}, asked="symptoms-heart-failure")
    told = sittings_of(records(first, second), {"c1": 0})
    assert [len(sitting.answers) for sitting in told] in ([1, 2], [2, 1])


def test_answers_that_cannot_be_relied_on_reach_no_rule() -> None:
    (record,) = records(answering("c1", at(3, 8), {"dyspnoea": "yes", "cough": "no"}))
    assert signals_in(record) == {}
    assert len(answers_in(record)) == 2
    assert answers_in(msgspec.structs.replace(record, flags=("test-data",))) == {}
    (spo2, _) = records(oximetry("c1", 3, 94))
    assert answers_in(spo2) == {}


def test_what_one_device_says_twice_of_one_instant_is_said_once() -> None:
    """Whatever the store keeps apart; another device, value or second is another measurement."""
    (one,) = records(weighing("c1", 5, "80"))
    beside = {"identity": bytes(16), "id": bytes(16)}
    again = msgspec.structs.replace(one, **beside, measured_ms=one.measured_ms + 999)
    assert len(sittings_of([one, again], {"c1": 0})) == 1
    assert len(sittings_of([again, one], {"c1": 0})) == 1
    for change in (
        {"measured_ms": one.measured_ms + 1_001},
        {"values": ("81",)},
        {"device": "other"},
        {"slot": 2},
    ):
        other = msgspec.structs.replace(again, **change)
        assert len(sittings_of([one, other], {"c1": 0})) == 2, change
    unusable = msgspec.structs.replace(one, **beside, flags=("invalid",))
    assert len(sittings_of([unusable, again], {"c1": 0})) == 1
