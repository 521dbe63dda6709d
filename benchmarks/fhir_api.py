"""`fhir_api`: search, `$lastn` and `$stats` over many stored Observations, through the ASGI app.

The store is filled by SQL, in the order of measuring, as ingest would have filled it over some
years. Requests are made one after the other in this process; what is timed is everything from the
request to the last byte of the answer. Every statement that was run is then explained: a scan of
a table or of a whole index fails the benchmark.
"""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, cast
from urllib.parse import urlencode

from alerting.alert_store import AlertStore
from alerting.api.app import create_app
from alerting.settings import AlertingSettings
from alerting.situation import Monitor
from benchmarks import measure
from benchmarks.measure import Result
from devices.wire import part_of
from fhir_mapping.enrolled import Assignment, Citizen, EnrolledDevice, Enrolment, Organisation, Plan
from fhir_mapping.identity import identity_of, observation_id
from ingest.store import SqliteReader, SqliteWriter
from ingest.store.rows import COLUMNS

PER_CITIZEN = 2_500
SITTING = (
    ("spo2", "528388"),
    ("pulse_oximeter", "528388"),
    ("blood_pressure", "528391"),
    ("weight", "528399"),
    ("fev1", "528405"),
)
"""What everybody measures once a day."""
BEGIN_MS = 1_600_000_000_000
DAY_MS = 86_400_000
CHUNK = 50_000
_SCAN = re.compile(r"^SCAN (?!k$|\(subquery|CONSTANT ROW)")
_ORGANISATION = Organisation("org-1", "99999990001", "Opdigtet")


def run(observations: int, requests: int, repeat: int, folder: Path | None) -> Result:
    """Build the store, ask, and look at the plans."""
    with TemporaryDirectory(dir=folder, prefix="hjemmepuls-fhir-") as place:
        path = Path(place) / "records.db"
        began = perf_counter()
        citizens = build(path, observations)
        build_s = perf_counter() - began
        app = _app(path, Path(place))
        last_ms = BEGIN_MS + observations // (citizens * len(SITTING)) * DAY_MS
        found: dict[str, Any] = {}
        digest = sha256()
        for name, path_of in questions(last_ms).items():
            targets = [path_of(_citizen(number * 7919 % citizens)) for number in range(requests)]
            runs = [asyncio.run(_ask(app, targets)) for _ in range(repeat)]
            for _, body in runs[0]:
                digest.update(re.sub(rb'"lastUpdated":"[^"]*"', b"", body))
            found[name] = _figures([[took for took, _ in one] for one in runs], runs[0])
        plans = check_plans(path, statements_of(path, Path(place), last_ms))
        return {
            "name": "fhir_api",
            "parameters": {
                "observations": observations,
                "citizens": citizens,
                "requests": requests,
                "repeat": repeat,
            },
            "machine": measure.machine(),
            "build_seconds": round(build_s, 1),
            "store_bytes": path.stat().st_size,
            **found,
            "statements_explained": plans,
            "full_scans": 0,
            "peak_rss_mb": measure.peak_rss_mb(),
            "result_hash": digest.hexdigest(),
        }


def questions(last_ms: int) -> dict[str, Callable[[str], str]]:
    """What is asked, by the name of its figure: from a citizen's id to the path and query."""
    week = datetime.fromtimestamp((last_ms - 7 * DAY_MS) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    year = datetime.fromtimestamp((last_ms - 365 * DAY_MS) / 1000, UTC).strftime("%Y-%m-%d")
    observation = "/fhir/Observation"

    def to(place: str, **query: str) -> Callable[[str], str]:
        whose = "subject" if place.endswith("$stats") else "patient"

        def path(citizen: str) -> str:
            named = {whose: f"Patient/{citizen}"} if query.get("_sort") != "_lastUpdated" else {}
            return f"{place}?{urlencode({**named, **query})}"

        return path

    every = "average,minimum,maximum,count,std-dev,median"
    return {
        "search_code": to(observation, code="2708-6", _count="50"),
        "search_all": to(observation, _count="50"),
        "search_week": to(observation, date=f"ge{week}", _count="50"),
        "search_oldest": to(observation, _sort="date", _count="50"),
        "search_patient_changes": to(observation, _lastUpdated=f"ge{week}", _count="50"),
        "search_feed": to(observation, _lastUpdated=f"ge{week}", _sort="_lastUpdated", _count="50"),
        "search_total": to(observation, _summary="count"),
        "lastn": to(f"{observation}/$lastn"),
        "lastn_code": to(f"{observation}/$lastn", code="85354-9", max="3"),
        "stats_year": to(
            f"{observation}/$stats", code="29463-7", statistic=every, period=f"{year}/"
        ),
        "stats_pressure": to(f"{observation}/$stats", code="85354-9", statistic=every),
    }


def build(path: Path, observations: int) -> int:
    """A store with so many records; how many citizens have them."""
    citizens = max(5, observations // PER_CITIZEN)
    writer = SqliteWriter(path)
    writer.enrol(_enrolment(citizens), BEGIN_MS)
    writer.close()
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -262144")
    indexes = db.execute(
        "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'record' "
        "AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        db.execute(f"DROP INDEX {name}")
    keys = dict(db.execute("SELECT id, key FROM citizen"))
    sources = _sources(db, citizens)
    marks = ", ".join("?" * len(COLUMNS))
    insert = f"INSERT INTO record ({', '.join(COLUMNS)}) VALUES ({marks})"
    rows = _rows(observations, [keys[_citizen(number)] for number in range(citizens)], sources)
    db.execute("BEGIN")
    db.executemany(insert, rows)
    db.execute("INSERT OR REPLACE INTO tally (name, count) VALUES ('records', ?)", (observations,))
    db.execute("COMMIT")
    for _, sql in indexes:
        db.execute(sql)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return citizens


def check_plans(path: Path, statements: set[str]) -> int:
    """How many statements were explained; AssertionError for one that scans."""
    db = sqlite3.connect(path)
    for statement in sorted(statements):
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        scans = [line for line in plan if _SCAN.match(line)]
        assert not scans, f"{scans} in {statement}"
    db.close()
    return len(statements)


def statements_of(path: Path, folder: Path, last_ms: int) -> set[str]:
    """Every statement that the questions run, with its values."""
    statements: set[str] = set()
    app = _app(path, folder, statements.add)
    asyncio.run(_ask(app, [path_of(_citizen(0)) for path_of in questions(last_ms).values()]))
    return statements


def _app(path: Path, folder: Path, note: Callable[[str], None] | None = None) -> Any:
    """The application; `note` is told every statement that its readers run."""

    def open_reader() -> SqliteReader:
        reader = SqliteReader(path)
        reader._db.set_trace_callback(note)
        return reader

    alerts = folder / "alerts.db"
    AlertStore(alerts).close()
    return create_app(
        AlertingSettings(store_path=path, alert_store_path=alerts),
        cast("Monitor", None),
        open_reader=open_reader,
    )


async def _ask(app: Any, targets: list[str]) -> list[tuple[float, bytes]]:
    """Seconds and body of each request, one after the other."""
    found = []
    for target in targets:
        began = perf_counter()
        body = await _get(app, target)
        found.append((perf_counter() - began, body))
    return found


async def _get(app: Any, target: str) -> bytes:
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1:8700")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8700),
    }
    parts: list[bytes] = []
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await app(scope, receive, send)
    body = b"".join(parts)
    assert status == 200, body
    return body


def _figures(runs: list[list[float]], answers: list[tuple[float, bytes]]) -> Result:
    """Requests per second by the median of runs; percentiles over all requests of all runs."""
    rates = [len(run) / sum(run) for run in runs]
    took = sorted(seconds for run in runs for seconds in run)
    entries = [max(body.count(b'"fullUrl"'), body.count(b'"statistics"')) for _, body in answers]
    return {
        "requests_per_s": round(median(rates), 1),
        "p50_ms": round(1000 * took[len(took) // 2], 3),
        "p99_ms": round(1000 * took[min(len(took) - 1, len(took) * 99 // 100)], 3),
        "entries": median(entries),
    }


def _citizen(number: int) -> str:
    return f"citizen-{number:05}"


def _enrolment(citizens: int) -> Enrolment:
    plan = Plan("1111111", "12:00", date(2020, 1, 1), ["spo2"])
    names = [_citizen(number) for number in range(citizens)]
    since = datetime(2020, 1, 1, tzinfo=UTC)
    kinds = sorted({kind for _, kind in SITTING})
    return Enrolment(
        organisations=[_ORGANISATION],
        citizens=[
            Citizen(
                id=name,
                cpr=f"61{number % 100_000_000:08}",
                given="Åse",
                family="Opdigtet",
                sex="female",
                birth_date=date(1945, 1, 1),
                condition="copd",
                organisation="org-1",
                plan=plan,
            )
            for number, name in enumerate(names)
        ],
        devices=[
            EnrolledDevice(f"{kind}-{name}", kind, "Maker", "Model 1", "", f"gw-{name}")
            for name in names
            for kind in kinds
        ],
        assignments=[Assignment(f"{kind}-{name}", name, since) for name in names for kind in kinds],
    )


def _sources(db: sqlite3.Connection, citizens: int) -> list[dict[str, int]]:
    """The key of each citizen's devices by type."""
    found: list[dict[str, int]] = []
    kinds = sorted({kind for _, kind in SITTING})
    insert = (
        "INSERT INTO source (part, gateway, device, device_type, model, firmware) "
        "VALUES (?, ?, ?, ?, 'Model 1', '1.0') RETURNING key"
    )
    db.execute("BEGIN")
    for number in range(citizens):
        name = _citizen(number)
        gateway = f"gw-{name}"
        found.append(
            {
                kind: db.execute(
                    insert, (part_of(gateway), gateway, f"{kind}-{name}", kind)
                ).fetchone()[0]
                for kind in kinds
            }
        )
    db.execute("COMMIT")
    return found


def _rows(
    observations: int, keys: list[int], sources: list[dict[str, int]]
) -> Iterator[tuple[Any, ...]]:
    """Rows in order of measuring: every day each citizen's sitting, in the order of `COLUMNS`."""
    seq = 0
    citizens = len(keys)
    day = 0
    while True:
        for number in range(citizens):
            at_ms = BEGIN_MS + day * DAY_MS + number * 1000 % 14_400_000
            text = datetime.fromtimestamp(at_ms / 1000 + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S")
            for about, kind in SITTING:
                seq += 1
                if seq > observations:
                    return
                mark = seq.to_bytes(10, "big")
                yield (
                    seq,
                    identity_of(at_ms, mark),
                    observation_id(at_ms, mark),
                    1,
                    keys[number],
                    about,
                    _value(about, seq),
                    at_ms,
                    60,
                    text,
                    sources[number][kind],
                    1,
                    "",
                    "automatic",
                    "home",
                    "ntp",
                    None,
                    None,
                    "",
                    "",
                    at_ms + 60_000,
                    BEGIN_MS + day * DAY_MS + 14_400_000 + 60_000,
                    1,
                    0,
                    0,
                    at_ms + 60_000,
                    None,
                )
        day += 1


def _value(about: str, seq: int) -> str:
    turn = seq * 2_654_435_761 >> 8
    if about == "blood_pressure":
        return f"{120 + turn % 31}/{70 + turn % 17}/{90 + turn % 11}"
    if about == "weight":
        return f"{70 + turn % 9}.{turn % 10}"
    if about == "fev1":
        return f"1.{10 + turn % 80}"
    return str(88 + turn % 11)
