"""What the terminal shows while something runs: one line of progress, or the demo's board."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from alerting.alert import SEVERITIES
from devices.simulated import Progress as FleetProgress
from devices.simulated import World

if TYPE_CHECKING:
    from hjemmepuls.demo import Summary

console = Console(stderr=True)
ROWS = 12
"""Most alerts on the demo's board."""
STYLES = {"red": "bold red", "yellow": "yellow", "blue": "blue", "technical": "bright_black"}


@contextmanager
def fleet_progress(world: World) -> Iterator[Callable[[FleetProgress], None]]:
    """A bar over the world's days, with counts; give it every `Progress` of the fleet."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("waiting for the broker", total=world.days, counts="")

        def show(now: FleetProgress) -> None:
            if now.virtual_now is None:
                return
            done = (now.virtual_now - world.starts_at).total_seconds() / 86_400
            counts = (
                f"{now.published} published · {now.resends} repeated · {now.unreceipted} unanswered"
            )
            day = now.virtual_now.astimezone(world.starts_at.tzinfo).strftime("%d.%m. %H:%M")
            bar.update(task, completed=done, description=day, counts=counts)

        yield show


class Board:
    """The demo's board in the terminal: where the homes are, and the newest alerts."""

    def __init__(self, world: World, address: str, *, quiet: bool) -> None:
        self.address = address
        self._world = world
        self._quiet = quiet
        self._notes: list[str] = []
        self._phase = ""
        self._live = Live(console=console, refresh_per_second=4, transient=False)

    def note(self, text: str) -> None:
        """Something to be said above the board; in any case, also where there is no display."""
        self._notes.append(text)

    def __enter__(self) -> "Board":
        for text in self._notes:
            console.print(text, style="yellow", highlight=False, markup=False)
        if not self._quiet:
            console.print(f"Worklist: [link={self.address}]{self.address}[/link]", highlight=False)
            console.print("All persons are synthetic. Not a medical device. Ctrl-C ends the demo.")
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._quiet:
            self._live.stop()

    def show(self, phase: str, fleet: FleetProgress, alerts: list[dict[str, Any]]) -> None:
        """Take what is played now, the fleet's counters, and the open alerts, newest first."""
        if self._quiet:
            return
        self._live.update(self._draw(phase, fleet, alerts))
        if phase != self._phase and not console.is_terminal:  # there the board comes at the end
            console.print(phase, highlight=False, markup=False)
        self._phase = phase

    def _draw(self, phase: str, fleet: FleetProgress, alerts: list[dict[str, Any]]) -> Table:
        colours = Counter(row["severity"] for row in alerts)
        when = "…"
        if fleet.virtual_now is not None:
            when = fleet.virtual_now.astimezone(self._world.starts_at.tzinfo).strftime(
                "%d.%m.%Y %H:%M"
            )
        counts = " · ".join(
            f"[{STYLES[severity]}]{colours[severity]} {severity}[/]" for severity in SEVERITIES
        )
        sent = f"{fleet.published} published, {fleet.receipted} answered"
        table = Table(
            title=f"[dim]{phase}[/]\n{when}   {sent}   {counts}",
            expand=True,
            title_justify="left",
        )
        for column in ("since", "citizen", "why"):
            table.add_column(column)
        for row in alerts[:ROWS]:
            since = datetime.fromtimestamp(row["onset_ms"] / 1000, self._world.starts_at.tzinfo)
            text = f"[{STYLES[row['severity']]}]{escape(row['text_da'])}[/]"
            table.add_row(since.strftime("%d.%m. %H:%M"), row["citizen"], text)
        return table


def show_summary(summary: "Summary") -> None:
    """What the demo did, for people; on standard output."""
    colours = summary.alerts_by_severity
    by_colour = ", ".join(f"{colours[name]} {name}" for name in SEVERITIES if name in colours)
    rows = [
        ("ran for", f"{summary.seconds:.0f} s"),
        ("published", f"{summary.published:,} messages, resends and faults among them"),
        ("received", f"{summary.received:,}"),
        ("stored", f"{summary.stored:,} records"),
        ("recognised", f"{summary.duplicates:,} that came again"),
        ("refused", f"{summary.rejected:,} readings that are wrong, each kept with its reason"),
        ("held", f"{summary.quarantined:,} readings of devices that belong to nobody yet"),
        ("alerts open", f"{summary.alerts_open} ({by_colour})" if by_colour else "none"),
        ("first alert", _after(summary.first_alert_s)),
        ("asked", f"{summary.asked} times was somebody asked to measure daily"),
        ("lost", f"{summary.lost} readings, {summary.garbage_lost} faulty messages"),
        ("doubled", f"{summary.doubled}"),
        ("differing", f"{summary.differing} values"),
    ]
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, text in rows:
        table.add_row(name, text)
    out = Console(highlight=False)
    out.print(table)
    verdict = "Every published reading stands in the store exactly once, unchanged."
    if summary.clean:
        out.print(verdict, style="green")
    else:
        out.print("Something that was published is not in the store as it was.", style="bold red")


def _after(seconds: float | None) -> str:
    return "none" if seconds is None else f"after {seconds:.1f} s"
