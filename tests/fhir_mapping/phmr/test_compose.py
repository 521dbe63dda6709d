"""What goes into a document, and what must not."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from devices.catalogue import METRICS
from fhir_mapping.enrolled import Limits
from fhir_mapping.phmr import codes, render_phmr
from fhir_mapping.phmr.document import Device, Document, Entry, Observation, Range
from tests.fhir_mapping.cases import stored
from tests.fhir_mapping.phmr.cases import CREATED_MS, LIMITS, document, later


def observations(found: Document) -> list[Observation]:
    parts = (part for section in found.sections for part in section.parts)
    return [one for part in parts if isinstance(part, Entry) for one in part.observations]


def equipment(found: Document) -> list[Device]:
    return [part for part in found.sections[2].parts if isinstance(part, Device)]


@pytest.mark.parametrize("citizen", [None, "citizen-2"])
def test_nobody_gets_what_is_not_his(citizen: str | None) -> None:
    with pytest.raises(ValueError, match="citizen"):
        document(stored("weight", citizen=citizen))


def test_two_records_of_one_id_are_no_document() -> None:
    with pytest.raises(ValueError, match="share an id"):
        document(stored("weight"), stored("weight", {"weight": "80"}))


def test_the_order_of_the_records_does_not_matter() -> None:
    records = [later(place, stored("weight")) for place in (3, 1, 2)]
    assert render_phmr(document(*records)) == render_phmr(document(*reversed(records)))
    times = [one.time for one in document(*records).sections[1].parts if isinstance(one, Entry)]
    assert times == sorted(times)


def test_the_id_follows_from_what_it_says() -> None:
    one = document(stored("weight"))
    assert document(stored("weight")).id == one.id
    assert document(stored("weight", version=2)).id != one.id
    assert document(later(1, stored("weight"))).id != one.id
    assert document().id != one.id


def test_created_is_the_moment_given() -> None:
    assert document().created == "20260218063140+0000"
    assert document(stored("weight")).created == "20260218073140+0100"
    assert CREATED_MS == 1_771_396_300_000


def test_the_methods_are_kihs_word() -> None:
    pairs = {
        word: observations(document(stored("weight", transferred_by=word)))[0].methods
        for word in ("automatic", "typed", "typedbyhcprof")
    }
    assert pairs == {
        "automatic": ("POT", "AUT"),
        "typed": ("POT", "TPD"),
        "typedbyhcprof": ("PNT", "TPH"),
    }


def test_limits_are_said_in_phmrs_unit_each_with_one_end() -> None:
    (spo2,) = observations(document(stored("spo2"), limits=LIMITS))
    assert spo2.ranges == (
        Range("RAL", None, "0.88", "NA"),
        Range("GAL", None, "0.925", "NA"),
    )
    for about in ("pulse_cuff", "pulse_oximeter"):
        (pulse,) = observations(document(stored(about), limits=LIMITS))
        assert pulse.ranges == (
            Range("RAL", None, "40", "1/min"),
            Range("GAL", "110", None, "1/min"),
            Range("RAL", "130", None, "1/min"),
        )
    assert observations(document(stored("weight"), limits=LIMITS))[0].ranges == ()


def test_the_limits_are_those_in_force_when_it_was_measured() -> None:
    def since(moment: datetime, low_red: str | None) -> Limits:
        return Limits(citizen="citizen-1", metric="spo2", since=moment, low_red=low_red)

    record = stored("spo2")
    at = datetime.fromtimestamp(record.measured_ms / 1000, UTC)
    before = datetime(2026, 1, 1, tzinfo=UTC)
    after = datetime(2026, 3, 1, tzinfo=UTC)
    held: list[tuple[Any, ...]] = [
        ((since(before, "85"), since(after, "90")), "0.85"),
        ((since(at, "87"), since(before, "85")), "0.87"),
        ((since(after, "90"),), None),
        ((since(before, "85"), since(at, None)), None),
    ]
    for limits, expected in held:
        (one,) = observations(document(record, limits=limits))
        assert next((limit.high for limit in one.ranges), None) == expected


def test_a_component_that_is_not_measured_is_left_out() -> None:
    found = observations(document(stored("blood_pressure", {"systolic": "134", "diastolic": "82"})))
    assert [one.codes[0].code for one in found] == ["DNK05472", "DNK05473"]
    assert [service.code for service in document(stored("blood_pressure")).services] == [
        "DNK05472",
        "DNK05473",
        "MDC150023",
    ]


@pytest.mark.parametrize(
    ("flags", "flavor"),
    [
        (("invalid",), "UNK"),
        (("not-available",), "NAV"),
        (("not-available", "invalid"), "UNK"),
        (("questionable",), ""),
    ],
)
def test_what_the_device_doubts_is_withheld_and_said(flags: tuple[str, ...], flavor: str) -> None:
    (one,) = observations(document(stored("spo2", {"spo2": "71"}, flags=flags)))
    assert (one.value is None, one.null_flavor) == (flavor != "", flavor)
    assert one.comments == tuple(codes.FLAG_DA[flag] for flag in flags)
    assert ('"values":["71"]' in one.facts) == (flavor != "")


def test_a_device_is_listed_once_with_medcoms_code() -> None:
    scale: dict[str, Any] = {"device": "scale-7", "device_type": "528399"}
    (device,) = equipment(
        document(stored("weight", **scale), later(5, stored("weight", firmware="9", **scale)))
    )
    assert device.ids[0].extension == "MCI00011"
    assert device.ids[1].extension == "scale-7"
    assert device.model == "Manufacturer: A&D / Model: UC-351PBT-Ci"
    assert device.software == "SerialNr: <7> / SW Rev. 9"


def test_every_metric_has_its_section_and_its_methods_a_word() -> None:
    assert {row.phmr_section for row in METRICS} <= set(codes.SECTIONS)
    assert set(codes.METHODS_OF) == {"automatic", "typed", "typedbyhcprof"}
    assert {method for pair in codes.METHODS_OF.values() for method in pair} <= set(codes.METHODS)
    for word, (_, transfer) in codes.METHODS_OF.items():
        assert codes.TRANSFERRED_BY_OF[transfer] == word


def test_every_number_of_ours_is_made_from_a_uuid() -> None:
    numbers = {codes.OUR_RECORD, codes.OUR_CITIZEN, codes.OUR_DEVICE, codes.OUR_CODES}
    assert len(numbers) == 4
    for number in numbers:
        assert (int(number.removeprefix("2.25.")) >> 76) & 0xF == 4


def test_a_record_changed_in_one_fact_is_told_apart() -> None:
    base = stored("weight")
    changes: dict[str, Any] = {
        "received_ms": 5,
        "seq": 9,
        "scheduled": True,
        "location": "institution",
        "boot": "b4",
        "slot": 2,
        "clock_sync": "ntp",
        "clock_device_ms": 7,
        "clock_gateway_ms": 8,
        "part": 3,
        "flags": ("questionable",),
        "circumstances": '{"a":"b"}',
        "identity": bytes(16),
        "firmware": "x",
        "model": "y",
        "device_time": "2026-02-18T07:29:41",
        "offset_min": 61,
        "measured_ms": 1_771_396_251_121,
    }
    rendered = {render_phmr(document(base))}
    for field, value in changes.items():
        rendered.add(render_phmr(document(msgspec.structs.replace(base, **{field: value}))))
    assert len(rendered) == 1 + len(changes)
