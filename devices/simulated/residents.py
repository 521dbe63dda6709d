"""The patients of a cohort at home: the same world as in its blocks, for MQTT.

In: a `Cohort`. Out: `Home`s. Called by `world`. A home measures when the block says that the
patient is willing, and it is planned or asked for, and its devices show what the block holds; what
a block leaves out (FVC, mean pressure, names) is made here. An exchanged device is another device,
with its own clock and assignment; where somebody who has dropped out gave one back, it is that one.
"""

from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import Block, Cohort
from devices.simulated.cohort.numbers import (
    DIASTOLIC,
    FEV1,
    PEF,
    PULSE,
    SPO2,
    SYSTOLIC,
    WEIGHT,
)
from devices.simulated.cohort.truth import of_kind
from devices.simulated.course import Episode, Kind
from devices.simulated.faults import FaultRates, draw_clock
from devices.simulated.home import Calendar, Device, Home, device_names, tablet_of
from devices.simulated.instruments import CUFF, OXIMETER, SCALE, SPIROMETER, Instrument, Make
from devices.simulated.patient import FVC, Condition, Facts, Patient, invent
from devices.wire import topic_for

_BLOCK = 256
_GIVEN_BACK_DAYS = 14
"""From dropping out until the device is cleaned and lent again (C)."""
_SECOND_LIVES = 1_000_000
"""Added to the number of a device that came to its home later, so that no two share an id."""
_FVC_NOISE_L = 0.10
"""Of the FVC beside that of the FEV1; together 0.13 to 0.17 L (clinical 3.2)."""


class _Stay(NamedTuple):
    """One device of a home: from which day until before which."""

    instrument: Instrument
    since: int
    until: int | None
    number: int


def residents(
    cohort: Cohort,
    calendar: Calendar,
    rates: FaultRates,
    tenant: str,
    organisations: tuple[str, ...],
    asking: bool = True,
) -> tuple[Home, ...]:
    """Every patient's home; they do not depend on each other but for devices lent again.

    With `asking`, a tablet stands in each, on which the block's answers are given.
    """
    homes = [
        _home(cohort.seed, block, row, calendar, rates, tenant, organisations, asking)
        for block in cohort.blocks(_BLOCK)
        for row in range(block.patients)
    ]
    return _lent_again(homes, calendar, tenant)


def _home(
    seed: int,
    block: Block,
    row: int,
    calendar: Calendar,
    rates: FaultRates,
    tenant: str,
    organisations: tuple[str, ...],
    asking: bool,
) -> Home:
    index = block.first + row
    streams = np.random.SeedSequence([seed, index]).spawn(4)
    person_rng, shown_rng, line_rng, tablet_rng = map(np.random.default_rng, streams)
    patient = _patient(person_rng, block, row, calendar, organisations[index % len(organisations)])
    gateway = f"gw-{index + 1:06d}"
    devices = []
    shown = _shown(block.values[row].astype(np.float64), patient, shown_rng)
    for stay in _stays(block, row):
        draws: list[float] = line_rng.random(6).tolist()
        name, serial = device_names(stay.instrument, stay.number)
        spirometer = stay.instrument is SPIROMETER
        devices.append(
            Device(
                id=name,
                serial=serial,
                instrument=stay.instrument,
                clock=draw_clock(draws, rates, calendar.start_ms // 1000, calendar.days),
                values=shown[stay.instrument.name],
                topic=topic_for(tenant, gateway, name),
                assigned_from_day=stay.since,
                since_day=stay.since,
                until_day=stay.until,
                questionable=block.doubtful[row, FEV1] if spirometer else None,
            )
        )
    bits = int(block.plan_weekdays[row])
    return Home(
        seed=seed,
        gateway=gateway,
        patient=patient,
        episodes=_episodes(block, row, patient.person.id),
        devices=tuple(devices),
        calendar=calendar,
        rates=rates,
        weekdays="".join("1" if bits >> day & 1 else "0" for day in range(7)),
        hours=((block.t[row] % 1) * 24).tolist(),
        planned=block.scheduled[row].tolist(),
        willing=block.willing[row].tolist(),
        rng=line_rng,
        tablet=tablet_of(tenant, gateway, index, patient.person.condition, block.answers[row] == 1)
        if asking
        else None,
        tablet_rng=tablet_rng,
        dropped_day=_day(block, float(block.dropout[row])),
    )


def _patient(
    rng: np.random.Generator, block: Block, row: int, calendar: Calendar, organisation: str
) -> Patient:
    """The block's patient under an invented name."""
    who = block.people
    failing, copd = bool(who.heart_failure[row]), bool(who.copd[row])
    condition: Condition = "copd" if not failing else "both" if copd else "heart-failure"
    facts = Facts(
        "female" if who.female[row] else "male",
        float(who.age[row]),
        float(who.height_cm[row]),
        condition,
        bool(who.on_oxygen[row]),
        bool(who.scale2[row]),
        float(who.beta_blocker[row]),
    )
    person = invent(rng, block.first + row, facts, calendar.start, organisation)
    level = who.level[row]
    ratio = rng.uniform(0.42, 0.58) if copd else rng.uniform(0.70, 0.82)
    levels = np.array([*level[:6], level[FEV1] / ratio, level[PEF]])
    return Patient(person, levels, float(who.fev1_predicted[row]), float(who.adherence[row]))


def _shown(
    values: NDArray[np.float64], patient: Patient, rng: np.random.Generator
) -> dict[str, NDArray[np.float32]]:
    """What each instrument shows, (aliases, days), from (signals, days); both pulses are one."""
    fev1, systolic, diastolic = values[FEV1], values[SYSTOLIC], values[DIASTOLIC]
    ratio = patient.level[FEV1] / patient.level[FVC]
    fvc = fev1 / ratio + rng.normal(0, _FVC_NOISE_L, len(fev1))
    fvc = np.round(np.clip(fvc, 1.12 * fev1, 7.9), 2)
    fev6 = np.minimum(fev1 / (fev1 / fvc + 0.03), fvc)
    percent = np.clip(100 * fev1 / patient.predicted_fev1_l, 9, 199)
    rows = {
        OXIMETER: (values[SPO2], values[PULSE]),
        SCALE: (values[WEIGHT],),
        CUFF: (systolic, diastolic, diastolic + (systolic - diastolic) / 3, values[PULSE]),
        SPIROMETER: (fev1, fvc, 100 * fev1 / fvc, fev6, values[PEF], percent),
    }
    return {one.name: np.stack(row).astype(np.float32) for one, row in rows.items()}


def _stays(block: Block, row: int) -> list[_Stay]:
    """The devices of one home, each exchange ending one stay and beginning another."""
    index = block.first + row
    exchanged = of_kind(block.truth, "decoy_device_swap")
    mine = exchanged[exchanged["patient"] == index]
    has = block.people.has[row]
    there = {
        OXIMETER: has[SPO2],
        SCALE: has[WEIGHT],
        CUFF: has[SYSTOLIC],
        SPIROMETER: has[FEV1],
    }
    stays = []
    for instrument in (one for one, stands in there.items() if stands):
        since, times = 0, 0
        for t0 in np.sort(mine["t0"][mine["subtype"] == instrument.name]).tolist():
            day = int((block.t[row] < t0).sum())  # the first sitting with the new one
            if since < day < block.days:
                stays.append(_Stay(instrument, since, day, index + times * _SECOND_LIVES))
                since, times = day, times + 1
        stays.append(_Stay(instrument, since, None, index + times * _SECOND_LIVES))
    return stays


def _lent_again(homes: list[Home], calendar: Calendar, tenant: str) -> tuple[Home, ...]:
    """Devices of people who have dropped out take the place of new ones where one is needed."""
    free: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for place, home in enumerate(homes):
        if home.dropped_day is not None and home.dropped_day + _GIVEN_BACK_DAYS < calendar.days:
            for device in home.devices:
                if device.until_day is None and device.since_day < home.dropped_day:
                    free[device.instrument.name].append((home.dropped_day, place))
    for waiting in free.values():
        waiting.sort()
    wanted = sorted(
        (device.since_day, place, number)
        for place, home in enumerate(homes)
        for number, device in enumerate(home.devices)
        if device.since_day > 0
    )
    for day, place, number in wanted:
        device = homes[place].devices[number]
        waiting = free[device.instrument.name]
        if waiting and waiting[0][0] + _GIVEN_BACK_DAYS <= day and waiting[0][1] != place:
            given_day, owner = waiting.pop(0)
            old = _last(homes[owner], device.instrument)
            new = replace(
                device,
                id=old.id,
                serial=old.serial,
                clock=old.clock,
                topic=topic_for(tenant, homes[place].gateway, old.id),
            )
            homes[owner] = _with(homes[owner], old, replace(old, until_day=given_day))
            homes[place] = _with(homes[place], device, new)
    return tuple(homes)


def _last(home: Home, instrument: Make) -> Device:
    return next(
        one for one in home.devices if one.instrument is instrument and one.until_day is None
    )


def _with(home: Home, old: Device, new: Device) -> Home:
    return replace(home, devices=tuple(new if one is old else one for one in home.devices))


def _day(block: Block, t: float) -> int | None:
    """The day of the world in which a moment lies; None when it lies beyond."""
    return int(t) - block.start + 1 if t < block.start + block.days else None


_KINDS: dict[str, Kind] = {"copd": "exacerbation"}


def _episodes(block: Block, row: int, citizen: str) -> tuple[Episode, ...]:
    """The episodes of one patient as the ground truth of a world tells them."""
    rows = of_kind(block.truth, "copd", "hf")
    mine = rows[rows["patient"] == block.first + row]
    since = [mine[name] - block.start for name in ("t0", "t_peak", "t_index")]
    low = np.char.endswith(mine["subtype"], "low-output").tolist()
    made = []
    for kind, is_low, (onset, peak, treated) in zip(
        mine["kind"].tolist(), low, zip(*(one.tolist() for one in since), strict=True), strict=True
    ):
        other: Kind = "low-output" if is_low else "congestion"
        made.append(Episode(citizen, _KINDS.get(kind, other), onset, peak, treated))
    return tuple(made)
