"""What alerts were worth, held against the truth: the fixed definitions.

In: alerts, a truth table, who was watched when; all plain arrays. Out: `Judged`, which episodes
were found, which alerts were false, how much time there was. Called by whoever scores rules;
`figures` makes rates and intervals of it.

The definitions (reference 2, a choice of this project, fixed here):

- An episode counts when its whole window of detection lies after the first 14 days (the baselines
  are being learnt) and its index day T (usual care treats or admits) before the end.
- It is found when an alert of yellow or red fires in [t0 - 7, T] (COPD) or [T - 14, T] (heart
  failure; [T - 30, T] is told beside it, as FAST did). Lead is T less the first such alert.
- An alert is false outside every [t0 - 7, E] and [T - 30, E], after the refractory period, per
  patient-week of time outside those windows, pauses and the first 14 days left out. Windows of
  episodes that do not count still excuse an alert.
- PPV is alerts in a window of detection over all clinical alerts. Alerts between T and E count as
  neither true nor false: late, and in the denominator.
- Visible to a clinician are all red and yellow ones, missing measurements among them, per
  patient-week of all time after the first 14 days, pauses left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from alerting.backtest import spans
from alerting.backtest.alerts import Alerts, Watched, clinical
from alerting.backtest.spans import Spans
from alerting.rules.arrays import Bools, Floats, Ints
from devices.truth import EPISODES, Rows, checked

LEARNING_DAYS: Final = 14.0
"""The first days of a patient, in which no alert and no episode counts (reference 2)."""
COPD_DAYS: Final = 7.0
"""Before the onset t0."""
HF_DAYS: Final = 14.0
"""Before the index day T."""
HF_LONG_DAYS: Final = 30.0
"""Before T as well: FAST (Abraham 2011), and where an alert is never false."""
AFTERWARDS_DAYS: Final = 3.0
"""C: so long after a decoy's end an alert is put down to it; the next sitting of a plan of twice a
week, and the memory of a two-of-three rule."""

EPISODE: Final = np.dtype(
    [
        ("patient", np.int32),
        ("kind", "U20"),
        ("subtype", "U26"),
        ("admitted", np.bool_),
        ("reported", np.bool_),
        ("found", np.bool_),
        ("lead_days", np.float64),
        ("days_to_detect", np.float64),
        ("found_30d", np.bool_),
        ("window_days", np.float64),
        ("sittings", np.int32),
    ]
)
"""An episode that counts. Lead, and days from the onset t0 to the first alert (negative: before
it), NaN where it was not found; found_30d is `found` in COPD; length of its window of detection and
days with a sitting in it, -1 where that is not known."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A alerts of yellow or red or blue that count, P patients.

    episodes            an array of `EPISODE`
    alerts (A,)         after the learning period, up to the end
    early, false (A,)   clinical and in a window of detection; clinical and outside all windows
    decoy (A,)          kind of the decoy that a false alert is put down to, else ""
    days, clear_days (P,)  exposed, and of these outside the windows
    decoy_days          kind of decoy, to exposed clear days that it covers, all patients
    """

    episodes: npt.NDArray[np.void]
    alerts: Alerts
    early: Bools
    false: Bools
    decoy: npt.NDArray[np.str_]
    days: Floats
    clear_days: Floats
    decoy_days: dict[str, float]
    watched: Watched


def judge(alerts: Alerts, truth: Rows, watched: Watched) -> Judged:
    """Hold alerts against the truth; ValueError for a truth table that is none.

    `truth` is an array with the columns of `devices.truth.TRUTH`, patients counted as in `alerts`
    and `watched`.
    """
    truth = checked(truth)
    begin, last = watched.first + LEARNING_DAYS, watched.last
    alerts = alerts[np.lexsort((alerts["t"], alerts["patient"]))]
    who, when = alerts["patient"], alerts["t"]
    alerts = alerts[(when >= begin[who]) & (when <= last[who])]
    about = clinical(alerts)
    real = truth[np.isin(truth["kind"], EPISODES)]
    episodes = _episodes(alerts[about], real, watched, begin)
    around = _windows(real, HF_LONG_DAYS, real["t_end"])
    detection = _windows(real, HF_DAYS, real["t_index"])
    who, when = alerts["patient"], alerts["t"]
    false = about & ~spans.inside(around, who, when)
    decoys = truth[~np.isin(truth["kind"], EPISODES)]
    pauses = watched.pauses.cut(begin, last)
    exposed = np.maximum(last - begin, 0) - spans.days(pauses, watched.patients)
    hidden = spans.union(pauses, around.cut(begin, last))
    clear = np.maximum(last - begin, 0) - spans.days(hidden, watched.patients)
    return Judged(
        episodes=episodes,
        alerts=alerts,
        early=about & spans.inside(detection, who, when),
        false=false,
        decoy=_put_down(alerts, false, decoys),
        days=exposed,
        clear_days=clear,
        decoy_days=_covered(decoys, hidden, begin, last),
        watched=watched,
    )


def _windows(real: Rows, hf_days: float, end: Floats) -> Spans:
    """From seven days before t0, or so many before T, to `end`, of each episode."""
    start = np.where(real["kind"] == "copd", real["t0"] - COPD_DAYS, real["t_index"] - hf_days)
    return Spans(np.asarray(real["patient"], dtype=np.int64), start, end)


def _episodes(alerts: Alerts, real: Rows, watched: Watched, begin: Floats) -> npt.NDArray[np.void]:
    window = _windows(real, HF_DAYS, real["t_index"])
    who = window.patient
    counts = (window.start >= begin[who]) & (window.end <= watched.last[who])
    real, window = real[counts], window.only(counts)
    long = _windows(real, HF_LONG_DAYS, real["t_index"])
    first, first_long = _first(alerts, window), _first(alerts, long)
    made = np.zeros(len(real), EPISODE)
    for name in ("patient", "kind", "subtype", "admitted", "reported"):
        made[name] = real[name]
    made["found"], made["found_30d"] = np.isfinite(first), np.isfinite(first_long)
    made["lead_days"] = np.where(made["found"], real["t_index"] - first, np.nan)
    made["days_to_detect"] = np.where(made["found"], first - real["t0"], np.nan)
    made["window_days"] = window.end - window.start
    made["sittings"] = _sittings(window, watched)
    return made


def _first(alerts: Alerts, window: Spans) -> Floats:
    """Time of the first alert in each window, inf where there is none."""
    i, j = spans.pairs(window.patient, alerts["patient"])
    t = alerts["t"][j]
    hit = (t >= window.start[i]) & (t <= window.end[i])
    first = np.full(len(window), np.inf)
    np.minimum.at(first, i[hit], t[hit])
    return first


def _sittings(window: Spans, watched: Watched) -> Ints:
    """Days with a sitting in each window, by whole days; -1 where that is not known."""
    days = watched.measured_days
    if days is None:
        return np.full(len(window), -1)
    total = np.zeros((len(days), days.shape[1] + 1), dtype=np.int32)
    np.cumsum(days, axis=1, out=total[:, 1:])
    day = np.floor(watched.first[window.patient])
    low, high = (
        np.clip(np.floor(edge) - day, 0, days.shape[1]).astype(np.intp)
        for edge in (window.start, window.end + 1)
    )
    counted: Ints = total[window.patient, high] - total[window.patient, low]
    return counted


def _put_down(alerts: Alerts, false: Bools, decoys: Rows) -> npt.NDArray[np.str_]:
    """The kind of the decoy whose onset is nearest among those that a false alert falls into."""
    decoys = decoys[np.argsort(decoys["patient"], kind="stable")]
    found = np.zeros(len(alerts), dtype="U20")
    some = np.flatnonzero(false)
    i, j = spans.pairs(alerts["patient"][some], decoys["patient"])
    t, rows = alerts["t"][some][i], decoys[j]
    over = (t >= rows["t_prodrome"]) & (t <= rows["t_end"] + AFTERWARDS_DAYS)
    i, t, rows = i[over], t[over], rows[over]
    order = np.lexsort((np.abs(t - rows["t0"]), i))
    alert, nearest = np.unique(i[order], return_index=True)
    found[some[alert]] = rows["kind"][order][nearest]
    return found


def _covered(decoys: Rows, hidden: Spans, begin: Floats, last: Floats) -> dict[str, float]:
    """Days outside the windows in which an alert would be put down to each kind of decoy."""
    covered = {}
    for kind in np.unique(decoys["kind"]).tolist():
        rows = decoys[decoys["kind"] == kind]
        who = np.asarray(rows["patient"], dtype=np.int64)
        over = Spans(who, rows["t_prodrome"], rows["t_end"] + AFTERWARDS_DAYS).cut(begin, last)
        both = spans.days(spans.union(over, hidden), len(begin))
        covered[kind] = float((both - spans.days(hidden, len(begin))).sum())
    return covered


def joined(parts: Sequence[Judged]) -> Judged:
    """Patients that follow each other as one; they are counted on. Days measured are left out."""
    begin = np.cumsum([0, *(part.watched.patients for part in parts)])

    def on(name: str) -> npt.NDArray[np.void]:
        moved = [getattr(part, name).copy() for part in parts]
        for rows, first in zip(moved, begin.tolist(), strict=False):
            rows["patient"] += first
        return np.concatenate(moved)

    def end_to_end(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    decoy_days: dict[str, float] = {}
    for part in parts:
        for kind, days in part.decoy_days.items():
            decoy_days[kind] = decoy_days.get(kind, 0.0) + days
    watches = [part.watched for part in parts]
    alert_days = [watched.alert_days for watched in watches if watched.alert_days is not None]
    whole = Watched(
        first=np.concatenate([watched.first for watched in watches]),
        last=np.concatenate([watched.last for watched in watches]),
        alert_days=np.concatenate(alert_days) if len(alert_days) == len(parts) else None,
        labels={
            name: np.concatenate([watched.labels[name] for watched in watches])
            for name in watches[0].labels
        },
    )
    names = ("early", "false", "decoy", "days", "clear_days")
    return Judged(
        episodes=on("episodes"),
        alerts=on("alerts"),
        decoy_days=decoy_days,
        watched=whole,
        **{name: end_to_end(name) for name in names},
    )
