"""What the national documents (KIH, PHMR) name, in the words of the catalogue.

In: a national code, a unit as it is written, a MedCom instrument code. Out: the rows that a code
can mean, the units of a row, and the kind of device that an instrument is.

Sources: MedCom's instrument codes as KvalitetsIT's kih-telecare-exporter and MedCom's own PHMR
example carry them; FUT's code systems (the retired MCS88019, MCS88020); OpenTele's export
(`KihDbWebServiceClientService`) for what it calls a flow.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from devices.catalogue import DEVICE_TYPES, METRICS, DeviceType, Metric, device_type
from devices.units import unit_texts

TYPE_OF_INSTRUMENT: Mapping[str, str] = MappingProxyType(
    {
        "MCI00001": "528399",
        "MCI00002": "528399",
        "MCI00011": "528399",
        "MCI00004": "528391",
        "MCI00012": "528391",
        "MCI00005": "528388",
        "MCI00013": "528388",
        "MCI00014": "528413",
    }
)
"""MedCom's instrument codes: a scale (MedCom's example); A&D UC-321PBT-C, UC-351PBT-Ci,
UA-767PBT-C, UA-767PBT-Ci, Nonin 9560, 3230, Vitalograph 4000."""


OTHER_CODES: Mapping[str, str] = MappingProxyType(
    {"MCS88019": "systolic", "MCS88020": "diastolic", "NPU27280": "spo2"}
)
"""Codes in use beside those of the catalogue: home blood pressure, saturation by oximetry."""
_NO_UNIT = ("", "NA")
"""No unit is the unit 1 (HL7 data types R1, PQ.unit); of a saturation a fraction: 0.97 is 97 %."""
MISLABELLED: Mapping[tuple[str, str], str] = MappingProxyType(
    {("fev1", "Liter/sekund"): "OpenTele writes the volume FEV1 as a flow; taken as L"}
)
"""Units that are wrong and whose meaning is known, by row; the row's own unit is meant."""


def rows_of_code(code: str) -> tuple[str, ...]:
    """The rows that an NPU, DNK or MCS code can mean; the pulse's are two: oximeter and cuff.

    >>> rows_of_code("NPU21692"), rows_of_code("MCS88019"), rows_of_code("NPU99999")
    (('pulse_oximeter', 'pulse_cuff'), ('systolic',), ())
    """
    return _ROWS.get(code, ())


def _rows() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {code: {alias: None} for code, alias in OTHER_CODES.items()}
    for row in METRICS:
        for code in (row.danish.code, row.kih.code, row.phmr.code):
            if code:
                found.setdefault(code, {})[row.alias] = None
    return {code: tuple(aliases) for code, aliases in found.items()}


def units_of(row: Metric) -> Mapping[str, int]:
    """What a document may write as unit of this row, with the power of ten to the row's own.

    That is what tells a saturation of 0.97 from one of 97: the unit, never the size of the number.

    >>> from devices.catalogue import metric
    >>> [units_of(metric("spo2")).get(unit) for unit in ("NA", "%", "", "kg")]
    [2, 0, 2, None]
    """
    return _UNITS[row.alias]


def _units(row: Metric) -> Mapping[str, int]:
    none = dict.fromkeys(_NO_UNIT, row.units["1"]) if "1" in row.units else {}
    return MappingProxyType({**none, **unit_texts(row), row.phmr.unit: -row.phmr.shift})


_ROWS = _rows()
_UNITS = {row.alias: _units(row) for row in METRICS}


def named_types(named: Iterable[str], measured: frozenset[str]) -> tuple[DeviceType, ...]:
    """The named kinds of device that measure all of this.

    `named` are device specialisations (MDC) or MedCom instrument codes, unknown ones among them.

    >>> [row.mdc for row in named_types(("NI", "MCI00005"), frozenset({"spo2"}))]
    ['528388']
    """
    rows = (device_type(TYPE_OF_INSTRUMENT.get(name, name)) for name in named)
    return tuple(row for row in rows if row is not None and measured <= row.metrics)


def type_of(named: Iterable[str], measured: frozenset[str]) -> DeviceType:
    """The kind of device that measured this: what is named if it can, else the first that can.

    >>> type_of(("528399",), frozenset({"spo2"})).mdc
    '528388'
    """
    found = named_types(named, measured)
    return found[0] if found else next(row for row in DEVICE_TYPES if measured <= row.metrics)
