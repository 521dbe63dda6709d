"""The curves of the page: measurements, the personal baseline beside them, and the limits.

In: a roster of the citizens to draw and their records. Out: `Curve`s, kept by `Drawn`. The
baseline is the one the rules used, since it is drawn by running the same rules over the same
records.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

import numpy as np

from alerting.aside import by_halves
from alerting.engine import Engine, Wave
from alerting.local_time import DAY_MS, local_days
from alerting.roster import Roster
from alerting.rules import SIGNALS, Findings, Rulebook
from alerting.rules.baseline import describe
from alerting.sittings import sittings_of
from alerting.situation import Curve, Point, Usual
from alerting.timeline import SIDES
from devices.catalogue import METRICS, metric
from fhir_mapping.identity import id_text
from fhir_mapping.record import Record
from ingest.store import Reader

LEAD_DAYS = 84
"""History before the first day drawn, so that the baseline there is what it was: three half-lives
of 28 days leave an eighth of the older weight."""

_DRAWN = tuple(row.alias for row in METRICS if row.curve)
DRAWN_MAX = 4_000
"""Most curves kept ready: a few pages of the largest worklist."""


class Drawn:
    """Curves, drawn once until the citizen's readings or the day change; from any thread.

    A worklist asks for them every second.
    """

    def __init__(self, open_reader: Callable[[], Reader], rulebook: Rulebook) -> None:
        self._open_reader = open_reader
        self._rulebook = rulebook
        self._lock = threading.Lock()
        self._revision: Counter[str] = Counter()
        self._kept: dict[tuple[str, int], tuple[tuple[int, int], list[Curve]]] = {}

    def changed(self, citizens: Iterable[str]) -> None:
        """These have new readings, or an other past."""
        with self._lock:
            self._revision.update(citizens)

    def of(
        self, roster: Roster, citizens: Sequence[str], now_ms: int, days: int
    ) -> dict[str, list[Curve]]:
        """The curves of those of the citizens whom the roster knows, over so many days."""
        known = [citizen for citizen in citizens if citizen in roster.row]
        with self._lock:
            marks = {citizen: (self._revision[citizen], now_ms // DAY_MS) for citizen in known}
            kept = {
                citizen: self._kept[citizen, days][1]
                for citizen in known
                if self._kept.get((citizen, days), (None,))[0] == marks[citizen]
            }
        missing = [one for one in known if one not in kept]
        if missing:
            drawn: dict[str, list[Curve]] = {}
            with closing(self._open_reader()) as reader:
                by_halves(
                    missing,
                    lambda part: drawn.update(
                        curves_of(roster.subset(part), reader, now_ms, days, self._rulebook)
                    ),
                    lambda citizen, _: drawn.update({citizen: []}),
                )
            with self._lock:
                if len(self._kept) + len(drawn) > DRAWN_MAX:
                    self._kept.clear()
                for citizen, curves in drawn.items():
                    self._kept[citizen, days] = (marks[citizen], curves)
            kept |= drawn
        return {citizen: kept[citizen] for citizen in known}


def curves_of(
    roster: Roster, reader: Reader, now_ms: int, days: int, rulebook: Rulebook
) -> dict[str, list[Curve]]:
    """The curves of every citizen of the roster over the last `days` before `now_ms`."""
    first_ms = now_ms - days * DAY_MS
    engine = Engine(roster, rulebook)
    points: dict[tuple[int, int], list[Point]] = {}
    usual: dict[tuple[int, int], list[Usual]] = {}

    def watch(wave: Wave, findings: Findings) -> None:
        rows = np.array([sitting.row for sitting in wave])
        mean, sd, _, known = describe(engine.state.take(rows))
        for place, sitting in enumerate(wave):
            if sitting.measured_ms < first_ms:
                continue
            for signal, value in sitting.values.items():
                key = (sitting.row, signal)
                doubtful = bool(findings.refused[place, signal]) or sitting.contested
                observation = id_text(sitting.observations[signal])
                points.setdefault(key, []).append(
                    Point(sitting.measured_ms, value, observation, doubtful)
                )
                if known[place, signal]:
                    usual.setdefault(key, []).append(
                        Usual(
                            sitting.measured_ms,
                            float(mean[place, signal]),
                            float(sd[place, signal]),
                        )
                    )

    since_ms = first_ms - LEAD_DAYS * DAY_MS
    records = [
        record for citizen in roster.ids for record in reader.records_of(citizen, since_ms=since_ms)
    ]
    engine.advance(sittings_of(records, roster.row), watch)
    if len(roster):
        engine.clock(local_days(now_ms))
    shown = _beside(records, first_ms)
    return {
        citizen: [*_curves(engine, row, points, usual), *shown.get(citizen, ())]
        for row, citizen in enumerate(roster.ids)
    }


def _beside(records: Iterable[Record], first_ms: int) -> dict[str, list[Curve]]:
    """What no signal looks at and the page draws all the same, by citizen, in catalogue order:
    measurements alone, without usual value, limit or judgement."""
    points: dict[tuple[str, str], list[Point]] = {}
    for record in sorted(records, key=lambda record: (record.measured_ms, record.id)):
        text, drawn = record.values[0], record.about in _DRAWN and record.measured_ms >= first_ms
        if drawn and record.citizen and text is not None and record.usable(0):
            point = Point(record.measured_ms, float(text), id_text(record.id), doubtful=False)
            points.setdefault((record.citizen, record.about), []).append(point)
    curves: dict[str, list[Curve]] = {}
    for (citizen, about), own in sorted(points.items(), key=lambda item: _DRAWN.index(item[0][1])):
        row = metric(about)
        curves.setdefault(citizen, []).append(
            Curve(
                signal=about,
                name_da=row.name_da,
                name_en=row.name_en,
                unit=row.unit_text,
                decimals=row.decimals,
                points=own,
                usual=[],
                limits=[None] * len(SIDES),
            )
        )
    return curves


def _curves(
    engine: Engine,
    row: int,
    points: dict[tuple[int, int], list[Point]],
    usual: dict[tuple[int, int], list[Usual]],
) -> Iterable[Curve]:
    for column, signal in enumerate(SIGNALS):
        if (row, column) not in points:
            continue
        limits = [float(getattr(engine.profile, side)[row, column]) for side in SIDES]
        known = usual.get((row, column), [])
        yield Curve(
            signal=signal.alias,
            name_da=signal.name_da,
            name_en=signal.name_en,
            unit=signal.unit,
            decimals=metric(signal.metrics[0]).decimals,
            points=points[row, column],
            usual=known,
            limits=[None if np.isnan(limit) else limit for limit in limits],
            relative=_relative(engine, row, column, known[-1].mean if known else np.nan),
        )


def _relative(engine: Engine, row: int, column: int, usual: float) -> list[float | None]:
    """Where the personal relative limits lie: counted from the clinic's base, else from `usual`."""
    decided = float(engine.profile.base[row, column])
    base = usual if np.isnan(decided) else decided
    found: list[float | None] = []
    for side in SIDES:
        change = float(getattr(engine.profile, f"rel_{side}")[row, column])
        at = base - change if side.startswith("low") else base + change
        found.append(None if np.isnan(at) else at)
    return found
