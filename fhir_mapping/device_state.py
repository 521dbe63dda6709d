"""What is known of a device beside its measurements: battery, status, clock, each at its instant.

In: the facts of a `Reading`. Out: `DeviceState`s, which the store keeps (the newest and a bounded
history), and their rendering as `property` of the Device in FHIR. No record, no rule, no citizen.
"""

from typing import Any

import msgspec

from devices.device_facts import device_fact
from devices.reading import Reading
from fhir_mapping import codes
from fhir_mapping.moment import moment

STATES_KEPT = 100
"""Newest values of each fact of a device that are kept: about three months of a daily word."""


class DeviceState(msgspec.Struct, frozen=True, gc=False):
    """One fact about a device at one instant; `fact` is the alias of its row, times UTC ms."""

    device: str
    gateway: str
    fact: str
    text: str
    unit: str
    at_ms: int
    offset_min: int
    received_ms: int = 0


def states_of(reading: Reading) -> list[DeviceState]:
    """The states that a reading tells, in its order."""
    return [
        DeviceState(
            device=reading.device,
            gateway=reading.gateway,
            fact=one.fact.alias,
            text=one.text,
            unit=one.unit,
            at_ms=reading.measured_ms,
            offset_min=reading.offset_min,
        )
        for one in reading.facts
    ]


def property_of(state: DeviceState) -> dict[str, Any] | None:
    """The state as a `property` of a FHIR R4 Device, with its instant; None for an unknown fact.

    A number is a Quantity in the letters it was told in; any other is a text.
    """
    row = device_fact(state.fact)
    if row is None:
        return None
    coding = {"system": codes.MDC, "code": row.mdc, "display": row.mdc_name}
    said: dict[str, Any] = {"valueCode": [{"text": state.text}]}
    if row.kind == "number":
        unit = {"unit": state.unit, "system": codes.UCUM, "code": state.unit} if state.unit else {}
        said = {"valueQuantity": [{"value": msgspec.Raw(state.text.encode()), **unit}]}
    at = moment(state.at_ms, state.offset_min).decode()
    return {
        "extension": [{"url": codes.STATED_AT, "valueDateTime": at}],
        "type": {"coding": [coding], "text": row.name_da},
        **said,
    }
