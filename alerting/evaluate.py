"""Live evaluation: follow the store, run the rules, keep the alerts.

In: records as they are committed (by arrival number) and the clock. Out: alerts. At start, and
whenever something arrives late or changes the past, the citizens concerned are replayed from
their stored records in order of measuring, and the alerts are brought in line with the outcome:
one may appear, move its onset, end, or be retracted with a reason, never silently vanish.
Because of that replay nothing here needs to survive a crash but the stores themselves.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

import msgspec
import numpy as np

from alerting.alert import Alert, Episode
from alerting.alert_store import AlertStore
from alerting.curves import curves_of
from alerting.engine import Change, Engine
from alerting.explanation import episode_of
from alerting.local_time import DAY_MS, local_days, utc_ms
from alerting.roster import Roster
from alerting.rules import RULES, Colour
from alerting.sittings import sittings_of
from alerting.situation import Curve, Situation
from alerting.situations import situations_of
from fhir_mapping.record import Record
from ingest.store import Reader, StoreUnavailable

log = logging.getLogger(__name__)

BATCH_RECORDS = 5_000
DRAWN_MAX = 4_000
"""Most curves kept ready: a few pages of the largest worklist."""
REPLAY_CITIZENS = 500
"""So many are replayed at a time: it bounds the memory, and how long a reader waits."""
LATE = "late-data"
ENROLMENT = "enrolment-changed"
REBUILT = "rebuilt-from-the-records"
"""Why an alert was retracted: what was found to be otherwise while nobody looked."""


class Evaluator:
    """The rules over one record store and one alert store.

    The stores are opened when first needed, on the thread that calls `poll`, and opened anew
    after a failure; `curves` opens a reader of its own, on its caller's thread. With
    `data_clock` (replays) it is as late as the newest measurement; otherwise `wall_ms` says.
    Only the thread that polls changes anything; the lock is for those who read meanwhile.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        open_alerts: Callable[[], AlertStore],
        wall_ms: Callable[[], int],
        data_clock: bool = False,
    ) -> None:
        self._open_reader = open_reader
        self._open_alerts = open_alerts
        self._wall_ms = wall_ms
        self._data_clock = data_clock
        self._lock = threading.RLock()
        self._stores: tuple[Reader, AlertStore] | None = None
        self._newest_ms = 0
        self._engine = Engine(Roster({}, {}))
        self._enrolment = -1
        self._seq = self._departed = self._evaluated = 0
        self._revision: Counter[str] = Counter()
        self._drawn: dict[tuple[str, int], tuple[tuple[int, int], list[Curve]]] = {}

    def serve(self, should_stop: Callable[[], bool], poll_s: float, tick_s: float) -> None:
        """Follow the store until `should_stop`; a store that is away is tried again."""
        next_tick = 0.0
        while not should_stop():
            try:
                news = self.poll()
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + tick_s
                    self.tick()
            except StoreUnavailable as error:
                log.warning("a store is not available (%s), starting from the records again", error)
                self.close()  # what was judged may not have reached the alerts
                news = 0
            if news < BATCH_RECORDS:
                time.sleep(poll_s)
        self.close()

    def poll(self) -> int:
        """Take what the store has committed since the last time; how many records that was."""
        if self._stores is None:
            self._stores = (self._open_reader(), self._open_alerts())
        self._follow_enrolment()
        departures = self._reader.departures_after(self._departed)
        newest = self._reader.last_seq()
        records = self._reader.records_after(self._seq, BATCH_RECORDS)
        self._departed = departures[-1][0] if departures else self._departed
        if len(records) == BATCH_RECORDS:
            newest = 0  # there may be more; else all up to there is seen, whoever it belongs to
        self._seq = max(self._seq, newest, records[-1].seq if records else 0)
        if records or departures:
            self._take(records, {citizen for _, citizen in departures})
        self._evaluated = self._seq
        return len(records)

    def tick(self) -> None:
        """Look for what time alone has changed: measurements that are missing."""
        now = self.now_ms()
        if now and self._stores and len(self._engine.roster):
            with self._lock:
                changes = self._engine.clock(local_days(now))
            self._apply(changes)

    def close(self) -> None:
        """Release the stores; idempotent. The next poll begins from the records again.

        What was known stays readable until then.
        """
        for store in self._stores or ():
            store.close()
        self._stores = None
        self._enrolment = -1

    def situations(self) -> dict[str, Situation]:
        """Every citizen's situation now; see `alerting.situation.Monitor`.

        Who has yet to be judged after a start has insufficient data until then.
        """
        with self._lock:
            return situations_of(self._engine)

    def curves(self, citizens: Sequence[str], days: int) -> dict[str, list[Curve]]:
        """The curves of these citizens; see `alerting.situation.Monitor`.

        Drawn once until the citizen's readings or the day change: a worklist asks every second.
        """
        now = self.now_ms()
        with self._lock:
            known = [citizen for citizen in citizens if citizen in self]
            marks = {citizen: (self._revision[citizen], now // DAY_MS) for citizen in known}
            kept = {
                citizen: self._drawn[citizen, days][1]
                for citizen in known
                if self._drawn.get((citizen, days), (None,))[0] == marks[citizen]
            }
            roster = self._engine.roster.subset([one for one in known if one not in kept])
        if len(roster):
            with closing(self._open_reader()) as reader:
                drawn = curves_of(roster, reader, now, days)
            with self._lock:
                if len(self._drawn) + len(drawn) > DRAWN_MAX:
                    self._drawn.clear()
                for citizen, curves in drawn.items():
                    self._drawn[citizen, days] = (marks[citizen], curves)
            kept |= drawn
        return {citizen: kept[citizen] for citizen in known}

    def now_ms(self) -> int:
        """The wall clock, or the newest measurement where the data are the clock."""
        return self._newest_ms if self._data_clock else self._wall_ms()

    def evaluated_seq(self) -> int:
        """The newest arrival number that the rules have seen."""
        return self._evaluated

    def __contains__(self, citizen: str) -> bool:
        return citizen in self._engine.roster.row

    @property
    def _reader(self) -> Reader:
        assert self._stores is not None, "poll opens the stores first"
        return self._stores[0]

    @property
    def _alerts(self) -> AlertStore:
        assert self._stores is not None, "poll opens the stores first"
        return self._stores[1]

    def _follow_enrolment(self) -> None:
        version = self._reader.enrolment_version()
        if version == self._enrolment:
            return
        roster = Roster.of(self._reader)
        if self._enrolment < 0:
            self._seq = self._departed = self._reader.last_seq()
            reason, rows = REBUILT, list(range(len(roster)))
            with self._lock:
                self._engine = Engine(roster)
        else:
            reason = ENROLMENT
            with self._lock:
                rows = self._engine.adopt(roster)
        self._enrolment = version
        self._replay(rows, reason)

    def _take(self, records: Sequence[Record], left: Iterable[str]) -> None:
        """Run what came in order; replay whoever got something late, changed or taken away."""
        engine = self._engine
        row_of = engine.roster.row
        sittings = sittings_of(records, row_of)
        for record in records:
            self._newest_ms = max(self._newest_ms, record.measured_ms)
        late = {row_of[citizen] for citizen in left if citizen in row_of}
        late |= {
            row_of[record.citizen]
            for record in records
            if record.version > 1 and record.citizen in row_of
        }
        late |= {sitting.row for sitting in sittings if engine.is_late(sitting)}
        with self._lock:
            self._revision.update({engine.roster.ids[sitting.row] for sitting in sittings})
            changes = engine.advance(sitting for sitting in sittings if sitting.row not in late)
        self._apply(changes)
        self._replay(sorted(late), LATE)

    def _replay(self, rows: Sequence[int], reason: str) -> None:
        """Judge these rows' whole history again and bring their alerts in line with it."""
        for first in range(0, len(rows), REPLAY_CITIZENS):
            self._replay_at_once(rows[first : first + REPLAY_CITIZENS], reason)

    def _replay_at_once(self, rows: Sequence[int], reason: str) -> None:
        engine = self._engine
        citizens = [engine.roster.ids[row] for row in rows]
        # What is newer than our place in the store comes with a later poll; but a record that has
        # moved there left its old place, and must not seem to be gone until then.
        records = [
            record
            for citizen in citizens
            for record in self._reader.records_of(citizen)
            if record.seq <= self._seq or record.version > 1
        ]
        self._newest_ms = max([self._newest_ms, *(record.measured_ms for record in records)])
        now = self.now_ms()
        with self._lock:
            self._revision.update(citizens)
            engine.forget(rows)
            changes = engine.advance(sittings_of(records, engine.roster.row))
            if now:
                changes += engine.clock(local_days(now), rows)
        self._reconcile(citizens, self._episodes(changes), reason)

    def _episodes(self, changes: Iterable[Change]) -> dict[str, list[Episode]]:
        """Fold changes, in order, into each citizen's episodes."""
        runs: dict[tuple[int, int], list[tuple[Change, Change, Change | None]]] = {}
        for change in changes:
            of_rule = runs.setdefault((change.row, change.rule), [])
            running = of_rule and of_rule[-1][2] is None
            if change.colour > Colour.GREEN:
                first = of_rule.pop()[0] if running else change
                of_rule.append((first, change, None))
            elif running:
                first, worst, _ = of_rule.pop()
                of_rule.append((first, worst, change))
        episodes: dict[str, list[Episode]] = {}
        for (row, _), of_rule in runs.items():
            citizen = self._engine.roster.ids[row]
            episodes.setdefault(citizen, []).extend(
                episode_of(*run, self._engine.roster, self._history) for run in of_rule
            )
        return episodes

    def _reconcile(
        self, citizens: Iterable[str], episodes: dict[str, list[Episode]], reason: str
    ) -> None:
        """Make the stored alerts of these citizens say what their data say now."""
        now = self._wall_ms()
        with self._alerts.transaction():
            for citizen in citizens:
                standing = [
                    alert
                    for alert in self._alerts.alerts_of(citizen)
                    if alert.condition != "retracted"
                ]
                matches = match(standing, episodes.get(citizen, []))
                for alert, episode in matches:
                    if episode is None and alert is not None:
                        self._alerts.retract(alert, reason, now)
                for alert, episode in matches:
                    if alert is not None and episode is not None and differs(alert, episode):
                        self._alerts.revise(alert, episode, now)
                for alert, episode in matches:
                    if alert is None and episode is not None:
                        self._alerts.open(episode, now)

    def _apply(self, changes: Sequence[Change]) -> None:
        """Carry changes that came in order into the alerts."""
        if not changes:
            return
        now, roster = self._wall_ms(), self._engine.roster
        with self._alerts.transaction():
            for change in changes:
                if change.colour > Colour.GREEN:
                    self._alerts.raise_(
                        episode_of(change, change, None, roster, self._history), now
                    )
                else:
                    citizen, rule = roster.ids[change.row], RULES[change.rule].id
                    self._alerts.clear(citizen, rule, utc_ms(change.t), now)

    def _history(
        self, citizen: str, about: Sequence[str], since_ms: int, until_ms: int
    ) -> list[Record]:
        return self._reader.records_of(citizen, about, since_ms, until_ms + 1)


def match(
    alerts: Sequence[Alert], episodes: Sequence[Episode]
) -> list[tuple[Alert | None, Episode | None]]:
    """Pair stored alerts with the episodes that they are: same rule, overlapping in data time."""
    pairs: list[tuple[Alert | None, Episode | None]] = []
    free = sorted(alerts, key=lambda alert: alert.onset_ms)
    for episode in sorted(episodes, key=lambda episode: episode.onset_ms):
        found = next((alert for alert in free if _overlap(alert, episode)), None)
        if found is not None:
            free.remove(found)
        pairs.append((found, episode))
    return pairs + [(alert, None) for alert in free]


def _overlap(alert: Alert, episode: Episode) -> bool:
    alert_end = alert.cleared_ms if alert.cleared_ms is not None else np.inf
    episode_end = episode.cleared_ms if episode.cleared_ms is not None else np.inf
    return (
        alert.rule == episode.rule
        and alert.onset_ms <= episode_end
        and episode.onset_ms <= alert_end
    )


def differs(alert: Alert, episode: Episode) -> bool:
    """Whether the alert must be revised to say what the episode says."""
    fields = ("severity", "onset_ms", "raised_ms", "cleared_ms", "text_da", "evidence")
    standing = msgspec.to_builtins([getattr(alert, name) for name in fields])
    return bool(standing != msgspec.to_builtins([getattr(episode, name) for name in fields]))
