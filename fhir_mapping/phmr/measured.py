"""One observation of a PHMR document as a metric and its decimal text, or the refusal of it.

In: a typed observation and what its neighbours are about. Out: to `recover` and `foreign`.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from devices.admission import Inadmissible, panel_fault, possible, respelled, value_in
from devices.catalogue import DEVICE_TYPES, METRICS, Metric, Panel, metric, observed
from fhir_mapping.national import rows_of_code, units_of
from fhir_mapping.phmr import codes
from fhir_mapping.phmr.document import Coded, Observation, Refusal

_STATUS_TAKEN = frozenset({"", "completed"})
_EVENT = "EVN"
_NO_CODE = "no NPU, DNK, MCS, MDC or LOINC code of the catalogue"
_PERFORMERS = frozenset({"POT", "PNT", "PCG"})


class Measured(msgspec.Struct, frozen=True):
    """One metric and what was measured of it, in the catalogue's unit."""

    row: Metric
    text: str | None
    transferred_by: str
    methods: tuple[str, ...]

    @property
    def about(self) -> str:
        """The alias of the panel or metric that its record is about."""
        return self.row.panel or self.row.alias

    @property
    def aliases(self) -> tuple[str, ...]:
        """The metrics of that record, in catalogue order."""
        return aliases_of(self.about)


def aliases_of(about: str) -> tuple[str, ...]:
    """The metrics of a record about this, in catalogue order."""
    row = observed(about)
    return row.components if isinstance(row, Panel) else (row.alias,)


def _by_code() -> Mapping[tuple[str, str], frozenset[str]]:
    """What the codes of MDC, of LOINC and of our own system can mean."""
    found: dict[tuple[str, str], set[str]] = {}
    for row in METRICS:
        if row.phmr.code:
            found.setdefault((codes.OUR_CODES, row.phmr.code), set()).add(row.alias)
        if row.mdc:
            found.setdefault((codes.MDC, row.mdc), set()).add(row.alias)
        for loinc in row.loinc:
            found.setdefault((codes.LOINC, loinc.code), set()).add(row.alias)
    return MappingProxyType({key: frozenset(aliases) for key, aliases in found.items()})


_BY_CODE = _by_code()
_NATIONAL = frozenset(system for system, _ in codes.SYSTEM_OF.values())
_ORDER = {row.alias: place for place, row in enumerate(METRICS)}


def _known(one: Coded) -> frozenset[str]:
    """The metrics that a code allows. NPU and MedCom's codes are told apart by themselves, and
    both are written under either system.
    """
    if one.system in _NATIONAL:
        return frozenset(rows_of_code(one.code))
    return _BY_CODE.get((one.system, one.code), frozenset())


def _candidates(said: Sequence[Coded]) -> frozenset[str] | None:
    """The metrics that all known codes allow; None when no code is known."""
    known = [found for one in said if (found := _known(one))]
    return frozenset.intersection(*known) if known else None


def rows_of(observation: Observation, path: str) -> tuple[str, ...] | Refusal:
    """The metrics that an observation can be about, in catalogue order; several for a pulse."""
    found = _candidates(observation.codes)
    names = " ".join(one.code for one in observation.codes)
    if found is None:
        return Refusal(f"{path}/code", names, _NO_CODE, "code-unknown")
    if not found:
        return Refusal(f"{path}/code", names, "the codes name different metrics")
    return tuple(sorted(found, key=_ORDER.__getitem__))


def about_of(observations: Iterable[Observation]) -> frozenset[str]:
    """The panels of which a component stands among these observations."""
    panels = set()
    for observation in observations:
        found = _candidates(observation.codes) or frozenset()
        panels |= {metric(alias).panel or "" for alias in found}
    return frozenset(panels - {""})


def not_measured(mood: str, observation: Observation, path: str) -> Refusal | None:
    """Why it states no measurement: a goal or a request has a value, too, and so has a denial.

    `mood` is the organizer's, which holds for all that stands in it.
    """
    moods = (mood for mood in (observation.mood, mood) if mood != _EVENT)
    if other := next(moods, ""):
        return Refusal(f"{path}/@moodCode", other, "EVN is taken: what was measured")
    if observation.is_negated:
        return Refusal(
            f"{path}/@negationInd", "true", "absent or false: it denies the value that it has"
        )
    return None


def read_measured(
    observation: Observation, panels: frozenset[str], path: str
) -> Measured | Refusal:
    """Metric and value of one observation, or the first thing about it that cannot be taken."""
    if observation.status.lower() not in _STATUS_TAKEN:
        return Refusal(f"{path}/statusCode/@code", observation.status, "only completed is taken")
    found = not_measured(_EVENT, observation, path) or rows_of(observation, path)
    if isinstance(found, Refusal):
        return found
    row = _row(found, panels)
    transferred_by = transfer_of(observation.methods, "", path)
    if isinstance(transferred_by, Refusal):
        return transferred_by
    text = text_of(observation, row, path)
    if isinstance(text, Refusal):
        return text
    return Measured(row, text, transferred_by, observation.methods)


def _row(found: Sequence[str], panels: frozenset[str]) -> Metric:
    beside = [alias for alias in found if any(_one_device(alias, panel) for panel in panels)]
    return metric((beside or found)[0])


def _one_device(alias: str, panel: str) -> bool:
    """Whether some kind of device measures both this metric and this panel."""
    required = {alias, *aliases_of(panel)}
    return any(required <= kind.metrics for kind in DEVICE_TYPES)


def transfer_of(methods: Sequence[str], unsaid: str, path: str) -> str | Refusal:
    """KIH's word for how a value was transferred; `unsaid` where no method says it.

    Without `unsaid` exactly one code of each kind is needed.
    """
    transfers = [method for method in methods if method in codes.TRANSFERRED_BY_OF]
    performers = [method for method in methods if method in _PERFORMERS]
    if unsaid and len(transfers) <= 1 and len(performers) <= 1:
        return codes.TRANSFERRED_BY_OF[transfers[0]] if transfers else unsaid
    if len(transfers) != 1 or len(performers) != 1:
        limit = "one of POT, PNT, PCG and one of AUT, TPD, TPR, TPH, TPC are needed"
        return Refusal(f"{path}/methodCode/@code", " ".join(methods), limit)
    return codes.TRANSFERRED_BY_OF[transfers[0]]


def text_of(observation: Observation, row: Metric, path: str) -> str | Refusal | None:
    """The decimal text in the row's unit, None where a null flavour stands instead."""
    if observation.null_flavor:
        if observation.value is not None:
            return Refusal(f"{path}/value/@value", observation.value, "not beside a nullFlavor")
        return None
    if observation.value is None:
        limit = "a PQ with a value or a nullFlavor is needed"
        return Refusal(f"{path}/value", "", limit, "value-missing")
    text = value_in(row, respelled(observation.value), observation.unit, units_of(row))
    if isinstance(text, Inadmissible):
        attribute = "unit" if text.field == "unit" else "value"
        return Refusal.by(text, f"{path}/value/@{attribute}")
    return text


def refused_values(about: str, values: Sequence[str | None], path: str) -> Refusal | None:
    """Why these values cannot be a record about this, None when they can."""
    aliases = aliases_of(about)
    if len(values) != len(aliases):
        return Refusal(path, str(len(values)), f"{about} has {len(aliases)} values")
    texts = dict(zip(aliases, values, strict=True))
    for alias, text in texts.items():
        wrong = None if text is None else possible(metric(alias), text)
        if wrong is not None:
            return Refusal.by(wrong, path)
    wrong = panel_fault(texts)
    return Refusal.by(wrong, path) if wrong is not None else None
