"""The command line: demo · devices · ingest · alerting · enrol · rejections · replay · audit.

The only module that knows every package. Settings come from options, else from the environment
(`HJEMMEPULS_…`), else from the defaults; each process reads them once, here.
"""

import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from fhir_mapping.enrolled import Enrolment
    from ingest.store import EnrolledChange, SqliteReader, SqliteWriter

app = typer.Typer(
    help="Hjemmepuls: home monitoring from device to clinician. Not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
err = Console(stderr=True)

StorePath = Annotated[Path | None, typer.Option("--store", help="SQLite file of the records")]
BrokerPort = Annotated[int | None, typer.Option(help="MQTT broker's port on 127.0.0.1")]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, so that the environment decides about the others."""
    return {name: value for name, value in options.items() if value is not None}


def now_ms() -> int:
    """The wall clock, in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def start_logging(verbose: bool = False) -> None:
    """Log lines to standard error: time, level, module, message; never a name or a CPR number."""
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )


def stop_on_signals() -> threading.Event:
    """An event that is set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@app.command()
def ingest(
    store: StorePath = None,
    broker_port: BrokerPort = None,
    parts: Annotated[str | None, typer.Option(help="Parts to take, 00,07,…; + for all")] = None,
) -> None:
    """Receive readings over MQTT and store them; runs until it is told to stop."""
    from ingest.receive import Receiver
    from ingest.settings import IngestSettings
    from ingest.store import SqliteWriter

    start_logging()
    settings = IngestSettings(**given(store_path=store, broker_port=broker_port, parts=parts))
    settings.store_path.parent.mkdir(parents=True, exist_ok=True)
    stop = stop_on_signals()
    with closing(SqliteWriter(settings.store_path)) as writer:
        Receiver(settings, writer).run(stop.is_set)


@app.command()
def rejections(
    store: StorePath = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was replayed")] = False,
) -> None:
    """List what was refused: reason, path, how often, and what it says."""
    table = Table("key", "reason", "path", "times", "topic", "detail")
    with opened_reader(store) as reader:
        for row in reader.rejections(unreplayed_only=not everything):
            times = str(row.deliveries)
            table.add_row(str(row.key), row.reason, row.path, times, row.topic, row.detail)
    Console().print(table)


@app.command()
def replay(store: StorePath = None) -> None:
    """Give every rejection again, after its cause is mended."""
    from ingest.pipeline import replay as replay_rejections

    with opened_reader(store) as reader, opened_writer(store) as writer:
        tried, accepted = replay_rejections(reader, writer, now_ms())
    typer.echo(f"{tried} tried, {accepted} accepted")


@app.command()
def enrol(file: Path, store: StorePath = None) -> None:
    """Apply an enrolment file: citizens, devices, assignments, limits."""
    from ingest.enrolment import EnrolmentRefused, read_enrolment

    try:
        change = apply_enrolment(store, read_enrolment(file.read_bytes()))
    except EnrolmentRefused as error:
        err.print(f"{file}: {error}", style="red", highlight=False)
        raise typer.Exit(2) from error
    typer.echo(msgspec.json.encode(change).decode())


def apply_enrolment(store: Path | None, enrolment: "Enrolment") -> "EnrolledChange":
    """Enrol into the store at this path, with the standard limits of each condition."""
    from alerting.standard_limits import standard_limits
    from ingest.enrolment import enrol as enrol_into

    with opened_writer(store) as writer, opened_reader(store) as reader:
        return enrol_into(writer, enrolment, reader.citizens(), standard_limits, now_ms())


def store_path(store: Path | None) -> Path:
    """The path of the record store: the option, else the environment, else the default."""
    from ingest.settings import IngestSettings

    return IngestSettings(**given(store_path=store)).store_path


@contextmanager
def opened_writer(store: Path | None) -> "Iterator[SqliteWriter]":
    """A writer on the record store, closed at the end."""
    from ingest.store import SqliteWriter

    path = store_path(store)
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(SqliteWriter(path)) as writer:
        yield writer


@contextmanager
def opened_reader(store: Path | None) -> "Iterator[SqliteReader]":
    """A reader on the record store, closed at the end."""
    from ingest.store import SqliteReader

    with closing(SqliteReader(store_path(store))) as reader:
        yield reader


if __name__ == "__main__":
    app()
