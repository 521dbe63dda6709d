"""What the platform has asked of the homes: commands as they come, days as homes live them.

In: payloads of kind `cmd`, in any order, any number of times, in paho's thread. Out: whether a home
is asked to measure on a day, and how many commands were what. Called by `fleet`. Whether a patient
does what is asked is the home's affair (`Home.willing`). Nothing that is said here can stop a home:
what cannot be read, or asks for more than a sane platform would, is counted and forgotten.
"""

import logging
import threading
from collections import Counter
from datetime import date
from typing import Final, Literal

import msgspec

from devices.wire import WIRE_VERSION, Command

log = logging.getLogger(__name__)

DAYS_MAX: Final = 31
"""A request for more days than this is refused: nobody measures daily for ever."""
OWN_SLOT: Final = 1
"""The patient of a simulated home is the first user of each device."""
_decode = msgspec.json.Decoder(Command).decode

Became = Literal["taken", "repeated", "refused"]


class Orders:
    """Commands by gateway; `hear` in one thread, `asked` in another."""

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}
        self._spans: dict[str, list[tuple[date, date]]] = {}
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def hear(self, gateway: str, payload: bytes) -> Became:
        """Take one command; never raises, whatever the payload."""
        command = _read(payload)
        with self._lock:
            became: Became = "refused"
            if command is not None:
                known = self._known.setdefault(gateway, set())
                became = "repeated" if command.id in known else "taken"
                known.add(command.id)
            if command is not None and became == "taken":
                span = (command.since, command.until)
                self._spans.setdefault(gateway, []).append(span)
            self._counts[became] += 1
        return became

    def asked(self, gateway: str, day: date) -> bool:
        """Whether this home is asked to measure on this day."""
        with self._lock:
            spans = self._spans.get(gateway, ())
            return any(since <= day <= until for since, until in spans)

    def counts(self) -> dict[str, int]:
        """How many commands were taken, repeated and refused."""
        with self._lock:
            return dict(self._counts)


def _read(payload: bytes) -> Command | None:
    """The command, if it is one that this home may obey."""
    try:
        command = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("a command cannot be read: %s", error)
        return None
    days = (command.until - command.since).days + 1
    if command.v != WIRE_VERSION or command.slot != OWN_SLOT or not 1 <= days <= DAYS_MAX:
        log.warning("a command is not for this home: version, user or days")
        return None
    return command
