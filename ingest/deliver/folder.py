"""Deliver documents into a folder, for a program beside it that carries them on.

A destination (`port`). What is to be done stands in files, in the order of their names:

    0000000000004711-019c…-v1.2-create.kih.xml     a document to create
    0000000000004935-019c…-v2.1-delete.txt         ids to delete first, one per line
    0000000000004935-019c…-v2.2-create.kih.xml     its newer version

The number is the record's arrival number, so an older version always stands before a newer one.
KIH refuses an id that it has: an amended or moved record is therefore a deletion and a creation,
and one that is nobody's any more a deletion alone. An id that is not there counts as deleted.

Whoever carries them on takes names in order, skips names that begin with a dot, and removes a
file when it is done. After a crash a file may stand there again, with the same name and content.
A file appears whole or not at all, and is reported as taken when the disk has it.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ingest.deliver.documents import Dispatch, dispatch_of
from ingest.deliver.port import Item, Later, Refused, Result, Taken
from ingest.deliver.rendered import rendered
from ingest.deliver.settings import DocumentFormat

PART = ".part"


class Folder:
    """A folder as a destination; see the port."""

    settle_s = 0.0
    takes_responses = False

    def __init__(self, folder: Path, form: DocumentFormat) -> None:
        self._folder = folder
        self._form = form
        self._is_swept = False

    def send(self, batch: Sequence[Item]) -> list[Result]:
        """Write every document of the batch; all stand on the disk when it returns."""
        try:
            self._sweep()
            results = [self._write_all(item) for item in batch]
            _sync_folder(self._folder)
        except OSError as error:
            # What stands there already is not known to be on the disk: all of it is done again.
            return [Later(f"folder: {os.strerror(error.errno or 0)}")] * len(batch)
        return results

    def close(self) -> None:
        """Nothing is held."""

    def _sweep(self) -> None:
        """Make the folder, and remove what a killed process left half written.

        Only the folder itself: with its parent a share may be missing that is to be mounted there.
        """
        if self._is_swept:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for file in self._folder.glob(f".[0-9]*-v*{PART}"):
            file.unlink()
        self._is_swept = True

    def _write_all(self, item: Item) -> Result:
        dispatch = rendered(lambda one: dispatch_of(one, self._form), item)
        if isinstance(dispatch, Refused):
            return dispatch
        for name, content in files_of(dispatch, self._form):
            self._write(name, content)
        return Taken()

    def _write(self, name: str, content: bytes) -> None:
        part = self._folder / f".{name}{PART}"
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)


def files_of(dispatch: Dispatch, form: DocumentFormat) -> list[tuple[str, bytes]]:
    """Name and content of each file, in order; the same whenever the record is sent."""
    stem = f"{dispatch.seq:016}-{dispatch.document_id}"
    files = []
    if dispatch.withdraw:
        lines = "".join(f"{one}\n" for one in dispatch.withdraw)
        files.append((f"{stem}.1-delete.txt", lines.encode()))
    if dispatch.content is not None:
        files.append((f"{stem}.2-create.{form}.xml", dispatch.content))
    return files


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
