"""FHIR over MQTT and HTTP: the same reader, the same records, and the topic's word above all."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from devices.wire import topic_for
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record
from fhir_mapping.resources import resource_id
from ingest.decode import Delivery
from ingest.decode_fhir import HTTP_TOPIC, place_of
from ingest.limits import PAYLOAD_BYTES_MAX
from ingest.pipeline import examine, process
from ingest.rejection import Reason, Rejection
from ingest.replay import replay
from ingest.store import Mapped, SqliteReader, SqliteWriter
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import DEVICE, RECEIVED_MS, arrival, spo2

COLON = "60:64:05:FF:FE:CF:C6:04"
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]},
    "effectiveDateTime": "2026-02-18T07:29:40+01:00",
    "valueQuantity": {"value": 93, "system": "http://unitsofmeasure.org", "code": "%"},
    "device": {"reference": f"Device/{DEVICE}"},
    "subject": {"reference": "http://127.0.0.1:8700/fhir/Patient/anna/_history/3"},
}


def observation(**changes: Any) -> dict[str, Any]:
    return {**OBSERVATION, **changes}


def bundle(*resources: Any, kind: str = "batch") -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [{"resource": one} for one in resources],
    }


def items(content: Any, device: str = DEVICE, topic: str | None = None) -> list[Any]:
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    topic = topic or topic_for("syddanmark", "gw-0001", device, "fhir").text()
    return [found.item for found in examine(Delivery(topic, payload, RECEIVED_MS))]


def record_of(item: Any) -> Record:
    assert isinstance(item, Mapped), item
    (record,) = item.records
    return record


def test_fhir_and_obs_of_one_reading_are_one_record(tmp_path: Path) -> None:
    wire = spo2("93")
    (item,) = items(observation())
    assert isinstance(wire.item, Mapped)
    assert record_of(item).identity == wire.item.records[0].identity
    assert (item.index, item.subject, item.path) == (-1, "Patient/anna", "Observation")
    with closing(SqliteWriter(tmp_path / "records.db")) as writer:
        topic = topic_for("syddanmark", "gw-0001", DEVICE, "fhir").text()
        fhir = Delivery(topic, json.dumps(observation()).encode(), RECEIVED_MS)
        outcomes = process([wire.delivery, fhir], writer)
    assert [one.result for one in outcomes] == ["quarantined", "duplicate"]
    assert outcomes[1].topic == topic  # so that the receipt finds its way


def test_our_own_rendering_comes_back_as_it_was() -> None:
    (item,) = items(render_observation(record_of(arrival(COLON, boot="b/7").item)), COLON)
    said = record_of(arrival(COLON, boot="b/7").item)
    unsent = msgspec.structs.replace(said, sent_ms=0)  # a rendering does not say when it was sent
    assert record_of(item) == unsent


@pytest.mark.parametrize("over", ["mqtt", "http"])
def test_a_reference_by_our_resource_id_is_the_device_itself(over: str) -> None:
    said = observation(device={"reference": f"Device/{resource_id(COLON)}"})
    if over == "mqtt":
        (item,) = items(said, COLON)
    else:
        payload = json.dumps(said).encode()
        names = {resource_id(COLON): COLON}
        delivery = Delivery(HTTP_TOPIC, payload, RECEIVED_MS)
        (found,) = examine(delivery, lambda name: names.get(name, name))
        item = found.item
    assert record_of(item).device == COLON


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"device": {"reference": "Device/another"}}, "Observation.device"),
        (
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice",
                        "valueReference": {"reference": "Device/gw-0002"},
                    }
                ]
            },
            "Observation.gateway",
        ),
    ],
)
def test_another_name_than_the_topics_is_held(changes: Any, path: str) -> None:
    (item,) = items(observation(**changes))
    assert isinstance(item, Rejection)
    assert (item.reason, item.path) == (Reason.IDENTITY_MISMATCH, path)
    assert item.reason.result == "quarantined"


def test_every_entry_knows_its_place() -> None:
    device = {"resourceType": "Device", "id": "x"}
    found = items(bundle(observation(), device, observation(status="cancelled"), observation()))
    assert [item.index for item in found] == [0, 2, 3]
    assert [type(item) for item in found] == [Mapped, Rejection, Mapped]
    sets = [
        {"name": "measurement", "resource": bundle(observation(), kind="transaction")},
        {"name": "measurement", "resource": bundle(device, observation(), kind="transaction")},
    ]
    found = items({"resourceType": "Parameters", "parameter": sets})
    assert [item.index for item in found] == [0, 20_001]
    assert place_of("Parameters.parameter[3]") == -1


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.PAYLOAD_EMPTY),
        (b"{" + b" " * PAYLOAD_BYTES_MAX + b"}", Reason.PAYLOAD_TOO_LARGE),
        (b"{", Reason.JSON_MALFORMED),
        (b"[1]", Reason.FIELD_TYPE),
        (b'{"resourceType":' + b"[" * 100_000, Reason.FIELD_TYPE),
        (b'{"resourceType":"Bundle","type":"batch"}', Reason.READING_EMPTY),
        (b'{"resourceType":"Bundle","type":"history"}', Reason.FIELD_VALUE),
        (b'{"resourceType":"Patient"}', Reason.FIELD_VALUE),
        (b'{"resourceType":"\xff"}', Reason.PAYLOAD_NOT_UTF8),
    ],
)
def test_what_is_no_fhir_is_one_rejection(payload: bytes, reason: Reason) -> None:
    (item,) = items(payload)
    assert isinstance(item, Rejection)
    assert (item.reason, item.index) == (reason, -1)


def test_a_refused_entry_is_replayed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = bundle(observation(), observation(status="cancelled"), observation(status="registered"))
    with (
        closing(SqliteWriter(tmp_path / "records.db")) as writer,
        closing(SqliteReader(tmp_path / "records.db")) as reader,
    ):
        process([Delivery(HTTP_TOPIC, json.dumps(said).encode(), RECEIVED_MS)], writer)
        assert [row.place for row in reader.rejections()] == [1, 2]
        assert replay(reader, writer, NOW_MS) == (2, 0)
        monkeypatch.setattr(
            "fhir_mapping.fhir_read.reading.INTENTS",
            dict.fromkeys(("final", "registered"), "reading"),
        )
        assert replay(reader, writer, NOW_MS) == (2, 1)
        assert [row.place for row in reader.rejections(unreplayed_only=True)] == [1]


def test_what_the_store_holds_back_stays_open(tmp_path: Path) -> None:
    said = observation(subject={"reference": "Patient/bo"})
    with (
        closing(SqliteWriter(tmp_path / "records.db")) as writer,
        closing(SqliteReader(tmp_path / "records.db")) as reader,
    ):
        writer.enrol(enrolment(term("anna")), NOW_MS)
        (outcome,) = process([Delivery(HTTP_TOPIC, json.dumps(said).encode(), RECEIVED_MS)], writer)
        assert outcome.reason == Reason.IDENTITY_MISMATCH
        assert replay(reader, writer, NOW_MS) == (1, 0)
        writer.enrol(enrolment(msgspec.structs.replace(term("anna"), citizen="bo")), NOW_MS)
        assert replay(reader, writer, NOW_MS) == (1, 1)
        assert [record.citizen for record in reader.records_after(0, 10)] == ["bo"]
