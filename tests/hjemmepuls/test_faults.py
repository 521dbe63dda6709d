"""Every command and what goes wrong: one clear line, the right exit code, never a traceback.

Most cases go through the group of commands in this process: `Guarded.main` is what the installed
script, `-m` and these tests all call, and the last tests hold that.
"""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from alerting.alert_store import AlertStore
from benchmarks.__main__ import app as benchmarks
from hjemmepuls.boundary import FAULT, Guarded
from hjemmepuls.cli import app
from hjemmepuls.processes import Child
from ingest.decode import Delivery
from ingest.pipeline import process
from ingest.store import SqliteWriter, sqlite

RUNNER = CliRunner()
BAD, FOLDER, GONE, STORE = "{bad}", "{folder}", "{gone}", "{store}"
NO_FILE, A_FOLDER = "No such file", "Is a directory"
SMALL = ("--patients", "20", "--days", "60", "--draws", "2", "--processes", "1")
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]

USAGE: list[tuple[str, ...]] = [
    ("demo", "--port", "-4"),
    ("demo", "--homes", "0"),
    ("demo", "--seconds", "soon"),
    ("devices", "--speed", "0"),
    ("devices", "--broker-port", "0"),
    ("devices", "--start", "9999-12-30"),
    ("ingest", "--broker-port", "70000"),
    ("alerting", "--port", "70000"),
    ("alerting", "--clock", "moon"),
    ("status", "--port", "0"),
    ("enrolment", "--homes", "0"),
    ("enrolment", "--start", "yesterday"),
    ("enrolment", "--start", "9999-12-30", "--homes", "1"),
    ("truth", "--homes", "0"),
    ("enrol",),
    ("enrol", BAD),
    ("take",),
    ("audit",),
    ("score", "--change", "R99.yellow=2"),
    ("score", "--change", GONE),
    ("score", "--arm", "none"),
    ("benefits", "--schedule", "never"),
    ("backtest", "--truth", GONE),
    ("backtest", "--until", "then"),
    ("deliver", "--to", "moon"),
    ("deliver", "--to", "fhir", "--url", "http://fhir.example"),
    ("replay", "more"),
    ("rejections", "--none"),
    ("device-status", "--none"),
    ("undelivered", "--none"),
    ("broker", "--port", "x"),
    ("reference", "a", "b"),
    ("nothing-like-it",),
]
WORLD: list[tuple[str, tuple[str, ...]]] = [
    (NO_FILE, ("enrol", GONE, "--store", STORE)),
    (A_FOLDER, ("enrol", FOLDER, "--store", STORE)),
    (NO_FILE, ("audit", GONE, "--store", STORE)),
    (A_FOLDER, ("audit", FOLDER, "--store", STORE)),
    ("is no ledger", ("audit", BAD, "--store", STORE)),
    (A_FOLDER, ("score", *SMALL, "--html", FOLDER)),
    ("UTF-8", ("score", *SMALL, "--document", BAD)),
    (A_FOLDER, ("benefits", *SMALL, "--html", FOLDER)),
    ("File exists", ("demo", "--no-browser", "--seconds", "1", "--folder", BAD)),
    (A_FOLDER, ("devices", "--homes", "1", "--days", "1", "--ledger", FOLDER)),
    *(
        (trouble, (*command, "--store", place))
        for command in (
            ("enrol", "{homes}"), ("take", BAD), ("replay",), ("rejections",), ("ingest",),
            ("device-status",), ("audit", BAD), ("backtest",),
        )
        for trouble, place in (("is a directory", FOLDER), ("not a database", BAD))
    ),
    *(
        ("is not there", (*command, "--store", GONE))
        for command in (
            ("take", BAD), ("replay",), ("rejections",), ("device-status",), ("audit", BAD),
            ("backtest",),
        )
    ),
    ("is a directory", ("alerting", "--port", "0", "--alerts", FOLDER)),
    ("not a database", ("alerting", "--port", "0", "--alerts", BAD)),
]  # fmt: skip


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("faults")
    bad = folder / "bad"
    bad.write_bytes(b"\xff{{{ no database, no JSON\n" * 200)
    (folder / "a-folder").mkdir()
    homes, store = folder / "homes.json", folder / "records.db"
    homes.write_text(RUNNER.invoke(app, ["enrolment", "--homes", "2", "--days", "3"]).stdout)
    assert RUNNER.invoke(app, ["enrol", str(homes), "--store", str(store)]).exit_code == 0
    return {
        "bad": str(bad),
        "folder": str(folder / "a-folder"),
        "gone": str(folder / "gone"),
        "store": str(store),
        "homes": str(homes),
    }


def run(line: tuple[str, ...], places: dict[str, str], **environment: str) -> Result:
    return RUNNER.invoke(app, [part.format(**places) for part in line], env=environment)


def one_line(result: Result) -> str:
    """The one line that was said; no traceback, no fault of ours."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    said = [line for line in result.stderr.splitlines() if line.strip() and "INFO" not in line]
    assert len(said) == 1, result.stderr
    assert "Traceback" not in result.output
    assert "fault of ours" not in said[0]
    return said[0]


@pytest.mark.parametrize("line", USAGE, ids=" ".join)
def test_wrong_usage_is_2(line: tuple[str, ...], places: dict[str, str]) -> None:
    result = run(line, places)
    assert result.exit_code == 2, result.output
    assert one_line(result)


@pytest.mark.parametrize(("trouble", "line"), WORLD, ids=[" ".join(line) for _, line in WORLD])
def test_a_bad_world_is_1_and_is_named(
    trouble: str, line: tuple[str, ...], places: dict[str, str]
) -> None:
    result = run(line, places)
    assert result.exit_code == 1, result.output
    assert trouble in one_line(result)


def test_every_command_is_tried() -> None:
    tried = {line[0] for line in USAGE} | {line[0] for _, line in WORLD}
    assert {name.replace("_", "-") for name in COMMANDS} <= tried


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("HJEMMEPULS_BROKER_PORT", "abc", ("ingest",)),
        ("HJEMMEPULS_BROKER_PORT", "0", ("devices", "--homes", "1", "--seconds", "1")),
        ("HJEMMEPULS_HTTP_HOST", "0.0.0.0", ("alerting", "--port", "0")),
        ("HJEMMEPULS_FLUSH_MS", "0", ("ingest",)),
        ("HJEMMEPULS_DELIVER_DESTINATION", "moon", ("undelivered",)),
        ("HJEMMEPULS_DISK_FREE_MB", "-1", ("status",)),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(
    name: str, value: str, line: tuple[str, ...], places: dict[str, str]
) -> None:
    result = run(line, places, **{name: value})
    assert result.exit_code == 2
    assert name in one_line(result)


def test_authorities_that_are_not_there_are_named(places: dict[str, str], tmp_path: Path) -> None:
    settings = {"CA_FILE": places["gone"], "STATE_PATH": str(tmp_path / "deliveries.db")}
    named = {f"HJEMMEPULS_DELIVER_{name}": value for name, value in settings.items()}
    line = ("deliver", "--store", STORE, "--to", "fhir", "--url", "https://127.0.0.1:1/fhir")
    result = run(line, places, **named)
    assert result.exit_code == 1, result.output
    assert places["gone"] in one_line(result)


def test_a_store_that_alerting_waits_for_is_named(places: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "alerting.log"
    more = ("--port", "0", "--store", places["gone"], "--alerts", str(tmp_path / "alerts.db"))
    child = Child([sys.executable, "-m", "hjemmepuls", "alerting", *more], log, {})
    try:
        child.wait_until(lambda: f"not available ({places['gone']}: " in log.read_text())
    finally:
        assert child.stop() == 0, child.tail()


def test_a_list_in_a_pipe_cuts_nothing_off(tmp_path: Path) -> None:
    """`hjemmepuls rejections | grep topic-part-mismatch` finds it."""
    topic = "hm/v1/syddanmark/63/a-gateway-with-a-long-name/00091FFEFF801A2B-and-more/obs"
    store = str(tmp_path / "records.db")
    with closing(SqliteWriter(Path(store))) as writer:
        process([Delivery(topic, b"{}", 1_771_000_000_000)], writer)
    said = RUNNER.invoke(app, ["rejections", "--store", store]).stdout
    assert "topic-part-mismatch" in said
    assert topic in said


def test_what_is_made_here_is_its_owners_alone(places: dict[str, str], tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        store, alerts = tmp_path / "records.db", tmp_path / "alerts.db"
        line = ("enrol", "{homes}", "--store", str(store))
        assert run(line, places).exit_code == 0
        AlertStore(alerts).close()
        assert {oct(file.stat().st_mode & 0o777) for file in (store, alerts)} == {"0o600"}
        store.chmod(0o640)
        assert run(line, places).exit_code == 0
        assert store.stat().st_mode & 0o777 == 0o640, "what somebody chose stays"
    finally:
        os.umask(before)


@pytest.fixture
def occupied() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("command", ["alerting", "broker"])
def test_a_port_in_use_is_named(
    command: str, occupied: int, places: dict[str, str], tmp_path: Path
) -> None:
    more = ("--alerts", str(tmp_path / "alerts.db"), "--store", STORE)
    line = (command, "--port", str(occupied), *(more if command == "alerting" else ()))
    result = run(line, places)
    assert result.exit_code == 1, result.output
    assert str(occupied) in one_line(result)


@pytest.mark.parametrize("line", [("enrol", "{homes}"), ("take", BAD)])
def test_a_locked_store_is_named(
    line: tuple[str, ...], places: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_S", 0.01)
    with closing(sqlite3.connect(places["store"], isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = run((*line, "--store", STORE), places)
    assert result.exit_code == 1, result.output
    assert "locked; another process holds it" in one_line(result)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
@pytest.mark.parametrize("line", [("enrol", "{homes}"), ("ingest",)])
def test_a_read_only_store_is_named(line: tuple[str, ...], places: dict[str, str]) -> None:
    store = Path(places["store"])
    store.chmod(0o400)
    try:
        result = run((*line, "--store", STORE), places)
    finally:
        store.chmod(0o600)
    assert result.exit_code == 1
    assert "readonly" in one_line(result)


@pytest.mark.parametrize("line", [("ingest", "--broker", "pigeon"), ("rules", "--patients", "0")])
def test_benchmarks_are_behind_the_boundary_too(line: tuple[str, ...]) -> None:
    result = RUNNER.invoke(benchmarks, list(line))
    assert result.exit_code == 2
    assert one_line(result)


def test_a_benchmark_in_a_folder_that_is_a_file(places: dict[str, str]) -> None:
    line = ["ingest", "--small", "--broker", "none", "--folder", places["bad"]]
    result = RUNNER.invoke(benchmarks, line)
    assert result.exit_code == 1, result.output
    assert "Not a directory" in one_line(result)


def test_a_fault_of_ours_is_called_one_and_its_traceback_is_kept_for_who_asks() -> None:
    planted = typer.Typer(cls=Guarded)

    @planted.command()
    def broken() -> None:
        raise KeyError("a bug")

    @planted.command()
    def other() -> None: ...

    result = RUNNER.invoke(planted, ["broken"])
    assert result.exit_code == FAULT
    assert "a fault of ours, KeyError: 'a bug' at test_faults.py" in result.stderr
    assert "Traceback" not in result.output
    told = RUNNER.invoke(planted, ["broken"], env={"HJEMMEPULS_TRACEBACK": "1"})
    assert "Traceback" in told.stderr


def test_what_is_shipped_is_behind_the_boundary() -> None:
    """The installed script is `app`, and `app` is guarded, however it is called."""
    (script,) = entry_points(group="console_scripts", name="hjemmepuls")
    assert script.load() is app
    for shipped in (app, benchmarks):
        assert shipped.info.cls is Guarded


@pytest.mark.parametrize("module", ["hjemmepuls", "benchmarks"])
def test_so_it_is_as_a_process(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "--nothing"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "--nothing" in done.stderr


@pytest.mark.parametrize(
    ("line", "sign", "code"),
    [
        (("ingest", "--store", "{new}", "--broker-port", "9"), "not reached", 0),
        (("alerting", "--store", "{new}", "--alerts", "{new}.al", "--port", "0"), "serving on", 0),
        (("devices", "--homes", "2", "--days", "2", "--broker-port", "9"), "no broker", 0),
        (("score", "--patients", "4000", "--days", "365"), "", 130),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_ctrl_c_ends_it_without_a_word_too_many(
    line: tuple[str, ...], sign: str, code: int, tmp_path: Path
) -> None:
    """As a terminal sends it: to the whole group, so to its workers, too."""
    said = tmp_path / "said"
    ours = (part.format(new=tmp_path / "new.db") for part in line)
    child = Child([sys.executable, "-m", "hjemmepuls", *ours], said)
    try:
        child.wait_until(lambda: sign in said.read_text())
        time.sleep(1 if sign else 6)
        assert child.process.poll() is None, said.read_text()
        os.killpg(child.process.pid, signal.SIGINT)
        assert child.process.wait(30) == code, said.read_text()
    finally:
        child.stop()
    assert "Traceback" not in said.read_text()


def test_status_says_what_it_can_see_where_alerting_does_not_answer(
    places: dict[str, str],
) -> None:
    result = run(("status", "--json", "--port", "9", "--store", STORE), places)
    assert result.exit_code == 1
    bad = {"alerting", "ingest", "broker"}
    for name in (*bad, "record-store", "disk"):
        assert f'"name":"{name}","ok":{str(name not in bad).lower()}' in result.stdout
