"""The record: the truth behind one Observation, from which FHIR, KIH XML and PHMR are rendered.

In: a validated `Reading`. Out: one `Record` per Observation: blood pressure is one with its
components, everything else one per metric; answers to a questionnaire are one, rendered as
QuestionnaireResponse. A record holds all that any rendering needs; who the patient was, the plan
and the limits in force are added when it is stored.
"""

from typing import Literal

import msgspec

from devices.catalogue import Metric, Panel, observed, panel
from devices.reading import Reading, Response, Value
from devices.symptoms import is_questionnaire, questionnaire
from devices.zone import local_ms
from fhir_mapping.identity import fingerprint, identity_of, observation_id, observation_mark
from fhir_mapping.status import Flags, absent_reason, flags_at, is_usable, shared_and_own

_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder(order="sorted").encode
Intent = Literal["reading", "correction", "withdrawal"]
"""What its author means by a word on a measurement, at any door: a plain word on the act, one that
replaces an earlier one whatever the clock, or that the act was none."""
SYNCHRONISED_NEVER = frozenset({"", "none", "unknown", "manual"})
"""Values of `clock.sync` that do not vouch for the device's clock."""


class Record(msgspec.Struct, frozen=True, gc=False):
    """The facts of one Observation or of one QuestionnaireResponse.

    `about` is the catalogue alias of a metric or a panel, or the alias of a questionnaire. `values`
    holds decimal texts, one per component of the panel in catalogue order (None where absent), or
    a single one; of a questionnaire `yes`, `no` or None, one per question in order. `flags` is the
    device's word on the whole act, `component_flags` its word on each component beside that, empty
    where there is none (`fhir_mapping.status`). Times are UTC milliseconds; `offset_min` is the
    local offset; `sent_ms` is when its author sent this version of it, 0 where he does not say.
    The last block is set by the store: `seq` is the arrival number (commit-ordered, without gaps
    below it), `version` counts from 1, `citizen` is None while the device is assigned to nobody,
    `updated_ms` is when any of this last changed, `scheduled` says that the plan asked for a
    measurement that day, `conflict` that another value claims the same identity (`contested`: that
    one stood before), `withdrawn` that its author has taken it back: it then has no value any more,
    and counts for nothing. `base` is the identity by content of a record that has another, since
    that one is taken: a twin, or a separate act. The reference range in force follows from citizen,
    `measured_ms` and `updated_ms`, since personal limits are kept with the time from which they
    hold and the time they were entered.
    """

    identity: bytes
    id: bytes
    about: str
    values: tuple[str | None, ...]
    measured_ms: int
    offset_min: int
    device_time: str
    part: int
    gateway: str
    device: str
    device_type: str
    model: str
    firmware: str
    slot: int
    boot: str
    transferred_by: str
    location: str
    clock_sync: str
    clock_device_ms: int | None
    clock_gateway_ms: int | None
    circumstances: str
    flags: Flags
    component_flags: tuple[Flags, ...] = ()
    sent_ms: int = 0

    seq: int = 0
    version: int = 1
    citizen: str | None = None
    received_ms: int = 0
    updated_ms: int = 0
    scheduled: bool = False
    conflict: bool = False
    withdrawn: bool = False
    base: bytes | None = None

    @property
    def is_response(self) -> bool:
        """Whether these are answers to a questionnaire, and no measurement."""
        return is_questionnaire(self.about)

    @property
    def row(self) -> Metric | Panel:
        """The catalogue row that this record is about; KeyError for a questionnaire's answers."""
        return observed(self.about)

    @property
    def key(self) -> str:
        """What it is about as its identity has it: a catalogue row's key, or a questionnaire's."""
        return questionnaire(self.about).key if self.is_response else self.row.key

    def flags_at(self, place: int) -> Flags:
        """The device's word on one component: on the whole act, then on this one."""
        return flags_at(self.flags, self.component_flags, place)

    def usable(self, place: int) -> bool:
        """Whether rules, curves and pages may use this component at all."""
        stands = self.values[place] is not None and not self.withdrawn
        return stands and is_usable(self.flags_at(place))

    @property
    def contested(self) -> bool:
        """Whether it contradicts a value of its act that stood before it; that one is in conflict,
        too, but goes on counting as it did."""
        if not self.conflict or self.base is None:
            return False
        return self.identity != _apart(self, act_of(self), "").identity

    def absent_reason(self, place: int) -> str:
        """Why the value of a component is withheld, as FHIR says it; empty where it stands."""
        return absent_reason(self.flags_at(place))

    @property
    def withheld(self) -> bool:
        """Whether a value is there that no rendering shows as one."""
        return any(
            text is not None and bool(self.absent_reason(place))
            for place, text in enumerate(self.values)
        )

    @property
    def clock_vouched(self) -> bool:
        """Whether the sender says that the device's clock is synchronised."""
        return self.clock_sync not in SYNCHRONISED_NEVER


class Superseded(msgspec.Struct, frozen=True, gc=False):
    """An earlier version of a record, or a word on it that came after a later one.

    `flags` and `measured_ms` are None where an older store did not keep them.
    """

    version: int
    values: tuple[str | None, ...]
    received_ms: int
    flags: Flags | None = None
    component_flags: tuple[Flags, ...] = ()
    measured_ms: int | None = None
    sent_ms: int = 0
    withdrawn: bool = False
    clock_sync: str = ""
    clock_device_ms: int | None = None
    clock_gateway_ms: int | None = None


def records_of(reading: Reading) -> list[Record]:
    """The records of one reading, in catalogue order of first appearance.

    Empty for one that holds nothing but facts about the device.
    """
    groups: dict[str, list[Value]] = {}
    for value in reading.values:
        groups.setdefault(value.metric.panel or value.metric.alias, []).append(value)
    device_time_ms = local_ms(reading.device_time)
    if reading.response is not None:
        return [_answered(reading, device_time_ms, reading.response)]
    return [_measured(reading, device_time_ms, about, group) for about, group in groups.items()]


def _answered(reading: Reading, device_time_ms: int, response: Response) -> Record:
    asked = response.questionnaire
    return _record(
        reading, device_time_ms, asked.key, asked.alias, response.answers, "", response.flags
    )


def _measured(reading: Reading, device_time_ms: int, about: str, group: list[Value]) -> Record:
    component_flags: tuple[Flags, ...] = ()
    if len(group) == 1 and group[0].metric.panel is None:
        only = group[0]
        values: tuple[str | None, ...] = (only.text,)
        circumstances, key = only.circumstances, only.metric.key
        flags = only.flags
    else:
        row = panel(about)
        texts = {value.metric.alias: value.text for value in group}
        values = tuple(texts.get(alias) for alias in row.components)
        circumstances = _shared_circumstances(group)
        sent = {value.metric.alias: value.flags for value in group}
        flags, component_flags = shared_and_own([sent.get(alias) for alias in row.components])
        key = row.mdc
    record = _record(reading, device_time_ms, key, about, values, circumstances, flags)
    if component_flags:
        return msgspec.structs.replace(record, component_flags=component_flags)
    return record


def _record(
    reading: Reading,
    device_time_ms: int,
    key: str,
    about: str,
    values: tuple[str | None, ...],
    circumstances: str,
    flags: Flags,
) -> Record:
    mark = fingerprint(
        reading.device,
        reading.slot,
        reading.boot,
        reading.device_time,
        key,
        circumstances,
        "",
    )
    return Record(
        identity=identity_of(device_time_ms, mark),
        id=observation_id(
            reading.measured_ms,
            observation_mark(reading.device, reading.slot, key, circumstances, ""),
        ),
        about=about,
        values=values,
        measured_ms=reading.measured_ms,
        offset_min=reading.offset_min,
        device_time=reading.device_time,
        part=reading.part,
        gateway=reading.gateway,
        device=reading.device,
        device_type=reading.device_type,
        model=reading.model,
        firmware=reading.firmware,
        slot=reading.slot,
        boot=reading.boot,
        transferred_by=reading.transferred_by,
        location=reading.location,
        clock_sync=reading.clock_sync,
        clock_device_ms=reading.clock_device_ms,
        clock_gateway_ms=reading.clock_gateway_ms,
        circumstances=circumstances,
        flags=flags,
        sent_ms=reading.sent_ms,
    )


def _shared_circumstances(group: list[Value]) -> str:
    """What the components say together, the same in whichever order they were sent."""
    texts = {value.circumstances for value in group if value.circumstances}
    if len(texts) < 2:
        return next(iter(texts), "")
    return _encode(
        {name: said for text in sorted(texts) for name, said in _decode(text).items()}
    ).decode()


def identity_by_content(record: Record) -> bytes:
    """The identity that follows from the record's facts alone, whatever other records there are."""
    return identity_of(local_ms(record.device_time), _fingerprint(record, ""))


def identity_from(
    about: str, device: str, slot: int, boot: str, device_time: str, circumstances: str
) -> bytes:
    """The same of the bare facts, for a store's upgrade."""
    key = questionnaire(about).key if is_questionnaire(about) else observed(about).key
    mark = fingerprint(device, slot, boot, device_time, key, circumstances, "")
    return identity_of(local_ms(device_time), mark)


def with_base(record: Record) -> Record:
    """The same record, with its base where its identity is not the one by content."""
    base = identity_by_content(record)
    return msgspec.structs.replace(record, base=None if base == record.identity else base)


def on_device(record: Record, device: str) -> Record:
    """The same measurement as one of another device: with that device's identity."""
    moved = msgspec.structs.replace(record, device=device, base=None)
    if record.conflict and record.base is not None:
        return twin_of(_identified(moved, ""))
    return _identified(moved, "")


def twin_of(record: Record, act: str = "") -> Record:
    """The same record as one of two that claim one identity with different values.

    Its value becomes part of its identity, so a resend of it is again recognised as the same.
    `act` is how the act itself is told apart, where its identity is salted, too.
    """
    text = "/".join(value or "" for value in record.values)
    return _apart(msgspec.structs.replace(record, conflict=True), act + text, text)


def separate_act(record: Record, *, identity_taken: bool, id_taken: bool) -> Record:
    """The same record beside an earlier act that has its identity, or its id.

    The corrected instant then tells identities apart, the device's own time ids.
    """
    in_id = f"@{record.boot}/{record.device_time}" if id_taken else ""
    if identity_taken:
        return _apart(record, act_of(record), in_id)
    return msgspec.structs.replace(record, id=_id(record, in_id))


def act_of(record: Record) -> str:
    """How a separate act is told apart from others of one identity."""
    return f"@{record.measured_ms}"


def withdrawal_of(record: Record, flags: Flags = ("invalid",), sent_ms: int = 0) -> Record:
    """The version of a record in which its author takes it back: no value, and the reason why."""
    return msgspec.structs.replace(
        record,
        values=(None,) * len(record.values),
        flags=flags,
        component_flags=(),
        sent_ms=sent_ms,
        withdrawn=True,
    )


def id_endings(record: Record, *, twin: bool = False) -> frozenset[bytes]:
    """How the id of a record with these facts may end, whatever its first version's instant was:
    today's form, that of a second act in one second, and that of earlier stores.
    """
    text = "/".join(value or "" for value in record.values) if twin else ""
    marks = [_observation_mark(record, text), _fingerprint(record, text)]
    if not twin:
        marks.append(_observation_mark(record, f"@{record.boot}/{record.device_time}"))
    return frozenset(observation_id(0, mark)[6:] for mark in marks)


def _apart(record: Record, by: str, in_id: str) -> Record:
    base = record.base or record.identity
    identity = base[:6] + _fingerprint(record, by)
    taken = None if identity == base else base
    return msgspec.structs.replace(record, identity=identity, base=taken, id=_id(record, in_id))


def _identified(record: Record, apart: str) -> Record:
    identity = identity_of(local_ms(record.device_time), _fingerprint(record, apart))
    return msgspec.structs.replace(record, identity=identity, id=_id(record, apart))


def _id(record: Record, apart: str) -> bytes:
    return observation_id(record.measured_ms, _observation_mark(record, apart))


def _observation_mark(record: Record, apart: str) -> bytes:
    return observation_mark(record.device, record.slot, record.key, record.circumstances, apart)


def _fingerprint(record: Record, apart: str) -> bytes:
    return fingerprint(
        record.device,
        record.slot,
        record.boot,
        record.device_time,
        record.key,
        record.circumstances,
        apart,
    )
