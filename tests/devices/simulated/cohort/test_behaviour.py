"""Face validity of how people measure, and of who they are, on the report seeds."""

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from devices.simulated.cohort import SCHEDULES, Block, Cohort
from devices.simulated.cohort.calendar import calendar
from tests.devices.simulated.cohort.conftest import DAYS, START, Year


def active(block: Block, kinds: tuple[str, ...] = ("admission", "travel")) -> npt.NDArray[np.bool_]:
    """Days (patients, days) before dropping out and outside pauses of these kinds."""
    day = block.start + np.arange(block.days)
    there = day < block.dropout[:, None]
    for row in block.pauses[np.isin(block.pauses["kind"], kinds)]:
        inside = (day + 1 > row["start"]) & (day < row["end"])
        there[row["patient"] - block.first, inside] = False
    return there


def test_adherence(years: list[Year]) -> None:
    """TIM-HF 81.8 % (SD 22.8), FAST 76 %, VA 75.8 %."""
    whole, people = [], []
    for year in years:
        there = active(year.block)
        whole.append(year.block.willing[there].mean())
        people.append((year.block.willing & there).sum(1) / np.maximum(there.sum(1), 1))
    assert 0.74 < float(np.mean(whole)) < 0.82
    assert 0.12 < float(np.std(np.concatenate(people))) < 0.23


def test_adherence_falls_and_then_stays(years: list[Year]) -> None:
    """Murphy 2017: a fall over the first two weeks, then level."""
    block = years[0].block
    there = active(block)
    first, second, last = (
        float(block.willing[:, some][there[:, some]].mean())
        for some in (slice(0, 5), slice(30, 90), slice(270, 330))
    )
    assert 0.02 < first - second < 0.12
    assert abs(second - last) < 0.03


def test_weekends_and_holidays(years: list[Year]) -> None:
    dates = calendar(START, DAYS)
    weekend = dates.weekday >= 5
    plain = ~weekend & ~dates.holiday
    share = np.mean(
        [(y.block.willing & active(y.block)).sum(0) / active(y.block).sum(0) for y in years], axis=0
    )
    work = float(share[20:][plain[20:]].mean())
    assert float(share[20:][(weekend & ~dates.holiday)[20:]].mean()) / work == pytest.approx(
        0.93, abs=0.02
    )
    assert float(share[20:][(dates.holiday & ~weekend)[20:]].mean()) / work == pytest.approx(
        0.80, abs=0.03
    )


def test_the_ill_measure_less(years: list[Year]) -> None:
    """Informative missingness: three quarters as often in the last five days before treatment."""
    last, before = [], []
    for year in years:
        block, there = year.block, active(year.block)
        for kind in ("copd", "hf"):
            for row in year.rows(kind):
                day = int(np.floor(row["t_index"])) - block.start
                if 40 < day < DAYS:
                    one, ok = block.willing[row["patient"]], there[row["patient"]]
                    last += one[day - 4 : day][ok[day - 4 : day]].tolist()
                    before += one[day - 35 : day - 15][ok[day - 35 : day - 15]].tolist()
    assert float(np.mean(last)) / float(np.mean(before)) == pytest.approx(0.75, abs=0.04)


def test_nobody_measures_from_a_hospital_bed(years: list[Year]) -> None:
    for year in years:
        block = year.block
        admitted = block.pauses[block.pauses["kind"] == "admission"]
        assert len(admitted) > 100
        for row in admitted:
            begin = int(np.ceil(row["start"])) - block.start
            end = int(np.floor(row["end"])) - block.start
            assert not block.willing[row["patient"], max(begin, 0) : max(end, 0)].any()
        day = block.start + np.arange(block.days)
        assert not block.willing[day >= block.dropout[:, None]].any()


def test_dropping_out(years: list[Year]) -> None:
    """0.15 a year: 14 % in the first."""
    out = np.concatenate([np.isfinite(year.block.dropout) for year in years])
    assert float(out.mean()) == pytest.approx(1 - np.exp(-0.15), abs=0.015)


def test_hours(years: list[Year]) -> None:
    """70 % in the morning, 20 % late in the morning, 10 % in the evening."""
    hour = np.concatenate([(year.block.t % 1 * 24).ravel() for year in years])
    assert float((hour > 15).mean()) == pytest.approx(0.10, abs=0.02)
    assert 7.2 < float(np.median(hour)) < 8.6
    assert 5 <= hour.min() < hour.max() < 24


@pytest.mark.parametrize(
    ("schedule", "low", "high"),
    [
        ("daily", 7.0, 7.0),
        ("twice_weekly", 1.95, 2.05),
        ("weekly", 0.95, 1.05),
        ("dk_standard", 1.4, 1.6),
        ("dk_telehjerte", 1.4, 1.6),
        ("by_condition", 1.4, 1.6),
    ],
)
def test_schedules(schedule: str, low: float, high: float) -> None:
    """The first fortnight daily, then so many planned sittings a week."""
    block = Cohort(9001, 512, 98, date(2026, 1, 5), schedule=schedule).block(0, 512)
    assert block.scheduled[:, :14].all()
    assert low <= float(block.scheduled[:, 14:].mean()) * 7 <= high
    bits = (block.plan_weekdays[:, None] >> calendar(date(2026, 1, 5), 98).weekday) & 1
    assert (block.scheduled[:, 14:] == (bits[:, 14:] == 1)).all()
    assert set(SCHEDULES) < {*SCHEDULES, "by_condition"}


def test_who_they_are(years: list[Year]) -> None:
    """Al Rajeh, Ringbaek, WISH, Kaszuba: see docs/SIMULATOR.md."""
    copd = np.concatenate([year.block.people.copd for year in years])
    hf = np.concatenate([year.block.people.heart_failure for year in years])
    assert float((copd & hf).sum() / copd.sum()) == pytest.approx(0.188, abs=0.02)
    assert float((copd & hf).sum() / hf.sum()) == pytest.approx(0.236, abs=0.025)

    def share(name: str, some: npt.NDArray[np.bool_]) -> float:
        return float(np.concatenate([getattr(y.block.people, name) for y in years])[some].mean())

    only_hf = hf & ~copd
    assert share("age", copd) == pytest.approx(70, abs=0.7)
    assert share("age", only_hf) == pytest.approx(72, abs=1.0)
    assert share("female", copd) == pytest.approx(0.50, abs=0.03)
    assert share("female", only_hf) == pytest.approx(0.30, abs=0.04)
    assert share("on_oxygen", copd) == pytest.approx(0.20, abs=0.03)
    on_oxygen = np.concatenate([year.block.people.on_oxygen for year in years])
    assert share("scale2", on_oxygen) == pytest.approx(0.60, abs=0.06)
    assert share("atrial_fibrillation", hf) == pytest.approx(0.35, abs=0.04)
    reduced = np.concatenate([year.block.people.reduced_ef for year in years])
    assert share("beta_blocker", reduced) == pytest.approx(0.90, abs=0.03)


def test_their_lungs(years: list[Year]) -> None:
    """FEV1 43 % (SD 13) of predicted in COPD; nearly all of them below the lower limit."""
    who = [year.block.people for year in years]
    copd = np.concatenate([one.copd for one in who])
    fev1 = np.concatenate([one.level[:, 5] for one in who])[copd]
    percent = 100 * fev1 / np.concatenate([one.fev1_predicted for one in who])[copd]
    assert float(percent.mean()) == pytest.approx(43, abs=1.5)
    assert float(percent.std()) == pytest.approx(13, abs=1.0)
    below = fev1 < np.concatenate([one.fev1_lower_limit for one in who])[copd]
    assert float(below.mean()) > 0.9
