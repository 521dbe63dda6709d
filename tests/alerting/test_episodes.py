"""From events to episodes: findings are added to one alert; its sentence leads with the worst."""

from typing import Any

import msgspec
import numpy as np

from alerting.alert import Episode, Finding
from alerting.engine import Change, Event, Turn
from alerting.episodes import TOGETHER_DA, TOGETHER_EN, Story
from alerting.explanation import SEVERITY_OF
from alerting.local_time import utc_ms
from alerting.rules import HYPOTHESES, RULEBOOK, RULES, Colour, rule_index
from tests.alerting.api.scene import found

HOME = np.array([HYPOTHESES.index(rule.home) for rule in RULES])
HEART = HYPOTHESES.index("heart-failure")


def change(rule: str, colour: Colour, t: float) -> Change:
    return Change(0, rule_index(rule), colour, t, t, {})


def turn(colour: Colour, t: float, hypothesis: int = 0, called: bool = False) -> Turn:
    return Turn(0, hypothesis, colour, t, called)


def explain(worst: Change, onset_ms: int, cleared_ms: int | None) -> Finding:
    rule = RULES[worst.rule].id
    facts: dict[str, Any] = {
        "onset_ms": onset_ms, "raised_ms": utc_ms(worst.t), "cleared_ms": cleared_ms,
        "text_da": f"{rule} da.", "text_en": f"{rule} en.",
    }  # fmt: skip
    return found(rule, SEVERITY_OF[worst.colour], 0, **facts)


def told(*events: Event, standing: Any = ()) -> list[Episode]:
    story = Story("c1", HOME, RULEBOOK, standing)
    for event in events:
        story.tell(event)
    return [now for _, now in story.episodes(explain)]


STORY = (
    change("R03", Colour.YELLOW, 5.0), turn(Colour.YELLOW, 5.0, called=True),
    change("R01", Colour.RED, 6.0), turn(Colour.RED, 6.0, called=True),
    change("R03", Colour.GREEN, 8.0),
    change("R04", Colour.YELLOW, 8.0),
    change("R01", Colour.GREEN, 9.0),
    change("R04", Colour.GREEN, 9.5), turn(Colour.GREEN, 9.5),
)  # fmt: skip


def test_later_hits_are_added_to_the_one_alert() -> None:
    (episode,) = told(*STORY)
    assert (episode.hypothesis, episode.severity) == ("copd", "red")
    assert [one.rule for one in episode.findings] == ["R01", "R04", "R03"], "worst, then newest"
    assert (episode.onset_ms, episode.raised_ms, episode.called_ms, episode.cleared_ms) == tuple(
        utc_ms(t) for t in (5.0, 6.0, 6.0, 9.5)
    )
    assert (episode.text_da, episode.text_en) == ("R01 da.", "R01 en.")
    assert [one.cleared_ms for one in episode.findings] == [utc_ms(t) for t in (9.0, 9.5, 8.0)]


def test_it_does_not_matter_where_the_telling_is_interrupted() -> None:
    (whole,) = told(*STORY)
    moments = [cut for cut in range(1, len(STORY)) if STORY[cut].t > STORY[cut - 1].t]
    assert len(moments) == 4
    for cut in moments:
        before = told(*STORY[:cut])
        assert told(*STORY[cut:], standing=before) == [whole]


def test_what_still_holds_comes_before_what_is_over() -> None:
    (episode,) = told(
        change("R03", Colour.YELLOW, 5.0),
        turn(Colour.YELLOW, 5.0),
        change("R04", Colour.YELLOW, 6.0),
        change("R04", Colour.GREEN, 7.0),
    )
    assert [one.rule for one in episode.findings] == ["R03", "R04"]
    assert episode.text_en == "R03 en."


def test_a_rule_that_comes_again_is_a_finding_of_its_own() -> None:
    (episode,) = told(
        *STORY[:4], change("R03", Colour.GREEN, 7.0), change("R03", Colour.YELLOW, 8.0)
    )
    assert [(one.rule, one.onset_ms) for one in episode.findings] == [
        ("R01", utc_ms(6.0)), ("R03", utc_ms(8.0)), ("R03", utc_ms(5.0)),
    ]  # fmt: skip


def test_a_red_of_several_signs_names_two_of_different_kinds() -> None:
    """No rule is red alone: the sentence must say why the alert is."""
    (episode,) = told(
        change("R03", Colour.YELLOW, 5.0),
        turn(Colour.YELLOW, 5.0),
        change("R04", Colour.YELLOW, 6.0),
        change("R09", Colour.YELLOW, 6.0),
        turn(Colour.RED, 6.0),
    )
    assert episode.text_da == f"{TOGETHER_DA} R04 da. R09 da."
    (alone,) = told(change("R03", Colour.YELLOW, 5.0), turn(Colour.RED, 5.0))
    assert alone.text_en == f"{TOGETHER_EN} R03 en."


def test_hypotheses_are_episodes_of_their_own_and_end_by_themselves() -> None:
    first, second = told(
        change("R03", Colour.YELLOW, 5.0),
        change("R11", Colour.YELLOW, 5.0),
        turn(Colour.YELLOW, 5.0),
        turn(Colour.YELLOW, 5.0, HEART),
        change("R03", Colour.GREEN, 7.0),
        turn(Colour.GREEN, 7.0),
    )
    assert (first.hypothesis, first.cleared_ms) == ("copd", utc_ms(7.0))
    assert (second.hypothesis, second.cleared_ms) == ("heart-failure", None)
    again = told(change("R03", Colour.YELLOW, 9.0), turn(Colour.YELLOW, 9.0), standing=[second])
    assert [episode.hypothesis for episode in again] == ["heart-failure", "copd"]
    assert msgspec.structs.replace(again[0]) == second, "what is not told of stays as it was"


def test_what_a_rule_finds_before_its_hypothesis_speaks_waits() -> None:
    quiet = Story("c1", HOME, rulebook=RULEBOOK)
    for event in (
        change("R03", Colour.YELLOW, 5.0),
        change("R04", Colour.YELLOW, 5.0),
        change("R04", Colour.GREEN, 6.0),
    ):
        quiet.tell(event)
    assert quiet.episodes(explain) == [], "there is no alert"
    assert [RULES[run.worst.rule].id for run in quiet.quiet()] == ["R03"], "R04 is over"
    later = Story("c1", HOME, RULEBOOK, (), quiet.quiet())
    later.tell(change("R01", Colour.RED, 7.0))
    later.tell(turn(Colour.RED, 7.0))
    ((_, episode),) = later.episodes(explain)
    assert [(one.rule, one.onset_ms) for one in episode.findings] == [
        ("R01", utc_ms(7.0)), ("R03", utc_ms(5.0)),
    ]  # fmt: skip
    assert (episode.onset_ms, episode.raised_ms) == (utc_ms(5.0), utc_ms(7.0))
    assert later.quiet() == []
