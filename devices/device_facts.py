"""Facts about a device that are no clinical measurement: battery, status, clock. One row each.

In: a code of IEEE 11073-10101, or an alias. Out: the row. Such a fact never becomes a record and
never reaches a rule; it is kept per device, for those who look after devices. Adding one is a row.

Sources: the attributes of an MDS object in IEEE 11073-20601 (battery, power, clocks) and the status
objects of the specialisations 11073-10404, -10407 and -10417; HL7 PHD IG for the codes that its
coincident time stamps have (67975, 67983, 68072, 68226).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
FACT_CHARACTERS_MAX = 256
"""Longest text of a fact: every bit of the fullest status, named."""


@dataclass(frozen=True, slots=True)
class DeviceFact:
    """One kind of fact. A number is in one of `units` and within `possible`, both included."""

    alias: str
    codes: tuple[str, ...]
    mdc_name: str
    name_da: str
    name_en: str
    kind: Literal["number", "time", "text"]
    units: tuple[str, ...] = ()
    possible: tuple[Decimal, Decimal] = (Decimal(0), Decimal(10_000_000))

    @property
    def mdc(self) -> str:
        """The code of MDC that it is told under."""
        return self.codes[0]


DEVICE_FACTS: tuple[DeviceFact, ...] = (
    DeviceFact(
        alias="battery",
        codes=("67996",),
        mdc_name="MDC_ATTR_VAL_BATT_CHARGE",
        name_da="Batteri",
        name_en="Battery charge",
        kind="number",
        units=("%",),
        possible=(Decimal(0), Decimal(100)),
    ),
    DeviceFact(
        alias="battery_time",
        codes=("67976",),
        mdc_name="MDC_ATTR_TIME_BATT_REMAIN",
        name_da="Batteritid tilbage",
        name_en="Battery time remaining",
        kind="number",
        units=("min", "h", "d", "s"),
    ),
    DeviceFact(
        alias="battery_status",
        codes=("68020",),
        mdc_name="MDC_ATTR_BATT_STAT",
        name_da="Batteriets tilstand",
        name_en="Battery status",
        kind="text",
    ),
    DeviceFact(
        alias="power_status",
        codes=("67925",),
        mdc_name="MDC_ATTR_POWER_STAT",
        name_da="Strømforsyning",
        name_en="Power status",
        kind="text",
    ),
    DeviceFact(
        alias="device_status",
        codes=("150604", "8417752"),
        mdc_name="MDC_PULS_OXIM_DEV_STATUS",
        name_da="Apparatets tilstand",
        name_en="Device status",
        kind="text",
    ),
    DeviceFact(
        alias="cuff_status",
        codes=("8410608",),
        mdc_name="MDC_BLOOD_PRESSURE_MEASUREMENT_STATUS",
        name_da="Manchettens tilstand",
        name_en="Cuff status",
        kind="text",
    ),
    DeviceFact(
        alias="clock",
        codes=("67975", "68225", "68226"),
        mdc_name="MDC_ATTR_TIME_ABS",
        name_da="Apparatets ur",
        name_en="Device clock",
        kind="time",
    ),
    DeviceFact(
        alias="clock_ticks",
        codes=("67983", "68072"),
        mdc_name="MDC_ATTR_TIME_REL",
        name_da="Apparatets tæller",
        name_en="Device's relative time",
        kind="number",
        units=("us", "ms", "s"),
        possible=(Decimal(0), Decimal(2**63)),
    ),
    DeviceFact(
        alias="clock_sync",
        codes=("68220",),
        mdc_name="MDC_TIME_SYNC_PROTOCOL",
        name_da="Urets indstilling",
        name_en="Clock synchronisation",
        kind="text",
    ),
    DeviceFact(
        alias="clock_accuracy",
        codes=("68221",),
        mdc_name="MDC_TIME_SYNC_ACCURACY",
        name_da="Urets nøjagtighed",
        name_en="Clock accuracy",
        kind="number",
        units=("us", "ms", "s"),
    ),
)

_BY_CODE: Mapping[str, DeviceFact] = MappingProxyType(
    {code: row for row in DEVICE_FACTS for code in (row.alias, *row.codes)}
)


def device_fact(code: str) -> DeviceFact | None:
    """The row of an MDC code or alias; None when it is no fact about a device.

    >>> device_fact("67996").alias, device_fact("battery").mdc, device_fact("150456")
    ('battery', '67996', None)
    """
    return _BY_CODE.get(code)


def fault_of(fact: DeviceFact, text: str, unit: str) -> str:
    """One sentence on why this is no value of the fact; empty when it is one.

    >>> fault_of(device_fact("battery"), "87", "%")
    ''
    >>> fault_of(device_fact("battery"), "870", "%")
    'battery is 870 %, possible is 0 to 100'
    """
    if not text:
        return f"{fact.alias} has no value"
    if len(text) > FACT_CHARACTERS_MAX or not text.isprintable():
        return f"{fact.alias} is no printable text of at most {FACT_CHARACTERS_MAX} characters"
    if fact.kind == "number":
        return _fault_of_number(fact, text, unit)
    if fact.kind == "time":
        try:
            datetime.fromisoformat(text)
        except ValueError:
            return f"{fact.alias} is {text[:64]!r}, not a date and time"
    return ""


def _fault_of_number(fact: DeviceFact, text: str, unit: str) -> str:
    if _DECIMAL.fullmatch(text) is None:
        return f"{fact.alias} is {text[:64]!r}, not a decimal number with a point"
    if unit not in fact.units:
        return f"unit of {fact.alias} is {unit[:32]!r}, accepted are {', '.join(fact.units)}"
    low, high = fact.possible
    if not low <= Decimal(text) <= high:
        return f"{fact.alias} is {text} {unit}, possible is {low} to {high}"
    return ""


assert len(_BY_CODE) == sum(1 + len(row.codes) for row in DEVICE_FACTS), "a code stands twice"
