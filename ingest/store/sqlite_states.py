"""Facts about devices in SQLite: the newest of each, and a history that does not grow for ever."""

import sqlite3
from typing import Any

from devices.wire import Result
from fhir_mapping.device_state import STATES_KEPT, DeviceState

_PUT = """
    INSERT INTO device_state (device, fact, at_ms, text, unit, gateway, offset_min, received_ms)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
    WHERE (SELECT count(*) FROM device_state WHERE device = ?1 AND fact = ?2 AND at_ms > ?3) < ?9
    ON CONFLICT (device, fact, at_ms) DO UPDATE SET
        text = excluded.text, unit = excluded.unit, received_ms = excluded.received_ms
    WHERE (text, unit) <> (excluded.text, excluded.unit)
"""
_FORGET = """
    DELETE FROM device_state WHERE device = ?1 AND fact = ?2 AND at_ms < (
        SELECT at_ms FROM device_state WHERE device = ?1 AND fact = ?2
        ORDER BY at_ms DESC LIMIT 1 OFFSET ?3)
"""
SELECT_STATES = (
    "SELECT device, gateway, fact, text, unit, at_ms, offset_min, received_ms FROM device_state s"
)
IS_NEWEST = (
    "at_ms = (SELECT max(at_ms) FROM device_state WHERE device = s.device AND fact = s.fact)"
)


def put_state(db: sqlite3.Connection, state: DeviceState, received_ms: int) -> Result:
    """Keep a state; `duplicate` when it stands there, or so many newer ones do.

    Of two values of one instant the one that came last counts.
    """
    row = (state.device, state.fact, state.at_ms, state.text, state.unit, state.gateway)
    changed = db.execute(_PUT, (*row, state.offset_min, received_ms, STATES_KEPT)).rowcount
    if not changed:
        return "duplicate"
    db.execute(_FORGET, (state.device, state.fact, STATES_KEPT - 1))
    return "accepted"


def state_of(row: tuple[Any, ...]) -> DeviceState:
    """The state of a row of `SELECT_STATES`."""
    return DeviceState(*row)
