"""Whether the platform works, as named checks: each with its value, its limit and a sentence.

In: functions that look at the world (the store, the disk, the evaluator's pulse, the clock). Out:
`Liveness`, the same facts for `/health`, `/health/ready`, `hjemmepuls status` and the page. Nothing
here names a person. What cannot be found out is not well.
"""

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from alerting.alert_store import AlertStore
from alerting.silence import Silence, silence
from fhir_mapping.enrolled import Citizen, Fact
from ingest.store import Heartbeat, Reader, StoreUnavailable, Vitals

Name = Literal[
    "record-store", "evaluator", "unjudged", "citizens", "alert-store", "ingest", "broker",
    "silence", "disk",
]  # fmt: skip
PROOF_S = 2.0
"""So often it is tried whether alerts can be written."""
FRESH_S = 0.5
"""So long one look answers everybody who asks."""
MEBIBYTE = 1 << 20


class Check(msgspec.Struct, frozen=True):
    """One thing that must be well. `limit` is what `value` may not pass, in `unit`."""

    name: Name
    ok: bool
    value: float | str | None
    limit: float | str | None
    unit: str
    text: str


class Liveness(msgspec.Struct, frozen=True):
    """What was found at a moment (UTC milliseconds)."""

    at_ms: int
    checks: list[Check]

    @property
    def ready(self) -> bool:
        """Whether everything is well."""
        return all(check.ok for check in self.checks)

    def failing(self) -> list[Check]:
        """What is not well."""
        return [check for check in self.checks if not check.ok]


class Bounds(msgspec.Struct, frozen=True):
    """How much is borne before it is called bad."""

    heartbeat_s: float = 15.0
    unjudged_s: float = 60.0
    silence_min: float = 120.0
    """0: silence is never called bad."""
    disk_free_mb: float = 200.0


class Pulse:
    """When the evaluator last succeeded at what; written by its thread, read by any."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._looked_s: float | None = None
        self._wrote_s: float | None = None
        self._prove_s = 0.0
        self.trouble = ""
        """What the alert store said at the last attempt; empty when it worked."""

    def looked(self) -> None:
        """All that the store held was taken, or a full batch of it."""
        self._looked_s = self._clock_s()

    def prove(self, open_alerts: Callable[[], AlertStore], wall_ms: Callable[[], int]) -> None:
        """Write something, unless that was tried just now, and note what became of it."""
        if self._clock_s() < self._prove_s:
            return
        self._prove_s = self._clock_s() + PROOF_S
        try:
            with closing(open_alerts()) as alerts:
                alerts.proof.write(wall_ms())
        except StoreUnavailable as error:
            self.trouble = str(error)
        else:
            self._wrote_s = self._clock_s()
            self.trouble = ""

    def looked_s(self) -> float | None:
        """Seconds since the last look; None before the first."""
        return None if self._looked_s is None else self._clock_s() - self._looked_s

    def wrote_s(self) -> float | None:
        """Seconds since the last write; None before the first."""
        return None if self._wrote_s is None else self._clock_s() - self._wrote_s


class Rules(Protocol):
    """What is asked of the evaluator."""

    @property
    def pulse(self) -> Pulse:
        """When it last succeeded at what."""

    def evaluated_seq(self) -> int:
        """The newest arrival number that the rules have seen."""

    def aside(self) -> int:
        """How many citizens cannot be judged."""


class Watch:
    """Looks at the world when it is called; safe to call from any thread.

    With `data_clock` silence means nothing: the data are the clock.
    """

    def __init__(
        self,
        rules: Rules,
        open_reader: Callable[[], Reader],
        *,
        bounds: Bounds | None = None,
        disk_free: Callable[[], int | None] = lambda: None,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        data_clock: bool = False,
    ) -> None:
        self._rules = rules
        self._open_reader = open_reader
        self._bounds = bounds or Bounds()
        self._disk_free = disk_free
        self._wall_ms = wall_ms
        self._data_clock = data_clock
        self._since_ms = wall_ms()
        self._lock = threading.Lock()
        self._plans: tuple[int, Mapping[str, Citizen], Mapping[str, Sequence[Fact]]] = (-1, {}, {})
        self._last: tuple[float, Liveness] | None = None

    def __call__(self) -> Liveness:
        """What there is to say now; not older than `FRESH_S`."""
        with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > FRESH_S:
                self._last = (time.monotonic(), self._look())
            return self._last[1]

    def _look(self) -> Liveness:
        now_ms, bounds = self._wall_ms(), self._bounds
        vitals, quiet, error = None, None, ""
        try:
            # Opened anew each time: what stands at the path is asked, not a file that was moved.
            with closing(self._open_reader()) as reader:
                vitals = reader.vitals(self._rules.evaluated_seq())
                quiet = self._silence(reader, vitals, now_ms)
        except StoreUnavailable as failure:
            error = str(failure)
        return Liveness(
            now_ms,
            [
                _record_store(vitals, error, now_ms),
                _evaluator(self._rules.pulse, bounds),
                _unjudged(vitals, bounds, now_ms),
                _citizens(self._rules.aside()),
                _alert_store(self._rules.pulse, bounds),
                *ingest_checks(vitals.heartbeat if vitals else None, bounds, now_ms),
                _silence(quiet, bounds, self._data_clock),
                disk_check(self._disk_free(), bounds),
            ],
        )

    def _silence(self, reader: Reader, vitals: Vitals, now_ms: int) -> Silence:
        bounds = self._bounds
        arrived_ms = self._since_ms if vitals.newest_ms is None else vitals.newest_ms
        if self._data_clock or not bounds.silence_min:
            return Silence(max(0.0, (now_ms - arrived_ms) / 60_000))
        version = reader.enrolment_version()
        if version != self._plans[0]:
            self._plans = (version, reader.citizens(), reader.facts())
        _, citizens, facts = self._plans
        return silence(citizens, facts, arrived_ms, now_ms, bounds.silence_min, reader.heard_since)


def _record_store(vitals: Vitals | None, error: str, now_ms: int) -> Check:
    """Whether the record store can be read; the value is the age of its newest record."""
    if vitals is None:
        return Check("record-store", False, None, None, "s", f"cannot be read: {error}")
    if vitals.newest_ms is None:
        return Check("record-store", True, None, None, "s", "can be read; holds no record yet")
    age = _age_s(vitals.newest_ms, now_ms)
    return Check("record-store", True, age, None, "s", f"can be read; newest record {_ago(age)}")


def _evaluator(pulse: Pulse, bounds: Bounds) -> Check:
    """Whether the rules look at what is stored."""
    age, limit = pulse.looked_s(), bounds.unjudged_s
    if age is None:
        return Check("evaluator", False, None, limit, "s", "has not judged what is stored yet")
    text = f"last looked at the record store {_ago(age)}"
    return Check("evaluator", age <= limit, round(age, 1), limit, "s", text)


def _unjudged(vitals: Vitals | None, bounds: Bounds, now_ms: int) -> Check:
    """How long the oldest record has waited for the rules."""
    limit = bounds.unjudged_s
    if vitals is None:
        return Check("unjudged", False, None, limit, "s", "not known: the store cannot be read")
    if vitals.unjudged_ms is None:
        return Check("unjudged", True, 0.0, limit, "s", "every record has been judged")
    age = _age_s(vitals.unjudged_ms, now_ms)
    text = f"the oldest record that was not judged was stored {_ago(age)}"
    return Check("unjudged", age <= limit, age, limit, "s", text)


def _citizens(aside: int) -> Check:
    """Whether every citizen can be judged; one who cannot is set aside, and stops nobody."""
    if not aside:
        return Check("citizens", True, 0.0, 0.0, "", "every citizen can be judged")
    whom = "1 citizen" if aside == 1 else f"{aside} citizens"
    text = f"{whom} cannot be judged; all others are: the worklist says who, the log says why"
    return Check("citizens", False, float(aside), 0.0, "", text)


def _alert_store(pulse: Pulse, bounds: Bounds) -> Check:
    """Whether alerts can be written."""
    age, limit = pulse.wrote_s(), bounds.unjudged_s
    shown = None if age is None else round(age, 1)
    if pulse.trouble:
        text = f"cannot be written: {pulse.trouble}"
        return Check("alert-store", False, shown, limit, "s", text)
    if age is None:
        return Check("alert-store", False, None, limit, "s", "nothing has been written yet")
    return Check("alert-store", age <= limit, shown, limit, "s", f"last written {_ago(age)}")


def ingest_checks(heartbeat: Heartbeat | None, bounds: Bounds, now_ms: int) -> list[Check]:
    """Whether ingest lives, and whether its broker has it connected."""
    limit = bounds.heartbeat_s
    if heartbeat is None:
        text = "no sign of life in the record store"
        unknown = Check("broker", False, "unknown", "connected", "", "not known: ingest is silent")
        return [Check("ingest", False, None, limit, "s", text), unknown]
    age = _age_s(heartbeat.at_ms, now_ms)
    alive = abs(age) <= limit  # a sign of life from the future means that a clock is wrong
    text = f"last sign of life {_ago(age)}"
    return [
        Check("ingest", alive, age, limit, "s", text),
        _broker(heartbeat, alive, now_ms),
    ]


def _broker(heartbeat: Heartbeat, alive: bool, now_ms: int) -> Check:
    takeovers = heartbeat.takeovers
    taken = f"; another client took its session {takeovers} times" if takeovers else ""
    if not alive:
        return Check("broker", False, "unknown", "connected", "", "not known: ingest is silent")
    if heartbeat.connected_ms is None:
        text = f"ingest is not connected to its broker{taken}"
        return Check("broker", False, "not connected", "connected", "", text)
    text = f"ingest was connected {_ago(_age_s(heartbeat.connected_ms, now_ms))}{taken}"
    return Check("broker", True, "connected", "connected", "", text)


def _silence(quiet: Silence | None, bounds: Bounds, data_clock: bool) -> Check:
    """Whether nothing arrives although something was due."""
    limit = bounds.silence_min or None
    if quiet is None:
        return Check("silence", False, None, limit, "min", "not known: the store cannot be read")
    minutes = round(quiet.minutes, 1)
    if data_clock:
        return Check("silence", True, minutes, None, "min", "not judged: the data are the clock")
    if quiet.due:
        text = f"nothing arrived for {minutes:g} min; {quiet.missing} of {quiet.due} who were due"
        text += " since then have not measured"
    else:
        text = f"last arrival {minutes:g} min ago; nothing that was due is missing"
    return Check("silence", not quiet.wrong, minutes, limit, "min", text)


def disk_check(free: int | None, bounds: Bounds) -> Check:
    """Whether there is room; `free` in bytes, where there is least of it."""
    limit = bounds.disk_free_mb
    if free is None:
        return Check("disk", False, None, limit, "MiB", "free space is not known")
    space = round(free / MEBIBYTE, 1)
    return Check("disk", space >= limit, space, limit, "MiB", f"{space:g} MiB are free")


def least_free(*files: Path) -> int | None:
    """Bytes that are free where these files are, or are to be: the least; None if unknown."""
    try:
        return min(shutil.disk_usage(_folder(file)).free for file in files)
    except OSError:
        return None


def _folder(file: Path) -> Path:
    found = file.absolute().parent
    while not found.exists() and found != found.parent:
        found = found.parent
    return found


def _age_s(at_ms: int, now_ms: int) -> float:
    return round((now_ms - at_ms) / 1000, 1)


def _ago(seconds: float) -> str:
    """A span as people say it.

    >>> _ago(3.2), _ago(600), _ago(7200), _ago(-5)
    ('3 s ago', '10 min ago', '2.0 h ago', '5 s in the future')
    """
    if seconds < 0:
        return f"{-seconds:.0f} s in the future"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min ago"
    return f"{seconds / 3600:.1f} h ago"
