"""What the citizen answers: R21."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from alerting.rules.arrays import Bools, packed
from alerting.rules.book.sides import RED, candidate
from alerting.rules.colour import Colour
from alerting.rules.items import ITEMS, SEVERE, YES, item_index
from alerting.rules.primitives import grade
from alerting.rules.profile import Profile
from alerting.rules.rule import Params, Rule, numbers, texts
from alerting.rules.sitting import Sitting, Verdict

_TREE: Final = "OpenTele, questionnaire RN KOL; majors of Anthonisen 1987"
_HEART: Final = "ESC signs of congestion; dyspnoea HR 5.9 to 9.6 (Howie-Esquivel 2019)"
_TWO_DAYS: Final = (
    "C: symptoms of two answers make an exacerbation (London diary: two consecutive days); a day "
    "alone is a bad day as often (Burton 2015, J Telemed Telecare 21:29)"
)
_DYSPNOEA, _COUGH, _SPUTUM, _COLOUR, _OEDEMA, _ORTHOPNOEA = (
    item_index(alias)
    for alias in ("dyspnoea", "cough", "sputum", "sputum_colour", "oedema", "orthopnoea")
)
_SEVERE: Final = [item_index(alias) for alias in SEVERE]


def symptom(s: Sitting, params: Params) -> Verdict:
    """R21. What is answered yes in this sitting.

    COPD: dyspnoea, cough or sputum is yellow; dyspnoea with one of the others, cough with sputum,
    or more sputum that is coloured is red. Heart failure: dyspnoea or oedema is yellow; orthopnoea,
    or both, is red. Chest pain or fainting is red at once, unconfirmed, and says to ring 112. While
    a course of prednisolone or antibiotics runs (follow-up), every colour but that is one lower.
    GREEN is a no to all that was asked.
    """
    yes = s.answers == YES
    asked: Bools = np.logical_or.reduce(s.answered, axis=1)
    of_lungs, of_heart = s.profile.once(_heard)
    dyspnoea, cough = yes[:, _DYSPNOEA], yes[:, _COUGH]
    sputum, colour = yes[:, _SPUTUM], yes[:, _COLOUR]
    oedema, orthopnoea = yes[:, _OEDEMA], yes[:, _ORTHOPNOEA]
    lungs = of_lungs & (dyspnoea | cough | sputum | colour)
    lungs_red = of_lungs & (
        (dyspnoea & (cough | sputum | colour)) | (cough & sputum) | (sputum & colour)
    )
    heart = of_heart & (dyspnoea | oedema | orthopnoea)
    heart_red = of_heart & (orthopnoea | (dyspnoea & oedema))
    red = lungs_red | heart_red
    yellow = lungs | heart | red
    followed = s.profile.treated
    severe: Bools = np.any(yes[:, _SEVERE], axis=1)
    level = grade(red | (yellow & ~followed), (red & ~followed) | severe)
    return Verdict(
        asked=asked,
        ran=asked,
        level=level,
        clear=~yes.any(axis=1),
        value=lambda: yes.sum(axis=1, dtype=np.float64),
        limit_yellow=params["yellow"],
        limit_red=params["red"],
        extra=lambda: packed(yes).astype(np.float64),
        at_once=np.maximum(severe * RED, candidate(level)),
    )


def _heard(profile: Profile) -> tuple[Bools, Bools]:
    """Whose symptoms of the lungs count, and of the heart: both, where neither is followed."""
    return profile.copd | ~profile.heart_failure, profile.heart_failure | ~profile.copd


def asks(profile: Profile) -> Bools:
    """Who is asked about symptoms."""
    return profile.symptoms_asked


def said(evidence: Mapping[str, float], lang: str) -> dict[str, str]:
    """The symptoms in words, and what to do about the severe ones."""
    bits = 0 if np.isnan(evidence["extra"]) else int(evidence["extra"])
    present = [item for place, item in enumerate(ITEMS) if bits >> place & 1]
    names = [item.name_da if lang == "da" else item.name_en for item in present]
    ring = ""
    if any(item.alias in SEVERE for item in present):
        ring = " Ring 112, hvis det står på." if lang == "da" else " Ring 112 if it persists."
    return {"symptoms": ", ".join(names).lower(), "ring": ring}


ROWS: Final = (
    Rule(
        id="R21",
        slug="symptom",
        name_da="Flere symptomer",
        name_en="More symptoms",
        text_da="Svarer ja til: {symptoms}.{ring}",
        text_en="Answers yes to: {symptoms}.{ring}",
        family="symptom",
        home="general",
        signals=(),
        condition=symptom,
        params=numbers(yellow=1.0, red=2.0),
        sources=texts(
            yellow=f"one symptom: {_TREE}; {_HEART}",
            red=f"two symptoms, or orthopnoea: {_TREE}; {_HEART}",
            k=_TWO_DAYS,
            n=_TWO_DAYS,
            n_off="C: two answers without any symptom close an episode",
        ),
        evidence=texts(
            value="symptoms answered yes", limit="how many count", extra="which, packed"
        ),
        k=2,
        n=3,
        n_off=2,
        confirmed=(Colour.YELLOW, Colour.RED),
        red_alone=True,
        applies=asks,
        lookback_days=14.0,
        words=said,
    ),
)  # fmt: skip
