"""The demo: one command, embedded defaults, deterioration on the worklist, nothing lost."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from alerting.local_time import ZONE
from hjemmepuls.demo import LIVE_DAYS, NOTICE, NOTICE_EN, Demo
from hjemmepuls.processes import HOST
from ingest.store import SqliteReader


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


def in_terminal(folder: Path, *more: str) -> "subprocess.Popen[str]":
    """The demo as people start it: no --json."""
    ours = [sys.executable, "-m", "hjemmepuls", "demo", "--no-browser", "--homes", "24"]
    return subprocess.Popen(
        [*ours, "--folder", str(folder), *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
        start_new_session=True,
    )


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


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_taken_port_is_said_and_ctrl_c_ends_in_a_summary(tmp_path: Path, occupied: int) -> None:
    """Its own page at a port of its own, which says that it is a replay; Ctrl-C as a terminal
    sends it, to the whole group."""
    running = in_terminal(tmp_path, "--port", str(occupied))
    try:
        page = page_of(tmp_path)
        assert page.port != occupied
        assert NOTICE in httpx.get(page).text
        assert NOTICE_EN in httpx.get(page.copy_with(query=b"lang=en")).text
        time.sleep(3)
        os.killpg(running.pid, signal.SIGINT)
        told, said = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0, said
    assert f"Port {occupied} is taken by another program" in said
    assert f":{page.port}/" in said
    before_the_board, _, _ = said.partition("┏")
    assert "history: weeks as fast as they are taken\n" in before_the_board, "into a pipe, too"
    assert "Traceback" not in said
    assert "Every published reading stands in the store exactly once" in told
    assert re.search(r"lost +0 readings", told)
    assert "{" not in told
    assert children_of(tmp_path) == []


def page_of(folder: Path) -> httpx.URL:
    """Where the alerting process of this demo serves, by its own log."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        log = folder / "alerting.log"
        found = re.search(r"serving on (http://\S+:\d+)", log.read_text() if log.exists() else "")
        if found:
            return httpx.URL(found[1] + "/")
        time.sleep(0.1)
    raise AssertionError("the demo did not start")


def test_the_days_go_on_after_the_story(tmp_path: Path) -> None:
    """A story of one day, and the next day's measurements come at a day a minute."""
    line = [*demo(tmp_path, seconds=32), "--days", "1"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["lost"] == 0
    with closing(SqliteReader(tmp_path / "records.db")) as reader:
        records = reader.records_after(0, 10_000, unassigned=True)
    days = {
        datetime.fromtimestamp(record.measured_ms / 1000, ZONE).date()
        for record in records
        if not record.flags
    }
    assert len(days) >= 2


def test_every_phase_is_named(tmp_path: Path) -> None:
    told = Demo(tmp_path, 24, 42, 1, 0, quiet=True)
    begin = told._world.starts_at
    assert told._phase(None) == "waiting for the broker"
    for days, words in ((1, "history"), (29, f"{LIVE_DAYS} days in"), (43, "a day a minute")):
        assert words in told._phase(begin + timedelta(days=days))
    assert told._world.ends_at.date() == datetime.now(ZONE).date() + timedelta(days=1)
