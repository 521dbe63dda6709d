"""FHIR updated over HTTP: a measurement, or answers, taken back or corrected; history is kept.

In: a resource under the id that it has. Out: its new version. `entered-in-error` takes it back,
whatever else the body says; any other status brings another value of the same act. What makes it
this measurement (device, time, code, circumstances) cannot be updated: that would be another one.
`If-Match` (412) and the version in the body (409) keep two people from overwriting each other.
"""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Response

from alerting.api.answers import Fault, Refused, documented, shortened, tags_of
from alerting.api.operations import documented_body
from alerting.api.records import record_named
from alerting.api.resources import outcome, renderer, resource
from alerting.api.sources import Sources
from alerting.api.submission import examined_one, stored_alone
from alerting.api.writing import BROKEN, Base, Body, check_kind, unfit
from fhir_mapping.fhir_read.values import WITHDRAWN
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.rejection import Rejection
from ingest.store import Arrival, Mapped, Reader

_ERRORS = (400, 404, 409, 412, 413, 415, 422, 500)
_GOOD = (200, 202)
_IfMatch = Annotated[str | None, Header()]


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    version_id: str = ""


class _Said(msgspec.Struct):
    """What an update says of itself."""

    id: str = ""
    status: str = ""
    meta: _Meta = _Meta()


def add_routes(router: APIRouter, sources: Sources) -> None:
    """The routes that update."""

    @router.put(
        "/Observation/{observation_id}",
        response_class=Response,
        responses=documented({"resourceType": "Observation"}, *_ERRORS, fhir=True, good=_GOOD),
        openapi_extra=documented_body({"resourceType": "Observation", "status": WITHDRAWN}),
    )
    def update(observation_id: str, body: Body, base: Base, if_match: _IfMatch = None) -> Response:
        """Take an Observation back (status `entered-in-error`), or correct its value.

        200 with the new version, and the old ones in its Provenance; 202 when it is held, since
        somebody else than its author says so. Never creates one.
        """
        return _updated(sources, body, base, ("Observation", observation_id), if_match)

    @router.put(
        "/QuestionnaireResponse/{response_id}",
        response_class=Response,
        responses=documented(
            {"resourceType": "QuestionnaireResponse"}, *_ERRORS, fhir=True, good=_GOOD
        ),
        openapi_extra=documented_body({"resourceType": "QuestionnaireResponse"}),
    )
    def update_response(
        response_id: str, body: Body, base: Base, if_match: _IfMatch = None
    ) -> Response:
        """Take answers back, or correct them, as an Observation is."""
        return _updated(sources, body, base, ("QuestionnaireResponse", response_id), if_match)


def _updated(
    sources: Sources, body: bytes, base: str, named: tuple[str, str], if_match: str | None
) -> Response:
    kind, key = named
    check_kind(body, kind)
    record = record_named(sources, key, kind)
    said = _said(body, key)
    arrival, reader = examined_one(sources, body, base), sources.reader()
    delivery = arrival.delivery
    if said.status == WITHDRAWN:
        arrival = Arrival(delivery, _withdrawal(record, kind, delivery))
    elif not isinstance(arrival.item, Rejection):
        arrival = Arrival(delivery, _correction(arrival.item, record, reader, delivery))

    def check() -> None:
        now = sources.reader().record(record.id) or record
        _check_version(now, if_match, said.meta.version_id)

    told = stored_alone(sources, arrival, check)
    now = reader.record(record.id)
    assert now is not None, "a record that was named stays"
    if told.status == 202:
        answer = resource(outcome(told.issues), 202)
    else:
        answer = resource(renderer(reader)(now))
    answer.headers["ETag"] = f'"{now.version}"'
    return answer


def _said(body: bytes, key: str) -> _Said:
    try:
        said = msgspec.json.decode(body, type=_Said)
    except BROKEN as error:
        raise unfit("$", str(error)[:200], "a FHIR resource in JSON") from error
    if said.id != key:
        raise unfit("id", said.id, "the id in the address")
    return said


def _withdrawal(record: Record, kind: str, delivery: Delivery) -> Mapped:
    sent = msgspec.structs.replace(record, sent_ms=_said_ms(record, delivery))
    return Mapped(f"update-{record.version}", 0, [sent], path=kind, intent="withdrawal")


def _correction(item: Mapped, record: Record, reader: Reader, delivery: Delivery) -> Mapped:
    """What the body says, as a correction of the record; Refused when it is another act."""
    found = reader.standing(item.records[0]) if len(item.records) == 1 else None
    if found is None or found.id != record.id:
        fault = Fault(
            "another-measurement",
            "device, time, code and circumstances make it this measurement and cannot be updated: "
            "take it back (entered-in-error), and create the other one",
        )
        raise Refused(422, fault, "business-rule")
    sent = msgspec.structs.replace(item.records[0], sent_ms=_said_ms(record, delivery))
    return msgspec.structs.replace(item, records=[sent], intent="correction")


def _said_ms(record: Record, delivery: Delivery) -> int:
    """When it is updated: now, and after all that was said of it."""
    return max(delivery.received_ms, record.sent_ms + 1)


def _check_version(record: Record, if_match: str | None, version_id: str) -> None:
    """Refused when it has another version than the update is of."""
    tags = None if if_match is None else tags_of(if_match)
    now = str(record.version)
    if tags is not None and now not in tags:
        raise _changed(412, "If-Match", if_match or "", now)
    if if_match is None and version_id and version_id != now:
        raise _changed(409, "meta.versionId", version_id, now)


def _changed(status: int, field: str, said: str, now: str) -> Refused:
    fault = Fault("version-changed", "it has another version", field, shortened(said), now)
    return Refused(status, fault, "conflict")
