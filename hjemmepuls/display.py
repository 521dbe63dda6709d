"""What the terminal shows while something runs: one line of progress, or the demo's board."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from alerting.alert import SEVERITIES
from devices.simulated import Progress as FleetProgress
from devices.simulated import World

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
        self._live = Live(console=console, refresh_per_second=4, transient=False)

    def __enter__(self) -> "Board":
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

    def show(self, fleet: FleetProgress, alerts: list[dict[str, Any]]) -> None:
        """Take the fleet's counters and the open alerts, newest change first."""
        if not self._quiet:
            self._live.update(self._draw(fleet, alerts))

    def _draw(self, fleet: FleetProgress, alerts: list[dict[str, Any]]) -> Table:
        colours = Counter(row["severity"] for row in alerts)
        when = "…"
        if fleet.virtual_now is not None:
            when = fleet.virtual_now.astimezone(self._world.starts_at.tzinfo).strftime(
                "%d.%m.%Y %H:%M"
            )
        counts = " · ".join(
            f"[{STYLES[severity]}]{colours[severity]} {severity}[/]" for severity in SEVERITIES
        )
        table = Table(
            title=f"{when}   {fleet.published} published, {fleet.receipted} answered   {counts}",
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
