"""The scorecard as a page that a clinician reads.

In: the dictionary of `scorecard.score`. Out: HTML. Called by the command `score`.
"""

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from alerting.backtest.figures import Card
from alerting.backtest.published import STUDIES
from alerting.backtest.rules_of_thumb import RULES_OF_THUMB
from hjemmepuls.report.page import page
from hjemmepuls.report.plots import Dot, Part, Say, Series, bars, curves, dots, number
from hjemmepuls.scorecard import ARMS

PER_WEEK: Final = 100
"""Rates are told per so many patients and week: numbers that a clinic can picture."""
_DECOYS: Final = {
    "decoy_bad_day": Say("Dårlig dag", "Bad day"),
    "decoy_holiday_weight": Say("Feriekilo, forstoppelse", "Holiday weight, constipation"),
    "decoy_drug_course": Say("Medicinkur", "Course of medicine"),
    "decoy_cold": Say("Forkølelse", "Common cold"),
    "decoy_artefact": Say("Målefejl", "Measuring error"),
    "decoy_slow_change": Say("Langsom, tilsigtet ændring", "Slow, intended change"),
    "decoy_device_swap": Say("Nyt apparat", "New device"),
    "decoy_oxygen_start": Say("Begyndt med ilt", "Oxygen started"),
    "decoy_wrong_person": Say("En anden på vægten", "Somebody else on the scale"),
    "none": Say("Intet af det - tilfældig variation", "None of these - chance"),
}
_TARGETS: Final = {
    "sensitivity": Say("fundet", "found"),
    "lead_days_median": Say("forspring", "lead"),
    "false_per_patient_week": Say("falske alarmer", "false alerts"),
    "visible_per_patient_week": Say("alarmer i alt", "alerts in all"),
}


def score_page(result: Card) -> str:
    """The whole page."""
    arms = [arm for arm in ARMS if arm.name in result]
    thumbs = [rule for rule in RULES_OF_THUMB if rule.name in result]
    return page(
        "score.html",
        title=Say(
            "Hvor godt finder reglerne forværringer?", "How well do the rules find deterioration?"
        ),
        result=result,
        arms=[(arm, result[arm.name]) for arm in arms],
        thumbs=[(rule, result[rule.name]) for rule in thumbs],
        targets=_TARGETS,
        per=PER_WEEK,
        found=_dots(result, "sensitivity", 100, 100.0),
        wrong=_dots(result, "false_per_patient_week", PER_WEEK, None),
        lead=_leads(result),
        burden={name: _burden(result, name) for name in ("copd", "heart-failure")},
        decoys=[(arm, _by_decoy(result[arm.name])) for arm in arms],
        seen=_seen(result),
        studies=STUDIES,
    )


def _rows(result: Card) -> list[tuple[Say, Card, str, Mapping[str, float]]]:
    rows: list[tuple[Say, Card, str, Mapping[str, float]]] = [
        (Say(arm.name_da, arm.name_en), result[arm.name], "ours", arm.target)
        for arm in ARMS
        if arm.name in result
    ]
    rows += [
        (Say(rule.name_da, rule.name_en), result[rule.name], "thumb", {})
        for rule in RULES_OF_THUMB
        if rule.name in result
    ]
    return rows


def _dots(result: Card, figure: str, times: float, high: float | None) -> Markup:
    """One figure of every arm and rule of thumb, with its interval."""
    made = [
        Dot(
            label,
            None if card[figure] is None else card[figure] * times,
            [None if edge is None else edge * times for edge in card[f"{figure}_ci"] or ()],
            target[figure] * times if figure in target else None,
            tone,
        )
        for label, card, tone, target in _rows(result)
    ]
    edges = [
        edge for row in made for edge in (row.value, row.target, *(row.interval or ())) if edge
    ]
    return dots(made, high or max(edges, default=1.0), _TARGETS[figure], 0 if high else 1)


def _leads(result: Card) -> Markup:
    """Share of all episodes that is known so many days before usual care acts."""
    tones, shapes = ("ours", "blue", "red", "yellow", "green"), ("circle", "diamond", "square")
    series = [
        Series(
            label,
            [(float(day), share or 0.0) for day, share in card["found_days_before"].items()],
            tones[place % len(tones)],
            shape=shapes[place % len(shapes)],
        )
        for place, (label, card, tone, _) in enumerate(_rows(result))
        if tone == "ours"
    ]
    return curves(
        series,
        Say(
            "dage før behandling eller indlæggelse i sædvanlig praksis",
            "days before usual care acts",
        ),
        Say(
            "andel af alle forværringer fundet så tidligt", "share of all episodes found that early"
        ),
        Say("Forspring", "Lead"),
        x_high=14,
    )


def _burden(result: Card, condition: str) -> Markup:
    """Found against false: every rule at many thresholds, and what others published."""
    series, used = [], [10.0]
    for arm, tone in zip(
        [arm for arm in ARMS if arm.condition == condition], ("ours", "blue"), strict=False
    ):
        if arm.name in result:
            series.append(_line(result, arm.name, Say(arm.name_da, arm.name_en), tone, "circle"))
            used.append(_place(result[arm.name])[0])
    shapes = iter(("diamond", "square", "circle"))
    for rule in RULES_OF_THUMB:
        if rule.condition == condition and rule.name in result:
            label = Say(rule.name_da, rule.name_en)
            series.append(_line(result, rule.name, label, "thumb", next(shapes)))
            used.append(_place(result[rule.name])[0])
    others = [
        (study.false_per_patient_week * PER_WEEK, study.sensitivity)
        for study in STUDIES
        if study.condition == condition and study.sensitivity and study.false_per_patient_week
    ]
    if others:
        label = Say("Publiceret af andre", "Published by others")
        series.append(Series(label, others, "other", joined=False, shape="square"))
    return curves(
        series,
        Say(
            f"falske alarmer pr. {PER_WEEK} borgere pr. uge",
            f"false alerts per {PER_WEEK} patients a week",
        ),
        Say("andel af forværringer fundet", "share of episodes found"),
        Say("Fund mod falske alarmer", "Found against false alerts"),
        x_high=max(used),
    )


def _line(result: Card, name: str, label: Say, tone: str, shape: str) -> Series:
    """A rule as it is used, and at the other thresholds of its curve."""
    others = {_place(point) for point in result["curves"].get(name, ())}
    return Series(label, sorted(others | {_place(result[name])}), tone, shape=shape)


def _place(card: Card) -> tuple[float, float]:
    return (card["false_per_patient_week"] or 0.0) * PER_WEEK, card["sensitivity"] or 0.0


def _by_decoy(card: Card) -> Markup:
    """What false alerts stood beside, with the share of time for comparison."""
    rows = []
    for kind, found in sorted(card["false_by_decoy"].items(), key=lambda item: -item[1]["false"]):
        share = found["share_of_time"]
        part = "" if share is None else f" · {100 * share:.0f} %"
        rows.append(
            Part(
                _DECOYS.get(kind, Say(kind, kind)),
                [(float(found["false"]), "ours")],
                Say(
                    f"{found['false']}{part and part + ' af tiden'}",
                    f"{found['false']}{part and part + ' of the time'}",
                ),
            )
        )
    return bars(rows, Say("Falske alarmer efter årsag", "False alerts by cause"), 0)


def _seen(result: Card) -> Markup:
    """Alerts of each colour per hundred patients and week."""
    rows = []
    for label, card, tone, _ in _rows(result):
        if tone == "ours":
            red, blue = (card[f"{one}_per_patient_week"] or 0.0 for one in ("red", "blue"))
            yellow = (card["visible_per_patient_week"] or 0.0) - red
            parts = [
                (red * PER_WEEK, "red"),
                (yellow * PER_WEEK, "yellow"),
                (blue * PER_WEEK, "blue"),
            ]
            note = " + ".join(number(value, 1).da for value, _ in parts)
            rows.append(Part(label, parts, Say(note, note.replace(",", "."))))
    return bars(rows, Say("Alarmer pr. uge", "Alerts a week"))
