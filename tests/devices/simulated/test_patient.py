"""People: synthetic beyond doubt, stable within the published bands, ill enough to be seen."""

from collections import defaultdict
from datetime import date

import msgspec
import numpy as np
import pytest

from devices.simulated import FaultRates, World
from devices.simulated.course import SHOWCASES, plan_courses
from devices.simulated.patient import fictitious_cpr

Series = dict[str, dict[str, list[tuple[int, float]]]]
"""Citizen, catalogue alias, then (day, value) in order."""

ENROLLED_FIELDS = {
    "id",
    "cpr",
    "given",
    "family",
    "sex",
    "birth_date",
    "condition",
    "organisation",
    "phone",
    "scale2",
    "oxygen",
    "beta_blocker",
    "dry_weight_kg",
    "plan",
}


def rows(world: World, key: str) -> list[dict[str, object]]:
    return msgspec.convert(world.enrolment()[key], type=list[dict[str, object]])


def series_of(world: World) -> Series:
    """What the platform would see, by citizen."""
    owner = {str(row["device"]): str(row["citizen"]) for row in rows(world, "assignments")}
    found: Series = defaultdict(lambda: defaultdict(list))
    for delivery in world.deliveries():
        for line in delivery.readings:
            day = (date.fromisoformat(line.t[:10]) - world.start).days
            for alias, text in line.values.items():
                found[owner[line.device]][alias].append((day, float(text)))
    return found


@pytest.fixture(scope="module")
def clean_series(clean: World) -> Series:
    return series_of(clean)


@pytest.fixture(scope="module")
def stable_series(clean: World, clean_series: Series) -> Series:
    plan = plan_courses(clean.seed, clean.homes, clean.days, 0.2, 0.08)
    return {
        f"pt-{index + 1:06d}": clean_series[f"pt-{index + 1:06d}"]
        for index, (_, course) in enumerate(plan)
        if course.name == "stable"
    }


def fires(
    metrics: dict[str, list[tuple[int, float]]], dry_kg: float | None, low: float
) -> set[int]:
    """Days on which any simple rule of clinical.md 4.1 would fire, computed slowly."""
    days: set[int] = set()
    spo2 = metrics.get("spo2", [])
    for place, (day, value) in enumerate(spo2):
        before = [old for _, old in spo2[max(0, place - 28) : place]]
        if value <= low or (len(before) >= 7 and float(np.mean(before)) - value >= 3):
            days.add(day)
    days |= {day for day, value in metrics.get("pulse_oximeter", []) if value >= 111}
    weight = metrics.get("weight", [])
    for place, (day, value) in enumerate(weight):
        if any(value - old > 2 for back, old in weight[:place] if day - back <= 3):
            days.add(day)
        last = [kg for _, kg in weight[max(0, place - 2) : place + 1]]
        if dry_kg is not None and sum(kg - dry_kg >= 2 for kg in last) >= 2:
            days.add(day)
    systolic = metrics.get("systolic", [])
    for place, (day, _) in enumerate(systolic):
        if sum(value <= 99 for _, value in systolic[max(0, place - 2) : place + 1]) >= 2:
            days.add(day)
    return days


def fired_by_citizen(world: World, series: Series) -> dict[str, set[int]]:
    found = {}
    for row in rows(world, "citizens"):
        dry, low = row["dry_weight_kg"], 87 if row["oxygen"] else 89
        kg = float(str(dry)) if dry is not None else None
        found[str(row["id"])] = fires(series[str(row["id"])], kg, low)
    return found


@pytest.mark.parametrize(
    ("alias", "low", "high"),
    [
        ("spo2", 0.8, 1.15),
        ("pulse_oximeter", 4.2, 5.8),
        ("systolic", 7.0, 9.3),
        ("diastolic", 4.7, 6.3),
        ("fev1", 0.085, 0.125),
        ("fvc", 0.13, 0.18),
        ("pef", 8.5, 12.0),
    ],
)
def test_stable_patients_vary_as_published(
    stable_series: Series, alias: str, low: float, high: float
) -> None:
    """Bands around the total SD of clinical.md 3.2."""
    spread = [
        float(np.std([value for _, value in metrics[alias]], ddof=1))
        for metrics in stable_series.values()
        if alias in metrics
    ]
    assert len(spread) > 15
    assert low <= float(np.mean(spread)) <= high


def test_stable_weight_changes_in_14_days_as_published(stable_series: Series) -> None:
    """SD 1.1 kg (Zhang 2009)."""
    changes = []
    for metrics in stable_series.values():
        by_day = dict(metrics.get("weight", []))
        changes += [by_day[day] - by_day[day - 14] for day in by_day if day - 14 in by_day]
    assert 0.85 <= float(np.std(changes)) <= 1.3


def test_deteriorating_patients_cross_the_simple_limits(clean: World, clean_series: Series) -> None:
    fired = fired_by_citizen(clean, clean_series)
    episodes = clean.episodes()
    seen = [
        episode.citizen
        for episode in episodes
        if any(day >= episode.onset_day - 5 for day in fired[episode.citizen])
    ]
    assert len(episodes) == 24
    assert len(seen) >= 0.9 * len(episodes)
    shown = {f"pt-{index + 1:06d}" for index in range(len(SHOWCASES))}
    assert shown <= set(seen)


def test_stable_patients_seldom_cross_them(
    clean: World, clean_series: Series, stable_series: Series
) -> None:
    fired = fired_by_citizen(clean, clean_series)
    days = sum(len(fired[citizen]) for citizen in stable_series)
    assert days / (len(stable_series) * clean.days) < 0.02


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_world_of_42_days_shows_several_early_and_several_late(seed: int) -> None:
    world = World(seed, 24, start=date(2026, 1, 5), days=42, faults=FaultRates.none(), asking=False)
    fired = fired_by_citizen(world, series_of(world))
    shown = [f"pt-{index + 1:06d}" for index in range(6)]
    early = [name for name in shown if len({day for day in fired[name] if 14 <= day < 28}) >= 3]
    late = [name for name in shown if len({day for day in fired[name] if day >= 28}) >= 3]
    assert len(early) >= 3
    assert len(late) >= 3
    assert len(world.episodes()) < world.homes / 2


def test_silent_patients_stop(clean: World, clean_series: Series) -> None:
    plan = plan_courses(clean.seed, clean.homes, clean.days, 0.2, 0.08)
    silent = {
        f"pt-{index + 1:06d}": course.onset_day
        for index, (_, course) in enumerate(plan)
        if course.name == "silent"
    }
    assert len(silent) == round(0.08 * clean.homes)
    for citizen, day in silent.items():
        assert day is not None
        last = max(row[-1][0] for row in clean_series[citizen].values())
        assert day - 4 <= last < day
        assert last < clean.days - 7


def test_cpr_numbers_are_of_a_fictitious_series() -> None:
    citizens = rows(World(1, 2500, start=date(2026, 1, 5), days=1), "citizens")
    numbers = [str(citizen["cpr"]) for citizen in citizens]
    assert len(set(numbers)) == len(numbers)
    for number, citizen in zip(numbers, citizens, strict=True):
        assert len(number) == 10
        assert 61 <= int(number[:2]) <= 91
        assert (int(number[-1]) % 2 == 1) == (citizen["sex"] == "male")
    assert fictitious_cpr(0, date(1950, 3, 31), "male") == "9103500001"


def test_the_enrolment_covers_every_device_but_the_unassigned(faulty: World) -> None:
    devices = {str(row["id"]) for row in rows(faulty, "devices")}
    assigned = {str(row["device"]): str(row["from"]) for row in rows(faulty, "assignments")}
    sending = {row.topic.device for row in faulty.deliveries() if not row.garbage}
    assert sending <= devices
    assert set(assigned) <= devices
    forgotten = (len(devices) - len(assigned)) / len(devices)
    later = sum(moment > faulty.starts_at.isoformat() for moment in assigned.values())
    assert forgotten == pytest.approx(faulty.faults.unassigned / 2, abs=0.06)
    assert later / len(devices) == pytest.approx(faulty.faults.unassigned / 2, abs=0.06)


def test_the_enrolment_has_the_agreed_form(clean: World) -> None:
    citizens = rows(clean, "citizens")
    assert all(set(citizen) == ENROLLED_FIELDS for citizen in citizens)
    assert {str(citizen["condition"]) for citizen in citizens} == {"copd", "heart-failure", "both"}
    organisations = {str(row["id"]) for row in rows(clean, "organisations")}
    assert {str(citizen["organisation"]) for citizen in citizens} <= organisations
    assert all(
        (citizen["dry_weight_kg"] is None) == (citizen["condition"] == "copd")
        for citizen in citizens
    )
    limits = rows(clean, "limits")
    assert 0 < len(limits) < len(citizens) / 3
    assert {str(row["citizen"]) for row in limits} == {
        str(citizen["id"]) for citizen in citizens if citizen["oxygen"]
    }
    assert {len(str(row["sor"])) for row in rows(clean, "organisations")} == {16}
