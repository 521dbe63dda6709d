"""The backtest over a store: the same rules as live, read in blocks, against the truth."""

import json
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from alerting.backtest.score import LEARNING_DAYS
from alerting.engine import Change, Engine
from alerting.roster import Roster
from alerting.rules import RULEBOOK, Colour
from alerting.sittings import sittings_of
from alerting.standard_limits import standard_limits
from hjemmepuls import history
from hjemmepuls.history import backtest, followed, waves
from hjemmepuls.truths import read_truth, told
from ingest.store import SqliteReader
from tests.hjemmepuls.stored import store_of

HOMES, DAYS, SEED, START = 14, 75, 101, date(2025, 1, 1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return store_of(tmp_path_factory.mktemp("store") / "records.db", HOMES, DAYS, SEED, START)


@pytest.fixture(scope="module")
def live(store: Path) -> dict[str, Any]:
    return backtest(store, {}, draws=20)


def rises(card: Any) -> dict[tuple[str, str], float]:
    """Rule and colour to rises, as counts."""
    return {
        (rule, colour): round(value * card["patient_weeks"])
        for rule, of in card["rules_per_patient_week"].items()
        for colour, value in of.items()
        if value
    }


def test_it_says_what_the_engine_says_live(store: Path, live: dict[str, Any]) -> None:
    """Sittings one by one through the engine, in the order of measuring, counted by hand."""
    with closing(SqliteReader(store)) as reader:
        roster = Roster.of(reader)
        records = [record for citizen in roster.ids for record in reader.records_of(citizen)]
        end = history.newest_of(reader)
    engine = Engine(roster, rulebook=RULEBOOK)
    begin = roster.profile().start_day + LEARNING_DAYS
    changes = engine.advance(sittings_of(records, roster.row)) + engine.clock(end)
    counted = Counter(
        (RULEBOOK.rules[change.rule].id, change.colour.name.lower())
        for change in changes
        if isinstance(change, Change)
        and change.colour > Colour.GREEN
        and change.t >= begin[change.row]
    )
    missing = {key: count for key, count in counted.items() if key[0] == "R24"}
    wanted = {key: count for key, count in counted.items() if key not in missing}
    found = rises(live["live"])
    assert len(wanted) > 8
    assert {key: count for key, count in found.items() if key[0] != "R24"} == wanted
    assert {key for key in found if key[0] == "R24"} == set(missing)


@pytest.mark.parametrize("block", [1, 5])
def test_blocks_do_not_matter(
    store: Path, live: dict[str, Any], block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BLOCK", block)
    seen: list[int] = []
    again = backtest(store, {}, draws=20, starts=seen.append)
    assert again == live
    assert seen == [-(-HOMES // block)]


def test_a_rule_that_is_switched_off_says_nothing(store: Path, live: dict[str, Any]) -> None:
    result = backtest(store, {"R21": {"enabled": 0.0}}, draws=20)
    assert result["live"] == live["live"]
    before, after = (rises(result[name]) for name in ("live", "changed"))
    assert any(rule == "R21" for rule, _ in before)
    assert not any(rule == "R21" for rule, _ in after)
    delta = result["difference"]["rules_per_patient_week"]["R21"]["yellow"]
    assert delta == -result["live"]["rules_per_patient_week"]["R21"]["yellow"]


def test_silence_is_said_later_with_more_grace(store: Path) -> None:
    """The engine's own clock stages, too: in the last days before the end nothing is due yet."""
    result = backtest(store, {"R24": {"grace_days": 4.0}}, draws=20)
    before, after = (rises(result[name]) for name in ("live", "changed"))
    said = [sum(n for (rule, _), n in one.items() if rule == "R24") for one in (before, after)]
    assert 0 < said[1] < said[0]


@pytest.mark.parametrize(
    ("rule", "number", "value"), [("R03", "yellow", 1.5), ("R16", "yellow", 130.0)]
)
def test_standard_limits_follow_the_changed_rulebook(
    store: Path, rule: str, number: str, value: float
) -> None:
    """R03 and R16 read the citizen's own limits, which are copies of the standard set."""
    result = backtest(store, {rule: {number: value}}, draws=20)
    before, after = (
        result[name]["rules_per_patient_week"][rule]["yellow"] for name in ("live", "changed")
    )
    assert after > before


def test_a_personal_limit_stays_personal(store: Path) -> None:
    book = RULEBOOK.changed({"R01": {"yellow": 91.0}})
    with closing(SqliteReader(store)) as reader:
        citizen = next(iter(reader.citizens().values()))
    citizen = msgspec.structs.replace(citizen, scale2=False)
    standard = [
        row
        for row in standard_limits(citizen, rulebook=RULEBOOK)
        if row.metric == "spo2" and not row.relative
    ]
    own = [msgspec.structs.replace(row, low_yellow="86") for row in standard]
    (moved,), (stays,) = followed(citizen, standard, book), followed(citizen, own, book)
    assert (moved.low_yellow, stays.low_yellow) == ("91", "86")


def test_against_the_truth(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(told(HOMES, DAYS, SEED, START, cohort=True)))
    card = backtest(store, {}, truth=path, draws=20)["live"]["against_truth"]
    assert card["episodes"] > 0
    assert card["found"] > 0
    assert 0 < card["ppv"] < 1
    assert card["days_to_detect_median"] is not None


def test_two_processes_find_the_same(
    store: Path, live: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "BLOCK", 7)
    assert backtest(store, {}, draws=20, processes=2) == live


def test_an_empty_store_has_no_rates(tmp_path: Path) -> None:
    path = store_of(tmp_path / "empty.db", 1, 1, 1, START)
    result = backtest(path, {}, until=1.0, draws=5)
    assert result["live"]["calls_per_patient_week"]["red"] is None
    json.dumps(result, allow_nan=False)


def test_waves_are_the_nth_of_everybody() -> None:
    rows = np.array([2, 2, 0, 5, 5, 5])
    assert [at.tolist() for at in waves(rows)] == [[2, 0, 3], [1, 4], [5]]
    assert waves(np.zeros(0, dtype=np.intp)) == []


def test_a_showcase_world_tells_its_truth(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    entries = told(30, 42, 3, START, cohort=False)
    path.write_text(json.dumps(entries))
    rows = read_truth(path, {entry["citizen"]: place for place, entry in enumerate(entries)})
    assert len(rows) > 2
    assert set(rows["kind"].tolist()) <= {"copd", "hf"}


def test_a_truth_file_keeps_every_time_to_the_second(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    entries = told(20, 60, SEED, START, cohort=True)
    path.write_text(json.dumps(entries))
    ids = sorted({entry["citizen"] for entry in entries})
    rows = read_truth(path, {citizen: row for row, citizen in enumerate(ids)})
    from devices.simulated.cohort import Cohort

    known = np.concatenate([block.truth for block in Cohort(SEED, 20, 60, START).blocks()])
    assert len(rows) == len(known)
    for name in ("t0", "t_index", "t_end"):
        assert np.allclose(rows[name], known[name], atol=1.5 / 86_400, equal_nan=True)
    assert rows["kind"].tolist() == known["kind"].tolist()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "not a list"),
        ("[1]", "not a list"),
        ('[{"citizen": "a", "kind": "flu", "t0": "2025-01-01", "t_end": "2025-01-02"}]', "flu"),
        ('[{"citizen": "a", "kind": "hf", "t0": "2025-01-01", "t_end": "2025-01-02"}]', "t_index"),
        ('[{"citizen": "a", "kind": "hf", "t0": 5}]', "ISO 8601"),
    ],
)
def test_a_truth_file_that_is_none_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=says):
        read_truth(path, {"a": 0})
