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

BATCH_DELIVERIES_MAX = 500
"""Most deliveries of one commit."""

BROKER_INFLIGHT = 1_000
"""`max_inflight_messages` of the broker configuration that we ship."""

assert VALUES_PER_READING_MAX * READINGS_PER_DELIVERY_MAX < 100_000
assert BATCH_DELIVERIES_MAX <= BROKER_INFLIGHT, "a batch above the in-flight window never fills"
