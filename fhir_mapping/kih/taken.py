"""What became of a dataset: records, remarks on some of them, and the reports refused.

In: the readers' findings. Out: to whoever imports a dataset. Also the checks that our own and
foreign reports share: what reaches a record is what `devices.admission` lets in by any door, since
the renderings rely on it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from devices.admission import (
    Inadmissible,
    Instant,
    Window,
    instant_in,
    offset_fault,
    panel_fault,
    possible,
)
from devices.catalogue import Metric
from fhir_mapping.foreign import Made
from fhir_mapping.kih.dataset import LaboratoryReport
from fhir_mapping.record import Record

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Remark(msgspec.Struct, frozen=True, gc=False):
    """Something a reader decided about a report that was taken: `meaning` says what, and why."""

    uuid: str
    element: str
    value: str
    meaning: str


class ReportRejection(msgspec.Struct, frozen=True, gc=False):
    """A report that was not taken: the element, what stands there, and what may.

    `reason` is one of `ingest.rejection.Reason`, `place` the report's number in its document.
    """

    uuid: str
    element: str
    value: str
    limit: str
    reason: str = "field-value"
    place: int = 0


class Taken(msgspec.Struct, frozen=True, gc=False):
    """The whole answer; every report is in one of the records or among the rejections."""

    made: list[Made]
    remarks: list[Remark]
    rejections: list[ReportRejection]

    @property
    def records(self) -> list[Record]:
        """The records alone, in document order."""
        return [one.record for one in self.made]


class Refused(Exception):  # noqa: N818  never leaves the package: it becomes a ReportRejection
    """Shortens the checks of one report."""

    def __init__(self, element: str, value: str, limit: str, reason: str = "field-value") -> None:
        super().__init__(element)
        self.element = element
        self.value = value
        self.limit = limit
        self.reason = reason

    @classmethod
    def by(cls, found: Inadmissible, element: str) -> "Refused":
        """What no door lets in, and the element where it stands."""
        return cls(element, found.value, found.limit, found.reason)

    def of(self, report: LaboratoryReport, place: int) -> ReportRejection:
        """The rejection of that report."""
        return ReportRejection(
            report.uuid, self.element, self.value, self.limit, self.reason, place
        )


def instant_of(text: str, window: Window) -> tuple[Instant, int]:
    """CreatedDateTime as an instant, and the offset it was written with (minutes).

    Never assumes a zone.

    >>> from devices.admission import window_at
    >>> window = window_at(1_790_000_000_000)
    >>> instant, offset_min = instant_of("2016-05-04T20:13:51.0+02:00", window)
    >>> instant.measured_ms, instant.device_time, offset_min
    (1462385631000, '2016-05-04T20:13:51', 120)
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        limit = "it must be a day of the calendar"
        raise Refused("CreatedDateTime", text, limit, "time-malformed") from None
    offset = moment.utcoffset()
    if offset is None:
        limit = "it must have an offset, or Z"
        raise Refused("CreatedDateTime", text, limit, "time-malformed")
    offset_min = int(offset.total_seconds()) // 60
    wrong = offset_fault(offset_min, text)
    if wrong is not None:
        raise Refused.by(wrong, "CreatedDateTime")
    instant = instant_in((moment - _EPOCH) // timedelta(milliseconds=1), window, text)
    if isinstance(instant, Inadmissible):
        raise Refused.by(instant, "CreatedDateTime")
    return instant, offset_min


def check_possible(part: Metric, text: str) -> None:
    """Refuse a value, in the row's own unit, that no door lets in."""
    wrong = possible(part, text)
    if wrong is not None:
        raise Refused.by(wrong, "ResultText")


def check_panel(values: Mapping[str, str | None]) -> None:
    """Refuse a panel without its required components, or with diastolic not below systolic."""
    wrong = panel_fault(values)
    if wrong is not None:
        is_missing = wrong.reason == "component-missing"
        raise Refused.by(wrong, "IupacIdentifier" if is_missing else "ResultText")
