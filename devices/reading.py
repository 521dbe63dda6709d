"""A reading: one act of measuring by one device, believed and corrected.

In: what `ingest` has decoded and validated. Out: to `fhir_mapping.record`, which splits it into
one record per Observation, or per questionnaire. Holds no FHIR and no patient: who it was is
resolved when it is stored.
"""

from decimal import Decimal

import msgspec

from devices.catalogue import Metric
from devices.device_facts import DeviceFact
from devices.questionnaire import Questionnaire


class Value(msgspec.Struct, frozen=True, gc=False):
    """One measured value.

    `text` is the decimal text in the metric's own unit, exactly as precise as it was sent, or
    None when the device reports that it could not measure (`flags` then say why).
    """

    metric: Metric
    text: str | None
    circumstances: str
    flags: tuple[str, ...]

    def says(self, other: "Value") -> bool:
        """Whether both say the same: 93 and 93.0 are one number."""
        if self == other:
            return True
        if self.text is None or other.text is None or Decimal(self.text) != Decimal(other.text):
            return False
        return msgspec.structs.replace(self, text=other.text) == other


class Response(msgspec.Struct, frozen=True, gc=False):
    """One questionnaire as it was answered: `answers` in the order of its questions, None where
    a question was not asked or not answered."""

    questionnaire: Questionnaire
    answers: tuple[str | None, ...]
    flags: tuple[str, ...] = ()


class StatedFact(msgspec.Struct, frozen=True, gc=False):
    """One fact about the device itself, beside what it measured: a number's text has a unit."""

    fact: DeviceFact
    text: str
    unit: str = ""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One act of measuring: where it came from, when it was, and what was measured.

    Times: `device_time` is the device's own uncorrected clock as on the wire
    (YYYY-MM-DDTHH:MM:SS, no zone) and part of the identity; `measured_ms` is the corrected
    instant, milliseconds since 1970-01-01 UTC; `offset_min` is the local zone's offset in
    minutes. `clock_device_ms` and `clock_gateway_ms` are the coincident pair that the correction
    was made with (None when the gateway sent none), kept so that it can be redone.

    `sent_ms` is when its author sent this word on it (UTC, ms), 0 where he does not say: of two
    words on one act the later one holds, in whatever order they arrive.

    A tablet that asked questions measured nothing: `values` is empty, `response` what it was told.
    `facts` are what the device says of itself; a reading may hold nothing else.
    """

    message_id: str
    message_seq: int
    tenant: str
    part: int
    gateway: str
    device: str
    device_type: str
    model: str
    firmware: str
    slot: int
    boot: str
    device_time: str
    measured_ms: int
    offset_min: int
    clock_sync: str
    clock_device_ms: int | None
    clock_gateway_ms: int | None
    transferred_by: str
    location: str
    values: tuple[Value, ...]
    response: Response | None = None
    facts: tuple[StatedFact, ...] = ()
    sent_ms: int = 0


def marked(reading: Reading, flags: tuple[str, ...]) -> Reading:
    """The reading with these flags at every value, or at its answers; itself without any."""
    if not flags:
        return reading
    values = tuple(
        msgspec.structs.replace(value, flags=tuple(dict.fromkeys((*value.flags, *flags))))
        for value in reading.values
    )
    response = reading.response
    if response is not None:
        said = tuple(dict.fromkeys((*response.flags, *flags)))
        response = msgspec.structs.replace(response, flags=said)
    return msgspec.structs.replace(reading, values=values, response=response)
