"""A small clinic over real stores: citizens who measure, and evaluators that follow them.

Readings go through the whole of ingest. Days count from `FIRST_DAY`, hours are on the citizen's
wall clock; summer time begins in the night before day 20.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec

from alerting.alert import MEANING, Alert, Finding
from alerting.alert_store import AlertStore
from alerting.evaluate import Evaluator
from alerting.local_time import ZONE
from alerting.rules import RULEBOOK, Rulebook
from devices.catalogue import METRICS
from devices.wire import TABLET_TYPE, Clock, Item, Payload, topic_for
from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Fact,
    Limits,
    Organisation,
    Plan,
)
from ingest.decode import Delivery
from ingest.enrolment import enrol
from ingest.pipeline import process
from ingest.store import SqliteReader, SqliteWriter
from tests.live import live_limits

FIRST_DAY = date(2026, 3, 9)
OXIMETER, CUFF, SCALE = "528388", "528391", "528399"
DEVICES = (OXIMETER, CUFF, SCALE)
UNITS = {row.alias: row.ucum for row in METRICS}
ORGANISATION = Organisation("org-odense", "9999999000000001", "Odense Kommune (opdigtet)")


def at(day: int, hour: float) -> datetime:
    """A moment of the clinic's calendar."""
    midnight = datetime.combine(FIRST_DAY + timedelta(days=day), time(), ZONE)
    return midnight + timedelta(minutes=round(hour * 60))


def ms(moment: datetime) -> int:
    """The moment in UTC milliseconds."""
    return round(moment.timestamp() * 1000)


def citizen(key: str, *, signals: Sequence[str] = ("spo2", "pulse"), **changes: Any) -> Citizen:
    """An invented citizen who is expected to measure these signals daily before noon."""
    facts: dict[str, Any] = {
        "id": key,
        "cpr": "7203480000",
        "given": "Anna",
        "family": "Lund",
        "sex": "female",
        "birth_date": date(1948, 3, 12),
        "condition": "both",
        "organisation": ORGANISATION.id,
        "plan": Plan("1111111", "12:00", FIRST_DAY, list(signals)),  # type: ignore[arg-type]
    }
    return Citizen(**{**facts, **changes})


def reading(
    owner: str,
    device: str,
    moment: datetime,
    values: Mapping[str, str | None],
    *,
    sync: str = "ntp",
    flags: Sequence[Any] = (),
    number: int = 1,
) -> Delivery:
    """One message of a device that is called after its first owner."""
    items = [Item(c=name, val=text, u=UNITS[name]) for name, text in values.items()]
    payload = Payload(
        v=1,
        id=f"m{number}",
        seq=number,
        type=device,
        t=moment.replace(tzinfo=None),
        sent=moment,
        r=items,
        clock=Clock(sync=sync),
        st=list(flags),
    )
    topic = topic_for("syddanmark", f"gw-{owner}", f"{device}-{owner}").text()
    return Delivery(topic, msgspec.json.encode(payload), ms(moment) + 60_000)


def oximetry(owner: str, day: int, spo2: int, pulse: int = 75, hour: float = 8.0) -> Delivery:
    """One reading of an oximeter."""
    values = {"spo2": str(spo2), "pulse_oximeter": str(pulse)}
    return reading(owner, OXIMETER, at(day, hour), values)


def weighing(owner: str, day: int, weight: str, hour: float = 8.1) -> Delivery:
    """One reading of a scale."""
    return reading(owner, SCALE, at(day, hour), {"weight": weight})


def answering(
    owner: str, moment: datetime, answers: Mapping[str, str], asked: str = "symptoms-both"
) -> Delivery:
    """One questionnaire answered on a tablet that is called after its first owner."""
    items = [{"c": name, "val": text} for name, text in answers.items()]
    payload = {
        "v": 1,
        "id": "q1",
        "seq": 1,
        "t": moment.replace(tzinfo=None),
        "sent": moment,
        "q": asked,
        "qv": "1",
        "a": items,
        "clock": {"sync": "ntp"},
    }
    topic = topic_for("syddanmark", f"gw-{owner}", f"{TABLET_TYPE}-{owner}", "qr").text()
    return Delivery(topic, msgspec.json.encode(payload), ms(moment) + 60_000)


def meanings(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """What the standing alerts say of the data, in one order; never how these came."""
    told = [
        msgspec.to_builtins({name: getattr(alert, name) for name in MEANING})
        for alert in alerts
        if alert.condition != "retracted"
    ]
    return sorted(told, key=lambda row: (row["citizen"], row["hypothesis"], row["onset_ms"]))


def in_memory() -> Path | None:
    """Where Linux keeps files in memory: what a flush is worth is tested elsewhere."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


SPEAKING = RULEBOOK.changed(
    {rule: {"speaks": 1} for rule in ("R01", "R06", "R11", "R14", "R16", "R17")}
)
"""The rulebook, but a single hit makes an alert: what becomes of alerts is tested, not when."""


class Clinic:
    """Stores in a folder, and a wall clock that stands still until it is moved."""

    def __init__(self, folder: Path, citizens: Sequence[Citizen] = (), now_day: int = 0) -> None:
        self.records, self.folder = folder / "records.db", folder
        self.writer = SqliteWriter(self.records)
        self.now_ms = ms(at(now_day, 0))
        self.arrived_ms = 0
        self._reader = SqliteReader(self.records)
        if citizens:
            self.enrol(citizens)

    def enrol(
        self,
        citizens: Sequence[Citizen] = (),
        *,
        limits: Sequence[Limits] = (),
        assignments: Sequence[Assignment] | None = None,
        facts: Sequence[Fact] = (),
        devices: Sequence[EnrolledDevice] = (),
    ) -> None:
        """Enrol; who is new gets devices called after them, and the standard limits."""
        known = self._reader.citizens()
        fresh = [row.id for row in citizens if row.id not in known]
        kinds = (*DEVICES, TABLET_TYPE)
        names = [(f"{kind}-{owner}", kind, owner) for owner in fresh for kind in kinds]
        if assignments is None:
            assignments = [
                Assignment(name, owner, datetime(2025, 1, 1, tzinfo=UTC))
                for name, _, owner in names
            ]
        entries = Enrolment(
            organisations=[ORGANISATION],
            citizens=list(citizens),
            devices=[
                *(EnrolledDevice(name, kind, "Maker", "Model 1") for name, kind, _ in names),
                *devices,
            ],
            assignments=list(assignments),
            limits=list(limits),
            facts=list(facts),
        )
        enrol(self.writer, entries, known, live_limits, self.now_ms)

    def person(self, key: str) -> Citizen:
        """A citizen as enrolled now."""
        return self._reader.citizens()[key]

    def receive(self, *deliveries: Delivery) -> list[str]:
        """Take deliveries in one batch; what became of each reading.

        What is late arrives late: no delivery arrives before one that was given earlier.
        """
        arriving = []
        for delivery in deliveries:
            self.arrived_ms = max(self.arrived_ms, delivery.received_ms)
            arriving.append(msgspec.structs.replace(delivery, received_ms=self.arrived_ms))
        return [outcome.result for outcome in process(arriving, self.writer)]

    def evaluator(
        self,
        name: str = "live",
        data_clock: bool = False,
        snapshot: Path | None = None,
        asking: bool = False,
        rulebook: Rulebook = SPEAKING,
    ) -> Evaluator:
        """An evaluator with alerts of this name."""
        return Evaluator(
            lambda: SqliteReader(self.records),
            lambda: AlertStore(self.folder / f"{name}.db"),
            lambda: self.now_ms,
            rulebook,
            data_clock=data_clock,
            snapshot=snapshot,
            asking=asking,
        )

    def alerts(self, name: str = "live") -> list[Alert]:
        """All alerts of this name, as a poller of the feed sees them."""
        with closing(AlertStore(self.folder / f"{name}.db")) as store:
            return store.alerts_since(0, 100_000)

    def rebuilt(self, data_clock: bool = False) -> list[dict[str, Any]]:
        """What the records say to an evaluator that sees them all at once."""
        name = f"rebuilt-{len(list(self.folder.iterdir()))}"
        evaluator = self.evaluator(name, data_clock)
        catch_up(evaluator)
        evaluator.close()
        return meanings(self.alerts(name))

    def close(self) -> None:
        """Release the stores."""
        self.writer.close()
        self._reader.close()


def catch_up(evaluator: Evaluator) -> None:
    """Poll until nothing is new, then look at the clock."""
    while evaluator.poll():
        pass
    evaluator.tick()


def of_rule(alerts: Iterable[Alert], rule: str) -> list[Alert]:
    """The alerts that hold a finding of this rule, also the retracted ones, the oldest first."""
    found = [one for one in alerts if rule in {finding.rule for finding in one.findings}]
    return sorted(found, key=lambda alert: alert.onset_ms)


def only(alerts: Iterable[Alert], rule: str, owner: str = "c1") -> Alert:
    """The only alert that stands and holds a finding of this rule."""
    (found,) = (
        alert
        for alert in of_rule(alerts, rule)
        if alert.citizen == owner and alert.condition != "retracted"
    )
    return found


def finding(alerts: Iterable[Alert], rule: str, owner: str = "c1") -> Finding:
    """The only finding of this rule in an alert that stands."""
    (found,) = (one for one in only(alerts, rule, owner).findings if one.rule == rule)
    return found


def rules_in(told: Iterable[dict[str, Any]]) -> set[str]:
    """The rules that these meanings hold findings of."""
    return {finding["rule"] for row in told for finding in row["findings"]}


def events(clinic: Clinic, alert: Alert) -> list[tuple[str, str]]:
    """An alert's history: who did what."""
    store = AlertStore(clinic.folder / "live.db")
    try:
        return [(event.actor, event.what) for event in store.history(alert.id)]
    finally:
        store.close()


def acknowledge(clinic: Clinic, alert: Alert) -> None:
    """A nurse has seen it."""
    store = AlertStore(clinic.folder / "live.db")
    store.acknowledge(alert.id, "Mette Holm", "Ringet.", alert.version, clinic.now_ms)
    store.close()
