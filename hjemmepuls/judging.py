"""The commands that judge rules: `score`, `benefits`, `backtest`.

They print a table for people, or with `--json` one object on the last line of standard output;
`--html` writes a page beside it. Progress goes to standard error. Registered by `cli`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hjemmepuls.tables import show_backtest, show_benefits, show_score

if TYPE_CHECKING:
    from hjemmepuls.scorecard import Wish

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table")]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report as one HTML page")]
Document = Annotated[
    Path | None, typer.Option("--document", help="Put the results into docs/SCORECARD.md")
]
Seeds = Annotated[
    list[int] | None, typer.Option("--seed", min=0, help="World; may be given again. Default 101")
]
Report = Annotated[
    bool, typer.Option("--report", help="The seeds kept for reporting; never for choosing numbers")
]
Patients = Annotated[int, typer.Option(min=1, help="Per arm and seed")]
Days = Annotated[int, typer.Option(min=1, help="Simulated days")]
Changed = Annotated[
    list[str] | None,
    typer.Option("--change", help="R03.yellow=4, or a TOML file; may be given again"),
]
Schedule = Annotated[
    str, typer.Option(help="Plan of the adaptive arms; the daily arms measure daily")
]
ArmNames = Annotated[
    list[str] | None, typer.Option("--arm", help="Only this arm; may be given again")
]
Draws = Annotated[int, typer.Option(min=1, help="Samples for the intervals")]
Processes = Annotated[int, typer.Option(min=1, max=64, help="Processes to share the work")]
CURVE = "R22.yellow+R23.yellow=2,3,5,6,8"
"""The burden curve of a page for which no other was asked."""
MONITORED = ("copd_adaptive", "hf_adaptive")
"""The arms whose benefits are told: Danish practice, with adaptive sampling."""


@contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """A bar on standard error; call it once per piece of work."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def changes_of(given: Sequence[str] | None) -> dict[str, dict[str, float]]:
    """Changes of the rulebook from the command line.

    Each is `RULE.number=value`, or the path of a TOML file with a table per rule. A clear error
    for anything else, and for a rule or number that there is not.

    >>> changes_of(["R03.yellow=4", "R03.k=2", "R11.enabled=0"])
    {'R03': {'yellow': 4.0, 'k': 2.0}, 'R11': {'enabled': 0.0}}
    """
    from hjemmepuls.rulebooks import rulebook_of

    changes: dict[str, dict[str, float]] = {}
    for text in given or ():
        for rule, numbers in _one_change(text).items():
            changes.setdefault(rule, {}).update(numbers)
    try:
        rulebook_of(changes)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--change") from error
    return changes


def _one_change(text: str) -> Mapping[str, Mapping[str, float]]:
    import tomllib

    name, equals, value = text.partition("=")
    rule, dot, number = name.strip().partition(".")
    try:
        if equals and dot:
            return {rule: {number: float(value)}}
        return tomllib.loads(Path(text).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise typer.BadParameter(
            f"{text!r} is neither RULE.number=value nor a readable TOML file: {error}",
            param_hint="--change",
        ) from error


def variants_of(given: Sequence[str] | None) -> dict[str, dict[str, dict[str, float]]]:
    """Variants for a curve: `R22.yellow+R23.yellow=3,4,6` is three, by name.

    >>> list(variants_of(["R11.yellow+R14.yellow=2,3"]))
    ['R11.yellow+R14.yellow=2', 'R11.yellow+R14.yellow=3']
    """
    variants = {}
    for text in given or ():
        names, _, values = text.partition("=")
        for value in values.split(","):
            changes = changes_of([f"{name}={value}" for name in names.split("+")])
            variants[f"{names}={value}"] = changes
    return variants


def score(
    as_json: AsJson = False,
    html: Html = None,
    document: Document = None,
    seed: Seeds = None,
    report: Report = False,
    patients: Patients = 2000,
    days: Days = 365,
    schedule: Schedule = "twice_weekly",
    arm: ArmNames = None,
    change: Changed = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option("--sweep", help="A curve: R22.yellow+R23.yellow=3,4,6; may be given again"),
    ] = None,
    standard_limits: Annotated[
        bool, typer.Option("--standard-limits", help="No doctor ever adjusts a personal limit")
    ] = False,
    decoys: Annotated[bool, typer.Option(help="Everything that only looks like an episode")] = True,
    draws: Draws = 1000,
    processes: Processes = 2,
) -> None:
    """How well the rules find simulated deterioration, and what it costs in alerts."""
    from hjemmepuls.scorecard import score as scored
    from hjemmepuls.scorecard import tasks_of

    wish = replace(
        _wish(seed, report, patients, days, schedule, arm, changes_of(change)),
        variants=variants_of(sweep),
        curve=variants_of([CURVE]) if html and not sweep else {},
        personal_limits=not standard_limits,
        decoys=decoys,
    )
    with _progress("scoring", len(tasks_of(wish))) as done:
        result = scored(wish, processes=processes, draws=draws, done=done)
    if html:
        from hjemmepuls.report.score_page import score_page

        html.write_text(score_page(result), encoding="utf-8")
    if document:
        from hjemmepuls.report.document import put, score_document

        put(document, "score", score_document(result))
    if as_json:
        typer.echo(json.dumps(result, allow_nan=False))
    else:
        show_score(result)


def _wish(
    seed: Sequence[int] | None,
    report: bool,
    patients: int,
    days: int,
    schedule: str,
    arm: Sequence[str] | None,
    changes: Mapping[str, Mapping[str, float]],
) -> "Wish":
    """What the options ask for; a clear error for a plan or an arm that there is not."""
    from devices.simulated.cohort import REPORT_SEEDS, SCHEDULES, TUNING_SEEDS
    from hjemmepuls.scorecard import ARMS, Wish

    names = [one.name for one in ARMS]
    if schedule not in (*SCHEDULES, "by_condition"):
        raise typer.BadParameter(f"one of {', '.join(SCHEDULES)}", param_hint="--schedule")
    if unknown := set(arm or ()) - set(names):
        raise typer.BadParameter(f"{unknown.pop()} is none of {', '.join(names)}")
    if report and seed:
        raise typer.BadParameter("either --seed or --report")
    return Wish(
        seeds=tuple(seed or ()) or (REPORT_SEEDS if report else TUNING_SEEDS[:1]),
        patients=patients,
        days=days,
        schedule=schedule,
        changes=changes,
        arms=tuple(arm or names),
    )


def benefits(
    as_json: AsJson = False,
    html: Html = None,
    document: Document = None,
    seed: Seeds = None,
    report: Report = False,
    patients: Patients = 2000,
    days: Days = 365,
    schedule: Schedule = "twice_weekly",
    arm: ArmNames = None,
    change: Changed = None,
    draws: Draws = 1000,
    processes: Processes = 2,
) -> None:
    """What monitoring might be worth against usual care, the null scenario always among them."""
    from hjemmepuls.gains import benefits as gained
    from hjemmepuls.scorecard import tasks_of

    wish = _wish(seed, report, patients, days, schedule, arm or list(MONITORED), changes_of(change))
    with _progress("two arms of care", len(tasks_of(wish))) as done:
        result = gained(wish, processes=processes, draws=draws, done=done)
    if html:
        from hjemmepuls.report.benefits_page import benefits_page

        html.write_text(benefits_page(result), encoding="utf-8")
    if document:
        from hjemmepuls.report.document import benefits_document, put

        put(document, "benefits", benefits_document(result))
    if as_json:
        typer.echo(json.dumps(result, allow_nan=False))
        return
    for name, card in result["arms"].items():
        show_benefits(name, card)


def backtest(
    store: Annotated[
        Path | None, typer.Option("--store", help="SQLite file of the records")
    ] = None,
    change: Changed = None,
    truth: Annotated[
        Path | None, typer.Option(help="Ground truth, as `truth` writes it", exists=True)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="End; default: newest measurement")
    ] = None,
    as_json: AsJson = False,
    html: Html = None,
    draws: Draws = 1000,
    processes: Processes = 2,
) -> None:
    """Try the rulebook, or a changed copy of it, over everything that the store holds."""
    from hjemmepuls.history import backtest as tried
    from hjemmepuls.stores import store_needed, store_path

    path = store_path(store)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    end = None if until is None else float((until - datetime(1970, 1, 1)).days)
    with (
        store_needed(path),
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("blocks of citizens", total=None)
        try:
            result = tried(
                path,
                changes_of(change),
                truth=truth,
                until=end,
                processes=processes,
                draws=draws,
                starts=lambda total: bar.update(task, total=total),
                done=lambda: bar.advance(task),
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
    if html:
        from hjemmepuls.report.backtest_page import backtest_page
        from hjemmepuls.rulebooks import rulebook_of

        html.write_text(backtest_page(result, rulebook_of()), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(result, allow_nan=False))
    else:
        show_backtest(result)


def truth(
    homes: Annotated[int, typer.Option(min=1)] = 32,
    days: Annotated[int, typer.Option(min=1)] = 42,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    cohort: Annotated[bool, typer.Option("--cohort", help="As for `devices`")] = False,
) -> None:
    """Print the ground truth of a simulated world, for `backtest`; options as for `devices`."""
    from hjemmepuls.truths import told

    day = start.date() if start else datetime.now(UTC).date() - timedelta(days=days - 1)
    typer.echo(json.dumps(told(homes, days, seed, day, cohort)))
