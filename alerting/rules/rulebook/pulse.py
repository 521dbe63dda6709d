"""Rows of the rulebook: pulse."""

from typing import Final

from alerting.rules.colour import Colour
from alerting.rules.conditions import pulse
from alerting.rules.rule import Rule
from alerting.rules.rulebook import sources
from alerting.rules.rulebook.sources import numbers, texts

ROWS: Final[tuple[Rule, ...]] = (
    Rule(
        id="R06",
        slug="pulse-abs",
        name_da="Puls uden for grænserne",
        name_en="Pulse outside limits",
        text_da="Puls {value:.0f}/min (nærmeste {colour}e grænse {limit:.0f}/min).",
        text_en="Pulse {value:.0f}/min (nearest {colour} limit {limit:.0f}/min).",
        family="pulse",
        home="general",
        signals=("pulse",),
        condition=pulse.pulse_abs,
        params=numbers(
            low_red=40.0,
            low_yellow=49.0,
            low_yellow_beta_blocker=45.0,
            high_yellow=111.0,
            high_yellow_atrial_fibrillation=111.0,
            high_red=131.0,
            off=5.0,
        ),
        sources=texts(
            low_red=sources.NEWS2_PULSE,
            low_yellow="C: one below the NEWS2 band's edge of 50 (RCP 2017)",
            low_yellow_beta_blocker="C: a beta-blocker or pacemaker lowers the usual pulse",
            high_yellow=sources.NEWS2_PULSE,
            high_yellow_atrial_fibrillation="lenient rate control aims below 110 /min (RACE II), "
            "from memory; to be checked",
            high_red=sources.NEWS2_PULSE,
            off="C: about one day-to-day sd (5 /min, Hurst 2010)",
            k=sources.CONFIRMED,
            n=sources.CONFIRMED,
            n_off=sources.CLEAR,
        ),
        evidence=texts(value="pulse, /min", limit="nearest personal limit, /min"),
        k=2,
        n=3,
        confirmed=(Colour.RED,),
        red_alone=True,
        lookback_days=7.0,
    ),
)  # fmt: skip
