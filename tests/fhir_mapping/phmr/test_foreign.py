"""Documents from elsewhere become records by the mapping that `recover` documents."""

from typing import Any

import msgspec
import pytest

from fhir_mapping.phmr import Document, Refusal, read_phmr, records_from
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import HISTORY

METHODS = "POT AUT"


def said(record: Record) -> dict[str, str]:
    """What stands beside the value, but for the number of the observation."""
    texts: dict[str, str] = msgspec.json.decode(record.circumstances)
    texts.pop("source")
    return texts


NPU, MCS, MDC = "1.2.208.176.2.1", "1.2.208.184.100.8", "2.16.840.1.113883.6.24"
LOINC = "2.16.840.1.113883.6.1"


def observation(
    code: str,
    value: str,
    *,
    system: str = NPU,
    methods: str = METHODS,
    id_: str = "o-1",
    more: str = "",
    second: str = "",
) -> str:
    said = "".join(
        f'<methodCode code="{m}" codeSystem="1.2.208.184.100.1"/>' for m in methods.split()
    )
    return f"""<component><observation classCode="OBS" moodCode="EVN">
      <id root="1.2.208.184" extension="{id_}"/>
      <code nullFlavor="NI"><translation code="{code}" codeSystem="{system}"/>{second}</code>
      <value xsi:type="PQ" {value}/>{said}{more}</observation></component>"""


def organizer(*observations: str, time: str = "20140106080200+0100") -> str:
    return f"""<entry><organizer classCode="CLUSTER" moodCode="EVN"><statusCode code="Completed"/>
      <effectiveTime value="{time}"/>{"".join(observations)}</organizer></entry>"""


def document(*entries: str, equipment: str = "") -> Document:
    xml = f"""<ClinicalDocument xmlns="urn:hl7-org:v3"
      xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
      <templateId root="2.16.840.1.113883.10.20.9"/><id root="1.2.208.184" extension="d-1"/>
      <recordTarget><patientRole><id root="1.2.208.176.1.2" extension="6101010000"/></patientRole>
      </recordTarget><component><structuredBody>
      <component><section><code code="8716-3"/>{"".join(entries)}</section></component>
      <component><section><code code="46264-8"/>{equipment}</section></component>
      </structuredBody></component></ClinicalDocument>"""
    found = read_phmr(xml.encode())
    assert isinstance(found, Document), found
    return found


def one(*observations: str, **more: Any) -> Record:
    (record,) = records_from(document(organizer(*observations, **more)), HISTORY)
    assert isinstance(record, Record), record
    return record


def refused(*observations: str, **more: Any) -> Refusal:
    """Why nothing of this is taken: one reason, at each observation that it concerns."""
    refusals = records_from(document(organizer(*observations, **more)), HISTORY)
    assert all(isinstance(refusal, Refusal) for refusal in refusals), refusals
    refusal = refusals[0]
    assert isinstance(refusal, Refusal)
    assert {one.limit for one in refusals if isinstance(one, Refusal)} == {refusal.limit}
    return refusal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('value="0.97" unit="NA"', "97"),
        ('value=".92" unit="NA"', "92"),
        ('value="0.970" unit="1"', "97.0"),
        ('value="0.97"', "97"),
        ('value="97" unit="%"', "97"),
        ('value="97.5" unit="%"', "97.5"),
    ],
)
def test_the_unit_says_whether_a_saturation_is_a_fraction(value: str, text: str) -> None:
    assert one(observation("NPU03011", value)).values == (text,)


@pytest.mark.parametrize("value", ['value="97" unit="NA"', 'value="97"', 'value="0.97" unit="%"'])
def test_a_saturation_in_the_wrong_unit_is_never_guessed_at(value: str) -> None:
    refusal = refused(observation("NPU03011", value))
    assert refusal.element.endswith("value/@value")
    assert "possible is 1 to 100 %" in refusal.detail


@pytest.mark.parametrize(
    ("code", "system", "unit", "about", "text"),
    [
        ("NPU03804", NPU, "kg", "weight", "74.5"),
        ("NPU03804", NPU, "g", "weight", "0.0745"),
        ("MCS88015", MCS, "L", "fev1", "74.5"),
        ("188736", MDC, "kg", "weight", "74.5"),
        ("MCS88023", MCS, "%", "fev1_percent_predicted", "74.5"),
        ("NPU21692", NPU, "1/min", "pulse_oximeter", "74.5"),
        ("149546", MDC, "/min", "pulse_cuff", "74.5"),
    ],
)
def test_the_codes_of_the_catalogue_are_known(
    code: str, system: str, unit: str, about: str, text: str
) -> None:
    found = records_from(
        document(organizer(observation(code, f'value="74.5" unit="{unit}"', system=system))),
        HISTORY,
    )
    (item,) = found
    if isinstance(item, Refusal):
        assert text in item.value
    else:
        assert (item.about, item.values) == (about, (text,)) or code == "MCS88015"


@pytest.mark.parametrize(
    ("codes", "system"),
    [(("DNK05472", "DNK05473"), NPU), (("MCS88019", "MCS88020"), MCS)],
)
def test_a_blood_pressure_is_one_record(codes: tuple[str, str], system: str) -> None:
    parts = [
        observation(codes[1], 'value="82" unit="mmHg"', system=system, id_="o-2"),
        observation(codes[0], 'value="134" unit="mm[Hg]"', system=system),
    ]
    record = one(*parts)
    assert (record.about, record.values) == ("blood_pressure", ("134", "82", None))
    assert record.device_time == "2014-01-06T08:02:00"
    device_time_ms = record.measured_ms + 60 * 60_000
    assert record.identity[:6] == device_time_ms.to_bytes(6, "big")


def test_a_blood_pressure_is_measured_one_way_and_keeps_every_comment() -> None:
    def part(code: str, value: str, said: str, methods: str = METHODS) -> str:
        more = (
            '<entryRelationship typeCode="SUBJ"><act><code code="48767-8" '
            f'codeSystem="2.16.840.1.113883.6.1"/><text>{said}</text></act></entryRelationship>'
        )
        return observation(
            code, f'value="{value}" unit="mmHg"', more=more, methods=methods, id_=code
        )

    record = one(part("DNK05472", "134", "a"), part("DNK05473", "82", "b"))
    assert said(record) == {"comment": "a\nb"}
    refusal = refused(part("DNK05472", "134", "a"), part("DNK05473", "82", "b", "POT TPD"))
    assert refusal.value == "automatic home / typed home"


def test_a_pulse_beside_a_blood_pressure_is_the_cuffs() -> None:
    found = records_from(
        document(
            organizer(
                observation("DNK05472", 'value="134" unit="mmHg"'),
                observation("NPU21692", 'value="70" unit="1/min"', id_="o-3"),
                observation("DNK05473", 'value="82" unit="mmHg"', id_="o-2"),
            )
        ),
        HISTORY,
    )
    assert [(item.about, item.values) for item in found if isinstance(item, Record)] == [
        ("blood_pressure", ("134", "82", None)),
        ("pulse_cuff", ("70",)),
    ]


def test_half_a_blood_pressure_or_one_upside_down_is_refused() -> None:
    half = refused(observation("DNK05472", 'value="134" unit="mmHg"'))
    assert "diastolic is missing" in half.detail
    upside = refused(
        observation("DNK05472", 'value="80" unit="mmHg"'),
        observation("DNK05473", 'value="120" unit="mmHg"'),
    )
    assert "80/120" in upside.detail
    twice = refused(
        observation("DNK05472", 'value="134" unit="mmHg"'),
        observation("MCS88019", 'value="135" unit="mmHg"', system=MCS),
        observation("DNK05473", 'value="82" unit="mmHg"'),
    )
    assert "stands twice" in twice.detail


def test_codes_that_contradict_or_are_unknown_are_refused() -> None:
    second = f'<translation code="150456" codeSystem="{MDC}"/>'
    assert (
        "different"
        in refused(observation("NPU03804", 'value="74" unit="kg"', second=second)).detail
    )
    assert "NPU19748" in refused(observation("NPU19748", 'value="7" unit="mg/L"')).detail
    assert "NPU03804" in refused(observation("NPU03804", 'value="7" unit="kg"', system=MDC)).detail


@pytest.mark.parametrize(
    ("methods", "transferred_by", "kept"),
    [
        ("POT AUT", "automatic", {}),
        ("AUT POT", "automatic", {"methods": "AUT POT"}),
        ("POT TPD", "typed", {}),
        ("PNT TPH", "typedbyhcprof", {}),
        ("PCG TPC", "typed", {"methods": "PCG TPC"}),
        ("POT TPR", "typed", {"methods": "POT TPR"}),
        ("PNT AUT", "automatic", {"methods": "PNT AUT"}),
    ],
)
def test_methods_become_kihs_three_words(
    methods: str, transferred_by: str, kept: dict[str, str]
) -> None:
    record = one(observation("NPU03804", 'value="74" unit="kg"', methods=methods))
    assert (record.transferred_by, said(record)) == (transferred_by, kept)


@pytest.mark.parametrize(
    ("methods", "transferred_by"),
    [("", "typed"), ("POT", "typed"), ("PNT", "typedbyhcprof"), ("AUT", "automatic")],
)
def test_without_a_method_what_has_no_device_was_typed(methods: str, transferred_by: str) -> None:
    record = one(observation("NPU03804", 'value="74" unit="kg"', methods=methods))
    assert record.transferred_by == transferred_by


@pytest.mark.parametrize("methods", ["POT AUT TPD", "POT PNT AUT"])
def test_methods_that_contradict_are_refused(methods: str) -> None:
    refusal = refused(observation("NPU03804", 'value="74" unit="kg"', methods=methods))
    assert refusal.element.endswith("methodCode/@code")


@pytest.mark.parametrize(
    ("flavor", "flag"), [("NAV", "not-available"), ("UNK", "invalid"), ("NI", "invalid")]
)
def test_a_null_flavour_is_a_failed_measurement(flavor: str, flag: str) -> None:
    record = one(observation("NPU03804", f'nullFlavor="{flavor}" unit="kg"'))
    assert (record.values, record.flags) == ((None,), (flag,))


@pytest.mark.parametrize(
    ("time", "measured_ms", "offset_min"),
    [
        ("20140106080200+0100", 1_388_991_720_000, 60),
        ("201401060802+0100", 1_388_991_720_000, 60),
        ("20140106080200.5-0330", 1_389_007_920_500, 60),
    ],
)
def test_a_time_has_a_zone(time: str, measured_ms: int, offset_min: int) -> None:
    record = one(observation("NPU03804", 'value="74" unit="kg"'), time=time)
    assert (record.measured_ms, record.offset_min) == (measured_ms, offset_min)
    shown = "2014-01-06T12:32:00" if "-0330" in time else "2014-01-06T08:02:00"
    assert record.device_time == shown


@pytest.mark.parametrize(
    "time", ["", "20140106", "20140106080200", "20140106080200Z", "x+0100", "201401060802.5+0100"]
)
def test_a_time_without_zone_is_refused(time: str) -> None:
    refusal = refused(observation("NPU03804", 'value="74" unit="kg"'), time=time)
    assert refusal.element.endswith("effectiveTime/@value")


@pytest.mark.parametrize(("status", "taken"), [("Completed", True), ("aborted", False)])
def test_a_status_is_completed_however_written(status: str, taken: bool) -> None:
    more = f'<statusCode code="{status}"/>'
    (found,) = records_from(
        document(organizer(observation("NPU03804", 'value="74" unit="kg"', more=more))), HISTORY
    )
    assert isinstance(found, Record) == taken


def test_a_comment_is_kept_and_the_only_device_is_the_device() -> None:
    comment = (
        '<entryRelationship typeCode="SUBJ"><act><code code="48767-8" '
        'codeSystem="2.16.840.1.113883.6.1"/><text>efter trappe</text></act></entryRelationship>'
    )
    equipment = """<entry><organizer><participant><participantRole>
      <id root="1.2.208.184.100.3" extension="MCI00005"/><playingDevice><code code="528388"
      codeSystem="2.16.840.1.113883.6.24"/><manufacturerModelName>Nonin</manufacturerModelName>
      <softwareName>SW 1</softwareName></playingDevice></participantRole></participant>
      </organizer></entry>"""
    weight = observation("NPU03804", 'value="74" unit="kg"', more=comment)
    (record,) = records_from(document(organizer(weight), equipment=equipment), HISTORY)
    assert isinstance(record, Record)
    assert said(record) == {"comment": "efter trappe"}
    assert (record.device, record.device_type, record.model, record.firmware) == (
        "MCI00005",
        "528399",
        "Nonin",
        "SW 1",
    )
    (record,) = records_from(document(organizer(weight), equipment=equipment * 2), HISTORY)
    assert isinstance(record, Record)
    assert record.device == "unknown"
    participant = equipment[equipment.index("<participant>") : equipment.index("</organizer>")]
    both = equipment.replace(participant, participant * 2)
    (record,) = records_from(document(organizer(weight), equipment=both), HISTORY)
    assert isinstance(record, Record)
    assert record.device == "unknown"
    assert record.citizen is None


def test_what_is_no_organizer_of_observations_is_refused() -> None:
    bare = '<entry><observation classCode="OBS"/></entry>'
    nested = organizer("<component><organizer/></component>")
    weight = organizer(observation("NPU03804", 'value="74" unit="kg"'))
    found = records_from(document(bare, nested, weight), HISTORY)
    details = [item.detail for item in found if isinstance(item, Refusal)]
    assert len(found) == 3
    assert len(details) == 2
    assert "section[8716-3]/entry[1]/organizer/component is 'organizer'" in details[0]
    assert "section[8716-3]/entry is 'observation'" in details[1]
