"""What the API answers with: a Bundle around rendered resources, or an OperationOutcome.

In: resources as rendered bytes. Out: bytes. The resources are joined as they are, never read
and written again, so a decimal keeps its digits and a page costs what copying costs.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from fhir_mapping.resources import printable

_encode = msgspec.json.Encoder().encode
Severity = Literal["fatal", "error", "warning", "information"]


def searchset(
    total: int | None, self_url: str, next_url: str | None, entries: Iterable[tuple[str, bytes]]
) -> bytes:
    """One page of a search, in the order given.

    `total` counts the matches of all pages, None when nobody counted; `entries` are pairs of
    full URL and rendered resource. No entries, no `entry`: FHIR allows no empty list.

    >>> searchset(1, "https://a.example", None, [("urn:a", b'{"id":"a"}')]).decode()[-70:]
    '[{"fullUrl":"urn:a","resource":{"id":"a"},"search":{"mode":"match"}}]}'
    """
    links = [{"relation": "self", "url": self_url}]
    if next_url is not None:
        links.append({"relation": "next", "url": next_url})
    parts = [b'{"resourceType":"Bundle","type":"searchset"']
    if total is not None:
        parts.append(b',"total":%d' % total)
    parts += (b',"link":', _encode(links))
    opening = b',"entry":['
    closing = b"}"
    for full_url, resource in entries:
        parts += (opening, b'{"fullUrl":', _encode(full_url), b',"resource":', resource)
        parts.append(b',"search":{"mode":"match"}}')
        opening, closing = b",", b"]}"
    parts.append(closing)
    return b"".join(parts)


def operation_outcome(severity: Severity, code: str, diagnostics: str) -> bytes:
    """Why a request was not answered: `code` is one of FHIR's issue types.

    >>> operation_outcome("error", "not-found", "no such id").decode()[:46]
    '{"resourceType":"OperationOutcome","issue":[{"'
    """
    issue = {"severity": severity, "code": code, "diagnostics": printable(diagnostics)}
    return _encode({"resourceType": "OperationOutcome", "issue": [issue]})
