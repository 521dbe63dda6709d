"""The limits of ingest, each with a name, asserted together.

What a value or a time may be at all, by whatever door it comes, stands in `devices.admission`. A
limit here protects the platform from one delivery; what exceeds it is a `Rejection` that names it.
"""

PAYLOAD_BYTES_MAX = 262_144
"""Longest payload taken apart. A year of stored readings of one home is about 100 kB."""

READINGS_PER_DELIVERY_MAX = 1_000
"""Most readings a gateway may forward in one array."""

VALUES_PER_READING_MAX = 16
"""Most values of one act of measuring; the fullest instrument of the catalogue gives six."""

ONE_ACT_MS = 2 * 60 * 1000
"""How far the corrected instants of one act may lie apart when its clock pair is read again: a
cheap clock drifts two seconds a day, and an outbox is emptied within a month. A clock that restarts
at every wake repeats its time after the instrument was switched off and on, hardly sooner."""

UNPAIRED_ACT_MS = 12 * 60 * 60 * 1000
"""The same where only one of two words has a clock pair: what lies between them is how wrong the
clock is. One that restarts is wrong by months."""

CLOCK_JITTER_MS = 10 * 1000
"""A corrected instant that moved by less is the same: both clocks of the pair are read one after
the other, over radio. No rule asks for more; what moved by more is a change that is kept."""

SAME_INSTANT_MS = 1000
"""Two instants that are one: documents tell whole seconds, devices and gateways more."""

BATCH_DELIVERIES_MAX = 500
"""Most deliveries of one commit."""

BROKER_INFLIGHT = 1_000
"""`max_inflight_messages` of the broker configuration that we ship."""

assert VALUES_PER_READING_MAX * READINGS_PER_DELIVERY_MAX < 100_000
assert BATCH_DELIVERIES_MAX <= BROKER_INFLIGHT, "a batch above the in-flight window never fills"
assert SAME_INSTANT_MS <= CLOCK_JITTER_MS < ONE_ACT_MS, "from one instant to two acts"
