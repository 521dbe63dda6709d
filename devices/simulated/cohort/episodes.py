"""Exacerbations of COPD and decompensations of the heart: when, how badly, what is done.

In: the people of a chunk, the span of the world. Out: rows of `truth.TRUTH`. Called by `chunk`.
Onsets are a gamma-Poisson process with season, clustering after an exacerbation, and one disease
waking the other (clinical 3.5). What usual care does is part of the world and drawn here.
"""

import numpy as np
from numpy.typing import NDArray

from devices.simulated.cohort import numbers as n
from devices.simulated.cohort import truth
from devices.simulated.cohort.calendar import season_at
from devices.simulated.cohort.people import People
from devices.simulated.cohort.streams import CHUNK, Purpose, settled, stream, truncated

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BURN_IN_DAYS = 120
"""Before the first day, so that a world begins as it goes on (C)."""
AFTER_DAYS = 40
"""After the last day: a prodrome may begin before the end."""
_TENTH = float(np.log(10))
_ITEM = {name: place for place, name in enumerate(n.ITEMS)}


def exacerbations(seed: int, chunk: int, who: People, start: int, days: int) -> truth.Rows:
    """COPD rows of one chunk, by patient and time; `patient` counts within the chunk."""
    rng = stream(seed, Purpose.COPD, chunk)
    rate = who.copd_rate * n.COPD_BASE_RATE
    most = (1 + n.SEASON_COPD) * n.AGAIN_TIMES
    t, u = _candidates(rng, rate * most, start, days)
    kept = np.zeros(t.shape, dtype=bool)
    last = np.full(CHUNK, -np.inf)
    for turn in range(len(t)):
        since = t[turn] - last
        chance = 1 + n.SEASON_COPD * season_at(np.where(np.isfinite(t[turn]), t[turn], 0))
        again = since < n.COPD_APART_DAYS + n.AGAIN_DAYS
        chance = chance * np.where(again, n.AGAIN_TIMES, 1.0) / most
        kept[turn] = (u[turn] < chance) & (since >= n.COPD_APART_DAYS) & np.isfinite(t[turn])
        last = np.where(kept[turn], t[turn], last)
    patient, turn_of = np.nonzero(kept.T)
    return _copd_rows(rng, who, patient, settled(t[turn_of, patient]))


def decompensations(
    seed: int, chunk: int, who: People, copd: truth.Rows, start: int, days: int
) -> truth.Rows:
    """Heart-failure rows of one chunk, those that an exacerbation set off among them."""
    rng = stream(seed, Purpose.HEART_FAILURE, chunk)
    rate = who.hf_rate * n.HF_BASE_RATE
    most = 1 + n.SEASON_HF
    t, u = _candidates(rng, rate * most, start, days)
    season = season_at(np.where(np.isfinite(t), t, 0))
    t = np.where(u < (1 + n.SEASON_HF * season) / most, t, np.inf)
    draw, after = rng.random(len(copd)), n.COMORBID_TRIGGER_DAYS * rng.random(len(copd))
    sets_off = (draw < n.COMORBID_TRIGGER) & who.heart_failure[copd["patient"]]
    spontaneous, turn_of = np.nonzero(np.isfinite(t).T)
    patient = np.concatenate([spontaneous, copd["patient"][sets_off]])
    onset = np.concatenate([t[turn_of, spontaneous], (copd["t0"] + after)[sets_off]])
    order = np.lexsort((onset, patient))
    patient, onset = patient[order], onset[order]
    kept = _apart(patient, onset, n.HF_APART_DAYS)
    return _hf_rows(rng, who, patient[kept], settled(onset[kept]))


def _candidates(
    rng: np.random.Generator, rate_year: Array, start: int, days: int
) -> tuple[Array, Array]:
    """Poisson times in order and a uniform number each, (turns, patients); inf where none."""
    span = BURN_IN_DAYS + days + AFTER_DAYS
    count = rng.poisson(rate_year * span / 365)
    turns = int(count.max(initial=0))
    t = start - BURN_IN_DAYS + span * rng.random((turns, CHUNK))
    t[np.arange(turns)[:, None] >= count] = np.inf
    return np.sort(t, axis=0), rng.random((turns, CHUNK))


def _apart(patient: Ints, onset: Array, days: float) -> Bools:
    """Which of the onsets (sorted by patient, then time) stay when each keeps its distance."""
    kept = np.zeros(len(onset), dtype=bool)
    last, of = -np.inf, -1
    for place, (one, t) in enumerate(zip(patient.tolist(), onset.tolist(), strict=True)):
        if one != of or t - last >= days:
            kept[place], last, of = True, t, one
    return kept


def _copd_rows(rng: np.random.Generator, who: People, patient: Ints, t0: Array) -> truth.Rows:
    """The course of each exacerbation: shape, delay and admission of usual care, amplitudes."""
    size = len(t0)
    rows = truth.empty(size, "copd")
    rows["patient"], rows["t0"] = patient, t0
    prodrome = rng.uniform(n.PRODROME_LOW, n.PRODROME_HIGH, size)
    severity = settled(np.exp(n.SEVERITY_SD * rng.standard_normal(size)))
    shares, quantiles = np.transpose(n.DELAY_QUANTILES)
    delay = settled(np.interp(rng.random(size), shares, quantiles))
    rows["reported"] = rng.random(size) < n.REPORTED
    base = n.COPD_LENGTH * np.exp(n.COPD_LENGTH_SD * rng.standard_normal(size))
    rows["severity"] = severity
    rows["delay_days"], rows["length_days"] = delay, settled(truth.length_days(base, delay))
    recovery = np.clip((rows["length_days"] - delay) / n.SYMPTOMS_UNTIL, 2.0, 40.0)
    rows["rise_days"], rows["recovery_days"] = settled(prodrome + n.COPD_PEAK_DAYS), recovery
    rows["t_prodrome"], rows["t_index"] = settled(t0 - prodrome), t0 + delay
    rows["t_peak"] = t0 + np.minimum(n.COPD_PEAK_DAYS, delay)
    rows["t_end"] = settled(rows["t_index"] + _TENTH * recovery)
    _usual_care(rng, rows, n.COPD_BED_DAYS)
    level, put = who.level[patient], rows["amplitude"]
    put[:, n.SPO2] = -severity * truncated(rng, n.COPD_SPO2, n.COPD_SPO2_SD, 0, 7, size)
    put[:, n.PULSE] = severity * truncated(rng, n.COPD_PULSE, n.COPD_PULSE_SD, 0, 35, size)
    share = severity * truncated(rng, n.COPD_FEV1, n.COPD_FLOW_SD, 0, 0.35, size)
    put[:, n.FEV1] = -np.minimum(share, 0.6) * level[:, n.FEV1]
    share = severity * truncated(rng, n.COPD_PEF, n.COPD_FLOW_SD, 0, 0.35, size)
    put[:, n.PEF] = -np.minimum(share, 0.6) * level[:, n.PEF]
    _copd_symptoms(rng, rows, prodrome)
    purulent = np.isfinite(rows["item_from"][:, _ITEM["sputum_colour"]])
    rows["subtype"] = np.where(purulent, "purulent", "not-purulent")
    return rows


def _copd_symptoms(rng: np.random.Generator, rows: truth.Rows, prodrome: Array) -> None:
    """Which symptoms, from when, until when: once per episode and question.

    The first comes with the onset, the others between the middle of the prodrome and two days
    after (C; van den Berge 2012: symptoms rise for two weeks, sharply in the last). Each lasts
    0.7 to 1.3 times the length of the episode.
    """
    size = len(rows)
    width = len(n.ITEMS)
    present = rng.random((size, width)) < [row.in_copd for row in n.ITEM_ORDER]
    begin = -0.5 * prodrome[:, None] + (0.5 * prodrome[:, None] + 2) * rng.random((size, width))
    until = rows["length_days"][:, None] * rng.uniform(0.7, 1.3, (size, width))
    first = np.argmin(np.where(present, begin, np.inf), axis=1)
    begin[np.arange(size), first] = np.minimum(begin[np.arange(size), first], 0.0)
    rows["item_from"] = np.where(present, begin, np.nan)
    rows["item_until"] = np.where(present, np.maximum(until, begin + 2), np.nan)


def _usual_care(rng: np.random.Generator, rows: truth.Rows, bed_days: float) -> None:
    """Admission by `admission_chance`, days in bed, and the uniform numbers other arms need."""
    size = len(rows)
    rows["u_admission"], rows["u_contact"] = settled(rng.random(size)), settled(rng.random(size))
    rows["admitted"] = rows["u_admission"] < truth.admission_chance(rows, rows["delay_days"])
    rows["reported"] |= rows["admitted"]
    beds = bed_days * np.exp(n.BED_DAYS_SD * rng.standard_normal(size))
    rows["bed_days"] = np.clip(np.rint(beds), 1, 60)


def _hf_rows(rng: np.random.Generator, who: People, patient: Ints, t0: Array) -> truth.Rows:
    """The course of each decompensation. Onset is where the rise is a third done, one time
    constant before the index day (C); severity has mean 1, so that published amplitudes are."""
    size = len(t0)
    rows = truth.empty(size, "hf")
    rows["patient"], rows["t0"] = patient, t0
    rise = settled(n.HF_RISE * np.exp(n.HF_RISE_SD * rng.standard_normal(size)))
    mean_one = np.exp(n.SEVERITY_SD * rng.standard_normal(size) - n.SEVERITY_SD**2 / 2)
    severity = settled(mean_one)
    rows["severity"], rows["reported"] = severity, True
    rows["delay_days"], rows["rise_days"], rows["recovery_days"] = rise, rise, n.HF_DECAY
    rows["length_days"] = settled(rise + n.SYMPTOMS_UNTIL * n.HF_DECAY)
    rows["t_index"] = rows["t_peak"] = settled(t0 + rise)
    rows["t_prodrome"] = rows["t_index"] - n.HF_PRODROME_DAYS
    rows["t_end"] = settled(rows["t_index"] + _TENTH * n.HF_DECAY)
    _usual_care(rng, rows, n.HF_BED_DAYS)
    congestive, low_output = rng.random(size) < n.CONGESTIVE, rng.random(size) < n.LOW_OUTPUT
    gain = rng.gamma(n.HF_GAIN_SHAPE, n.HF_GAIN / n.HF_GAIN_SHAPE, size)
    other = n.HF_GAIN_OTHER_SD * rng.standard_normal(size)
    level, put = who.level[patient], rows["amplitude"]
    put[:, n.WEIGHT] = settled(np.where(congestive, severity * np.minimum(gain, 9), other))
    put[:, n.PULSE] = severity * truncated(rng, n.HF_PULSE, n.HF_PULSE_SD, 0, 35, size)
    put[:, n.SPO2] = -severity * truncated(rng, n.HF_SPO2, n.HF_SPO2_SD, 0, 7, size)
    share = severity * truncated(rng, n.HF_FLOW, n.HF_FLOW_SD, 0, 0.25, size)
    put[:, n.FEV1], put[:, n.PEF] = -share * level[:, n.FEV1], -share * level[:, n.PEF]
    mean = np.where(low_output, -n.HF_SYSTOLIC_DOWN, float(n.HF_SYSTOLIC_UP))
    shift = severity * truncated(rng, mean, n.HF_SYSTOLIC_SD, -40, 40, size)
    put[:, n.SYSTOLIC], put[:, n.DIASTOLIC] = shift, n.DIASTOLIC_SHARE * shift
    _hf_symptoms(rng, rows, congestive, low_output)
    weight = np.where(congestive, "congestive", "redistribution")
    pressure = np.where(low_output, "-low-output", "-vascular")
    rows["subtype"] = np.char.add(weight, pressure)
    return rows


def _hf_symptoms(
    rng: np.random.Generator, rows: truth.Rows, congestive: Bools, low_output: Bools
) -> None:
    """A symptom begins where the rise passes a level of its own, 0.25 to 0.8, so from ten days to
    two before the index day, and is gone three to ten days after it (C)."""
    size, width = len(rows), len(n.ITEMS)
    chance = np.tile([row.in_hf for row in n.ITEM_ORDER], (size, 1))
    chance[~congestive, _ITEM["oedema"]] = 0
    for name in ("dizziness", "syncope"):
        chance[~low_output, _ITEM[name]] = 0
    present = rng.random((size, width)) < chance
    threshold = rng.uniform(0.25, 0.8, (size, width))
    rise = rows["rise_days"][:, None]
    begin = rise + rise * np.log(threshold)
    until = rise + rng.uniform(3, 10, (size, width))
    rows["item_from"] = np.where(present, settled(begin), np.nan)
    rows["item_until"] = np.where(present, until, np.nan)
