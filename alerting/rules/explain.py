"""One sentence that a nurse understands, from a rule's row and its evidence."""

import math
from collections.abc import Mapping
from typing import Final

from alerting.rules.colour import Colour
from alerting.rules.rule import Rule

_LIMIT_WORDS: Final = {
    "da": {False: "gul", True: "rød"},
    "en": {False: "yellow", True: "red"},
}
_UNABLE: Final = {
    "da": "{name}: kan ikke vurderes, der er for få data.",
    "en": "{name}: cannot be assessed, there are too few data.",
}
_CLEAR: Final = {
    "da": "{name}: ingen afvigelse.",
    "en": "{name}: no deviation.",
}
_ABSENT: Final = "–"  # noqa: RUF001  an en dash is what Danish tables print


class _Danish(float):
    """A number that formats with a decimal comma."""

    def __format__(self, spec: str) -> str:
        return _ABSENT if math.isnan(self) else super().__format__(spec).replace(".", ",")


class _English(float):
    """A number that formats with a decimal point."""

    def __format__(self, spec: str) -> str:
        return _ABSENT if math.isnan(self) else super().__format__(spec)


def explain(rule: Rule, evidence: Mapping[str, float], colour: Colour, lang: str) -> str:
    """The rule's sentence in `lang` ("da" or "en"), with the evidence of one finding.

    `evidence` is what `Findings.evidence` gives. INSUFFICIENT and GREEN say so and show
    no number. Raises KeyError for another language.

    >>> from alerting.rules import RULEBOOK
    >>> found = {"value": 82.3, "extra": 2.5, "limit": 2.0}
    >>> explain(RULEBOOK["R11"], found, Colour.YELLOW, "da")
    'Vægt 82,3 kg, ændring +2,5 kg på højst 3 dage (gul grænse: mere end 2,0 kg).'
    """
    danish = lang == "da"
    name = rule.name_da if danish else rule.name_en
    if colour == Colour.INSUFFICIENT:
        return _UNABLE[lang].format(name=name)
    if colour == Colour.GREEN:
        own = rule.clear_da if danish else rule.clear_en
        return own or _CLEAR[lang].format(name=name)
    number = _Danish if danish else _English
    fields: dict[str, str | float] = {key: number(value) for key, value in rule.params.items()}
    fields |= {key: number("nan") for key in rule.evidence}
    fields.update((key, number(value)) for key, value in evidence.items())
    fields["colour"] = _LIMIT_WORDS[lang][colour == Colour.RED]
    if rule.words is not None:
        fields.update(rule.words(evidence, lang))
    extra = evidence.get("extra", math.nan)
    text = (rule.text_da if danish else rule.text_en).format_map(fields)
    urgent = rule.urgent_da if danish else rule.urgent_en
    return f"{text} {urgent}" if urgent and extra >= rule.params["call"] else text
