"""The commands. Settings come from options, else from the environment (`HJEMMEPULS_…`), else from
the defaults; each process reads them once, here. Heavy imports wait until a command needs them.
"""

import logging
import signal
import sys
import threading
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from hjemmepuls import documents, judging
from hjemmepuls.boundary import Guarded, the_only_one
from hjemmepuls.stores import (
    apply_enrolment,
    given,
    opened_reader,
    store_needed,
)
from hjemmepuls.tables import listing, show_listing

if TYPE_CHECKING:
    from devices.simulated import World

app = typer.Typer(
    cls=Guarded,
    help="Hjemmepuls: home monitoring from device to clinician. Not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(judging.score)
app.command()(judging.benefits)
app.command()(judging.backtest)
app.command()(judging.truth)
app.command()(documents.take)
app.command()(documents.rejections)
app.command()(documents.device_status)
app.command()(documents.replay)

log = logging.getLogger(__name__)
StorePath = Annotated[Path | None, typer.Option("--store", help="SQLite file of the records")]
AlertsPath = Annotated[Path | None, typer.Option("--alerts", help="SQLite file of the alerts")]
BrokerPort = Annotated[int | None, typer.Option(help="MQTT broker's port on 127.0.0.1")]
Homes = Annotated[int, typer.Option(min=1, help="How many simulated homes")]
Days = Annotated[int, typer.Option(min=1, help="How many simulated days, the last one today")]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same world")]
AsCohort = Annotated[bool, typer.Option("--cohort", help="The people rules are scored on")]
Start = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day")]


def start_logging() -> None:
    """Log lines to standard error: time, level, module, message; never a name or a CPR number."""
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )


def world_of(
    homes: int,
    days: int,
    seed: int,
    start: datetime | None,
    faults: bool = True,
    cohort: bool = False,
) -> "World":
    """The simulated world of these options; BadParameter where there is none."""
    from hjemmepuls.simulation import simulated_world

    try:
        day = start.date() if start else None
        return simulated_world(homes, days, seed, day, faults, cohort)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"there is no such world: {error}") from error


def stop_on_signals() -> threading.Event:
    """An event that is set by SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


@app.command()
def demo(
    homes: Homes = 32,
    days: Annotated[
        int, typer.Option(min=1, help="Days of the story before it goes on, a day a minute")
    ] = 42,
    seed: Seed = 1,
    seconds: Annotated[float | None, typer.Option(help="End after this long; else Ctrl-C")] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="HTTP port on 127.0.0.1; 0 = a free one")
    ] = 8700,
    browser: Annotated[bool, typer.Option(help="Open the worklist")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="No display, only the last line")] = False,
    folder: Annotated[Path | None, typer.Option(help="Keep the data here")] = None,
) -> None:
    """The whole chain on embedded defaults: weeks in seconds, then a day a minute.

    Needs nothing else. With its port taken it finds a free one and says so. Exit 1 when something
    that was published is not in the store exactly once.
    """
    from hjemmepuls.demo import Demo
    from hjemmepuls.display import show_summary

    stop = stop_on_signals()
    with ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="hjemmepuls-")))
        folder.mkdir(parents=True, exist_ok=True)
        summary = Demo(folder, homes, days, seed, port, quiet=as_json).run(stop, seconds, browser)
    if as_json:
        typer.echo(msgspec.json.encode(summary).decode())
    else:
        show_summary(summary)
    raise typer.Exit(0 if summary.clean else 1)


@app.command()
def devices(
    homes: Homes = 32,
    days: Days = 42,
    seed: Seed = 1,
    start: Start = None,
    history_days: Annotated[float, typer.Option(help="Sent at once; the rest at --speed")] = 28,
    speed: Annotated[
        float, typer.Option(min=0.001, help="Times real time, until caught up with now")
    ] = 1,
    broker_port: Annotated[
        int,
        typer.Option(
            min=1,
            max=65_535,
            envvar="HJEMMEPULS_BROKER_PORT",
            help="MQTT broker's port on 127.0.0.1",
        ),
    ] = 1883,
    broker_user: Annotated[
        str, typer.Option(envvar="HJEMMEPULS_BROKER_USER", help="MQTT user name; empty for none")
    ] = "",
    broker_password: Annotated[
        str, typer.Option(envvar="HJEMMEPULS_BROKER_PASSWORD", help="MQTT password")
    ] = "",
    ledger: Annotated[Path | None, typer.Option(help="The publisher's own log")] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after this long")] = None,
    faults: Annotated[bool, typer.Option(help="Resends, bursts, wrong clocks, garbage")] = True,
    cohort: AsCohort = False,
) -> None:
    """Play simulated homes over MQTT: one process, thousands of devices."""
    from devices.simulated import Broker, Fleet, Ledger
    from hjemmepuls.display import fleet_progress
    from hjemmepuls.processes import listening
    from hjemmepuls.simulation import timeline

    start_logging()
    stop = stop_on_signals()
    world = world_of(homes, days, seed, start, faults, cohort)
    broker = Broker(
        port=broker_port, username=broker_user or None, password=broker_password or None
    )
    if not listening(broker_port):
        log.warning("no broker at 127.0.0.1:%d; start one, it is waited for", broker_port)
    with ExitStack() as stack:
        said = stack.enter_context(Ledger(ledger, world.header())) if ledger else None
        show = stack.enter_context(fleet_progress(world))
        pace = timeline(world, history_days, speed)
        fleet = Fleet(world, broker, pace, ledger=said, progress=show)
        end = fleet.run(stop=stop, seconds=seconds)
    typer.echo(f"{end.published} published, {end.resends} repeated, {end.unreceipted} unanswered")


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
    path = settings.store_path
    path.parent.mkdir(parents=True, exist_ok=True)
    stop = stop_on_signals()
    with (
        store_needed(path),
        the_only_one(path, "ingest"),
        closing(SqliteWriter(path)) as writer,
    ):
        Receiver(settings, writer).run(stop.is_set)


@app.command()
def alerting(
    store: StorePath = None,
    alerts: AlertsPath = None,
    port: Annotated[int | None, typer.Option(help="HTTP port on 127.0.0.1; 0 = a free one")] = None,
    clock: Annotated[str | None, typer.Option(help="wall, or data (replays)")] = None,
) -> None:
    """Run the rules over what is stored; serve alerts and the worklist, on loopback only."""
    from alerting.serve import serve
    from alerting.settings import AlertingSettings
    from hjemmepuls.rulebooks import rulebook_of

    start_logging()
    chosen = given(store_path=store, alert_store_path=alerts, http_port=port, clock=clock)
    settings = AlertingSettings(**chosen)
    path = settings.alert_store_path
    path.parent.mkdir(parents=True, exist_ok=True)
    with store_needed(path), the_only_one(path, "alerting"):
        served = serve(settings, rulebook_of())
    raise typer.Exit(0 if served else 1)


@app.command()
def status(
    store: StorePath = None,
    alerts: AlertsPath = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Where alerting serves, on 127.0.0.1")
    ] = None,
    ingest_only: Annotated[
        bool, typer.Option("--ingest", help="Ask the store after ingest alone, not alerting")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, no table")] = False,
) -> None:
    """Whether the platform works: every check with value and limit. Exit 1 when one is bad."""
    from alerting.settings import AlertingSettings
    from hjemmepuls.status import looked

    chosen = given(store_path=store, alert_store_path=alerts, http_port=port)
    raise typer.Exit(0 if looked(AlertingSettings(**chosen), ingest_only, as_json) else 1)


@app.command()
def enrolment(
    homes: Homes = 32,
    days: Days = 42,
    seed: Seed = 1,
    start: Start = None,
    cohort: AsCohort = False,
) -> None:
    """Print the enrolment file of a simulated world, for `enrol`."""
    world = world_of(homes, days, seed, start, cohort=cohort)
    typer.echo(msgspec.json.format(msgspec.json.encode(world.enrolment())).decode())


@app.command()
def enrol(file: Path, store: StorePath = None) -> None:
    """Apply an enrolment file: citizens, devices, assignments, limits."""
    from ingest.enrolment import EnrolmentRefused, read_enrolment

    try:
        change = apply_enrolment(store, read_enrolment(file.read_bytes()))
    except EnrolmentRefused as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(msgspec.json.encode(change).decode())


@app.command()
def deliver(
    store: StorePath = None,
    to: Annotated[str | None, typer.Option(help="fhir, folder or endpoint")] = None,
    url: Annotated[
        str | None, typer.Option(help="FHIR base or endpoint; https, or loopback")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Folder of the documents")] = None,
) -> None:
    """Send every record on, at least once; runs until it is told to stop."""
    from ingest.deliver import DeliverSettings, WrongState, serve

    start_logging()
    settings = DeliverSettings(**given(store_path=store, destination=to, url=url, folder=folder))
    stop = stop_on_signals()
    try:
        with store_needed(settings.state_path):
            serve(settings, stop)
    except WrongState as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


@app.command()
def undelivered(
    retry: Annotated[bool, typer.Option(help="Have all of them sent again")] = False,
) -> None:
    """List what a destination refused."""
    from fhir_mapping.identity import id_text
    from ingest.deliver import DeliverSettings, dead_letters, retry_dead_letters

    settings = DeliverSettings()
    with store_needed(settings.state_path):
        table = listing("record", "version", "attempts", "reason", "sha-256")
        for one in dead_letters(settings):
            cells = (id_text(one.id), one.version, one.attempts, one.reason, one.digest[:16])
            table.add_row(*(Text(str(cell)) for cell in cells))
        show_listing(table)
        if retry:
            typer.echo(f"{retry_dead_letters(settings)} will be sent again")


@app.command()
def audit(ledger: Path, store: StorePath = None) -> None:
    """Hold the publisher's own log against the store: lost, doubled, differing. Exit 1 if any."""
    from hjemmepuls.simulation import audit_ledger

    with opened_reader(store) as reader:
        try:
            found = audit_ledger(ledger, reader)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            typer.echo(f"{ledger}: is no ledger of `devices --ledger`: {error}", err=True)
            raise typer.Exit(1) from error
    typer.echo(msgspec.json.encode(found).decode())
    raise typer.Exit(0 if found.clean else 1)


@app.command(hidden=True)
def reference(root: Path = Path()) -> None:
    """Bring the generated tables of the documents up to date."""
    from hjemmepuls.reference import write

    typer.echo("\n".join(write(root)) or "nothing to change")


@app.command(hidden=True)
def broker(port: Annotated[int, typer.Option(help="Port on 127.0.0.1")] = 1883) -> None:
    """Run the demo's embedded broker."""
    from devices.simulated.broker import run_broker
    from hjemmepuls.processes import taken

    if taken(port):
        raise OSError(f"cannot listen at 127.0.0.1:{port}: it is in use; give another --port")
    run_broker(port, stop_on_signals().is_set)
