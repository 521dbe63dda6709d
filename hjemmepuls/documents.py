"""Commands about what others exported, what was refused, and what devices say of themselves."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from hjemmepuls.stores import err, now_ms, opened_reader, opened_writer, zones_said
from hjemmepuls.tables import listing, show_listing

if TYPE_CHECKING:
    from ingest.store import SqliteReader, SqliteWriter
    from ingest.take import Answer

StorePath = Annotated[Path | None, typer.Option("--store", help="SQLite file of the records")]
Paths = Annotated[list[Path], typer.Argument(help="Files, or folders with files")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a file, and no table")]
Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Take KIH and PHMR history from then on, not 2015"),
]
_DETAILS_SHOWN = 10
"""So many refusals and notes of one file are listed in the terminal; `--json` lists all."""
_KEPT_BYTES = 65_536
"""So much of a file that is too large is kept with its rejection."""


class Row(msgspec.Struct, frozen=True):
    """What became of one file; `error` says why the file itself could not be read."""

    file: str
    answer: "Answer | None" = None
    error: str = ""

    @property
    def clean(self) -> bool:
        """Whether all of it stands in the store."""
        return self.answer is not None and self.answer.clean

    def as_json(self) -> dict[str, Any]:
        """One flat object."""
        if self.answer is None:
            return {"file": self.file, "error": self.error}
        return {"file": self.file, **msgspec.to_builtins(self.answer)}


def take(
    paths: Paths, store: StorePath = None, as_json: AsJson = False, since: Since = None
) -> None:
    """Take in what others exported: KIH, PHMR and FHIR files, or folders of them.

    Giving a file again does no harm. Exit 0 when all of it stands in the store, 1 when something
    was refused, is held, or could not be read.
    """
    rows = []
    first_ms = None if since is None else round(since.replace(tzinfo=UTC).timestamp() * 1000)
    with opened_reader(store) as reader, opened_writer(store) as writer:
        for path in paths:
            for file, shown in _files(path):
                rows.append(_taken(file, shown, reader, writer, first_ms))
                if as_json:
                    typer.echo(msgspec.json.encode(rows[-1].as_json()).decode())
    if not rows:
        err.print(f"no file in {', '.join(map(str, paths))}", markup=False, highlight=False)
    elif not as_json:
        _show(rows)
    raise typer.Exit(0 if rows and all(row.clean for row in rows) else 1)


def rejections(
    store: StorePath = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was replayed")] = False,
) -> None:
    """List what was refused: reason, path, how often, and what it says."""
    table = listing("key", "reason", "path", "times", "topic", "detail")
    with opened_reader(store) as reader:
        for row in reader.rejections(unreplayed_only=not everything):
            # Text, not markup: what a stranger sent must not style the terminal.
            cells = (row.key, row.reason, row.path, row.deliveries, row.topic, row.detail)
            table.add_row(*(Text(str(cell)) for cell in cells))
    show_listing(table)


def device_status(
    store: StorePath = None,
    device: Annotated[str | None, typer.Option(help="One device, with its history")] = None,
) -> None:
    """List what devices say of themselves: battery, status, clock; the newest of each."""
    from devices.device_facts import device_fact
    from fhir_mapping.moment import moment

    table = listing("device", "gateway", "what", "value", "when")
    with opened_reader(store) as reader:
        for one in reader.device_history(device) if device else reader.device_states():
            row = device_fact(one.fact)
            name, value = row.name_en if row else one.fact, f"{one.text} {one.unit}".strip()
            when = moment(one.at_ms, one.offset_min).decode()
            cells = (one.device, one.gateway, name, value, when)
            table.add_row(*(Text(cell) for cell in cells))
    show_listing(table)


def replay(store: StorePath = None) -> None:
    """Give every rejection again, after its cause is mended."""
    from ingest.replay import replay as replay_rejections

    with opened_reader(store) as reader, opened_writer(store) as writer:
        tried, accepted = replay_rejections(reader, writer, now_ms(), zones_said())
    typer.echo(f"{tried} tried, {accepted} accepted")


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """The files at a path, in order of their names, each with the name to show it by.

    In a folder hidden files and folders are left out, and links to folders are not followed. What
    cannot be looked into stands for itself, and fails when it is read.
    """
    if not path.is_dir():
        yield path, _printable(str(path))
        return
    closed: list[OSError] = []
    for folder, folders, files in os.walk(path, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            file = Path(folder, name)
            yield file, _printable(str(file.relative_to(path)))
    for error in closed:
        yield Path(error.filename), _printable(str(error.filename))


def _taken(
    file: Path, shown: str, reader: "SqliteReader", writer: "SqliteWriter", first_ms: int | None
) -> Row:
    """Take one file; never more of it is read than a document may have."""
    from devices.admission import EARLIEST_MEASURED_MS
    from ingest.document import DOCUMENT_BYTES_MAX, too_large
    from ingest.take import refuse
    from ingest.take import take as take_document

    try:
        if not file.is_file():
            file.stat()
            return Row(shown, error="it is no regular file")
        with file.open("rb") as opened:
            document = opened.read(DOCUMENT_BYTES_MAX + 1)
            size = os.fstat(opened.fileno()).st_size
    except OSError as error:
        return Row(shown, error=error.strerror or type(error).__name__)
    if len(document) > DOCUMENT_BYTES_MAX:
        kept = document[:_KEPT_BYTES]
        return Row(shown, refuse(kept, too_large(max(size, len(document))), writer, now_ms()))
    if first_ms is None:
        first_ms = EARLIEST_MEASURED_MS
    return Row(shown, take_document(document, reader, writer, now_ms(), first_ms, zones_said()))


def _show(rows: list[Row]) -> None:
    """The table of all files, then what was refused and noted in each."""
    results = ("accepted", "duplicate", "quarantined", "rejected")
    table = listing("file", "kind", "accepted", "known", "held", "refused")
    for row in rows:
        counts = row.answer.results if row.answer else {}
        kind = row.answer.kind or "unknown" if row.answer else "unreadable"
        cells = (row.file, kind, *(counts.get(result, 0) or "" for result in results))
        style = "" if row.clean else "yellow"
        table.add_row(*(Text(str(cell), style) for cell in cells))
    show_listing(table)
    console = Console()
    for row in rows:
        for line in _details(row):
            # Text, not markup: what a stranger wrote must not style the terminal.
            console.print(Text(line), soft_wrap=True)


def _details(row: Row) -> Iterator[str]:
    if row.answer is None:
        yield f"{row.file}: {row.error}"
        return
    refused = [f"{one.reason} at {one.path}: {one.detail}" for one in row.answer.refusals]
    noted = [f"note at {one.path}: {one.detail}" for one in row.answer.notes]
    lines = refused + noted
    for line in lines[:_DETAILS_SHOWN]:
        yield f"{row.file}: {_printable(line)}"
    if len(lines) > _DETAILS_SHOWN:
        yield f"{row.file}: and {len(lines) - _DETAILS_SHOWN} more (--json lists all)"


def _printable(text: str) -> str:
    """The text as a terminal may show it: no control character, no half of a letter."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
