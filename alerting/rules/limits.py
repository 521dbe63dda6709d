"""The standard set of personal limits that a patient is given at enrolment."""

from typing import Final, TypeAlias

from alerting.rules.rulebook import RULES, rule_index

Limits: TypeAlias = tuple[float, float, float, float]
"""(low_red, low_yellow, high_yellow, high_red), NaN = none."""

_NONE: Final = float("nan")
CONDITIONS: Final = ("copd", "heart-failure", "both")


def default_limits(
    condition: str, *, scale2: bool = False, beta_blocker: bool = False
) -> dict[str, Limits]:
    """Limits by signal alias, for the signals that have any.

    `condition` is one of CONDITIONS. `scale2`: the doctor has prescribed a target of 88-92 %
    because of hypercapnic risk. `beta_blocker`: a beta-blocker or pacemaker. Raises ValueError
    for another condition. The numbers and their sources are those of R01, R06, R16 and R17.

    >>> default_limits("copd", scale2=True)["spo2"]
    (85.0, 87.0, nan, nan)
    """
    if condition not in CONDITIONS:
        raise ValueError(f"unknown condition {condition!r}; known: {', '.join(CONDITIONS)}")
    spo2, pulse, low, high = (
        RULES[rule_index(rule_id)].params for rule_id in ("R01", "R06", "R16", "R17")
    )
    scale = "_scale2" if scale2 else ""
    beta = "_beta_blocker" if beta_blocker else ""
    limits: dict[str, Limits] = {
        "spo2": (spo2["red" + scale], spo2["yellow" + scale], _NONE, _NONE),
        "pulse": (
            pulse["low_red"],
            pulse["low_yellow" + beta],
            pulse["high_yellow"],
            pulse["high_red"],
        ),
        "systolic": (low["red"], low["yellow"], high["systolic_yellow"], high["systolic_red"]),
        "diastolic": (_NONE, _NONE, high["diastolic_yellow"], high["diastolic_red"]),
    }
    return limits
