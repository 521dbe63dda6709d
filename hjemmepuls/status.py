"""`hjemmepuls status`: whether the platform works, for people and for supervisors.

In: the alerting process's own answer at /health/ready; where it does not answer, what can be seen
without it: the record store, ingest's sign of life in it, and the disk. Out: the same checks, a
table or JSON, and exit 0 when all is well.
"""

import time
from contextlib import closing

import httpx
import msgspec
import typer
from rich.text import Text

from alerting.liveness import disk_check, ingest_checks, least_free
from alerting.settings import AlertingSettings
from hjemmepuls.processes import HOST
from hjemmepuls.tables import listing, show_listing
from ingest.store import SqliteReader, StoreUnavailable

ANSWER_S = 5.0


class Line(msgspec.Struct, frozen=True):
    """One check, as /health/ready tells it."""

    name: str
    ok: bool
    value: float | str | None
    limit: float | str | None
    unit: str
    text: str


class Answer(msgspec.Struct, frozen=True):
    """What is read of /health/ready."""

    checks: list[Line]


def looked(settings: AlertingSettings, ingest_only: bool, as_json: bool) -> bool:
    """Print what is seen; whether all is well."""
    lines = seen(settings) if ingest_only else told(settings)
    ok = all(line.ok for line in lines)
    if as_json:
        shown = {"status": "ok" if ok else "degraded", "checks": lines}
        typer.echo(msgspec.json.encode(shown).decode())
    else:
        show(lines)
    return ok


def told(settings: AlertingSettings) -> list[Line]:
    """What the alerting process says, or that it does not answer and what is seen without it."""
    address = f"http://{HOST}:{settings.http_port}/health/ready"
    try:
        body = httpx.get(address, timeout=ANSWER_S, trust_env=False).content
        checks = msgspec.json.decode(body, type=Answer).checks
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        text = f"does not answer at {address}: {error}"
        return [Line("alerting", False, None, None, "", text), *seen(settings)]
    return [Line("alerting", True, None, None, "", f"answers at {address}"), *checks]


def seen(settings: AlertingSettings) -> list[Line]:
    """What the record store and the disk say by themselves."""
    bounds, now_ms = settings.bounds(), time.time_ns() // 1_000_000
    heartbeat = None
    try:
        with closing(SqliteReader(settings.store_path)) as reader:
            heartbeat = reader.vitals(reader.last_seq()).heartbeat
        store = Line("record-store", True, None, None, "", "can be read")
    except StoreUnavailable as error:
        store = Line("record-store", False, None, None, "", f"cannot be read: {error}")
    checks = [
        *ingest_checks(heartbeat, bounds, now_ms),
        disk_check(least_free(settings.store_path, settings.alert_store_path), bounds),
    ]
    return [store, *(msgspec.convert(check, Line, from_attributes=True) for check in checks)]


def show(lines: list[Line]) -> None:
    """The checks as a table."""
    table = listing("", "check", "value", "limit", "what is seen")
    for line in lines:
        value = "" if line.value is None else f"{line.value} {line.unit}".strip()
        limit = "" if line.limit is None else f"{line.limit} {line.unit}".strip()
        mark, style = ("ok", "green") if line.ok else ("bad", "bold red")
        cells = (line.name, value, limit, line.text)
        table.add_row(Text(mark, style), *(Text(cell) for cell in cells))
    show_listing(table)
