"""Two arms of care in one world: what earlier treatment would change, patient by patient.

In: episodes as usual care treated them, the alerts of a monitored arm, and the two functions that
say how an episode goes on when treated earlier. Out: `Arms`, per-patient counts of every indicator
in usual care and with monitoring. Called by the command `benefits`. Common random numbers: the
same onsets, severities, delays and uniform draws in both arms, so that a difference is the care.

Reference 8, a choice of this project where nothing is said: usual care treats at t_index, or
nobody does where it was not reported; with monitoring the first alert in the window of detection
is reviewed on the next monitoring weekday (red: the next working day), the patient is reached with
chance 0.85, and treated then, never before the onset and never later than in usual care. Whether
earlier treatment prevents an admission is not established: `per_day` is 0 in the null scenario.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from alerting.backtest import spans
from alerting.backtest.alerts import Alerts, Watched, clinical
from alerting.backtest.score import COPD_DAYS, HF_DAYS, LEARNING_DAYS
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.due_days import weekday
from devices.truth import EPISODES, Rows

REVIEW_WEEKDAYS: Final = (0, 2, 4)
"""C: yellow alerts are looked at on Monday, Wednesday and Friday, within two working days
(reference 5.1); red ones on every working day."""
REVIEW_HOUR: Final = 10.0
CONTACT: Final = 0.85
"""Chance that a called patient is reached (reference 8)."""
GP_PER_RED: Final = 0.4
"""Contacts with a general practitioner for each red alert (reference 8)."""
SEVERE: Final = 1.5
"""C: an episode of this severity that usual care hears of and does not admit comes to an emergency
department, in both arms: an admission that is prevented may become such a visit."""

INDICATORS: Final = (
    "admissions",
    "bed_days",
    "emergency_visits",
    "gp_contacts",
    "nurse_calls",
    "minutes",
    "episode_days",
    "treated",
)
Chance = Callable[[Rows, Floats, float], Floats]
"""(episodes, delay of treatment in days, effect of a day on the logit) → chance of admission."""
Length = Callable[[Rows, Floats], Floats]
"""(episodes, days treated earlier than in usual care) → days of illness."""


@dataclass(frozen=True, slots=True)
class Arms:
    """(P, indicators) in the order of `INDICATORS`, and how the alerts were handled.

    usual, monitored  counts of each patient over its years
    years (P,)        exposed, after the learning period
    review_hours (n,) from alert to review, of all clinical alerts; red_review_hours of red ones
    false_calls (P,), false_gp (P,), false_minutes (P,)  what false alerts alone cost
    """

    usual: Floats
    monitored: Floats
    years: Floats
    review_hours: Floats
    red_review_hours: Floats
    false_calls: Floats
    false_gp: Floats
    false_minutes: Floats


def next_review(t: Floats, red: Bools) -> Floats:
    """When alerts at `t` (n,) are looked at, local days: ten o'clock on a monitoring weekday.

    >>> monday = 4.0  # 5 January 1970
    >>> next_review(monday + np.array([0.3, 0.5, 4.9]), np.zeros(3, dtype=bool)).round(3).tolist()
    [4.417, 6.417, 11.417]
    >>> next_review(monday + np.array([0.5, 4.9]), np.ones(2, dtype=bool)).round(3).tolist()
    [5.417, 11.417]
    """
    ten = REVIEW_HOUR / 24
    first: Ints = np.ceil(t - ten).astype(np.int64)
    wait_yellow, wait_red = (_wait(first, days) for days in (REVIEW_WEEKDAYS, range(5)))
    return np.asarray(first + np.where(red, wait_red, wait_yellow) + ten)


def _wait(day: Ints, weekdays: "tuple[int, ...] | range") -> Ints:
    """Days until the next of these weekdays, 0 on one of them."""
    until = np.array([min((one - now) % 7 for one in weekdays) for now in range(7)])
    waited: Ints = until[weekday(day)]
    return waited


def arms(
    truth: Rows,
    alerts: Alerts,
    watched: Watched,
    chance: Chance,
    length: Length,
    *,
    per_day: float,
    minutes: Mapping[str, float],
    false: Bools | None = None,
) -> Arms:
    """Both arms of P patients. `truth` has the simulator's columns (delay_days, length_days,
    bed_days, u_admission, u_contact); `false` (alerts,) as judged, for the adverse part."""
    begin, last = watched.first + LEARNING_DAYS, watched.last
    rows = truth[np.isin(truth["kind"], EPISODES)]
    who = rows["patient"]
    rows = rows[(rows["t_index"] >= begin[who]) & (rows["t_index"] <= last[who])]
    who = np.asarray(rows["patient"], dtype=np.int64)
    counts = (alerts["t"] >= begin[alerts["patient"]]) & (alerts["t"] <= last[alerts["patient"]])
    about = clinical(alerts) & counts
    reviewed = next_review(alerts["t"], alerts["colour"] == Colour.RED)
    treated_t, reached = _treated(rows, alerts[about], reviewed[about])
    patients = watched.patients
    usual = _outcome(
        rows, who, rows["t_index"], rows["reported"], patients, chance, length, per_day
    )
    monitored = _outcome(
        rows, who, treated_t, rows["reported"] | reached, patients, chance, length, per_day
    )
    _work(monitored, alerts[counts], minutes)
    wrong = np.zeros(len(alerts), dtype=np.bool_) if false is None else false
    extra = np.zeros((patients, len(INDICATORS)))
    _work(extra, alerts[counts & wrong], minutes)
    waited = (reviewed - alerts["t"])[about] * 24
    column = dict(zip(INDICATORS, extra.T, strict=True))
    return Arms(
        usual=usual,
        monitored=monitored,
        years=np.maximum(last - begin, 0) / 365.25,
        review_hours=waited,
        red_review_hours=waited[alerts["colour"][about] == Colour.RED],
        false_calls=column["nurse_calls"],
        false_gp=column["gp_contacts"],
        false_minutes=column["minutes"],
    )


def _treated(rows: Rows, alerts: Alerts, reviewed: Floats) -> tuple[Floats, Bools]:
    """When each episode is treated with monitoring, and whether that is owed to an alert."""
    start = np.where(rows["kind"] == "copd", rows["t0"] - COPD_DAYS, rows["t_index"] - HF_DAYS)
    order = np.argsort(alerts["patient"], kind="stable")
    i, j = spans.pairs(rows["patient"], alerts["patient"][order])
    t, seen = alerts["t"][order][j], reviewed[order][j]
    inside = (t >= start[i]) & (t <= rows["t_index"][i])
    first = np.full(len(rows), np.inf)
    np.minimum.at(first, i[inside], seen[inside])
    called = np.maximum(first, rows["t0"])
    helped = (called < rows["t_index"]) & (rows["u_contact"] < CONTACT)
    return np.where(helped, called, rows["t_index"]), helped


def _outcome(
    rows: Rows,
    who: Ints,
    treated_t: Floats,
    known: Bools,
    patients: int,
    chance: Chance,
    length: Length,
    per_day: float,
) -> Floats:
    """(P, indicators): what the episodes come to when treated then; `known`: to the clinic."""
    earlier = rows["t_index"] - treated_t
    admitted = rows["u_admission"] < chance(rows, rows["delay_days"] - earlier, per_day)
    known = known | admitted
    values = {
        "admissions": admitted,
        "bed_days": np.where(admitted, rows["bed_days"], 0.0),
        "emergency_visits": ~admitted & rows["reported"] & (rows["severity"] >= SEVERE),
        "gp_contacts": known & ~admitted,
        "episode_days": length(rows, earlier),
        "treated": known,
    }
    made = np.zeros((patients, len(INDICATORS)))
    for name, value in values.items():
        np.add.at(made[:, INDICATORS.index(name)], who, np.asarray(value, dtype=np.float64))
    return made


def _work(made: Floats, alerts: Alerts, minutes: Mapping[str, float]) -> None:
    """Adds what alerts cost: calls, contacts with the general practitioner, minutes."""
    who, colour = alerts["patient"], alerts["colour"]
    red, yellow = colour == Colour.RED, colour == Colour.YELLOW
    spent = np.select(
        [red, yellow, colour == Colour.BLUE],
        [minutes[one] for one in ("red", "yellow", "blue")],
        0.0,
    )
    np.add.at(made[:, INDICATORS.index("nurse_calls")], who, (red | yellow) * 1.0)
    np.add.at(made[:, INDICATORS.index("gp_contacts")], who, red * GP_PER_RED)
    np.add.at(made[:, INDICATORS.index("minutes")], who, spent)
