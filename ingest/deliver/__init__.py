"""STORE → OTHERS: every record, sent on at least once, in whatever form the receiver asks for.

`follow` walks the record store by its cursor and gives batches to a `Destination` (`port`): a
FHIR R4 server (`fhir_server`), a folder of documents (`folder`) or an HTTP endpoint (`endpoint`).
`state` remembers how far it came, in the same transaction as what became of each batch.
"""

from ingest.deliver.follow import Deliverer, Progress
from ingest.deliver.port import Destination, Item, Later, Refused, Result, Taken
from ingest.deliver.serve import dead_letters, retry_dead_letters, serve
from ingest.deliver.settings import DeliverSettings
from ingest.deliver.state import DeadLetter, Deliveries, WrongState

__all__ = [
    "DeadLetter",
    "DeliverSettings",
    "Deliverer",
    "Deliveries",
    "Destination",
    "Item",
    "Later",
    "Progress",
    "Refused",
    "Result",
    "Taken",
    "WrongState",
    "dead_letters",
    "retry_dead_letters",
    "serve",
]
