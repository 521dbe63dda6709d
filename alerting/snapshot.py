"""The evaluator's memory on disk, so that a start need not judge all of history again.

In: arrays and where they stand. Out: one file beside the alerts, replaced whole or not at all, and
read back only when everything about it fits. A snapshot holds no truth: whoever doubts it throws
it away, and everything is judged again from the records. Called by `alerting.evaluate`.

The file: a magic line, the length of the mark, the mark as JSON, the arrays as they lie in memory,
and a BLAKE2b digest of all that.
"""

import logging
import os
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from alerting.rules import Rulebook

log = logging.getLogger(__name__)

Arrays = Mapping[str, npt.NDArray[Any]]

MAGIC = b"hjemmepuls-snapshot-1\n"
"""The number rises whenever the meaning of an array changes while its name and shape stay."""
DIGEST_BYTES = 32
_LENGTH_BYTES = 8
_JUDGING = (
    *("id", "version", "k", "n", "n_off", "confirmed", "speaks", "red_speaks", "red_alone"),
    *("family", "home", "signals", "needs", "per_week_min"),
)
"""What of a row, beside its numbers, decides a colour or a call."""


class Mark(msgspec.Struct, frozen=True):
    """Where a snapshot stands.

    `seq` and `departed` are the evaluator's places in the record store, `change` that in the alert
    store; `record` and `event` say what stood there, so that other stores are noticed. `rulebook`
    names the rules, `enrolment` the version of who is followed.
    """

    rulebook: str
    enrolment: int
    seq: int
    departed: int
    change: int
    record: str
    event: str
    newest_ms: int


class _File(msgspec.Struct, frozen=True):
    mark: Mark
    arrays: list[tuple[str, str, list[int]]]


def rulebook_mark(rulebook: Rulebook) -> str:
    """The rulebook's version with a digest of its rows: one changed number, one rule switched off
    or one that speaks for another disease makes another rulebook; names and sentences do not."""
    rows = [
        (bool(on), *(getattr(rule, name) for name in _JUDGING), sorted(rule.params.items()))
        for rule, on in zip(rulebook.rules, rulebook.enabled, strict=True)
    ]
    return f"{rulebook.version} {blake2b(repr(rows).encode(), digest_size=8).hexdigest()}"


def write_snapshot(path: Path, mark: Mark, arrays: Arrays) -> None:
    """Replace the file at once; OSError leaves the one that was there."""
    listed = [(name, array.dtype.str, list(array.shape)) for name, array in arrays.items()]
    head = msgspec.json.encode(_File(mark, listed))
    parts = [MAGIC, len(head).to_bytes(_LENGTH_BYTES, "little"), head]
    parts += [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    digest = blake2b(digest_size=DIGEST_BYTES)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            for part in parts:
                digest.update(part)
                file.write(part)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def read_snapshot(path: Path) -> tuple[Mark, dict[str, npt.NDArray[Any]]] | None:
    """The snapshot as it was written; None when there is none or it is damaged in any way."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    if not body.startswith(MAGIC) or blake2b(body, digest_size=DIGEST_BYTES).digest() != digest:
        log.warning("the snapshot is damaged or of another version; it is not used")
        return None
    begin = len(MAGIC) + _LENGTH_BYTES
    end = begin + int.from_bytes(body[len(MAGIC) : begin], "little")
    head = msgspec.json.decode(body[begin:end], type=_File)
    arrays = {}
    for name, kind, shape in head.arrays:
        dtype, count = np.dtype(kind), int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, dtype, count, end).reshape(shape).copy()
        end += count * dtype.itemsize
    return head.mark, arrays


def why_not(mark: Mark, wanted: Mark) -> str:
    """Why a snapshot does not fit what the stores say now; empty when it does.

    `wanted` has what stands in the stores at the snapshot's own places, and their newest places.
    """
    if mark.rulebook != wanted.rulebook:
        return "it is of another rulebook"
    if mark.enrolment != wanted.enrolment:
        return "the enrolment has changed"
    if mark.seq > wanted.seq or mark.change > wanted.change or mark.departed > wanted.departed:
        return "it is ahead of the stores"
    if (mark.record, mark.event) != (wanted.record, wanted.event):
        return "it is of other stores"
    return ""
