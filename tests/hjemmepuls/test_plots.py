"""The drawings: well-formed, both languages, everything inside the picture."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from hjemmepuls.report.plots import Dot, Part, Say, Series, bars, curves, dots, ticks

EVIL = Say('<b>"&', "<script>")
SHARE = st.floats(0, 1, allow_nan=False)


def inside(markup: Markup) -> ET.Element:
    root = ET.fromstring(markup)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for node in root.iter():
        for name, most in (
            ("x", width),
            ("cx", width),
            ("x2", width),
            ("y", height),
            ("cy", height),
        ):
            if name in node.attrib:
                assert -1 <= float(node.attrib[name]) <= most + 1, node.attrib
    return root


@given(st.floats(1e-6, 1e6))
def test_ticks_are_few_round_and_reach_the_top(high: float) -> None:
    found = ticks(high)
    assert found[0] == 0
    assert 2 <= len(found) <= 7
    assert found[-1] >= high * (1 - 1e-6)
    assert found[-2] < high


@given(st.lists(st.tuples(SHARE, SHARE, SHARE), min_size=1, max_size=6))
def test_dots_stay_inside(rows: list[tuple[float, float, float]]) -> None:
    root = inside(
        dots([Dot(EVIL, value, sorted((low, high)), 0.5) for value, low, high in rows], 1.0, EVIL)
    )
    assert len(list(root.iter("circle"))) == len(rows)


@given(st.lists(st.tuples(st.floats(0, 40), SHARE), max_size=8))
def test_curves_leave_out_what_lies_beyond(points: list[tuple[float, float]]) -> None:
    root = inside(curves([Series(EVIL, points, "ours")], EVIL, EVIL, EVIL, x_high=20))
    within = sum(x <= 20 for x, _ in points)
    assert len(list(root.iter("circle"))) == within + 1, "the legend has one too"


@given(st.lists(st.floats(0, 1e4), max_size=5))
def test_bars_stay_inside(values: list[float]) -> None:
    inside(bars([Part(EVIL, [(value, "red")]) for value in values], EVIL))


@pytest.mark.parametrize("missing", [None, [None, None], []])
def test_what_is_not_known_is_not_drawn(missing: list[None] | None) -> None:
    root = inside(dots([Dot(EVIL, None, missing)], 1.0, EVIL))
    assert not list(root.iter("circle"))
