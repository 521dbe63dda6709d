"""Live evaluation: follow the store, run the rules, keep the alerts.

In: records as they are committed (by arrival number) and the clock. Out: alerts. At start, and
whenever something arrives late or changes the past, the citizens concerned are replayed from
their stored records in order of measuring, and the alerts are brought in line with the outcome:
one may appear, move its onset, end, or be retracted with a reason, never silently vanish.
Because of that replay nothing here needs to survive a crash but the stores themselves; a snapshot
(`alerting.snapshot`) only makes the start short. Whom the rules fail over is set aside
(`alerting.aside`) until something about that citizen changes, and stops nobody else.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from alerting.ahead import Ahead, newest_of
from alerting.alert_store import AlertStore
from alerting.aside import WORLD, Aside, by_halves, fault_of
from alerting.asking import Evidence
from alerting.attention import look_again
from alerting.curves import Drawn
from alerting.engine import Engine
from alerting.liveness import Pulse
from alerting.local_time import local_days, utc_ms
from alerting.reconcile import ENROLMENT, LATE, REBUILT, by_reason
from alerting.roster import Roster
from alerting.rules import Rulebook
from alerting.sittings import sittings_of
from alerting.situation import Curve, Situation
from alerting.situations import set_aside, situations_of
from alerting.snapshot import Mark, read_snapshot, rulebook_mark, why_not, write_snapshot
from alerting.write_alerts import AlertWriter, Quiet, Stores
from fhir_mapping.record import Record
from ingest.store import Reader, StoreUnavailable

log = logging.getLogger(__name__)

BATCH_RECORDS = 5_000
REPLAY_CITIZENS = 500
"""So many are replayed at a time: it bounds the memory, and how long a reader waits."""
RETRY_LAST_S = 5.0
"""The longest wait before a store that is away is tried again."""
SNAPSHOT_S = 300.0
"""So often what is known is kept; it bounds what a start after a crash has to judge again."""
SNAPSHOT_RECORDS_MAX = 200_000
"""With more than so many records after a snapshot, judging everything again is as good."""


class Evaluator:
    """The rules over one record store and one alert store.

    The stores are opened when first needed, on the thread that calls `poll`, and opened anew
    after a failure; `curves` opens a reader of its own, on its caller's thread. With
    `data_clock` (replays) it is as late as the newest measurement; otherwise `wall_ms` says. With
    `asking` it keeps requests to measure daily beside the alerts.
    Only the thread that polls changes anything; the lock is for those who read meanwhile.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        open_alerts: Callable[[], AlertStore],
        wall_ms: Callable[[], int],
        rulebook: Rulebook,
        data_clock: bool = False,
        snapshot: Path | None = None,
        asking: bool = False,
    ) -> None:
        self._open_reader = open_reader
        self._open_alerts = open_alerts
        self._wall_ms = wall_ms
        self._data_clock = data_clock
        self._snapshot = snapshot
        self.rulebook = rulebook
        """What the rules are; the API and the page name rules by it, too."""
        self._writer = AlertWriter(self._told_ms, wall_ms, asking=asking)
        self.pulse = Pulse()
        self._lock = threading.RLock()
        self._stores: Stores | None = None
        self._newest_ms = 0
        self._engine = Engine(Roster({}, {}), rulebook)
        self._enrolment = -1
        self._seq = self._departed = self._evaluated = 0
        self._ahead = Ahead()
        self._aside = Aside()
        self._drawn = Drawn(open_reader, rulebook)

    def serve(self, should_stop: Callable[[], bool], poll_s: float, tick_s: float) -> None:
        """Follow the store until `should_stop`; a store that is away is tried again."""
        next_tick, next_snapshot, pause_s = 0.0, time.monotonic() + SNAPSHOT_S, poll_s
        while not should_stop():
            try:
                news = self.poll()
                self.pulse.looked()
                pause_s = poll_s
                if time.monotonic() >= next_tick:
                    next_tick = time.monotonic() + tick_s
                    self.tick()
                if time.monotonic() >= next_snapshot:
                    self.save()
                    next_snapshot = time.monotonic() + SNAPSHOT_S
            except StoreUnavailable as error:
                log.warning("a store is not available (%s), starting from the records again", error)
                self.close()  # what was judged may not have reached the alerts
                news, pause_s = 0, min(2 * pause_s, RETRY_LAST_S)
            self.pulse.prove(self._open_alerts, self._wall_ms)
            if news < BATCH_RECORDS:
                time.sleep(pause_s)
        with suppress(StoreUnavailable):
            self.save()
        self.close()

    def poll(self) -> int:
        """Take what the store has committed since the last time; how many records that was."""
        if self._stores is None:
            self._stores = Stores(self._open_reader(), self._open_alerts())
        elif not all(store.stands() for store in self._stores):
            raise StoreUnavailable("a file was moved, removed or replaced")
        self._follow_enrolment()
        departures = self._open.records.departures_after(self._departed)
        newest = self._open.records.last_seq()
        records = self._open.records.records_after(self._seq, BATCH_RECORDS)
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
        if not (now and self._stores and len(self._engine.roster)):
            return
        self._replay(self._judged(self._ahead.due(self._engine, now)), LATE)
        rows = self._judged(range(len(self._engine.roster)))
        try:
            with self._lock:
                events = self._engine.clock(local_days(now), rows)
            self._writer.follow(self._stores, self._engine, events)
        except WORLD:
            raise
        except Exception as error:  # one of them cannot be judged: the replay finds out who
            log.warning("time could not be judged for all at once: %s", fault_of(error))
            self._replay(rows, LATE)
        look_again(self._open.alerts, now)

    def save(self) -> None:
        """Keep what is known where the next start finds it; only between polls, never within."""
        if self._snapshot is None or self._stores is None or self._enrolment < 0:
            return
        try:
            quiet = np.frombuffer(msgspec.msgpack.encode(self._writer.quiet), np.uint8)
            aside = [self._engine.roster.row[citizen] for citizen in self._aside.citizens()]
            own = {"quiet": quiet, "ahead": self._ahead.memory(), "aside": np.array(aside, int)}
            memory = {**self._engine.memory(), **own}
            write_snapshot(self._snapshot, self._mark(), memory)
        except OSError as error:
            log.warning("the snapshot could not be written: %s", error)

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

        Who has yet to be judged after a start has insufficient data until then, and who is set
        aside for as long as that lasts.
        """
        with self._lock:
            found = situations_of(self._engine)
        return found | {citizen: set_aside(citizen) for citizen in self._aside.citizens()}

    def curves(self, citizens: Sequence[str], days: int) -> dict[str, list[Curve]]:
        """The curves of these citizens; see `alerting.situation.Monitor`."""
        judged = [citizen for citizen in citizens if citizen not in self._aside]
        return self._drawn.of(self._engine.roster, judged, self.now_ms(), days)

    def aside(self) -> int:
        """How many citizens cannot be judged."""
        return len(self._aside)

    def now_ms(self) -> int:
        """The wall clock, or the newest measurement where the data are the clock."""
        return self._newest_ms if self._data_clock else self._wall_ms()

    def evaluated_seq(self) -> int:
        """The newest arrival number that the rules have seen."""
        return self._evaluated

    def __contains__(self, citizen: str) -> bool:
        return citizen in self._engine.roster.row

    @property
    def _open(self) -> Stores:
        assert self._stores is not None, "poll opens the stores first"
        return self._stores

    def _follow_enrolment(self) -> None:
        version = self._open.records.enrolment_version()
        if version == self._enrolment:
            return
        roster = Roster.of(self._open.records)
        if self._enrolment < 0:
            self._start(roster, version)
            return
        with self._lock:
            rows = self._engine.adopt(roster)
        self._enrolment = version
        self._replay(rows, ENROLMENT)

    def _start(self, roster: Roster, version: int) -> None:
        """Begin from the snapshot and what came after it, or from all the records."""
        engine, newest = Engine(roster, self.rulebook), self._open.records.last_seq()
        mark = self._recalled(engine, version)
        with self._lock:
            self._engine = engine
        if mark is None:
            self._writer.quiet, self._ahead, self._aside = {}, Ahead(), Aside()
            self._enrolment = version
            self._seq = self._departed = newest
            self._ahead.arrived(self._open.records.records_after(newest - 1, 1, unassigned=True))
            self._replay(range(len(roster)), REBUILT)
            return
        log.info("starting from the snapshot at arrival %d of %d", mark.seq, newest)
        records = self._open.records.records_after(mark.seq, SNAPSHOT_RECORDS_MAX)
        departures = self._open.records.departures_after(mark.departed)
        self._enrolment, self._newest_ms = version, mark.newest_ms
        self._seq = max(newest, records[-1].seq if records else 0)
        self._departed = max([newest, *(seq for seq, _ in departures)])
        # Whose alerts went on after the snapshot has its history judged again, so that what was
        # opened and closed since is recognised and not told twice.
        after = self._open.alerts.alerts_since(mark.change, self._open.alerts.last_change() + 1)
        again = {citizen for _, citizen in departures} | {alert.citizen for alert in after}
        # Whom an earlier program could not judge this one perhaps can, and the other way round.
        again |= {*self._aside.citizens(), *roster.faults}
        self._take(records, again, REBUILT)

    def _recalled(self, engine: Engine, version: int) -> Mark | None:
        """Where the snapshot stands that the engine has taken over; None when none fits."""
        found = read_snapshot(self._snapshot) if self._snapshot else None
        if found is None:
            return None
        mark, memory = found
        reason = why_not(mark, self._mark(mark, version))
        backlog = self._open.records.records_after(mark.seq, SNAPSHOT_RECORDS_MAX)
        if not reason and len(backlog) == SNAPSHOT_RECORDS_MAX:
            reason = "too much came after it"
        own = [memory.pop(name) for name in ("quiet", "ahead", "aside") if name in memory]
        if not reason and (len(own) < 3 or not engine.recall(memory)):
            reason = "it remembers other things"
        if reason:
            log.warning("the snapshot is not used: %s", reason)
            return None
        quiet, ahead, aside = own
        self._ahead.recall(ahead)
        self._aside.recall(engine.roster.ids[row] for row in aside.tolist())
        self._ahead.arrived(self._open.records.records_after(mark.seq - 1, 1, unassigned=True))
        self._writer.quiet = msgspec.msgpack.decode(quiet.tobytes(), type=Quiet)
        return mark

    def _mark(self, of: Mark | None = None, version: int = -1) -> Mark:
        """Where we stand now; or, given a snapshot's mark, what the stores say at its places."""
        seq = self._seq if of is None else of.seq
        change = self._open.alerts.last_change() if of is None else of.change
        (record,) = self._open.records.records_after(seq - 1, 1, unassigned=True)[:1] or (None,)
        event = self._open.alerts.event(change)
        return Mark(
            rulebook=rulebook_mark(self.rulebook),
            enrolment=self._enrolment if of is None else version,
            seq=seq if of is None else self._open.records.last_seq(),
            departed=self._departed if of is None else self._open.records.last_seq(),
            change=change if of is None else self._open.alerts.last_change(),
            record="" if record is None or record.seq != seq else record.identity.hex(),
            event="" if event is None else f"{event.alert} {event.what} {event.at_ms}",
            newest_ms=self._newest_ms,
        )

    def _take(self, records: Sequence[Record], left: Iterable[str], reason: str = LATE) -> None:
        """Run what came in order; replay whoever got something late, changed or taken away."""
        row_of = self._engine.roster.row
        self._newest_ms = newest_of(records, self._newest_ms)
        self._ahead.arrived(records)
        late = {row_of[citizen] for citizen in left if citizen in row_of}
        touched = {citizen for one in records if (citizen := one.citizen or "") in row_of}
        late |= {row_of[citizen] for citizen in touched if citizen in self._aside}
        late |= {
            row_of[record.citizen]
            for record in records
            if record.version > 1 and record.citizen in row_of
        }
        try:
            late = self._take_in_order(records, late)
        except WORLD:
            raise
        except Exception as error:  # one of them cannot be judged: the replay finds out who
            log.warning("records could not be judged all at once: %s", fault_of(error))
            late |= {row_of[citizen] for citizen in touched}
        for why, rows in by_reason(late, records, row_of, reason).items():
            self._replay(rows, why)

    def _take_in_order(self, records: Sequence[Record], late: set[int]) -> set[int]:
        """Run what came in order; the rows whose past must be judged again, `late` included."""
        engine = self._engine
        sittings = self._ahead.held_back(sittings_of(records, engine.roster.row), self.now_ms())
        late = late | {sitting.row for sitting in sittings if engine.is_late(sitting)}
        with self._lock:
            self._drawn.changed({record.citizen for record in records if record.citizen})
            evidence = Evidence(engine)
            in_order = (sitting for sitting in sittings if sitting.row not in late)
            events = engine.advance(in_order, evidence.watch)
        self._writer.follow(self._open, engine, events, evidence)
        return late

    def _replay(self, rows: Sequence[int], reason: str) -> None:
        """Judge these rows' whole history again and bring their alerts in line with it.

        Who cannot be judged is set aside, and keeps the alerts that there are.
        """
        faults, ids = self._engine.roster.faults, self._engine.roster.ids
        for row in rows:
            if ids[row] in faults:
                self._put_aside(row, faults[ids[row]])
        rows = [row for row in rows if ids[row] not in faults]
        for first in range(0, len(rows), REPLAY_CITIZENS):
            by_halves(
                rows[first : first + REPLAY_CITIZENS],
                lambda part: self._replay_at_once(part, reason),
                self._put_aside,
            )

    def _put_aside(self, row: int, error: Exception) -> None:
        with self._lock:
            self._engine.forget([row])
        self._ahead.forget([row])
        self._aside.put(self._engine.roster.ids[row], error)

    def _judged(self, rows: Iterable[int]) -> list[int]:
        """Those of the rows that are not set aside."""
        ids = self._engine.roster.ids
        return [row for row in rows if ids[row] not in self._aside]

    def _replay_at_once(self, rows: Sequence[int], reason: str) -> None:
        engine = self._engine
        citizens = [engine.roster.ids[row] for row in rows]
        # What is newer than our place in the store comes with a later poll; but a record that has
        # moved there left its old place, and must not seem to be gone until then.
        records = [
            record
            for citizen in citizens
            for record in self._open.records.records_of(citizen)
            if record.seq <= self._seq or record.version > 1
        ]
        self._newest_ms = newest_of(records, self._newest_ms)
        now = self.now_ms()
        with self._lock:
            self._drawn.changed(citizens)
            engine.forget(rows)
            evidence = Evidence(engine)
            self._ahead.forget(rows)
            sittings = self._ahead.held_back(sittings_of(records, engine.roster.row), now)
            events = engine.advance(sittings, evidence.watch)
            if now:
                events += engine.clock(local_days(now), rows)
        self._writer.rewrite(self._open, engine, citizens, events, evidence, reason)
        self._aside.back(citizens)

    def _told_ms(self, t: float | None) -> int:
        """When something of this moment (local days; None: just now) is told."""
        return utc_ms(t) if t is not None and self._data_clock else self.now_ms()
