"""A strict FHIR R4 server on loopback that does its worst by script.

It takes batch Bundles of updates and holds every entry to the standard: type, id, address and
fullUrl agree; no address twice; whatever is referred to stands there already, and not only in the
same Bundle, as the entries of a batch must not depend on each other. What is wrong with a request
of ours is refused and listed in `wrongs`.

Each request takes the next `Fault` off the script; without one it is answered properly.
"""

import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Kind = Literal["status", "reset", "reset-after", "silence", "silence-late", "entries", "garbage"]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    status: this answer, nothing done. reset: the connection, nothing done. reset-after: all done,
    then the connection. silence: no answer, nothing done. silence-late: no answer, and all is done
    when `StrictServer.catch_up` is called. entries: these entries get this status, the others are
    done. garbage: `body` is the answer, nothing done.
    """

    kind: Kind
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    entries: frozenset[int] = frozenset()
    body: bytes = b"{}"


@dataclass
class Request:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class StrictServer:
    """What the server holds and saw. `refuses` tells the status for an address, 0 to take it."""

    url: str = ""
    script: deque[Fault] = field(default_factory=deque)
    refuses: Callable[[str], int] = lambda _: 0
    whole: Callable[[bytes], int] = lambda _: 0
    holds: dict[str, bytes] = field(default_factory=dict)
    history: dict[str, list[int]] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    late: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def observations(self) -> dict[str, bytes]:
        """The Observations by address."""
        return {at: body for at, body in self.holds.items() if at.startswith("Observation/")}

    def catch_up(self) -> None:
        """Carry out what was left unanswered, after all that came since."""
        with self.guard:
            for body in self.late:
                self._carry_out(body)
            self.late.clear()

    def _carry_out(self, body: bytes, failing: Fault | None = None) -> bytes:
        """Do a Bundle; the batch-response."""
        bundle = json.loads(body)
        if bundle["resourceType"] != "Bundle" or bundle["type"] != "batch":
            self.wrongs.append("no batch")
        before = set(self.holds)
        seen: set[str] = set()
        answers = []
        for place, entry in enumerate(bundle["entry"]):
            status = self._entry(entry, before, seen)
            if failing and place in failing.entries:
                status = failing.status
            if status < 300:
                self._hold(entry["request"]["url"], entry["resource"], body)
            response: dict[str, Any] = {"status": f"{status} As Is"}
            if status >= 400:
                issue = {"severity": "error", "code": "processing", "expression": ["Observation"]}
                issue["diagnostics"] = "Anna Eksempel 6103450000 is not welcome"
                response["outcome"] = {"resourceType": "OperationOutcome", "issue": [issue]}
            answers.append({"response": response})
        answer = {"resourceType": "Bundle", "type": "batch-response", "entry": answers}
        return json.dumps(answer).encode()

    def _entry(self, entry: dict[str, Any], before: set[str], seen: set[str]) -> int:
        resource, request = entry["resource"], entry["request"]
        address = f"{resource['resourceType']}/{resource['id']}"
        if (request["method"], request["url"]) != ("PUT", address):
            return self._wrong(f"{request} for {address}")
        if entry["fullUrl"] != f"{self.url}/{address}":
            return self._wrong(f"fullUrl {entry['fullUrl']}")
        if address in seen:
            return self._wrong(f"{address} twice in a Bundle")
        seen.add(address)
        refused = self.refuses(address)
        if refused:
            return refused
        missing = [one for one in references(resource) if one not in before]
        if missing:
            return self._wrong(f"{address} refers to {missing}")
        return 200 if address in self.holds else 201

    def _wrong(self, text: str) -> int:
        self.wrongs.append(text)
        return 422

    def _hold(self, address: str, resource: dict[str, Any], body: bytes) -> None:
        start = body.index(b'"resource":', body.index(f'"{self.url}/{address}"'.encode())) + 11
        end = body.index(b',"request":{"method":"PUT","url":"' + address.encode() + b'"', start)
        self.holds[address] = body[start:end]
        if address.startswith("Observation/"):
            version = int(resource["meta"]["versionId"])
            self.history.setdefault(address, []).append(version)


def references(value: Any) -> Iterator[str]:
    """Every reference in a resource to something outside it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "reference" and not inner.startswith("#"):
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


class Handler(BaseHTTPRequestHandler):
    """One connection to a `StrictServer`."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one packet: in two, it waits for an acknowledgement
    disable_nagle_algorithm = True
    strict: StrictServer

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        strict = self.strict
        with strict.guard:
            headers = {name.lower(): value for name, value in self.headers.items()}
            strict.requests.append(Request(self.command, self.path, headers, body))
            fault = strict.script.popleft() if strict.script else None
            status, extra, answer = self.decide(body, fault)
        if fault and fault.kind.startswith("reset"):
            self.reset()
        elif fault and fault.kind.startswith("silence"):
            strict.released.wait(30)
            self.reset()
        else:
            self.answer(status, extra, answer)

    def decide(
        self, body: bytes, fault: Fault | None
    ) -> tuple[int, Iterable[tuple[str, str]], bytes]:
        strict = self.strict
        if fault and fault.kind == "status":
            return fault.status, fault.headers, b"{}"
        if fault and fault.kind == "garbage":
            return 200, (), fault.body
        if fault and fault.kind == "silence-late":
            strict.late.append(body)
        elif not (fault and fault.kind in {"reset", "silence"}):
            refused = strict.whole(body)
            if refused:
                return refused, (), b'{"resourceType":"OperationOutcome","issue":[]}'
            return 200, (), self.carry_out(body, fault)
        return 0, (), b""

    def carry_out(self, body: bytes, fault: Fault | None) -> bytes:
        return self.strict._carry_out(body, fault)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def answer(self, status: int, extra: Iterable[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in extra:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET = handle_any  # noqa: N815  the names of http.server

    def finish(self) -> None:
        if not self.close_connection or not self.connection._closed:
            super().finish()

    def log_message(self, *args: Any) -> None:
        pass


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is part of the test."""


@contextmanager
def serving(strict: StrictServer | None = None) -> Iterator[StrictServer]:
    """A strict server that listens, until the end."""
    strict = strict or StrictServer()
    handler = type("Bound", (Handler,), {"strict": strict})
    server = _Quiet(("127.0.0.1", 0), handler)
    strict.url = f"http://127.0.0.1:{server.server_address[1]}/fhir"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02))
    thread.start()
    try:
        yield strict
    finally:
        strict.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
