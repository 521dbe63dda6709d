"""What was refused, and why: values for bad data, never exceptions.

A `Rejection` is stored with its payload in the same transaction as its neighbours, counted,
receipted and replayable. The list of reasons is closed; a new one is a new row here, a folder
under `tests/golden/should_fail/` and a line in the documents.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from devices.wire import Result


class Reason(StrEnum):
    """Why a delivery or a reading was refused."""

    TOPIC_MALFORMED = "topic-malformed"
    TOPIC_PART_MISMATCH = "topic-part-mismatch"
    KIND_UNSUPPORTED = "kind-unsupported"
    PAYLOAD_EMPTY = "payload-empty"
    PAYLOAD_TOO_LARGE = "payload-too-large"
    PAYLOAD_NOT_UTF8 = "payload-not-utf8"
    JSON_MALFORMED = "json-malformed"
    TOO_MANY_READINGS = "too-many-readings"
    VERSION_UNSUPPORTED = "version-unsupported"
    FIELD_MISSING = "field-missing"
    FIELD_TYPE = "field-type"
    FIELD_VALUE = "field-value"
    TIME_MALFORMED = "time-malformed"
    TIME_IN_FUTURE = "time-in-future"
    TIME_IMPLAUSIBLE = "time-implausible"
    DEVICE_TYPE_UNKNOWN = "device-type-unknown"
    READING_EMPTY = "reading-empty"
    TOO_MANY_VALUES = "too-many-values"
    CODE_UNKNOWN = "code-unknown"
    CODE_REPEATED = "code-repeated"
    CODE_NOT_OF_DEVICE = "code-not-of-device"
    VALUE_MISSING = "value-missing"
    VALUE_MALFORMED = "value-malformed"
    VALUE_OUT_OF_RANGE = "value-out-of-range"
    UNIT_UNKNOWN = "unit-unknown"
    UNIT_MISMATCH = "unit-mismatch"
    COMPONENT_MISSING = "component-missing"
    COMPONENTS_CONTRADICT = "components-contradict"
    DEVICE_FACT_INVALID = "device-fact-invalid"
    IDENTITY_MISMATCH = "identity-mismatch"
    PROCESSING_FAILED = "processing-failed"

    @property
    def result(self) -> Result:
        """What the receipt says: held for a person to look at, or refused."""
        return "quarantined" if self is Reason.IDENTITY_MISMATCH else "rejected"


MEANINGS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.TOPIC_MALFORMED: "the topic is not hm/v1/tenant/part/gateway/device/kind",
        Reason.TOPIC_PART_MISMATCH: "the part is not crc32(gateway) mod 64",
        Reason.KIND_UNSUPPORTED: "the last topic level is a kind that is not taken",
        Reason.PAYLOAD_EMPTY: "there is no payload, or an array without readings",
        Reason.PAYLOAD_TOO_LARGE: "the payload is longer than is taken apart",
        Reason.PAYLOAD_NOT_UTF8: "the payload is not UTF-8 text",
        Reason.JSON_MALFORMED: "the payload is not JSON, or ends too early",
        Reason.TOO_MANY_READINGS: "the array holds more readings than are taken at once",
        Reason.VERSION_UNSUPPORTED: "v is a version of the format that is not taken",
        Reason.FIELD_MISSING: "a required field is missing",
        Reason.FIELD_TYPE: "a field has the wrong JSON type; values are decimal strings",
        Reason.FIELD_VALUE: "a field has a value outside its list or limits",
        Reason.TIME_MALFORMED: "a time is no date and time, or has (or lacks) an offset",
        Reason.TIME_IN_FUTURE: "the corrected time is more than two hours later than the arrival",
        Reason.TIME_IMPLAUSIBLE: "the corrected time is before 2015: the clock was never set",
        Reason.DEVICE_TYPE_UNKNOWN: "type is no device specialisation of the catalogue",
        Reason.READING_EMPTY: "the reading holds no value, or no answer",
        Reason.TOO_MANY_VALUES: "the reading holds more values than any instrument gives",
        Reason.CODE_UNKNOWN: "c (or q) is no code, alias, question or questionnaire that is known",
        Reason.CODE_REPEATED: "one reading holds the same metric (or answer) twice",
        Reason.CODE_NOT_OF_DEVICE: "the device type cannot measure this metric, or ask questions",
        Reason.VALUE_MISSING: "there is no value, and no flag that the device failed",
        Reason.VALUE_MALFORMED: "the value is no decimal number with a point",
        Reason.VALUE_OUT_OF_RANGE: "the value is outside what the quantity can be at all",
        Reason.UNIT_UNKNOWN: "the unit is none that any metric is taken in",
        Reason.UNIT_MISMATCH: "the unit belongs to another metric",
        Reason.COMPONENT_MISSING: "a blood pressure lacks systolic or diastolic",
        Reason.COMPONENTS_CONTRADICT: "diastolic not below systolic, or an answer not asked for",
        Reason.DEVICE_FACT_INVALID: "a battery level, status or clock of a device cannot be read",
        Reason.IDENTITY_MISMATCH: "payload and topic name different devices, sender and device two "
        "citizens, or somebody else than its author changes a reading",
        Reason.PROCESSING_FAILED: "a fault of ours; the payload is kept for a replay",
    }
)
"""What each reason means, for the documents; every reason has its line."""

assert set(MEANINGS) == set(Reason)


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """One refused delivery, one refused reading of a delivery, or one refused value of a reading.

    `path` leads to the field (JSON path from the reading's own root), `detail` names field,
    value and limit in one English sentence. `index` is the reading's place in an array payload,
    -1 for the delivery as a whole; `part` the place of the one value of it that is refused, -1 for
    the reading as a whole. `message_id` and `message_seq` are the sender's own, empty
    where they could not be read.
    """

    reason: Reason
    path: str
    detail: str
    index: int = -1
    message_id: str = ""
    message_seq: int = 0
    part: int = -1
