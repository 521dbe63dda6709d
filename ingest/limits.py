"""The limits of ingest, each with a name, asserted together.

A limit protects the platform from one delivery; what exceeds it is a `Rejection` that names it.
"""

PAYLOAD_BYTES_MAX = 262_144
"""Longest payload taken apart. A year of stored readings of one home is about 100 kB."""

READINGS_PER_DELIVERY_MAX = 1_000
"""Most readings a gateway may forward in one array."""

VALUES_PER_READING_MAX = 16
"""Most values of one act of measuring; the fullest instrument of the catalogue gives six."""

VALUE_CHARACTERS_MAX = 12
"""Longest decimal text (MedCom HomeCareObservation: at most 12 characters)."""

FUTURE_TOLERANCE_MS = 10 * 60 * 1000
"""How far a corrected time may lie ahead of its arrival: clocks differ by minutes, not hours."""

EARLIEST_MEASURED_MS = 1_420_070_400_000
"""2015-01-01T00:00:00Z, before any device of the catalogue was sold: an unset clock."""

YEAR_FIRST, YEAR_LAST = 1900, 2200
"""What a clock may show at all, right or wrong; other years cannot be corrected or written."""

BATCH_DELIVERIES_MAX = 500
"""Most deliveries of one commit."""

BROKER_INFLIGHT = 1_000
"""`max_inflight_messages` of the broker configuration that we ship."""

assert VALUES_PER_READING_MAX * READINGS_PER_DELIVERY_MAX < 100_000
assert BATCH_DELIVERIES_MAX <= BROKER_INFLIGHT, "a batch above the in-flight window never fills"
