"""One house with every door: what is said goes in as each format writes it, by the real pipeline.

In: a `Saying`, one value of one metric at one time, as texts, right or wrong. Out: reasons of the
rejections and the records of the store. FHIR over HTTP goes through the application as the shipped
command builds it, all else through ingest and `take`.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from devices.catalogue import DanishSystem, metric
from devices.wire import topic_for
from fhir_mapping.kih.dataset import Citizen as Person
from fhir_mapping.kih.dataset import CitizenMonitoringDataset, LaboratoryReport, Sample
from fhir_mapping.kih.write import render_dataset
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import SqliteReader
from ingest.take import take
from tests.alerting.api.scene import NOW_MS, Client, Ward, anna_and_bo
from tests.documents import phmr
from tests.fhir_mapping.kih.cases import OPENTELE

KINDS = {"weight": "528399", "spo2": "528388", "systolic": "528391", "diastolic": "528391"}
UCUM = "http://unitsofmeasure.org"
GATEWAY = "gw-doors"


class Saying(msgspec.Struct, frozen=True):
    """What is said: a metric, its value and unit as texts, and a time with its offset."""

    alias: str = "weight"
    value: str = "74.0"
    unit: str = "kg"
    time: str = "2026-02-18T07:29:40+01:00"

    @property
    def code(self) -> str:
        """Its Danish code."""
        return metric(self.alias).danish.code


class House:
    """A ward, and what became of what was said to it."""

    def __init__(self, folder: Path) -> None:
        self.ward = Ward(folder, anna_and_bo())
        self.client: Client = self.ward.client()
        with closing(SqliteReader(self.ward.records)) as reader:
            self.citizen = min(reader.citizens().values(), key=lambda one: one.id)

    def mqtt(self, *sayings: Saying) -> None:
        """Our own payload: the local time in `t`, the offset in `sent`."""
        first = sayings[0]
        local, offset = first.time[:19], first.time[19:]
        sent = f"{min(local, '2026-02-18T07:31:00')}{offset}"
        payload: dict[str, Any] = {"v": 1, "id": "m1", "seq": 1, "type": KINDS[first.alias]}
        payload |= {"t": local, "sent": sent}
        payload["r"] = [{"c": one.alias, "val": one.value, "u": one.unit} for one in sayings]
        topic = topic_for("syddanmark", GATEWAY, f"dev-{KINDS[first.alias]}").text()
        process([Delivery(topic, json.dumps(payload).encode(), NOW_MS)], self.ward.writer)

    def fhir_http(self, *sayings: Saying) -> None:
        """An Observation of another, posted."""
        headers = {"Content-Type": "application/fhir+json"}
        self.client.post("/fhir/Observation", content=_observation(sayings), headers=headers)

    def fhir_mqtt(self, *sayings: Saying) -> None:
        """The same from a gateway, over MQTT."""
        device = f"dev-{KINDS[sayings[0].alias]}"
        topic = topic_for("syddanmark", GATEWAY, device, "fhir").text()
        process([Delivery(topic, _observation(sayings), NOW_MS)], self.ward.writer)

    def typed(self, *sayings: Saying) -> None:
        """What the citizen typed: an Observation without any device."""
        self.take(_observation(sayings, device=None))

    def kih(self, *sayings: Saying) -> None:
        """A KIH dataset as OpenTele writes it."""
        reports = tuple(_report(one, place) for place, one in enumerate(sayings))
        dataset = CitizenMonitoringDataset(Person(self.citizen.cpr), (Sample(reports, "X"),))
        self.take(render_dataset(dataset))

    def phmr(self, *sayings: Saying) -> None:
        """A PHMR report as the field writes it."""
        stamp = sayings[0].time
        time = stamp[:19].translate(str.maketrans("", "", "-:T")) + stamp[19:].replace(":", "")
        said = (
            phmr.observation(one.code, one.value, one.unit, system=_oid(one.alias))
            for one in sayings
        )
        entry = phmr.organizer(*said, time=time)
        self.take(phmr.report(results=[entry], cpr=self.citizen.cpr))

    def take(self, document: bytes) -> None:
        """A file as `hjemmepuls take` takes it."""
        with closing(SqliteReader(self.ward.records)) as reader:
            take(document, reader, self.ward.writer, NOW_MS)

    def reasons(self) -> set[str]:
        """Why something was refused."""
        with closing(SqliteReader(self.ward.records)) as reader:
            return {row.reason for row in reader.rejections()} - {"identity-mismatch"}

    def details(self) -> list[str]:
        """The sentences of what was refused."""
        with closing(SqliteReader(self.ward.records)) as reader:
            return [row.detail for row in reader.rejections()]

    def records(self) -> Sequence[Record]:
        """Everything stored."""
        with closing(SqliteReader(self.ward.records)) as reader:
            return reader.records_after(0, 1000, unassigned=True)

    def close(self) -> None:
        """Release the stores."""
        self.client.close()
        self.ward.close()


Door = Callable[..., None]
DOORS: dict[str, Door] = {
    "mqtt": House.mqtt,
    "fhir-http": House.fhir_http,
    "fhir-mqtt": House.fhir_mqtt,
    "typed": House.typed,
    "kih": House.kih,
    "phmr": House.phmr,
}


def _oid(alias: str) -> str:
    return phmr.NPU if metric(alias).danish_system is DanishSystem.NPU else phmr.MCS


def _report(one: Saying, place: int) -> LaboratoryReport:
    return msgspec.structs.replace(
        OPENTELE,
        uuid=f"{place:08x}-bf97-11e1-afa7-0800200c9a66",
        created=one.time,
        iupac=one.code,
        result=one.value,
        unit=one.unit,
        transferred_by="automatic",
    )


def _observation(sayings: Sequence[Saying], device: str | None = "") -> bytes:
    """As dk-core has it: one code, or the panel with its components."""
    first = sayings[0]
    content: dict[str, Any] = {"resourceType": "Observation", "status": "final"}
    content["subject"] = {"reference": "Patient/c1"}
    content["effectiveDateTime"] = first.time
    if device is not None:
        content["device"] = {"reference": f"Device/dev-{KINDS[first.alias]}"}
    if first.alias in ("systolic", "diastolic"):
        content["code"] = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
        content["component"] = [_part(one) for one in sayings]
    else:
        content |= _part(first)
    return msgspec.json.encode(content)


def _part(one: Saying) -> dict[str, Any]:
    row = metric(one.alias)
    quantity: dict[str, Any] = {"value": msgspec.Raw(one.value.encode())}
    quantity |= {"system": UCUM, "code": one.unit} if one.unit in row.units else {"unit": one.unit}
    coding = {"system": "http://loinc.org", "code": row.loinc[0].code}
    return {"code": {"coding": [coding]}, "valueQuantity": quantity}


def at(time: str) -> int:
    """UTC milliseconds of a time with its offset."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)
