"""The standard sets of personal limits that a patient is given at enrolment."""

from typing import Final, TypeAlias

from alerting.rules.rulebook import RULEBOOK, Rulebook

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
    rulebook: Rulebook = RULEBOOK,
) -> dict[str, Limits]:
    """Limits (RAL, GAL) by signal alias, for the signals that have any.

    `condition` is one of CONDITIONS. `scale2`: the doctor has prescribed a target of 88-92 %
    because of hypercapnic risk. `beta_blocker`, `pacemaker`, `atrial_fibrillation` move the
    limits of the pulse. Raises ValueError for another condition. The numbers and their sources
    are those of R01, R06, R16 and R17 in `rulebook`.

    >>> default_limits("copd", scale2=True)["spo2"]
    (85.0, 87.0, nan, nan)
    >>> default_limits("both", pacemaker=True)["pulse"]
    (40.0, 45.0, 111.0, 131.0)
    """
    _check(condition)
    spo2, pulse, low, high = (
        rulebook.rule(rule_id).params for rule_id in ("R01", "R06", "R16", "R17")
    )
    scale = "_scale2" if scale2 else ""
    slow = "_beta_blocker" if beta_blocker or pacemaker else ""
    rhythm = "_atrial_fibrillation" if atrial_fibrillation else ""
    return {
        "spo2": (spo2["red" + scale], spo2["yellow" + scale], _NONE, _NONE),
        "pulse": (
            pulse["low_red"],
            pulse["low_yellow" + slow],
            pulse["high_yellow" + rhythm],
            pulse["high_red"],
        ),
        "systolic": (low["red"], low["yellow"], high["systolic_yellow"], high["systolic_red"]),
        "diastolic": (_NONE, _NONE, high["diastolic_yellow"], high["diastolic_red"]),
    }


def default_relative_limits(condition: str, *, rulebook: Rulebook = RULEBOOK) -> dict[str, Limits]:
    """Relative limits (RELRAL, RELGAL) by signal alias, for the signals that have any.

    The change from the personal base that counts, downwards (low) and upwards (high), as positive
    sizes in the signal's unit. Raises ValueError for an unknown condition. The numbers and their
    sources are those of R03 in `rulebook`.

    >>> default_relative_limits("copd")["spo2"]
    (4.0, 3.0, nan, nan)
    """
    _check(condition)
    drop = rulebook.rule("R03").params
    return {"spo2": (drop["red"], drop["yellow"], _NONE, _NONE)}


def _check(condition: str) -> None:
    if condition not in CONDITIONS:
        raise ValueError(f"unknown condition {condition!r}; known: {', '.join(CONDITIONS)}")
