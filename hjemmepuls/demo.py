"""The demo: the whole chain on embedded defaults, as the same processes as in production.

In: a folder, a cohort and a seed. Out: a worklist in the browser, progress in the terminal, and a
`Summary` in the end. Broker (amqtt), ingest and alerting are children of this process; the homes
play inside it: weeks of history as fast as they are taken, then two weeks in half a minute, then a
day a minute for as long as it runs, while citizens get worse and better in turn. The world begins
so long ago that it catches up with today after `REST_DAYS` minutes; then it is over, the page
stays, and the terminal says so. At the end the publisher's ledger is held against the store.
"""

import threading
import time
import webbrowser
from collections import Counter
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from alerting.alert import OPEN
from alerting.alert_store import AlertStore
from devices.simulated import Broker, Fleet, Ledger, Progress, Timeline
from hjemmepuls.display import Board
from hjemmepuls.processes import HOST, free_port, hjemmepuls, listening, taken
from hjemmepuls.simulation import audit_ledger, simulated_world
from hjemmepuls.stores import apply_enrolment
from ingest.enrolment import read_enrolment
from ingest.store import SqliteReader

LIVE_DAYS = 14
"""The last days of the world, which the demo plays slowly enough to watch."""
LIVE_SECONDS = 35
"""How long those days take: deterioration shows within the first minute."""
STEADY_SPEED = 1_440.0
"""After them: a day a minute."""
REST_DAYS = 720
"""How many days there are at that pace: twelve hours."""
OVER = "the world has caught up with today and is over; the page stays. Ctrl-C ends the demo"
NOTICE = (
    "Afspilning: alle borgere er opdigtede, og tiden er dataenes (et døgn varer et minut). "
    "Det, du selv gør, får dit eget klokkeslæt."
)
NOTICE_EN = (
    "Replay: all citizens are invented, and the time is that of the data (a day lasts a minute). "
    "What you do yourself is stamped with your own time."
)


def open_page(address: str) -> None:
    """Open a page in a graphical browser, if there is one; a text browser would take the screen."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return
    if type(found) is not webbrowser.GenericBrowser:
        found.open(address)


class Summary(msgspec.Struct, frozen=True):
    """What the demo did; the last line it prints."""

    published: int
    received: int
    stored: int
    duplicates: int
    rejected: int
    quarantined: int
    alerts_open: int
    alerts_by_severity: dict[str, int]
    lost: int
    doubled: int
    differing: int
    garbage_lost: int
    asked: int
    """Requests to measure daily of which homes were told."""
    first_alert_s: float | None
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether every published thing stands in the store exactly once, unchanged."""
        return not (self.lost or self.doubled or self.differing or self.garbage_lost)


class Demo:
    """One run of the demo. Use once."""

    def __init__(
        self, folder: Path, homes: int, days: int, seed: int, port: int, *, quiet: bool
    ) -> None:
        self._folder = folder
        self._world = simulated_world(homes, days + REST_DAYS, seed, story_days=days)
        self._store = folder / "records.db"
        self._port = port if port and not taken(port) else free_port()
        history, steady = max(days - LIVE_DAYS, 0), days
        self._history_until, self._steady_from = (
            self._world.starts_at + timedelta(days=day) for day in (history, steady)
        )
        self._board = Board(self._world, f"http://{HOST}:{self._port}/", quiet=quiet)
        if port not in (0, self._port):
            self._board.note(f"Port {port} is taken by another program; this demo has its own.")
        self._first_alert_s: float | None = None
        self._alerts: dict[str, dict[str, Any]] = {}
        self._cursor = "0"

    def run(self, stop: threading.Event, seconds: float | None, browser: bool) -> Summary:
        """Play until `stop` is set or `seconds` are over, then settle and count."""
        with ExitStack() as stack:
            self._start_servers(stack)
            started = time.monotonic()
            ledger = stack.enter_context(
                Ledger(self._folder / "ledger.jsonl", self._world.header())
            )
            api = stack.enter_context(httpx.Client(base_url=f"http://{HOST}:{self._port}"))
            stack.enter_context(self._board)
            if browser:
                open_page(self._board.address)
            pace = Timeline(
                self._history_until,
                LIVE_DAYS * 86_400 / LIVE_SECONDS,
                self._steady_from,
                STEADY_SPEED,
            )
            fleet = Fleet(
                self._world,
                Broker(port=self._broker_port),
                pace,
                ledger=ledger,
                resend_after_s=5.0,
            )
            played = self._play(fleet, api, stop, seconds, started)
            self._settle(api)
            return self._summary(played, time.monotonic() - started)

    def _start_servers(self, stack: ExitStack) -> None:
        """Broker, enrolment, ingest, alerting, in this order; each is up before the next."""
        self._broker_port = free_port()
        broker_port, folder = str(self._broker_port), self._folder
        broker = stack.enter_context(
            hjemmepuls("broker", "--port", broker_port, log=folder / "broker.log")
        )
        enrolment = read_enrolment(msgspec.json.encode(self._world.enrolment()))
        apply_enrolment(self._store, enrolment)
        store = ("--store", str(self._store))
        alerting = stack.enter_context(
            hjemmepuls(
                *("alerting", *store, "--alerts", str(folder / "alerts.db")),
                *("--port", str(self._port), "--clock", "data"),
                log=folder / "alerting.log",
                environment={
                    "HJEMMEPULS_BROKER_PORT": broker_port,
                    "HJEMMEPULS_ASK_TENANT": self._world.tenant,
                    "HJEMMEPULS_NOTICE": NOTICE,
                    "HJEMMEPULS_NOTICE_EN": NOTICE_EN,
                },
            )
        )
        broker.wait_until(lambda: listening(self._broker_port))
        ingest = stack.enter_context(
            hjemmepuls("ingest", *store, "--broker-port", broker_port, log=folder / "ingest.log")
        )
        ingest.wait_until(lambda: "connected to the broker" in ingest.tail())
        # In its own log: who answers at the port might be somebody else.
        alerting.wait_until(lambda: "serving on" in alerting.tail() and listening(self._port))

    def _play(
        self,
        fleet: Fleet,
        api: httpx.Client,
        stop: threading.Event,
        seconds: float | None,
        started: float,
    ) -> Progress:
        """The homes on their own thread; here the board is kept up to date."""
        result: list[Progress] = []
        thread = threading.Thread(
            target=lambda: result.append(fleet.run(stop=stop, seconds=seconds, drain_s=20.0))
        )
        thread.start()
        while thread.is_alive():
            thread.join(0.5)
            self._follow(api)
            if self._alerts and self._first_alert_s is None:
                self._first_alert_s = round(time.monotonic() - started, 1)
            counters = fleet.counters()
            self._board.show(self._phase(counters.virtual_now), counters, self._open_alerts())
        if seconds is None and not stop.is_set():
            self._board.show(OVER, fleet.counters(), self._open_alerts())
            stop.wait()  # the world is over: stay up for the reader
        return result[0]

    def _phase(self, now: datetime | None) -> str:
        """What is being played now, in words for the terminal."""
        if now is None:
            return "waiting for the broker"
        if now < self._history_until:
            return "history: weeks as fast as they are taken"
        if now < self._steady_from:
            return f"{LIVE_DAYS} days in {LIVE_SECONDS} seconds: the first get worse"
        return "a day a minute: citizens get worse and better for as long as this runs"

    def _follow(self, api: httpx.Client) -> None:
        """Take every alert that changed since the last time, as any polling system would."""
        more = True
        while more:
            query: dict[str, str | int] = {"since": self._cursor, "limit": 1000}
            news: dict[str, Any] = api.get("/alerts", params=query).raise_for_status().json()
            for alert in news["alerts"]:
                self._alerts.pop(alert["id"], None)
                if alert["condition"] in OPEN:
                    self._alerts[alert["id"]] = alert
            self._cursor, more = news["cursor"], news["more"]

    def _open_alerts(self) -> list[dict[str, Any]]:
        return sorted(self._alerts.values(), key=lambda alert: -alert["change"])

    def _settle(self, api: httpx.Client) -> None:
        """Wait until the rules have seen everything that is stored, and take their alerts."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            health: dict[str, Any] = api.get("/health").json()
            if health["evaluated_seq"] == health["last_seq"]:
                break
            time.sleep(0.2)
        self._follow(api)

    def _summary(self, played: Progress, seconds: float) -> Summary:
        with closing(SqliteReader(self._store)) as reader:
            tallies = reader.tallies()
            found = audit_ledger(self._folder / "ledger.jsonl", reader)
        with closing(AlertStore(self._folder / "alerts.db")) as alerts:
            asked = sum(one.sent_ms is not None for one in alerts.requests.all())
        severities = Counter(alert["severity"] for alert in self._open_alerts())
        return Summary(
            published=played.published + played.resends,
            received=tallies.get("deliveries", 0),
            stored=tallies["records"],
            duplicates=tallies.get("readings-duplicate", 0),
            rejected=tallies.get("readings-rejected", 0),
            quarantined=tallies.get("readings-quarantined", 0),
            alerts_open=sum(severities.values()),
            alerts_by_severity=dict(sorted(severities.items())),
            lost=found.lost,
            doubled=found.doubled,
            differing=found.differing,
            garbage_lost=found.garbage_lost,
            asked=asked,
            first_alert_s=self._first_alert_s,
            seconds=round(seconds, 1),
        )
