"""Face validity of episodes and decoys, on the report seeds."""

import numpy as np
import numpy.typing as npt
import pytest

from devices.simulated.cohort import (
    ITEMS,
    KINDS,
    Cohort,
    admission_chance,
    length_days,
    treated_earlier,
)
from devices.simulated.cohort.truth import of_kind
from tests.devices.simulated.cohort.conftest import DAYS, START, Year, mean


def all_rows(years: list[Year], kind: str) -> npt.NDArray[np.void]:
    return np.concatenate([year.rows(kind) for year in years])


def around(
    year: Year, kind: str, signal: str, anchor: str, first: int, last: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean of the days from three to one week before the prodrome's usual start, and of the days
    `first` to `last - 1` after the anchor, for every row that the year holds whole."""
    column, before, after = year.column(signal), [], []
    for row in year.rows(kind):
        day = int(np.floor(row[anchor])) - year.block.start
        if day >= 29 and day + last <= DAYS:
            one = column[row["patient"] - year.block.first]
            before.append(mean(one[day - 29 : day - 8])[0])
            after.append(mean(one[day + first : day + last])[0])
    return np.array(before), np.array(after)


@pytest.mark.parametrize(
    ("signal", "level", "low", "high"),
    [
        ("spo2", (92.8, 94.2), -2.0, -0.9),  # Burton 2015: 93.6 -> 92.4
        ("pulse", (84, 90), 5.0, 9.0),  # Burton 2015: 87 -> 94
    ],
)
def test_onset_of_an_exacerbation(
    years: list[Year], signal: str, level: tuple[float, float], low: float, high: float
) -> None:
    """The three days from the day after onset, against the weeks before. COPD alone: the
    published patients were not chosen for heart failure as well."""
    before, after = zip(*(around(year, "copd", signal, "t0", 1, 4) for year in years), strict=True)
    was, became = np.concatenate(before), np.concatenate(after)
    assert level[0] < float(np.nanmean(was)) < level[1]
    assert low < float(np.nanmean(became - was)) < high


@pytest.mark.parametrize(("signal", "published"), [("fev1", -0.066), ("pef", -0.073)])
def test_lung_function_at_onset(years: list[Year], signal: str, published: float) -> None:
    """Donaldson: FEV1 -6.6 %, PEF -7.3 %; nothing before onset (Seemungal 2000)."""
    for first, last, low, high in (
        (1, 4, 1.25 * published, 0.65 * published),
        (-5, -1, -0.012, 0.012),
    ):
        pairs = [around(year, "copd", signal, "t0", first, last) for year in years]
        was, became = (np.concatenate(side) for side in zip(*pairs, strict=True))
        assert low < float(np.nanmean(became / was - 1)) < high


def test_weight_before_a_decompensation(years: list[Year]) -> None:
    """Zhang 2009: +0.9 kg (SD 2.1) in the 14 days before; half a kilo more is within reach of a
    mean of that spread. Wrong persons on the scale are left out, as studies do."""
    changes = []
    for year in years:
        weight = np.where(year.column("weight") > 0, year.column("weight"), np.nan)
        for row in year.rows("hf"):
            day = int(np.floor(row["t_index"])) - year.block.start
            if 14 <= day < DAYS:
                one = weight[row["patient"] - year.block.first]
                changes.append(one[day] - one[day - 14])
    kept = np.array([one for one in changes if abs(one) < 9])
    assert 0.6 < float(kept.mean()) < 1.5
    assert 1.5 < float(kept.std()) < 2.5


@pytest.mark.parametrize(("gold", "published"), [(2, 0.85), (3, 1.34), (4, 2.00)])
def test_exacerbations_a_year(years: list[Year], gold: int, published: float) -> None:
    """ECLIPSE, in patients without heart failure. The lucky and the unlucky differ by a gamma
    number, so the band is one of a few percent over some hundred patients."""
    count = people = 0
    for year in years:
        who = year.block.people
        of_gold = (who.gold == gold) & ~who.heart_failure
        people += int(of_gold.sum())
        count += int(of_gold[year.rows("copd")["patient"]].sum())
    assert count / people == pytest.approx(published, rel=0.16)


def test_decompensations_a_year(years: list[Year]) -> None:
    """Ledwidge 0.70, FAST 0.28, Moazeni 0.97; more with COPD (clinical 3.5)."""
    found = {}
    for both in (False, True):
        count = people = 0
        for year in years:
            who = year.block.people
            some = who.heart_failure & (who.copd == both)
            people += int(some.sum())
            count += int(some[year.rows("hf")["patient"]].sum())
        found[both] = count / people
    assert found[False] == pytest.approx(0.70, rel=0.12)
    assert found[True] > 1.3 * found[False]


def test_people_differ(years: list[Year]) -> None:
    """Gamma-Poisson: the variance of the yearly count is well above its mean."""
    counts = np.concatenate(
        [np.bincount(y.rows("copd")["patient"], minlength=1024)[y.block.people.copd] for y in years]
    )
    assert 1.6 < float(counts.var() / counts.mean()) < 3.0
    assert 0.25 < float((counts == 0).mean()) < 0.5


def test_season(years: list[Year]) -> None:
    """London: November to February 1.56 times May to August; So 2018 winter to summer 1.65."""
    days = (all_rows(years, "copd")["t0"]).astype("datetime64[D]")
    month = days.astype("datetime64[M]").astype(int) % 12 + 1
    count = np.bincount(month, minlength=13)
    assert 1.3 < count[[11, 12, 1, 2]].sum() / count[5:9].sum() < 1.75


def test_usual_care(years: list[Year]) -> None:
    """Wilkinson 2004: delay 3.69 (2 to 5.57), 60 % reported, 10.7 days (7 to 14)."""
    rows = all_rows(years, "copd")
    assert np.quantile(rows["delay_days"], [0.25, 0.5, 0.75]) == pytest.approx(
        [2.0, 3.69, 5.57], rel=0.08
    )
    assert float(rows["reported"].mean()) == pytest.approx(0.60, abs=0.03)
    quartiles = np.quantile(rows["length_days"], [0.25, 0.5, 0.75])
    assert quartiles == pytest.approx([7.0, 10.7, 14.0], rel=0.22)
    slope = np.polyfit(rows["delay_days"], rows["length_days"], 1)[0]
    assert 0.19 < float(slope) < 0.65
    assert 0.15 < float(rows["admitted"].mean()) < 0.30
    assert rows["reported"][rows["admitted"]].all()


def test_subtypes(years: list[Year]) -> None:
    rows = all_rows(years, "hf")
    congestive = np.char.startswith(rows["subtype"], "congestive")
    low_output = np.char.endswith(rows["subtype"], "low-output")
    assert float(congestive.mean()) == pytest.approx(0.55, abs=0.04)
    assert float(low_output.mean()) == pytest.approx(0.50, abs=0.04)
    assert float(rows["amplitude"][congestive, 2].mean()) == pytest.approx(2.6, rel=0.1)
    assert abs(float(rows["amplitude"][~congestive, 2].mean())) < 0.1
    assert float(rows["amplitude"][low_output, 3].mean()) == pytest.approx(-12, rel=0.1)
    assert float(rows["amplitude"][~low_output, 3].mean()) == pytest.approx(10, rel=0.1)


def test_one_disease_wakes_the_other(years: list[Year]) -> None:
    """A quarter of exacerbations in patients with both is followed within a week."""
    followed = total = 0
    for year in years:
        hf = year.rows("hf")
        of_both = year.block.people.copd & year.block.people.heart_failure
        for row in year.rows("copd"):
            if of_both[row["patient"]] and row["t0"] < year.block.start + DAYS - 7:
                total += 1
                after = hf["t0"][hf["patient"] == row["patient"]] - row["t0"]
                followed += bool(((after >= 0) & (after <= 7)).any())
    assert 0.15 < followed / total < 0.33


def test_symptoms_last(years: list[Year]) -> None:
    """Within an episode a yes is followed by a yes; between people without, hardly ever."""
    place = ITEMS.index("dyspnoea")
    for kind, least in (("copd", 0.85), ("hf", 0.80)):
        stayed = []
        for year in years:
            for row in year.rows(kind):
                if np.isfinite(row["item_from"][place]):
                    begin = int(np.ceil(row["t0"] + row["item_from"][place])) - year.block.start
                    end = int(row["t0"] + row["item_until"][place]) - year.block.start
                    one = year.block.answers[row["patient"], place, max(begin, 0) : end]
                    stayed += one.tolist()
        assert least < float(np.mean(stayed)) < 0.98


def test_symptoms_come_with_the_onset(years: list[Year]) -> None:
    """Nearly every exacerbation has a symptom, and the first of them is there at onset."""
    rows = all_rows(years, "copd")
    none = np.isnan(rows["item_from"]).all(axis=1)
    assert float(none.mean()) < 0.03
    first = np.nan_to_num(rows["item_from"][~none], nan=np.inf).min(axis=1)
    assert float(first.max()) <= 0


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("decoy_")])
def test_every_decoy_occurs(years: list[Year], kind: str) -> None:
    rows = all_rows(years, kind)
    assert len(rows) > 10
    assert np.isnan(rows["t_index"]).all()
    assert (rows["amplitude"] != 0).any(axis=1).all()
    assert (rows["t_end"] >= rows["t0"]).all()


def test_bad_days_are_as_many_as_exacerbations(years: list[Year]) -> None:
    """Burton 2015: 150 bad days to 172 onsets."""
    episodes = len(all_rows(years, "copd")) + len(all_rows(years, "hf"))
    assert 0.75 < len(all_rows(years, "decoy_bad_day")) / episodes < 1.05


@pytest.mark.parametrize(
    ("kind", "rate"),
    [("decoy_holiday_weight", 1.5), ("decoy_cold", 1.0), ("decoy_drug_course", 0.5)],
)
def test_decoys_a_year(years: list[Year], kind: str, rate: float) -> None:
    found = len(all_rows(years, kind)) / sum(year.block.patients for year in years)
    assert found == pytest.approx(rate, rel=0.08)


def test_an_exchanged_device_shifts_what_is_shown(years: list[Year]) -> None:
    """By the difference of the two constant errors; the body does not notice."""
    with_decoys = years[0].block
    without = Cohort(9001, with_decoys.patients, DAYS, START, all_devices=True, decoys=False).block(
        0, with_decoys.patients
    )
    swaps = of_kind(years[0].rows("decoy_device_swap"), "decoy_device_swap")
    shifts, wanted = [], []
    for row in swaps[swaps["subtype"] == "cuff"]:
        day, patient = int(row["t0"]) - with_decoys.start, row["patient"]
        if 30 < day < DAYS - 30:
            both = (with_decoys, without)
            after, before = (one.values[patient, 3, day + 2 : day + 25].mean() for one in both)
            shifts.append(float(after - before))
            wanted.append(float(row["amplitude"][3]))
    assert len(wanted) > 20
    assert float(np.corrcoef(shifts, wanted)[0, 1]) > 0.9


def test_treated_earlier_is_shorter(years: list[Year]) -> None:
    """0.42 days for each day, never below three, never longer than in usual care."""
    rows = all_rows(years, "copd")
    assert treated_earlier(rows, 0.0).tolist() == rows["length_days"].tolist()
    day_earlier = treated_earlier(rows, 1.0)
    saved = rows["length_days"] - day_earlier
    full = (rows["delay_days"] >= 1) & (rows["length_days"] > 3.42)
    assert saved[full] == pytest.approx(np.full(full.sum(), 0.42))
    assert (day_earlier >= 3 - 1e-9).all()
    at_once = treated_earlier(rows, 100.0)
    assert at_once == pytest.approx(np.maximum(3, rows["length_days"] - 0.42 * rows["delay_days"]))
    assert (length_days(5.0, np.arange(4.0)) == 5 + 0.42 * np.arange(4)).all()


def test_admission_by_the_same_number(years: list[Year]) -> None:
    """With the usual delay nobody's admission changes, whatever a day of delay is said to cost;
    with a cost, treating early admits fewer, and all of them were admitted before."""
    for kind in ("copd", "hf"):
        rows = all_rows(years, kind)
        for cost in (0.0, 0.1, 0.2):
            usual = rows["u_admission"] < admission_chance(rows, rows["delay_days"], cost)
            assert (usual == rows["admitted"]).all()
        early = rows["u_admission"] < admission_chance(rows, rows["delay_days"] - 3, 0.2)
        assert early.sum() < rows["admitted"].sum()
        assert rows["admitted"][early].all()
