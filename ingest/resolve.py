"""What a record that arrives is beside those that stand already; pure, and the same for any store.

In: the standing records that have the arrival's identity, or its id (device, slot, code and
circumstances at one corrected second), and the arrival with what its author means by it. Out: a
`Decision`, which the store carries out. Nothing is looked up here, and nothing is stored.

The table, read from above; the first line that fits decides. "The same act" is a standing record of
the same identity whose corrected instant lies within `ONE_ACT_MS`, or else one of the same second
whose device time is the same wall clock in another zone, or that says the same; not one of another
start of a clock that nothing puts right, since such a clock repeats its times. "Later" compares
`sent_ms`; where either is unknown, arrival decides.

  the same act         the arrival says                                                  decision
  -------------------  ----------------------------------------------------------------  ---------
  none stands          anything                                                          SEPARATE
  stands               what it says now, or said once (value, flags, instant)            DUPLICATE
  of another author    anything else                                                     HELD
  withdrawn            it withdraws                                                      DUPLICATE
  has a value          it withdraws, sent before what stands                             STALE
  has a value, or not  it withdraws                                                      WITHDRAWAL
  withdrawn or failed  a value, not sent later, nor said to be a correction              STALE
  withdrawn or failed  a value, sent later                                               AMENDMENT
  anything             a value, sent before a withdrawal that stood once                 STALE
  part of a panel      the other parts, that contradict it (diastolic above systolic)    TWIN
  part of a panel      other parts, and none otherwise                                   AMENDMENT
  another value        a value, clock not in sync, no correction                         TWIN
  anything             it was sent before what stands                                    STALE
  anything             another value, other flags, an instant moved beyond the jitter    AMENDMENT

Withdrawing is: the author says so (`intent`; where two values claim the act, of the one that he
names, by its name or its value, and of all else), or the same act comes with the flag `invalid` and
without any value. Where no record stands that is a failed measurement (or, where the author says
so, a withdrawal that arrived first); the value that comes after it, sent before it, goes straight
into the history. An author is the device, its gateway, who transferred it (`transferred_by`): the
device's own word does not change what a person typed, nor the other way round.

What the arrival leaves out of a panel (or says to be not available) stays as it stands, and is no
other value (`completion`).

In which order words on one act arrive matters where nothing else tells what its author meant: of
two amendments that do not say when they were sent, or were sent at one instant, the one that
arrives last holds; a value that is said again after another one is taken as a resend of the first,
which only `intent` tells apart from a change of mind; and of two values on a clock that is not in
sync the one that arrives first has the plain identity. All else ends alike in any order
(`tests/ingest/store/test_any_order_of_words.py`).
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import msgspec

from devices.admission import AHEAD_HOURS_MAX, HOUR_MS
from devices.wire import CLOCK_AHEAD
from devices.zone import local_ms
from fhir_mapping.annotations import identifying
from fhir_mapping.kih.foreign import SOURCE as FROM_KIH
from fhir_mapping.phmr.foreign import GATEWAY as FROM_PHMR
from fhir_mapping.record import Intent, Record, Superseded
from fhir_mapping.status import Flags, flags_at
from ingest.completion import adds_only, completed, contradict
from ingest.decode_fhir import HTTP_GATEWAY
from ingest.limits import CLOCK_JITTER_MS, ONE_ACT_MS, SAME_INSTANT_MS, UNPAIRED_ACT_MS

_NO_GATEWAY = frozenset({HTTP_GATEWAY, FROM_KIH, FROM_PHMR})
_QUARTER_MS = 15 * 60 * 1000
"""All zones differ by a multiple of it."""
_WITHDRAWN: Flags = ("invalid",)


class Kind(Enum):
    """What an arrival is; see the table."""

    SEPARATE = "separate"
    DUPLICATE = "duplicate"
    AMENDMENT = "amendment"
    WITHDRAWAL = "withdrawal"
    TWIN = "twin"
    STALE = "stale"
    HELD = "held"


class Standing(msgspec.Struct, frozen=True):
    """A record that stands, and what was said of it before; `named` when found by identity."""

    record: Record
    earlier: tuple[Superseded, ...]
    named: bool


class Decision(msgspec.Struct, frozen=True):
    """What the arrival is, and of which standing records.

    `released` is the one value that is left when all others that claimed its act are withdrawn:
    nothing contradicts it any more.
    """

    kind: Kind
    of: tuple[Record, ...] = ()
    released: Record | None = None


def resolve(standing: Sequence[Standing], arrival: Record, intent: Intent = "reading") -> Decision:
    """What `arrival` is beside what stands; see the table."""
    again = tuple(one.record for one in standing if one.named and _is_late_again(one, arrival))
    if again and intent == "reading":
        return Decision(Kind.DUPLICATE, again)
    act = [one for one in standing if one.named and _is_one_act(one.record, arrival)]
    if not act:
        act = [one for one in standing if not one.named and _is_copy(one, arrival, intent)]
    if not act:
        return Decision(Kind.SEPARATE)
    withdraws = intent == "withdrawal" or _is_failed(arrival)
    everything, act = act, _named(act, arrival) if intent == "withdrawal" else act
    if any(_repeats(one, arrival, intent, withdraws=withdraws) for one in act):
        return Decision(Kind.DUPLICATE, tuple(one.record for one in act))
    if any(_is_of_another(one.record, arrival) for one in act):
        return Decision(Kind.HELD, tuple(one.record for one in act))
    if withdraws:
        return _withdrawn(act, arrival, everything)
    return _changed(_meant(act, arrival), arrival, intent)


def _is_of_another(record: Record, arrival: Record) -> bool:
    """Whether another author said it, or another gateway; what names none is no other."""
    is_elsewhere = len({record.gateway, arrival.gateway} - _NO_GATEWAY) > 1
    return is_elsewhere or record.transferred_by != arrival.transferred_by


def _withdrawn(
    act: Sequence[Standing], arrival: Record, everything: Sequence[Standing]
) -> Decision:
    """All that is meant of the act is taken back, but for what was said after the withdrawal."""
    of = tuple(one.record for one in act if not one.record.withdrawn)
    if not of:
        return Decision(Kind.DUPLICATE, tuple(one.record for one in act))
    later = tuple(record for record in of if _is_later(record, arrival))
    if len(later) == len(of):
        return Decision(Kind.STALE, later[:1])
    gone = tuple(record for record in of if record not in later)
    left = [one.record for one in everything if not one.record.withdrawn and one.record not in gone]
    alone = left[0] if len(left) == 1 and left[0].conflict else None
    return Decision(Kind.WITHDRAWAL, gone, alone)


def _changed(one: Standing, arrival: Record, intent: Intent) -> Decision:
    record = one.record
    of = (record,)
    is_part = not _is_failed(record) and adds_only(record, arrival)
    if any(_withdrew(was) and was.sent_ms >= arrival.sent_ms > 0 for was in one.earlier):
        return Decision(Kind.STALE, of)
    if intent != "correction":
        failed = _is_failed(record) and _are_ordered(record, arrival)
        if (record.withdrawn or failed) and not _is_later(arrival, record):
            return Decision(Kind.STALE, of)
        doubtful = arrival.conflict or not arrival.clock_vouched
        other = doubtful and not record.withdrawn and _contradict(record.values, arrival.values)
        if other or (is_part and contradict(record, arrival)):
            return Decision(Kind.TWIN, of)
    if _is_later(record, arrival) and not is_part:
        return Decision(Kind.STALE, of)
    return Decision(Kind.AMENDMENT, of)


def nearest(standing: Sequence[Record], arrival: Record) -> Record | None:
    """Which of the records that stand the arrival became, or was found to be."""
    if not standing:
        return None
    return min(
        standing,
        key=lambda one: (
            abs(one.measured_ms - arrival.measured_ms) > ONE_ACT_MS,
            not _same_values(one.values, arrival.values),
            abs(one.measured_ms - arrival.measured_ms),
        ),
    )


def amended(record: Record, arrival: Record) -> Record:
    """The next version of a record: what the arrival says, under the name that stands.

    Notes and other annotations are the arrival's; what is part of the name stays.
    """
    arrival = completed(record, arrival)
    said = (identifying(one.circumstances) for one in (record, arrival))
    noted = arrival if len(set(said)) == 1 else record
    return msgspec.structs.replace(
        arrival,
        identity=record.identity,
        id=record.id,
        base=record.base,
        device_time=record.device_time,
        boot=record.boot,
        circumstances=noted.circumstances,
        version=record.version + 1,
        conflict=record.conflict,
        withdrawn=False,
    )


def withdrawn(record: Record, arrival: Record) -> Record:
    """The next version of a record: no value any more; all that says what it was stays."""
    return msgspec.structs.replace(
        record,
        values=(None,) * len(record.values),
        flags=arrival.flags if "invalid" in arrival.flags else (*arrival.flags, *_WITHDRAWN),
        component_flags=(),
        sent_ms=arrival.sent_ms,
        version=record.version + 1,
        withdrawn=True,
    )


def outlived(record: Record, arrival: Record) -> Record:
    """The next version of a record of which something older has come: it says what it said.

    A failure that outlives a value has withdrawn it.
    """
    gone = record.withdrawn or (_is_failed(record) and not _is_failed(arrival))
    return msgspec.structs.replace(record, version=record.version + 1, withdrawn=gone)


def too_late(record: Record, arrival: Record) -> Record:
    """What came too late to hold, as it goes into the history of a record that says otherwise."""
    if _is_failed(arrival) and any(record.values):
        return msgspec.structs.replace(arrival, withdrawn=True)
    return arrival


def _is_one_act(record: Record, arrival: Record) -> bool:
    """Whether two words of one identity are of one act, by their corrected instants."""
    apart_ms = abs(record.measured_ms - arrival.measured_ms)
    one_clock = _has_pair(record) == _has_pair(arrival)
    reach_ms = ONE_ACT_MS if one_clock else UNPAIRED_ACT_MS
    return apart_ms <= reach_ms or _was_put_back(record, arrival)


def _was_put_back(record: Record, arrival: Record) -> bool:
    """Whether the clock of one was found ahead and put back by whole hours, that of the other not:
    it arrived later, when nothing seemed to be ahead any more."""
    apart_ms = abs(record.measured_ms - arrival.measured_ms)
    return (
        CLOCK_AHEAD in (*record.flags, *arrival.flags)
        and apart_ms % HOUR_MS == 0
        and 0 < apart_ms <= AHEAD_HOURS_MAX * HOUR_MS
    )


def _is_late_again(one: Standing, arrival: Record) -> bool:
    """Whether a reading of the second of two equal hours is sent again when that hour is over: by
    its time alone it would be one of the first."""
    record = one.record
    return (
        record.measured_ms - arrival.measured_ms == HOUR_MS
        and arrival.sent_ms - record.measured_ms >= HOUR_MS
        and not (_has_pair(record) or _has_pair(arrival) or record.withdrawn)
        and record.device_time == arrival.device_time
        and _same_values(record.values, arrival.values)
        and any(record.values)
    )


def _is_copy(one: Standing, arrival: Record, intent: Intent) -> bool:
    """Whether a record of the same second is this act, told by another door."""
    record = one.record
    apart_ms = abs(record.measured_ms - arrival.measured_ms)
    if apart_ms > SAME_INSTANT_MS or _began_anew(record, arrival):
        return False
    if intent != "reading" or _is_failed(arrival) or _is_failed(record) or record.withdrawn:
        return True
    apart_ms = local_ms(record.device_time) - local_ms(arrival.device_time)
    return apart_ms % _QUARTER_MS == 0 or _same_values(record.values, arrival.values)


def _began_anew(record: Record, arrival: Record) -> bool:
    """Whether the clock was lost in between and shows by chance what it showed before: nothing puts
    the instant of both right, neither a clock pair nor synchronisation."""
    boots = {record.boot, arrival.boot} - {""}
    both = (record, arrival)
    return len(boots) > 1 and not (
        all(map(_has_pair, both)) or all(one.clock_vouched for one in both)
    )


def _repeats(one: Standing, arrival: Record, intent: Intent, *, withdraws: bool) -> bool:
    """Whether this was said of the record before: it is a resend, however late."""
    record = one.record
    if withdraws:
        return _repeats_withdrawal(one, arrival, intent)
    arrival = completed(record, arrival)
    now = _same_values(record.values, arrival.values) and not record.withdrawn
    if now and (_was_put_back(record, arrival) or (not one.named and intent == "reading")):
        return True  # another door may know less of flags and clocks; and so may a later resend
    agrees = now and _same_flags(record.flags, record.component_flags, arrival)
    if agrees and not _has_moved(record, arrival):
        return True
    if intent == "correction" and _is_later(arrival, record):
        return False
    reach_ms = CLOCK_JITTER_MS if agrees else ONE_ACT_MS
    return any(
        _same_values(was.values, arrival.values)
        and not was.withdrawn
        and (was.flags is None or _same_flags(was.flags, was.component_flags, arrival))
        and (was.measured_ms is None or abs(was.measured_ms - arrival.measured_ms) <= reach_ms)
        for was in one.earlier
    )


def _repeats_withdrawal(one: Standing, arrival: Record, intent: Intent) -> bool:
    record = one.record
    if record.withdrawn:
        return True
    if _is_failed(record) and intent == "reading":
        return _same_flags(record.flags, record.component_flags, arrival)
    return any(was.sent_ms == arrival.sent_ms and _withdrew(was) for was in one.earlier)


def _named(act: list[Standing], arrival: Record) -> list[Standing]:
    """Of several values that claim one act, those that an author takes back who says which: by the
    record's own name, or by its value. All of them where he does not."""
    by_name = [one for one in act if arrival.base and one.record.identity == arrival.identity]
    return by_name or _saying(act, arrival, ever=False) or _saying(act, arrival, ever=True) or act


def _saying(act: list[Standing], arrival: Record, *, ever: bool) -> list[Standing]:
    """Those that say what the arrival says, or said it last before they were taken back."""
    if not any(arrival.values):
        return []
    found = []
    for one in act:
        versions = [*(was.values for was in one.earlier if any(was.values)), one.record.values]
        said = versions if ever else [values for values in versions if any(values)][-1:]
        if any(_same_values(values, arrival.values) for values in said):
            found.append(one)
    return found


def _meant(act: Sequence[Standing], arrival: Record) -> Standing:
    """Of several values that claim one act, the one that the arrival is about."""
    same = (one for one in act if _same_values(one.record.values, arrival.values))
    plain = (one for one in act if not (one.record.conflict and one.record.base))
    return next(same, None) or next(plain, act[0])


def _withdrew(was: Superseded) -> bool:
    return was.withdrawn or ("invalid" in (was.flags or ()) and not any(was.values))


def _is_failed(record: Record) -> bool:
    """No value at all, and the device says that the measurement is invalid."""
    return "invalid" in record.flags and not any(record.values)


def _are_ordered(one: Record, other: Record) -> bool:
    return bool(one.sent_ms and other.sent_ms)


def _is_later(one: Record, other: Record) -> bool:
    """Whether `one` was certainly sent after `other`."""
    return _are_ordered(one, other) and one.sent_ms > other.sent_ms


def _has_pair(record: Record) -> bool:
    return record.clock_device_ms is not None and record.clock_gateway_ms is not None


def _has_moved(record: Record, arrival: Record) -> bool:
    """Whether the corrected instant is another; one without a clock pair moves none with it."""
    if _has_pair(record) and not _has_pair(arrival):
        return False
    return abs(record.measured_ms - arrival.measured_ms) > CLOCK_JITTER_MS


def _same_values(some: Sequence[str | None], others: Sequence[str | None]) -> bool:
    return some == others or (len(some) == len(others) and all(map(_same_number, some, others)))


def _contradict(some: Sequence[str | None], others: Sequence[str | None]) -> bool:
    """Whether two words name two values of one thing; what one leaves out contradicts nothing."""
    return any(
        one is not None and other is not None and not _same_number(one, other)
        for one, other in zip(some, others, strict=True)
    )


def _same_number(one: str | None, other: str | None) -> bool:
    """36.5 and 36.50 are one number; answers to a questionnaire are compared as they are."""
    if one == other or one is None or other is None:
        return one == other
    if one.isalpha() or other.isalpha():
        return False
    return Decimal(one) == Decimal(other)


def _same_flags(flags: Flags, component_flags: tuple[Flags, ...], arrival: Record) -> bool:
    return all(
        set(flags_at(flags, component_flags, place)) == set(arrival.flags_at(place))
        for place in range(len(arrival.values))
    )
