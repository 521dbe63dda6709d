"""Adaptive sampling, the whole way round: evidence, a command, more readings, each stored once."""

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from alerting.alert_store import AlertStore
from alerting.asking import Request
from alerting.local_time import calendar_day
from devices.simulated import Broker, FaultRates, Fleet, Ledger, Progress, World, read_ledger
from devices.simulated.cohort import Cohort
from devices.simulated.ledger import ReadingLine
from hjemmepuls.processes import Child, Mosquitto, free_port, hjemmepuls
from hjemmepuls.simulation import timeline
from tests.journey.run import Run

HOMES, DAYS, HISTORY = 30, 56, 35
DAY_S = 0.5
"""How long a day takes after the history: evidence, command and answer fit into it."""
Said = set[tuple[str, str, str]]


def world() -> World:
    """Patients on a twice-weekly plan, some of whom get worse; resends and wrong clocks among
    them, but nothing that comes later than the day it was measured on."""
    cohort = Cohort(5, HOMES, DAYS, date(2026, 1, 5), schedule="twice_weekly")
    faults = FaultRates(late=0, out_of_order=0, offline_burst=0, unassigned=0)
    return World.of(cohort, faults=faults)


def alerting(run: Run, folder: Path, tenant: str) -> Child:
    """The real alerting process; with an empty tenant it asks nobody."""
    return hjemmepuls(
        *("alerting", "--store", str(run.store), "--alerts", str(folder / "alerts.db")),
        *("--port", str(free_port()), "--clock", "data"),
        log=folder / "alerting.log",
        environment={
            **run.broker.settings("alerting"),
            "HJEMMEPULS_POLL_MS": "20",
            "HJEMMEPULS_ASK_TENANT": tenant,
        },
    )


def play(run: Run) -> Progress:
    """The world over the air, its last weeks slowly enough for answers."""
    login = Broker(port=run.broker.port, username="devices", password=run.broker.password)
    run.ingest.wait_until(lambda: "connected" in run.ingest.tail())
    with Ledger(run.ledger, run.world.header()) as ledger:
        pace = timeline(run.world, HISTORY, 86_400 / DAY_S)
        return Fleet(run.world, login, pace, ledger=ledger).run(drain_s=30)


def planned(of: World) -> Said:
    """What is said when nobody is asked anything."""
    rows = (row for row in of.deliveries() if not row.garbage)
    return {(line.device, line.boot, line.t) for row in rows for line in row.readings}


def said(run: Run) -> Said:
    """What the publisher's own log holds."""
    lines = (line for line in read_ledger(run.ledger) if isinstance(line, ReadingLine))
    return {(line.device, line.boot, line.t) for line in lines}


def requests(folder: Path) -> list[Request]:
    with closing(AlertStore(folder / "alerts.db")) as store:
        return store.requests.all()


def test_who_gets_worse_is_asked_and_measures_more(mosquitto: Mosquitto, tmp_path: Path) -> None:
    run = Run(world(), mosquitto, tmp_path)
    with alerting(run, tmp_path, run.world.tenant) as child:
        child.wait_until(lambda: "requests to measure daily are sent" in child.tail())
        played = play(run)
    run.ingest.stop()
    found, before, after = run.audit(), planned(world()), said(run)
    assert found.clean, found
    assert found.readings == played.readings == len(after)
    assert before <= after, "a planned reading was left out"
    more = after - before
    assert len(more) > 100
    check_days(run, more, requests(tmp_path))
    assert played.commands["taken"] >= sum(one.sent_ms is not None for one in requests(tmp_path))
    assert "refused" not in played.commands
    assert played.callback_errors == 0
    assert "Traceback" not in child.log.read_text()
    assert not any(name in child.log.read_text() for name in ("pt-0", "gw-0"))


def check_days(run: Run, more: Said, asked: list[Request]) -> None:
    """Whatever was measured beside the plan was measured by somebody who had been asked to."""
    enrolled = run.world.enrolment()
    owners: dict[str, set[str]] = {}
    for row in enrolled["assignments"]:  # type: ignore[attr-defined]
        owners.setdefault(row["device"], set()).add(row["citizen"])
    days: dict[str, set[str]] = {}
    for one in asked:
        span = range(one.since, one.sent_until + 1)
        days.setdefault(one.citizen, set()).update(str(calendar_day(day)) for day in span)
    right = [
        any(moment[:10] in days.get(citizen, ()) for citizen in owners.get(device, ()))
        for device, _, moment in more
    ]
    # A device whose clock is wrong says another day; most are right.
    assert sum(right) > 0.85 * len(more)
    assert {device for device, _, _ in more} <= {
        device for device, names in owners.items() if names & days.keys()
    }


@pytest.mark.parametrize("tenant", ["", "nobody-s"])
def test_nobody_is_told_when_it_is_off_or_for_another_tenant(
    mosquitto: Mosquitto, tmp_path: Path, tenant: str
) -> None:
    run = Run(world(), mosquitto, tmp_path)
    with alerting(run, tmp_path, tenant) as child:
        child.wait_until(lambda: "serving" in child.tail())
        login = Broker(port=mosquitto.port, username="devices", password=mosquitto.password)
        run.ingest.wait_until(lambda: "connected" in run.ingest.tail())
        with Ledger(run.ledger, run.world.header()) as ledger:
            pace = timeline(run.world, DAYS - 3, 86_400 / DAY_S)
            played = Fleet(run.world, login, pace, ledger=ledger).run(drain_s=30)
    run.ingest.stop()
    assert played.commands == {}
    assert said(run) == planned(world())
    assert bool(requests(tmp_path)) == bool(tenant)
