"""Files as others write them, in the order in which they are taken: made here from the standards.

Each has a title that docs/CONFORMANCE.md shows. Every case has a minute of its own, so that files
meet only where their names begin alike: `19a`, `19b`.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

import msgspec


class At(msgspec.Struct, frozen=True):
    """The minute of a case, as each format writes it."""

    minute: int

    @property
    def iso(self) -> str:
        """XML Schema and FHIR."""
        return f"2026-03-01T{7 + self.minute // 60:02}:{self.minute % 60:02}:00+01:00"

    @property
    def hl7(self) -> str:
        """HL7 v3."""
        return f"20260301{7 + self.minute // 60:02}{self.minute % 60:02}00+0100"


class File(msgspec.Struct, frozen=True):
    """One file: what it is, and its bytes."""

    title: str
    content: bytes


Case = Callable[[At], File]
_CASES: dict[str, Case] = {}


def case(name: str, title: str) -> Callable[[Callable[[At], bytes]], Callable[[At], bytes]]:
    """Add a file to the corpus."""

    def add(make: Callable[[At], bytes]) -> Callable[[At], bytes]:
        assert name not in _CASES, name
        _CASES[name] = lambda at: File(title, make(at))
        return make

    return add


def corpus() -> Mapping[str, File]:
    """Every file by its name, in order."""
    for kind in ("kih", "phmr", "fhir"):
        import_module(f"tests.documents.cases_{kind}")
    return MappingProxyType({name: _CASES[name](At(int(name[:2]))) for name in sorted(_CASES)})
