"""`python -m benchmarks NAME`: run one path, say what was found.

For people a table; with `--json` exactly one JSON object, on the last line of standard output.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result
from hjemmepuls.boundary import Guarded

app = typer.Typer(
    cls=Guarded,
    help="How fast, honestly: whole paths beside plain ways of doing the same work.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table")]
Small = Annotated[bool, typer.Option("--small", help="The size that the tests run")]
Repeat = Annotated[int, typer.Option(min=1, help="Runs of each part; the median is told")]
"""Which broker stands in the middle is an option of `ingest` alone."""


@app.command()
def ingest(
    as_json: AsJson = False,
    small: Small = False,
    repeat: Repeat = 3,
    messages: Annotated[int | None, typer.Option(min=1, help="Default 20000, small 500")] = None,
    broker: Annotated[str, typer.Option(help="auto, mosquitto, embedded or none")] = "auto",
    receipts: Annotated[bool, typer.Option(help="Answer every reading, as by default")] = True,
    folder: Annotated[Path | None, typer.Option(help="Disk to measure on; default: /tmp")] = None,
) -> None:
    """From the broker to a durable record."""
    from benchmarks.broker import Kind
    from benchmarks.ingest import run

    if broker not in list(Kind):
        raise typer.BadParameter(f"one of {', '.join(Kind)}", param_hint="--broker")
    count = messages or (500 if small else 20_000)
    some = min(count, 200 if small else 1_000)
    show(run(count, some, repeat, Kind(broker), receipts, folder), as_json)


@app.command()
def rules(
    as_json: AsJson = False,
    small: Small = False,
    repeat: Repeat = 3,
    patients: Annotated[int | None, typer.Option(min=1, help="Default 100000, small 200")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Default 40, small 20")] = None,
    block: Annotated[int, typer.Option(min=1, help="About so many patients in one step")] = 16_000,
) -> None:
    """The whole rulebook over a cohort, on one core."""
    from benchmarks.rules import run

    people, length = patients or (200 if small else 100_000), days or (20 if small else 40)
    span = length, length * 3 // 5  # 24 of 40 days are not timed
    scalar, framed = (20, 40) if small else (100, 5_000)
    sizes = (50, 200) if small else (1_000, 10_000, 100_000, 1_000_000)
    few, some = min(scalar, people), min(framed, people)
    show(run(people, span, few, some, min(block, people), sizes, repeat), as_json)


@app.command()
def backtest(
    as_json: AsJson = False,
    small: Small = False,
    repeat: Repeat = 1,
    patients: Annotated[int | None, typer.Option(min=1, help="Default 100000, small 200")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Default 365, small 40")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that share the patients")] = 2,
) -> None:
    """A year of many patients through the whole rulebook, straight from arrays."""
    from benchmarks.backtest import run

    people, length = patients or (200 if small else 100_000), days or (40 if small else 365)
    show(run(people, length, processes, repeat), as_json)


@app.command()
def render(as_json: AsJson = False, small: Small = False, repeat: Repeat = 3) -> None:
    """Stored records as FHIR Observations."""
    from benchmarks.render import run

    show(run(*((100, 50) if small else (5_000, 500)), repeat), as_json)


@app.command(name="fhir_api")
def fhir_api(
    as_json: AsJson = False,
    small: Small = False,
    repeat: Repeat = 3,
    observations: Annotated[
        int | None, typer.Option(min=1, help="Default 200000, small 5000")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Disk to measure on; default: /tmp")] = None,
) -> None:
    """Search, $lastn and $stats over many stored Observations."""
    from benchmarks.fhir_api import run

    count = observations or (5_000 if small else 200_000)
    show(run(count, 20 if small else 200, repeat, folder), as_json)


@app.command()
def simulate(
    as_json: AsJson = False,
    small: Small = False,
    repeat: Repeat = 1,
    patients: Annotated[int | None, typer.Option(min=1, help="Default 100000, small 600")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Default 365, small 60")] = None,
    block: Annotated[int, typer.Option(min=1, help="Patients held at a time")] = 1024,
) -> None:
    """A cohort's years, and a world's messages."""
    from benchmarks.simulate import run

    people, length = patients or (600 if small else 100_000), days or (60 if small else 365)
    show(run(people, length, block, *((24, 7) if small else (500, 28)), repeat), as_json)


def show(result: Result, as_json: bool) -> None:
    """Print it for a machine or for a person."""
    if as_json:
        print(json.dumps(result))
        return
    table = Table("figure", "value", title=str(result["name"]))
    for name, value in flat(result):
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    Console().print(table)


def flat(result: Result, prefix: str = "") -> list[tuple[str, object]]:
    """Nested keys joined by a dot.

    >>> flat({"a": {"b": 1}})
    [('a.b', 1)]
    """
    rows: list[tuple[str, object]] = []
    for name, value in result.items():
        if isinstance(value, dict):
            rows += flat(value, f"{prefix}{name}.")
        else:
            rows.append((prefix + name, value))
    return rows


if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
