"""A simulator of thousands of homes in one process; used by demo, load tests and tests, never
by production code.

Read in this order: `patient` (who), `course` (how they fare), `instruments` (what is measured),
`faults` (what goes wrong), `home` (one home, day by day), `residents` (homes of a cohort's
patients), `world` (all homes, in send order),
`enrolment` (the file that tells the platform who they are), `ledger` (what we said), `outbox`
(what is not yet receipted), `orders` (what the platform asks), `timeline` (when), `line` (one MQTT
connection), `fleet` (all of it over MQTT). Every person is synthetic, and the same seed gives the
same bytes.
"""

from devices.simulated.faults import FaultRates
from devices.simulated.fleet import Broker, Fleet, Progress
from devices.simulated.ledger import Ledger, read_ledger
from devices.simulated.timeline import Timeline
from devices.simulated.world import Delivery, World

__all__ = [
    "Broker",
    "Delivery",
    "FaultRates",
    "Fleet",
    "Ledger",
    "Progress",
    "Timeline",
    "World",
    "read_ledger",
]
