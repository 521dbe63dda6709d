"""A dataset as XML: the same bytes in every process.

In: a `CitizenMonitoringDataset`. Out: compact UTF-8, in the namespaces of the official example.
Texts are escaped; a character that XML 1.0 does not allow becomes U+FFFD, so that a text from a
device can never break a document. Whatever `read` has read is written back without loss.
"""

import re
from functools import lru_cache
from typing import Any

import msgspec

from fhir_mapping.kih.dataset import (
    NAMESPACES,
    POST_BOX_NAMESPACE,
    ROOT,
    SHAPES,
    Child,
    CitizenMonitoringDataset,
    Country,
    Instrument,
    LaboratoryReport,
    Producer,
    Struct,
)

_astuple = msgspec.structs.astuple
_SPECIAL = re.compile("[^\t\n -%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_ATTRIBUTE = re.compile('[\t\n"]')

_HEAD = "".join(
    (
        '<?xml version="1.0" encoding="UTF-8"?>\n<',
        ROOT,
        *(f' xmlns:{prefix}="{address}"' for prefix, address in NAMESPACES.items()),
        ">",
    )
)


def render_dataset(dataset: CitizenMonitoringDataset) -> bytes:
    """The document, valid against the schema where the texts are what the schema allows.

    Nothing is checked here: closed words, the CPR number and so on stand as they are in the
    dataset (`read.read_dataset` refuses what the schema does not allow).
    """
    parts = [_HEAD]
    _write_children(parts, CitizenMonitoringDataset, dataset)
    parts.append(f"</{ROOT}>\n")
    return "".join(parts).encode()


def escaped(text: str) -> str:
    r"""The text as XML content.

    >>> escaped("a ]]> & b\x00")
    'a ]]&gt; &amp; b�'
    """
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(_entity, text)


def _entity(found: re.Match[str]) -> str:
    return _ENTITIES.get(found[0], "\N{REPLACEMENT CHARACTER}")


def _write_children(parts: list[str], kind: type[Struct], value: Struct) -> None:
    for (child, start, end), said in zip(_TAGS[kind], _astuple(value), strict=True):
        if said is None:
            continue
        if child.kind is str:
            parts.append(f"{start}{escaped(said)}{end}")
        elif child.item:
            parts.append(start)
            for one in said:
                parts.append(f"<{child.item}>")
                _write_children(parts, _kind(child), one)
                parts.append(f"</{child.item}>")
            parts.append(end)
        else:
            parts.append(_element(child, start, end, said))


def _element(child: Child, start: str, end: str, value: Any) -> str:
    if isinstance(value, Country):
        return _country(child.name, value)
    if isinstance(value, Producer | Instrument):
        return _repeated(start, end, value)
    parts = [start]
    _write_children(parts, _kind(child), value)
    parts.append(end)
    return "".join(parts)


@lru_cache(maxsize=4096)
def _repeated(start: str, end: str, value: Producer | Instrument) -> str:
    """What stands in one report after the other, letter by letter."""
    parts = [start]
    _write_children(parts, type(value), value)
    parts.append(end)
    return "".join(parts)


def _country(name: str, value: Country) -> str:
    scheme = ""
    if value.scheme is not None:
        text = _ATTRIBUTE.sub(lambda found: f"&#{ord(found[0])};", escaped(value.scheme))
        scheme = f' scheme="{text}"'
    return f"<{name}{scheme}>{escaped(value.code)}</{name}>"


def _kind(child: Child) -> type[Struct]:
    assert child.kind is not str
    return child.kind  # type: ignore[return-value]  # not narrowed through `is not`


def _tags(child: Child) -> tuple[Child, str, str]:
    declared = ""
    if child.name.startswith("dkcc200505:"):
        declared = f' xmlns:dkcc200505="{POST_BOX_NAMESPACE}"'
    return child, f"<{child.name}{declared}>", f"</{child.name}>"


_TAGS: dict[type[Struct], tuple[tuple[Child, str, str], ...]] = {
    kind: tuple(_tags(child) for child in shape) for kind, shape in SHAPES.items()
}
assert LaboratoryReport in _TAGS
