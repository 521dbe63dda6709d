"""Everybody can read the page: text against what it lies on, by the formula of WCAG 2.2."""

import re
from importlib.resources import files

import pytest

CSS = files("alerting.web").joinpath("static", "style.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})", CSS))
TEXT = 4.5
SIGN = 3.0
"""AA for text, and for signs and edges that are needed to understand."""


def luminance(colour: str) -> float:
    digits = COLOURS.get(colour, colour).lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_right() -> None:
    assert round(contrast("#000", "#fff"), 2) == 21
    assert round(contrast("#777", "#fff"), 2) == 4.48


@pytest.mark.parametrize("ground", ["card", "paper", "green-pale", "brand-pale"])
@pytest.mark.parametrize("text", ["ink", "soft", "brand", "brand-dark"])
def test_text_is_readable(text: str, ground: str) -> None:
    assert contrast(text, ground) >= TEXT


def test_every_text_that_has_a_colour_of_its_own_is_readable() -> None:
    told = re.findall(r"\.(worse|better|silent) \{ color: (#[0-9a-f]{3,6})", CSS)
    assert len(told) == 3
    for _, colour in told:
        assert contrast(colour, "card") >= TEXT
        assert contrast(colour, "green-pale") >= TEXT
    for ground in ("red", "brand", "brand-dark", "green"):
        assert contrast("#fff", ground) >= TEXT
    (holder,) = re.findall(r"::placeholder \{ color: (#[0-9a-f]{3,6})", CSS)
    assert contrast(holder, "card") >= TEXT
    words = re.findall(
        r"--pale: var\(--([a-z-]+)\); --word: (#[0-9a-f]{3,6}|var\(--[a-z-]+\))", CSS
    )
    assert len(words) == 6
    for pale, word in words:
        assert contrast(word.removeprefix("var(--").rstrip(")"), pale) >= TEXT


@pytest.mark.parametrize("sign", ["red", "yellow", "blue", "technical", "insufficient", "green"])
def test_signs_stand_out(sign: str) -> None:
    assert contrast(sign, "card") >= SIGN


def test_edges_of_fields_stand_out() -> None:
    (edge,) = re.findall(r"input, select \{[^}]*border: 1px solid (#[0-9a-f]{3,6})", CSS)
    assert contrast(edge, "card") >= SIGN
