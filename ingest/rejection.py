"""What was refused, and why: values for bad data, never exceptions.

A `Rejection` is stored with its payload in the same transaction as its neighbours, counted,
receipted and replayable. The list of reasons is closed; a new one is a new row here, a folder
under `tests/golden/should_fail/` and a line in the documents.
"""

from enum import StrEnum

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
    IDENTITY_MISMATCH = "identity-mismatch"
    PROCESSING_FAILED = "processing-failed"

    @property
    def result(self) -> Result:
        """What the receipt says: held for a person to look at, or refused."""
        return "quarantined" if self is Reason.IDENTITY_MISMATCH else "rejected"


class Rejection(msgspec.Struct, frozen=True, gc=False):
    """One refused delivery, or one refused reading of a delivery.

    `path` leads to the field (JSON path from the reading's own root), `detail` names field,
    value and limit in one English sentence. `index` is the reading's place in an array payload,
    -1 for the delivery as a whole. `message_id` and `message_seq` are the sender's own, empty
    where they could not be read.
    """

    reason: Reason
    path: str
    detail: str
    index: int = -1
    message_id: str = ""
    message_seq: int = 0
