"""A backtest over stored history as a page.

In: the dictionary of `history.backtest`. Out: HTML. Called by the command `backtest`.
"""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from alerting.backtest.figures import Card
from alerting.rules import Rulebook
from hjemmepuls.report.page import page
from hjemmepuls.report.plots import Part, Say, bars, number
from hjemmepuls.report.score_page import PER_WEEK

_TONES: Final = {"red": "red", "yellow": "yellow", "blue": "blue", "technical": "other"}


def backtest_page(result: Card, rulebook: Rulebook) -> str:
    """The whole page."""
    shown = [name for name in ("live", "changed") if name in result]
    return page(
        "backtest.html",
        title=Say("Regelbogen på hele historien", "The rulebook over all history"),
        result=result,
        shown=shown,
        names={"live": Say("Gældende", "Live"), "changed": Say("Ændret", "Changed")},
        rules={rule.id: Say(rule.name_da, rule.name_en) for rule in rulebook.rules},
        calls=bars(
            [_part(Say(*_NAMES[name]), result[name]["calls_per_patient_week"]) for name in shown],
            Say("Alarmer", "Alerts"),
        ),
        by_rule={name: _by_rule(result[name], rulebook) for name in shown},
        per=PER_WEEK,
    )


_NAMES: Final = {"live": ("Gældende", "Live"), "changed": ("Ændret", "Changed")}


def _part(label: Say, colours: Mapping[str, Any]) -> Part:
    parts = [((value or 0.0) * PER_WEEK, _TONES[name]) for name, value in colours.items()]
    total = sum(value for value, _ in parts)
    return Part(label, parts, number(total, 1))


def _by_rule(card: Card, rulebook: Rulebook) -> Markup:
    rows = [
        _part(Say(f"{rule.id} {rule.name_da}", f"{rule.id} {rule.name_en}"), of)
        for rule in rulebook.rules
        for of in [card["rules_per_patient_week"][rule.id]]
        if any(of.values())
    ]
    return bars(rows, Say("Regler", "Rules"))
