"""The deliveries under `tests/golden/should_pass`, `should_fail` and `should_take_part`.

Of those in `should_take_part` some values are stored (`NAME.stored.txt`) and every other is refused
(`NAME.refused.tsv`: reason and path).

A file is a payload as it stands. `NAME.topic` beside it is its topic, where that is the fault;
every other file comes from the device of its own name, as kind `qr` where it begins with `answers-`
and as `obs` else. `NAME.repeat.json` makes a long payload:
prefix, an item so many times, suffix.
"""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import msgspec

from devices.wire import KIND_READING, KIND_RESPONSE, topic_for
from fhir_mapping.record import Record
from ingest.decode import Delivery
from ingest.pipeline import examine
from ingest.store import Mapped

GOLDEN = Path(__file__).parents[1] / "golden"
SHOULD_PASS = GOLDEN / "should_pass"
SHOULD_FAIL = GOLDEN / "should_fail"
SHOULD_TAKE_PART = GOLDEN / "should_take_part"
RECEIVED_MS = 1_792_929_600_000
"""2026-10-25T12:00:00Z: when they all arrive, after the last hour of summer time."""


class Repeat(msgspec.Struct, forbid_unknown_fields=True):
    """A long payload, told briefly."""

    prefix: str
    item: str
    times: int
    suffix: str


class Expected(msgspec.Struct, frozen=True):
    """What a refused delivery is answered with: the path, and words of the detail."""

    path: str
    words: list[str]


def delivery_of(path: Path) -> Delivery:
    """The delivery that a golden file stands for."""
    name, payload = path.name.removesuffix(".json"), path.read_bytes()
    if name.endswith(".repeat"):
        name = name.removesuffix(".repeat")
        parts = msgspec.json.decode(payload, type=Repeat)
        payload = (parts.prefix + parts.item * parts.times + parts.suffix).encode()
    beside = path.with_name(f"{name}.topic")
    kind = KIND_RESPONSE if name.startswith("answers-") else KIND_READING
    topic = topic_for("syddanmark", "gw-0001", name, kind).text()
    if beside.exists():
        topic = beside.read_text(encoding="utf-8").removesuffix("\n")
    return Delivery(topic, payload, RECEIVED_MS)


def name_of(path: Path) -> str:
    """A refused file as `expected.tsv` calls it: reason/name."""
    return f"{path.parent.name}/{path.name.removesuffix('.json').removesuffix('.repeat')}"


def passing() -> list[Path]:
    """Every delivery that is taken."""
    return sorted(SHOULD_PASS.glob("*.json"))


def taken_in_part() -> list[Path]:
    """Every delivery of which a part is taken."""
    return sorted(SHOULD_TAKE_PART.glob("*.json"))


def failing() -> list[Path]:
    """Every delivery that is refused."""
    return sorted(SHOULD_FAIL.glob("*/*.json"))


def expected() -> dict[str, Expected]:
    """`should_fail/expected.tsv`: reason/name, path, and words that the detail must hold."""
    lines = (SHOULD_FAIL / "expected.tsv").read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {name: Expected(path, words) for name, path, *words in rows}


def told(record: Record) -> str:
    """A record as `NAME.stored.txt` tells it: only what differs from the usual is said."""
    zone = timezone(timedelta(minutes=record.offset_min))
    moment = datetime.fromtimestamp(record.measured_ms // 1000, UTC).astimezone(zone)
    moment = moment.replace(microsecond=record.measured_ms % 1000 * 1000)
    facts = [
        record.about,
        "/".join(value or "" for value in record.values),
        moment.isoformat(timespec="milliseconds"),
        f"flags {' '.join(record.flags)}" if record.flags else "",
        f"circumstances {record.circumstances}" if record.circumstances else "",
        record.transferred_by if record.transferred_by != "automatic" else "",
        record.location if record.location != "home" else "",
        f"slot {record.slot}" if record.slot != 1 else "",
    ]
    return " | ".join(fact for place, fact in enumerate(facts) if fact or place < 3)


def stored_lines(path: Path) -> list[str]:
    """What becomes of a delivery that is taken, one line for each record."""
    items = [arrival.item for arrival in examine(delivery_of(path))]
    lines = []
    for item in items:
        assert isinstance(item, Mapped), item
        lines += [told(record) for record in item.records]
    return lines
