"""What becomes of every file of the corpus, taken one after the other into one store."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec

from fhir_mapping.annotations import SOURCE
from fhir_mapping.enrolled import Citizen, Enrolment, Organisation, Plan
from fhir_mapping.record import Record
from ingest.store import SqliteReader, SqliteWriter
from ingest.take import Answer, take
from tests.documents.corpus import corpus
from tests.documents.phmr import CPR

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "documents"
NOW_MS = 1_790_000_000_000
ANNA = Citizen(
    id="citizen-1",
    cpr=CPR,
    given="Anna",
    family="Prøve",
    sex="female",
    birth_date=date(1948, 5, 11),
    condition="both",
    organisation="org",
    plan=Plan("1111111", "12:00", date(2026, 1, 1), ["weight"]),
)
_MARKS = ("<!-- documents -->", "<!-- /documents -->")


class Became(msgspec.Struct, frozen=True):
    """What became of one file: the answer, and the records that it changed."""

    answer: Answer
    records: list[Record]


def enrolled(store: Path) -> None:
    """A store in which Anna is enrolled, and nobody else."""
    organisation = Organisation("org", "1234567890123456", "Odense Kommune (syntetisk)")
    with closing(SqliteWriter(store)) as writer:
        writer.enrol(Enrolment(organisations=[organisation], citizens=[ANNA]), NOW_MS)


def outcomes() -> dict[str, Became]:
    """Every file by its name, in the order in which it was taken."""
    found: dict[str, Became] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder, "records.db")
        enrolled(store)
        with closing(SqliteWriter(store)) as writer, closing(SqliteReader(store)) as reader:
            for name, file in corpus().items():
                before = reader.last_seq()
                answer = take(file.content, reader, writer, NOW_MS)
                changed = reader.records_after(before, 100, unassigned=True)
                found[name] = Became(answer, changed)
    return found


def told(became: Became) -> str:
    """The golden text of one file."""
    answer = became.answer
    results = ", ".join(f"{count} {result}" for result, count in sorted(answer.results.items()))
    lines = [f"{answer.kind or 'unknown'}: {results}"]
    lines += [f"refused {one.reason} | {one.path} | {one.detail}" for one in answer.refusals]
    lines += [f"note {one.path} | {one.detail}" for one in answer.notes]
    lines += [_record(record) for record in became.records]
    return "".join(f"{line}\n" for line in lines)


def _record(record: Record) -> str:
    moment = datetime.fromtimestamp(record.measured_ms / 1000, UTC)
    facts = (
        f"record {record.about}",
        "/".join(value or "" for value in record.values),
        moment.isoformat(timespec="seconds"),
        record.transferred_by,
        record.location,
        f"{record.device} ({record.device_type})",
        f"version {record.version}",
        "withdrawn" if record.withdrawn else "",
        "conflict" if record.conflict else "",
        " ".join((*record.flags, *(flag for own in record.component_flags for flag in own))),
        record.citizen or "nobody's",
        record.circumstances,
    )
    return " | ".join(filter(None, facts))


def table(found: Mapping[str, Became]) -> str:
    """The table of docs/CONFORMANCE.md: every file of the corpus, and what becomes of it."""
    rows = ["| file | what it is | what becomes of it |", "| --- | --- | --- |"]
    files = corpus()
    rows += [
        f"| `{name}` | {files[name].title} | {_in_words(became)} |"
        for name, became in found.items()
    ]
    return "\n".join(rows)


def _in_words(became: Became) -> str:
    said = []
    for record in became.records:
        values = "/".join(value or "-" for value in record.values)
        state = "taken back" if record.withdrawn else "kept"
        state = "corrected" if state == "kept" and record.version > 1 else state
        state = "kept, flagged as contradicting" if record.conflict else state
        waiting = "" if record.citizen else ", held until its device is somebody's"
        said.append(f"{state}: {record.about} {values}{_beside(record)}{waiting}")
    counts = became.answer.results
    if counts.get("duplicate"):
        said.append("known already")
    for one in became.answer.refusals:
        if one.reason != "device-unassigned":
            word = "held" if one.reason == "identity-mismatch" else "refused"
            said.append(f"{word}: `{one.reason}`")
    said += [
        f"note on {one.path.rpartition('/')[2]}: {one.detail}"
        for one in became.answer.notes
        if one.detail not in ("corrected", "taken back")
    ]
    return "; ".join(dict.fromkeys(said)).replace("|", "\\|")


def _beside(record: Record) -> str:
    """How it was measured, and what is kept beside the value, in brackets."""
    how = [record.transferred_by] if record.transferred_by != "automatic" else []
    how += [record.location] if record.location != "home" else []
    beside: dict[str, str] = msgspec.json.decode(record.circumstances or "{}")
    kept = dict.fromkeys(name.partition(" ")[0] for name in beside if name != SOURCE)
    return f" ({', '.join((*how, *kept))})" if how or kept else ""


def documented(text: str, found: Mapping[str, Became]) -> str:
    """The text of docs/CONFORMANCE.md with the table of today."""
    start, end = (text.index(mark) for mark in _MARKS)
    return f"{text[: start + len(_MARKS[0])]}\n{table(found)}\n{text[end:]}"
