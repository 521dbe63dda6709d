"""The rulebook, or a changed copy of it, over everything that a record store holds.

In: the path of a store, changes of numbers, perhaps a truth table. Out: a dictionary ready for
JSON: alerts per patient-week by colour and rule of the live and of the changed rulebook, their
difference, and against the truth days to detect and PPV. Called by the command `backtest`. Citizens
are read in blocks, each once; memory is one block's, whatever the store.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from alerting.ahead import newest_of as newest_measured
from alerting.backtest.alerts import Alerts, Watched
from alerting.backtest.figures import Card, number, scorecard
from alerting.backtest.score import LEARNING_DAYS, Judged, joined, judge
from alerting.backtest.spans import Spans
from alerting.backtest.tally import Tally
from alerting.engine import Engine
from alerting.local_time import local_days
from alerting.roster import Roster
from alerting.rules import HYPOTHESES, ITEMS, RULE_IDS, SIGNALS, Colour, Rulebook
from alerting.rules.arrays import Floats, Ints
from alerting.rules.items import NOT_ASKED
from alerting.sittings import sittings_of
from alerting.standard_limits import standard_limits
from alerting.timeline import swaps_of
from devices.truth import TRUTH, Rows
from fhir_mapping.enrolled import Citizen, Limits
from hjemmepuls.rulebooks import rulebook_of
from hjemmepuls.scorecard import Changes, in_turn
from hjemmepuls.truths import read_truth
from ingest.store import Reader, SqliteReader

BLOCK: Final = 250
"""Citizens at a time."""
_LATEST: Final = 5_000
"""Arrivals among which the newest measurement of a store is looked for."""
TOLD: Final = ("red", "yellow", "blue", "technical")


class Task(NamedTuple):
    """One block of citizens; everything a process needs to know."""

    store: Path
    citizens: tuple[str, ...]
    rulebooks: Mapping[str, Changes]
    until: float
    truth: Path | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What one rulebook said about one block. `raised` is (R, colours)."""

    alerts: Alerts
    raised: Ints
    days: Floats
    judged: Judged | None


class Sat(NamedTuple):
    """All sittings of a block, (n,), (n, S) and (n, Q), by row and time."""

    row: npt.NDArray[np.intp]
    t: Floats
    x: Floats
    answers: npt.NDArray[np.int8]


def backtest(
    store: Path,
    changes: Changes,
    *,
    truth: Path | None = None,
    until: float | None = None,
    processes: int = 1,
    draws: int = 1000,
    starts: Callable[[int], Any] = lambda _: None,
    done: Callable[[], None] = lambda: None,
) -> Card:
    """Live and changed rulebook over all stored history; `starts` hears how many blocks there are.

    `until` (local days) is the end of time; without it the newest measurement of the store.
    Raises StoreUnavailable, and ValueError for a truth file that is none.
    """
    with closing(SqliteReader(store)) as reader:
        citizens = sorted(reader.citizens())
        end = newest_of(reader) if until is None else until
    rulebooks: dict[str, Changes] = {"live": {}} | ({"changed": changes} if changes else {})
    tasks = [
        Task(store, tuple(citizens[first : first + BLOCK]), rulebooks, end, truth)
        for first in range(0, len(citizens), BLOCK)
    ]
    starts(len(tasks))
    parts: dict[str, list[Heard]] = {name: [] for name in rulebooks}
    for heard in in_turn(heard_of, tasks, processes):
        for name, one in heard.items():
            parts[name].append(one)
        done()
    books = {name: card_of(of, draws) for name, of in parts.items()}
    result: Card = {
        "name": "backtest",
        "parameters": {
            "citizens": len(citizens),
            "until_local_days": number(end),
            "rulebook": rulebook_of().version,
            "changes": {rule: dict(numbers) for rule, numbers in changes.items()},
            "truth": truth is not None,
        },
        **books,
    }
    if "changed" in books:
        result["difference"] = difference(books["live"], books["changed"])
    return result


def newest_of(reader: Reader) -> float:
    """Local days of the newest measurement among the latest arrivals; 0 in an empty store.

    What lay in the future when it arrived says nothing of how late it is.
    """
    records = reader.records_after(max(0, reader.last_seq() - _LATEST), _LATEST)
    newest_ms = newest_measured(records)
    return local_days(newest_ms) if newest_ms else 0.0


def heard_of(task: Task) -> dict[str, Heard]:
    """One block through every rulebook; its records are read once."""
    known = _known(task.store)
    citizens = {citizen: known.citizens[citizen] for citizen in task.citizens}
    rows = {citizen: row for row, citizen in enumerate(citizens)}
    sat = read_sittings(known.reader, rows, task.until)
    truth = read_truth(task.truth, rows) if task.truth else None
    return {
        name: hear(known, citizens, sat, changes, task.until, truth)
        for name, changes in task.rulebooks.items()
    }


class _Known(NamedTuple):
    """What a store says of its citizens, read once in each process."""

    reader: Reader
    citizens: Mapping[str, Citizen]
    limits: Mapping[str, Sequence[Limits]]
    facts: Mapping[str, Sequence[Any]]
    swaps: Mapping[str, Sequence[Any]]


@cache
def _known(store: Path) -> _Known:
    reader = SqliteReader(store)
    devices = reader.devices()
    swaps = {who: swaps_of(terms, devices) for who, terms in reader.assignments().items()}
    return _Known(reader, reader.citizens(), reader.limits(), reader.facts(), swaps)


def read_sittings(reader: Reader, rows: Mapping[str, int], until: float) -> Sat:
    """All that these citizens measured and answered until then, citizen by citizen."""
    row: list[int] = []
    t: list[float] = []
    x: list[Floats] = []
    answers: list[npt.NDArray[np.int8]] = []
    for citizen in rows:
        for sitting in sittings_of(reader.records_of(citizen), rows):
            if sitting.t > until:
                break
            if sitting.contested:
                continue
            row.append(sitting.row)
            t.append(sitting.t)
            x.append(_array(sitting.values, np.full(len(SIGNALS), np.nan)))
            answers.append(_array(sitting.answers, np.full(len(ITEMS), NOT_ASKED, np.int8)))
    return Sat(
        np.array(row, dtype=np.intp),
        np.array(t),
        np.array(x).reshape(-1, len(SIGNALS)),
        np.array(answers, dtype=np.int8).reshape(-1, len(ITEMS)),
    )


def _array(values: Mapping[int, float], empty: npt.NDArray[Any]) -> npt.NDArray[Any]:
    for column, value in values.items():
        empty[column] = value
    return empty


def hear(
    known: _Known,
    citizens: Mapping[str, Citizen],
    sat: Sat,
    changes: Changes,
    until: float,
    truth: Rows | None,
) -> Heard:
    """One rulebook over one block, as it would have run live: sittings in order, and time between
    them. Limits that are still the standard ones follow the rulebook; personal ones stay."""
    book = rulebook_of(changes)
    limits = {
        citizen: followed(citizens[citizen], known.limits.get(citizen, ()), book)
        for citizen in citizens
    }
    roster = Roster(citizens, limits, known.facts, known.swaps)
    watched = watched_of(roster, until)
    tally = Tally(book, watched.first + LEARNING_DAYS)
    engine = Engine(roster, book, tally.hear)
    for at in waves(sat.row):
        engine.judge(sat.row[at], sat.t[at], sat.x[at], sat.answers[at])
    engine.clock(until)
    alerts = tally.alerts()
    judged = judge(alerts, np.zeros(0, TRUTH) if truth is None else truth, watched)
    return Heard(judged.alerts, tally.raised, judged.days, None if truth is None else judged)


def followed(citizen: Citizen, limits: Iterable[Limits], book: Rulebook) -> list[Limits]:
    """The citizen's limits; those that are still the live standard as `book` has them."""
    live, changed = (
        {(row.metric, row.relative): row for row in standard_limits(citizen, one)}
        for one in (rulebook_of(), book)
    )
    sides = ("low_red", "low_yellow", "high_yellow", "high_red")
    made = []
    for row in limits:
        key = (row.metric, row.relative)
        same = key in live and all(getattr(row, one) == getattr(live[key], one) for one in sides)
        standard = {one: getattr(changed[key], one) for one in sides} if same else {}
        made.append(msgspec.structs.replace(row, **standard))
    return made


def waves(row: npt.NDArray[np.intp]) -> list[npt.NDArray[np.intp]]:
    """Indices of the first sitting of every row, then of the second of every row, and so on; rows
    stand together, each in the order of time.

    >>> [at.tolist() for at in waves(np.array([0, 0, 1, 1, 1]))]
    [[0, 2], [1, 3], [4]]
    """
    count = np.arange(len(row))
    fresh = np.append(True, row[1:] != row[:-1])[: len(row)]
    place = count - np.maximum.accumulate(np.where(fresh, count, 0)) if len(row) else count
    order = np.lexsort((row, place))
    edges = np.flatnonzero(np.diff(place[order])) + 1
    return [at for at in np.split(order, edges) if len(at)]


def watched_of(roster: Roster, until: float) -> Watched:
    """From the plan's first day until the end; pauses as the roster's timeline has them."""
    profile = roster.profile()
    first = profile.start_day.astype(np.float64)
    rows, starts, ends = [], [], []
    for row, moments in enumerate(roster.moments):
        paused_t = float(first[row]) if profile.paused[row] else None
        for moment in moments:
            for setting in moment.settings:
                if setting.field == "paused" and setting.value and paused_t is None:
                    paused_t = moment.t
                elif setting.field == "paused" and not setting.value and paused_t is not None:
                    rows.append(row)
                    starts.append(paused_t)
                    ends.append(moment.t)
                    paused_t = None
        if paused_t is not None:
            rows.append(row)
            starts.append(paused_t)
            ends.append(max(until, paused_t))
    conditions = np.array([citizen.condition for citizen in roster.citizens.values()], dtype="U16")
    return Watched(
        first=first,
        last=np.maximum(first, until),
        pauses=Spans(np.array(rows, dtype=np.int64), np.array(starts), np.array(ends)),
        labels={"condition": conditions},
    )


def card_of(parts: Sequence[Heard], draws: int) -> Card:
    """Rates per patient-week of one rulebook; against the truth its scorecard."""
    weeks = sum(float(part.days.sum()) for part in parts) / 7
    alerts = np.concatenate([part.alerts for part in parts])
    raised: Ints = np.sum([part.raised for part in parts], axis=0)
    colour, about = alerts["colour"], alerts["hypothesis"]
    per = 1 / weeks if weeks else np.nan
    card: Card = {
        "patient_weeks": number(weeks),
        "calls_per_patient_week": {
            name: number((colour == Colour[name.upper()]).sum() * per) for name in TOLD
        },
        "calls_by_hypothesis": {
            name: number((about == place).sum() * per) for place, name in enumerate(HYPOTHESES)
        },
        "rules_per_patient_week": {
            rule: {name: number(raised[column, Colour[name.upper()]] * per) for name in TOLD}
            for column, rule in enumerate(RULE_IDS)
        },
    }
    judged = [part.judged for part in parts if part.judged is not None]
    if judged:
        card["against_truth"] = scorecard(joined(judged), draws=draws, rules=RULE_IDS)
    return card


def difference(live: Any, changed: Any) -> Any:
    """Number for number, changed less live; what is not a number in both is left out.

    >>> difference({"a": 1.0, "b": {"c": 2}, "d": None}, {"a": 1.5, "b": {"c": 2}, "d": 1})
    {'a': 0.5, 'b': {'c': 0.0}}
    """
    made = {}
    for name in live.keys() & changed.keys():
        one, other = live[name], changed[name]
        if isinstance(one, dict) and isinstance(other, dict):
            made[name] = difference(one, other)
        elif isinstance(one, int | float) and isinstance(other, int | float):
            made[name] = number(other - one)
    return {name: made[name] for name in live if name in made}
