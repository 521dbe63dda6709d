"""Facts about devices: no code of one is a code of a measurement."""

from devices.catalogue import METRICS, PANELS, metric_for_code
from devices.device_facts import DEVICE_FACTS, device_fact


def test_no_fact_is_a_measurement() -> None:
    measured = {row.mdc for row in METRICS} | {row.alias for row in METRICS}
    measured |= {row.mdc for row in PANELS} | {row.alias for row in PANELS}
    for row in DEVICE_FACTS:
        assert measured.isdisjoint({row.alias, *row.codes})
        assert all(metric_for_code(code) is None for code in (row.alias, *row.codes))
        assert all(device_fact(code) is row for code in (row.alias, *row.codes))


def test_a_number_has_units_and_nothing_else_has() -> None:
    for row in DEVICE_FACTS:
        assert bool(row.units) == (row.kind == "number")
        assert row.possible[0] < row.possible[1]


def test_what_is_no_fact_has_no_row() -> None:
    for code in ("150456", "spo2", "", "68224", "battery "):
        assert device_fact(code) is None
