"""A Danish nurse reads in Danish what the numbers behind an alert mean."""

import pytest

from alerting.rules import RULEBOOK
from alerting.rules.rule import Rule
from alerting.rules.rulebook import RULES
from alerting.web.meanings import MEANINGS_DA, NOT_SHOWN
from alerting.web.words import Words
from tests.alerting.api.scene import NOW_MS

SHOWN = ("value", "limit", "extra")


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_every_number_that_is_shown_has_danish_words(rule: Rule) -> None:
    meanings = {rule.evidence[key] for key in SHOWN if key in rule.evidence} - NOT_SHOWN
    assert meanings <= MEANINGS_DA.keys()


def test_no_words_without_a_rule() -> None:
    said = {meaning for rule in RULES for meaning in rule.evidence.values()}
    assert said >= MEANINGS_DA.keys() | NOT_SHOWN


def test_each_language_has_its_own() -> None:
    danish, english = (Words(lang, NOW_MS, RULEBOOK) for lang in ("da", "en"))
    assert danish.stands_for("gain, kg") == "stigning, kg"
    assert english.stands_for("gain, kg") == "gain, kg"
    assert danish.stands_for("of a rule of elsewhere") == "of a rule of elsewhere"
