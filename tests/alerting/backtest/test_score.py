"""The fixed definitions on cases made by hand, edges first, and what must hold for any case."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.backtest.alerts import Watched, alerts_of
from alerting.backtest.score import Judged, judge
from alerting.backtest.spans import Spans
from alerting.rules.colour import Colour
from devices.truth import TRUTH, Rows

T0, T, E = 100.0, 104.0, 120.0
END = 365.0


def truth_of(*rows: dict[str, Any]) -> Rows:
    made = np.zeros(len(rows), TRUTH)
    for place, row in enumerate(rows):
        for name, value in {"t_prodrome": row["t0"], **row}.items():
            made[name][place] = value
    return made


def copd(patient: int = 0, t0: float = T0, t: float = T, end: float = E) -> dict[str, Any]:
    return {"patient": patient, "kind": "copd", "t0": t0, "t_index": t, "t_end": end}


def hf(patient: int = 0, t0: float = T0, t: float = T, end: float = E) -> dict[str, Any]:
    return copd(patient, t0, t, end) | {"kind": "hf"}


def decoy(kind: str, t0: float, end: float, patient: int = 0) -> dict[str, Any]:
    return {"patient": patient, "kind": f"decoy_{kind}", "t0": t0, "t_index": np.nan, "t_end": end}


def watched(patients: int = 1, **more: Any) -> Watched:
    return Watched(np.zeros(patients), np.full(patients, END), **more)


def alerts_at(*times: float, **more: Any) -> Any:
    return alerts_of(np.zeros(len(times), dtype=int), np.array(times), **more)


def judged(*times: float, rows: list[dict[str, Any]] | None = None, **more: Any) -> Judged:
    return judge(
        alerts_at(*times, **more), truth_of(*([copd()] if rows is None else rows)), watched()
    )


@pytest.mark.parametrize(
    ("time", "lead"),
    [(92.99, None), (93.0, 11.0), (100.0, 4.0), (104.0, 0.0), (104.01, None)],
)
def test_copd_is_found_from_seven_days_before_onset_to_the_index_day(
    time: float, lead: float | None
) -> None:
    (episode,) = judged(time).episodes
    assert bool(episode["found"]) is (lead is not None)
    if lead is not None:
        assert episode["lead_days"] == lead


@pytest.mark.parametrize(
    ("time", "found", "long"),
    [
        (73.99, False, False),
        (74.0, False, True),
        (89.99, False, True),
        (90.0, True, True),
        (104.0, True, True),
        (104.01, False, False),
    ],
)
def test_heart_failure_is_found_fourteen_days_before_and_thirty_beside_it(
    time: float, found: bool, long: bool
) -> None:
    (episode,) = judged(time, rows=[hf()]).episodes
    assert (bool(episode["found"]), bool(episode["found_30d"])) == (found, long)


@pytest.mark.parametrize(
    ("time", "early", "false"),
    [
        (92.99, False, True),
        (93.0, True, False),
        (104.0, True, False),
        (104.01, False, False),
        (120.0, False, False),
        (120.01, False, True),
    ],
)
def test_an_alert_is_false_outside_and_late_after_treatment(
    time: float, early: bool, false: bool
) -> None:
    found = judged(time)
    assert (bool(found.early[0]), bool(found.false[0])) == (early, false)


def test_an_alert_three_weeks_before_admission_is_not_false_in_heart_failure() -> None:
    found = judged(80.0, rows=[hf()])
    assert not found.false[0]
    assert not found.early[0]


def test_lead_is_from_the_first_alert() -> None:
    (episode,) = judged(101.0, 95.0, 99.0).episodes
    assert episode["lead_days"] == 9.0
    assert episode["days_to_detect"] == -5.0


@pytest.mark.parametrize("colour", [Colour.BLUE, Colour.TECHNICAL])
def test_only_yellow_and_red_find_anything(colour: Colour) -> None:
    found = judged(95.0, colour=colour)
    assert not found.episodes["found"].any()
    assert not found.early.any()


def test_a_missing_measurement_finds_nothing_and_is_never_false() -> None:
    found = judged(95.0, 200.0, hypothesis=3)
    assert not found.episodes["found"].any()
    assert not found.false.any()


@pytest.mark.parametrize(("time", "count"), [(13.99, 0), (14.0, 1), (365.0, 1), (365.01, 0)])
def test_nothing_counts_in_the_first_fortnight_or_after_the_end(time: float, count: int) -> None:
    assert len(judged(time, rows=[]).alerts) == count


@pytest.mark.parametrize(
    ("t0", "t", "counts"),
    [(20.99, 22.0, False), (21.0, 22.0, True), (360.0, 365.0, True), (360.0, 365.01, False)],
)
def test_an_episode_counts_when_its_whole_window_was_watched(
    t0: float, t: float, counts: bool
) -> None:
    assert len(judged(rows=[copd(t0=t0, t=t, end=400)]).episodes) == counts


def test_an_episode_that_does_not_count_still_excuses_an_alert() -> None:
    assert not judged(18.0, rows=[copd(t0=16, t=19, end=30)]).false.any()


def test_another_patients_episode_excuses_nothing() -> None:
    alerts = alerts_of(np.array([1]), np.array([100.0]))
    found = judge(alerts, truth_of(copd(patient=0)), watched(2))
    assert found.false.tolist() == [True]
    assert found.episodes["found"].tolist() == [False]


def test_time_outside_windows_and_pauses() -> None:
    """[93, 120] is a window; a pause of 100..130 is over by then for 10 days; 14 days learning."""
    pauses = Spans(np.array([0]), np.array([100.0]), np.array([130.0]))
    found = judge(alerts_at(), truth_of(copd()), watched(pauses=pauses))
    assert found.days.tolist() == [END - 14 - 30]
    assert found.clear_days.tolist() == [END - 14 - (130 - 93)]


def test_time_ends_with_the_patient() -> None:
    short = Watched(np.array([0.0, 0.0]), np.array([20.0, 10.0]))
    found = judge(alerts_at(), truth_of(copd()), short)
    assert found.days.tolist() == [6.0, 0.0]


def test_a_false_alert_is_put_down_to_the_nearest_decoy_that_overlaps() -> None:
    rows = [decoy("cold", 200, 204), decoy("bad_day", 203, 205), decoy("artefact", 300, 300)]
    found = judged(203.5, 207.9, 208.1, 303.0, 303.1, rows=rows)
    assert found.false.all()
    assert found.decoy.tolist() == ["decoy_bad_day", "decoy_bad_day", "", "decoy_artefact", ""]


def test_decoys_never_excuse() -> None:
    found = judged(200.0, rows=[decoy("cold", 198, 204)])
    assert found.false.tolist() == [True]
    assert found.decoy_days == {"decoy_cold": 204 + 3 - 198}


def test_sittings_in_the_window_are_counted_by_days() -> None:
    measured = np.zeros((1, 365), dtype=bool)
    measured[0, [92, 93, 95, 104, 105]] = True
    found = judge(alerts_at(), truth_of(copd()), watched(measured_days=measured))
    assert found.episodes["sittings"].tolist() == [3]


def test_a_table_that_is_no_truth_is_refused() -> None:
    with pytest.raises(ValueError, match="t_end"):
        judged(rows=[copd(end=np.nan)])


TIME = st.integers(0, 800).map(lambda half: half / 2)
ALERTS = st.lists(st.tuples(st.integers(0, 2), TIME), max_size=30)
ONSETS = st.lists(
    st.tuples(
        st.integers(0, 2), TIME, st.integers(0, 12), st.integers(0, 30), st.sampled_from([copd, hf])
    ),
    max_size=8,
)


def world(alerts: list[tuple[int, float]], onsets: list[Any]) -> Judged:
    who, when = np.array(alerts, dtype=float).reshape(-1, 2).T
    rows = [kind(who, t0, t0 + delay, t0 + delay + rest) for who, t0, delay, rest, kind in onsets]
    return judge(alerts_of(who.astype(int), when), truth_of(*rows), watched(3))


@given(ALERTS, ONSETS)
def test_every_alert_is_early_late_or_false(alerts: list[tuple[int, float]], onsets: Any) -> None:
    found = world(alerts, onsets)
    assert not (found.early & found.false).any()
    assert (found.clear_days <= found.days).all()
    assert (found.clear_days >= 0).all()
    assert (found.decoy[~found.false] == "").all()


@given(ALERTS, ONSETS, st.tuples(st.integers(0, 2), TIME))
def test_one_more_alert_never_finds_less(
    alerts: list[tuple[int, float]], onsets: Any, more: tuple[int, float]
) -> None:
    before, after = world(alerts, onsets), world([*alerts, more], onsets)
    assert (after.episodes["found"] >= before.episodes["found"]).all()
    both = before.episodes["found"]
    assert (after.episodes["lead_days"][both] >= before.episodes["lead_days"][both]).all()
    assert after.false.sum() >= before.false.sum()
    assert after.clear_days.tolist() == before.clear_days.tolist()


@given(ALERTS, ONSETS)
def test_an_episode_is_found_where_an_early_alert_stands(
    alerts: list[tuple[int, float]], onsets: Any
) -> None:
    found = world(alerts, onsets)
    assert found.early.any() or not found.episodes["found"].any()
    leads = found.episodes["lead_days"][found.episodes["found"]]
    assert (leads >= 0).all()


@given(ALERTS, ONSETS, st.randoms())
def test_the_order_of_the_tables_does_not_matter(
    alerts: list[tuple[int, float]], onsets: Any, random: Any
) -> None:
    one = world(alerts, onsets)
    alerts, onsets = list(alerts), list(onsets)
    random.shuffle(alerts)
    random.shuffle(onsets)
    other = world(alerts, onsets)
    assert one.false.sum() == other.false.sum()
    assert (
        np.sort(one.episodes["lead_days"]).tobytes()
        == np.sort(other.episodes["lead_days"]).tobytes()
    )
