"""The judging commands, as somebody at a terminal uses them, at small sizes."""

import json
import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hjemmepuls.cli import app
from tests.hjemmepuls.stored import store_of

RUNNER = CliRunner()
ROOT = Path(__file__).parents[2]
SMALL = ("--patients", "24", "--days", "90", "--draws", "20", "--processes", "1")
PROMISED = {
    "sensitivity", "sensitivity_ci", "lead_days_median", "false_per_patient_week",
    "visible_per_patient_week", "ppv", "episodes",
}  # fmt: skip
ARMS = ("copd_daily", "copd_adaptive", "hf_daily", "hf_adaptive", "comorbid_daily")
THUMBS = ("spo2_below_90", "weight_2kg_3d", "weight_3lb_1d_5lb_3d", "macd")
VOID = {"meta", "input", "br", "circle", "line", "rect", "polyline"}


def run(*arguments: object) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def last_line(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


class Strict(HTMLParser):
    """Every element that is opened is closed, in order; nothing is fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not {"src", "href"} & dict(attrs).keys(), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def check_page(path: Path) -> str:
    text = path.read_text()
    reader = Strict()
    reader.feed(text)
    reader.close()
    assert not reader.open
    assert "<script" not in text
    assert "nan" not in re.sub(r"[a-zæøå]*nan[a-zæøå]+|[a-zæøå]+nan", "", text.lower())
    da, en = text.count('lang="da"'), text.count('lang="en"')
    assert da == en + 1, "every text stands in both languages; the page itself is Danish"
    assert text.count('class="da ') == text.count('class="en ')
    return text


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    page = tmp_path_factory.mktemp("report") / "score.html"
    sweep = "R22.yellow+R23.yellow=3,6"
    return last_line(run("score", *SMALL, "--json", "--html", page, "--sweep", sweep)), page


def test_score_has_an_object_for_every_arm_and_rule_of_thumb(scored: Any) -> None:
    result, _ = scored
    for name in (*ARMS, *THUMBS, *(f"{thumb}_twice_weekly" for thumb in THUMBS)):
        assert result[name].keys() >= PROMISED, name
        assert 0 <= result[name]["sensitivity"] <= 1
    assert set(result["copd_daily"]["met"]) == set(result["copd_daily"]["target"])
    assert result["parameters"]["seeds_are"] == "tuning"
    assert [point["at"] for point in result["curves"]["hf_daily"]] == [
        "R22.yellow+R23.yellow=3",
        "R22.yellow+R23.yellow=6",
    ]
    assert len(result["curves"]["macd"]) >= 4


def test_rules_of_thumb_see_the_same_episodes_as_the_arm(scored: Any) -> None:
    result, _ = scored
    assert result["spo2_below_90"]["episodes"] == result["copd_daily"]["episodes"] > 0
    assert result["macd"]["episodes"] == result["hf_daily"]["episodes"] > 0


def test_the_page_of_a_score_is_whole(scored: Any) -> None:
    result, page = scored
    text = check_page(page)
    assert text.count("<svg") == 6 + len(ARMS)
    assert f"{100 * result['copd_daily']['sensitivity']:.0f} %" in text


def test_results_go_into_the_document_between_their_markers(tmp_path: Path) -> None:
    document = tmp_path / "SCORECARD.md"
    document.write_text((ROOT / "docs/SCORECARD.md").read_text())
    arm = ("--arm", "hf_adaptive", "--document", document)
    assert run("score", *SMALL, *arm).exit_code == 0
    assert run("benefits", *SMALL, *arm).exit_code == 0
    text = document.read_text()
    assert "tuning seeds 101, 24 patients per arm and seed, 90 days" in text
    assert text.count("<!-- results:score -->") == text.count("<!-- /results:score -->") == 1
    assert "| `hf_adaptive` |" in text
    assert "| `macd_twice_weekly` |" in text
    assert "| admissions |" in text
    assert text.startswith("# The scorecard")
    assert text.endswith((ROOT / "docs/SCORECARD.md").read_text()[-200:])


def test_score_is_the_same_twice_and_on_two_processes(scored: Any) -> None:
    result, _ = scored
    again = last_line(run("score", *SMALL[:-1], "2", "--json"))
    for name in (*ARMS, *THUMBS):
        assert again[name] == result[name]


def test_a_page_has_a_burden_curve_without_asking(tmp_path: Path) -> None:
    page = tmp_path / "score.html"
    options = ("--arm", "hf_adaptive", "--no-decoys", "--standard-limits")
    result = last_line(run("score", *SMALL, *options, "--json", "--html", page))
    points = result["curves"]["hf_adaptive"]
    assert len(points) == 5
    assert points[0]["false_per_patient_week"] >= points[-1]["false_per_patient_week"]
    assert result["parameters"]["decoys"] is result["parameters"]["personal_limits"] is False
    parts = result["hf_adaptive"]["false_by_decoy"]
    assert set(parts) <= {"decoy_artefact", "decoy_wrong_person", "decoy_device_swap", "none"}
    check_page(page)


def test_score_as_a_table_and_one_arm() -> None:
    shown = run("score", *SMALL, "--arm", "hf_daily", "--sweep", "R14.yellow=2,3")
    assert shown.exit_code == 0, shown.output
    assert "hf_daily" in shown.stdout
    assert "copd_daily" not in shown.stdout
    assert "R14.yellow=3" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_a_changed_number_changes_the_score(scored: Any) -> None:
    result, _ = scored
    higher = ("--change", "R22.yellow=7")
    tried = last_line(run("score", *SMALL, "--json", "--arm", "copd_daily", *higher))
    name = "false_per_patient_week"
    assert tried["copd_daily"][name] < result["copd_daily"][name]
    assert tried["parameters"]["changes"]["R22"] == {"yellow": 7.0}


def test_report_seeds_are_used_only_when_asked_for() -> None:
    arms = ("--arm", "comorbid_daily", "--patients", "4", "--days", "40", "--draws", "5")
    result = last_line(run("score", "--report", "--json", "--processes", "1", *arms))
    assert result["parameters"]["seeds_are"] == "report"
    assert result["comorbid_daily"]["patients"] == 4 * len(result["parameters"]["seeds"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--change", "R99.yellow=1"), "R99"),
        (("--change", "R03.green=1"), "green"),
        (("--change", "R03.yellow=much"), "R03.yellow=much"),
        (("--change", "nowhere.toml"), "nowhere.toml"),
        (("--schedule", "hourly"), "twice_weekly"),
        (("--arm", "asthma"), "asthma"),
        (("--report", "--seed", "3"), "either"),
    ],
)
def test_what_cannot_be_is_refused_by_name(arguments: tuple[str, ...], says: str) -> None:
    refused = run("score", *SMALL, *arguments)
    assert refused.exit_code == 2
    assert says in " ".join(refused.output.split())


def test_benefits_always_tell_the_null_scenario(tmp_path: Path) -> None:
    page = tmp_path / "benefits.html"
    result = last_line(run("benefits", *SMALL, "--json", "--html", page))
    assert set(result["arms"]) == {"copd_adaptive", "hf_adaptive"}
    for card in result["arms"].values():
        assert list(card["scenarios"]) == ["null", "c=0.10", "c=0.20"]
        null = card["scenarios"]["null"]
        assert null["admissions"]["difference"] == null["bed_days"]["difference"] == 0.0
        assert null["admissions"]["difference_ci"] == [0.0, 0.0]
        assert null["episode_days"]["difference"] <= 0
        assert card["adverse_per_patient_year"]["calls"]["rate"] > 0
    assert len(result["trials"]) > 5
    check_page(page)
    assert "null" in run("benefits", *SMALL).stdout


def test_backtest_from_truth_to_page(tmp_path: Path) -> None:
    size = ("--homes", "8", "--days", "60", "--seed", "101", "--start", "2025-01-01")
    store = store_of(tmp_path / "records.db", 8, 60, 101, date(2025, 1, 1))
    truth, page, changes = (tmp_path / name for name in ("truth.json", "page.html", "try.toml"))
    truth.write_text(run("truth", *size, "--cohort").stdout)
    changes.write_text("[R21]\nenabled = 0\n")
    common = ("backtest", "--store", store, "--truth", truth, "--processes", 1, "--draws", 5)
    result = last_line(run(*common, "--change", changes, "--json", "--html", page))
    assert result["parameters"]["changes"] == {"R21": {"enabled": 0.0}}
    assert result["changed"]["rules_per_patient_week"]["R21"]["yellow"] == 0.0
    assert "against_truth" in result["live"]
    check_page(page)
    shown = run(*common, "--change", "R21.enabled=0").stdout
    assert "difference" in shown
    assert "█" in shown
    assert "days_to_detect_median" in shown


def test_backtest_of_a_store_that_is_away_is_a_clear_error(tmp_path: Path) -> None:
    missing = run("backtest", "--store", tmp_path / "nothing.db")
    assert missing.exit_code == 1
    assert "nothing.db" in "".join(missing.output.split())


def test_backtest_refuses_a_truth_that_is_none(tmp_path: Path) -> None:
    store = store_of(tmp_path / "records.db", 1, 5, 1, date(2025, 1, 1))
    truth = tmp_path / "truth.json"
    truth.write_text("{}")
    refused = run("backtest", "--store", store, "--truth", truth, "--processes", 1)
    assert refused.exit_code == 2
    assert "not a list" in " ".join(refused.output.split())
