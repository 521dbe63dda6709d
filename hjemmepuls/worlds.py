"""A simulated cohort as recordings: the one place that connects the simulator and the judges.

In: a `Block` of the cohort. Out: a `Recording` for `alerting.backtest`, with the profile that a
clinic would keep of these patients on the first day; `clinic` keeps it up from then on.
Called by the commands `score`, `benefits` and the benchmarks.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from alerting.backtest.alerts import Watched
from alerting.backtest.recording import Recording
from alerting.rules import (
    SIGNALS,
    Profile,
    Rulebook,
    default_limits,
    default_relative_limits,
)
from devices.simulated.cohort import Block, People
from hjemmepuls.clinic import EVERY_DAY, Clinic, spans_of

SIDES: Final = ("low_red", "low_yellow", "high_yellow", "high_red")


def recording_of(block: Block, rulebook: Rulebook, *, personal_limits: bool = True) -> Recording:
    """Everything that happens in these homes. Patients are counted from 0 within the block."""
    first = np.full(block.patients, float(block.start))
    return Recording(
        start=block.start,
        values=block.values,
        doubtful=block.doubtful,
        answers=block.given,
        t=block.t,
        scheduled=block.scheduled,
        willing=block.willing,
        profile=profile_of(block, rulebook),
        watched=Watched(
            first=first,
            last=np.minimum(first + block.days, block.dropout),
            pauses=spans_of(block, block.pauses),
            labels=labels_of(block.people),
        ),
        decide=Clinic(block, personal_limits=personal_limits),
    )


def profile_of(block: Block, rulebook: Rulebook) -> Profile:
    """What the clinic knows and has decided on the first day."""
    who = block.people
    profile = Profile.default(block.patients)
    for name in ("copd", "heart_failure", "on_oxygen", "scale2"):
        getattr(profile, name)[...] = getattr(who, name)
    profile.dry_weight_kg[...] = who.dry_weight
    profile.expected[...] = who.has
    profile.symptoms_asked[...] = True
    profile.start_day[...] = block.start
    profile.plan_weekdays[...] = EVERY_DAY
    _standard_limits(profile, who, rulebook)
    return profile


def _standard_limits(profile: Profile, who: People, rulebook: Rulebook) -> None:
    """The standard sets of each condition, as at enrolment."""
    flags = np.stack(
        [
            who.copd,
            who.heart_failure,
            who.scale2,
            who.beta_blocker,
            who.pacemaker,
            who.atrial_fibrillation,
        ],
        axis=1,
    )
    for row in np.unique(flags, axis=0):
        copd, failing, scale2, blocker, pacemaker, fibrillation = row.tolist()
        condition = "both" if copd and failing else "copd" if copd else "heart-failure"
        rows = np.flatnonzero((flags == row).all(axis=1))
        absolute = default_limits(
            condition,
            scale2=scale2,
            beta_blocker=blocker,
            pacemaker=pacemaker,
            atrial_fibrillation=fibrillation,
            rulebook=rulebook,
        )
        relative = default_relative_limits(condition, rulebook=rulebook)
        for prefix, limits in (("", absolute), ("rel_", relative)):
            for column, signal in enumerate(SIGNALS):
                numbers = limits.get(signal.alias, (np.nan,) * len(SIDES))
                for side, number in zip(SIDES, numbers, strict=True):
                    getattr(profile, prefix + side)[rows, column] = number


def labels_of(who: People) -> dict[str, npt.NDArray[np.str_]]:
    """How the patients are divided in a scorecard: condition and devices in the home."""
    condition = np.select(
        [who.copd & who.heart_failure, who.copd], ["both", "copd"], "heart-failure"
    )
    names = [signal.alias for signal in SIGNALS]
    shown = ("spo2", "weight", "systolic", "fev1")
    devices = np.full(len(who.age), "", dtype="U40")
    for alias in shown:
        has = who.has[:, names.index(alias)]
        devices = np.where(has, np.char.add(np.char.add(devices, " "), alias), devices)
    return {"condition": condition, "signals": np.char.lstrip(devices)}
