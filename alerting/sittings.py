"""From stored records to what the rules take: sittings, in order of measuring.

In: records of the store. Out: `Sitting`s: one citizen, one moment, the signals measured and the
questions answered then. Records that no rule may use (failed, test data) are left out here; what
contradicts a value that stood before it is a sitting of its own, `contested`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from alerting.local_time import local_days
from alerting.rules import SIGNALS
from alerting.rules.items import ITEMS
from devices.catalogue import METRICS, Metric, observed
from devices.questionnaire import YES
from devices.symptoms import questionnaire
from fhir_mapping.record import Record
from ingest.limits import SAME_INSTANT_MS

SIGNAL_OF: Mapping[str, int] = {
    alias: column for column, signal in enumerate(SIGNALS) for alias in signal.metrics
}
ABOUT_OF: Mapping[str, tuple[str, ...]] = {
    signal.alias: tuple(
        dict.fromkeys(row.panel or row.alias for row in METRICS if row.alias in signal.metrics)
    )
    for signal in SIGNALS
}
"""Signal alias to the `about` of the records that feed it."""
ITEM_OF: Mapping[str, int] = {row.alias: column for column, row in enumerate(ITEMS)}


class Sitting(msgspec.Struct, frozen=True):
    """One citizen's measurements of one moment: row, local days, UTC ms, value by signal.

    `answers` are 1 (worse than usual, present) or 0 by item, `responses` the record that each
    comes from; what was not asked or not answered stands in neither. `contested`: another value
    of the same act stood before it, and is a sitting as well.
    """

    row: int
    t: float
    measured_ms: int
    values: dict[int, float]
    observations: dict[int, bytes]
    answers: dict[int, int] = {}
    responses: dict[int, bytes] = {}
    contested: bool = False


def answers_in(record: Record) -> dict[int, int]:
    """The items that a record answers, by column, of those that the rules may use."""
    if not record.is_response:
        return {}
    return {
        ITEM_OF[alias]: int(record.values[place] == YES)
        for place, alias in enumerate(questionnaire(record.about).components)
        if record.usable(place)
    }


def signals_in(record: Record) -> dict[int, float]:
    """The signals that a record feeds, by column, of the components that the rules may use."""
    if record.is_response:
        return {}
    row = observed(record.about)
    aliases = (row.alias,) if isinstance(row, Metric) else row.components
    return {
        SIGNAL_OF[alias]: float(text)
        for place, (alias, text) in enumerate(zip(aliases, record.values, strict=True))
        if text is not None and alias in SIGNAL_OF and record.usable(place)
    }


class _Said:
    """What each device has said of the last instant, to know what it says twice.

    The store keeps one act as one record; where two doors tell it so differently that it could not
    know, neither may confirm the other.
    """

    def __init__(self) -> None:
        self._last: dict[tuple[int, str, int, str], list[Record]] = {}

    def repeats(self, row: int, record: Record) -> bool:
        """Whether the device has said these values of this instant, by time of measuring."""
        key = (row, record.device, record.slot, record.about)
        last = self._last.get(key)
        since_ms = record.measured_ms - SAME_INSTANT_MS
        if last is None or last[-1].measured_ms < since_ms:
            self._last[key] = [record]
            return False
        last.append(record)
        return any(one.values == record.values and one.measured_ms >= since_ms for one in last[:-1])


def sittings_of(records: Iterable[Record], rows: Mapping[str, int]) -> list[Sitting]:
    """Sittings in order of measuring; records of one citizen and instant share one.

    Two records of one instant that feed the same signal or item (an oximeter and a cuff both count
    the pulse) make two sittings, in the order of their ids, so that every process sees the same.
    What one device says twice of one instant is one measurement, however often it is stored. What
    is contested comes after what stood before it.
    """
    sittings: list[Sitting] = []
    at: dict[tuple[int, int], Sitting] = {}
    said = _Said()
    for record in sorted(records, key=_order):
        row = rows.get(record.citizen or "")
        values, answers = signals_in(record), answers_in(record)
        if row is None or not (values or answers) or said.repeats(row, record):
            continue
        key = (row, record.measured_ms)
        sitting = None if record.contested else at.get(key)
        if sitting is None or not (
            sitting.values.keys().isdisjoint(values) and sitting.answers.keys().isdisjoint(answers)
        ):
            t = local_days(record.measured_ms)
            sitting = Sitting(row, t, record.measured_ms, {}, {}, {}, {}, record.contested)
            if not record.contested:
                at[key] = sitting
            sittings.append(sitting)
        sitting.values.update(values)
        sitting.observations.update(dict.fromkeys(values, record.id))
        sitting.answers.update(answers)
        sitting.responses.update(dict.fromkeys(answers, record.id))
    return sittings


def _order(record: Record) -> tuple[int, bool, bytes]:
    return record.measured_ms, record.contested, record.id
