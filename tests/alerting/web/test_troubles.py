"""What is not well: every check has its sentence in both languages, and none hides a graver one."""

from typing import Any, get_args

import pytest

from alerting.liveness import Check, Liveness, Name
from alerting.web.troubles import last_news_ms, troubles_of
from alerting.web.words import Words
from tests.alerting.api.scene import NOW_MS


def live(*names: Name, value: Any = None, unit: str = "s") -> Liveness:
    """Everything is well but these."""
    return Liveness(
        NOW_MS,
        [
            Check(name, name not in names, value if name in names else 1.0, 1.0, unit, "told")
            for name in get_args(Name)
        ],
    )


@pytest.mark.parametrize("name", get_args(Name))
@pytest.mark.parametrize("lang", ["da", "en"])
def test_every_check_has_a_sentence_with_and_without_its_time(lang: Any, name: Name) -> None:
    words = Words(lang, NOW_MS, None)
    (bare,) = troubles_of(live(name), words)
    (since,) = troubles_of(live(name, value=600.0), words)
    assert bare
    if name not in ("disk", "citizens"):
        assert ("siden kl. 11.50" if lang == "da" else "since 11:50") in since


def test_all_well_says_nothing() -> None:
    assert troubles_of(live(), Words("da", NOW_MS, None)) == []


def test_what_follows_from_another_is_not_told_twice() -> None:
    words = Words("da", NOW_MS, None)
    assert len(troubles_of(live("ingest", "broker"), words)) == 1
    assert len(troubles_of(live("broker"), words)) == 1
    assert len(troubles_of(live("evaluator", "unjudged", "record-store"), words)) == 2


def test_silence_is_told_in_minutes_and_is_the_last_news() -> None:
    quiet = live("silence", value=150.0, unit="min")
    (told,) = troubles_of(quiet, Words("da", NOW_MS, None))
    assert told == "Ingen målinger er modtaget siden kl. 09.30, selv om de skulle være kommet."
    assert last_news_ms(quiet) == NOW_MS - 150 * 60_000
    days = live("silence", value=3 * 1440.0, unit="min")
    assert "15. feb. kl. 12.00" in troubles_of(days, Words("da", NOW_MS, None))[0]
