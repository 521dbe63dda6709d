"""What an arrival is beside what stands: one line of the table, one test."""

from typing import Any

import msgspec
import pytest

from fhir_mapping.record import Intent, Record, Superseded, records_of, twin_of
from ingest.limits import CLOCK_JITTER_MS, ONE_ACT_MS, SAME_INSTANT_MS
from ingest.resolve import (
    Kind,
    Standing,
    amended,
    nearest,
    outlived,
    resolve,
    too_late,
    withdrawn,
)
from tests.ingest.said import VOUCHED, pressure, reading, said

(RECORD,) = records_of(reading(said(clock=VOUCHED)))
FAILED: dict[str, Any] = {"values": (None,), "flags": ("invalid",)}
GONE: dict[str, Any] = {**FAILED, "withdrawn": True}
UNVOUCHED: dict[str, Any] = {"clock_sync": "none"}


def record(text: str = "93", **changes: Any) -> Record:
    """A saturation, with changes."""
    return msgspec.structs.replace(RECORD, **{"values": (text,), "sent_ms": 100, **changes})


def standing(one: Record, *earlier: Record, named: bool = True) -> Standing:
    """A record that stands, and what it said before, oldest first."""
    versions = tuple(
        Superseded(
            version=version,
            values=was.values,
            received_ms=0,
            flags=was.flags,
            measured_ms=was.measured_ms,
            sent_ms=was.sent_ms,
            withdrawn=was.withdrawn,
        )
        for version, was in enumerate(earlier, 1)
    )
    return Standing(one, versions, named)


def kind(one: Standing | Record, arrival: Record, intent: Intent = "reading") -> Kind:
    given = standing(one) if isinstance(one, Record) else one
    return resolve([given], arrival, intent).kind


def at(offset_ms: int, text: str = "93", **changes: Any) -> Record:
    return record(text, measured_ms=RECORD.measured_ms + offset_ms, **changes)


def test_what_lies_further_apart_than_one_act_is_another() -> None:
    for text in ("93", "95"):
        for way in (1, -1):
            assert kind(record(), at(way * (ONE_ACT_MS + 1), text)) is Kind.SEPARATE
        assert kind(record(), at(ONE_ACT_MS, text)) is Kind.AMENDMENT
    assert resolve([], record()).kind is Kind.SEPARATE


def test_what_says_the_same_is_a_duplicate_within_the_jitter_of_the_clock() -> None:
    assert kind(record(), record()) is Kind.DUPLICATE
    assert kind(record("93.0"), record("93")) is Kind.DUPLICATE
    assert kind(record(), at(CLOCK_JITTER_MS, sent_ms=999)) is Kind.DUPLICATE
    assert kind(record(), at(CLOCK_JITTER_MS + 1)) is Kind.AMENDMENT
    pair: dict[str, Any] = {"clock_device_ms": 1, "clock_gateway_ms": 1}
    assert kind(record(**pair), at(ONE_ACT_MS)) is Kind.DUPLICATE  # it knows less
    assert kind(record(), at(ONE_ACT_MS, **pair)) is Kind.AMENDMENT  # it knows more


def test_what_was_said_once_is_a_duplicate_for_ever() -> None:
    now = standing(record("91", sent_ms=200), record("93"))
    for word in (record("93"), record("93", sent_ms=300), at(ONE_ACT_MS, "93")):
        assert kind(now, word) is Kind.DUPLICATE
    flagged = standing(record(flags=("questionable",), sent_ms=200), record())
    assert kind(flagged, record(sent_ms=300)) is Kind.DUPLICATE
    moved = standing(at(60_000, sent_ms=200), record())
    assert kind(moved, record(sent_ms=300)) is Kind.DUPLICATE


def test_what_an_older_store_kept_of_a_version_is_enough_to_know_it() -> None:
    old = Superseded(version=1, values=("93",), received_ms=0)
    now = Standing(record("91"), (old,), named=True)
    assert kind(now, record("93", flags=("questionable",))) is Kind.DUPLICATE


@pytest.mark.parametrize(
    "change", [{"values": ("95",)}, {"flags": ("questionable",)}, {"measured_ms": 60_000}]
)
def test_value_flags_and_instant_are_amended(change: dict[str, Any]) -> None:
    if "measured_ms" in change:
        change = {"measured_ms": RECORD.measured_ms + change["measured_ms"]}
    assert kind(record(), record(**{"sent_ms": 200, **change})) is Kind.AMENDMENT
    assert kind(record(), record(**{"sent_ms": 100, **change})) is Kind.AMENDMENT
    assert kind(record(), record(**{"sent_ms": 0, **change})) is Kind.AMENDMENT
    assert kind(record(), record(**{"sent_ms": 50, **change})) is Kind.STALE


def test_two_values_on_a_doubtful_clock_are_both_kept() -> None:
    other = record("95", **UNVOUCHED)
    assert kind(record(), other) is Kind.TWIN
    assert kind(record(), twin_of(record("95"))) is Kind.TWIN
    assert kind(record(), other, "correction") is Kind.AMENDMENT
    assert kind(record(**GONE), record("95", sent_ms=200, **UNVOUCHED)) is Kind.AMENDMENT
    assert kind(record(), record(flags=("questionable",), **UNVOUCHED)) is Kind.AMENDMENT


def test_a_component_that_is_left_out_contradicts_nothing() -> None:
    cuff = said(type="528391", r=pressure(systolic="134", diastolic="82"), clock=VOUCHED)
    (two,) = records_of(reading(cuff))
    three = msgspec.structs.replace(two, values=("134", "82", "99"), **UNVOUCHED)
    assert kind(two, three) is Kind.AMENDMENT
    other = msgspec.structs.replace(two, values=("135", "82", None), **UNVOUCHED)
    assert kind(two, other) is Kind.TWIN


def test_no_value_and_invalid_takes_back_what_stands() -> None:
    gone = record(**FAILED, sent_ms=200)
    assert kind(record(), gone) is Kind.WITHDRAWAL
    assert kind(record(**UNVOUCHED), gone) is Kind.WITHDRAWAL
    assert kind(record(sent_ms=0), gone) is Kind.WITHDRAWAL
    assert kind(record(sent_ms=300), gone) is Kind.STALE
    assert kind(record(), record(values=(None,), flags=("not-available",))) is Kind.AMENDMENT


def test_a_withdrawal_comes_once() -> None:
    for gone in (record(**FAILED), record(**GONE)):
        assert kind(record(**GONE), gone, "withdrawal") is Kind.DUPLICATE
    assert kind(record(**FAILED), record(**FAILED)) is Kind.DUPLICATE
    assert kind(record(**FAILED), record(**GONE), "withdrawal") is Kind.WITHDRAWAL
    now = standing(record("95", sent_ms=300), record(), record(**GONE, sent_ms=200))
    assert kind(now, record(**FAILED, sent_ms=200)) is Kind.DUPLICATE
    assert kind(now, record(**FAILED, sent_ms=400)) is Kind.WITHDRAWAL


def test_a_value_that_was_sent_before_the_withdrawal_stays_taken_back() -> None:
    for word in (record(sent_ms=50), record(sent_ms=100)):
        assert kind(record(**GONE), word) is Kind.STALE
        assert kind(record(**FAILED), word) is Kind.STALE
    assert kind(record(**GONE), record(sent_ms=0)) is Kind.STALE
    assert kind(record(**FAILED), record(sent_ms=0)) is Kind.AMENDMENT
    assert kind(record(**GONE), record(sent_ms=200)) is Kind.AMENDMENT
    assert kind(record(**GONE), record(sent_ms=0), "correction") is Kind.AMENDMENT
    later = standing(record("95", sent_ms=300), record(**GONE, sent_ms=200))
    assert kind(later, record(sent_ms=150, **UNVOUCHED)) is Kind.STALE


def test_a_withdrawal_takes_back_both_of_two_values_but_not_what_was_said_after_it() -> None:
    first, second = record(conflict=True), twin_of(record("95", sent_ms=300))
    act = [standing(first), standing(second)]
    both = resolve(act, record(**FAILED, sent_ms=400))
    assert (both.kind, both.of, both.released) == (Kind.WITHDRAWAL, (first, second), None)
    one = resolve(act, record(**FAILED, sent_ms=200))
    assert (one.kind, one.of, one.released) == (Kind.WITHDRAWAL, (first,), second)


def test_who_says_which_of_two_values_he_takes_back_takes_back_that_one() -> None:
    first, second = record(conflict=True), twin_of(record("95"))
    act = [standing(first), standing(second)]
    for gone, stays in ((first, second), (second, first)):
        said = msgspec.structs.replace(gone, sent_ms=400)
        one = resolve(act, said, "withdrawal")
        assert (one.kind, one.of, one.released) == (Kind.WITHDRAWAL, (gone,), stays)
    both = resolve(act, record(**FAILED, sent_ms=400), "withdrawal")
    assert both.of == (first, second)
    left = standing(withdrawn(second, record(**FAILED)), second)
    assert resolve([standing(first), left], record("95"), "withdrawal").kind is Kind.DUPLICATE
    assert resolve([standing(first), left], record("93"), "withdrawal").of == (first,)
    once = [standing(first, record("90")), standing(second)]
    assert resolve(once, record("90"), "withdrawal").of == (first,)


def test_only_its_author_changes_what_was_said() -> None:
    typed: dict[str, Any] = {"transferred_by": "typed"}
    assert kind(record(), record(**typed)) is Kind.DUPLICATE
    for word in (record("95", **typed), record(**FAILED, **typed)):
        assert kind(record(), word) is Kind.HELD
    assert kind(record(), record(**GONE, **typed), "withdrawal") is Kind.HELD
    assert kind(record(**typed), record("95", **typed)) is Kind.AMENDMENT


def test_a_record_of_the_same_second_is_the_act_in_another_spelling() -> None:
    utc: dict[str, Any] = {"device_time": "2026-02-18T06:29:40", "offset_min": 0}
    beside = standing(record(), named=False)
    assert kind(beside, record(**utc)) is Kind.DUPLICATE
    assert kind(beside, record(flags=("questionable",), **utc)) is Kind.DUPLICATE
    assert kind(beside, record("95", **utc)) is Kind.AMENDMENT
    assert kind(beside, record(**GONE, **utc), "withdrawal") is Kind.WITHDRAWAL
    drifted: dict[str, Any] = {"device_time": "2026-02-18T06:30:10"}
    assert kind(beside, record(**drifted)) is Kind.DUPLICATE
    assert kind(beside, record("95", **drifted)) is Kind.SEPARATE
    assert kind(beside, at(SAME_INSTANT_MS + 1)) is Kind.SEPARATE


def test_the_next_version_keeps_its_name() -> None:
    old = record(version=3, boot="b", conflict=True)
    named = {"identity": old.identity, "id": old.id, "boot": "b", "version": 4, "conflict": True}
    other = record("95", identity=bytes(16), id=bytes(16), sent_ms=200)
    for new, values, gone in (
        (amended(old, other), ("95",), False),
        (withdrawn(old, record(**FAILED, sent_ms=200)), (None,), True),
    ):
        assert {name: getattr(new, name) for name in named} == named
        assert (new.values, new.withdrawn, new.sent_ms) == (values, gone, 200)
    assert not outlived(old, other).withdrawn
    assert outlived(record(**FAILED), other).withdrawn
    assert not outlived(record(**FAILED), record(**FAILED)).withdrawn
    assert too_late(old, record(**FAILED)).withdrawn
    assert not too_late(record(**GONE), other).withdrawn


def test_what_an_arrival_became_is_the_nearest_record() -> None:
    near, far = at(500, "91"), at(86_400_000)
    assert nearest([far, near], record()) == near
    assert nearest([far, near, at(900)], record()) == at(900)
    assert nearest([], record()) is None
