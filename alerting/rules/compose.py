"""From the rules' colours to one colour per hypothesis, and when a clinician is asked to look.

In: the state after `episodes.advance`, and what fired in this call. Out: `Composed`.

The colour of a hypothesis is the worst of its rules' episodes, where a red of a rule that may not
be red alone is worth a yellow. It becomes RED when
  - a rule that may be red alone is red; or
  - rules of two families of evidence fired within 72 hours of each other, for the hypothesis
    whose rule fires in this call; or
  - a fusing rule (R22, R23) is at least yellow while any clinical rule is red.
It never falls while a rule of the hypothesis is raised. When none is, it is GREEN if every rule
that applies to the patient (and there is one) has run, else INSUFFICIENT.

"Fires" means: the reading of this call is yellow or worse, and confirmation is met. Attention
is asked for when a rule that may ask alone fires, or the hypothesis turns red, unless the same
was asked within the refractory period (P6): seven days for yellow, a day for red, broken by a
worse colour or by a signal that is one sd further off. The hypotheses about the measuring ask
when their colour rises.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.rules.applicable import applicable
from alerting.rules.arrays import Bools, Floats, Ints
from alerting.rules.colour import Colour
from alerting.rules.primitives import refractory
from alerting.rules.profile import Profile
from alerting.rules.rule import CLINICAL, HYPOTHESES
from alerting.rules.rulebook import Rulebook
from alerting.rules.signals import SIGNALS, signal_index
from alerting.rules.sitting import Sitting
from alerting.rules.state import State

_COPD, _HEART, _GENERAL = range(CLINICAL)
_DIRECTION: Final = np.zeros(len(SIGNALS))
"""Which way a signal goes in a deterioration; 0 = either way says little about its depth."""
for _alias, _way in (("spo2", -1), ("pulse", 1), ("weight", 1), ("fev1", -1), ("pef", -1)):
    _DIRECTION[signal_index(_alias)] = _way


@dataclass(frozen=True, slots=True)
class Composed:
    """colour, was (n, H) int8 after and before the call; notify (n, H)."""

    colour: npt.NDArray[np.int8]
    was: npt.NDArray[np.int8]
    notify: Bools


def depth(sitting: Sitting) -> Floats:
    """(n,) how many sd the worst reading of this call lies off its base, 0 when none does."""
    off = _DIRECTION * (sitting.x - sitting.mean) / sitting.sd
    deep: Floats = np.where(sitting.known & ~np.isnan(off), off, 0.0).max(axis=1)
    return np.maximum(deep, 0.0)


def compose(
    block: State, profile: Profile, fires: Ints, rose: Bools, sitting: Sitting, book: Rulebook
) -> Composed:
    """Bring the hypotheses of n rows up to date, in place.

    fires (n, R): the colour at which each rule fires in this call, GREEN where it does not. rose
    (n, R): the rule's colour rose in this call.
    """
    was = block.composed.copy()
    t = sitting.t
    for family, columns in enumerate(book.family_columns):
        now: Bools = np.any(fires[:, columns] >= Colour.YELLOW, axis=1)
        block.fired[:, family] = np.where(now, t, block.fired[:, family])
    recent = t[:, None] - block.fired <= book.composition["together_days"]
    together = np.count_nonzero(recent, axis=1) >= book.composition["together_families"]
    red_anywhere: Bools = np.any(block.status[:, book.clinical] == Colour.RED, axis=1)

    firing = _capped(fires, book)
    asking = np.where(firing == Colour.RED, True, book.yellow_alone) & (fires >= Colour.YELLOW)
    counted = sorted(column for columns in book.family_columns for column in columns)
    by_home = _Homes(profile, book)
    tier = by_home.worst(firing)
    asks = by_home.any(asking)
    fused = by_home.any(block.status >= Colour.YELLOW, book.fusing) & red_anywhere[:, None]
    red = (together[:, None] & by_home.any(fires >= Colour.YELLOW, counted)) | fused
    tier = np.where(red & (tier >= Colour.YELLOW), np.int8(Colour.RED), tier)

    worst = by_home.worst(block.status)
    worst[:, :CLINICAL] = by_home.worst(_capped(block.status, book))[:, :CLINICAL]
    raised = worst > Colour.GREEN
    lasting = np.maximum(np.where(red & raised, np.int8(Colour.RED), worst), was)
    applies = applicable(profile, book)
    unable = by_home.any((block.status == Colour.INSUFFICIENT) & applies)
    quiet = np.where(unable | ~by_home.any(applies), Colour.INSUFFICIENT, Colour.GREEN)
    about_measuring = np.arange(len(HYPOTHESES)) >= CLINICAL
    lasting = np.where(about_measuring, worst, lasting)
    block.composed[...] = np.where(raised, lasting, quiet)

    turned_red = (block.composed == Colour.RED) & (was != Colour.RED)
    tier = np.where(turned_red | about_measuring, block.composed, tier)
    rises = by_home.any(rose)
    wanted = np.where(about_measuring, rises, asks | turned_red) & (tier > Colour.GREEN)
    return Composed(block.composed.copy(), was, _notify(block, wanted, tier, sitting, book))


def _notify(block: State, wanted: Bools, tier: Ints, sitting: Sitting, book: Rulebook) -> Bools:
    numbers = book.composition
    rest = np.where(
        tier == Colour.RED, numbers["refractory_red_days"], numbers["refractory_yellow_days"]
    )
    deep, t = depth(sitting)[:, None], sitting.t[:, None]
    worse = deep - block.notified_depth >= numbers["worse_sd"]
    notify = wanted & refractory(t - block.notified, rest, tier, block.notified_colour, worse)
    block.notified[...] = np.where(notify, t, block.notified)
    block.notified_colour[...] = np.where(notify, tier, block.notified_colour)
    block.notified_depth[...] = np.where(notify, deep, block.notified_depth)
    return notify


def _capped(colour: Ints, book: Rulebook) -> Ints:
    """A red of a rule that may not be red alone is worth a yellow."""
    red = (colour == Colour.RED) & ~book.red_alone
    capped: Ints = np.where(red, np.int8(Colour.YELLOW), colour)
    return capped


class _Homes:
    """Which rules belong to which hypothesis for each of n patients."""

    def __init__(self, profile: Profile, book: Rulebook) -> None:
        self._own = book.own
        both = profile.copd & profile.heart_failure
        self._both = both
        self._single = np.column_stack(
            [
                profile.copd & ~both,
                profile.heart_failure & ~both,
                ~(profile.copd | profile.heart_failure),
            ]
        )

    def worst(self, colour: Ints) -> Ints:
        """(n, R) colours → (n, H) the worst of each hypothesis, INSUFFICIENT when it has none."""
        own = np.stack(
            [colour[:, columns].max(axis=1, initial=Colour.INSUFFICIENT) for columns in self._own],
            axis=1,
        )
        return self._spread(own, Colour.INSUFFICIENT).astype(np.int8)

    def any(self, flag: Bools, among: "list[int] | None" = None) -> Bools:
        """(n, R) flags → (n, H): some rule of the hypothesis (and of `among`) has it."""
        chosen = [
            columns if among is None else [column for column in columns if column in among]
            for columns in self._own
        ]
        own = np.stack([np.any(flag[:, columns], axis=1) for columns in chosen], axis=1)
        return self._spread(own, 0).astype(np.bool_)

    def _spread(self, own: "npt.NDArray[Any]", none: int) -> "npt.NDArray[Any]":
        clinical = own[:, :CLINICAL]
        everything = clinical.max(axis=1)[:, None]
        alone = np.where(self._single, everything, none)
        own[:, :CLINICAL] = np.where(self._both[:, None], clinical, alone)
        return own
