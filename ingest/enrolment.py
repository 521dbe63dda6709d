"""Enrolment: the one path by which people, devices, assignments, limits and facts enter.

In: an enrolment file (JSON, `fhir_mapping.enrolled.Enrolment`). Out: the change it made. The demo,
the command line and the API all call `enrol`. Applying a file twice changes nothing the second
time; a file that contradicts itself is refused whole, with the field, the value and the limit.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from itertools import pairwise

import msgspec

from devices.catalogue import device_type
from fhir_mapping.enrolled import Citizen, Enrolment, Limits
from ingest.store import EnrolledChange, Writer

FIRST_BIRTH_YEAR = 1900
FIRST_YEAR = 2000
"""Nothing that we know of a citizen began before; no reading of so long ago is taken anyway."""
SINCE_EVER = datetime(1900, 1, 1, tzinfo=UTC)
"""From when a device that stands for a document is somebody's: older than any history it holds."""
LAST_YEAR = 2099
"""What holds until further notice has no end; a far one is a mistake, and calendars end."""
FICTITIOUS_DAYS = 60
"""Added to the day of month in the CPR numbers of nobody."""
StandardLimits = Callable[[Citizen], Iterable[Limits]]


class EnrolmentRefused(ValueError):  # noqa: N818  it is the file that is wrong
    """The enrolment cannot be applied; the message names field, value and limit."""


def read_enrolment(text: bytes) -> Enrolment:
    """Decode an enrolment file; EnrolmentRefused names the field that is wrong.

    >>> read_enrolment(b'{"citizens": []}').citizens
    []
    """
    try:
        return msgspec.json.decode(text, type=Enrolment)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EnrolmentRefused(str(error)) from error


def enrol(
    store: Writer,
    enrolment: Enrolment,
    known_citizens: Iterable[str],
    standard_limits: StandardLimits,
    now_ms: int,
) -> EnrolledChange:
    """Check an enrolment and apply it in one transaction.

    Every citizen that is new gets the standard limits of the condition, copied to the person and
    from then on edited there; limits that the file itself holds come after them and win.
    """
    known = set(known_citizens)
    _check_identities(enrolment, known)
    _check_dates(enrolment)
    _check_doubles(enrolment)
    _check_references(enrolment, known)
    _check_limits(enrolment)
    _check_facts(enrolment)
    fresh = [citizen for citizen in enrolment.citizens if citizen.id not in known]
    standard = [limits for citizen in fresh for limits in standard_limits(citizen)]
    own: dict[tuple[str, str, bool], datetime] = {}
    for row in enrolment.limits:
        key = row.citizen, row.metric, row.relative
        own[key] = min(row.since, own.get(key, row.since))
    standard = [
        row
        for row in standard
        if (begin := own.get((row.citizen, row.metric, row.relative))) is None or row.since < begin
    ]
    complete = msgspec.structs.replace(enrolment, limits=[*standard, *enrolment.limits])
    return store.enrol(complete, now_ms)


def _check_identities(enrolment: Enrolment, known: set[str]) -> None:
    """Ids, names and CPR numbers are what they seem; no message repeats a CPR number."""
    for name in ("organisations", "citizens", "devices"):
        for place, row in enumerate(getattr(enrolment, name)):
            if row.id in known:
                continue
            if not row.id.isprintable() or not row.id.strip("."):
                _refuse(f"$.{name}[{place}].id", row.id, "an id that can stand in an address")
    for place, citizen in enumerate(enrolment.citizens):
        for field in ("given", "family"):
            text = getattr(citizen, field)
            if not text.strip() or not text.isprintable():
                _refuse(f"$.citizens[{place}].{field}", text, "a name that can be read")
        if not _is_cpr(citizen.cpr):
            path = f"$.citizens[{place}].cpr"
            _refuse(path, "hidden", "a CPR number: ten digits that begin with a day (DDMMYY)")


def _is_cpr(text: str) -> bool:
    """Ten digits that begin with a day that there is; a day of 61 to 91 is of a fictitious series.

    >>> _is_cpr("7203480000"), _is_cpr("9999999999"), _is_cpr("3002480000"), _is_cpr("2902000000")
    (True, False, False, True)
    """
    if re.fullmatch("[0-9]{10}", text) is None:
        return False
    day, month, year = int(text[:2]), int(text[2:4]), int(text[4:6])
    day -= FICTITIOUS_DAYS if day > FICTITIOUS_DAYS else 0
    return any(_is_day(century + year, month, day) for century in (1900, 2000))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _check_dates(enrolment: Enrolment) -> None:
    """Every date lies where calendars, rules and pages can count with it."""
    for place, citizen in enumerate(enrolment.citizens):
        _within(f"$.citizens[{place}].birth_date", citizen.birth_date, FIRST_BIRTH_YEAR)
        _within(f"$.citizens[{place}].plan.start", citizen.plan.start)
    for place, term in enumerate(enrolment.assignments):
        if term.since != SINCE_EVER:
            _within(f"$.assignments[{place}].from", term.since)
        _within(f"$.assignments[{place}].to", term.to)
    for place, limits in enumerate(enrolment.limits):
        _within(f"$.limits[{place}].from", limits.since)
    for place, fact in enumerate(enrolment.facts):
        if fact.void:  # what an older program took must be possible to take back
            continue
        _within(f"$.facts[{place}].from", fact.since)
        _within(f"$.facts[{place}].to", fact.to)


def _within(path: str, day: date | None, first_year: int = FIRST_YEAR) -> None:
    """`day` may be a moment; None is an open end."""
    if day is None or first_year <= day.year <= LAST_YEAR:
        return
    open_end = '; leave it out for "until further notice"' if path.endswith(".to") else ""
    _refuse(path, day.isoformat(), f"in the years {first_year} to {LAST_YEAR}{open_end}")


def _check_doubles(enrolment: Enrolment) -> None:
    """Nothing is said twice: which of the two held would depend on their order."""
    keys: dict[str, list[tuple[object, ...]]] = {
        "organisations": [(row.id,) for row in enrolment.organisations],
        "citizens": [(row.id,) for row in enrolment.citizens],
        "devices": [(row.id,) for row in enrolment.devices],
        "assignments": [(row.device, row.slot, row.since) for row in enrolment.assignments],
        "limits": [
            (row.citizen, "relative " * row.relative + row.metric, row.since)
            for row in enrolment.limits
        ],
        "facts": [(row.citizen, row.kind, row.since) for row in enrolment.facts],
    }
    for name, rows in keys.items():
        seen = set()
        for place, key in enumerate(rows):
            if key in seen:
                _refuse(f"$.{name}[{place}]", " ".join(map(str, key)), "said once in the file")
            seen.add(key)


def _check_references(enrolment: Enrolment, known: set[str]) -> None:
    citizens = known | {citizen.id for citizen in enrolment.citizens}
    organisations = {organisation.id for organisation in enrolment.organisations}
    for place, citizen in enumerate(enrolment.citizens):
        if citizen.id not in known and citizen.organisation not in organisations:
            _refuse(f"$.citizens[{place}].organisation", citizen.organisation, "an organisation")
    for place, device in enumerate(enrolment.devices):
        if device_type(device.type) is None:
            _refuse(f"$.devices[{place}].type", device.type, "a device type of the catalogue")
    for place, term in enumerate(enrolment.assignments):
        if term.citizen not in citizens:
            _refuse(f"$.assignments[{place}].citizen", term.citizen, "an enrolled citizen")
        if term.to is not None and term.to <= term.since:
            _refuse(f"$.assignments[{place}].to", term.to.isoformat(), "later than its start")
    for place, limits in enumerate(enrolment.limits):
        if limits.citizen not in citizens:
            _refuse(f"$.limits[{place}].citizen", limits.citizen, "an enrolled citizen")
    for place, fact in enumerate(enrolment.facts):
        if fact.citizen not in citizens:
            _refuse(f"$.facts[{place}].citizen", fact.citizen, "an enrolled citizen")


def _check_limits(enrolment: Enrolment) -> None:
    """Limits must rise from red low over yellow to red high; equal neighbours leave no yellow.

    Those relative to a base are changes downwards and upwards, and rise from yellow to red.
    """
    for place, limits in enumerate(enrolment.limits):
        sign = -1 if limits.relative else 1
        low = [_number(limits.low_red, sign), _number(limits.low_yellow, sign)]
        high = [_number(limits.high_yellow), _number(limits.high_red)]
        rising = [number for number in (*low, *high) if number is not None]
        if any(first > second for first, second in pairwise(rising)):
            _refuse(f"$.limits[{place}]", str(rising), "rising from red low to red high")
        if limits.base is not None and not limits.relative:
            _refuse(f"$.limits[{place}].base", limits.base, "for limits that are not relative")


def _check_facts(enrolment: Enrolment) -> None:
    for place, fact in enumerate(enrolment.facts):
        if fact.to is not None and fact.to <= fact.since:
            _refuse(f"$.facts[{place}].to", fact.to.isoformat(), "later than its beginning")
        if (fact.value is not None) != (fact.kind == "dry-weight"):
            _refuse(f"$.facts[{place}].value", str(fact.value), "the kg of a dry weight, or absent")


def _number(text: str | None, sign: int = 1) -> float | None:
    return None if text is None else sign * float(text)


def _refuse(path: str, value: str, wanted: str) -> None:
    raise EnrolmentRefused(f"{path} is {value!r}, which is not {wanted}")
