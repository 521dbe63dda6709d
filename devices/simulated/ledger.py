"""The publisher's own log: what was said, written before it is said.

In: the deliveries of a `World`, as `Fleet` takes them. Out: a file of JSON lines that a test
compares with what the platform stored. One line per distinct reading, written and handed to the
operating system before its first publish, so that nothing can arrive that is not in it. Holds
device ids and values, never a name, a CPR number or a citizen's id.
"""

from collections.abc import Iterator
from hashlib import sha256
from io import BufferedWriter
from pathlib import Path
from types import TracebackType

import msgspec


class WorldLine(msgspec.Struct, frozen=True, tag_field="k", tag="world"):
    """Header: the world that the lines below come from."""

    seed: int
    homes: int
    start: str
    days: int
    tenant: str


class ReadingLine(msgspec.Struct, frozen=True, gc=False, tag_field="k", tag="reading"):
    """One distinct reading: device time as on the wire, decimal text by catalogue alias."""

    device: str
    slot: int
    boot: str
    t: str
    values: dict[str, str]


class GarbageLine(msgspec.Struct, frozen=True, gc=False, tag_field="k", tag="garbage"):
    """One malformed message: its digest and what is wrong with it."""

    digest: str
    fault: str


Line = WorldLine | ReadingLine | GarbageLine

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Line).decode


def digest(topic: str, payload: bytes) -> str:
    """What a garbage delivery is known by, on both sides of the broker.

    >>> digest("hm/v1/x/00/g/d/obs", b"")[:12]
    'fbbfbc864ee9'
    """
    return sha256(topic.encode() + b"\0" + payload).hexdigest()


class Ledger:
    """An open ledger file; appends only. Raises OSError when the disk refuses."""

    def __init__(self, path: Path, header: WorldLine) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BufferedWriter = path.open("ab")
        self._write(_encode(header) + b"\n")

    def readings(self, lines: tuple[ReadingLine, ...]) -> None:
        """Append readings that were never published before."""
        self._write(b"".join(_encode(line) + b"\n" for line in lines))

    def garbage(self, topic: str, payload: bytes, fault: str) -> None:
        """Append one malformed message."""
        self._write(_encode(GarbageLine(digest(topic, payload), fault)) + b"\n")

    def close(self) -> None:
        """Close the file; what was appended is in it whether or not this is called."""
        self._file.close()

    def _write(self, lines: bytes) -> None:
        self._file.write(lines)
        self._file.flush()

    def __enter__(self) -> "Ledger":
        """For `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def read_ledger(path: Path) -> Iterator[Line]:
    """The lines of a ledger, typed, in order; the torn last line of a killed process is left out.

    Raises msgspec.ValidationError or msgspec.DecodeError when any other line is not a ledger's.
    """
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield _decode(line)
