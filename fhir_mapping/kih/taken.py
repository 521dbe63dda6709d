"""What became of a dataset: records, remarks on some of them, and the reports refused.

In: the readers' findings. Out: to whoever imports a dataset. Also the checks that our own and
foreign reports share: what reaches a record is what `ingest.validate` would have let through,
since the renderings rely on it.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from devices.catalogue import Metric, Panel
from fhir_mapping.kih.dataset import LaboratoryReport
from fhir_mapping.record import Record

VALUE_CHARACTERS_MAX: Final = 12
"""Longest decimal text, as at ingest (MedCom HomeCareObservation: at most 12 characters)."""

TEXT_CHARACTERS_MAX: Final = 128
"""Longest free text of a device, as on the wire."""

YEARS: Final = range(1900, 2200)
"""Years in which something may have been measured: what lies outside no calendar need bear."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Remark(msgspec.Struct, frozen=True, gc=False):
    """Something a reader decided about a report that was taken: `meaning` says what, and why."""

    uuid: str
    element: str
    value: str
    meaning: str


class ReportRejection(msgspec.Struct, frozen=True, gc=False):
    """A report that was not taken: the element, what stands there, and what may."""

    uuid: str
    element: str
    value: str
    limit: str


class Taken(msgspec.Struct, frozen=True, gc=False):
    """The whole answer; every report is in one of the records or among the rejections."""

    records: list[Record]
    remarks: list[Remark]
    rejections: list[ReportRejection]


class Refused(Exception):  # noqa: N818  never leaves the package: it becomes a ReportRejection
    """Shortens the checks of one report."""

    def __init__(self, element: str, value: str, limit: str) -> None:
        super().__init__(element)
        self.element = element
        self.value = value
        self.limit = limit

    def of(self, report: LaboratoryReport) -> ReportRejection:
        """The rejection of that report."""
        return ReportRejection(report.uuid, self.element, self.value, self.limit)


def instant_of(text: str) -> tuple[int, int]:
    """CreatedDateTime as UTC milliseconds and offset in minutes; never assumes a zone.

    >>> instant_of("2006-05-04T20:13:51.0+02:00")
    (1146766431000, 120)
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("CreatedDateTime", text, "it must be a day of the calendar") from None
    if moment.year not in YEARS:
        raise Refused("CreatedDateTime", text, f"the year must be {YEARS[0]} to {YEARS[-1]}")
    offset = moment.utcoffset()
    if offset is None:
        raise Refused("CreatedDateTime", text, "it must have an offset, or Z")
    return (moment - _EPOCH) // timedelta(milliseconds=1), int(offset.total_seconds()) // 60


def check_number(text: str, element: str) -> None:
    """Refuse what is no decimal number with a point, of a length that ingest takes."""
    if len(text) > VALUE_CHARACTERS_MAX or _NUMBER.fullmatch(text) is None:
        limit = (
            f"it must be a decimal number with a point, at most {VALUE_CHARACTERS_MAX} characters"
        )
        raise Refused(element, text, limit)


def check_possible(part: Metric, text: str, written: str) -> None:
    """Refuse a value, in the row's own unit, that the quantity cannot have."""
    check_number(text, "ResultText")
    low, high = part.possible
    if not low <= Decimal(text) <= high:
        raise Refused("ResultText", written, f"possible is {low} to {high} {part.ucum}")


def check_panel(row: Panel, values: dict[str, str | None]) -> None:
    """Refuse a panel without its required components, or with diastolic not below systolic."""
    for alias in row.required:
        if alias not in values:
            limit = f"{row.alias} needs {' and '.join(row.required)}; {alias} is missing"
            raise Refused("IupacIdentifier", " ".join(values), limit)
    systolic, diastolic = values.get("systolic"), values.get("diastolic")
    if systolic and diastolic and Decimal(diastolic) >= Decimal(systolic):
        raise Refused("ResultText", diastolic, f"diastolic must be below systolic, {systolic}")
