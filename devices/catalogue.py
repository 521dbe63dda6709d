"""The catalogue: one row per metric, read by simulator, validator, mapper, rules and page.

In: nothing. Out: `METRICS`, `PANELS`, `DEVICE_TYPES` and look-ups by alias or IEEE 11073 code.
Everything that differs between two metrics is a field of its row in `devices.measured`.

Sources of the codes:
  MDC        IEEE 11073-10101 nomenclature (partition x 65536 + term), HL7 PHD IG 2.0.0
  NPU, MCS   the code systems 1.2.208.176.2.1 and 1.2.208.184.100.8 as published with FUT IG 8.0.0
  LOINC      HL7 Denmark core 3.7.0 (vital signs); gematik HDDT and FUT (lung function)
  UCUM       the same sources
DNK05472/DNK05473 are emitted for blood pressure, since FUT 4 retired the home codes
MCS88019/MCS88020 from its value set; those are still accepted from elsewhere.
"""

from collections.abc import Mapping
from types import MappingProxyType

from devices.device_types import DEVICE_TYPES, device_type
from devices.measured import beside, lung_function, scores, vital_signs
from devices.metric import Channel, Code, DanishSystem, DeviceType, Metric, Panel

__all__ = [
    "DEVICE_TYPES",
    "METRICS",
    "OBSERVABLES",
    "PANELS",
    "Channel",
    "Code",
    "DanishSystem",
    "DeviceType",
    "Metric",
    "Panel",
    "device_type",
    "metric",
    "metric_for_code",
    "observed",
    "panel",
]


METRICS: tuple[Metric, ...] = (
    *vital_signs.ROWS,
    *lung_function.ROWS,
    *beside.ROWS,
    *scores.ROWS,
)

PANELS: tuple[Panel, ...] = (
    Panel(
        alias="blood_pressure",
        mdc="150020",
        mdc_name="MDC_PRESS_BLD_NONINV",
        loinc=(Code("85354-9", "Blood pressure panel with all children optional"),),
        name_da="Blodtryk",
        name_en="Blood pressure",
        components=("systolic", "diastolic", "mean_pressure"),
        required=("systolic", "diastolic"),
    ),
)

_BY_ALIAS: Mapping[str, Metric] = MappingProxyType({row.alias: row for row in METRICS})
_BY_WIRE_CODE: Mapping[str, Metric] = MappingProxyType(
    {**_BY_ALIAS, **{row.mdc: row for row in METRICS if row.mdc}}
)
_PANEL_BY_ALIAS: Mapping[str, Panel] = MappingProxyType({row.alias: row for row in PANELS})


def metric(alias: str) -> Metric:
    """The row with this alias; KeyError when there is none.

    >>> metric("weight").mdc
    '188736'
    """
    return _BY_ALIAS[alias]


def metric_for_code(code: str) -> Metric | None:
    """The row for what stands in `c` on the wire: an MDC code or an alias.

    >>> metric_for_code("150456") is metric_for_code("spo2")
    True
    >>> metric_for_code("8867-4") is None
    True
    """
    return _BY_WIRE_CODE.get(code)


def panel(alias: str) -> Panel:
    """The panel with this alias; KeyError when there is none."""
    return _PANEL_BY_ALIAS[alias]


def observed(alias: str) -> Metric | Panel:
    """What one Observation is about: a panel, or a metric outside any panel."""
    return _PANEL_BY_ALIAS.get(alias) or _BY_ALIAS[alias]


OBSERVABLES: tuple[str, ...] = tuple(dict.fromkeys(row.panel or row.alias for row in METRICS))
"""Aliases of everything that becomes an Observation of its own, in catalogue order."""
