"""However readings arrive, and whenever anybody looks, the alerts are those of the records.

One property over invented stories: what is measured, when it arrives, what is enrolled meanwhile,
and where the evaluator polls and looks at the clock.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerting import evaluate
from alerting.alert_store import AlertStore
from alerting.standard_limits import standard_limits
from devices.simulated import FaultRates, World
from fhir_mapping.enrolled import Assignment, Citizen, Limits
from ingest.decode import Delivery
from ingest.enrolment import enrol, read_enrolment
from tests.alerting.clinic import (
    CUFF,
    DEVICES,
    OXIMETER,
    SCALE,
    Clinic,
    at,
    catch_up,
    citizen,
    in_memory,
    meanings,
    ms,
    reading,
)

DAYS = 20
OWNERS = ("c1", "c2", "c3")
HOURS = {OXIMETER: 7.5, CUFF: 8.0, SCALE: 7.5}
"""Oximeter and scale are used in the same minute."""
LEVELS: Mapping[str, Mapping[str, list[dict[str, str]]]] = {
    OXIMETER: {
        "usual": [{"spo2": "94", "pulse_oximeter": "74"}, {"spo2": "93", "pulse_oximeter": "78"}],
        "low": [{"spo2": "88", "pulse_oximeter": "74"}, {"spo2": "89", "pulse_oximeter": "112"}],
        "bad": [{"spo2": "84", "pulse_oximeter": "135"}, {"spo2": "86", "pulse_oximeter": "38"}],
        "wrong": [{"spo2": "44", "pulse_oximeter": "74"}, {"spo2": "93", "pulse_oximeter": "235"}],
    },
    CUFF: {
        "usual": [{"systolic": "128", "diastolic": "76", "pulse_cuff": "72"}] * 2,
        "low": [{"systolic": "97", "diastolic": "60", "pulse_cuff": "72"}] * 2,
        "bad": [{"systolic": "185", "diastolic": "112", "pulse_cuff": "132"}] * 2,
        "wrong": [{"systolic": "128", "diastolic": "29", "pulse_cuff": "72"}] * 2,
    },
    SCALE: {
        "usual": [{"weight": "80.2"}, {"weight": "80.5"}],
        "low": [{"weight": "82.7"}] * 2,
        "bad": [{"weight": "84.1"}, {"weight": "83.9"}],
        "wrong": [{"weight": "24.0"}, {"weight": "110.0"}],
    },
}


@dataclass(frozen=True)
class Arrival:
    """One message and when it comes (days of the clinic)."""

    when: float
    delivery: Delivery


Spot = tuple[str, str, int]
"""Owner, device, day."""
spots: st.SearchStrategy[Spot] = st.tuples(
    st.sampled_from(OWNERS), st.sampled_from(DEVICES), st.integers(0, DAYS - 1)
)
moments = st.integers(0, DAYS * 24).map(lambda hours: hours / 24)


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Everybody measures daily, but for what is drawn: spells, gaps, delays, second versions."""
    levels: dict[Spot, str] = {}
    for owner, device, day in draw(st.lists(spots, max_size=5)):
        level = draw(st.sampled_from(["low", "bad", "wrong", "absent", "failed", "test"]))
        for later in range(draw(st.integers(1, 6))):
            levels[owner, device, day + later] = level
    delays = draw(
        st.dictionaries(
            spots,
            st.sampled_from([1, 3, 8, 20, 40, 200, 500]).map(lambda hours: hours / 24),
            max_size=12,
        )
    )
    again = draw(st.dictionaries(spots, st.sampled_from(["ntp", "none"]), max_size=3))
    found = []
    for owner in OWNERS:
        for device in DEVICES:
            for day in range(DAYS):
                spot = (owner, device, day)
                level = levels.get(spot, "usual")
                if level == "absent":
                    continue
                when = day + HOURS[device] / 24 + 0.001
                sync = again.get(spot, "ntp")
                first = message(spot, level, sync)
                found.append(Arrival(when + delays.get(spot, 0.0), first))
                if spot in again:
                    other = message(spot, "bad" if level == "usual" else "usual", sync)
                    found.append(Arrival(when + draw(moments), other))
    return found


def message(spot: Spot, level: str, sync: str) -> Delivery:
    """What a device says at this level; "failed" has no value, "test" is none of the citizen's."""
    owner, device, day = spot
    shown = level if level in LEVELS[device] else "bad"
    values: dict[str, str | None] = {**LEVELS[device][shown][day % 2]}
    if level == "failed":
        values = dict.fromkeys(values)
    flags = {"failed": ["invalid"], "test": ["test-data"]}.get(level, [])
    hour = HOURS[device] + 0.25 * (day % 2)
    return reading(owner, device, at(day, hour), values, sync=sync, flags=flags)


Change = Callable[[Clinic], None]
Look = Literal["poll", "tick", "compare"]
Step = tuple[float, int, Arrival | Change | Look]
looks: st.SearchStrategy[Look] = st.sampled_from(["poll", "poll", "tick", "compare"])


@st.composite
def enrolments(draw: st.DrawFn) -> tuple[float, Change]:
    """Something that the clinic changes, and when."""
    owner, device, day = draw(spots)
    when = draw(moments)
    kind = draw(st.sampled_from(["limits", "dry", "pause", "plan", "newcomer", "moved", "found"]))

    def change(clinic: Clinic) -> None:
        now = clinic.person(owner)
        if kind == "limits":
            new = (
                Limits(owner, "spo2", at(day, 0), "90", "92")
                if device == OXIMETER
                else (Limits(owner, "pulse", at(day, 7), None, None, "73", "90"))
            )
            clinic.enrol(limits=[new])
        elif kind == "dry":
            clinic.enrol([msgspec.structs.replace(now, dry_weight_kg="78.0")])
        elif kind == "pause":
            clinic.enrol([msgspec.structs.replace(now, paused=not now.paused)])
        elif kind == "plan":
            plan = msgspec.structs.replace(now.plan, weekdays="1001000", due="09:30")
            clinic.enrol([msgspec.structs.replace(now, plan=plan)])
        elif kind == "newcomer":
            clinic.enrol([citizen(f"new-{day}")])
        elif kind == "moved":
            taker = OWNERS[(OWNERS.index(owner) + 1) % len(OWNERS)]
            clinic.enrol(assignments=[Assignment(f"{device}-{owner}", taker, at(day, 0))])
        else:
            clinic.enrol(assignments=[Assignment(f"{device}-c3", "c3", at(day, 0))])

    return when, change


def people() -> list[Citizen]:
    """Three citizens with different plans."""
    return [
        citizen("c1", signals=["spo2", "pulse", "weight", "systolic", "diastolic"]),
        citizen("c2", signals=["spo2"], dry_weight_kg="80.0"),
        citizen("c3", signals=["weight"], condition="copd"),
    ]


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    sent=arrivals(),
    changes=st.lists(enrolments(), max_size=3),
    looks=st.lists(st.tuples(moments, looks), max_size=12),
    batch=st.sampled_from([11, 60, 5000]),
    unassigned=st.booleans(),
)
def test_alerts_do_not_depend_on_how_readings_arrive(
    sent: list[Arrival],
    changes: list[tuple[float, Change]],
    looks: list[tuple[float, Look]],
    batch: int,
    unassigned: bool,
) -> None:
    """The live alerts are always those that one look at all the records would give."""
    script: list[Step] = [(entry.when, 0, entry) for entry in sent]
    script += [(when, 1, change) for when, change in changes]
    script += [(when, 2, look) for when, look in looks]
    with (
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory(dir=in_memory()) as name,
    ):
        patch.setattr(evaluate, "BATCH_RECORDS", batch)
        patch.setattr(evaluate, "REPLAY_CITIZENS", 2)
        clinic = Clinic(Path(name), people())
        if unassigned:  # the third citizen's scale was handed out and not noted
            clinic.writer._db.execute("DELETE FROM assignment WHERE device = ?", (f"{SCALE}-c3",))
        play(clinic, sorted(script, key=lambda row: row[:2]))
        clinic.close()


def play(clinic: Clinic, script: list[Step]) -> None:
    """Live through the script, then look once more long after its end."""
    live, watcher = clinic.evaluator(), Watcher(clinic.folder / "live.db")
    waiting: list[Delivery] = []
    for when, _, step in [*script, (2 * DAYS + 2, 2, "compare")]:
        clinic.now_ms = max(clinic.now_ms, ms(at(0, when * 24)))
        if isinstance(step, Arrival):
            waiting.append(step.delivery)
            continue
        clinic.receive(*waiting)
        waiting.clear()
        if step == "poll":
            live.poll()
        elif step == "tick":
            live.tick()
        elif step == "compare":
            catch_up(live)
            assert meanings(clinic.alerts()) == clinic.rebuilt()
        elif not isinstance(step, str):
            step(clinic)
        watcher.look()
    live.close()
    watcher.close()


class Watcher:
    """A poller of the feed that forgets nothing and complains when history changes."""

    def __init__(self, path: Path) -> None:
        self._store = AlertStore(path)
        self._seen: dict[str, int] = {}
        self._cursor = 0

    def look(self) -> None:
        """Take the news; compare with all that was seen before."""
        store = self._store
        news = store.alerts_since(self._cursor, 100_000)
        changes = [alert.change for alert in news]
        assert changes == sorted(set(changes))
        assert all(change > self._cursor for change in changes)
        self._cursor = changes[-1] if changes else self._cursor
        assert self._cursor == store.last_change()
        everything = {alert.id: alert for alert in store.alerts_since(0, 100_000)}
        assert self._seen.keys() <= everything.keys(), "an alert vanished"
        events = []
        for alert in everything.values():
            history = store.history(alert.id)
            assert len(history) == alert.version >= self._seen.get(alert.id, 0)
            assert alert.change == history[-1].change
            assert (alert.condition == "retracted") == bool(alert.reason)
            assert (history[-1].what == "retracted") == (alert.condition == "retracted")
            self._seen[alert.id] = alert.version
            events += [event.change for event in history]
        assert sorted(events) == list(range(1, len(events) + 1)), "the feed has a gap"

    def close(self) -> None:
        """Release the store."""
        self._store.close()


@pytest.mark.parametrize("data_clock", [False, True])
def test_a_faulty_world_gives_the_alerts_of_its_records(tmp_path: Path, data_clock: bool) -> None:
    """Late, out of order, resent, rebuilt, unassigned, wrong clocks: all of it, in odd batches."""
    faults = FaultRates(
        resend_same=0.05, resend_rebuilt=0.05, offline_burst=0.02, late=0.1, out_of_order=0.05,
        wrong_clock=0.1, clock_reset=0.1, garbage=0.02, unassigned=0.05, artefact=0.03,
    )  # fmt: skip
    world = World(
        5, 6, start=date(2026, 3, 9), days=26, deteriorating=0.5, silent=0.3, faults=faults
    )
    clinic = Clinic(tmp_path)
    enrol(
        clinic.writer,
        read_enrolment(msgspec.json.encode(world.enrolment())),
        [],
        standard_limits,
        0,
    )
    live, watcher = clinic.evaluator(data_clock=data_clock), Watcher(tmp_path / "live.db")
    sent = list(world.deliveries())
    for first in range(0, len(sent), 53):
        some = sent[first : first + 53]
        clinic.now_ms = some[-1].send_ms + 1
        clinic.receive(*(Delivery(row.topic.text(), row.payload, row.send_ms) for row in some))
        live.poll()
        if first % 5 == 0:
            live.tick()
        watcher.look()
    clinic.now_ms = ms(datetime(2026, 5, 1, tzinfo=UTC))
    catch_up(live)
    live.close()
    told = meanings(clinic.alerts())
    assert {row["rule"] for row in told} >= {"R01", "R24", "T01"}
    assert told == clinic.rebuilt(data_clock)
    watcher.close()
    clinic.close()
