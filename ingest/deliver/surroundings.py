"""What a record's rendering needs besides the record: who, from where, measured with what.

In: records. Out: `Item`s. Called by `follow`. What is enrolled changes seldom and is kept here
for a minute; somebody who is not known is looked up at once.
"""

from collections.abc import Callable

from fhir_mapping.enrolled import Citizen, EnrolledDevice, Limits, Organisation
from fhir_mapping.ranges import known_at
from fhir_mapping.record import Record
from ingest.deliver.port import Item
from ingest.store import Reader

KEPT_MS = 60_000


class Surroundings:
    """Looks up what belongs to a record. Fails as the reader does."""

    def __init__(self, reader: Reader, now_ms: Callable[[], int]) -> None:
        self._reader = reader
        self._now_ms = now_ms
        self._read_ms: int | None = None
        self._citizens: dict[str, Citizen] = {}
        self._limits: dict[str, list[tuple[int, Limits]]] = {}
        self._devices: dict[str, EnrolledDevice | None] = {}
        self._organisations: dict[str, Organisation | None] = {}

    def item_of(self, record: Record) -> Item:
        """The record with its surroundings."""
        self._refresh(record.citizen)
        citizen = self._citizens[record.citizen] if record.citizen is not None else None
        organisation = None
        if citizen is not None:
            key = citizen.organisation
            if key not in self._organisations:
                self._organisations[key] = self._reader.organisation(key)
            organisation = self._organisations[key]
        if record.device not in self._devices:
            self._devices[record.device] = self._reader.device(record.device)
        return Item(
            record=record,
            citizen=citizen,
            organisation=organisation,
            device=self._devices[record.device],
            limits=self._limits_of(record),
        )

    def _limits_of(self, record: Record) -> tuple[Limits, ...]:
        """The citizen's limits as they were known when the record last changed."""
        if record.citizen is None:
            return ()
        if record.citizen not in self._limits:
            self._limits[record.citizen] = self._reader.limits_of(record.citizen)
        return known_at(self._limits[record.citizen], record.updated_ms)

    def _refresh(self, citizen: str | None) -> None:
        now_ms = self._now_ms()
        fresh = self._read_ms is not None and 0 <= now_ms - self._read_ms < KEPT_MS
        if fresh and (citizen is None or citizen in self._citizens):
            return
        self._citizens = self._reader.citizens()
        self._limits.clear()
        self._devices.clear()
        self._organisations.clear()
        self._read_ms = now_ms
