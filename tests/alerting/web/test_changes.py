"""What was taken back, corrected, or cannot be used is told on the citizen's page."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from alerting.web.changes import Changed, changed
from devices.wire import CLOCK_AHEAD, Clock
from fhir_mapping.record import Record, Superseded
from ingest.store import SqliteReader
from tests.alerting.api.scene import HOUR_MS, NOW_MS, Ward, anna_and_bo

BEFORE = [Superseded(1, ("120.5",), NOW_MS - HOUR_MS)]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path, anna_and_bo())
    ward.measure("c1", NOW_MS - HOUR_MS, {"spo2": "84", "pulse_oximeter": "90"})
    yield ward
    ward.close()


@pytest.fixture
def record(ward: Ward) -> Record:
    """One saturation as it came."""
    with closing(SqliteReader(ward.records)) as reader:
        return next(one for one in reader.records_of("c1") if one.about == "spo2")


def of(record: Record, **changes: Any) -> list[Changed]:
    return changed([msgspec.structs.replace(record, **changes)], lambda _: BEFORE)


def test_what_stands_as_it_came_is_no_news(record: Record) -> None:
    assert of(record) == []
    assert of(record, version=2, values=("120.5",)) == [], "who owns it changed, not the value"


@pytest.mark.parametrize(
    ("changes", "kind", "before"),
    [
        ({"version": 2, "withdrawn": True, "values": (None,)}, "withdrawn", ("120.5",)),
        ({"version": 2}, "corrected", ("120.5",)),
        ({"conflict": True}, "conflict", ()),
        ({"flags": ("invalid",)}, "unusable", ()),
        ({"flags": (CLOCK_AHEAD,)}, "clock-ahead", ()),
    ],
)
def test_each_kind_is_told(record: Record, changes: Any, kind: str, before: Any) -> None:
    (one,) = of(record, **changes)
    assert (one.kind, one.before) == (kind, before)
    assert one.values == (() if kind == "withdrawn" else ("84",))


def synchronised(at_ms: int) -> Clock:
    zoned = datetime.fromtimestamp(at_ms / 1000, ZoneInfo("Europe/Copenhagen"))
    return Clock("ntp", zoned.replace(tzinfo=None), zoned)


def page(client: Any, address: str) -> str:
    return str(client.get(address).text).replace("\N{NO-BREAK SPACE}", " ")


def test_a_corrected_value_stands_on_the_page_with_the_one_before(ward: Ward) -> None:
    with ward.client() as client:
        assert "ikke er, som de kom" not in page(client, "/citizens/c1")
        for place, value in enumerate(("85", "94")):
            sent_ms = NOW_MS + place * 1000
            ward.measure(
                "c2", NOW_MS - HOUR_MS, {"spo2": value, "pulse_oximeter": "90"},
                received_ms=sent_ms, clock=synchronised(sent_ms),
            )  # fmt: skip
        danish = page(client, "/citizens/c2")
        assert "94 %</a> · rettet" in danish
        assert "(før 85 %)" in danish
        assert "(before 85 %)" in page(client, "/citizens/c2?lang=en")


def test_two_values_of_one_measurement_are_both_shown_though_none_is_used(ward: Ward) -> None:
    with ward.client() as client:
        ward.measure(
            "c1", NOW_MS - HOUR_MS, {"spo2": "94", "pulse_oximeter": "90"}, received_ms=NOW_MS + 9
        )
        danish = page(client, "/citizens/c1")
        assert "84 %</a> · modstrid" in danish
        assert "94 %</a> · modstrid" in danish
