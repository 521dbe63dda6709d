"""Weight that falls: R15."""

from typing import Final

import numpy as np

from alerting.rules import memory
from alerting.rules.book.sides import CLEAR, GRAMS, WEIGHT
from alerting.rules.primitives import grade, window_fall
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict


def weight_loss(s: Sitting, params: Params) -> Verdict:
    """R15. Weight below the highest of the last days by some kg, or the slow average below what it
    was a month ago by some per cent (both inclusive).

    Muted for some days after a change of diuretic, when a loss is what is wanted: the rule is then
    not asked. GREEN needs either of the two.
    """
    window = int(params["window_days"])
    fall, found = window_fall(s.grams, s.weights_back, window)
    slow, before = memory.month_ago(s.state, s.day)
    percent = 100.0 * (slow - before) / before
    since = s.t - s.profile.diuretic_changed_t
    muted = (since >= 0.0) & (since < params["mute_days"])
    asked = (s.grams > 0) & ~muted
    quick = found & (fall >= params["yellow"] * GRAMS)
    month = percent <= -params["percent"]
    return Verdict(
        asked=asked,
        ran=asked & (found | ~np.isnan(percent)),
        level=grade(quick | month),
        clear=(~found | (fall <= params["off"] * GRAMS)) & ~(percent <= -params["off_percent"]),
        value=s.x[:, WEIGHT],
        limit_yellow=lambda: np.where(
            month & ~quick, before * (1.0 - params["percent"] / 100.0), np.nan
        ),
        limit_red=np.nan,
        extra=lambda: np.where(quick | ~month, -fall / GRAMS, slow - before),
    )


ROWS: Final = (
    Rule(
        id="R15",
        slug="weight-loss",
        name_da="Vægttab",
        name_en="Weight loss",
        text_da="Vægt {value:.1f} kg, ændring {extra:+.1f} kg.",
        text_en="Weight {value:.1f} kg, change {extra:+.1f} kg.",
        family="fluid",
        home="general",
        signals=("weight",),
        condition=weight_loss,
        params=numbers(
            window_days=3.0, yellow=2.0, percent=5.0, off=1.0, off_percent=3.0, mute_days=7.0
        ),
        sources=texts(
            window_days="C: as R11",
            yellow="two kg in three days: over-diuresis, from memory; to be checked",
            percent="unintended loss of five per cent: cachexia, from memory; to be checked",
            off="C: half of yellow",
            off_percent="C: more than half of yellow",
            mute_days="C: the loss that a higher dose is given for (0.8 kg a day for some days)",
            n_off=CLEAR,
        ),
        evidence=texts(
            value="weight, kg",
            limit="weight that counts against a month ago, kg",
            extra="change, kg",
        ),
        per_week_min=2.0,
        lookback_days=63.0,
    ),
)  # fmt: skip
