"""The record store as a command opens it: found by option or setting, closed at the end.

Used by the command line and the demo. Heavy imports wait until a store is opened.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from devices.zone import Zones
    from fhir_mapping.enrolled import Enrolment
    from ingest.store import EnrolledChange, SqliteReader, SqliteWriter

err = Console(stderr=True)


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, so that the environment decides about the others."""
    return {name: value for name, value in options.items() if value is not None}


def now_ms() -> int:
    """The wall clock, in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def apply_enrolment(store: Path | None, entries: "Enrolment") -> "EnrolledChange":
    """Enrol into the store at this path, with the standard limits of each condition."""
    from alerting.standard_limits import standard_limits
    from hjemmepuls.rulebooks import rulebook_of
    from ingest.enrolment import enrol as enrol_into

    limits_of = partial(standard_limits, rulebook=rulebook_of())
    with opened_writer(store) as writer, opened_reader(store) as reader:
        return enrol_into(writer, entries, reader.citizens(), limits_of, now_ms())


def store_path(store: Path | None) -> Path:
    """The path of the record store: the option, else the environment, else the default."""
    from ingest.settings import IngestSettings

    return IngestSettings(**given(store_path=store)).store_path


def zones_said() -> "Zones":
    """Where the clocks of devices hang: by the environment, else the default."""
    from ingest.settings import ZoneSettings

    return ZoneSettings().zones()


@contextmanager
def store_needed(path: Path) -> Iterator[None]:
    """End the command with one clear line when the store is away: what is wrong, what to do."""
    from ingest.store import StoreUnavailable

    try:
        yield
    except StoreUnavailable as error:
        typer.echo(f"store {path}: {_remedy(path, str(error))}", err=True)
        raise typer.Exit(1) from error


def _remedy(path: Path, trouble: str) -> str:
    """What SQLite says of a store, and what helps."""
    if path.is_dir():
        return "is a directory; give the file in it"
    if not path.exists():
        return f"is not there ({trouble}); `hjemmepuls enrol` or `hjemmepuls ingest` makes it"
    for sign, remedy in (
        ("not a database", "give another file, or put back a copy"),
        ("malformed", "put back a copy"),
        ("readonly", "give this user the right to write it, and its folder"),
        ("locked", "another process holds it; try again when it is done"),
        ("unable to open", "give this user the right to read it"),
        ("full", "make room on the disk"),
    ):
        if sign in trouble:
            return f"{trouble}; {remedy}"
    return trouble


@contextmanager
def opened_writer(store: Path | None) -> "Iterator[SqliteWriter]":
    """A writer on the record store, closed at the end."""
    from ingest.store import SqliteWriter

    path = store_path(store)
    path.parent.mkdir(parents=True, exist_ok=True)
    with store_needed(path), closing(SqliteWriter(path)) as writer:
        yield writer


@contextmanager
def opened_reader(store: Path | None) -> "Iterator[SqliteReader]":
    """A reader on the record store, closed at the end."""
    from ingest.store import SqliteReader

    path = store_path(store)
    with store_needed(path), closing(SqliteReader(path)) as reader:
        yield reader
