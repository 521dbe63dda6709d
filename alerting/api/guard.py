"""What stands before every route: whose request it is, and what every answer carries.

In: an ASGI application. Out: the same, guarded. It refuses a Host that is not this machine (a
hostile page may let its own name point here) and a change that another site asks for; it sets the
security headers, and logs each answer by the route's template, never by its path or query, which
may name a person.
"""

import logging
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerting.api.answers import Fault, Refused, fault_answer

log = logging.getLogger("alerting.api")

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})


class Guard:
    """The ASGI middleware; see the module."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the application's own errors pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 500

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope)
        try:
            if refused is None:
                await self._app(scope, receive, send_guarded)
            else:
                answer = fault_answer(refused, is_fhir(scope["path"]))
                await answer(scope, receive, send_guarded)
        finally:
            _log(scope, status, time.monotonic() - began)

    def _refusal(self, scope: Scope) -> Refused | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _hostname(host) not in self._hosts:
            return Refused(421, Fault("host-unknown", "this service answers to its own name only"))
        if scope["method"] in _SAFE_METHODS:
            return None
        origin = headers.get("origin")
        same = headers.get("sec-fetch-site", "none") in _OWN_SITE
        if origin is not None:
            same = same and urlsplit(origin).netloc.lower() == host.lower()
        if same:
            return None
        return Refused(403, Fault("other-site", "only this service's own page may ask for that"))


def is_fhir(path: str) -> bool:
    """Whether errors below this path are told as FHIR tells them."""
    return path == "/fhir" or path.startswith("/fhir/")


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _log(scope: Scope, status: int, took_s: float) -> None:
    route: Any = scope.get("route")
    path = getattr(route, "path", "(no route)")
    log.info("%s %s %d %.0f ms", scope["method"], path, status, took_s * 1000)
