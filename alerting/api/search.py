"""Searching Observations: the parameters, the page, and the cursor that never skips or repeats.

In: query parameters as pairs. Out: a `Search`, and a page of records with what comes next. Newest
first, by (measured_ms descending, catalogue alias, id): the order of the store's own ties, so that
a page can be cut at any record. New data that arrive while somebody pages are either newer than
his cursor, and not his to see, or older, and then they come in their place.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from alerting.api.answers import Fault, Refused, shortened
from alerting.local_time import ZONE
from devices.catalogue import OBSERVABLES, Metric, Panel, metric, observed
from fhir_mapping import codes
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.record import Record
from ingest.store import Reader

COUNT_MAX = 1000
COUNT_DEFAULT = 100
TIME_MAX = 2**53
_REPEATABLE = frozenset({"date", "code", "combo-code"})
_FORMATS = frozenset({"json", "application/json", "application/fhir+json"})
_WHOLE = re.compile(r"[0-9]{1,6}")
_PATIENT = re.compile(r"(?:Patient/)?([A-Za-z0-9.\-]{1,64})")
_DATE = re.compile(
    r"(?P<prefix>eq|ge|gt|le|lt|sa|eb)?(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?P<clock>T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?",
    re.ASCII,
)
_CURSOR = re.compile(
    r"(?P<ms>\d{1,16})\.(?P<about>[a-z0-9_]{1,40})\.(?P<id>[0-9a-f-]{36})", re.ASCII
)


class Place(NamedTuple):
    """Where a page ends: the sorting key of its last record."""

    measured_ms: int
    about: str
    id: bytes

    def text(self) -> str:
        """The cursor that names this place."""
        return f"{self.measured_ms}.{self.about}.{id_text(self.id)}"


class Search(msgspec.Struct, frozen=True):
    """One search: whose records, about what, from when (inclusive) until when (exclusive).

    `about` None means everything; an empty tuple, nothing. `asked` are the pairs that name the
    search in links, without the cursor.
    """

    patient: str
    about: tuple[str, ...] | None
    since_ms: int
    until_ms: int
    count: int
    after: Place | None
    asked: tuple[tuple[str, str], ...]

    def url(self, address: str, after: Place | None) -> str:
        """The link of the page that begins after this place."""
        cursor = [] if after is None else [("_cursor", after.text())]
        return f"{address}?{urlencode([*self.asked, *cursor])}"


def search_of(pairs: Iterable[tuple[str, str]]) -> Search:
    """Understand the parameters; Refused with 400 for one that is unknown, wrong or missing.

    An unknown parameter is refused, since to leave it out would widen the answer unnoticed.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in PARAMETERS:
            raise _wrong(name, value, f"known are {', '.join(PARAMETERS)}", "not-supported")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in _REPEATABLE:
            raise _wrong(name, values[1], "it may stand only once")
    patient = _patient(given.get("patient", []))
    since_ms, until_ms = _span(given.get("date", []))
    _only(given, "_format", _FORMATS)
    _only(given, "_sort", frozenset({"-date"}))
    return Search(
        patient=patient,
        about=_about(given),
        since_ms=since_ms,
        until_ms=until_ms,
        count=_count(given.get("_count", [])),
        after=_after(given.get("_cursor", [])),
        asked=tuple(
            (name, value) for name, values in given.items() if name != "_cursor" for value in values
        ),
    )


def page(search: Search, reader: Reader) -> tuple[list[Record], Place | None]:
    """The records of one page, newest first, and the place after which the next one begins.

    None when this is the last page. Costs two short reads, whatever has been paged before.
    """
    if search.about == () or search.since_ms >= search.until_ms:
        return [], None
    wanted = search.count + 1
    found: list[Record] = []
    until_ms = search.until_ms
    if search.after is not None and search.after.measured_ms < until_ms:
        at_ms = search.after.measured_ms
        if at_ms >= search.since_ms:
            ties = _records(search, reader, at_ms, at_ms + 1, None)
            found = [record for record in ties if _place(record)[1:] > search.after[1:]]
        until_ms = at_ms
    if len(found) < wanted:
        found += _records(search, reader, search.since_ms, until_ms, wanted - len(found))
    shown = found[: search.count]
    return shown, _place(shown[-1]) if len(found) > search.count else None


def _records(
    search: Search, reader: Reader, since_ms: int, until_ms: int, limit: int | None
) -> list[Record]:
    """The newest of a span, newest first; records of one moment by alias and id, as stored."""
    about = search.about or ()
    return reader.records_of(search.patient, about, since_ms, until_ms, limit)[::-1]


def _place(record: Record) -> Place:
    return Place(record.measured_ms, record.about, record.id)


def _patient(values: Sequence[str]) -> str:
    if not values:
        raise _wrong("patient", "", "it is required: the id of a Patient", "required")
    found = _PATIENT.fullmatch(values[0])
    if found is None:
        raise _wrong("patient", values[0], "the id of a Patient, or Patient/ and the id")
    return found[1]


def _count(values: Sequence[str]) -> int:
    if not values:
        return COUNT_DEFAULT
    text = values[0]
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= COUNT_MAX:
        raise _wrong("_count", text, f"a whole number from 1 to {COUNT_MAX}")
    return int(text)


def _after(values: Sequence[str]) -> Place | None:
    if not values:
        return None
    found = _CURSOR.fullmatch(values[0])
    id_part = id_bytes(found["id"]) if found else None
    if found is None or id_part is None or int(found["ms"]) > TIME_MAX:
        raise _wrong("_cursor", values[0], "the _cursor of a next link")
    return Place(int(found["ms"]), found["about"], id_part)


def _only(given: Mapping[str, list[str]], name: str, allowed: frozenset[str]) -> None:
    for value in given.get(name, []):
        if value not in allowed:
            raise _wrong(name, value, f"one of {', '.join(sorted(allowed))}", "not-supported")


def _about(given: Mapping[str, list[str]]) -> tuple[str, ...] | None:
    """The catalogue aliases that every `code` and `combo-code` agrees on; None without any."""
    chosen: set[str] | None = None
    for name, table in (("code", _CODE), ("combo-code", _COMBO_CODE)):
        for value in given.get(name, []):
            found: set[str] = set()
            for token in value.split(","):
                found.update(table.get(token, ()))
            chosen = found if chosen is None else chosen & found
    return None if chosen is None else tuple(alias for alias in OBSERVABLES if alias in chosen)


def _span(values: Sequence[str]) -> tuple[int, int]:
    since_ms, until_ms = 0, TIME_MAX
    for value in values:
        prefix, begins_ms, ends_ms = _moment(value)
        if prefix in ("eq", "ge"):
            since_ms = max(since_ms, begins_ms)
        if prefix in ("gt", "sa"):
            since_ms = max(since_ms, ends_ms)
        if prefix in ("eq", "le"):
            until_ms = min(until_ms, ends_ms)
        if prefix in ("lt", "eb"):
            until_ms = min(until_ms, begins_ms)
    return since_ms, until_ms


def _moment(value: str) -> tuple[str, int, int]:
    """The prefix, and the span that a date of its precision covers, end exclusive.

    A date without a zone is Danish. A space is a plus sign that nobody encoded.
    """
    limit = "a FHIR date, with eq, ge, gt, le, lt, sa or eb before it"
    found = _DATE.fullmatch(value.replace(" ", "+"))
    if found is None or (found["zone"] and not found["clock"]):
        raise _wrong("date", value, limit)
    try:
        begins, ends = _bounds(found)
        begins_ms, ends_ms = (round(moment.timestamp() * 1000) for moment in (begins, ends))
    except (ValueError, OverflowError) as error:
        raise _wrong("date", value, limit) from error
    return found["prefix"] or "eq", begins_ms, ends_ms


def _bounds(found: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    clock = found["clock"]
    if clock:
        zone = found["zone"] or ""
        text = f"{year:04}-{month:02}-{day:02}{clock}"
        begins = datetime.fromisoformat(text + zone.replace("Z", "+00:00"))
        begins = begins if begins.tzinfo else begins.replace(tzinfo=ZONE)
        return begins, begins + _precision(clock)
    first = date(year, month, day)
    if found["day"]:
        last = first + timedelta(days=1)
    elif found["month"]:
        last = (first + timedelta(days=31)).replace(day=1)
    else:
        last = date(year + 1, 1, 1)
    return datetime.combine(first, time(), ZONE), datetime.combine(last, time(), ZONE)


def _precision(clock: str) -> timedelta:
    if "." in clock:
        return timedelta(milliseconds=1)
    return timedelta(seconds=1) if clock.count(":") > 1 else timedelta(minutes=1)


def _wrong(name: str, value: str, limit: str, issue: str = "invalid") -> Refused:
    fault = Fault("parameter-invalid", "a search parameter is wrong", name, shortened(value), limit)
    return Refused(400, fault, issue)


def _tokens(row: Metric | Panel) -> Iterable[str]:
    """Every way to name a row's code: bare, with its system, and the system alone."""
    named = [(codes.LOINC, code.code) for code in row.loinc]
    if row.mdc:
        named.append((codes.MDC, row.mdc))
    if isinstance(row, Metric) and row.danish.code:
        named.append((str(row.danish_system), row.danish.code))
    for system, code in named:
        yield from (code, f"{system}|{code}", f"{system}|")


def _table(with_components: bool) -> Mapping[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for alias in OBSERVABLES:
        row = observed(alias)
        parts = row.components if isinstance(row, Panel) and with_components else ()
        for part in (row, *(metric(name) for name in parts)):
            for token in _tokens(part):
                table.setdefault(token, set()).add(alias)
    return MappingProxyType({token: frozenset(found) for token, found in table.items()})


_CODE = _table(with_components=False)
_COMBO_CODE = _table(with_components=True)

PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "patient": "whose: the id of a Patient; required",
        "code": "what: `system|code` or a bare code (LOINC, MDC, NPU, MCS); commas mean or",
        "combo-code": "as `code`, and the codes of a panel's components find the panel",
        "date": "when measured: a FHIR date with eq, ge, gt, le, lt, sa or eb; may stand again",
        "_count": f"most entries of a page, 1 to {COUNT_MAX}; {COUNT_DEFAULT} unless told",
        "_cursor": "where the page begins: take it from the next link",
        "_sort": "-date, which is how they are sorted anyway",
        "_format": "json",
    }
)
"""Every parameter of `GET /fhir/Observation`, as OpenAPI describes it."""
