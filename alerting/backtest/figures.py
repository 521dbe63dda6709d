"""The scorecard of one arm: rates, intervals and strata, ready for JSON.

In: `Judged`. Out: a dictionary of plain numbers, None where nothing can be said. Called by the
command `score`, and by `backtest` where there is ground truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.backtest.alerts import clinical
from alerting.backtest.bootstrap import Bootstrap, interval, ratio
from alerting.backtest.score import Judged
from alerting.rules import HYPOTHESES
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour

MINUTES: Final = {"red": 12.0, "yellow": 6.0, "blue": 2.0}
"""Of a clinician's time for each alert (reference 6, a choice of this project)."""
LEADS: Final = tuple(range(15))
"""Days before T at which the share of episodes found by then is told."""
SITTINGS: Final = ((0, 0, "0"), (1, 2, "1-2"), (3, 5, "3-5"), (6, 99, "6+"))
"""Classes of sittings within the window of detection."""
Card = dict[str, Any]

_COUNTED: Final = (
    "episodes",
    "found",
    "found_30d",
    "alerts",
    "early",
    "false",
    "visible",
    "red",
    "yellow",
    "blue",
    "weeks",
    "clear_weeks",
)
_RATES: Final = {
    "sensitivity": ("found", "episodes"),
    "sensitivity_30d": ("found_30d", "episodes"),
    "ppv": ("early", "alerts"),
    "false_per_patient_week": ("false", "clear_weeks"),
    "visible_per_patient_week": ("visible", "weeks"),
    "red_per_patient_week": ("red", "weeks"),
    "blue_per_patient_week": ("blue", "weeks"),
}
"""Figure to what is divided by what."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What each patient contributes: `table` (patients, len(_COUNTED))."""

    table: Floats

    def __getitem__(self, name: str) -> Floats:
        """One column, (patients,)."""
        column: Floats = self.table[:, _COUNTED.index(name)]
        return column


def counted(judged: Judged) -> Counts:
    """Everything that is divided later, patient by patient."""
    patients = judged.watched.patients
    alerts, episodes = judged.alerts, judged.episodes
    colour = alerts["colour"]
    yellow, red = colour == Colour.YELLOW, colour == Colour.RED
    about = clinical(alerts)

    def per(who: Ints, chosen: Bools) -> Floats:
        return np.bincount(who[chosen], minlength=patients).astype(np.float64)

    everything = np.ones(len(episodes), dtype=np.bool_)
    columns = {
        "episodes": per(episodes["patient"], everything),
        "found": per(episodes["patient"], episodes["found"]),
        "found_30d": per(episodes["patient"], episodes["found_30d"]),
        "alerts": per(alerts["patient"], about),
        "early": per(alerts["patient"], judged.early),
        "false": per(alerts["patient"], judged.false),
        "visible": per(alerts["patient"], yellow | red),
        "red": per(alerts["patient"], red),
        "yellow": per(alerts["patient"], yellow),
        "blue": per(alerts["patient"], colour == Colour.BLUE),
        "weeks": judged.days / 7,
        "clear_weeks": judged.clear_days / 7,
    }
    return Counts(np.stack([columns[name] for name in _COUNTED], axis=1))


def scorecard(
    judged: Judged, *, draws: int = 1000, seed: int = 0, rules: Sequence[str] = ()
) -> Card:
    """All figures of one arm. `rules` names the columns of `ALERT.rule`.

    Intervals are 95 % percentile intervals over patients. `strata` divides the episodes by kind,
    subtype, admission, sittings in the window, and by every label of `Watched`.
    """
    counts = counted(judged)
    sampling = Bootstrap(judged.watched.patients, draws, seed)
    samples = dict(zip(_COUNTED, sampling.sums(counts.table).T, strict=True))
    total = {name: float(counts[name].sum()) for name in _COUNTED}
    card: Card = {
        "patients": judged.watched.patients,
        "patient_weeks": round(total["weeks"], 1),
        "episodes": int(total["episodes"]),
        "found": int(total["found"]),
        "sensitivity_by_chance": number(by_chance(judged, counts)),
    }
    for name, (above, below) in _RATES.items():
        card[name] = number(total[above] / total[below] if total[below] else np.nan)
        found = interval(ratio(samples[above], samples[below]))
        card[f"{name}_ci"] = _rounded(found)
    card |= _leads(judged, sampling)
    card |= _burden(judged, total)
    card["strata"] = strata(judged, counts, sampling)
    card["false_by_decoy"] = by_decoy(judged)
    card["by_rule"] = by_rule(judged, rules)
    return card


def by_chance(judged: Judged, counts: Counts) -> float:
    """The sensitivity that each patient's own false alerts would have if they fell at random.

    Mean over episodes of 1 - exp(-rate x length of the window of detection); NaN without any.
    """
    rows = judged.episodes
    rate = ratio(counts["false"], counts["clear_weeks"])[rows["patient"]] / 7
    chance = 1 - np.exp(-np.nan_to_num(rate) * rows["window_days"])
    return float(chance.mean()) if len(rows) else np.nan


def _leads(judged: Judged, sampling: Bootstrap) -> Card:
    """Days between the first alert and T, of the episodes that were found."""
    hits = judged.episodes[judged.episodes["found"]]
    lead = hits["lead_days"]
    quartiles = [number(q) for q in np.percentile(lead, [25, 50, 75])] if len(lead) else None
    samples = sampling.medians(hits["patient"], lead)
    return {
        "lead_days_median": quartiles[1] if quartiles else None,
        "lead_days_median_ci": _rounded(interval(samples)),
        "lead_days_quartiles": quartiles,
        "days_to_detect_median": number(np.median(hits["days_to_detect"]) if len(hits) else np.nan),
        "found_days_before": {
            str(days): number((lead >= days).sum() / len(judged.episodes))
            for days in LEADS
            if len(judged.episodes)
        },
    }


def _burden(judged: Judged, total: Mapping[str, float]) -> Card:
    weeks = total["weeks"] or np.nan
    minutes = sum(MINUTES[colour] * total[colour] for colour in MINUTES)
    alert_days, alerts = judged.watched.alert_days, judged.alerts
    seen = alerts["hypothesis"][alerts["colour"] >= Colour.YELLOW]
    held = np.nan if alert_days is None else float(alert_days.sum())
    return {
        "minutes_per_patient_week": number(minutes / weeks),
        "visible_by": {
            name: number((seen == place).sum() / weeks) for place, name in enumerate(HYPOTHESES)
        },
        "time_in_alert": number(held / (7 * weeks)),
        "days_per_alert": number(held / total["alerts"] if total["alerts"] else np.nan),
    }


def strata(judged: Judged, counts: Counts, sampling: Bootstrap) -> Card:
    """Sensitivity and lead of parts of the episodes; for parts of the patients also burden."""
    rows = judged.episodes
    division = {
        "kind": rows["kind"],
        "subtype": np.char.add(np.char.add(rows["kind"], ": "), rows["subtype"]),
        "usual_care": np.select(
            [rows["admitted"], rows["reported"]], ["admitted", "treated at home"], "unreported"
        ),
        "sittings_in_window": _classes(rows["sittings"]),
    }
    labels = judged.watched.labels
    division |= {name: of[rows["patient"]] for name, of in labels.items()}
    places = [
        (name, label)
        for name, of in division.items()
        for label in np.unique(labels.get(name, of)).tolist()
    ]
    divided: dict[str, dict[str, Card]] = {name: {} for name in division}
    columns = np.zeros((sampling.patients, 2 * len(places)))
    for place, (name, label) in enumerate(places):
        part = rows[division[name] == label]
        divided[name][label] = _part(part)
        if name in labels:
            divided[name][label] |= _rates_of(counts.table[labels[name] == label])
        np.add.at(columns[:, 2 * place], part["patient"][part["found"]], 1)
        np.add.at(columns[:, 2 * place + 1], part["patient"], 1)
    sums = sampling.sums(columns)
    for place, (name, label) in enumerate(places):
        found = interval(ratio(sums[:, 2 * place], sums[:, 2 * place + 1]))
        divided[name][label]["sensitivity_ci"] = _rounded(found)
    return divided


def _part(rows: npt.NDArray[np.void]) -> Card:
    lead = rows["lead_days"][rows["found"]]
    return {
        "episodes": len(rows),
        "sensitivity": number(rows["found"].mean() if len(rows) else np.nan),
        "lead_days_median": number(np.median(lead) if len(lead) else np.nan),
    }


def _rates_of(table: Floats) -> Card:
    total = dict(zip(_COUNTED, table.sum(axis=0).tolist(), strict=True))
    made: Card = {"patients": len(table)}
    for name in ("false_per_patient_week", "visible_per_patient_week", "ppv"):
        above, below = _RATES[name]
        made[name] = number(total[above] / total[below] if total[below] else np.nan)
    return made


def _classes(sittings: Ints) -> npt.NDArray[np.str_]:
    conditions = [(low <= sittings) & (sittings <= high) for low, high, _ in SITTINGS]
    return np.select(conditions, [name for *_, name in SITTINGS], "unknown")


def by_decoy(judged: Judged) -> Card:
    """Kind of decoy to the false alerts put down to it, beside the share of time that it covers:
    what chance alone would give."""
    false = judged.decoy[judged.false]
    days = float(judged.clear_days.sum()) or np.nan
    made: Card = {}
    for kind in sorted({*judged.decoy_days, *np.unique(false).tolist()} - {""}):
        share = number(judged.decoy_days.get(kind, 0.0) / days)
        made[kind] = {"false": int((false == kind).sum()), "share_of_time": share}
    made["none"] = {"false": int((false == "").sum()), "share_of_time": None}
    return made


def by_rule(judged: Judged, rules: Sequence[str]) -> Card:
    """Rule to its clinical alerts: how many, how many early, how many false."""
    made: Card = {}
    about = clinical(judged.alerts)
    for column in np.unique(judged.alerts["rule"][about]).tolist():
        of = judged.alerts["rule"] == column
        name = rules[column] if 0 <= column < len(rules) else str(column)
        made[name] = {
            "alerts": int((of & about).sum()),
            "early": int((of & judged.early).sum()),
            "false": int((of & judged.false).sum()),
        }
    return made


def number(value: Any) -> float | None:
    """Four significant digits, None for NaN.

    >>> number(0.123456), number(np.nan)
    (0.1235, None)
    """
    plain = float(value)
    return float(f"{plain:.4g}") if np.isfinite(plain) else None


def _rounded(found: list[float] | None) -> list[float | None] | None:
    return None if found is None else [number(edge) for edge in found]
