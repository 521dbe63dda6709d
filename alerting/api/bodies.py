"""Bodies of requests, read no further than they may be long; of FHIR, JSON and not compressed."""

from typing import Final

from fastapi import Request

from alerting.api.answers import FHIR_JSON, JSON, Fault, Refused, shortened

FHIR_BODY_BYTES_MAX: Final = 4 * 1024 * 1024
"""Some 2500 Observations: one short transaction."""


async def fhir_body(request: Request) -> bytes:
    """The body as it came; Refused with 415 or 413."""
    said = request.headers.get("content-type", "")
    if said.partition(";")[0].strip().lower() not in {FHIR_JSON, JSON}:
        raise _other("Content-Type", said, f"{FHIR_JSON} or {JSON}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() != "identity":
        raise _other("Content-Encoding", encoding, "identity: not compressed")
    return await whole_body(request, FHIR_BODY_BYTES_MAX)


async def whole_body(request: Request, most: int) -> bytes:
    """The body, at most so many bytes; Refused with 413 when it is longer."""
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > most:
            fault = Fault("body-too-long", "the body is too long", limit=f"at most {most} bytes")
            raise Refused(413, fault, "too-long")
        parts.append(part)
    return b"".join(parts)


def _other(name: str, said: str, limit: str) -> Refused:
    fault = Fault("media-type", "the body cannot be read as it is", name, shortened(said), limit)
    return Refused(415, fault, "not-supported")
