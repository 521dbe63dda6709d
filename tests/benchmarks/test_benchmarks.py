"""Every benchmark runs at its small size, says what it promised, and finds the same twice.

No time and no ratio is ever asserted.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fhir_api import build, check_plans
from benchmarks.micro.conftest import COUNT
from benchmarks.workload import deliveries_of, world_of
from hjemmepuls.processes import find_mosquitto

ROOT = Path(__file__).parents[2]
HAS_BROKER = find_mosquitto() is not None
NEEDS_BROKER = pytest.mark.skipif(not HAS_BROKER, reason="apt-get install mosquitto")

EVERY = {"name", "parameters", "machine", "result_hash"}
MACHINE = {"cpu", "cores", "python", "sqlite", "mosquitto"}
PROMISED = {
    "ingest": {
        "readings",
        "records",
        "pipeline_readings_per_s",
        "pipeline_and_render_readings_per_s",
        "plain_readings_per_s",
        "ratio_vs_plain",
        "ratio_vs_plain_with_render",
        "fsync_per_s",
        "bytes_per_record",
        "broker",
    },
    "rules": {
        "patient_steps_per_s",
        "scalar_patient_steps_per_s",
        "ratio_vs_scalar",
        "ratio_vs_river",
        "ratio_vs_dataframe",
        "share_of_memory_bandwidth",
        "state_bytes_per_patient",
        "us_per_patient_step",
        "peak_rss_mb",
    },
    "render": {
        "renders_per_s",
        "ratio_vs_fhir_resources",
        "ratio_vs_orjson",
        "ratio_vs_json",
        "bytes",
    },
    "fhir_api": {"search_code", "lastn", "stats_pressure", "statements_explained", "full_scans"},
    "backtest": {
        "patient_days_per_s",
        "replay_patient_days_per_core_s",
        "minutes_for_100000_patient_years",
        "sittings",
        "calls",
        "peak_rss_mb",
    },
    "simulate": {"deliveries_per_s", "patient_days_per_s", "peak_rss_mb", "world_hash"},
}
THROUGH_THE_BROKER = {
    "seconds",
    "readings_per_s",
    "broker_messages_per_s",
    "lost",
    "doubled",
    "process_result_hash",
}


@cache
def found(name: str, run: int) -> dict[str, Any]:
    """One run as a process of its own: the last line of its output."""
    arguments = [sys.executable, "-m", "benchmarks", name, "--small", "--json", "--repeat", "1"]
    if name == "ingest":
        # the second run needs no broker: it shows the same hash without one
        arguments += ["--broker", "mosquitto" if HAS_BROKER and run == 1 else "none"]
    ended = subprocess.run(
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


@pytest.mark.parametrize("name", PROMISED)
def test_says_what_it_promised(name: str) -> None:
    result = found(name, 1)
    assert result["name"] == name
    assert result.keys() >= EVERY | PROMISED[name]
    assert result["machine"].keys() >= MACHINE
    assert len(result["result_hash"]) == 64


@pytest.mark.parametrize("name", PROMISED)
def test_finds_the_same_twice(name: str) -> None:
    first, second = found(name, 1), found(name, 2)
    assert first["result_hash"] == second["result_hash"]
    assert first["parameters"] == second["parameters"]


@NEEDS_BROKER
def test_process_and_pipeline_leave_the_same_records() -> None:
    result = found("ingest", 1)
    assert result.keys() >= THROUGH_THE_BROKER
    assert result["process_result_hash"] == result["result_hash"]
    assert result["lost"] == result["doubled"] == 0


@NEEDS_BROKER
def test_leaves_no_child_and_no_file_behind(tmp_path: Path) -> None:
    arguments = ["ingest", "--small", "--json", "--repeat", "1", "--messages", "50"]
    subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments, "--folder", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        timeout=60,
        check=True,
    )
    assert list(tmp_path.iterdir()) == []
    assert not [line for line in command_lines() if str(tmp_path) in line]


def command_lines() -> list[str]:
    """What runs on this machine, where it can be asked."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(os.fsdecode(entry.read_bytes()))
        except OSError:  # it ended meanwhile
            continue
    return lines


def test_one_message_in_ten_is_a_resend() -> None:
    sent = deliveries_of(world_of(2_000), 2_000)
    assert 0.08 < sum(one.again for one in sent) / len(sent) < 0.12
    assert len(sent) > COUNT


def test_a_scan_of_a_table_or_of_an_index_is_found(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    assert build(path, 50) == 5
    assert check_plans(path, {"SELECT * FROM record WHERE seq = 1"}) == 1
    for scan in ("SELECT count(*) FROM record", "SELECT * FROM record WHERE slot = 1"):
        with pytest.raises(AssertionError, match="SCAN record"):
            check_plans(path, {scan})
