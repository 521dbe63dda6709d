"""A store is its owner's alone, and to make it so takes no lock away."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from ingest.store.sqlite_world import private


def test_a_new_file_is_its_owners_alone_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    new, old = tmp_path / "new.db", tmp_path / "old.db"
    old.touch(0o640)
    old.chmod(0o640)
    assert [private(path).stat().st_mode & 0o777 for path in (new, old)] == [0o600, 0o640]


def test_a_lock_of_this_process_holds_while_another_connection_is_opened(tmp_path: Path) -> None:
    path = private(tmp_path / "locked.db")
    first = sqlite3.connect(path, isolation_level=None)
    first.execute("CREATE TABLE one (two)")
    first.execute("BEGIN IMMEDIATE")
    private(path)
    # Asked of the kernel by another process: within one, SQLite knows its own locks.

    program = (
        "import sqlite3, sys; "
        "sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None).execute('BEGIN IMMEDIATE')"
    )
    told = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert "database is locked" in told.stderr
    first.execute("ROLLBACK")
    first.close()
