"""From the colours of the rules to the colour of an alert, and whether to call for attention.

In: the state of the rows after `episodes.advance`. Out: `Composed`; writes the alert fields of the
state. Called by `step` and `clock`.

Reference section 4.2, per citizen and hypothesis (`hypotheses`), with one addition: not every
yellow is an alert. Rules that speak (`Rule.speaks`) make one by themselves: the fusion of all
signals, chest pain and fainting, weight over three days when it lasts, and the limits that the
clinic has set. The others are findings; they support an
alert, and make one where the fused evidence points the same way: when they are red, or when two
different sources of evidence reached yellow within 72 hours. The red of a limit that the clinic has
set (`Rule.red_speaks`) is an alert whatever else is known.

An alert is red when a rule that may say so alone is red, or when such a pair of sources is hit and
one of the rules speaks. Its colour only rises while it lasts, and it lasts while anything of it is
raised. Without an alert it is green if every rule of it that applies has run, and otherwise
INSUFFICIENT. It calls for attention when it opens, when it gets worse, and when it is hit again a
week later; an alert that closed and opens again within the week (red: a day) in the same colour is
the same one, and does not (P6).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from alerting.rules import worsening
from alerting.rules.applicable import applicable_packed, looks_at
from alerting.rules.arrays import (
    Bools,
    Ints,
    any_of,
    chosen,
    flat,
    for_all,
    in_bytes,
    packed,
    put,
    put_each,
    where_set,
)
from alerting.rules.charts import may_fire
from alerting.rules.colour import Colour
from alerting.rules.episodes import Judged, hit_now
from alerting.rules.hypotheses import CLINICAL, HYPOTHESES, MISSING, SOURCES, TECHNICAL
from alerting.rules.memory import CHARTS
from alerting.rules.primitives import hits
from alerting.rules.profile import Known, Profile
from alerting.rules.rulebook import Rulebook, rule_index
from alerting.rules.sitting import Sitting
from alerting.rules.state import State

TOGETHER_DAYS: Final = 3.0
"""Two sources within 72 hours (reference section 4.2)."""
WAIT_DAYS: Final = 7.0
WAIT_RED_DAYS: Final = 1.0
"""Refractory periods (C, reference section 1.7)."""

_GREEN, _YELLOW, _RED = (np.int8(c) for c in (Colour.GREEN, Colour.YELLOW, Colour.RED))
_INSUFFICIENT: Final = np.int8(Colour.INSUFFICIENT)
_NEVER: Final = np.uint8(255)
"""More hits than a register holds."""


@dataclass(frozen=True, slots=True)
class Composed:
    """n rows, H hypotheses: colour now and before (n, H) int8, and the calls for attention."""

    colour: npt.NDArray[np.int8]
    was: npt.NDArray[np.int8]
    notify: Bools


class _Rows(NamedTuple):
    """What the rows say of the alerts.

    home, red_alone (R,); of_home, of_source: the columns of each; home_bits: the same, packed, and
    all_bits together; signals (R,) uint8: the signals that each rule looks at, packed.
    """

    home: Ints
    red_alone: Bools
    of_home: list[npt.NDArray[np.intp]]
    of_source: list[npt.NDArray[np.intp]]
    home_bits: list[Ints]
    all_bits: Ints
    signals: npt.NDArray[np.uint8]


def _rows(rulebook: Rulebook) -> _Rows:
    rules = rulebook.rules
    home = np.array([HYPOTHESES.index(rule.home) for rule in rules])
    family = np.array([rule.family for rule in rules])
    bits = packed(np.array([home == place for place in range(CLINICAL)]))
    return _Rows(
        home=home,
        red_alone=np.array([rule.red_alone for rule in rules]),
        of_home=[np.flatnonzero(home == place) for place in range(CLINICAL)],
        of_source=[np.flatnonzero(family == source) for source in SOURCES],
        home_bits=list(bits),
        all_bits=np.bitwise_or.reduce(bits),
        signals=in_bytes(looks_at(rulebook).T),
    )


def home_of(profile: Profile, rulebook: Rulebook) -> Ints:
    """(n, R): the hypothesis that each rule speaks for: its own home where both diseases (or
    neither) are followed, else the one disease."""
    one, of_rule = np.where(profile.copd, 0, 1), rulebook.once(_rows).home
    alone = profile.copd ^ profile.heart_failure
    clinical = of_rule < CLINICAL
    home: Ints = np.where(alone[:, None] & clinical, one[:, None], of_rule)
    return home


def compose(block: State, sitting: Sitting, judged: Judged, rulebook: Rulebook) -> Composed:
    """The alerts of these rows after a sitting; remembers them in `block`."""
    profile, t, of = sitting.profile, sitting.t, rulebook.once(_rows)
    was = block.composed.copy(order="F")
    hit = hit_now(block, judged)
    now = t.astype(block.dtype)
    put(block.source_t, any_of(hit, of.of_source), now[:, None])
    recent = now[:, None] - block.source_t <= TOGETHER_DAYS
    together = (np.add.reduce(recent, axis=1, dtype=np.int8) >= 2)[:, None]

    raised, red = block.status >= _YELLOW, block.status == _RED
    backed = _backed(block, profile, rulebook)[:, None]
    enough = hits(block.hits_yellow) >= np.where(rulebook.speaks, rulebook.speaks, _NEVER)
    enough |= red & (for_all(rulebook.red_speaks, red) | backed)
    loud = raised & (enough | (judged.at_once == _RED))
    speaks, anything, hits_home, alone, now_loud = _per_home(
        profile, of, loud, raised, hit, red & for_all(of.red_alone, red), hit & loud
    )
    pair = hits_home & together & backed
    is_open = was[:, :CLINICAL] >= _YELLOW
    yellow = speaks | pair | (is_open & anything)
    colour = np.maximum(
        chosen(alone | (pair & speaks), _RED, _YELLOW), was[:, :CLINICAL] * is_open.view(np.int8)
    )
    block.composed[:, :CLINICAL] = chosen(yellow, colour, _quiet(block, profile, rulebook))
    block.composed[:, MISSING] = block.status[:, rule_index("R24")]
    block.composed[:, TECHNICAL] = block.status[:, rule_index("T01")]
    call = _call(block, was, now_loud | pair, sitting, _looked_at(raised, profile, of))
    return Composed(block.composed.copy(order="F"), was, call)


def _backed(block: State, profile: Profile, rulebook: Rulebook) -> Bools:
    """(n,): the fused evidence for a disease that is followed points up, or cannot say."""
    backed = ~(profile.copd | profile.heart_failure)
    for place, (chart, followed) in enumerate(
        zip(CHARTS, (profile.copd, profile.heart_failure), strict=True)
    ):
        up = block.llr[:, place] >= rulebook.params[chart.rule]["backs"]
        silent = block.status[:, rule_index(chart.rule)] == _INSUFFICIENT
        backed |= followed & (up | silent)
    return backed


def _quiet(block: State, profile: Known, rulebook: Rulebook) -> Ints:
    """(n, 3): green where every rule of the hypothesis that applies has run, and there is one."""
    needed = profile.once(_needed, rulebook)
    unable = packed(block.status < _GREEN)
    ran = (needed != 0) & (unable[:, None] & needed == 0)
    return chosen(ran, _GREEN, _INSUFFICIENT)


def _needed(profile: Known, rulebook: Rulebook) -> Ints:
    """(n, 3): the rules, packed, of each hypothesis that apply."""
    apply, one = applicable_packed(profile, rulebook), profile.copd ^ profile.heart_failure
    of, needed = rulebook.once(_rows), np.empty((len(apply), CLINICAL), np.int32, order="F")
    for home, follows in enumerate((profile.copd, profile.heart_failure, ~one)):
        needed[:, home] = apply & chosen(one, follows * of.all_bits, of.home_bits[home])
    return needed


def _per_home(profile: Known, of: _Rows, *flags: Bools) -> list[Bools]:
    """Each (n, R) → (n, 3): whether any rule of the hypothesis has the flag. Eight at most."""
    found = _gathered(in_bytes(flags), profile, of)
    return [found & np.uint8(1 << place) != 0 for place in range(len(flags))]


def _looked_at(raised: Bools, profile: Known, of: _Rows) -> Ints:
    """(n, R) → (n, 3): the signals, packed, that the raised rules of each hypothesis look at."""
    return _gathered(for_all(of.signals, raised) & -raised.view(np.uint8), profile, of)


def _gathered(bits: Ints, profile: Known, of: _Rows) -> Ints:
    """(n, R) → (n, 3): the bits of all rules of each hypothesis."""
    own, of_all = profile.once(_homes)
    found = any_of(bits, of.of_home)
    gathered: Ints = found & own | np.bitwise_or.reduce(found, axis=1)[:, None] & of_all
    return gathered


def _homes(profile: Known) -> tuple[Ints, Ints]:
    """(n, 3) each, all bits or none: where a hypothesis has its own rules, and where it has all
    those of the one disease that is followed, instead."""
    one = profile.copd ^ profile.heart_failure
    of_all = np.zeros((profile.patients, CLINICAL), dtype=np.uint8, order="F")
    for home, followed in enumerate((profile.copd, profile.heart_failure)):
        of_all[:, home] = -(one & followed).view(np.uint8)
    own = np.repeat(-(~one).view(np.uint8), CLINICAL).reshape(of_all.shape)
    return np.asfortranarray(own), of_all


def _call(
    block: State, was: npt.NDArray[np.int8], hit: Bools, sitting: Sitting, looked_at: Ints
) -> Bools:
    """(n, H): what asks for attention now; remembers that it did."""
    now, t = block.composed, sitting.t
    rose = (now > was) & (now > _GREEN)
    raw = rose.copy(order="F")
    raw[:, :CLINICAL] |= hit & (now[:, :CLINICAL] >= _YELLOW)
    place, row = where_set(raw)
    colour, told, told_t = flat(now)[place], flat(block.told)[place], flat(block.told_t)[place]
    wait = np.where(flat(rose)[place] & (colour == _RED), WAIT_RED_DAYS, WAIT_DAYS)
    compared = worsening.compare(block, sitting, looked_at, raw[:, :CLINICAL])
    worse = np.zeros_like(raw)
    worse[compared.row, :CLINICAL] = compared.worse
    flat(raw)[place] = may_fire(t[row], colour, told_t, told, wait, flat(worse)[place])
    put_each(raw, (block.told, now), (block.told_t, t[:, None]))
    worsening.remember(block, compared, raw[compared.row, :CLINICAL])
    return raw
