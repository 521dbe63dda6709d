"""Every row of the catalogue is complete, sane and found by each of its names."""

from decimal import Decimal

import pytest

from devices.admission import possible
from devices.catalogue import (
    DEVICE_TYPES,
    METRICS,
    OBSERVABLES,
    PANELS,
    DanishSystem,
    DeviceType,
    Metric,
    Panel,
    device_type,
    metric,
    metric_for_code,
    observed,
    panel,
)
from devices.device_types import TABLET
from fhir_mapping import codes

ALIASES = {row.alias for row in METRICS}
PARTITION = 65_536
SCADA, DEVICES = 2, 8
"""Partitions of IEEE 11073-10101: physiological quantities, and devices."""

each_metric = pytest.mark.parametrize("row", METRICS, ids=lambda row: row.alias)
each_panel = pytest.mark.parametrize("row", PANELS, ids=lambda row: row.alias)
each_device_type = pytest.mark.parametrize("row", DEVICE_TYPES, ids=lambda row: row.name_en)


@each_metric
def test_a_metric_is_complete(row: Metric) -> None:
    texts = (row.alias, row.ucum, row.unit_text, row.name_da, row.name_en, row.short_da)
    assert all(text and text == text.strip() for text in texts)
    assert row.alias.isidentifier()
    assert row.alias.islower()
    assert row.loinc or row.danish.code
    assert all(code.code and code.display for code in row.loinc)
    assert (row.mdc is None) == (row.mdc_name is None)
    assert bool(row.danish.code) == bool(row.danish.display)
    assert row.category in codes.PROFILES.keys() & codes.CATEGORY_DISPLAY.keys()
    assert 0 <= row.decimals <= 3
    assert possible(row, row.example) is None
    low, high = row.plausible
    assert low <= Decimal(row.example) <= high


@each_metric
def test_a_metric_s_codes_have_the_form_of_their_system(row: Metric) -> None:
    if row.mdc is not None:
        assert row.mdc == str(int(row.mdc))
        assert int(row.mdc) // PARTITION == SCADA
        assert (row.mdc_name or "").startswith("MDC_")
    prefixes = {DanishSystem.NPU: ("NPU", "DNK"), DanishSystem.MCS: ("MCS",)}
    if row.danish.code:
        assert row.danish.code.startswith(prefixes[row.danish_system])
        assert row.danish.code[3:].isdigit()
        assert len(row.danish.code) == 8
    for code in row.loinc:
        number, _, check = code.code.partition("-")
        assert luhn(number) == int(check)


def luhn(number: str) -> int:
    """LOINC's check digit: modulus 10 over the digits before the hyphen."""
    doubled = sum(sum(map(int, str(int(digit) * 2))) for digit in number[::-2])
    return -(doubled + sum(map(int, number[-2::-2]))) % 10


@each_metric
def test_what_is_plausible_is_possible(row: Metric) -> None:
    low, high = row.possible
    plausible_low, plausible_high = row.plausible
    assert Decimal(0) <= low <= plausible_low < plausible_high <= high


@each_metric
def test_units_lead_to_the_row_s_own_by_powers_of_ten(row: Metric) -> None:
    assert row.units[row.ucum] == 0
    assert all(unit and unit == unit.strip() for unit in row.units)
    for unit, shift in row.units.items():
        there = Decimal("12.340").scaleb(shift)
        assert there.scaleb(-shift) == Decimal("12.340")
        assert len(there.as_tuple().digits) == 5, unit


def test_a_thousand_and_a_hundred_are_what_they_are() -> None:
    """One of each size in the world, so that a sign cannot be turned round unnoticed."""
    sizes = {
        ("weight", "g"): Decimal("0.001"),
        ("fev1", "mL"): Decimal("0.001"),
        ("fev1", "ml"): Decimal("0.001"),
        ("fvc", "cL"): Decimal("0.01"),
        ("fev6", "dL"): Decimal("0.1"),
        ("pef", "mL/min"): Decimal("0.001"),
        ("spo2", "1"): Decimal(100),
        ("fev1_fvc", "{ratio}"): Decimal(100),
        ("fev1_percent_predicted", "1"): Decimal(100),
    }
    for (alias, unit), size in sizes.items():
        assert Decimal(1).scaleb(metric(alias).units[unit]) == size


PREFIXES = {"k": 3, "": 0, "d": -1, "c": -2, "m": -3}


@each_metric
def test_a_prefix_of_a_unit_means_what_it_means(row: Metric) -> None:
    """Each accepted unit is the row's own with another prefix, or another word for it."""
    own, plain = next(
        (PREFIXES[prefix], row.ucum.removeprefix(prefix))
        for prefix in ("k", "")
        if row.ucum.startswith(prefix) and row.ucum != prefix
    )
    for unit, shift in row.units.items():
        if unit in ("1", "{ratio}"):
            assert shift == (2 if row.ucum == "%" else 0), unit
            continue
        prefix = next((one for one in PREFIXES if one + plain.lower() == unit.lower()), "")
        assert shift == PREFIXES[prefix] - (own if prefix or shift else 0), unit


def test_no_code_stands_for_two_things() -> None:
    rows: list[Metric | Panel] = [*METRICS, *PANELS]
    keys = [row.alias for row in rows] + [row.mdc for row in rows if row.mdc]
    keys += [row.mdc for row in DEVICE_TYPES]
    assert len(keys) == len(set(keys))
    danish = [row.danish.code for row in METRICS if row.danish.code and "Puls" not in row.name_da]
    assert len(danish) == len(set(danish))
    loinc = [code.code for row in METRICS if "Puls" not in row.name_da for code in row.loinc]
    assert len(loinc) == len(set(loinc))


def test_names_tell_the_metrics_apart() -> None:
    for names in ([row.name_da for row in METRICS], [row.name_en for row in METRICS]):
        assert len(names) == len(set(names))


@each_metric
def test_a_metric_is_found_by_alias_and_by_code(row: Metric) -> None:
    assert metric(row.alias) is row
    assert metric_for_code(row.alias) is row
    assert row.key == (row.mdc or row.alias)
    assert metric_for_code(row.key) is row
    assert metric_for_code(row.alias.upper()) is None
    assert all(metric_for_code(code.code) is None for code in row.loinc)


@each_metric
def test_a_metric_can_be_measured_and_observed(row: Metric) -> None:
    assert any(row.alias in kind.metrics for kind in DEVICE_TYPES)
    assert (row.panel or row.alias) in OBSERVABLES
    if row.panel:
        assert row.alias in panel(row.panel).components
    else:
        assert observed(row.alias) is row


@each_panel
def test_a_panel_is_made_of_metrics(row: Panel) -> None:
    assert int(row.mdc) // PARTITION == SCADA
    assert row.mdc_name.startswith("MDC_")
    assert row.loinc
    assert row.name_da
    assert row.name_en
    assert set(row.required) <= set(row.components) <= ALIASES
    assert all(metric(alias).panel == row.alias for alias in row.components)
    assert len({metric(alias).ucum for alias in row.components}) == 1
    assert panel(row.alias) is row
    assert observed(row.alias) is row
    assert row.key == row.mdc
    assert metric_for_code(row.mdc) is None  # a panel has no value of its own


@each_panel
def test_all_of_a_panel_comes_from_the_same_device(row: Panel) -> None:
    for kind in DEVICE_TYPES:
        shared = kind.metrics & set(row.components)
        assert shared in (frozenset(), set(row.components))


@each_device_type
def test_a_device_type_is_a_specialisation_that_measures_something(row: DeviceType) -> None:
    assert row is TABLET or int(row.mdc) // PARTITION == DEVICES
    assert (
        row is TABLET or int(row.mdc) % PARTITION >= 4_096
    )  # the terms of the 104xx specialisations
    assert row is TABLET or row.mdc_name.startswith("MDC_DEV_SPEC_PROFILE_")
    assert row.name_da
    assert row.name_en
    assert frozenset() != row.metrics <= ALIASES
    assert device_type(row.mdc) is row


def test_observables_are_each_metric_or_its_panel_once() -> None:
    assert len(OBSERVABLES) == len(set(OBSERVABLES))
    inside = {alias for row in PANELS for alias in row.components}
    assert set(OBSERVABLES) == (ALIASES - inside) | {row.alias for row in PANELS}


def test_what_is_unknown_is_not_found() -> None:
    assert device_type("0") is None
    assert metric_for_code("") is None
    for look_up in (metric, panel, observed):
        with pytest.raises(KeyError):
            look_up("mood")
