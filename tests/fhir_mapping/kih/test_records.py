"""Our own records: there and back, to the letter; and nothing tampered with gets through."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.catalogue import DEVICE_TYPES, METRICS, metric
from devices.reading import Reading, Value
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.kih.dataset import CitizenMonitoringDataset, LaboratoryReport, Sample
from fhir_mapping.kih.read import read_dataset
from fhir_mapping.kih.records import records_from
from fhir_mapping.kih.reports import dataset_of, reports_of, shifted
from fhir_mapping.kih.taken import Taken
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record, records_of, twin_of
from tests.fhir_mapping.cases import CASES, HISTORY, READING, stored
from tests.fhir_mapping.kih.cases import CITIZEN, ORGANISATION, SCALE, alone, check_schema

_FLAGS = (
    "questionable",
    "calibration-ongoing",
    "test-data",
    "demo-data",
    "validated-data",
    "early-estimate",
)
_NO_VALUE = ("invalid", "not-available")
_free = st.text(max_size=12) | st.text(' ;|:"\\\n\t\x00]>&<\U0001f9ea', max_size=8)
_names = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"], exclude_characters="/"),
    min_size=1,
    max_size=12,
) | st.sampled_from(["60:64:05:FF:FE:CF:C6:04", "gård 7", "a; b | c"])
_ms = st.integers(1_420_070_400_000, 4_102_444_800_000)
_any_clock = st.none() | _ms | st.integers(-62_135_700_000_000, 253_402_300_800_000)
_circumstances = st.dictionaries(_free.filter(bool), _free, max_size=3).map(
    lambda said: msgspec.json.encode(said, order="sorted").decode() if said else ""
)


@st.composite
def _texts(draw: st.DrawFn, alias: str) -> str:
    """A decimal text of at most twelve characters that the metric can have."""
    low, high = metric(alias).possible
    decimals = 0 if metric(alias).whole else draw(st.integers(0, 5))
    number = draw(
        st.decimals(low, high, places=decimals, allow_nan=False, allow_infinity=False).filter(bool)
    )
    return f"{number:f}"


_own_flags = st.lists(st.sampled_from((*_FLAGS, *_NO_VALUE)), unique=True, max_size=2)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record as ingest and store make it."""
    kind = draw(st.sampled_from(DEVICE_TYPES))
    alias = draw(st.sampled_from(sorted(kind.metrics)))
    panel = metric(alias).panel
    aliases = [alias]
    if panel:
        mean = draw(st.sampled_from([(), ("mean_pressure",)]))
        aliases = ["systolic", "diastolic", *mean]
    flags = draw(st.lists(st.sampled_from(_FLAGS), unique=True, max_size=3))
    own = [draw(_own_flags) if panel else [] for _ in aliases]
    texts: list[str | None] = [draw(_texts(alias)) for alias in aliases]
    if panel:
        texts[:2] = ["300.50", texts[1]]
    if draw(st.integers(0, 3)) == 0:
        flags.append(draw(st.sampled_from(_NO_VALUE)))
        if draw(st.booleans()):
            texts[draw(st.integers(0, len(texts) - 1))] = None
    circumstances = draw(_circumstances)
    reading = Reading(
        message_id="",
        message_seq=0,
        tenant="t",
        part=draw(st.integers(0, 63)),
        gateway=draw(_names),
        device=draw(_names),
        device_type=kind.mdc,
        model=draw(_free),
        firmware=draw(_free),
        slot=draw(st.integers(1, 99)),
        boot=draw(_free),
        device_time=draw(st.datetimes()).isoformat(),
        measured_ms=draw(_ms),
        offset_min=draw(st.integers(-1439, 1439) | st.sampled_from([0, 60, 120])),
        clock_sync=draw(_free),
        clock_device_ms=draw(_any_clock),
        clock_gateway_ms=draw(_any_clock),
        transferred_by=draw(st.sampled_from(["automatic", "typed", "typedbyhcprof"])),
        location=draw(st.sampled_from(["home", "institution"])),
        values=tuple(
            Value(metric(alias), text, circumstances, tuple(dict.fromkeys((*flags, *beside))))
            for alias, text, beside in zip(aliases, texts, own, strict=True)
        ),
    )
    (record,) = records_of(reading)
    if draw(st.integers(0, 4)) == 0:
        record = twin_of(record)
    return msgspec.structs.replace(
        record,
        version=draw(st.integers(1, 4)),
        citizen=draw(st.sampled_from([None, "citizen-1"])),
        received_ms=draw(_ms),
        scheduled=draw(st.booleans()),
        conflict=record.conflict or draw(st.booleans()),
        id=record.id if draw(st.booleans()) else bytes(6) + record.id[6:],
    )


def back(record: Record) -> Taken:
    return records_from(read_dataset(render_dataset(alone(record))), HISTORY, record.citizen)


@settings(deadline=None)
@given(records())
def test_any_record_comes_back_the_same_from_a_valid_document(record: Record) -> None:
    check_schema(render_dataset(alone(record)))
    again = back(record)
    assert (again.records, again.remarks, again.rejections) == ([record], [], [])


@pytest.mark.parametrize("name", CASES)
def test_every_case_comes_back_and_renders_the_same(name: str) -> None:
    (record,) = back(CASES[name]).records
    assert record == msgspec.structs.replace(CASES[name], seq=0)
    assert render_observation(record) == render_observation(CASES[name])


@settings(deadline=None)
@given(st.lists(records(), max_size=6, unique_by=lambda record: record.id))
def test_many_records_come_back_in_order_and_share_no_uuid(given: list[Record]) -> None:
    ours = [msgspec.structs.replace(record, citizen="citizen-1") for record in given]
    dataset = dataset_of(CITIZEN, ours, ORGANISATION)
    taken = records_from(read_dataset(render_dataset(dataset)), HISTORY, "citizen-1")
    assert sorted(taken.records, key=lambda one: one.id) == sorted(ours, key=lambda one: one.id)
    assert len({report.uuid for report in dataset.reports}) == len(dataset.reports)


def test_components_have_ids_of_their_own_and_keep_the_time() -> None:
    record = stored("blood_pressure")
    uuids = [report.uuid for report in reports_of(record)]
    assert len({*uuids, id_text(record.id)}) == 4
    for uuid in uuids:
        raw = id_bytes(uuid)
        assert raw is not None
        assert raw[:6] == record.id[:6]
        assert raw[6] >> 4 == 8
        assert raw[8] >> 6 == 2
    assert [report.uuid for report in reports_of(record)] == uuids


def test_a_single_metric_has_the_id_of_its_observation() -> None:
    (report,) = reports_of(stored("weight"))
    assert report.uuid == id_text(stored("weight").id)


def test_a_record_says_what_it_is_in_the_words_of_kih() -> None:
    (report,) = reports_of(stored("spo2", transferred_by="typedbyhcprof", scheduled=True), "Nonin")
    assert (report.analysis, report.result, report.unit, report.iupac) == (
        "ILTMÆTNING",
        "93",
        "%",
        "NPU03011",
    )
    assert (report.producer.code, report.scheduled) == ("PNT", "scheduled")
    assert report.instrument is not None
    assert report.instrument.manufacturer == "Nonin"
    assert report.instrument.product_type == "Iltmåler (MDC 528388)"


def test_the_two_blood_pressures_have_their_danish_codes_and_the_mean_its_own() -> None:
    codes = [report.iupac for report in reports_of(stored("blood_pressure"))]
    assert codes == ["DNK05472", "DNK05473", "MDC150023"]


def test_what_the_device_calls_invalid_is_no_result_but_travels_along() -> None:
    (report,) = reports_of(CASES["spo2-withheld"])
    assert (report.result, report.encoding) == ("Ingen gyldig måling", "alphanumeric")
    assert "Værdi: 71" in (report.circumstances or "")


def test_test_data_are_not_clinical() -> None:
    assert reports_of(CASES["weight-test-data"])[0].classification == "notclinical"
    assert reports_of(CASES["weight"])[0].classification == "clinical"


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,5})?", fullmatch=True), st.integers(-4, -1))
def test_a_smaller_power_of_ten_and_back_loses_no_digit(text: str, shift: int) -> None:
    assert shifted(shifted(text, shift), -shift) == text


@pytest.mark.parametrize("phone", ["12345678", "+45 12 34 56 78", "004512345678"])
def test_a_danish_phone_number_stands_in_the_document(phone: str) -> None:
    citizen = msgspec.structs.replace(CITIZEN, phone=phone)
    assert dataset_of(citizen, [], ORGANISATION).citizen.phone == "12345678"


@pytest.mark.parametrize("phone", ["", "1234567", "+46 12345678"])
def test_any_other_phone_number_does_not(phone: str) -> None:
    citizen = msgspec.structs.replace(CITIZEN, phone=phone)
    assert dataset_of(citizen, [], ORGANISATION).citizen.phone is None


def test_nobody_elses_record_gets_into_a_dataset() -> None:
    for citizen in (None, "citizen-2"):
        with pytest.raises(ValueError, match="citizen-1"):
            dataset_of(CITIZEN, [stored("weight", citizen=citizen)], ORGANISATION)


def test_a_clock_that_stands_at_1970_is_told() -> None:
    record = stored("weight", clock_device_ms=0, clock_gateway_ms=0)
    assert back(record).records == [msgspec.structs.replace(record, seq=0)]


def test_one_act_is_one_sample() -> None:
    records = [stored("spo2"), stored("weight", device=SCALE.id, slot=2), stored("pulse_oximeter")]
    dataset = dataset_of(CITIZEN, records, ORGANISATION, {SCALE.id: SCALE})
    assert [len(sample.reports) for sample in dataset.samples or ()] == [2, 1]


def changed(record: Record, place: int = 0, **changes: Any) -> Taken:
    """What becomes of the record when one of its reports is changed on the way."""
    dataset = alone(record)
    reports = list(dataset.reports)
    reports[place] = msgspec.structs.replace(reports[place], **changes)
    return _taken(dataset, reports)


def _taken(dataset: CitizenMonitoringDataset, reports: list[LaboratoryReport]) -> Taken:
    return records_from(
        CitizenMonitoringDataset(dataset.citizen, (Sample(tuple(reports), ""),)), HISTORY
    )


TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "uuid": ({"uuid": "019c6f71-bdf0-8315-ad9d-8b6ce72eedbb"}, "UuidIdentifier"),
    "code": ({"iupac": "NPU21692"}, "IupacIdentifier"),
    "unit": ({"unit": "g"}, "ResultUnitText"),
    "no number": ({"result": '1"},{"x":"'}, "ResultText"),
    "decimal comma": ({"result": "74,0"}, "ResultText"),
    "too long": ({"result": "74.0000000000"}, "ResultText"),
    "impossible": ({"result": "740"}, "ResultText"),
    "text for a number": ({"encoding": "alphanumeric"}, "ResultText"),
    "bound": ({"operator": "less_than"}, "ResultOperatorIdentifier"),
    "time without a zone": ({"created": "2026-02-18T07:30:51"}, "CreatedDateTime"),
    "no day": ({"created": "2026-02-30T07:30:51Z"}, "CreatedDateTime"),
    "a year of no calendar": ({"created": "9999-12-31T23:59:59-01:00"}, "CreatedDateTime"),
    "no device type": ({"instrument": None}, "ProductType"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_does_not_add_up_is_refused(name: str) -> None:
    changes, element = TAMPERED[name]
    taken = changed(stored("weight"), **changes)
    assert taken.records == []
    assert [rejection.element for rejection in taken.rejections] == [element]
    assert all(rejection.limit for rejection in taken.rejections)


WORDS = {
    "device": ("Enhed: 0", "Enhed: 1"),
    "slot": ("Plads: 1", "Plads: 2"),
    "slot that is none": ("Plads: 1", "Plads: 0"),
    "slot in other digits": ("Plads: 1", "Plads: \N{ARABIC-INDIC DIGIT ONE}"),
    "no time": ("Enhedens tid: 2026", "Enhedens tid: i dag 2026"),
    "time with a zone": ("T07:29:40;", "T07:29:40Z;"),
    "code": ("Kode: 188736", "Kode: 150456"),
    "id": ("Måling: 0", "Måling: 1"),
    "no id": ("Måling: 0", "Måling: x"),
    "fact missing": ("Gateway: gw-0001; ", ""),
    "fact unknown": ("Plads", "Ny: x; Plads"),
    "flag unknown": ("Opstart: b3", "Opstart: b3; Status: great"),
    "not said yes": ("Opstart: b3", "Opstart: b3; Modstridende: nej"),
    "topic in a name": ("Gateway: gw-0001", "Gateway: gw/0001"),
    "circumstances": ("Hjemmepuls/1", "Hjemmepuls/1 | arm: venstre"),
    "signature out of place": ("Hjemmepuls/1", "set: ja | Hjemmepuls/1"),
    "a value besides": ("Opstart: b3", "Opstart: b3; Værdi: 75.0"),
    "cut off": ("T07:29:58; ", "T07:"),
    "received out of reach": ("Modtaget: 2026", "Modtaget: 9999"),
    "received at no time": ("Modtaget: 2026-02-18T06:31:09.500Z", "Modtaget: 7 ms"),
    "clock out of reach": ("Enhedens ur: 2026-02-18T07:29:58", f"Enhedens ur: {'9' * 20} ms"),
    "offset said otherwise": ("Opstart: b3", "Opstart: b3; Tidszone, minutter: 60"),
}


@pytest.mark.parametrize("name", WORDS)
def test_changed_words_are_refused(name: str) -> None:
    old, new = WORDS[name]
    (report,) = reports_of(stored("weight"))
    text = report.circumstances or ""
    assert old in text
    taken = changed(stored("weight"), circumstances=text.replace(old, new))
    assert taken.records == []
    assert len(taken.rejections) == 1


@pytest.mark.parametrize(
    "words", [("Opstart: b3", "Opstart: b4"), ("Enhedens tid: 2026", "Enhedens tid: 2025")]
)
def test_another_spelling_of_boot_or_device_time_is_the_same_observation(
    words: tuple[str, str],
) -> None:
    """The store finds it by its id, which is of the instant."""
    (report,) = reports_of(stored("weight"))
    text = (report.circumstances or "").replace(*words)
    (record,) = changed(stored("weight"), circumstances=text).records
    assert record.id == stored("weight").id
    assert record.identity != stored("weight").identity


def test_a_blood_pressure_is_whole_or_refused() -> None:
    dataset = alone(stored("blood_pressure"))
    systolic, diastolic, mean = dataset.reports
    assert len(_taken(dataset, [mean, diastolic, systolic]).records) == 1
    assert _taken(dataset, [systolic, diastolic]).records[0].values == ("134", "82", None)
    assert len(_taken(dataset, [systolic, mean]).rejections) == 2
    late = msgspec.structs.replace(diastolic, created="2026-02-18T07:30:52Z")
    assert len(_taken(dataset, [systolic, late]).rejections) == 2
    high = msgspec.structs.replace(diastolic, result="134")
    assert len(_taken(dataset, [systolic, high]).rejections) == 2


@pytest.mark.parametrize("field", ["boot", "model", "firmware", "clock_sync"])
def test_a_text_longer_than_any_device_says_is_refused(field: str) -> None:
    """Its own identity bears it out; but no device of ours could have sent it."""
    (sound,) = records_of(msgspec.structs.replace(SAID, **{field: "b" * 64}))
    (record,) = records_of(msgspec.structs.replace(SAID, **{field: "b" * 129}))
    assert back(msgspec.structs.replace(sound, citizen=CITIZEN.id)).rejections == []
    taken = back(msgspec.structs.replace(record, citizen=CITIZEN.id))
    assert taken.records == []
    assert [rejection.element for rejection in taken.rejections] == ["MeasuringCircumstances"]


def test_a_report_that_stands_twice_is_taken_once() -> None:
    dataset = alone(stored("weight"))
    taken = _taken(dataset, [*dataset.reports, *dataset.reports])
    assert len(taken.records) == 1
    assert [rejection.element for rejection in taken.rejections] == ["UuidIdentifier"]


SAID = msgspec.structs.replace(READING, values=(Value(metric("spo2"), "93", "", ()),))


def test_every_metric_of_the_catalogue_has_words_that_lead_back_to_it() -> None:
    assert {row.alias for row in METRICS if row.kih.name and row.kih.unit} == {
        row.alias for row in METRICS
    }
    assert READING.values == ()
