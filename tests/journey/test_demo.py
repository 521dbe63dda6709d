"""The demo: one command, embedded defaults, deterioration on the worklist, nothing lost."""

import json
import subprocess
import sys
from pathlib import Path


def demo(folder: Path, seconds: int) -> list[str]:
    ours = [sys.executable, "-m", "hjemmepuls", "demo", "--seconds", str(seconds)]
    return [
        *ours,
        "--port",
        "0",
        "--no-browser",
        "--json",
        "--homes",
        "24",
        "--folder",
        str(folder),
    ]


def children_of(folder: Path) -> list[str]:
    found = subprocess.run(["pgrep", "-af", str(folder)], capture_output=True, text=True)
    return [line for line in found.stdout.splitlines() if "pgrep" not in line]


def test_demo_ends_by_itself_with_one_line(tmp_path: Path) -> None:
    """Published, received and stored agree, alerts are open, and no process is left."""
    done = subprocess.run(
        demo(tmp_path, seconds=12),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])

    assert summary["lost"] == summary["doubled"] == summary["differing"] == 0
    assert summary["garbage_lost"] == 0
    assert summary["received"] >= summary["published"] > 1000
    assert summary["stored"] > summary["published"], "a reading is several records"
    assert summary["duplicates"] > 0
    assert summary["rejected"] > 0
    assert summary["alerts_open"] == sum(summary["alerts_by_severity"].values()) > 0
    assert summary["alerts_by_severity"]["red"] > 0, "the seeded deterioration was not seen"
    assert summary["asked"] > 0, "nobody was asked to measure daily"
    assert summary["first_alert_s"] is not None
    assert children_of(tmp_path) == []
    for log in tmp_path.glob("*.log"):
        assert "Traceback" not in log.read_text(), log.name


def test_demo_logs_name_nobody(tmp_path: Path) -> None:
    """No name, CPR number or citizen's details in any log line."""
    enrolment = subprocess.run(
        [sys.executable, "-m", "hjemmepuls", "enrolment", "--homes", "24", "--seed", "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    citizens = json.loads(enrolment.stdout)["citizens"]
    subprocess.run(
        demo(tmp_path, seconds=6),
        capture_output=True,
        timeout=240,
        check=True,
    )
    logs = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    ledger = (tmp_path / "ledger.jsonl").read_text()
    assert logs
    for citizen in citizens:
        for private in (citizen["cpr"], citizen["family"], citizen["id"]):
            assert private not in logs
            assert private not in ledger
