"""The results of the judging commands as tables of a terminal, 80 columns wide; and all lists.

In: the dictionaries that are also printed as JSON. Called by `judging`; the lists by whoever lists.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

TOLD = ("red", "yellow", "blue", "technical")
AGAINST = (
    "episodes",
    "sensitivity",
    "days_to_detect_median",
    "lead_days_median",
    "ppv",
    "false_per_patient_week",
)
"""What is told of a rulebook where the truth is known."""
_PLAIN: dict[str, Any] = {"box": None, "pad_edge": False, "padding": (0, 2, 0, 0)}
"""A table that fits into 80 columns."""

PIPED_COLUMNS = 1000
"""So wide at most is a list that goes to a file or a pipe: a search finds whole words."""


def listing(*columns: str) -> Table:
    """A table that breaks what is too long for its column, and never cuts it off."""
    table = Table()
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_listing(table: Table) -> None:
    """Print it: as wide as the terminal, else as wide as is of use."""
    console = Console()
    (console if console.is_terminal else Console(width=PIPED_COLUMNS)).print(table)


def show_score(result: Mapping[str, Any]) -> None:
    """Every arm and rule of thumb, and the curves that were asked for."""
    p = result["parameters"]
    title = (
        f"Rulebook {p['rulebook']} · seeds {', '.join(map(str, p['seeds']))} ({p['seeds_are']}) · "
        f"{p['patients']} patients · {p['days']} days"
    )
    table = Table(title=title, title_justify="left", caption_justify="left", **_PLAIN)
    table.caption = (
        "sens: per cent found in time, 95 % interval over patients; luck: by as many alerts at "
        "random; false, seen (red and yellow), red: per 100 patient-weeks; green or red: against "
        "the target"
    )
    table.add_column("arm", no_wrap=True)
    for name in ("n", "sens", "luck", "lead", "false", "seen", "red", "PPV", "min"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, card in result.items():
        if isinstance(card, dict) and "sensitivity" in card and "twice_weekly" not in name:
            table.add_row(name, *_cells(card))
    Console().print(table)
    for name, points in result["curves"].items():
        if any("=" in point["at"] for point in points):
            _points(name, points)


def _cells(card: Mapping[str, Any]) -> list[str]:
    met = card.get("met", {})

    def figure(name: str, times: float = 100, decimals: int = 1) -> str:
        colour = {True: "green", False: "red", None: "default"}[met.get(name)]
        value = card[name]
        return "-" if value is None else f"[{colour}]{value * times:.{decimals}f}[/]"

    edges = card["sensitivity_ci"]
    within = f" {100 * edges[0]:.0f}-{100 * edges[1]:.0f}" if edges else ""
    return [
        str(card["episodes"]),
        figure("sensitivity", decimals=0) + within,
        figure("sensitivity_by_chance", decimals=0),
        figure("lead_days_median", 1),
        figure("false_per_patient_week"),
        figure("visible_per_patient_week"),
        figure("red_per_patient_week"),
        figure("ppv", decimals=0),
        figure("minutes_per_patient_week", 1),
    ]


def _points(name: str, points: Sequence[Mapping[str, Any]]) -> None:
    """One curve as a table."""
    table = Table(title=name, title_justify="left", **_PLAIN)
    for column in points[0]:
        short = column.removesuffix("_per_patient_week").replace("lead_days_median", "lead")
        table.add_column(short, justify="right", no_wrap=column == "at")
    for point in points:
        table.add_row(*("-" if value is None else str(value) for value in point.values()))
    Console().print(table)


def show_benefits(name: str, card: Mapping[str, Any]) -> None:
    """One arm against usual care, under every assumed effect."""
    table = Table(title=f"{name}: difference per patient-year", title_justify="left", **_PLAIN)
    table.add_column("indicator", no_wrap=True)
    table.add_column("usual", justify="right")
    for scenario in card["scenarios"]:
        table.add_column(f"{scenario} (95 %)", justify="right", no_wrap=True)
    for indicator in next(iter(card["scenarios"].values())):
        rows = [scenario[indicator] for scenario in card["scenarios"].values()]
        cells = [
            "{:+.3g}\n({:.2g} {:.2g})".format(row["difference"], *row["difference_ci"])
            for row in rows
        ]
        table.add_row(indicator, f"{rows[0]['usual_care']:.2f}", *cells)
    Console().print(table)
    false, process = card["adverse_per_patient_year"], card["process"]
    Console().print(
        f"false alerts alone: {false['calls']['rate']} calls, {false['gp']['rate']} contacts with "
        f"the GP, {false['minutes']['rate']} minutes · adherence {process['adherence']} · "
        f"review after {process['review_hours_median']} h (median)\n"
    )


def show_backtest(result: Mapping[str, Any]) -> None:
    """Calls and rules per 100 patient-weeks, as figures and bars; the truth where it is known."""
    p, live, changed = result["parameters"], result["live"], result.get("changed")
    title = f"{p['citizens']} citizens · {live['patient_weeks']:g} patient-weeks · {p['rulebook']}"
    table = Table(title=title, title_justify="left", **_PLAIN)
    for name in ("per 100 patient-weeks", "live", "changed", "difference")[: 4 if changed else 2]:
        table.add_column(name, justify="left" if name.startswith("per") else "right")
    table.add_column("")
    rows = [
        *((f"calls, {name}", ("calls_per_patient_week", name)) for name in TOLD),
        *(
            (f"{rule} {name}", ("rules_per_patient_week", rule, name))
            for rule, of in live["rules_per_patient_week"].items()
            for name in of
        ),
    ]
    values = {label: [_at(one, way) * 100 for one in (live, changed) if one] for label, way in rows}
    most = max((max(of) for of in values.values()), default=0.0) or 1.0
    for label, of in values.items():
        if any(of) or label.startswith("calls"):
            more = [f"{of[1] - of[0]:+.2f}"] if changed else []
            bar = "█" * round(20 * of[-1] / most)
            table.add_row(label, *(f"{value:.2f}" for value in of), *more, bar)
    Console().print(table)
    for name in ("live", "changed"):
        if card := result.get(name, {}).get("against_truth"):
            shown = {key: card[key] for key in AGAINST}
            Console().print(f"{name}: " + " · ".join(f"{key} {of}" for key, of in shown.items()))


def _at(card: Mapping[str, Any], way: Sequence[str]) -> float:
    value: Any = card
    for name in way:
        value = value[name]
    return float(value or 0.0)
