"""One HTTP request and its answer: bounded in time and size, following nobody elsewhere.

Called by `fhir_server` and `endpoint`. Health data goes to the address that was configured: no
redirect is followed, and proxies or passwords of the environment are not used. Of an answer only
its status and closed codes are told on, as its texts might repeat what was sent.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from ssl import SSLContext, create_default_context

import httpx
import msgspec

from ingest.deliver.settings import DeliverSettings

ANSWER_BYTES_MAX = 16 * 2**20
PASSING = frozenset({408, 409, 425, 429})
"""The statuses below 500 that are no verdict on what was sent."""
OF_THE_ITEM = frozenset({400, 413, 422, 451})
"""The statuses of a whole request that are a verdict on what was sent. All others (401, 403, 404,
405, 415 …) speak of our credentials, our address or our settings: no record is to blame."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes = b""
    wait_s: float = 0.0


class NoAnswer(msgspec.Struct, frozen=True):
    """Nothing usable came back; the request may have been carried out."""

    reason: str


def client_of(settings: DeliverSettings) -> httpx.Client:
    """A client for this destination; OSError when the CA file cannot be read."""
    token = settings.token.get_secret_value()
    headers = {"User-Agent": "hjemmepuls", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return httpx.Client(
        headers=headers,
        timeout=settings.timeout_s,
        follow_redirects=False,
        trust_env=False,
        verify=_authorities(settings),
        limits=httpx.Limits(max_connections=1),
    )


def _authorities(settings: DeliverSettings) -> SSLContext:
    if settings.ca_file is not None:
        try:
            return create_default_context(cafile=str(settings.ca_file))
        except OSError as error:  # it does not say which file
            what = error.strerror or str(error)
            raise OSError(error.errno, what, str(settings.ca_file)) from error
    return httpx.create_ssl_context(trust_env=False)


def exchange(
    client: httpx.Client,
    method: str,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    timeout_s: float,
) -> Answer | NoAnswer:
    """The answer to one request; never an exception.

    Each step may take `timeout_s`, and the answer's body altogether, however slowly it drips.
    """
    parts: list[bytes] = []
    size = 0
    try:
        with client.stream(method, url, content=content, headers=dict(headers)) as reply:
            deadline = time.monotonic() + timeout_s
            for part in reply.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > ANSWER_BYTES_MAX:
                    return NoAnswer("the answer is too long")
                if time.monotonic() > deadline:
                    return NoAnswer("the answer takes too long")
            asked = reply.headers.get("Retry-After", "")
            return Answer(reply.status_code, b"".join(parts), retry_after_s(asked, time.time))
    except (httpx.HTTPError, httpx.StreamError) as error:
        return NoAnswer(type(error).__name__)


def retry_after_s(text: str, now_s: Callable[[], float]) -> float:
    """Retry-After in seconds from now, said as seconds or as a date; 0 where it says neither.

    >>> [retry_after_s(text, lambda: 784_887_140.0) for text in ("7", "soon", "-3", "")]
    [7.0, 0.0, 0.0, 0.0]
    >>> retry_after_s("Tue, 15 Nov 1994 08:12:31 GMT", lambda: 784_887_140.0)
    11.0
    """
    text = text.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp() - now_s())
