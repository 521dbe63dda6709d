"""Write every golden file and generated table anew: `make golden`, then read the diff.

The golden files say what the code says; whether that is right is for whoever reads the diff.
"""

from pathlib import Path

import msgspec

from devices.catalogue import DEVICE_TYPES, METRICS, Metric
from hjemmepuls.reference import write
from tests.documents import remake_golden as documents
from tests.fhir_mapping import remake_golden as observations
from tests.fhir_mapping import responses
from tests.fhir_mapping.fhir_read import remake_golden as foreign
from tests.fhir_mapping.kih import remake_golden as kih
from tests.fhir_mapping.phmr import remake_golden as phmr
from tests.ingest.golden import SHOULD_PASS, passing, stored_lines

ROOT = Path(__file__).parents[1]


def deliveries() -> None:
    """A delivery of each metric outside a panel, by its code and by its alias; and what becomes
    of every delivery that is taken."""
    for row in METRICS:
        if row.panel is None:
            path = SHOULD_PASS / f"metric-{row.alias}.json"
            path.write_bytes(
                msgspec.json.format(msgspec.json.encode(said_of(row)), indent=2) + b"\n"
            )
    for path in passing():
        text = "".join(f"{line}\n" for line in stored_lines(path))
        path.with_suffix(".stored.txt").write_text(text, encoding="utf-8")


def said_of(row: Metric) -> list[dict[str, object]]:
    """What the first kind of device that measures this says, once in each way to name it."""
    kind = next(kind for kind in DEVICE_TYPES if row.alias in kind.metrics)
    return [
        {
            "v": 1,
            "id": f"{row.alias}-{number}",
            "seq": number,
            "type": kind.mdc,
            "t": f"2026-02-18T07:{29 + number}:40",
            "sent": f"2026-02-18T07:{30 + number}:00.000+01:00",
            "r": [{"c": code, "val": row.example, "u": row.ucum}],
        }
        for number, code in enumerate(dict.fromkeys((row.key, row.alias)), start=1)
    ]


def remake() -> None:
    """All of them."""
    for part in (observations, responses, kih, phmr, foreign, documents):
        part.remake()
    deliveries()
    write(ROOT)


if __name__ == "__main__":
    remake()
