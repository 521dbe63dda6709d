"""The commands, as somebody at a terminal uses them."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hjemmepuls.cli import app

RUNNER = CliRunner()
PARTS = ("--homes", "3", "--days", "5", "--seed", "4", "--start", "2026-02-01")


def run(*arguments: object) -> Result:
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def enrolment(tmp_path: Path) -> Path:
    file = tmp_path / "homes.json"
    file.write_text(run("enrolment", *PARTS).stdout)
    return file


def test_without_a_command_it_explains_itself() -> None:
    assert "Not a medical device" in run().output


def test_enrolment_of_a_simulated_world_is_repeatable(enrolment: Path) -> None:
    assert len(json.loads(enrolment.read_text())["citizens"]) == 3
    assert run("enrolment", *PARTS).stdout == enrolment.read_text()


def test_the_cohort_lives_in_the_same_homes_every_time(enrolment: Path) -> None:
    told = run("enrolment", "--cohort", *PARTS).stdout
    assert len(json.loads(told)["citizens"]) == 3
    assert told == run("enrolment", "--cohort", *PARTS).stdout != enrolment.read_text()


def test_enrol_applies_once(store: Path, enrolment: Path) -> None:
    first = json.loads(run("enrol", enrolment, "--store", store).stdout)
    again = json.loads(run("enrol", enrolment, "--store", store).stdout)
    assert first["citizens"] == 3
    assert first["limits"] > 3, "the standard limits were not copied"
    assert not any(again.values())


def test_enrol_refuses_and_names_the_field(store: Path, enrolment: Path) -> None:
    content = json.loads(enrolment.read_text())
    content["assignments"][0]["citizen"] = "pt-nobody"
    enrolment.write_text(json.dumps(content))
    refused = run("enrol", enrolment, "--store", store)
    assert refused.exit_code == 2
    message = " ".join(refused.output.split())
    assert "$.assignments[0].citizen" in message
    assert "pt-nobody" in message


def test_settings_come_from_option_then_environment(
    store: Path, enrolment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HJEMMEPULS_STORE_PATH", str(store))
    assert run("enrol", enrolment).exit_code == 0
    assert store.exists()
    other = store.with_name("other.db")
    assert run("enrol", enrolment, "--store", other).exit_code == 0
    assert other.exists()


def test_no_personal_data_in_output(store: Path, enrolment: Path) -> None:
    content = json.loads(enrolment.read_text())
    output = run("enrol", enrolment, "--store", store).output
    for citizen in content["citizens"]:
        for private in (citizen["cpr"], citizen["given"], citizen["family"]):
            assert private not in output


def test_rejections_and_replay(store: Path, enrolment: Path) -> None:
    run("enrol", enrolment, "--store", store)
    topic = "hm/v1/syddanmark/00/gw/dev/obs"
    with sqlite3.connect(store) as db:
        db.execute(
            "INSERT INTO rejection (digest, place, result, reason, path, detail, topic, payload, "
            "received_ms, deliveries) VALUES (x'00', -1, 'rejected', 'json-malformed', '$', "
            "'it [bold]ends[/bold] early', ?, ?, 0, 2)",
            (topic, b"{"),
        )
    shown = run("rejections", "--store", store).output
    assert "json-malformed" in "".join(shown.split())
    assert "[bold]" in "".join(shown.split()), "a payload's text must not style the terminal"
    assert run("replay", "--store", store).stdout.strip() == "1 tried, 0 accepted"


def test_a_missing_store_is_a_clear_error(tmp_path: Path) -> None:
    missing = run("rejections", "--store", tmp_path / "nothing.db")
    assert missing.exit_code == 1
    assert "nothing.db" in "".join(missing.output.split())
