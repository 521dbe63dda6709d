"""Both languages say the same things, and every text that a template asks for exists."""

import re
import string
from pathlib import Path
from typing import Any, get_args

import pytest

from alerting.alert import AlertEvent, EvidenceValue
from alerting.alert_store.sqlite import DEEDS
from alerting.lifecycle import OUTCOMES
from alerting.reconcile import REASONS
from alerting.rules import RULEBOOK
from alerting.situation import COLOURS
from alerting.web import render
from alerting.web.texts import LANGS, TEXTS, say
from alerting.web.times import age, exact, human, number
from alerting.web.words import Words
from fhir_mapping.enrolled import FactKind
from tests.alerting.api.scene import DAY_MS, HOUR_MS, NOW_MS

WEB = Path(render.__file__).parent


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts_with_the_same_fields() -> None:
    danish, english = TEXTS["da"], TEXTS["en"]
    assert danish.keys() == english.keys()
    for key, text in danish.items():
        assert text.strip()
        assert english[key].strip()
        assert fields(text) == fields(english[key]), key


def test_every_text_that_is_asked_for_exists_and_every_text_is_asked_for() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (*WEB.glob("*.py"), *WEB.glob("templates/*"))
        if not path.name.startswith("texts")
    )
    asked = set(re.findall(r"""words\(\s*["']([a-z0-9-]+)["']\s*[,)]""", sources))
    assert asked - {"key"} <= TEXTS["da"].keys()
    said = set(re.findall(r"""["']([a-z0-9-]+)["']""", sources)) | asked
    made = (
        "section-",
        "trouble-",
        "contacted-",
        "trend-",
        "acknowledge-",
        "start-",
        "did-",
        "state-",
        "said-",
        "evidence-",
        "error-",
        "limits-",
        "about-",
        "why-",
    )
    kinds = ("change-", "fact-", "outcome-")
    inside = {"minutes-ago", "hour-ago"}
    colours = {*COLOURS, *(f"{colour}-{said}" for colour in COLOURS for said in ("is", "means"))}
    conditions = {"copd", "heart-failure", "both", *get_args(FactKind)}
    unused = TEXTS["da"].keys() - said - colours - conditions - inside
    assert {key for key in unused if not key.startswith(made + kinds)} == set()


@pytest.mark.parametrize("lang", LANGS)
def test_every_outcome_and_colour_has_words(lang: Any) -> None:
    for reason in REASONS:
        assert say(lang, f"why-{reason}")
    for key in (*(f"said-{said}" for said in render.SAID), *COLOURS):
        assert say(lang, key)
    for outcome in OUTCOMES:
        assert say(lang, f"outcome-{outcome}")
    for what in DEEDS.values():
        event = AlertEvent(1, "a", NOW_MS, "Mette", what, "")
        assert Words(lang, NOW_MS, rulebook=RULEBOOK).deed(event) == say(lang, f"did-{what}")


@pytest.mark.parametrize(
    ("back_ms", "danish", "english"),
    [
        (10_000, "lige nu", "just now"),
        (5 * 60_000, "for 5 min. siden", "5 min ago"),
        (HOUR_MS, "for 1 time siden", "1 hour ago"),
        (2 * HOUR_MS + 1, "for 2 timer siden", "2 hours ago"),
        (7 * HOUR_MS, "i dag 05.00", "today 05:00"),
        (13 * HOUR_MS, "i går 23.00", "yesterday 23:00"),
        (3 * DAY_MS, "søndag 12.00", "Sunday 12:00"),
        (9 * DAY_MS, "9. feb. 12.00", "9 Feb 12:00"),
        (60 * DAY_MS, "20. dec. 2025 12.00", "20 Dec 2025 12:00"),
        (-2 * HOUR_MS, "i dag 14.00", "today 14:00"),
        (-3 * DAY_MS, "21. feb. 12.00", "21 Feb 12:00"),
    ],
)
def test_times_are_told_as_one_says_them(back_ms: int, danish: str, english: str) -> None:
    assert human(NOW_MS - back_ms, NOW_MS, "da") == danish
    assert human(NOW_MS - back_ms, NOW_MS, "en") == english


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("00001234", "00 00 12 34"),
        ("+4500451111", "00 45 11 11"),
        ("+45 00 45 11 11", "00 45 11 11"),
        ("+46 8 123 456", "+46 8 123 456"),
        ("112", "112"),
        ("004500001234", "004500001234"),
        ("ring til datter", "ring til datter"),
    ],
)
def test_a_telephone_number_keeps_all_its_digits(number: str, told: str) -> None:
    assert Words("da", 0, None).phone(number) == told


def test_clock_times_follow_the_danish_summer() -> None:
    assert exact(1_784_448_000_000, "da") == "søndag 19. juli 2026 10.00"
    assert number(-0.04, 1, "da") == "0,0"
    assert age.__doc__


@pytest.mark.parametrize(
    ("said", "danish", "english"),
    [
        ("yes/no/yes/no", "Symptomer: Åndenød, Mere slim", "Symptoms: Breathlessness, More sputum"),
        ("no/no//", "Symptomer: intet er værre", "Symptoms: nothing is worse"),
    ],
)
def test_answers_are_told_as_symptoms(said: str, danish: str, english: str) -> None:
    value = EvidenceValue("0198c0de", "symptoms_copd_1", said, "", 0)
    assert Words("da", 0, rulebook=RULEBOOK).measured(value) == danish
    assert Words("en", 0, rulebook=RULEBOOK).measured(value) == english
    assert (
        Words("da", 0, rulebook=RULEBOOK).address(value) == "/fhir/QuestionnaireResponse/0198c0de"
    )
    measured = EvidenceValue("0198c0de", "spo2", "93", "%", 0)
    assert Words("da", 0, rulebook=RULEBOOK).address(measured) == "/fhir/Observation/0198c0de"
