"""What is refused or held, in the SQLite store.

Called by the writer inside its transaction. A delivery is hashed, and handed over, once in each.
"""

import sqlite3
from collections import Counter

from ingest.rejection import Reason, Rejection
from ingest.store.port import Arrival, Mapped
from ingest.store.rows import digest_of

_REJECT = """
    INSERT INTO rejection (digest, place, result, reason, path, detail, topic, payload,
                           received_ms, deliveries, part)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7,
           CASE WHEN EXISTS (SELECT 1 FROM rejection WHERE digest = ?1) THEN x'' ELSE ?8 END, ?9, 1,
           ?10
    WHERE true
    ON CONFLICT (digest, place, part) DO UPDATE SET deliveries = deliveries + 1 RETURNING deliveries
"""


class Rejections:
    """The table of rejections; see the port for what it promises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._digests: dict[int, bytes] = {}

    def begin(self) -> None:
        """A new transaction begins, with other deliveries."""
        self._digests.clear()

    def put(self, arrival: Arrival, item: Rejection, tally: Counter[str]) -> None:
        """Keep a rejection; its delivery is hashed, and handed over, once in a transaction."""
        delivery = arrival.delivery
        topic = delivery.topic.encode(errors="surrogatepass")
        digest = self._digests.get(id(delivery))
        payload = b"" if digest else delivery.payload
        if digest is None:
            digest = digest_of(delivery.topic, payload)
            self._digests[id(delivery)] = digest
        new = self._db.execute(
            _REJECT,
            (
                digest,
                item.index,
                item.reason.result,
                item.reason.value,
                item.path,
                item.detail,
                topic.decode(errors="replace"),
                payload,
                delivery.received_ms,
                item.part,
            ),
        ).fetchone()[0]
        if new == 1:
            tally[f"rejected-{item.reason.value}"] += 1
        if item.part < 0:  # of a reading that is counted with what of it was taken
            tally[f"readings-{item.reason.result}"] += 1


def another_citizen(item: Mapped) -> Rejection:
    """A reading that is held: its sender and its device name two citizens."""
    return Rejection(
        Reason.IDENTITY_MISMATCH,
        f"{item.path}.subject",
        "the subject is one citizen, and the device belonged to another when it measured",
        item.index,
        item.message_id,
        item.message_seq,
    )


def another_author(item: Mapped) -> Rejection:
    """A word that is held: only who said a thing may change it or take it back."""
    return Rejection(
        Reason.IDENTITY_MISMATCH,
        f"{item.path or '$'}.by",
        f"transferred by {item.records[0].transferred_by!r} through gateway "
        f"{item.records[0].gateway!r}; the reading it would change came otherwise, and only its "
        "author may change it",
        item.index,
        item.message_id,
        item.message_seq,
    )


def another_gateway(item: Mapped, device: str, gateway: str) -> Rejection:
    """A word that is held: its device is enrolled at the gateway of another home."""
    return Rejection(
        Reason.IDENTITY_MISMATCH,
        f"{item.path or '$'}.gateway",
        f"device {device!r} is not enrolled at gateway {gateway!r}, nor is any other device of "
        "whom it belonged to when it measured",
        item.index,
        item.message_id,
        item.message_seq,
    )
