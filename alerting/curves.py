"""The curves of the page: measurements, the personal baseline beside them, and the limits.

In: a roster of the citizens to draw and their records. Out: `Curve`s. The baseline is the one the
rules used, since it is drawn by running the same rules over the same records.
"""

from collections.abc import Iterable

import numpy as np

from alerting.engine import Engine, Wave
from alerting.local_time import DAY_MS, local_days
from alerting.roster import Roster
from alerting.rules import SIGNALS, Findings
from alerting.rules.baseline import describe
from alerting.sittings import sittings_of
from alerting.situation import Curve, Point, Usual
from alerting.timeline import SIDES
from devices.catalogue import metric
from fhir_mapping.identity import id_text
from ingest.store import Reader

LEAD_DAYS = 84
"""History before the first day drawn, so that the baseline there is what it was: three half-lives
of 28 days leave an eighth of the older weight."""


def curves_of(roster: Roster, reader: Reader, now_ms: int, days: int) -> dict[str, list[Curve]]:
    """The curves of every citizen of the roster over the last `days` before `now_ms`."""
    first_ms = now_ms - days * DAY_MS
    engine = Engine(roster)
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
                doubtful = bool(findings.refused[place, signal])
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
    records = (
        record for citizen in roster.ids for record in reader.records_of(citizen, since_ms=since_ms)
    )
    engine.advance(sittings_of(records, roster.row), watch)
    if len(roster):
        engine.clock(local_days(now_ms))
    return {
        citizen: list(_curves(engine, row, points, usual)) for row, citizen in enumerate(roster.ids)
    }


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
        yield Curve(
            signal=signal.alias,
            name_da=signal.name_da,
            name_en=signal.name_en,
            unit=signal.unit,
            decimals=metric(signal.metrics[0]).decimals,
            points=points[row, column],
            usual=usual.get((row, column), []),
            limits=[None if np.isnan(limit) else limit for limit in limits],
        )
