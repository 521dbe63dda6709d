"""Ground truth as a file: what really happened to whom, beside a record store that does not know.

In: a simulated world, or a file that a clinic has made by looking back. Out: JSON, a list of
episodes and decoys by citizen; or the rows of a truth table. Called by the commands `truth` and
`backtest`.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from devices.simulated.cohort import Cohort
from devices.truth import COLUMNS, TRUTH, Rows, checked
from hjemmepuls.simulation import simulated_world

_EPOCH: Final = datetime(1970, 1, 1)
_TIMES: Final = ("t_prodrome", "t0", "t_peak", "t_index", "t_end")
_RECOVERY_DAYS: Final = {"copd": 14.0, "hf": 11.5}
"""C: from treatment to the end of an episode in a world that tells no end of its own."""


def told(homes: int, days: int, seed: int, start: date, cohort: bool) -> list[dict[str, Any]]:
    """The truth of a simulated world, local times as ISO 8601 without a zone."""
    world = simulated_world(homes, days, seed, start, cohort=cohort)
    citizens: Any = world.enrolment()["citizens"]
    ids = [row["id"] for row in citizens]
    if cohort:
        rows = np.concatenate([block.truth for block in Cohort(seed, homes, days, start).blocks()])
    else:
        rows = np.zeros(len(world.episodes()), TRUTH)
        row_of = {citizen: row for row, citizen in enumerate(ids)}
        first = (start - date(1970, 1, 1)).days
        for row, episode in zip(rows, world.episodes(), strict=True):
            kind = "copd" if episode.kind == "exacerbation" else "hf"
            row["patient"], row["kind"] = row_of[episode.citizen], kind
            row["subtype"], row["severity"], row["reported"] = episode.kind, 1.0, True
            row["t_prodrome"] = row["t0"] = first + episode.onset_day
            row["t_peak"] = first + episode.peak_day
            row["t_index"] = first + max(episode.treated_day, episode.onset_day)
            row["t_end"] = row["t_index"] + _RECOVERY_DAYS[kind]
    return [_entry(row, ids) for row in rows]


def _entry(row: Any, ids: list[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"citizen": ids[row["patient"]]}
    for name, _ in COLUMNS[1:]:
        value = row[name].item()
        if name in _TIMES:
            value = None if np.isnan(value) else _iso(value)
        entry[name] = round(value, 3) if isinstance(value, float) else value
    return entry


def _iso(t: float) -> str:
    moment = _EPOCH + timedelta(days=t)
    return moment.isoformat(timespec="seconds")


def read_truth(path: Path, row_of: Mapping[str, int]) -> Rows:
    """The rows of a truth file that are about these citizens; ValueError that says what is wrong.

    Every entry has citizen, kind and t0; an episode has t_index and t_end too, a decoy t_end. What
    else is left out is taken from these.
    """
    try:
        entries = msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not a list of episodes and decoys: {error}") from error
    mine = [entry for entry in entries if entry.get("citizen") in row_of]
    rows = np.zeros(len(mine), TRUTH)
    rows["severity"], rows["reported"] = 1.0, True
    for row, entry in zip(rows, mine, strict=True):
        row["patient"] = row_of[entry["citizen"]]
        for name, _ in COLUMNS[1:]:
            value = entry.get(name)
            if name in _TIMES:
                row[name] = np.nan if value is None else _local(value, path)
            elif value is not None:
                row[name] = value
        for name in ("t_prodrome", "t_peak"):
            row[name] = row["t0"] if np.isnan(row[name]) else row[name]
    try:
        return checked(rows)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _local(text: Any, path: Path) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {text!r} is no local time in ISO 8601") from error
    return (moment.replace(tzinfo=None) - _EPOCH) / timedelta(days=1)
