"""Results as Markdown, put between markers of docs/SCORECARD.md.

In: the dictionaries of `scorecard` and `gains`. Out: tables. Called by `score` and `benefits` with
`--document`. Unlike the tables of `hjemmepuls reference` these follow from a long run, so they name
what they were run with.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from alerting.backtest.figures import Card
from hjemmepuls.reference import table


def score_document(result: Card) -> str:
    """Arms and rules of thumb, and what was run."""
    head = (
        "arm", "episodes", "sensitivity", "by chance", "lead, days", "false / patient-week",
        "seen / patient-week", "red", "PPV", "minutes / patient-week", "time in alert",
    )  # fmt: skip
    rows = [
        (
            f"`{name}`",
            str(card["episodes"]),
            _with(card, "sensitivity", 2) + _goal(card, "sensitivity", "≥"),
            _plain(card["sensitivity_by_chance"], 2),
            _with(card, "lead_days_median", 1) + _goal(card, "lead_days_median", "≥"),
            _with(card, "false_per_patient_week", 3) + _goal(card, "false_per_patient_week", "≤"),
            _with(card, "visible_per_patient_week", 3)
            + _goal(card, "visible_per_patient_week", "≤"),
            _plain(card["red_per_patient_week"], 3),
            _with(card, "ppv", 2),
            _plain(card["minutes_per_patient_week"], 1),
            _plain(card["time_in_alert"], 2),
        )
        for name, card in result.items()
        if isinstance(card, dict) and "sensitivity" in card
    ]
    return f"{_run(result)}\n\n{table(head, rows)}"


def benefits_document(result: Card) -> str:
    """Every arm, indicator and assumed effect, per patient-year."""
    texts = [_run(result)]
    for name, card in result["arms"].items():
        scenarios = card["scenarios"]
        head = ("indicator", "usual care", *(f"{scenario}: difference" for scenario in scenarios))
        rows = [
            (
                indicator,
                _plain(next(iter(scenarios.values()))[indicator]["usual_care"], 2),
                *(_with(of[indicator], "difference", 2) for of in scenarios.values()),
            )
            for indicator in next(iter(scenarios.values()))
        ]
        false = card["adverse_per_patient_year"]
        texts += [
            f"`{name}`, {card['patients']} patients, per patient-year:",
            table(head, rows),
            (
                f"False alerts alone, per patient-year: {_with(false['calls'], 'rate', 1)} calls, "
                f"{_with(false['gp'], 'rate', 1)} contacts with a GP, "
                f"{_with(false['minutes'], 'rate', 0)} minutes."
            ),
        ]
    return "\n\n".join(texts)


def put(path: Path, name: str, text: str) -> None:
    """Between `<!-- results:name -->` and `<!-- /results:name -->`; ValueError without markers."""
    before = path.read_text(encoding="utf-8")
    begin, end = f"<!-- results:{name} -->", f"<!-- /results:{name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(before):
        raise ValueError(f"{path} has no place for {begin}")
    path.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", before), encoding="utf-8")


def _run(result: Card) -> str:
    p = result["parameters"]
    seeds = ", ".join(map(str, p["seeds"]))
    return (
        f"Rulebook {p['rulebook']}, simulator {p['simulator']}, {p['seeds_are']} seeds {seeds}, "
        f"{p['patients']} patients per arm and seed, {p['days']} days, adaptive arms "
        f"{p['schedule']}."
    )


def _plain(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:.{decimals}f}"


def _with(card: Card, name: str, decimals: int) -> str:
    edges: Sequence[Any] | None = card.get(f"{name}_ci")
    within = "" if not edges else f" ({edges[0]:.{decimals}f} to {edges[1]:.{decimals}f})"
    return _plain(card[name], decimals) + within


def _goal(card: Card, name: str, sign: str) -> str:
    """The target and whether it is kept."""
    if name not in card.get("target", {}):
        return ""
    kept = {True: "kept", False: "missed", None: "no figure"}[card["met"][name]]
    return f", target {sign} {card['target'][name]:g}: **{kept}**"
