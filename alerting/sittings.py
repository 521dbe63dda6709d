"""From stored records to what the rules take: sittings, in order of measuring.

In: records of the store. Out: `Sitting`s: one citizen, one moment, the signals measured and the
questions answered then. Records that no rule may use (failed, test data, contradicting each other)
are left out here.
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
    comes from; what was not asked or not answered stands in neither.
    """

    row: int
    t: float
    measured_ms: int
    values: dict[int, float]
    observations: dict[int, bytes]
    answers: dict[int, int] = {}
    responses: dict[int, bytes] = {}


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


def sittings_of(records: Iterable[Record], rows: Mapping[str, int]) -> list[Sitting]:
    """Sittings in order of measuring; records of one citizen and instant share one.

    Two records of one instant that feed the same signal or item (an oximeter and a cuff both count
    the pulse) make two sittings, in the order of their ids, so that every process sees the same.
    """
    sittings: list[Sitting] = []
    at: dict[tuple[int, int], Sitting] = {}
    for record in sorted(records, key=lambda record: (record.measured_ms, record.id)):
        row = rows.get(record.citizen or "")
        values, answers = signals_in(record), answers_in(record)
        if row is None or not (values or answers):
            continue
        key = (row, record.measured_ms)
        sitting = at.get(key)
        if sitting is None or not (
            sitting.values.keys().isdisjoint(values) and sitting.answers.keys().isdisjoint(answers)
        ):
            t = local_days(record.measured_ms)
            sitting = Sitting(row, t, record.measured_ms, {}, {}, {}, {})
            at[key] = sitting
            sittings.append(sitting)
        sitting.values.update(values)
        sitting.observations.update(dict.fromkeys(values, record.id))
        sitting.answers.update(answers)
        sitting.responses.update(dict.fromkeys(answers, record.id))
    return sittings
