"""The same few rules in pandas and in river: what `rules` is held against, beside the oracle.

In: the cohort's values (days, patients, signals). Out: seconds, and the level of every reading.
The subset is R01, R06, R11, R12 and R13: limits, gains over days, and two moving averages; `SUBSET`
is the same rules of our own, the others switched off. The levels are those of one reading alone:
confirmation, episodes and alerts, which our own step does as well, are left out on the other side.

pandas has the whole history at once and finds the same levels, or the run fails. river goes
reading by reading; its moving averages forget by reading and not by time and its windows count
readings and not days, so its levels are only near, and how near is told.
"""

from time import process_time
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd  # type: ignore[import-untyped]
from river import stats

from alerting.rules import RULEBOOK, RULES, Colour, default_limits, rule_index, signal_index
from benchmarks.measure import Stopwatch

NAMED: Final = ("R01", "R06", "R11", "R12", "R13")
COLUMNS: Final = [rule_index(rule_id) for rule_id in NAMED]
SUBSET: Final = RULEBOOK.changed(
    {rule.id: {"enabled": 0.0} for rule in RULES if rule.id not in NAMED}
)
Levels = npt.NDArray[np.int8]
"""(days, patients, rules of the subset)."""
Times = npt.NDArray[np.float64]
Values = npt.NDArray[np.float64]

_SPO2, _PULSE, _WEIGHT = (signal_index(alias) for alias in ("spo2", "pulse", "weight"))
_PLAUSIBLE: Final = {_SPO2: (50.0, 100.0), _PULSE: (25.0, 220.0), _WEIGHT: (30.0, 250.0)}
_LIMITS: Final = default_limits("both", rulebook=RULEBOOK)
_GREEN, _YELLOW, _RED = int(Colour.GREEN), int(Colour.YELLOW), int(Colour.RED)
_NS_A_DAY: Final = 86_400 * 10**9


def by_pandas(t: Times, x: Values) -> tuple[float, Levels]:
    """Whole histories in one frame, sorted by patient and time; the clock includes making it."""
    watch = Stopwatch(process_time)
    with watch:
        frame = _frame(t, x)
        weighed = frame[frame["grams"].notna()].copy()
        _add_gains(weighed)
        for name in ("R11", "R12", "R13"):
            frame[name] = weighed[name].reindex(frame.index, fill_value=_GREEN)
        _add_limits(frame)
    levels = frame.sort_index()[list(NAMED)].to_numpy(dtype=np.int8)
    return watch.seconds, levels.reshape(*t.shape, len(NAMED))


def _frame(t: Times, x: Values) -> pd.DataFrame:
    days, patients = t.shape
    frame = pd.DataFrame(
        {
            "patient": np.tile(np.arange(patients), days),
            "moment": pd.to_datetime(np.round(t.ravel() * _NS_A_DAY).astype(np.int64)),
            "spo2": _believed(x, _SPO2),
            "pulse": _believed(x, _PULSE),
            "grams": np.round(_believed(x, _WEIGHT) * 1000.0),
        }
    )
    frame["day"] = frame["moment"].dt.floor("D")
    return frame.sort_values(["patient", "moment"], kind="stable")


def _believed(x: Values, signal: int) -> Values:
    low, high = _PLAUSIBLE[signal]
    column = x[:, :, signal].ravel()
    return np.where((column >= low) & (column <= high), column, np.nan)


def _graded(yellow: pd.Series, red: pd.Series) -> Levels:
    return np.where(red, _RED, np.where(yellow, _YELLOW, _GREEN)).astype(np.int8)


def _add_limits(frame: pd.DataFrame) -> None:
    low_red, low, high, high_red = _LIMITS["pulse"]
    spo2, pulse = frame["spo2"], frame["pulse"]
    frame["R01"] = _graded(spo2 <= _LIMITS["spo2"][1], spo2 <= _LIMITS["spo2"][0])
    frame["R06"] = _graded(
        (pulse <= low) | (pulse >= high), (pulse <= low_red) | (pulse >= high_red)
    )


def _add_gains(weighed: pd.DataFrame) -> None:
    gain, quick, macd = (RULEBOOK[rule_id].params for rule_id in ("R11", "R12", "R13"))
    by_patient = weighed.groupby("patient", sort=False)

    def since(days: float) -> Values:
        window = by_patient.rolling(f"{days:.0f}D", on="day", closed="left")["grams"].min()
        rise: Values = weighed["grams"].to_numpy() - window.to_numpy()
        return rise

    three = since(gain["window_days"])
    weighed["R11"] = _graded(three > gain["yellow"] * 1000.0, three > gain["red"] * 1000.0)
    week = since(quick["window_days"]) >= quick["yellow"] * 1000.0
    weighed["R12"] = _graded((since(1.0) >= quick["yellow_day"] * 1000.0) | week, week & False)
    fast, slow = (
        by_patient[["grams"]].apply(_moving, weighed["moment"], half_life).to_numpy().ravel()
        for half_life in ("2D", "14D")
    )
    apart = np.where(by_patient.cumcount() >= macd["readings"], (fast - slow) / 1000.0, np.nan)
    weighed["R13"] = _graded(apart >= macd["yellow"], apart >= macd["red"])


def _moving(grams: pd.DataFrame, moment: pd.Series, half_life: str) -> pd.DataFrame:
    mean: pd.DataFrame = grams.ewm(halflife=half_life, times=moment[grams.index]).mean()
    return mean


class _Watched:
    """One patient as river keeps him: moving averages by reading, lowest of the last readings."""

    def __init__(self) -> None:
        self.fast = stats.EWMean(1.0 - 2.0 ** (-1.0 / 2.0))
        self.slow = stats.EWMean(1.0 - 2.0 ** (-1.0 / 14.0))
        self.of_day, self.of_three = stats.RollingMin(1), stats.RollingMin(3)
        self.of_week = stats.RollingMin(7)
        self.seen = 0

    def weigh(self, grams: float) -> tuple[int, int, int]:
        """The levels of R11, R12 and R13."""
        gain, quick, macd = (RULEBOOK[rule_id].params for rule_id in ("R11", "R12", "R13"))
        three = day = week = 0.0
        if self.seen:
            windows = (self.of_day, self.of_three, self.of_week)
            day, three, week = (grams - float(window.get() or 0.0) for window in windows)
        for window in (self.of_day, self.of_three, self.of_week):
            window.update(grams)
        self.fast.update(grams)
        self.slow.update(grams)
        fast, slow = float(self.fast.get() or 0.0), float(self.slow.get() or 0.0)
        apart = (fast - slow) / 1000.0 if self.seen > 2 else 0.0
        self.seen += 1
        return (
            _level(three > gain["yellow"] * 1000.0, three > gain["red"] * 1000.0),
            _level(day >= quick["yellow_day"] * 1000.0 or week >= quick["yellow"] * 1000.0, False),
            _level(apart >= macd["yellow"], apart >= macd["red"]),
        )


def _level(yellow: bool, red: bool) -> int:
    return _RED if red else _YELLOW if yellow else _GREEN


def by_river(x: Values) -> tuple[float, Levels]:
    """Patient by patient, reading by reading; x (days, patients, signals)."""
    days, patients, _ = x.shape
    rows: list[list[list[float]]] = x.transpose(1, 0, 2).tolist()
    people, watch, told = [_Watched() for _ in range(patients)], Stopwatch(process_time), []
    with watch:
        for person, history in zip(people, rows, strict=True):
            told.append([_judged(person, values) for values in history])
    levels = np.array(told, dtype=np.int8).transpose(1, 0, 2)
    assert levels.shape == (days, patients, len(NAMED))
    return watch.seconds, levels


def _judged(person: _Watched, values: list[float]) -> tuple[int, int, int, int, int]:
    spo2, pulse, weight = values[_SPO2], values[_PULSE], values[_WEIGHT]
    low_red, low, high, high_red = _LIMITS["pulse"]
    oxygen = heart = _GREEN
    fluid = (_GREEN, _GREEN, _GREEN)
    if 50.0 <= spo2 <= 100.0:
        oxygen = _level(spo2 <= _LIMITS["spo2"][1], spo2 <= _LIMITS["spo2"][0])
    if 25.0 <= pulse <= 220.0:
        heart = _level(not low < pulse < high, not low_red < pulse < high_red)
    if 30.0 <= weight <= 250.0:
        fluid = person.weigh(float(round(weight * 1000.0)))
    return oxygen, heart, *fluid
