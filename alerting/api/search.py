"""Searching records: the parameters, the page, and the cursor that never skips or repeats.

In: query parameters as pairs. Out: a `Search`, and a page of records with what comes next. By
`date` records stand in the store's order of measuring (measured_ms, alias, id), by `_lastUpdated`
in that of change (seq), so that a page can be cut at any record. What arrives while somebody
pages stands before his cursor, and is not his to see, or after it, and then comes in its place.
By `_lastUpdated` rising, an Observation that is amended meanwhile comes (again) at the end: who
follows so misses no version; falling, it has left the pages still to come, as it is newer. By
date, one whose time is corrected meanwhile may pass the reader's place.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlencode

import msgspec

from alerting.api.moments import TIME_MAX, span_of, wrong
from alerting.api.terms import about_of, answered_of
from devices.catalogue import OBSERVABLES
from devices.symptoms import RESPONSES
from fhir_mapping.identity import id_bytes, id_text
from fhir_mapping.record import Record
from ingest.store import Query, Reader

COUNT_MAX = 1000
COUNT_DEFAULT = 100
IDS_MAX = 100
_FORMATS = ("application/fhir+json", "application/json", "json")
_WHOLE = re.compile(r"[0-9]{1,6}")
_PATIENT = re.compile(r"(?:Patient/)?([A-Za-z0-9.\-]{1,64})")
_MEASURED = re.compile(
    r"(?P<ms>\d{1,16})\.(?P<about>[a-z0-9_]{1,40})\.(?P<id>[0-9a-f-]{36})", re.ASCII
)
_CHANGED = re.compile(r"\d{1,16}", re.ASCII)

Place = tuple[int, str, bytes]


class Kind(msgspec.Struct, frozen=True):
    """What is searched for: a resource, its parameters, and how they name what it is about.

    `date` is the parameter of the time of measuring, `about` are those that narrow what it is
    about, with the aliases that they mean together (None: they are not given), and `everything`
    are the aliases of all there is, () for every Observation.
    """

    resource: str
    parameters: Mapping[str, str]
    date: str
    about: tuple[str, ...]
    about_of: Callable[[Mapping[str, Sequence[str]]], tuple[str, ...] | None]
    everything: tuple[str, ...] = ()

    @property
    def sorts(self) -> tuple[str, ...]:
        """The orders there are; the first is that of a patient's."""
        return f"-{self.date}", self.date, "_lastUpdated", "-_lastUpdated"


class Search(msgspec.Struct, frozen=True):
    """One search; `nothing` says that no record can match.

    `ids` are the ids asked for, None for any. `only_total`, `with_total` say who wants to know how
    many there are. `asked` are the pairs that name the search in links, without the cursor.
    """

    query: Query
    ids: tuple[bytes, ...] | None
    nothing: bool
    count: int
    only_total: bool
    with_total: bool
    asked: tuple[tuple[str, str], ...]

    def url(self, address: str, after: Place | None) -> str:
        """The link of the page that begins after this place."""
        cursor = [] if after is None else [("_cursor", self._cursor(after))]
        return f"{address}?{urlencode([*self.asked, *cursor])}"

    def place(self, record: Record) -> Place:
        """Where a record stands in the order of this search."""
        if self.query.by_change:
            return record.seq, "", b""
        return record.measured_ms, record.about, record.id

    def _cursor(self, place: Place) -> str:
        if self.query.by_change:
            return str(place[0])
        return f"{place[0]}.{place[1]}.{id_text(place[2])}"


def search_of(pairs: Iterable[tuple[str, str]], kind: Kind) -> Search:
    """Understand the parameters; Refused with 400 for one that is unknown, wrong or missing.

    An unknown parameter is refused, since to leave it out would widen the answer unnoticed.
    """
    given = given_of(pairs, kind.parameters, {kind.date, *kind.about, "_lastUpdated"})
    for name in ("patient", "_id"):
        given.setdefault(name, [])
    ids = _ids(given["_id"])
    patient = patient_of(given["patient"])
    sort = _one_of(given, "_sort", kind.sorts)
    sort = sort or (kind.sorts[0] if patient or ids else "_lastUpdated")
    by_change = sort.endswith("_lastUpdated")
    if not patient and ids is None:
        _check_feed(given, by_change, kind)
    about = kind.about_of(given)
    measured = span_of(kind.date, given.get(kind.date, ()))
    changed = span_of("_lastUpdated", given.get("_lastUpdated", ()))
    summary = _one_of(given, "_summary", ("count", "false"))
    total = _one_of(given, "_total", ("accurate", "none"))
    _one_of(given, "_format", _FORMATS)
    count = _count(given.get("_count", ()))
    return Search(
        query=Query(
            citizen=patient,
            about=about or kind.everything,
            measured_from_ms=measured[0] or None,
            measured_until_ms=measured[1] if measured[1] < TIME_MAX else None,
            changed_from_ms=changed[0] or None,
            changed_until_ms=changed[1] if changed[1] < TIME_MAX else None,
            by_change=by_change,
            newest_first=sort.startswith("-"),
            after=_after(given.get("_cursor", ()), by_change),
        ),
        ids=ids,
        nothing=about == () or measured[0] >= measured[1] or changed[0] >= changed[1],
        count=count,
        only_total=summary == "count",
        with_total=total == "accurate" or summary == "count",
        asked=tuple(
            (name, value) for name, values in given.items() if name != "_cursor" for value in values
        ),
    )


def page(search: Search, reader: Reader) -> tuple[list[Record], Place | None]:
    """The records of one page in order, and the place after which the next one begins.

    None when this is the last page. Costs one short read, whatever has been paged before.
    """
    if search.nothing or search.only_total:
        return [], None
    wanted = search.count + 1
    if search.ids is None:
        found = reader.search(msgspec.structs.replace(search.query, limit=wanted))
    else:
        found = _by_id(search, search.ids, reader, search.query.after)[:wanted]
    shown = found[: search.count]
    return shown, search.place(shown[-1]) if len(found) > search.count else None


def total(search: Search, reader: Reader) -> int | None:
    """How many records all pages hold; None when nobody asks."""
    if not search.with_total:
        return None
    if search.nothing:
        return 0
    if search.ids is None:
        return reader.count(search.query)
    return len(_by_id(search, search.ids, reader, None))


def given_of(
    pairs: Iterable[tuple[str, str]], known: Iterable[str], repeatable: Iterable[str]
) -> dict[str, list[str]]:
    """The parameters by name; Refused for an unknown one, and for one that stands twice."""
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            raise wrong(name, value, f"known are {', '.join(known)}", "not-supported")
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in repeatable:
            raise wrong(name, values[1], "it may stand only once")
    return given


def patient_of(values: Sequence[str]) -> str | None:
    """The id of the patient that is named, if one is."""
    if not values:
        return None
    found = _PATIENT.fullmatch(values[0])
    if found is None:
        raise wrong("patient", values[0], "the id of a Patient, or Patient/ and the id")
    return found[1]


def _check_feed(given: Mapping[str, list[str]], by_change: bool, kind: Kind) -> None:
    """Without a patient it is the feed of what changed: by _lastUpdated, and by nothing else."""
    if "_lastUpdated" not in given:
        limit = "it is required: the id of a Patient; without one only _lastUpdated or _id"
        raise wrong("patient", "", limit, "required")
    for name in (*kind.about, kind.date):
        if name in given:
            raise wrong(name, given[name][0], "only together with patient", "not-supported")
    if not by_change:
        limit = f"{kind.date} only together with patient"
        raise wrong("_sort", given["_sort"][0], limit, "not-supported")


def _by_id(
    search: Search, ids: Iterable[bytes], reader: Reader, after: Place | None
) -> list[Record]:
    query = search.query
    found = [record for record in map(reader.record, ids) if record is not None]
    found = [record for record in found if _matches(record, query)]
    found.sort(key=lambda record: search.place(record)[1:])
    found.sort(key=lambda record: search.place(record)[0], reverse=query.newest_first)
    if after is None:
        return found
    sign = -1 if query.newest_first else 1
    keys = [(sign * place[0], *place[1:]) for place in map(search.place, found)]
    cut = (sign * after[0], *after[1:])
    return [record for record, key in zip(found, keys, strict=True) if key > cut]


def _matches(record: Record, query: Query) -> bool:
    return (
        query.citizen in {None, record.citizen}
        and record.about in (query.about or OBSERVABLES)
        and (query.measured_from_ms or 0) <= record.measured_ms
        and record.measured_ms < (query.measured_until_ms or TIME_MAX)
        and (query.changed_from_ms or 0) <= record.updated_ms
        and record.updated_ms < (query.changed_until_ms or TIME_MAX)
    )


def _count(values: Sequence[str]) -> int:
    if not values:
        return COUNT_DEFAULT
    text = values[0]
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= COUNT_MAX:
        raise wrong("_count", text, f"a whole number from 1 to {COUNT_MAX}")
    return int(text)


def _ids(values: Sequence[str]) -> tuple[bytes, ...] | None:
    """The ids asked for; one that is no id of ours finds nothing, as with any other server."""
    if not values:
        return None
    texts = list(dict.fromkeys(values[0].split(",")))
    if len(texts) > IDS_MAX:
        raise wrong("_id", values[0], f"at most {IDS_MAX} ids")
    found = ((text, id_bytes(text)) for text in texts)
    return tuple(key for text, key in found if key is not None and id_text(key) == text)


def _after(values: Sequence[str], by_change: bool) -> Place | None:
    if not values:
        return None
    text = values[0]
    if by_change and _CHANGED.fullmatch(text) and int(text) <= TIME_MAX:
        return int(text), "", b""
    found = None if by_change else _MEASURED.fullmatch(text)
    id_part = id_bytes(found["id"]) if found else None
    if found is None or id_part is None or int(found["ms"]) > TIME_MAX:
        raise wrong("_cursor", text, "the _cursor of a next link")
    return int(found["ms"]), found["about"], id_part


def _one_of(given: Mapping[str, list[str]], name: str, allowed: Sequence[str]) -> str:
    for value in given.get(name, []):
        if value not in allowed:
            raise wrong(name, value, f"one of {', '.join(allowed)}", "not-supported")
        return value
    return ""


_WHOSE = "whose: the id of a Patient; required unless _lastUpdated or _id is given"
_WHEN = "a FHIR date with eq, ge, gt, le, lt, sa or eb; may stand again"


def _shared(date: str) -> dict[str, str]:
    """The parameters of every search, whatever the time of measuring is called."""
    return {
        "_lastUpdated": "when last changed, in the same way; without a patient, everybody's",
        "_id": f"ids, with commas between them, at most {IDS_MAX}",
        "_count": f"most entries of a page, 1 to {COUNT_MAX}; {COUNT_DEFAULT} unless told",
        "_cursor": "where the page begins: take it from the next link",
        "_sort": f"-{date}, {date}, _lastUpdated, -_lastUpdated; "
        f"-{date} unless told, without a patient _lastUpdated",
        "_total": "accurate: count all matches",
        "_summary": "count: the number of matches, and no entries",
        "_format": "json",
    }


OBSERVATION_KIND = Kind(
    resource="Observation",
    parameters=MappingProxyType(
        {
            "patient": _WHOSE,
            "code": "what: `system|code` or a bare code (LOINC, MDC, NPU, MCS); commas mean or",
            "combo-code": "as `code`, and the codes of a panel's components find the panel",
            "date": f"when measured: {_WHEN}",
            **_shared("date"),
        }
    ),
    date="date",
    about=("code", "combo-code"),
    about_of=lambda given: about_of(given.get("code", ()), given.get("combo-code", ())),
)
RESPONSE_KIND = Kind(
    resource="QuestionnaireResponse",
    parameters=MappingProxyType(
        {
            "patient": _WHOSE,
            "questionnaire": "what was answered: its canonical address, with |version or without",
            "authored": f"when answered: {_WHEN}",
            **_shared("authored"),
        }
    ),
    date="authored",
    about=("questionnaire",),
    about_of=lambda given: answered_of(given.get("questionnaire", ())),
    everything=RESPONSES,
)
"""Every parameter of both, as OpenAPI describes it."""
