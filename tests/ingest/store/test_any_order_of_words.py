"""Any order, any repetition: words on acts end in the same records with the same histories.

Left out is what cannot be alike by meaning (`ingest.resolve` says it): two words that were sent at
one instant, a value said again after another, and which of two contradicting values came first.
"""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.identity import observation_id, observation_mark
from fhir_mapping.record import Intent, Record, Superseded, identity_by_content
from ingest.store import Arrival, Mapped, Reader
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import MEASURED_MS, VOUCHED, spo2
from tests.ingest.store.adapters import ADAPTERS

DAY_MS = 86_400_000
TEMPLATE = spo2("93", clock=VOUCHED)
MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory: what a flush is worth is tested elsewhere."""


class Word(msgspec.Struct, frozen=True):
    """One word on an act: which act, what is said, when it was sent, how its time is spelled."""

    act: int
    value: str | None
    flags: tuple[str, ...]
    sent_ms: int
    moved_ms: int
    in_utc: bool
    intent: Intent


def arrival(word: Word) -> Arrival:
    """The word on its way in. All acts have one device time: the clock restarts at every wake."""
    assert isinstance(TEMPLATE.item, Mapped)
    (record,) = TEMPLATE.item.records
    facts: dict[str, Any] = {
        "values": (word.value,),
        "flags": word.flags,
        "sent_ms": word.sent_ms,
        "measured_ms": MEASURED_MS + word.act * DAY_MS + word.moved_ms,
        "device_time": "2000-01-01T00:00:12" if word.in_utc else "2000-01-01T01:00:12",
    }
    named = msgspec.structs.replace(record, **facts)
    named = msgspec.structs.replace(named, identity=identity_by_content(named), id=_id(named))
    item = msgspec.structs.replace(TEMPLATE.item, records=[named], intent=word.intent)
    return Arrival(TEMPLATE.delivery, item)


def _id(record: Record) -> bytes:
    mark = observation_mark(record.device, record.slot, record.key, record.circumstances, "")
    return observation_id(record.measured_ms, mark)


@st.composite
def words(draw: st.DrawFn) -> list[Word]:
    """Up to three acts with up to four words each, none of them said twice."""
    found = []
    for act in range(draw(st.integers(1, 3))):
        spelled = draw(st.booleans())  # another door may know less of flags: these tell values
        flags_of = [()] if spelled else [(), ("questionable",)]
        values = st.tuples(st.sampled_from(["91", "93.0", "95"]), st.sampled_from(flags_of))
        one = values | st.just((None, ("invalid",)))
        said = draw(st.lists(one, min_size=1, max_size=4, unique=True))
        for place, (value, flags) in enumerate(said):
            withdraws = value is None and draw(st.booleans())
            found.append(
                Word(
                    act=act,
                    value=value,
                    flags=flags,
                    sent_ms=1_000 + place,
                    moved_ms=0 if spelled else draw(st.sampled_from([0, 4_000, 40_000])),
                    in_utc=spelled and draw(st.booleans()),
                    intent="withdrawal" if withdraws else "reading",
                )
            )
    return found


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Word], list[list[Word]]]:
    """The words in the order in which they were sent, and otherwise, with repetitions."""
    said = draw(words())
    repeated = said + draw(st.lists(st.sampled_from(said), max_size=4))
    return said, [draw(st.permutations(repeated)) for _ in range(2)]


Said = tuple[tuple[str | None, ...], tuple[str, ...]]


def said_by(one: Record | Superseded) -> Said:
    return one.values, tuple(one.flags or ())


def outcome(adapter: str, said: Sequence[Word]) -> list[tuple[int, bool, Said, set[Said]]]:
    """What a store holds after these words: each act's day, what it says, what it said before."""
    folder = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as name:
        place = ADAPTERS[adapter](Path(name))
        with closing(place.writer()) as writer, closing(place.reader()) as reader:
            writer.enrol(enrolment(term("anna")), NOW_MS)
            for word in said:
                writer.append([arrival(word)])
            once = state_of(reader)
            writer.append([arrival(word) for word in said])
            assert state_of(reader) == once, "whatever comes again changes nothing"
            return once


def state_of(reader: Reader) -> list[tuple[int, bool, Said, set[Said]]]:
    records = reader.records_of("anna")
    assert len({record.id for record in records}) == len(records)
    return [
        (
            (record.measured_ms - MEASURED_MS) // DAY_MS,
            record.usable(0),
            said_by(record),
            {said_by(was) for was in reader.superseded(record.identity)},
        )
        for record in records
    ]


@pytest.mark.parametrize("adapter", ADAPTERS)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(given_words=orders())
def test_any_order_and_repetition_ends_in_the_same_records_and_histories(
    adapter: str, given_words: tuple[list[Word], list[list[Word]]]
) -> None:
    in_order, others = given_words
    expected = outcome(adapter, in_order)
    assert [day for day, *_ in expected] == sorted({word.act for word in in_order})
    for day, usable, now, before in expected:
        of_act = [word for word in in_order if word.act == day]
        assert now == ((of_act[-1].value,), of_act[-1].flags), "what was sent last holds"
        assert usable == (of_act[-1].value is not None)
        assert before == {((word.value,), word.flags) for word in of_act[:-1]}
    for other in others:
        assert outcome(adapter, other) == expected
