"""The drawing: right places, nothing invented, and valid markup whatever the data."""

import math
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.situation import Curve, Point, Usual
from alerting.web.curve import Onset, Window, chart, label, sparkline
from tests.alerting.api.scene import DAY_MS, HOSTILE, HOUR_MS, NOW_MS, curve

WINDOW = Window.last(28, NOW_MS)


def parts(drawing: str, tag: str, kind: str) -> list[Any]:
    root = ET.fromstring(str(drawing))
    return [part for part in root.iter(tag) if kind in part.get("class", "").split()]


def test_a_sparkline_has_line_band_limits_and_the_last_value() -> None:
    drawing = sparkline(curve("spo2", [93, 92, 93, 91, 86]), WINDOW, "da")
    assert len(parts(drawing, "path", "line")) == 1
    assert len(parts(drawing, "path", "band")) == 1
    assert len(parts(drawing, "path", "usual")) == 1
    assert [part.get("class") for part in parts(drawing, "line", "limit")] == ["limit red"]
    (last,) = parts(drawing, "circle", "last")
    (today,) = parts(drawing, "path", "today")
    assert float(last.get("cx")) < float(today.get("d")[1:].split()[0]), "four hours ago"


def test_personal_relative_limits_are_drawn_where_they_lie() -> None:
    made = curve("spo2", [93, 92, 93, 91, 86], relative=[89.0, 90.0, None, None])
    lines = parts(chart(made, WINDOW, "da"), "path", "relative")
    assert [line.get("class") for line in lines] == ["limit relative red", "limit relative yellow"]
    assert not parts(chart(curve("spo2", [93, 92]), WINDOW, "da"), "path", "relative")


def test_higher_values_are_drawn_higher_and_later_ones_further_right() -> None:
    dots = parts(chart(curve("spo2", [90, 92, 95]), WINDOW, "da"), "circle", "dot")
    heights = [float(dot.get("cy")) for dot in dots]
    places = [float(dot.get("cx")) for dot in dots]
    assert heights == sorted(heights, reverse=True)
    assert places == sorted(places)


def test_a_limit_far_away_does_not_flatten_the_curve() -> None:
    near = curve("pulse", [70, 74, 72], limits=[20.0, 30.0, 180.0, 200.0])
    assert not parts(sparkline(near, WINDOW, "da"), "line", "limit")


def test_a_long_silence_breaks_the_line() -> None:
    days = [20, 19, 18, 9, 8, 1]
    points = [Point(NOW_MS - day * DAY_MS, 90.0 + day, "o", False) for day in days]
    drawing = chart(curve("spo2", [], points=points, usual=[]), WINDOW, "da")
    assert len(parts(drawing, "path", "line")) == 2
    assert len(parts(drawing, "circle", "dot")) == len(days) + 1  # one stands alone


@pytest.mark.parametrize(("days", "lines"), [(4, 1), (5, 2)])
def test_silence_is_counted_in_days_whatever_the_hour(days: int, lines: int) -> None:
    """Mondays and Thursdays are one line, also when Monday's measurement came later in the day."""
    first = NOW_MS - 12 * DAY_MS
    moments = [first, first + HOUR_MS, first + days * DAY_MS + 3 * HOUR_MS]
    moments.append(moments[-1] + HOUR_MS)
    points = [Point(moment, 93.0, "o", False) for moment in moments]
    drawing = sparkline(curve("spo2", [], points=points, usual=[]), WINDOW, "da")
    assert len(parts(drawing, "path", "line")) == lines


def test_a_doubtful_measurement_is_a_cross_and_no_part_of_the_line() -> None:
    made = curve("weight", [82, 82, 83, 61, 82])
    points = [*made.points]
    points[3] = msgspec.structs.replace(points[3], doubtful=True)
    drawing = chart(msgspec.structs.replace(made, points=points), WINDOW, "da")
    (cross,) = parts(drawing, "path", "doubtful")
    assert "usikker" in cross[0].text
    assert len(parts(drawing, "circle", "dot")) == 4
    y = float(cross.get("transform").split()[1].rstrip(")"))
    assert 0 < y < 210


def test_every_point_tells_its_value_and_time() -> None:
    made = curve("weight", [82.25], unit="kg", decimals=1)
    (dot,) = parts(chart(made, WINDOW, "da"), "circle", "dot")[:1]
    assert dot is not None
    titles = [part.text for part in ET.fromstring(chart(made, WINDOW, "da")).iter("title")]
    assert "82,2\N{NO-BREAK SPACE}kg · onsdag 18. feb. 2026 08.00" in titles


def test_onsets_are_flags_with_words_inside_the_window_only() -> None:
    onsets = [
        Onset(NOW_MS - DAY_MS, "red", "Lav iltmætning"),
        Onset(NOW_MS - 99 * DAY_MS, "yellow", "x"),
    ]
    drawing = chart(curve("spo2", [90, 91]), WINDOW, "da", onsets)
    (flag,) = parts(drawing, "g", "onset")
    assert flag.get("class") == "onset red"
    assert flag[-1].text == "Rød: Lav iltmætning · tirsdag 17. feb. 2026 12.00"


def test_the_label_says_what_the_drawing_shows() -> None:
    made = curve("spo2", [93, 93, 90])
    said = label(made, WINDOW, "da")
    assert said == (
        "Iltmætning, seneste 28 dage: 3 målinger, seneste 90\N{NO-BREAK SPACE}%, "
        "habituelt 92\N{NO-BREAK SPACE}%"
    )
    root = ET.fromstring(sparkline(made, WINDOW, "da"))
    assert (root.get("role"), root.get("aria-label")) == ("img", said)
    root = ET.fromstring(chart(made, WINDOW, "da"))
    assert (root.get("role"), root[0].text) == ("img", label(made, WINDOW, "da"))


@pytest.mark.parametrize("draw", [sparkline, chart])
def test_hostile_names_are_escaped(draw: Any) -> None:
    made = curve("spo2", [90, 91], name_da=HOSTILE, unit=HOSTILE)
    assert "<script>" not in draw(made, WINDOW, "da")
    assert HOSTILE in ET.fromstring(draw(made, WINDOW, "da")).attrib["aria-label"]


numbers = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 300)


@given(
    values=st.lists(st.tuples(st.integers(-60, 5), numbers, st.booleans()), max_size=12),
    usual=st.lists(st.tuples(st.integers(-60, 5), numbers, numbers), max_size=5),
    limits=st.lists(st.none() | st.floats(0, 300), min_size=4, max_size=4),
    decimals=st.integers(0, 3),
)
def test_any_data_give_valid_markup_without_nan(
    values: Any, usual: Any, limits: Any, decimals: int
) -> None:
    made = Curve(
        signal="x",
        name_da="x",
        name_en="x",
        unit="/min",
        decimals=decimals,
        points=[Point(NOW_MS + day * DAY_MS, value, "o", odd) for day, value, odd in values],
        usual=[Usual(NOW_MS + day * DAY_MS + HOUR_MS, mean, sd) for day, mean, sd in usual],
        limits=limits,
    )
    for drawing in (sparkline(made, WINDOW, "en"), chart(made, WINDOW, "da")):
        root = ET.fromstring(drawing)
        for part in root.iter():
            for name in ("cx", "cy", "x1", "x2", "y1", "y2", "d"):
                assert "nan" not in part.get(name, "")
                assert "inf" not in part.get(name, "")
    assert math.isfinite(NOW_MS)


@pytest.mark.parametrize("values", [[84], [84, 84, 84], [60, 61]])
def test_a_limit_that_was_passed_is_drawn_however_far_out_the_values_lie(
    values: list[float],
) -> None:
    """The first measurement of all, red: the red line is above it, not beyond the drawing."""
    made = curve("spo2", values, usual=[], limits=[87.0, 89.0, None, None])
    drawn = [part.get("class") for part in parts(chart(made, WINDOW, "da"), "line", "limit")]
    assert drawn == ["limit red", "limit yellow"]
    made = curve("systolic", [188], usual=[], limits=[None, None, 120.0, 140.0])
    drawn = [part.get("class") for part in parts(chart(made, WINDOW, "da"), "line", "limit")]
    assert drawn == ["limit yellow", "limit red"]
