"""The state file belongs to one destination and one process, and settings say only what is safe."""

import logging
import threading
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from queue import Queue
from sqlite3 import IntegrityError, connect
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.deliver import (
    Deliveries,
    DeliverSettings,
    Progress,
    WrongState,
    dead_letters,
    retry_dead_letters,
    serve,
)
from ingest.deliver.exchange import retry_after_s
from tests.ingest.deliver.home import Home, delivering, settings
from tests.ingest.deliver.strict import StrictServer, serving


def test_one_process_delivers_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.db"
    with closing(Deliveries(path)) as first, closing(Deliveries(path)) as second:
        assert first.hold("here", 7) == 7
        with pytest.raises(WrongState, match="another process"):
            second.hold("here", 0)
    with closing(Deliveries(path)) as third:
        assert third.hold("here", 0) == 7, "the cursor stays"


def test_a_state_file_is_of_one_destination(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.db"
    with closing(Deliveries(path)) as state:
        state.hold("here", 0)
    with closing(Deliveries(path)) as state, pytest.raises(WrongState, match="'here', not of"):
        state.hold("there", 0)


def test_a_cursor_beyond_the_store_is_an_error(home: Home) -> None:
    home.measure(1)
    with pytest.raises(WrongState, match="is at 5, the store only at 1"):
        serve(settings(home, first_seq=5), threading.Event())


def copy_of(home: Home, path: Path) -> Path:
    """The store as it is now, as a backup makes it."""
    with closing(connect(home.path)) as store, closing(connect(path)) as copy:
        store.backup(copy)
    return path


def put_back(copy: Path, home: Home) -> None:
    home.close()
    for leftover in ("-wal", "-shm"):
        home.path.with_name(home.path.name + leftover).unlink(missing_ok=True)
    copy.replace(home.path)


def deliver_all(home: Home) -> None:
    stop = threading.Event()
    serve(settings(home), stop, lambda now: stop.set() if now.seq == now.last_seq else None)


def test_an_older_copy_that_has_grown_beyond_the_cursor_is_an_error(tmp_path: Path) -> None:
    with closing(Home(tmp_path)) as home:
        home.measure(1, 2)
        copy = copy_of(home, tmp_path / "copy.db")
        home.measure(3, 4, 5)
        deliver_all(home)
        put_back(copy, home)
    with closing(Home(tmp_path)) as home:
        home.measure(11, 12, 13, 14, 15)
        with pytest.raises(WrongState, match=r"has other records.*STATE_PATH"):
            deliver_all(home)
        settings(home).state_path.unlink()
        deliver_all(home)
        assert len(list(settings(home).folder.iterdir())) == 3 + 2 + 5, "all, and what was before"


def test_a_copy_that_lacks_nothing_is_the_same_store(tmp_path: Path) -> None:
    with closing(Home(tmp_path)) as home:
        home.measure(1, 2)
        deliver_all(home)
        put_back(copy_of(home, tmp_path / "copy.db"), home)
    with closing(Home(tmp_path)) as home:
        home.measure(2, 1, value="90")  # every record that is remembered has changed since
        deliver_all(home)
        home.measure(3)
        deliver_all(home)


def test_a_store_that_is_replaced_while_it_is_delivered_is_opened_anew(tmp_path: Path) -> None:
    stop, progress = threading.Event(), Queue[Progress]()
    with closing(Home(tmp_path)) as home:
        home.measure(1, 2)
        thread = threading.Thread(target=serve, args=(settings(home), stop, progress.put))
        thread.start()
        try:
            assert progress.get(timeout=10).taken == 2
            put_back(copy_of(home, tmp_path / "copy.db"), home)
            with closing(Home(tmp_path)) as again:
                again.measure(3)
                assert progress.get(timeout=10).taken == 1
        finally:
            stop.set()
            thread.join()


def test_a_new_state_may_begin_later(home: Home) -> None:
    home.measure(1, 2, 3)
    stop = threading.Event()
    chosen = settings(home, first_seq=home.records()[1].seq)
    serve(chosen, stop, on_progress=lambda _: stop.set())
    assert len(list(chosen.folder.iterdir())) == 1


def test_it_waits_for_a_store_that_is_not_there_yet(tmp_path: Path) -> None:
    with closing(Home(tmp_path)) as home:
        chosen = settings(home, store_path=tmp_path / "none.db")
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(chosen, stop))
    thread.start()
    stop.set()
    thread.join()


def test_dead_letters_are_listed_and_retried_by_command(home: Home, server: StrictServer) -> None:
    home.measure(1, 2)
    server.refuses = lambda at: 422 if at.startswith("Observation") else 0
    chosen = settings(home, url=server.url)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        assert len(dead_letters(chosen)) == 2
        assert retry_dead_letters(chosen, [dead_letters(chosen)[0].id, bytes(16)]) == 1
        server.refuses = lambda _: 0
        run.clock.now_ms = 2**42
        run.until_idle()
        assert len(dead_letters(chosen)) == 1
        assert retry_dead_letters(chosen) == 1


def test_outcomes_and_cursor_are_stored_together_or_not_at_all(
    home: Home, server: StrictServer
) -> None:
    home.measure(1, 2)
    server.refuses = lambda at: 422 if at.startswith("Observation") else 0
    with delivering(home, url=server.url) as run, closing(connect(settings(home).state_path)) as db:
        db.execute(
            "CREATE TRIGGER killed BEFORE UPDATE ON course BEGIN SELECT raise(ABORT, 'now'); END"
        )
        with pytest.raises(IntegrityError):
            run.deliverer.step()
        assert run.state.dead_letters() == []
        db.execute("DROP TRIGGER killed")
        run.until_idle()
        assert [letter.attempts for letter in run.state.dead_letters()] == [1, 1]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://fhir.example/r4", "https"),
        ("http://192.168.1.4/fhir", "https"),
        ("http://127.0.0.1.example/fhir", "https"),
        ("ftp://127.0.0.1/fhir", "https"),
        ("https://anna:s3cret@fhir.example/r4", "no user"),
        ("https://fhir.example/r4?token=s3cret", "no user"),
        ("https:///r4", "host"),
        ("https://[::1/r4", "cannot be read"),
        ("", "needs a url"),
    ],
)
def test_an_unsafe_address_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        DeliverSettings(destination="fhir", url=url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["https://fhir.example/r4", "http://localhost:8080/fhir", "http://[::1]:8080/fhir"]
)
def test_a_safe_address_is_taken(url: str) -> None:
    assert DeliverSettings(destination="fhir", url=f"{url}/").target == f"fhir {url}"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"HJEMMEPULS_DELIVER_FORMAT": "kih", "HJEMMEPULS_STORE_PATH": "/x/records.db"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    chosen: Any = DeliverSettings()
    assert (chosen.format, str(chosen.store_path)) == ("kih", "/x/records.db")


def test_a_token_is_in_no_log_and_no_text(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.measure(1)
    stop = threading.Event()
    with serving() as server, caplog.at_level(logging.DEBUG):
        chosen = settings(home, url=server.url, token="s3cret")
        serve(chosen, stop, on_progress=lambda _: stop.set())
        assert server.requests[0].headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in caplog.text + repr(chosen) + chosen.target


def test_retry_after_as_a_date() -> None:
    assert retry_after_s(formatdate(1_000_090, usegmt=True), lambda: 1_000_000.0) == 90.0
    assert retry_after_s(formatdate(1_000_000, usegmt=True), lambda: 1_000_090.0) == 0.0
    assert retry_after_s("Mon, 99 Foo 2026", lambda: 0.0) == 0.0
