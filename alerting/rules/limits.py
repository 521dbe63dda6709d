"""The standard sets of limits: absolute (copied to a patient at enrolment) and relative."""

from typing import Final, TypeAlias

from alerting.rules.rulebook import Rulebook

Limits: TypeAlias = tuple[float, float, float, float]
"""(low_red, low_yellow, high_yellow, high_red), NaN = none."""

_NONE: Final = float("nan")
CONDITIONS: Final = ("copd", "heart-failure", "both")


def default_limits(
    condition: str,
    *,
    scale2: bool = False,
    beta_blocker: bool = False,
    pacemaker: bool = False,
    atrial_fibrillation: bool = False,
    rulebook: Rulebook,
) -> dict[str, Limits]:
    """Limits by signal alias, for the signals that have any.

    `condition` is one of CONDITIONS. `scale2`: the doctor has prescribed a target of 88-92 %
    because of hypercapnic risk. `beta_blocker`, `pacemaker`, `atrial_fibrillation` move
    the limits of the pulse. Raises ValueError for another condition. The numbers and their sources
    are those of R01, R06, R16 and R17.

    >>> from alerting.rules import RULEBOOK
    >>> default_limits("copd", scale2=True, rulebook=RULEBOOK)["spo2"]
    (85.0, 87.0, nan, nan)
    """
    _known(condition)
    spo2, pulse, low, high = (rulebook.params[rule] for rule in ("R01", "R06", "R16", "R17"))
    scale = "_scale2" if scale2 else ""
    yellow = "_pacemaker" if pacemaker else "_beta_blocker" if beta_blocker else ""
    red = "_pacemaker" if pacemaker else ""
    rhythm = "_atrial_fibrillation" if atrial_fibrillation else ""
    return {
        "spo2": (spo2["red" + scale], spo2["yellow" + scale], _NONE, _NONE),
        "pulse": (
            pulse["low_red" + red],
            pulse["low_yellow" + yellow],
            pulse["high_yellow" + rhythm],
            pulse["high_red"],
        ),
        "systolic": (low["red"], low["yellow"], high["systolic_yellow"], high["systolic_red"]),
        "diastolic": (_NONE, _NONE, high["diastolic_yellow"], high["diastolic_red"]),
    }


def default_relative_limits(condition: str, *, rulebook: Rulebook) -> dict[str, Limits]:
    """The rulebook's changes from the personal base that count, by signal alias: (red down, yellow
    down, yellow up, red up), positive, in the signal's unit. The same for every condition (which
    is checked); they hold wherever a citizen has none of his own. The numbers are those of R03,
    R07, R09 and R18. Raises ValueError for another condition.

    >>> from alerting.rules import RULEBOOK
    >>> default_relative_limits("copd", rulebook=RULEBOOK)["spo2"]
    (4.0, 3.0, nan, nan)
    """
    _known(condition)
    drop, rise, flow, shift = (rulebook.params[rule] for rule in ("R03", "R07", "R09", "R18"))
    return {
        "spo2": (drop["red"], drop["yellow"], _NONE, _NONE),
        "pulse": (_NONE, _NONE, rise["yellow"], rise["red"]),
        "fev1": (flow["red"], flow["yellow"], _NONE, _NONE),
        "systolic": (shift["red"], shift["yellow"], shift["yellow"], _NONE),
    }


def _known(condition: str) -> None:
    if condition not in CONDITIONS:
        raise ValueError(f"unknown condition {condition!r}; known: {', '.join(CONDITIONS)}")
