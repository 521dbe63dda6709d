"""The delivery port: all that `follow` asks of a place to which records are sent.

What every destination promises:

  Waiting   `send` returns when it knows what became of each item, at the latest after its time
            limit per request. It never sleeps and never tries again by itself.
  Failure   Told as values, one per item. A bad world is `Later`, a bad item is `Refused`; an
            exception is a bug.
  Doubling  Sending the same record again, at any time, changes nothing at the destination.
  Order     Items are sent in the order given, as far as the destination knows an order.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from fhir_mapping.enrolled import Citizen, EnrolledDevice, Limits, Organisation
from fhir_mapping.record import Record


class Item(msgspec.Struct, frozen=True, gc=False):
    """One record on its way out, with all that any rendering of it needs.

    `citizen` and `organisation` are None while the record is nobody's: then it once was
    somebody's or had another value, and what was delivered of it must be withdrawn or corrected.
    """

    record: Record
    citizen: Citizen | None
    organisation: Organisation | None
    device: EnrolledDevice | None
    limits: tuple[Limits, ...] = ()


class Taken(msgspec.Struct, frozen=True):
    """The destination has it, durably as far as it says so."""


class Refused(msgspec.Struct, frozen=True):
    """The destination will never take it as it is; `digest` is the SHA-256 of what was sent."""

    reason: str
    digest: str = ""


class Later(msgspec.Struct, frozen=True):
    """Not taken now, for a reason that may pass.

    `alone` says that the destination worked and answered just this item so; otherwise the whole
    destination is in trouble. `wait_s` is how long it asks to be left in peace.
    """

    reason: str
    alone: bool = False
    wait_s: float = 0.0


Result = Taken | Refused | Later


class Destination(Protocol):
    """A place to which records are sent. Used by one thread."""

    settle_s: float
    """How long a request that was given up may still take effect there; 0 where it cannot undo
    a later one."""
    takes_responses: bool
    """Whether it has a place for answers to a questionnaire; KIH XML and PHMR have none."""

    def send(self, batch: Sequence[Item]) -> list[Result]:
        """What became of each item of the batch, in order; no two items are of one record."""

    def close(self) -> None:
        """Release what it holds; idempotent."""
