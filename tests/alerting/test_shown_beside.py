"""What no rule looks at is stored, searched and shown all the same, and judges nobody."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest

from alerting.api.app import create_app
from alerting.evaluate import Evaluator
from alerting.rules import SIGNALS
from alerting.settings import AlertingSettings
from devices.catalogue import DEVICE_TYPES, METRICS, Metric
from fhir_mapping import codes
from fhir_mapping.enrolled import Assignment, EnrolledDevice
from tests.alerting.api.scene import Client
from tests.alerting.clinic import Clinic, at, catch_up, citizen, ms, oximetry, reading

SHOWN = [row for row in METRICS if row.curve]
each = pytest.mark.parametrize("row", SHOWN, ids=lambda row: row.alias)
KIND_OF = {
    row.alias: next(kind.mdc for kind in DEVICE_TYPES if row.alias in kind.metrics) for row in SHOWN
}


@pytest.fixture
def told(tmp_path: Path) -> Clinic:
    """A citizen with a device of every kind, who is well and measures everything twice."""
    clinic = Clinic(tmp_path)
    clinic.enrol([citizen("c1", signals=["spo2"])])
    kinds = sorted({*KIND_OF.values()} - {"531981"})
    clinic.enrol(
        devices=[EnrolledDevice(f"{kind}-c1", kind, "Maker", "Model 1") for kind in kinds],
        assignments=[
            Assignment(f"{kind}-c1", "c1", datetime(2025, 1, 1, tzinfo=UTC)) for kind in kinds
        ],
    )
    clinic.receive(*(oximetry("c1", day, 95) for day in range(3)))
    for number, row in enumerate(SHOWN):
        for day in (1, 2):
            told = reading(
                "c1", KIND_OF[row.alias], at(day, 9 + number / 10), {row.alias: row.example}
            )
            assert clinic.receive(told) == ["accepted"], row.alias
    clinic.now_ms = ms(at(2, 13))
    return clinic


def page(clinic: Clinic, evaluator: Evaluator) -> Client:
    """The application over this clinic, as the shipped command builds it."""
    settings = AlertingSettings(
        store_path=clinic.records, alert_store_path=clinic.folder / "live.db"
    )
    app = create_app(settings, evaluator, wall_ms=lambda: clinic.now_ms)
    return Client(app, base_url="http://127.0.0.1:8700", client=("127.0.0.1", 50_000))


def test_no_rule_looks_at_what_is_only_shown() -> None:
    looked_at = {alias for signal in SIGNALS for alias in signal.metrics}
    assert looked_at.isdisjoint(row.alias for row in SHOWN)
    assert {row.alias for row in SHOWN} >= {
        "temperature", "respiration", "oxygen_flow", "glucose", "cat", "mrc", "nyha",
    }  # fmt: skip


def test_it_is_drawn_and_found_and_changes_no_colour(told: Clinic) -> None:
    with closing(told.evaluator()) as evaluator:
        catch_up(evaluator)
        curves = {curve.signal: curve for curve in evaluator.curves(["c1"], 30)["c1"]}
        for row in SHOWN:
            curve = curves[row.alias]
            assert [point.value for point in curve.points] == [float(row.example)] * 2
            assert (curve.unit, curve.usual, curve.limits) == (row.unit_text, [], [None] * 4)
        assert evaluator.situations()["c1"].worst is None
        assert told.alerts() == []
        client = page(told, evaluator)
        for lang, names in (
            ("da", [row.name_da for row in SHOWN]), ("en", [row.name_en for row in SHOWN]),
        ):  # fmt: skip
            text = client.get(f"/citizens/c1?lang={lang}").text
            assert [name for name in names if name not in text] == []
        for row in SHOWN:
            query = f"patient=c1&code={quote(token(row))}"
            found = client.get(f"/fhir/Observation?{query}").json()
            assert len(found["entry"]) == 2, row.alias
            values = [entry["resource"]["valueQuantity"] for entry in found["entry"]]
            assert {(value["value"], value["code"]) for value in values} == {
                (float(row.example), row.ucum)
            }


def token(row: Metric) -> str:
    """A code that a search for this metric names."""
    system, code = (
        (codes.LOINC, row.loinc[0].code) if row.loinc else (str(row.danish_system), row.danish.code)
    )
    return f"{system}|{code}"


@each
def test_a_new_measurement_is_drawn_at_once(told: Clinic, row: Metric) -> None:
    with closing(told.evaluator()) as evaluator:
        catch_up(evaluator)
        evaluator.curves(["c1"], 30)
        late = reading("c1", KIND_OF[row.alias], at(2, 12), {row.alias: f"{row.possible[1]}"})
        told.receive(late)
        catch_up(evaluator)
        curves = {curve.signal: curve for curve in evaluator.curves(["c1"], 30)["c1"]}
        assert curves[row.alias].points[-1].value == float(row.possible[1])
        assert told.alerts() == [], "not even the most impossible value is judged"
