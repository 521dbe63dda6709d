"""Stored alerts brought in line with what the data say now, after the past has changed.

In: one citizen's episodes, judged again from the records. Out: alerts that appear, move their
onset, gain or lose findings, end, or are retracted with a reason; none vanishes, and the history
of each says what was changed. Called by `alerting.evaluate`.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from alerting.alert import MEANING, Alert, Episode
from alerting.alert_store import AlertStore
from fhir_mapping.record import Record

LATE = "late-data"
ENROLMENT = "enrolment-changed"
REBUILT = "rebuilt-from-the-records"
WITHDRAWN = "measurement-withdrawn"
REASONS = (LATE, ENROLMENT, REBUILT, WITHDRAWN)
"""Why an alert was revised or retracted: what was found to be otherwise afterwards."""


def by_reason(
    rows: Iterable[int], records: Iterable[Record], row_of: Mapping[str, int], reason: str
) -> dict[str, list[int]]:
    """These rows by why their past has changed: a withdrawal is told before anything else."""
    gone = {row_of.get(record.citizen or "") for record in records if record.withdrawn}
    found: dict[str, list[int]] = {}
    for row in sorted(rows):
        found.setdefault(WITHDRAWN if row in gone else reason, []).append(row)
    return found


def reconcile(
    store: AlertStore, citizen: str, episodes: Sequence[Episode], reason: str, now_ms: int
) -> None:
    """Make the stored alerts of a citizen say what the episodes say."""
    standing = [alert for alert in store.alerts_of(citizen) if alert.condition != "retracted"]
    pairs = match(standing, episodes)
    for alert, episode in pairs:
        if episode is None and alert is not None:
            store.retract(alert, reason, now_ms)
    for alert, episode in pairs:
        if alert is not None and episode is not None and episode_in(alert) != episode:
            store.revise(alert, episode, now_ms, reason)
    for alert, episode in pairs:
        if alert is None and episode is not None:
            store.open(episode, now_ms)


def match(
    alerts: Sequence[Alert], episodes: Sequence[Episode]
) -> list[tuple[Alert | None, Episode | None]]:
    """Pair stored alerts with the episodes that they are: same hypothesis, overlapping in time."""
    pairs: list[tuple[Alert | None, Episode | None]] = []
    free = sorted(alerts, key=lambda alert: alert.onset_ms)
    for episode in sorted(episodes, key=lambda episode: episode.onset_ms):
        found = next((alert for alert in free if _overlap(alert, episode)), None)
        if found is not None:
            free.remove(found)
        pairs.append((found, episode))
    return pairs + [(alert, None) for alert in free]


def episode_in(alert: Alert) -> Episode:
    """What the alert says of the data."""
    return Episode(**{name: getattr(alert, name) for name in MEANING})


def _overlap(alert: Alert, episode: Episode) -> bool:
    alert_end = alert.cleared_ms if alert.cleared_ms is not None else np.inf
    episode_end = episode.cleared_ms if episode.cleared_ms is not None else np.inf
    return (
        alert.hypothesis == episode.hypothesis
        and alert.onset_ms <= episode_end
        and episode.onset_ms <= alert_end
    )
