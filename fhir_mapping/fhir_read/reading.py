"""One Observation as a reading, or the reason why not.

In: an `Observation` and where it stands. Out: `Found`, or a `Refusal`. The checks are those of
`ingest.validate`, in its words, so that what comes as FHIR is held to what comes over MQTT.

Where FHIR says nothing: slot 1; boot and gateway as the `Source` has them; the device type is the
first of the catalogue that measures all of it; how it was transferred and where as `surroundings`
has it. The device's own time is the local time of measuring, led back by the clock pair if there is
one. Without a device, the subject stands for it (`stand_in`). A pulse that does not say by which
instrument is the cuff's beside a blood pressure, the oximeter's beside a saturation, else what the
device can measure, else the oximeter's, with a note.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from devices.admission import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Instant
from devices.catalogue import DEVICE_TYPES, DeviceType
from devices.device_types import TABLET
from devices.reading import Reading, Response, Value, marked
from devices.wire import part_of
from fhir_mapping import codes
from fhir_mapping.fhir_read.answer import Found, Note, Refusal
from fhir_mapping.fhir_read.device_facts import fact_meant, fact_reading
from fhir_mapping.fhir_read.moment import Moment, local_text, measured_at, moment_of
from fhir_mapping.fhir_read.own import Own, check_own, is_ours, own_identity
from fhir_mapping.fhir_read.parties import PERSONS, Context, Party, clock_of, party_of, subject_of
from fhir_mapping.fhir_read.settle import settled
from fhir_mapping.fhir_read.shapes import Observation
from fhir_mapping.fhir_read.surroundings import surroundings_of
from fhir_mapping.fhir_read.terms import has_code
from fhir_mapping.fhir_read.values import WITHDRAWN, Measured, measured_in
from fhir_mapping.record import Intent
from fhir_mapping.stand_in import UNNAMED, is_stand_in, stand_in

INTENTS: Final[Mapping[str, Intent]] = MappingProxyType(
    {
        "preliminary": "reading",
        "final": "reading",
        "amended": "correction",
        "corrected": "correction",
        WITHDRAWN: "withdrawal",
    }
)
"""What each status that is taken means."""
COINCIDENT: Final = "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference"
_STATUS_MEANING = {
    "cancelled": "it was never made",
    "registered": "it has no result yet",
    "": "the element is missing",
}
_SYNC_WORDS: Final = {code.code: word for word, code in codes.CLOCK_SYNC_METHODS.items()}


class _Clock(msgspec.Struct, frozen=True, gc=False):
    """The coincident pair: what the device's and the gateway's clock showed at one moment."""

    sync: str
    device_ms: int
    gateway_ms: int


class Said(msgspec.Struct, frozen=True, gc=False):
    """What an identity needs of what was said; and, of answers, the device type and the answers."""

    key: str
    circumstances: str = ""
    device_type: str = ""
    response: Response | None = None


def is_clock(observation: Observation) -> bool:
    """Whether it is a coincident time stamp of HL7 PHD, which is no measurement.

    >>> is_clock(Observation())
    False
    """
    row = fact_meant(observation.code)
    return row is not None and row.alias in {"clock", "clock_ticks"}


def reading_of(observation: Observation, context: Context) -> Found:
    """The reading of this Observation; raises `Refusal`."""
    path = context.path
    context.open(observation)
    _check_usable(observation, path)
    row = fact_meant(observation.code)
    if row is not None:
        return fact_reading(observation, row, context)
    measured = measured_in(observation, path, context.notes)
    return reading_said(observation, Said(measured.key, measured.circumstances), measured, context)


def reading_said(
    observation: Observation, said: Said, measured: Measured | None, context: Context
) -> Found:
    """The reading of what was measured, or of what was answered, by what stands around it."""
    path = context.path
    _check_modified(observation, path)
    moment, instant = measured_at(observation, context.window, path)
    clock = _clock(observation, context)
    subject = subject_of(observation, context)
    party, own = _device(observation, said, subject, context)
    values, refused = settled(measured, party.kinds, context) if measured else ((), ())
    kind = said.device_type or _kind(values, party.kinds, path)
    model, firmware = _model(observation, party, own is not None)
    gateway = _gateway(observation, context)
    by_device = said.response is None and not is_stand_in(party.name)
    around = surroundings_of(observation, context, by_device)
    reading = Reading(
        message_id=observation.id[:NAME_CHARACTERS_MAX],
        message_seq=0,
        tenant=context.source.tenant,
        part=part_of(gateway),
        gateway=gateway,
        device=party.name,
        device_type=kind,
        model=model,
        firmware=firmware,
        slot=own.slot if own else 1,
        boot=own.boot if own else context.source.boot,
        device_time=own.device_time if own else _device_time(instant, moment, clock, path),
        measured_ms=instant.measured_ms,
        offset_min=moment.offset_min if own else instant.offset_min,
        clock_sync=clock.sync if clock else "",
        clock_device_ms=clock.device_ms if clock else None,
        clock_gateway_ms=clock.gateway_ms if clock else None,
        transferred_by=around.transferred_by,
        location=around.location,
        values=values,
        response=said.response,
        facts=tuple(measured.facts) if measured else (),
        sent_ms=_sent_ms(observation, context.received_ms),
    )
    if own:
        _check_time(own)
        check_own(reading, observation, path)
    intent = INTENTS[observation.status]
    reading = marked(reading, instant.flags)
    return Found(reading, subject, path, around.scheduled, intent, refused)


def _sent_ms(observation: Observation, received_ms: int) -> int:
    """When its author said so: when it was issued, else when it was last changed; never later than
    it arrived, 0 where neither is said.
    """
    for said in (observation.issued, observation.meta.last_updated):
        try:
            sent_ms = moment_of(said, "").utc_ms if said else 0
        except Refusal:
            continue
        if sent_ms > 0:
            return min(sent_ms, received_ms)
    return 0


def _check_usable(observation: Observation, path: str) -> None:
    status = observation.status
    if status not in INTENTS:
        why = _STATUS_MEANING.get(status, f"taken are {', '.join(sorted(INTENTS))}")
        reason = "field-value" if status else "field-missing"
        raise Refusal(reason, f"{path}.status", f"status is {status[:32]!r}: {why}")


def _check_modified(observation: Observation, path: str) -> None:
    if observation.modifier_extension:
        detail = "a modifier extension changes the meaning, and none is known"
        raise Refusal("field-value", f"{path}.modifierExtension", detail)
    if observation.implicit_rules:
        detail = "the resource asks for rules that are not known"
        raise Refusal("field-value", f"{path}.implicitRules", detail)


def _device(
    observation: Observation, said: Said, subject: str | None, context: Context
) -> tuple[Party, Own | None]:
    """Which device it was: our identifier's, the one referred to, or the subject in its place."""
    path = f"{context.path}.device"
    reference = observation.device
    party = party_of(reference, path, context) if reference else Party("")
    if is_ours(observation):
        own = own_identity(observation, said.key, said.circumstances, context.path)
        return msgspec.structs.replace(party, name=own.device), own
    if party.name:
        return party, None
    if subject is None:
        detail = "without a device that has a name, the subject must stand for it; none is named"
        raise Refusal("field-missing", path, detail)
    name = UNNAMED if subject.partition("|")[0] in PERSONS else stand_in(subject)
    return msgspec.structs.replace(party, name=name), None


def _kind(values: tuple[Value, ...], kinds: tuple[DeviceType, ...], path: str) -> str:
    aliases = {value.metric.alias for value in values}
    # A gateway that gives itself as the device hands on what others measured.
    others = () if set(kinds) - {TABLET} else DEVICE_TYPES
    for kind in (*kinds, *others):
        if aliases <= kind.metrics:
            return kind.mdc
    names = " or ".join(kind.name_en.lower() for kind in kinds) or "device of the catalogue"
    detail = f"no {names} measures {' and '.join(sorted(aliases))}"
    raise Refusal("code-not-of-device", f"{path}.device", detail)


def _model(observation: Observation, party: Party, is_own: bool) -> tuple[str, str]:
    """Model and firmware: ours as they were when it measured, others' as the Device has them."""
    shown = observation.device.display if observation.device else ""
    if is_own:
        model, found, firmware = shown.rpartition(", firmware ")
        model, firmware = (model, firmware) if found else (shown, "")
        return model[:TEXT_CHARACTERS_MAX], firmware[:TEXT_CHARACTERS_MAX]
    return party.model or shown[:TEXT_CHARACTERS_MAX], party.firmware


def _gateway(observation: Observation, context: Context) -> str:
    path = f"{context.path}.extension"
    for place, one in enumerate(observation.extension):
        if one.url == codes.GATEWAY_DEVICE and one.value_reference is not None:
            at = f"{path}[{place}].valueReference"
            return party_of(one.value_reference, at, context).name or context.source.gateway
    return context.source.gateway


def _clock(observation: Observation, context: Context) -> _Clock | None:
    """The clock pair: referred to as PHD's coincident time stamp, or as derived from."""
    references = [
        (f"{context.path}.extension[{place}].valueReference", one.value_reference.reference)
        for place, one in enumerate(observation.extension)
        if one.url == COINCIDENT and one.value_reference is not None
    ]
    references += [
        (f"{context.path}.derivedFrom[{place}]", one.reference)
        for place, one in enumerate(observation.derived_from)
    ]
    for path, reference in references:
        stamp = clock_of(reference, context)
        if stamp is None:
            context.notes.append(Note(path, f"{reference[:200]!r} is not in the payload"))
        elif is_clock(stamp):
            at = f"{path}.resolve()"
            if not stamp.value_date_time:
                context.notes.append(Note(at, "a device clock that is no date and time"))
                continue
            device = moment_of(stamp.value_date_time, f"{at}.valueDateTime")
            gateway = moment_of(stamp.effective_date_time, f"{at}.effectiveDateTime")
            return _Clock(_sync(stamp), device.local_ms, gateway.utc_ms)
    return None


def _sync(stamp: Observation) -> str:
    """How the device's clock is set: our word, else the word of PHD's code, else nothing."""
    for component in stamp.component:
        said = component.value_codeable_concept
        if said is not None and has_code(component.code, codes.MDC, codes.CLOCK_SYNC.code):
            known = (_SYNC_WORDS[one.code] for one in said.coding if one.code in _SYNC_WORDS)
            return (said.text or next(known, ""))[:64]
    return ""


def _device_time(instant: Instant, moment: Moment, clock: _Clock | None, path: str) -> str:
    if clock is None:
        return instant.device_time
    return local_text(clock.device_ms - (clock.gateway_ms - moment.utc_ms), path)


def _check_time(own: Own) -> None:
    try:
        datetime.fromisoformat(own.device_time)
    except ValueError:
        detail = f"{own.device_time!r} is in no calendar"
        raise Refusal("identity-mismatch", own.path, detail) from None
