"""Nothing lost, nothing doubled: hold a publisher's own log against the store.

In: what a publisher says it sent, reading by reading and refused payload by refused payload. Out:
an `Audit`. Compared by the facts of identity (device, slot, boot, device time, what was measured)
and by decimal text, not by the hashes that ingest itself uses.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from devices.catalogue import Panel, metric, observed
from devices.symptoms import is_questionnaire
from ingest.store import Reader

CHUNK = 10_000


class Said(msgspec.Struct, frozen=True):
    """One reading as its publisher logged it; `values` by catalogue alias, decimal text.

    Answers are one value, by the alias of the questionnaire, as they stand in the store.
    """

    device: str
    slot: int
    boot: str
    t: str
    values: Mapping[str, str]


class Audit(msgspec.Struct, frozen=True):
    """What the comparison found. All is well when the last five are zero."""

    readings: int
    records: int
    garbage: int
    lost: int
    doubled: int
    differing: int
    unasked: int
    garbage_lost: int

    @property
    def clean(self) -> bool:
        """Whether every published thing stands in the store exactly once, unchanged."""
        faults = (self.lost, self.doubled, self.differing, self.unasked, self.garbage_lost)
        return not any(faults)


_Key = tuple[str, int, str, str, str]


def audit(said: Iterable[Said], garbage: Iterable[str], reader: Reader) -> Audit:
    """Compare a publisher's log with the store.

    `garbage` are SHA-256 digests (hex) of topic, a zero byte and payload. `lost` counts records
    that were said and are not stored, `unasked` the other way round.
    """
    expected: dict[_Key, str] = {}
    readings = 0
    for reading in said:
        readings += 1
        for about, value in _records(reading.values):
            expected[reading.device, reading.slot, reading.boot, reading.t, about] = value
    stored: dict[_Key, str] = {}
    times: Counter[_Key] = Counter()
    seq = 0
    while records := reader.records_after(seq, CHUNK, unassigned=True):
        seq = records[-1].seq
        for record in records:
            key = (record.device, record.slot, record.boot, record.device_time, record.about)
            stored[key] = "/".join(value or "" for value in record.values)
            times[key] += 1
    refused = reader.rejection_digests()
    wanted = set(garbage)
    return Audit(
        readings=readings,
        records=len(stored),
        garbage=len(wanted),
        lost=len(expected.keys() - stored.keys()),
        doubled=sum(count - 1 for count in times.values()),
        differing=sum(stored.get(key, value) != value for key, value in expected.items()),
        unasked=len(stored.keys() - expected.keys()),
        garbage_lost=len(wanted - refused),
    )


def _records(values: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The records that a reading becomes: what about, and the value's text."""
    answered = [alias for alias in values if is_questionnaire(alias)]
    yield from ((about, values[about]) for about in answered)
    measured = [alias for alias in values if alias not in answered]
    for about in dict.fromkeys(metric(alias).panel or alias for alias in measured):
        row = observed(about)
        aliases = row.components if isinstance(row, Panel) else (row.alias,)
        yield about, "/".join(values.get(alias, "") for alias in aliases)
