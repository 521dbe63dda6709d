"""What the national documents (KIH, PHMR) name, in the words of the catalogue.

In: a MedCom instrument code, and what an instrument measured. Out: the kind of device it is.

Sources: MedCom's instrument codes as KvalitetsIT's kih-telecare-exporter and MedCom's own PHMR
example carry them.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from devices.catalogue import DEVICE_TYPES, DeviceType, device_type

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
