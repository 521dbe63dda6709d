"""`render`: a stored record as a FHIR Observation, by template, fhir.resources, orjson and json.

Four ways to the same content: `fhir_mapping.render_observation`; fhir.resources building and
dumping an R4B Observation from a ready dict; and `orjson.dumps` and `json.dumps` of that ready
dict, which is the least that any general serialiser costs, since the dict is given to it. The
texts are compared.
"""

import json
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import orjson
from fhir.resources.R4B.observation import Observation

from benchmarks import measure
from benchmarks.measure import Result, Stopwatch
from benchmarks.workload import SEED, mapped_records
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record


def run(messages: int, oracle_records: int, repeat: int) -> Result:
    """Render the records of so many messages; fhir.resources takes the first of them."""
    records = mapped_records(messages)
    rendered = [render_observation(record) for record in records]
    ready = [json.loads(text) for text in rendered]
    some = ready[:oracle_records]
    ours, fast, dumps, fhir = [], [], [], []
    for _ in range(repeat):  # in turn, so that the machine's other work burdens all
        ours.append(by_template(records))
        fast.append(by_orjson(ready))
        dumps.append(by_json(ready))
        fhir.append(by_fhir(some))
    per_s = measure.rate(len(records), ours)
    orjson_per_s = measure.rate(len(ready), fast)
    fhir_per_s, json_per_s = measure.rate(len(some), fhir), measure.rate(len(ready), dumps)
    return {
        "name": "render",
        "parameters": {
            "messages": messages,
            "records": len(records),
            "oracle_records": len(some),
            "repeat": repeat,
            "seed": SEED,
        },
        "machine": measure.machine(),
        "renders_per_s": per_s,
        "renders_per_s_range": measure.spread(len(records), ours),
        "fhir_resources_per_s": fhir_per_s,
        "orjson_per_s": orjson_per_s,
        "json_per_s": json_per_s,
        "ratio_vs_fhir_resources": measure.ratio(per_s, fhir_per_s),
        "ratio_vs_orjson": measure.ratio(orjson_per_s, per_s),
        "ratio_vs_json": measure.ratio(per_s, json_per_s),
        "bytes": sum(map(len, rendered)),
        "bytes_per_observation": round(sum(map(len, rendered)) / len(rendered), 1),
        "result_hash": sha256(b"\n".join(rendered)).hexdigest(),
    }


def by_template(records: list[Record]) -> float:
    """Seconds of our own rendering; the results are dropped one by one, as by a sender."""
    watch = Stopwatch()
    with watch:
        for record in records:
            render_observation(record)
    return watch.seconds


def by_orjson(ready: list[dict[str, Any]]) -> float:
    """Seconds of `orjson.dumps`, the fastest general serialiser; its text must say the same."""
    watch = Stopwatch()
    with watch:
        for document in ready:
            orjson.dumps(document)
    assert json.loads(orjson.dumps(ready[0])) == ready[0]
    return watch.seconds


def by_json(ready: list[dict[str, Any]]) -> float:
    """Seconds of `json.dumps`; its text must say the same, byte order aside."""
    watch = Stopwatch()
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with watch:
        for document in ready:
            encode(document).encode()
    assert json.loads(encode(ready[0])) == ready[0]
    return watch.seconds


def by_fhir(ready: list[dict[str, Any]]) -> float:
    """Seconds of building and dumping by fhir.resources; it must drop nothing."""
    watch = Stopwatch()
    with watch:
        dumped = [Observation.model_validate(one).model_dump_json() for one in ready]
    for text, document in zip(dumped, ready, strict=True):
        assert same_content(json.loads(text), document), text
    return watch.seconds


def same_content(left: Any, right: Any) -> bool:
    """Whether two JSON trees say the same; 36.50 and 36.5 do, for this purpose, and .5 and .500 s.

    >>> same_content({"a": [1.0]}, {"a": [1]})
    True
    """
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(
            same_content(left[key], right[key]) for key in left
        )
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_content, left, right))
    if isinstance(left, int | float) and isinstance(right, int | float):
        return Decimal(str(left)) == Decimal(str(right))
    return left == right or (
        isinstance(left, str) and isinstance(right, str) and same_moment(left, right)
    )


def same_moment(left: str, right: str) -> bool:
    """Whether both are date-times, and of the same moment."""
    try:
        return datetime.fromisoformat(left) == datetime.fromisoformat(right)
    except ValueError:
        return False
