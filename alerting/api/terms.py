"""What a code in a search means: the catalogue aliases that LOINC, MDC, NPU and MCS codes name,
and the questionnaires that a canonical address names.
"""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from devices.catalogue import OBSERVABLES, Metric, Panel, metric, observed
from devices.symptoms import QUESTIONNAIRES
from fhir_mapping import codes
from fhir_mapping.response import canonical


def about_of(code: Sequence[str], combo_code: Sequence[str]) -> tuple[str, ...] | None:
    """The aliases that every `code` and `combo-code` agrees on; None without any."""
    chosen: set[str] | None = None
    for values, table in ((code, CODE), (combo_code, COMBO_CODE)):
        for value in values:
            found: set[str] = set()
            for token in value.split(","):
                found.update(table.get(token, ()))
            chosen = found if chosen is None else chosen & found
    return None if chosen is None else tuple(alias for alias in OBSERVABLES if alias in chosen)


def answered_of(questionnaire: Sequence[str]) -> tuple[str, ...] | None:
    """The aliases of the questionnaires that every `questionnaire` agrees on; None without any."""
    if not questionnaire:
        return None
    named = [set(value.split(",")) for value in questionnaire]
    return tuple(
        row.alias
        for row in QUESTIONNAIRES
        if all({canonical(row), canonical(row).partition("|")[0]} & one for one in named)
    )


def tokens_of(row: Metric | Panel) -> Iterable[str]:
    """Every way to name a row's code: bare, with its system, and the system alone."""
    named = [(codes.LOINC, code.code) for code in row.loinc]
    if row.mdc:
        named.append((codes.MDC, row.mdc))
    if isinstance(row, Metric) and row.danish.code:
        named.append((str(row.danish_system), row.danish.code))
    for system, code in named:
        yield from (code, f"{system}|{code}", f"{system}|")


def _table(with_components: bool) -> Mapping[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for alias in OBSERVABLES:
        row = observed(alias)
        parts = row.components if isinstance(row, Panel) and with_components else ()
        for part in (row, *(metric(name) for name in parts)):
            for token in tokens_of(part):
                table.setdefault(token, set()).add(alias)
    return MappingProxyType({token: frozenset(found) for token, found in table.items()})


CODE = _table(with_components=False)
COMBO_CODE = _table(with_components=True)
