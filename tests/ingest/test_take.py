"""A national export is taken in once, by the citizen it names, and what is refused is kept."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from devices.admission import EARLIEST_MEASURED_MS
from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Organisation,
    Plan,
)
from fhir_mapping.kih.dataset import Citizen as KihCitizen
from fhir_mapping.kih.dataset import Instrument
from fhir_mapping.kih.reports import dataset_of
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.phmr import document_of, render_phmr
from fhir_mapping.record import Record
from fhir_mapping.stand_in import stand_in
from ingest.decode import Delivery
from ingest.enrolment import enrol
from ingest.replay import replay
from ingest.store import Arrival, Mapped, SqliteReader, SqliteWriter
from ingest.take import Answer, take
from tests.conformance.samples import EXAMPLES
from tests.documents import phmr as reports
from tests.fhir_mapping.cases import CASES
from tests.fhir_mapping.kih import cases
from tests.live import live_limits

OF_2000 = 946_684_800_000
"""2000-01-01: from when on history is taken in where somebody asks for it."""
NOW_MS = 1_790_000_000_000
ORGANISATION = Organisation("org", "1234567890123456", "Odense Kommune (syntetisk)")
ANNA = Citizen(
    id="citizen-1",
    cpr="7105480001",
    given="Anna",
    family="Prøve",
    sex="female",
    birth_date=date(1948, 5, 11),
    condition="both",
    organisation="org",
    plan=Plan("1111111", "12:00", date(2026, 1, 1), ["weight"]),
)
NANCY = msgspec.structs.replace(ANNA, id="nancy", cpr="2512484916")
"""The CPR number of the person whom the official KIH example invents."""
OURS = [CASES[name] for name in ("weight", "blood_pressure", "spo2-circumstances", "fev1")]


class Ward:
    def __init__(self, path: Path) -> None:
        self.writer = SqliteWriter(path)
        entries = Enrolment(organisations=[ORGANISATION], citizens=[ANNA, NANCY])
        enrol(self.writer, entries, [], live_limits, NOW_MS)
        self.reader = SqliteReader(path)

    def take(self, document: bytes, first_ms: int = EARLIEST_MEASURED_MS) -> dict[str, int]:
        return dict(self.answer(document, first_ms).results)

    def answer(self, document: bytes, first_ms: int = EARLIEST_MEASURED_MS) -> Answer:
        return take(document, self.reader, self.writer, NOW_MS, first_ms)

    def replay(self) -> tuple[int, int]:
        return replay(self.reader, self.writer, NOW_MS)

    def exported_numbers(self) -> list[str]:
        dataset = dataset_of(ANNA, self.records(), ORGANISATION)
        return [report.uuid for report in dataset.reports]

    def records(self) -> list[Record]:
        return self.reader.records_after(0, 100, unassigned=True)


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path / "records.db")
    with closing(ward.writer), closing(ward.reader):
        yield ward


def as_kih() -> bytes:
    return render_dataset(dataset_of(ANNA, OURS, ORGANISATION))


def as_phmr() -> bytes:
    return render_phmr(document_of(ANNA, OURS, ORGANISATION, created_ms=NOW_MS))


@pytest.mark.parametrize("document", [as_kih, as_phmr])
def test_what_we_exported_comes_back_as_itself(ward: Ward, document: "type[bytes]") -> None:
    exported = document()
    assert ward.take(exported) == {"quarantined": len(OURS)}, "its devices are not enrolled here"
    assert {record.id for record in ward.records()} == {record.id for record in OURS}
    assert {record.values for record in ward.records()} == {record.values for record in OURS}
    assert ward.take(exported) == {"duplicate": len(OURS)}


def test_both_formats_are_the_same_measurements(ward: Ward) -> None:
    ward.take(as_kih())
    assert ward.take(as_phmr()) == {"duplicate": len(OURS)}


def example(name: str) -> bytes:
    file = EXAMPLES / name
    if not file.exists():
        pytest.skip(f"{file} is missing; set HJEMMEPULS_EXAMPLES to a folder that has it")
    return file.read_bytes()


def test_the_official_kih_example(ward: Ward) -> None:
    document = example("kih/KIH-DB_version_1.0.1_eksempel1.xml")
    became = ward.take(document, OF_2000)
    assert became["accepted"] >= 1
    assert became["rejected"] >= 1, "a bound (less_than) is no value"
    assert {record.citizen for record in ward.records()} == {"nancy"}
    again = ward.take(document, OF_2000)
    assert again["duplicate"] == became["accepted"]
    assert "accepted" not in again
    assert all(row.payload == document for row in list(ward.reader.rejections())[:1])


def test_two_citizens_never_share_a_foreign_device(ward: Ward) -> None:
    document = example("kih/KIH-DB_version_1.0.1_eksempel1.xml")
    ward.take(document, OF_2000)
    ward.take(document.replace(NANCY.cpr.encode(), ANNA.cpr.encode()), OF_2000)
    by_citizen = {record.citizen: record.device for record in ward.records()}
    assert set(by_citizen) == {"nancy", "citizen-1"}
    assert len(set(by_citizen.values())) == 2


def test_history_before_2015_is_taken_only_when_asked_for(ward: Ward) -> None:
    """The official example is of 2006: by default it is held, whole, and the reason says why."""
    document = example("kih/KIH-DB_version_1.0.1_eksempel1.xml")
    assert set(ward.take(document)) == {"rejected"}
    held = list(ward.reader.rejections())
    assert "time-implausible" in {one.reason for one in held}
    assert any("2006-05-04" in one.detail and "2015-01-01" in one.detail for one in held)
    assert ward.take(document, OF_2000)["accepted"] >= 1


def test_a_document_about_a_stranger_is_held(ward: Ward) -> None:
    document = as_kih().replace(ANNA.cpr.encode(), b"7105480002")
    assert ward.take(document) == {"quarantined": 1}
    (held,) = ward.reader.rejections()
    assert (held.reason, held.payload) == ("identity-mismatch", document)
    assert "7105480002" not in held.detail
    assert ward.records() == []


@pytest.mark.parametrize("document", [as_kih, as_phmr])
def test_a_device_that_is_somebody_elses_decides_nothing(
    ward: Ward, document: "type[bytes]"
) -> None:
    """The document says Anna, the device belonged to Nancy: it is held, and is nobody's."""
    device = EnrolledDevice(OURS[0].device, OURS[0].device_type, "Maker", "Scale")
    mine = Assignment(device.id, "nancy", datetime(2020, 1, 1, tzinfo=UTC))
    ward.writer.enrol(Enrolment(devices=[device], assignments=[mine]), NOW_MS)
    of_hers = sum(record.device == device.id for record in OURS)
    became = ward.take(document())
    assert became == {"quarantined": len(OURS)}
    assert {record.citizen for record in ward.records()} <= {None}
    held = list(ward.reader.rejections())
    assert {one.reason for one in held} == {"identity-mismatch"}
    assert len(held) == of_hers > 0


@pytest.mark.parametrize(
    "document", [b"", b"no xml", b"<a/>", b"<CitizenMonitoringDataset>", b"<ClinicalDocument/>"]
)
def test_what_cannot_be_read_is_kept(ward: Ward, document: bytes) -> None:
    assert ward.take(document) == {"rejected": 1}
    (kept,) = ward.reader.rejections()
    assert kept.payload == document
    assert kept.path
    assert kept.detail


def test_a_document_that_was_held_is_replayed_when_its_citizen_is_enrolled(ward: Ward) -> None:
    bo = msgspec.structs.replace(ANNA, id="bo", cpr="7105480002")
    document = reports.report(
        results=[reports.organizer(reports.observation("NPU03804", "77.5", "kg"))], cpr=bo.cpr
    )
    assert ward.take(document) == {"quarantined": 1}
    assert replay(ward.reader, ward.writer, NOW_MS) == (1, 0)
    ward.writer.enrol(Enrolment(citizens=[bo]), NOW_MS)
    assert replay(ward.reader, ward.writer, NOW_MS) == (1, 1)
    assert [record.citizen for record in ward.records()] == ["bo"]
    assert list(ward.reader.rejections(unreplayed_only=True)) == []


def test_what_was_held_is_closed_when_the_same_file_is_taken(ward: Ward) -> None:
    bo = msgspec.structs.replace(ANNA, id="bo", cpr="7105480002")
    document = as_kih().replace(ANNA.cpr.encode(), bo.cpr.encode())
    ward.take(document)
    ward.writer.enrol(Enrolment(citizens=[bo]), NOW_MS)
    ward.take(document)
    (row,) = ward.reader.rejections()
    assert row.replayed_ms == NOW_MS


def test_what_stands_already_is_closed_though_its_own_way_is_barred(ward: Ward) -> None:
    """Held, since its device was Nancy's; then the device is Anna's after all, and reads it in."""
    (weight,) = (record for record in OURS if record.about == "weight")
    device = EnrolledDevice(weight.device, weight.device_type, "Maker", "Scale")
    mine = Assignment(device.id, "nancy", datetime(2020, 1, 1, tzinfo=UTC))
    ward.writer.enrol(Enrolment(devices=[device], assignments=[mine]), NOW_MS)
    document = render_dataset(dataset_of(ANNA, [weight], ORGANISATION))
    assert ward.take(document) == {"quarantined": 1}
    delivery = Delivery("hm/v1/somewhere", b"", NOW_MS)
    ward.writer.append([Arrival(delivery, Mapped("m", 1, [weight]))])
    assert replay(ward.reader, ward.writer, NOW_MS) == (1, 1)
    assert len(ward.records()) == 1


def test_what_a_person_typed_is_the_citizens_at_once_and_needs_no_device(ward: Ward) -> None:
    weight = reports.observation("NPU03804", "77.5", "kg", methods="POT TPD")
    by_nurse = reports.observation("NPU03011", "0.93", "NA", methods="PNT TPH")
    assert ward.take(reports.report(reports.organizer(weight, by_nurse))) == {"accepted": 2}
    assert {(one.citizen, one.transferred_by, one.device) for one in ward.records()} == {
        ("citizen-1", "typed", stand_in("Patient/citizen-1")),
        ("citizen-1", "typedbyhcprof", stand_in("Patient/citizen-1")),
    }
    assert ward.reader.devices() == {}, "nobody has to assign anything"
    kih = cases.foreign({"instrument": None, "created": "2026-02-19T07:00:00+01:00"})
    document = render_dataset(msgspec.structs.replace(kih, citizen=KihCitizen(ANNA.cpr)))
    assert ward.take(document) == {"accepted": 1}
    assert ward.reader.devices() == {}


@pytest.mark.parametrize("number", ["d-1", "d-2"])
def test_one_measurement_exported_again_stays_one(ward: Ward, number: str) -> None:
    """Under a new document, new observation numbers, another zone, and with a note."""
    scale = [reports.device("MCI00011", kind=reports.no_type("MCI00011"))]
    first = reports.observation("NPU03804", "77.5", "kg", id_="o-1")
    again = reports.observation("NPU03804", "77.5", "kg", id_="o-2", more=reports.comment("træt"))
    ward.take(reports.report(reports.organizer(first), equipment=scale))
    later = reports.report(reports.organizer(again), number=number, equipment=scale)
    assert ward.take(later) == {"duplicate": 1}
    report = {
        "instrument": Instrument("MCI00011"),
        "created": "2026-02-18T07:29:40+01:00",
        "result": "77.5",
        "transferred_by": "automatic",
    }
    kih = msgspec.structs.replace(cases.foreign(report), citizen=KihCitizen(ANNA.cpr))
    assert ward.take(render_dataset(kih)) == {"duplicate": 1}, "KIH says the same"
    assert len(ward.records()) == 1


@pytest.mark.parametrize("is_kih", [True, False])
def test_what_we_send_on_of_others_comes_back_as_itself(
    ward: Ward, tmp_path: Path, is_kih: bool
) -> None:
    scale = [reports.device("MCI00011", kind=reports.no_type("MCI00011"))]
    weight = reports.observation("NPU03804", "77.5", "kg", id_="o-1")
    ward.take(reports.report(reports.organizer(weight), equipment=scale))
    typed = reports.observation("NPU03011", "0.93", "NA", methods="POT TPD")
    ward.take(reports.report(reports.organizer(typed), number="d-2"))
    stood = ward.records()
    assert [one.citizen for one in stood] == ["citizen-1"] * 2
    sent_on = (
        render_dataset(dataset_of(ANNA, stood, ORGANISATION))
        if is_kih
        else render_phmr(document_of(ANNA, stood, ORGANISATION, created_ms=NOW_MS))
    )
    assert ward.take(sent_on) == {"duplicate": 2}
    assert ward.records() == stood
    elsewhere = Ward(tmp_path / "elsewhere.db")
    with closing(elsewhere.writer), closing(elsewhere.reader):
        assert elsewhere.take(sent_on) == {"accepted": 2}, "the typed one is the citizen's, too"
        assert elsewhere.take(sent_on) == {"duplicate": 2}
