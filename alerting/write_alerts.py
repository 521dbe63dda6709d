"""From the engine's events to the alert store: what comes in order, and whole histories anew.

In: events of an engine, and readers of the records for the evidence. Out: alerts opened, revised,
ended or retracted, and requests to measure daily, in one transaction each. Called by
`alerting.evaluate`, which says when.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from alerting.alert import Finding
from alerting.alert_store import AlertStore
from alerting.asking import Evidence
from alerting.engine import Change, Engine, Event
from alerting.episodes import Run, Story, told
from alerting.explanation import finding_of
from alerting.local_time import local_days
from alerting.reconcile import episode_in, reconcile
from alerting.rules.arrays import Ints
from fhir_mapping.record import Record
from ingest.store import Reader

Quiet = dict[str, list[Run]]
"""What rules hold of each citizen whose hypothesis has not spoken yet."""


class Stores(NamedTuple):
    """Where the records are read, and the alerts written."""

    records: Reader
    alerts: AlertStore

    def history(
        self, citizen: str, about: Sequence[str], since_ms: int, until_ms: int
    ) -> list[Record]:
        """A citizen's records of a span, both ends included."""
        return self.records.records_of(citizen, about, since_ms, until_ms + 1)


class AlertWriter:
    """Carries events into alerts; `quiet` is all that it remembers.

    `told_ms` says when an event of a moment (local days; None: just now) is told. With `asking`
    requests to measure daily are kept beside the alerts, stamped by `wall_ms`.
    """

    def __init__(
        self, told_ms: Callable[[float | None], int], wall_ms: Callable[[], int], *, asking: bool
    ) -> None:
        self.quiet: Quiet = {}
        self._told_ms = told_ms
        self._wall_ms = wall_ms
        self._asking = asking

    def follow(
        self,
        stores: Stores,
        engine: Engine,
        events: Sequence[Event],
        evidence: Evidence | None = None,
    ) -> None:
        """Carry events that came in order into the alerts, and evidence into requests."""
        if not events and not evidence:
            return
        with stores.alerts.transaction():
            self._ask(stores, evidence)
            for row, own in groupby(sorted(events, key=_row), key=_row):
                citizen, home = engine.roster.ids[row], engine.home[row]
                for t, moment in groupby(own, key=lambda event: event.t):
                    self._tell(stores, engine, (citizen, home), moment, self._told_ms(t))

    def rewrite(
        self,
        stores: Stores,
        engine: Engine,
        citizens: Sequence[str],
        events: Sequence[Event],
        evidence: Evidence,
        reason: str,
    ) -> None:
        """Make the alerts of these citizens say what the events of their whole history say."""
        stories, explain = told(engine, events), _explaining(stores, engine)
        for citizen in citizens:
            self.quiet[citizen] = stories[citizen].quiet() if citizen in stories else []
        with stores.alerts.transaction():
            for citizen in citizens:
                story = stories.get(citizen)
                episodes = [now for _, now in story.episodes(explain)] if story else []
                reconcile(stores.alerts, citizen, episodes, reason, self._told_ms(None))
            self._ask(stores, evidence)

    def _ask(self, stores: Stores, evidence: Evidence | None) -> None:
        """Keep whom the rules ask to measure daily, with the alerts and in their transaction."""
        if not evidence or not self._asking:
            return
        for citizen, day in evidence.wanting(local_days(self._told_ms(None))):
            stores.alerts.requests.ask(citizen, day, self._wall_ms())

    def _tell(
        self,
        stores: Stores,
        engine: Engine,
        whose: tuple[str, Ints],
        moment: Iterable[Event],
        now_ms: int,
    ) -> None:
        """Carry what happened to one citizen at one instant into the alerts."""
        citizen, home = whose
        alerts = [one for one in stores.alerts.alerts_of(citizen) if one.condition == "active"]
        active = {alert.hypothesis: alert for alert in alerts}
        quiet = self.quiet.get(citizen, [])
        story = Story(citizen, home, engine.rulebook, map(episode_in, alerts), quiet)
        for event in moment:
            story.tell(event)
        self.quiet[citizen] = story.quiet()
        for before, episode in story.episodes(_explaining(stores, engine)):
            if before is None:
                stores.alerts.open(episode, now_ms)
            elif before != episode:
                stores.alerts.revise(active[episode.hypothesis], episode, now_ms)


def _explaining(stores: Stores, engine: Engine) -> Callable[[Change, int, int | None], Finding]:
    def explain(worst: Change, onset_ms: int, cleared_ms: int | None) -> Finding:
        roster, history = engine.roster, stores.history
        return finding_of(worst, onset_ms, cleared_ms, roster, history, engine.rulebook)

    return explain


def _row(event: Event) -> int:
    return event.row
