"""What stands in several entries, under several codes, or beside the value, of others' reports."""

import pytest

from fhir_mapping.phmr import Refusal, records_from
from fhir_mapping.record import Record
from tests.fhir_mapping.cases import HISTORY
from tests.fhir_mapping.phmr.test_foreign import (
    LOINC,
    MCS,
    MDC,
    NPU,
    document,
    observation,
    one,
    organizer,
    said,
)


def test_two_values_at_one_second_have_one_identity_whatever_their_numbers() -> None:
    """The store tells what is the same and what contradicts."""
    entries = [
        organizer(observation("NPU03804", f'value="{value}" unit="kg"', id_=number))
        for number, value in (("a", "74"), ("b", "75"), ("c", "74"))
    ]
    records = [item for item in found_in(*entries) if isinstance(item, Record)]
    assert [record.values for record in records] == [("74",), ("75",), ("74",)]
    assert len({record.identity for record in records}) == 1


def found_in(*entries: str) -> list[Record | Refusal]:
    return records_from(document(*entries), HISTORY)


def test_the_ends_of_a_pressure_join_over_organizers_of_one_device_and_time() -> None:
    systolic = organizer(observation("DNK05472", 'value="134" unit="mmHg"'))
    diastolic = organizer(observation("DNK05473", 'value="82" unit="mmHg"'))
    pulse = organizer(observation("NPU21692", 'value="70" unit="1/min"'))
    (pressure, beat) = found_in(diastolic, pulse, systolic)
    assert isinstance(pressure, Record)
    assert isinstance(beat, Record)
    assert pressure.values == ("134", "82", None)
    assert (beat.about, beat.device_type) == ("pulse_cuff", "528391")
    other = diastolic.replace("20140106080200", "20140106080300")
    assert all(isinstance(item, Refusal) for item in found_in(systolic, other))


def test_two_whole_pressures_of_one_minute_stay_two() -> None:
    def pressure(high: str, low: str) -> str:
        return organizer(
            observation("DNK05472", f'value="{high}" unit="mmHg"'),
            observation("DNK05473", f'value="{low}" unit="mmHg"'),
        )

    found = found_in(pressure("134", "82"), pressure("128", "80"))
    values = [item.values for item in found if isinstance(item, Record)]
    assert values == [("134", "82", None), ("128", "80", None)]


def test_a_mean_alone_is_a_value_and_joins_a_pressure_beside_it() -> None:
    mean = observation("150023", 'value="97" unit="mmHg"', system=MDC)
    assert one(mean).values == (None, None, "97")
    (joined,) = found_in(
        organizer(
            observation("DNK05472", 'value="134" unit="mmHg"'),
            observation("DNK05473", 'value="82" unit="mmHg"'),
        ),
        organizer(mean),
    )
    assert isinstance(joined, Record)
    assert joined.values == ("134", "82", "97")


@pytest.mark.parametrize(
    ("code", "system", "value", "about", "text"),
    [
        ("NPU03804", MCS, 'value="74.5" unit="Kg"', "weight", "74.5"),
        ("MCS88015", NPU, 'value="1.32" unit="Liter"', "fev1", "1.32"),
        ("NPU27280", NPU, 'value="0.97" unit="1"', "spo2", "97"),
        ("NPU03011", NPU, 'value="97" unit="procent"', "spo2", "97"),
        ("NPU21692", NPU, 'value="70" unit="Slag/min"', "pulse_oximeter", "70"),
        ("NPU21692", NPU, 'value="70" unit="x 1/min"', "pulse_oximeter", "70"),
        ("29463-7", LOINC, 'value="74.5" unit="kg"', "weight", "74.5"),
        ("2708-6", LOINC, 'value="97" unit="%"', "spo2", "97"),
        ("59408-5", LOINC, 'value="97" unit="%"', "spo2", "97"),
        ("8867-4", LOINC, 'value="70" unit="/min"', "pulse_oximeter", "70"),
        ("20150-9", LOINC, 'value="1.32" unit="L"', "fev1", "1.32"),
    ],
)
def test_what_kih_reads_phmr_reads(
    code: str, system: str, value: str, about: str, text: str
) -> None:
    record = one(observation(code, value, system=system))
    assert (record.about, record.values) == (about, (text,))


def test_what_is_known_beside_the_value_is_kept() -> None:
    more = """<interpretationCode code="H"/><targetSiteCode code="1" displayName="Højre arm"/>
      <performer><assignedEntity><id extension="241301000016007"/><representedOrganization>
      <name>Afdeling B</name></representedOrganization></assignedEntity></performer>
      <referenceRange><observationRange><code code="RAL"/><value><low value="85" unit="%"/></value>
      </observationRange></referenceRange><referenceRange><observationRange><value>
      <low value="92"/><high value="100"/></value></observationRange></referenceRange>"""
    record = one(observation("NPU03011", 'value="97" unit="%"', more=more))
    assert said(record) == {
        "abnormal": "H",
        "body-site": "Højre arm",
        "performer": "Afdeling B",
        "RAL": "85.. %",
        "minimum": "92",
        "maximum": "100",
    }
    plain = one(observation("NPU03011", 'value="97" unit="%"', id_="other"))
    assert (plain.identity, plain.id) == (record.identity, record.id)


def test_the_time_may_stand_at_the_observation_or_begin_a_period() -> None:
    weight = observation(
        "NPU03804", 'value="74" unit="kg"', more='<effectiveTime value="20140106080200+0100"/>'
    )
    at_observation = organizer(weight).replace(
        '<effectiveTime value="20140106080200+0100"/>', "", 1
    )
    low = organizer(weight).replace(
        '<effectiveTime value="20140106080200+0100"/>',
        '<effectiveTime><low value="20140106080200+0100"/></effectiveTime>',
        1,
    )
    for entry in (at_observation, low):
        (record,) = found_in(entry)
        assert isinstance(record, Record)
        assert record.measured_ms == 1_388_991_720_000


@pytest.mark.parametrize(
    ("own", "measured_ms"),
    [
        ("20140107091530+0100", 1_389_082_530_000),
        ("20140107", 1_388_991_720_000),  # a day says less than the organizer's second
    ],
)
def test_the_observation_s_own_time_says_more_than_that_of_what_stands_together(
    own: str, measured_ms: int
) -> None:
    weight = observation("NPU03804", 'value="74" unit="kg"', more=f'<effectiveTime value="{own}"/>')
    (record,) = found_in(organizer(weight, time="20140106080200+0100"))
    assert isinstance(record, Record)
    assert record.measured_ms == measured_ms


@pytest.mark.parametrize(
    ("said", "instead", "attribute"),
    [
        ('OBS" moodCode="EVN"', 'OBS" moodCode="GOL"', "observation/@moodCode"),
        ('OBS" moodCode="EVN"', 'OBS" moodCode="RQO"', "observation/@moodCode"),
        ('CLUSTER" moodCode="EVN"', 'CLUSTER" moodCode="INT"', "observation/@moodCode"),
        ('OBS" moodCode="EVN"', 'OBS" moodCode="EVN" negationInd="true"', "@negationInd"),
    ],
)
def test_a_goal_a_request_and_a_denial_are_no_measurement(
    said: str, instead: str, attribute: str
) -> None:
    entry = organizer(observation("NPU03804", 'value="74" unit="kg"'))
    (refusal,) = found_in(entry.replace(said, instead))
    assert isinstance(refusal, Refusal)
    assert refusal.element.endswith(attribute)
    (record,) = found_in(entry.replace('moodCode="EVN"', 'moodCode="EVN" negationInd="false"'))
    assert isinstance(record, Record)


def test_a_mean_stands_where_its_ends_contradict() -> None:
    found = found_in(
        organizer(
            observation("DNK05472", 'value="80" unit="mmHg"'),
            observation("DNK05473", 'value="120" unit="mmHg"'),
            observation("150023", 'value="97" unit="mmHg"', system=MDC),
        )
    )
    assert [item.values for item in found if isinstance(item, Record)] == [(None, None, "97")]
    reasons = [item.reason for item in found if isinstance(item, Refusal)]
    assert reasons == ["components-contradict"] * 2
