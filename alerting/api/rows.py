"""The worklist's rows as they stand now, for the page and for `GET /worklist`.

In: the sources of the API. Out: `Row`s in order. Which way the red ones go decides their order, so
their curves are asked for; they are kept by the monitor until something changes.
"""

from collections.abc import Mapping, Sequence

import msgspec

from alerting.alert import AlertEvent
from alerting.alert_store.sqlite import RULES_ACTOR
from alerting.api.sources import Sources
from alerting.situation import Curve, Monitor
from alerting.web.lines import SPARK_DAYS
from alerting.web.trend import trend_of
from alerting.web.worklist import Row, concerned, in_order, just_done, rows_of
from fhir_mapping.enrolled import Citizen

DEEDS_MAX = 3
"""Most of what was done about a citizen that the open row tells."""
JUST_CHANGED_MAX = 300
"""Among so many of the newest changes is what somebody did a moment ago."""


def current_rows(
    sources: Sources, citizens: Mapping[str, Citizen], wall_ms: int | None = None
) -> list[Row]:
    """Every citizen's row, in order; of the red ones it is known which way they go.

    With `wall_ms` what somebody has just done something about stays where it was, for a moment.
    """
    monitor, store = sources.monitor, sources.alerts()
    now_ms = monitor.now_ms()
    alerts = {alert.id: alert for alert in store.open_alerts()}
    if wall_ms is not None:
        since = max(0, store.last_change() - JUST_CHANGED_MAX)
        recent = store.alerts_since(since, JUST_CHANGED_MAX)
        alerts |= {alert.id: alert for alert in recent if just_done(alert, wall_ms)}
    rows = rows_of(
        monitor.situations(), citizens, alerts.values(), now_ms, monitor.rulebook.named, wall_ms
    )
    red = [row.citizen for row in rows if row.section == "call"]
    curves = monitor.curves(red, SPARK_DAYS)
    return in_order(
        with_trend(row, citizens[row.citizen], curves, monitor) if row.citizen in curves else row
        for row in rows
    )


def with_trend(
    row: Row, citizen: Citizen, curves: Mapping[str, Sequence[Curve]], monitor: Monitor
) -> Row:
    """The row with which way it goes, by the curves that its alerts are about."""
    if not row.alerts or row.trend is not None:
        return row
    now_ms = monitor.now_ms()
    wanted = concerned(row.alerts, citizen, monitor.rulebook.named)
    own = [curve for curve in curves.get(row.citizen, ()) if curve.signal in wanted]
    onset_ms = row.since_ms if row.since_ms is not None else now_ms
    trend = trend_of(own, onset_ms, now_ms, row.last_measured_ms, row.missed_days)
    return msgspec.structs.replace(row, trend=trend)


def deeds_of(sources: Sources, row: Row) -> list[AlertEvent]:
    """What people last did about a row's alerts, newest first; what was done about several at
    once is told once."""
    store = sources.alerts()
    found = [event for alert in row.alerts for event in store.history(alert.id)]
    people = [event for event in found if event.actor != RULES_ACTOR]
    told = {(one.at_ms, one.actor, one.what, one.detail): one for one in people}
    return sorted(told.values(), key=lambda one: -one.change)[:DEEDS_MAX]
