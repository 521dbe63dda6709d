"""Resources as the API answers with them: rendered from the store, the outcome of what is refused.

In: records and names. Out: bytes, and responses around them.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from fastapi import Response

from alerting.api.answers import FHIR_JSON, Fault, Refused
from fhir_mapping import codes
from fhir_mapping.device_state import property_of
from fhir_mapping.enrolled import EnrolledDevice, Limits
from fhir_mapping.moment import moment
from fhir_mapping.ranges import in_force, known_at
from fhir_mapping.record import Record, Superseded
from fhir_mapping.resources import printable, render_device, render_gateway, resource_id
from fhir_mapping.response import render, resource_type
from ingest.store import Party, Reader

_encode = msgspec.json.Encoder().encode
_AGENT_TYPES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_OPERATIONS = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
_ENTERED_BY = {"typed": "the citizen", "typedbyhcprof": "a health professional"}


class Issue(msgspec.Struct, frozen=True):
    """One issue of an OperationOutcome: FHIR's type, our own reason, a sentence, and a path."""

    severity: str
    code: str
    reason: str
    text: str
    path: str = ""


def resource(body: bytes, status: int = 200) -> Response:
    """A FHIR resource as the answer."""
    return Response(body, status, media_type=FHIR_JSON)


def unknown(kind: str) -> Refused:
    """There is none with this id."""
    return Refused(404, Fault("resource-unknown", f"there is no {kind} with this id"), "not-found")


def outcome(issues: Iterable[Issue]) -> bytes:
    """An OperationOutcome; the reason is told as ingest's rejections tell it."""
    told = []
    for issue in issues:
        one: dict[str, Any] = {
            "severity": issue.severity,
            "code": issue.code,
            "details": {"text": issue.reason},
            "diagnostics": printable(issue.text),
        }
        if issue.path:
            one["expression"] = [printable(issue.path)]
        told.append(one)
    return _encode({"resourceType": "OperationOutcome", "issue": told})


def renderer(reader: Reader) -> Callable[[Record], bytes]:
    """Renders records with the limits that were in force; reads each citizen's limits once."""
    known: dict[str, list[tuple[int, Limits]]] = {}

    def rendered(record: Record) -> bytes:
        citizen = record.citizen
        if citizen is None or record.is_response:
            return render(record)
        entered = known.get(citizen)
        if entered is None:
            entered = known[citizen] = reader.limits_of(citizen)
        if not entered:
            return render(record)
        return render(record, in_force(known_at(entered, record.updated_ms), record.measured_ms))

    return rendered


def render_party(party: Party) -> bytes:
    """The device or gateway as a Device, with what it has last said of itself as properties."""
    properties = [one for state in party.states if (one := property_of(state)) is not None]
    if not properties:
        return _render_party(party)
    return _render_party(party)[:-1] + b',"property":%b}' % _encode(properties)


def _render_party(party: Party) -> bytes:
    """The device or gateway: as enrolled, else as its newest reading told it."""
    if party.enrolled is not None:
        return render_device(party.enrolled)
    if party.told is None and not party.states:
        return render_gateway(party.name)
    device_type, model, firmware = party.told or ("", "", "")
    enrolled = EnrolledDevice(party.name, device_type, "", model)
    content = msgspec.json.decode(render_device(enrolled))
    del content["manufacturer"]
    if not device_type:
        del content["specialization"]
    if not model:
        del content["modelNumber"]
    if firmware:
        coding = {"system": codes.MDC, "code": "531976", "display": "MDC_ID_PROD_SPEC_FW"}
        content["version"] = [{"type": {"coding": [coding]}, "value": printable(firmware)}]
    return _encode(content)


def render_provenance(record: Record, key: str, reader: Reader) -> bytes:
    """Who and what brought an Observation or a response, and which values it had before.

    One per Observation, under its id: device and gateway as agents, the person if one typed it.
    """
    agents = [
        _agent("author", "Author", reference=f"Device/{resource_id(record.device)}"),
        _agent("assembler", "Assembler", reference=f"Device/{resource_id(record.gateway)}"),
    ]
    typed_by = _ENTERED_BY.get(record.transferred_by)
    if typed_by is not None:
        is_citizen = record.transferred_by == "typed" and record.citizen is not None
        who = {"reference": f"Patient/{record.citizen}"} if is_citizen else {"display": typed_by}
        agents.append(_agent("enterer", "Enterer", **who))
    entities = [
        {
            "role": "revision",
            "what": {
                "identifier": {
                    "system": codes.MEASUREMENT_IDENTITY,
                    "value": f"{key}/{was.version}",
                },
                "display": _version(was),
            },
        }
        for was in reader.superseded(record.identity)
    ]
    code = "NULLIFY" if record.withdrawn else "CREATE" if record.version == 1 else "UPDATE"
    content: dict[str, Any] = {
        "resourceType": "Provenance",
        "id": key,
        "extension": [{"url": codes.TRANSFERRED_BY, "valueCode": record.transferred_by}],
        "target": [{"reference": f"{resource_type(record)}/{key}"}],
        "occurredDateTime": moment(record.measured_ms, record.offset_min).decode(),
        "recorded": moment(max(record.updated_ms, record.received_ms), 0).decode(),
        "activity": {"coding": [{"system": _OPERATIONS, "code": code, "display": code.lower()}]},
        "agent": agents,
    }
    if entities:
        content["entity"] = entities
    return _encode(content)


def _version(was: Superseded) -> str:
    """What a record said before, in one line: value, status, instant, and when it came."""
    said = "withdrawn" if was.withdrawn else "/".join(value or "" for value in was.values) or "none"
    flags = dict.fromkeys(
        (*(was.flags or ()), *(one for own in was.component_flags for one in own))
    )
    parts = [f"{said} [{', '.join(flags)}]" if flags else said]
    if was.measured_ms is not None:
        parts.append(f"measured {moment(was.measured_ms, 0).decode()}")
    if was.clock_device_ms is not None and was.clock_gateway_ms is not None:
        device, gateway = moment(was.clock_device_ms, 0)[:-1], moment(was.clock_gateway_ms, 0)
        parts.append(f"device clock {device.decode()} at {gateway.decode()}")
    parts.append(f"received {moment(was.received_ms, 0).decode()}")
    return f"version {was.version}: {', '.join(parts)}"


def _agent(code: str, display: str, **who: str) -> dict[str, Any]:
    coding = {"system": _AGENT_TYPES, "code": code, "display": display}
    return {"type": {"coding": [coding]}, "who": who}
