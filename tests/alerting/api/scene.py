"""A small ward: real stores in a folder, a monitor that says what it is told, and the API on it.

Times are counted back from `NOW_MS`, a Wednesday at noon in Denmark, so that nothing depends on
when the tests run.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI

from alerting.alert import Alert, Baseline, Episode, Evidence, EvidenceValue, Finding, Severity
from alerting.alert_store import AlertStore
from alerting.api.app import create_app
from alerting.liveness import Pulse, Watch
from alerting.rules import RULEBOOK, RULES, Rulebook, rule_index
from alerting.settings import AlertingSettings
from alerting.situation import Colour, Curve, Point, Situation, Usual
from devices.wire import Item, Payload, topic_for
from fhir_mapping.enrolled import (
    Assignment,
    Citizen,
    EnrolledDevice,
    Enrolment,
    Organisation,
    Plan,
)
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import Heartbeat, SqliteReader, SqliteWriter

with warnings.catch_warnings():  # Starlette asks for a successor of httpx that we do not need
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

Client = TestClient
NOW_MS = 1_771_412_400_000  # 2026-02-18T12:00:00+01:00
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LOCAL = timezone(timedelta(hours=1))
OXIMETER, CUFF = "528388", "528391"
HOSTILE = "<script>alert('x')</script>\"&{{7*7}}"


class StillMonitor:
    """A monitor that says what it is told; counts nothing and computes nothing."""

    def __init__(self) -> None:
        self.situation: dict[str, Situation] = {}
        self.curve: dict[str, list[Curve]] = {}
        self.seen = self.unjudged = 0
        self.at_ms = NOW_MS
        self.pulse = Pulse(lambda: 100.0)

    @property
    def rulebook(self) -> Rulebook:
        """The live one."""
        return RULEBOOK

    def situations(self) -> dict[str, Situation]:
        """What it was told."""
        return dict(self.situation)

    def curves(self, citizens: Sequence[str], days: int) -> dict[str, list[Curve]]:
        """What it was told, of these citizens."""
        assert days > 0
        return {citizen: self.curve.get(citizen, []) for citizen in citizens}

    def aside(self) -> int:
        """As many as it was told."""
        return self.unjudged

    def now_ms(self) -> int:
        """The moment it was told."""
        return self.at_ms

    def evaluated_seq(self) -> int:
        """The number it was told."""
        return self.seen


def citizen(key: str, given: str, family: str, **changes: Any) -> Citizen:
    """An invented citizen; the CPR number's day is that day + 60."""
    signals: list[Any] = ["spo2", "pulse", "weight", "systolic", "diastolic"]
    facts: dict[str, Any] = {
        "id": key,
        "cpr": "7203480000",
        "given": given,
        "family": family,
        "sex": "female",
        "birth_date": date(1948, 3, 12),
        "condition": "copd",
        "organisation": "org-odense",
        "phone": "00 00 12 34",
        "plan": Plan("1111111", "12:00", date(2025, 12, 1), signals),
    }
    return Citizen(**{**facts, **changes})


def found(rule: str, severity: Severity, hours: float, **changes: Any) -> Finding:
    """What a rule found so many hours ago, with a full set of evidence."""
    onset_ms = NOW_MS - round(hours * HOUR_MS)
    facts: dict[str, Any] = {
        "rule": rule,
        "name_da": "Lav iltmætning",
        "name_en": "Low oxygen saturation",
        "severity": severity,
        "onset_ms": onset_ms,
        "raised_ms": onset_ms,
        "cleared_ms": None,
        "text_da": "Iltmætning 86 % (rød grænse 87 % eller lavere).",
        "text_en": "Oxygen saturation 86 % (red limit 87 % or lower).",
        "evidence": Evidence(
            rule=rule,
            rule_version=1,
            rulebook_version="1.0.0",
            parameters={"red": 87.0, "yellow": 89.0},
            meaning={"value": "saturation, %", "limit": "personal low limit, %"},
            value=86.0,
            limit=87.0,
            extra=None,
            baseline=Baseline(mean=93.1, sd=1.2, n=21.0),
            limits={"spo2": [87.0, 89.0, None, None]},
            values=[
                EvidenceValue(
                    "0198c0de-0000-8000-8000-000000000001", "spo2", "86", "%", onset_ms, ""
                )
            ],
            relative_limits={"spo2": [4.0, 3.0, None, None]},
            bases={"spo2": 93.0},
        ),
    }
    return Finding(**{**facts, **changes})


def episode(key: str, rule: str, severity: Severity, hours: float, **changes: Any) -> Episode:
    """An episode of the rule's own hypothesis that began so many hours ago, with one finding."""
    told = {name: changes[name] for name in ("text_da", "text_en") if name in changes}
    own = {
        name: changes.pop(name) for name in ("evidence", "name_da", "name_en") if name in changes
    }
    finding = found(rule, severity, hours, **own, **told)
    facts: dict[str, Any] = {
        "citizen": key,
        "hypothesis": RULES[rule_index(rule)].home,
        "severity": severity,
        "onset_ms": finding.onset_ms,
        "raised_ms": finding.raised_ms,
        "called_ms": finding.raised_ms,
        "cleared_ms": None,
        "text_da": finding.text_da,
        "text_en": finding.text_en,
        "findings": [finding],
    }
    return Episode(**{**facts, **changes})


def situation(key: str, colour: Colour, **changes: Any) -> Situation:
    """A citizen's situation; measured this morning."""
    worst: Any = colour if colour in ("red", "yellow", "blue", "technical") else None
    facts: dict[str, Any] = {"unable": [], "last_measured_ms": NOW_MS - 4 * HOUR_MS}
    return Situation(**{"citizen": key, "colour": colour, "worst": worst, **facts, **changes})


def curve(signal: str, values: Iterable[float], **changes: Any) -> Curve:
    """A curve with one measurement a day until this morning."""
    numbers = list(values)
    times = [NOW_MS - 4 * HOUR_MS - DAY_MS * back for back in range(len(numbers))][::-1]
    mean = sum(numbers) / max(len(numbers), 1)
    facts: dict[str, Any] = {
        "signal": signal,
        "name_da": "Iltmætning",
        "name_en": "Oxygen saturation",
        "unit": "%",
        "decimals": 0,
        "points": [
            Point(at_ms, value, f"0198c0de-0000-8000-8000-{place:012d}", False)
            for place, (at_ms, value) in enumerate(zip(times, numbers, strict=True))
        ],
        "usual": [Usual(at_ms, mean, 1.2) for at_ms in times],
        "limits": [87.0, 89.0, None, None],
    }
    return Curve(**{**facts, **changes})


class Ward:
    """Stores in a folder, a monitor, and the application over them."""

    def __init__(self, folder: Path, citizens: Sequence[Citizen] = ()) -> None:
        self.records, self.alerts_path = folder / "records.db", folder / "alerts.db"
        self.exports = folder / "exports"
        self.writer = SqliteWriter(self.records)
        self.alerts = AlertStore(self.alerts_path)
        self.monitor = StillMonitor()
        self.free = 1 << 40
        self.messages = 0
        self.wall_ms = NOW_MS
        if citizens:
            self.enrol(citizens)

    def enrol(self, citizens: Sequence[Citizen]) -> None:
        """Enrol citizens; each gets an oximeter and a cuff behind a gateway of its own."""
        since = datetime(2025, 12, 1, tzinfo=UTC)
        devices = [
            EnrolledDevice(f"{kind}-{row.id}", kind, "Maker", "Model 1", "s1", f"gw-{row.id}")
            for row in citizens
            for kind in (OXIMETER, CUFF)
        ]
        self.writer.enrol(
            Enrolment(
                organisations=[Organisation("org-odense", "9999999000000001", "Odense (opdigtet)")],
                citizens=list(citizens),
                devices=devices,
                assignments=[
                    Assignment(row.id, row.id.partition("-")[2], since) for row in devices
                ],
            ),
            NOW_MS,
        )

    def measure(
        self,
        key: str,
        at_ms: int,
        values: Mapping[str, str],
        kind: str = OXIMETER,
        received_ms: int = NOW_MS,
        **more: Any,
    ) -> None:
        """One reading of a citizen's device, through the whole of ingest."""
        self.messages += 1
        local = datetime.fromtimestamp(at_ms / 1000, LOCAL).replace(tzinfo=None)
        units = {"spo2": "%", "pulse_oximeter": "/min", "systolic": "mm[Hg]", "diastolic": "mm[Hg]"}
        payload = Payload(
            v=1,
            id=f"m{self.messages}",
            seq=self.messages,
            type=kind,
            t=local,
            sent=datetime.fromtimestamp(received_ms / 1000, LOCAL),
            r=[Item(c=name, val=text, u=units[name]) for name, text in values.items()],
            **more,
        )
        topic = topic_for("syddanmark", f"gw-{key}", f"{kind}-{key}").text()
        (outcome,) = process(
            [Delivery(topic, msgspec.json.encode(payload), received_ms)], self.writer
        )
        assert outcome.result == "accepted", outcome

    def open_alert(self, *args: Any, **changes: Any) -> Alert:
        """An episode for the alert store; the active alert of its hypothesis takes it in."""
        told = episode(*args, **changes)
        for alert in self.alerts.alerts_of(told.citizen):
            if (alert.hypothesis, alert.condition) == (told.hypothesis, "active"):
                return self.alerts.revise(alert, told, NOW_MS)
        return self.alerts.open(told, NOW_MS)

    def watch(self) -> Watch:
        """Whether all is well here, at that noon."""
        return Watch(
            self.monitor,
            lambda: SqliteReader(self.records),
            disk_free=lambda: self.free,
            wall_ms=lambda: self.wall_ms,
        )

    def all_well(self) -> None:
        """Ingest gives a sign of life, and the rules have looked, judged and written."""
        self.writer.beat(Heartbeat(NOW_MS - 1000, NOW_MS - HOUR_MS, NOW_MS - HOUR_MS))
        self.monitor.pulse.looked()
        self.monitor.pulse.prove(lambda: AlertStore(self.alerts_path), lambda: NOW_MS)
        with closing(SqliteReader(self.records)) as reader:
            self.monitor.seen = reader.last_seq()

    def app(self, **switches: Any) -> FastAPI:
        """The application over this ward as the shipped command builds it; by default whole."""
        settings = AlertingSettings(
            store_path=self.records,
            alert_store_path=self.alerts_path,
            export_folder=self.exports,
            **switches,
        )
        return create_app(settings, self.monitor, wall_ms=lambda: self.wall_ms, watch=self.watch())

    def client(self, address: tuple[str, int] = ("127.0.0.1", 50_000), **switches: Any) -> Client:
        """A client that calls the application by a name that it answers to."""
        return Client(
            self.app(**switches),
            base_url="http://127.0.0.1:8700",
            follow_redirects=False,
            client=address,
        )

    def close(self) -> None:
        """Release the stores."""
        self.writer.close()
        self.alerts.close()


def anna_and_bo() -> list[Citizen]:
    """Two citizens, one with each condition."""
    return [
        citizen("c1", "Anna", "Lund"),
        citizen("c2", "Bo", "Friis", condition="heart-failure", sex="male"),
    ]
