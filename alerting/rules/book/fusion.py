"""All signals and answers together: the log-likelihood CUSUMs R22 and R23 (P9)."""

from collections.abc import Callable
from typing import Final

import numpy as np

from alerting.rules import memory
from alerting.rules.arrays import Bools
from alerting.rules.book.sides import CLEAR
from alerting.rules.memory import COPD_CHART, HEART_CHART, Chart
from alerting.rules.primitives import grade
from alerting.rules.profile import Profile
from alerting.rules.rule import Condition, Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_SHIFT: Final = "tuned: from the onset values (reference section 3.5), less for what comes together"
_YELLOW: Final = (3.2, 3.0)
_RED: Final = (8.0, 7.0)
_BACKS: Final = (8.0, 6.0)
_HEIGHT: Final = (
    "mean time between false alarms of independent readings is at least e^h (reference P9); tuned"
)


def _fused(place: int, chart: Chart, who: Callable[[Profile], Bools]) -> Condition:
    def fused(s: Sitting, params: Params) -> Verdict:
        """The CUSUM after this sitting. It was fed by `memory` with each signal's first accepted
        reading of the day (where a baseline is valid) and the day's first answers."""
        total, yes = s.state.llr[:, place].astype(np.float64), s.yes
        looks, judges = memory.feeds(s, chart)
        asked = looks & who(s.profile)
        return Verdict(
            asked=asked,
            ran=asked & judges,
            level=grade(total >= params["yellow"], total >= params["red"]),
            clear=total <= params["off"],
            value=total,
            limit_yellow=params["yellow"],
            limit_red=params["red"],
            extra=lambda: np.add.reduce(yes, axis=1, dtype=np.float64),
        )

    return fused


def has_copd(profile: Profile) -> Bools:
    """Whose COPD is followed."""
    return profile.copd


def has_heart_failure(profile: Profile) -> Bools:
    """Whose heart failure is followed."""
    return profile.heart_failure


def _row(place: int, chart: Chart, applies: Callable[[Profile], Bools], **named: str) -> Rule:
    shifts = {f"shift_{signal}": shift for signal, shift in chart.shifts.items()}
    return Rule(
        id=named["id"],
        slug=named["slug"],
        name_da=named["name_da"],
        name_en=named["name_en"],
        text_da=(
            "Målinger og svar peger samlet på forværring: {value:.1f} ({colour} grænse "
            "{limit:.0f}); symptomer den dag: {extra:.0f}."
        ),
        text_en=(
            "Measurements and answers together point to deterioration: {value:.1f} ({colour} limit "
            "{limit:.0f}); symptoms that day: {extra:.0f}."
        ),
        family="fusion",
        home="copd" if place == 0 else "heart-failure",
        signals=tuple(chart.shifts),
        condition=_fused(place, chart, applies),
        params=numbers(
            yellow=_YELLOW[place], red=_RED[place], off=0.5, adaptive=0.2, backs=_BACKS[place],
            well=1.0, clip_sd=3.0,
            share_yes=0.55, usual_least=0.005, usual_half_life=60.0, least=-3.0, most=6.5, **shifts,
        ),
        sources=texts(
            yellow=_HEIGHT,
            red="C: three more: a likelihood twenty times higher",
            off="C: a fifth of yellow at most",
            adaptive="C: any evidence at all on a day measured (reference section 0)",
            backs="tuned: height from which the finding of a rule that does not speak is an alert",
            well="C: below it the answers teach what is usual; an illness must not",
            clip_sd="C: one reading cannot decide alone",
            share_yes="tuned: between 35 % (reference P9) and the 75 % of a peak (section 3.5)",
            usual_least="C: nobody is so well that one yes proves anything",
            usual_half_life="C: two months; in COPD symptoms differ more between people than "
            "between days (intraclass 0.36, Burton 2015)",
            least="C: a whole questionnaire of no says no more",
            most="C: a whole questionnaire of yes says no more",
            n_off=CLEAR,
            **dict.fromkeys(shifts, _SHIFT),
        ),
        evidence=texts(
            value="log-likelihood ratio", limit="height that counts", extra="symptoms told that day"
        ),
        speaks=1,
        red_alone=True,
        applies=applies,
        per_week_min=1.0,
        lookback_days=14.0,
    )  # fmt: skip


ROWS: Final = (
    _row(
        0, COPD_CHART, has_copd,
        id="R22", slug="llr-copd",
        name_da="Tegn på KOL-forværring", name_en="Signs of COPD exacerbation",
    ),
    _row(
        1, HEART_CHART, has_heart_failure,
        id="R23", slug="llr-heart-failure",
        name_da="Tegn på forværret hjertesvigt", name_en="Signs of worsening heart failure",
    ),
)  # fmt: skip
