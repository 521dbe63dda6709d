"""A panel that comes in parts: what one word leaves out, an earlier one on the same act may say.

In: the record that stands, and the arrival. Out: the arrival with the components that it leaves
out, or says to be not available, as they stand. A blood pressure that FHIR splits over Observations
so becomes one record, in any order; `invalid` is said of a component, and is no leaving out. Pure.
"""

import msgspec

from devices.admission import panel_fault
from devices.catalogue import Panel
from fhir_mapping.annotations import together
from fhir_mapping.record import Record
from fhir_mapping.status import shared_and_own

_UNSAID = frozenset({"not-available"})


def completed(record: Record, arrival: Record) -> Record:
    """The arrival, completed by what stands; itself where it leaves nothing out."""
    if record.is_response or len(record.values) != len(arrival.values) or record.withdrawn:
        return arrival
    left_out = [
        arrival.values[place] is None
        and standing is not None
        and _UNSAID.issuperset(arrival.flags_at(place))
        for place, standing in enumerate(record.values)
    ]
    if not any(left_out) or not any(arrival.values):
        return arrival
    of = [record if is_left_out else arrival for is_left_out in left_out]
    values = tuple(one.values[place] for place, one in enumerate(of))
    flags, component_flags = shared_and_own(
        [
            None if values[place] is None and not one.flags_at(place) else one.flags_at(place)
            for place, one in enumerate(of)
        ]
    )
    return msgspec.structs.replace(
        arrival,
        values=values,
        flags=flags,
        component_flags=component_flags,
        sent_ms=max(record.sent_ms, arrival.sent_ms),
        circumstances=together(record.circumstances, arrival.circumstances),
    )


def adds_only(record: Record, arrival: Record) -> bool:
    """Whether the arrival has components that the record has not, and changes none that it has."""
    whole = completed(record, arrival)
    pairs = list(zip(record.values, whole.values, strict=True))
    return any(one is None and other is not None for one, other in pairs) and all(
        one is None or one == other for one, other in pairs
    )


def contradict(record: Record, arrival: Record) -> bool:
    """Whether the parts cannot stand together: a diastolic pressure not below the systolic."""
    if record.is_response or not isinstance(record.row, Panel):
        return False
    whole = completed(record, arrival)
    return panel_fault(dict(zip(record.row.components, whole.values, strict=True))) is not None
