"""What monitoring might be worth, as a page.

In: the dictionary of `gains.benefits`. Out: HTML. Called by the command `benefits`.
"""

from typing import Final

from markupsafe import Markup

from alerting.backtest.figures import Card
from alerting.backtest.published import TRIALS
from hjemmepuls.report.page import page
from hjemmepuls.report.plots import Dot, Say, dots
from hjemmepuls.scorecard import ARMS

_INDICATORS: Final = {
    "admissions": Say("Akutte indlæggelser", "Acute admissions"),
    "bed_days": Say("Sengedage", "Bed days"),
    "emergency_visits": Say("Besøg på akutmodtagelse", "Emergency visits"),
    "gp_contacts": Say("Kontakter til egen læge", "Contacts with the GP"),
    "nurse_calls": Say("Opkald fra sygeplejerske", "Calls by a nurse"),
    "minutes": Say("Minutter til alarmer", "Minutes spent on alerts"),
    "episode_days": Say("Dage med forværring", "Days of illness"),
    "treated": Say("Behandlede forværringer", "Episodes treated"),
}
_ADVERSE: Final = {
    "calls": Say("Opkald", "Calls"),
    "gp": Say("Kontakter til egen læge", "Contacts with the GP"),
    "minutes": Say("Minutter", "Minutes"),
}


def benefits_page(result: Card) -> str:
    """The whole page."""
    names = {arm.name: Say(arm.name_da, arm.name_en) for arm in ARMS}
    return page(
        "benefits.html",
        title=Say(
            "Hvad kunne hjemmemonitorering være værd?", "What might home monitoring be worth?"
        ),
        result=result,
        arms=[(names[name], card) for name, card in result["arms"].items()],
        indicators=_INDICATORS,
        adverse=_ADVERSE,
        forest=_forest(result, names),
        trials=TRIALS,
    )


def _forest(result: Card, names: dict[str, Say]) -> Markup:
    """Admissions with monitoring as a multiple of those without, beside the trials."""
    rows = []
    for name, card in result["arms"].items():
        for scenario, of in card["scenarios"].items():
            label = Say(
                f"{names[name].da.split(',')[0]}, {_told(scenario).da}",
                f"{names[name].en.split(',')[0]}, {_told(scenario).en}",
            )
            found = of["admissions"]
            rows.append(Dot(label, found["ratio"], found["ratio_ci"], 1.0, "ours"))
    rows += [
        Dot(Say(trial.name, trial.name), trial.ratio, trial.interval, 1.0, "other")
        for trial in TRIALS
        if trial.ratio is not None
    ]
    return dots(rows, 2.0, Say("Indlæggelser, forhold", "Admissions, ratio"))


def _told(scenario: str) -> Say:
    if scenario == "null":
        return Say("ingen effekt antaget", "no effect assumed")
    strength = scenario.removeprefix("c=")
    return Say(f"antaget c = {strength.replace('.', ',')}", f"assumed c = {strength}")
