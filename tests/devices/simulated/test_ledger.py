"""The publisher's own log."""

from pathlib import Path

import msgspec
import pytest

from devices.simulated import Ledger, World, read_ledger
from devices.simulated.ledger import GarbageLine, ReadingLine, WorldLine, digest


def test_what_is_written_can_be_read_before_the_file_is_closed(
    tmp_path: Path, faulty: World
) -> None:
    path = tmp_path / "new" / "ledger.jsonl"
    reading = ReadingLine("dev1", 1, "b1", "2026-02-18T07:29:40", {"spo2": "93"})
    with Ledger(path, faulty.header()) as ledger:
        ledger.readings((reading,))
        ledger.garbage("hm/v1/x/00/g/d/obs", b"\xff", "payload-not-utf8")
        assert list(read_ledger(path)) == [
            WorldLine(11, 60, "2026-03-10", 30, "syddanmark"),
            reading,
            GarbageLine(digest("hm/v1/x/00/g/d/obs", b"\xff"), "payload-not-utf8"),
        ]
    assert path.read_bytes().splitlines()[1] == (
        b'{"k":"reading","device":"dev1","slot":1,"boot":"b1","t":"2026-02-18T07:29:40",'
        b'"values":{"spo2":"93"}}'
    )


def test_a_ledger_is_only_ever_appended_to(tmp_path: Path, faulty: World) -> None:
    path = tmp_path / "ledger.jsonl"
    for _ in range(2):
        Ledger(path, faulty.header()).close()
    assert list(read_ledger(path)) == [faulty.header()] * 2


def test_a_torn_last_line_is_left_out_and_a_foreign_one_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b'{"k":"garbage","digest":"00","fault":"unit-unknown"}\n{"k":"rea')
    assert list(read_ledger(path)) == [GarbageLine("00", "unit-unknown")]
    path.write_bytes(b'{"k":"name"}\n')
    with pytest.raises(msgspec.ValidationError):
        list(read_ledger(path))
