"""Any valid records, rendered and read, are the same records."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.admission import respelled
from devices.catalogue import OBSERVABLES, Metric, Panel, metric, observed
from devices.wire import Location, StatusFlag, TransferredBy
from fhir_mapping.national import units_of
from fhir_mapping.phmr import Document, read_phmr, records_from, render_phmr
from fhir_mapping.phmr.document import Entry
from fhir_mapping.phmr.values import moved
from fhir_mapping.record import Record, twin_of
from tests.fhir_mapping.cases import CASES, HISTORY, stored
from tests.fhir_mapping.phmr.cases import document

MOMENTS = st.integers(1_420_070_400_000, 4_102_444_800_000)
OFFSETS = st.integers(-12 * 60, 14 * 60)
LETTERS = st.characters(exclude_categories=["Cs"])
SHORT = st.text(LETTERS, min_size=1, max_size=64)
LONG = st.text(LETTERS, max_size=128)
FLAGS = st.lists(st.sampled_from(get_args(StatusFlag)), unique=True, max_size=3).map(tuple)
CIRCUMSTANCES = st.dictionaries(SHORT, LONG, max_size=3).map(
    lambda said: msgspec.json.encode(said, order="sorted").decode() if said else ""
)
DEVICE_TIMES = st.datetimes().map(lambda moment: moment.isoformat())


def may_fail(flags: tuple[str, ...]) -> bool:
    """Whether a value with these flags may be missing."""
    return not {"invalid", "not-available"}.isdisjoint(flags)


def decimals(row: Metric) -> st.SearchStrategy[str]:
    """Any decimal text that validation lets through, with up to four decimals."""
    low, high = row.possible

    def texts(places: int) -> st.SearchStrategy[str]:
        lowest, highest = (int(end.scaleb(places)) for end in (low, high))
        return st.integers(lowest + 1, highest).map(lambda n: f"{Decimal(n).scaleb(-places):f}")

    return st.integers(0, 0 if row.whole else 4).flatmap(texts)


@st.composite
def records(draw: st.DrawFn) -> Record:
    about = draw(st.sampled_from(OBSERVABLES))
    row = observed(about)
    aliases = row.components if isinstance(row, Panel) else (about,)
    flags = draw(FLAGS)
    texts: dict[str, str | None] = {alias: draw(decimals(metric(alias))) for alias in aliases}
    if "systolic" in texts:
        assert texts["systolic"] is not None
        low = metric("diastolic").possible[0]
        texts["diastolic"] = str(draw(st.integers(int(low), 100)))
        texts["systolic"] = str(draw(st.integers(101, 400)))
        if draw(st.booleans()):
            texts.pop("mean_pressure")
    each = {alias: draw(FLAGS) for alias in texts} if isinstance(row, Panel) else {}
    texts = {
        alias: draw(st.sampled_from([text, None]))
        if may_fail((*flags, *each.get(alias, ())))
        else text
        for alias, text in texts.items()
    }
    pair = draw(st.none() | st.tuples(MOMENTS, MOMENTS))
    record = stored(
        about,
        texts,
        circumstances=draw(CIRCUMSTANCES),
        flags=flags,
        each=each,
        measured_ms=draw(MOMENTS),
        offset_min=draw(OFFSETS),
        device_time=draw(DEVICE_TIMES),
        device=draw(SHORT),
        gateway=draw(SHORT),
        part=draw(st.integers(0, 63)),
        boot=draw(LONG),
        model=draw(LONG),
        firmware=draw(LONG),
        slot=draw(st.integers(1, 99)),
        transferred_by=draw(st.sampled_from(get_args(TransferredBy))),
        location=draw(st.sampled_from(get_args(Location))),
        clock_sync=draw(st.text(LETTERS, max_size=64)),
        clock_device_ms=pair[0] if pair else None,
        clock_gateway_ms=pair[1] if pair else None,
        received_ms=draw(MOMENTS),
        seq=draw(st.integers(0, 2**53)),
        version=draw(st.integers(1, 2**31)),
        scheduled=draw(st.booleans()),
        conflict=draw(st.booleans()),
    )
    return twin_of(record) if draw(st.booleans()) else record


def read(xml: bytes) -> Document:
    found = read_phmr(xml)
    assert isinstance(found, Document), found
    return found


def entries(found: Document) -> list[Entry]:
    return [part for one in found.sections for part in one.parts if isinstance(part, Entry)]


def by_id(found: list[Any]) -> list[Any]:
    return sorted(found, key=lambda record: record.id)


@settings(max_examples=100, deadline=None)
@given(st.lists(records(), max_size=4, unique_by=lambda record: record.id))
def test_any_records_come_back_exactly(given_records: list[Record]) -> None:
    written = document(*given_records)
    ids = [one.ids[0].extension for entry in entries(written) for one in entry.observations]
    assert len(set(ids)) == len(ids)
    back = read(render_phmr(written))
    assert back == written
    assert render_phmr(back) == render_phmr(written)
    assert by_id(records_from(back, HISTORY)) == by_id(given_records)


def test_every_sample_record_comes_back_exactly() -> None:
    ours = [record for record in CASES.values() if record.citizen]
    for record in ours:
        assert records_from(read(render_phmr(document(record))), HISTORY) == [record]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_the_decimal_text_survives_the_unit(data: st.DataObject) -> None:
    row = metric(data.draw(st.sampled_from(["spo2", "fev1_fvc", "weight", "systolic"])))
    text = data.draw(decimals(row))
    there = moved(text, row.phmr.shift)
    back = units_of(row)[row.phmr.unit]
    assert respelled(there) == there
    assert moved(there, back) == text
    assert Decimal(there) == Decimal(text).scaleb(row.phmr.shift)


def test_what_the_digits_say_is_kept() -> None:
    said = {"36.50": "36.50", "97.0": "0.970", "97.5": "0.975", "97": "0.97", "100": "1.00"}
    for text, there in said.items():
        about = "weight" if text == "36.50" else "spo2"
        written = document(stored(about, {about: text}))
        (entry,) = entries(written)
        assert entry.observations[0].value == there
        (record,) = records_from(read(render_phmr(written)), HISTORY)
        assert isinstance(record, Record)
        assert record.values == (text,)
