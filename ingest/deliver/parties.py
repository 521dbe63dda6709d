"""Whom and what a record refers to: Organization, Patient, Devices and what it answers, as FHIR.

In: an `Item`. Out: its parties, each with its address on the server and what it refers to itself.
Called by `fhir_server`, which sends them before the Observation.
"""

from collections.abc import Iterator

import msgspec

from devices.symptoms import questionnaire
from fhir_mapping.enrolled import EnrolledDevice
from fhir_mapping.resources import (
    render_device,
    render_gateway,
    render_organization,
    render_patient,
    resource_id,
)
from fhir_mapping.response import questionnaire_id, render_questionnaire
from ingest.deliver.port import Item

UNKNOWN = "ukendt"
"""Maker and model of a device that was never enrolled; FHIR allows no empty text."""


class Party(msgspec.Struct, frozen=True):
    """One resource beside the Observation; `after` are the addresses that it refers to."""

    address: str
    resource: bytes
    after: tuple[str, ...] = ()


def parties_of(item: Item) -> Iterator[Party]:
    """The parties of an item, each after those it refers to."""
    record = item.record
    yield Party(f"Device/{resource_id(record.gateway)}", render_gateway(record.gateway))
    if record.device != record.gateway:
        device = item.device or EnrolledDevice(
            record.device, record.device_type, UNKNOWN, record.model or UNKNOWN
        )
        yield Party(f"Device/{resource_id(record.device)}", render_device(device))
    if record.is_response:
        asked = questionnaire(record.about)
        yield Party(f"Questionnaire/{questionnaire_id(asked)}", render_questionnaire(asked))
    if item.citizen is None:
        return
    after: tuple[str, ...] = (f"Organization/{item.citizen.organisation}",)
    if item.organisation is not None:
        yield Party(after[0], render_organization(item.organisation))
    yield Party(f"Patient/{item.citizen.id}", render_patient(item.citizen), after)
