"""The delivery loop: follow the record store by its cursor and lose nothing.

Used by `serve`. Clock, waiting and chance come from outside, so that tests need no time.

Each round sends one batch: what is due to be sent again, then what changed after the cursor. What
became of it is stored together with the new cursor; whoever is killed before that sends the batch
again. A record is always sent as it stands in the store now, by one process at a time, so a newer
version is never overtaken by an older one; and where a request got no answer and might take
effect late (`settle_s`), the newest version is sent once more afterwards.

What nobody has ever been given is not sent: a record of version 1 that is nobody's waits in the
store, and comes again when it is somebody's. Answers to a questionnaire go only where they are
taken (`takes_responses`).

  Taken    The cursor moves on.
  Refused  The cursor moves on; the record is a dead letter, listed until a retry, or a newer
           version of it, is taken.
  Later    All but this record work: it is set aside and sent again, for ever, and the cursor moves
           on. Otherwise the cursor stops before it, and the round is tried again, for ever.
"""

import logging
from collections.abc import Callable

import msgspec

from fhir_mapping.record import Record
from ingest.deliver.back_off import BackOff, delay_s, longer
from ingest.deliver.port import Destination, Item, Later, Refused, Result, Taken
from ingest.deliver.state import Deliveries, Outcomes, Waiting
from ingest.deliver.surroundings import Surroundings
from ingest.store import Reader, StoreUnavailable

log = logging.getLogger(__name__)

SET_ASIDE_MAX = 10_000
"""So many records may wait on their own; with more, the destination as a whole is not well."""


class Progress(msgspec.Struct, frozen=True):
    """One round in numbers. `seq` is the cursor, `last_seq` what it runs after."""

    taken: int
    refused: int
    set_aside: int
    seq: int
    last_seq: int
    waiting: int
    dead_letters: int


class _Round(msgspec.Struct):
    """One batch: `changed` from the cursor on, `again` what was due; and what becomes of it."""

    outcomes: Outcomes
    changed: list[Record]
    again: dict[bytes, Waiting]
    trouble: Later | None = None


class Deliverer:
    """Delivers to one destination until told to stop."""

    def __init__(
        self,
        reader: Reader,
        state: Deliveries,
        destination: Destination,
        *,
        seq: int,
        batch_records: int,
        now_ms: Callable[[], int],
        jitter: Callable[[], float],
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._reader = reader
        self._state = state
        self._destination = destination
        self._seq = seq
        self._batch_records = batch_records
        self._now_ms = now_ms
        self._jitter = jitter
        self._on_progress = on_progress
        self._surroundings = Surroundings(reader, now_ms)
        self._back_off = BackOff(jitter)

    def run(self, stopped: Callable[[float], bool], poll_s: float) -> None:
        """Deliver for ever. `stopped` waits so many seconds and says whether to stop.

        A batch that is under way is finished first. Returns as well when the store's file was
        moved, removed or replaced: what comes after that, this reader would never see.
        """
        while not stopped(0) and self._reader.stands():
            wait_s = self.step()
            if stopped(poll_s if wait_s is None else wait_s):
                return

    def step(self) -> float | None:
        """One round; how long to wait before the next (0: not at all), None if nothing to do."""
        try:
            return self._step()
        except StoreUnavailable as error:
            pause = self._back_off.failed()
            log.error("store or state not available (%s), trying again in %.1f s", error, pause)
            return pause

    def _step(self) -> float | None:
        now_ms = self._now_ms()
        again = self._state.due(now_ms, max(1, self._batch_records // 2))
        room = self._batch_records - len(again)
        changed = self._reader.records_after(self._seq, room, unassigned=True) if room else []
        if not changed and not again:
            return None
        work = _Round(Outcomes(self._seq), changed, {one.id: one for one in again})
        batch = self._batch(work)
        ids = [item.record.id for item in batch]
        settles = self._destination.settle_s > 0 and bool(ids)
        due_ms = now_ms + round(self._destination.settle_s * 1000)
        settled = self._state.begin(ids, now_ms, due_ms) if settles else []
        results = self._destination.send(batch) if batch else []
        answers = dict(zip(ids, results, strict=True))
        self._judge(work, {item.record.id: item.record for item in batch}, answers)
        work.outcomes.settled = [one for one in settled if _is_answer(answers[one])]
        work.outcomes.gone = [one.id for one in again if one.id not in answers]
        self._state.end(work.outcomes, self._now_ms())
        self._seq = work.outcomes.seq
        return self._conclude(work)

    def _batch(self, work: _Round) -> list[Item]:
        """What to send, in order of change; no record twice."""
        chosen = {record.id: record for record in work.changed}
        for one in work.again.keys() - chosen.keys():
            record = self._reader.record(one)
            if record is not None:
                chosen[one] = record
        ordered = sorted(chosen.values(), key=lambda record: record.seq)
        return [self._surroundings.item_of(record) for record in ordered if self._is_due(record)]

    def _is_due(self, record: Record) -> bool:
        if record.is_response and not self._destination.takes_responses:
            return False
        return record.citizen is not None or record.version > 1

    def _judge(
        self, work: _Round, records: dict[bytes, Record], answers: dict[bytes, Result]
    ) -> None:
        """Sort the answers into outcomes, and move the cursor as far as it may."""
        outcomes = work.outcomes
        for one, result in answers.items():
            if isinstance(result, Taken):
                outcomes.taken.append(records[one])
            elif isinstance(result, Refused):
                outcomes.refused.append((records[one], result))
            elif not result.alone:
                work.trouble = _longer(work.trouble, result)
            elif one in work.again:
                outcomes.waiting.append(self._postponed(one, work.again[one].attempts + 1, result))
        works = bool(outcomes.taken or outcomes.refused)
        room = SET_ASIDE_MAX - self._state.counts()[0]
        for record in work.changed:
            answer = answers.get(record.id)
            if isinstance(answer, Later):
                waits_already = record.id in work.again
                if not (answer.alone and (waits_already or (works and room > 0))):
                    work.trouble = _longer(work.trouble, answer)
                    return
                if not waits_already:
                    outcomes.waiting.append(self._postponed(record.id, 1, answer))
                    room -= 1
            outcomes.seq = record.seq
            outcomes.passed.append(record)

    def _postponed(self, one: bytes, attempts: int, result: Later) -> Waiting:
        wait_s = longer(delay_s(attempts + 3, self._jitter()), result.wait_s)
        return Waiting(one, self._now_ms() + round(wait_s * 1000), attempts)

    def _conclude(self, work: _Round) -> float:
        outcomes = work.outcomes
        if outcomes.refused:
            reason = outcomes.refused[0][1].reason
            log.warning("%d records are refused, the first: %s", len(outcomes.refused), reason)
        waiting, dead_letters = self._state.counts()
        self._on_progress(
            Progress(
                taken=len(outcomes.taken),
                refused=len(outcomes.refused),
                set_aside=len(outcomes.waiting),
                seq=self._seq,
                last_seq=max(self._seq, self._reader.last_seq()),
                waiting=waiting,
                dead_letters=dead_letters,
            )
        )
        if work.trouble is None:
            self._back_off.succeeded()
            return 0.0
        if outcomes.taken:
            self._back_off.succeeded()
        pause = self._back_off.failed(work.trouble.wait_s)
        log.warning("destination: %s, trying again in %.1f s", work.trouble.reason, pause)
        return pause


def _is_answer(result: Result) -> bool:
    return not isinstance(result, Later) or result.alone


def _longer(one: Later | None, other: Later) -> Later:
    return other if one is None or other.wait_s > one.wait_s else one
