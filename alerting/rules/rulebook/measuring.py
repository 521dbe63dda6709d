"""Rows of the rulebook: measuring."""

from typing import Final

from alerting.rules.conditions import measuring
from alerting.rules.rule import Rule
from alerting.rules.rulebook.sources import numbers, texts
from alerting.rules.signals import SIGNALS

ROWS: Final[tuple[Rule, ...]] = (
    Rule(
        id="R24",
        slug="missing",
        name_da="Manglende måling",
        name_en="Missing measurement",
        text_da="Aftalte måledage i træk uden måling: {extra:.0f}.",
        text_en="Planned days in a row without a measurement: {extra:.0f}.",
        family="missing",
        home="missing",
        signals=(),
        condition=measuring.missing,
        params=numbers(grace_days=1.0, blue=1.0, yellow=2.0, call=3.0),
        sources=texts(
            grace_days="C: a reminder first, a colour a day after the due time",
            blue="C: Danish practice marks a missing measurement blue (OpenTele)",
            yellow="C: a task after two misses",
            call="C: silence for three due days asks for a phone call",
        ),
        evidence=texts(value="due days missed in a row", extra="due days missed in a row"),
        n_off=0,
        lookback_days=21.0,
        urgent_da="Ring til borgeren.",
        urgent_en="Telephone the citizen.",
    ),
    Rule(
        id="T01",
        slug="quality",
        name_da="Usikker måling",
        name_en="Doubtful measurement",
        text_da="{signal} {value:.1f} {unit} ser forkert ud; bed borgeren om at måle igen.",
        text_en="{signal} {value:.1f} {unit} looks wrong; ask the citizen to measure again.",
        family="quality",
        home="technical",
        signals=tuple(signal.alias for signal in SIGNALS),
        condition=measuring.quality,
        params=numbers(jump_kg=10.0, jump_percent=20.0, agree_kg=3.0),
        sources=texts(
            jump_kg="C: another person on the scale",
            jump_percent="C: another person on the scale",
            agree_kg="C: within R14's red excess, so the same person twice",
        ),
        evidence=texts(value="the refused value", extra="its column in SIGNALS"),
        n_off=0,
        lookback_days=30.0,
    ),
)  # fmt: skip
