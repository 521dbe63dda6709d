"""A cohort over the air: the same world as in its blocks, attributed to the same people."""

from collections import defaultdict
from datetime import date, datetime
from itertools import pairwise

import msgspec
import numpy as np
import pytest

from devices.simulated import FaultRates, World
from devices.simulated.cohort import SIGNALS, Block, Cohort
from devices.simulated.home import ZONE
from devices.wire import Payload
from ingest.attribution import Assignments, Term
from ingest.enrolment import read_enrolment

START = date(2026, 1, 5)
PATIENTS = 400
ALIASES = {
    "spo2": "spo2",
    "pulse_oximeter": "pulse",
    "pulse_cuff": "pulse",
    "weight": "weight",
    "systolic": "systolic",
    "diastolic": "diastolic",
    "fev1": "fev1",
    "pef": "pef",
}


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return Cohort(9001, PATIENTS, 120, START)


@pytest.fixture(scope="module")
def block(cohort: Cohort) -> Block:
    return cohort.block(0, PATIENTS)


@pytest.fixture(scope="module")
def world(cohort: Cohort) -> World:
    return World.of(cohort, faults=FaultRates.none(), asking=False)


def listed(world: World, key: str) -> list[dict[str, object]]:
    return msgspec.convert(world.enrolment()[key], type=list[dict[str, object]])


@pytest.fixture(scope="module")
def owners(world: World) -> Assignments:
    """Who has which device when, as the platform works it out."""

    def at_ms(moment: object) -> int:
        return round(datetime.fromisoformat(str(moment)).timestamp() * 1000)

    return Assignments(
        Term(
            str(row["device"]),
            1,
            at_ms(row["from"]),
            None if row["to"] is None else at_ms(row["to"]),
            int(str(row["citizen"])[3:]) - 1,
        )
        for row in listed(world, "assignments")
    )


def test_the_platform_takes_the_enrolment(world: World) -> None:
    """Every device once, every assignment to somebody known, no two people with one number."""
    enrolment = read_enrolment(msgspec.json.encode(world.enrolment()))
    assert len(enrolment.citizens) == PATIENTS
    devices = [row["id"] for row in listed(world, "devices")]
    assert len(devices) == len(set(devices))


def test_over_the_air_as_in_the_block(world: World, block: Block, owners: Assignments) -> None:
    """Every value that is sent stands in the block, and every one that is measured is sent."""
    seen: dict[tuple[int, int, str], float] = {}
    for delivery in world.deliveries():
        for line in delivery.readings:
            moment = datetime.fromisoformat(line.t).replace(tzinfo=ZONE)
            patient = owners.citizen_of(line.device, 1, round(moment.timestamp() * 1000))
            assert patient is not None, line
            day = (moment.date() - START).days
            for alias, text in line.values.items():
                if alias in ALIASES:
                    signal = ALIASES[alias]
                    shown = float(text)
                    assert seen.setdefault((patient, day, signal), shown) == shown
    measured = block.scheduled & block.willing
    wanted = {
        (patient, day, SIGNALS[signal])
        for patient, signal, day in np.argwhere(
            np.isfinite(block.values) & measured[:, None, :]
        ).tolist()
    }
    assert seen.keys() == wanted
    days = [block.sittings(day) for day in range(block.days)]
    for (patient, day, name), shown in seen.items():
        assert shown == days[day][patient, SIGNALS.index(name)]


def test_poor_efforts_are_flagged(world: World, block: Block) -> None:
    """Quality D to F goes over the air as a questionable reading, and nothing else does."""
    flagged = 0
    for delivery in world.deliveries():
        payload = msgspec.json.decode(delivery.payload, type=Payload)
        if payload.st:
            assert payload.st == ["questionable"]
            assert payload.type == "528413"
            flagged += 1
    measured = block.scheduled & block.willing
    assert flagged == int((block.doubtful[:, SIGNALS.index("fev1")] & measured).sum()) > 100


def test_exchanged_devices_follow_each_other(world: World) -> None:
    """At every moment one citizen for a device, and one device of a kind for a citizen."""
    spans: dict[str, list[tuple[str, str]]] = defaultdict(list)
    lent: dict[str, set[str]] = defaultdict(set)
    kind = {str(row["id"]): str(row["type"]) for row in listed(world, "devices")}
    for row in listed(world, "assignments"):
        span = (str(row["from"])[:10], "9999" if row["to"] is None else str(row["to"])[:10])
        device, citizen = str(row["device"]), str(row["citizen"])
        spans[device].append(span)
        spans[f"{citizen} {kind[device]}"].append(span)
        lent[device].add(citizen)
    assert sum(len(one) > 1 for one in spans.values()) > 20
    for one in spans.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(one)))
    assert any(len(people) == 2 for people in lent.values()), "no device was lent again"


def test_the_plan_is_the_patients_own(world: World, block: Block) -> None:
    plans = {
        str(row["id"]): msgspec.convert(row["plan"], type=dict[str, object])["weekdays"]
        for row in listed(world, "citizens")
    }
    assert set(plans.values()) == {"1000000", "1001000"}
    for patient in range(PATIENTS):
        bits = int(block.plan_weekdays[patient])
        plan = str(plans[f"pt-{patient + 1:06d}"])
        assert [bit == "1" for bit in plan] == [bool(bits >> day & 1) for day in range(7)]


def test_the_truth_goes_with_it(world: World, block: Block) -> None:
    told = [(row.citizen, row.onset_day) for row in world.episodes()]
    rows = block.truth[np.isin(block.truth["kind"], ("copd", "hf"))]
    wanted = [
        (f"pt-{patient + 1:06d}", t0 - block.start)
        for patient, t0 in zip(rows["patient"].tolist(), rows["t0"].tolist(), strict=True)
    ]
    assert sorted(told) == sorted(wanted)


def test_faults_befall_messages_and_not_values(cohort: Cohort, world: World) -> None:
    rates = FaultRates(late=0.1, offline_burst=0.05, resend_same=0.1)
    faulty = World.of(cohort, faults=rates, asking=False)

    def said(some: World) -> set[tuple[str, str]]:
        return {
            (line.device, repr(line.values))
            for delivery in some.deliveries()
            for line in delivery.readings
        }

    assert said(faulty) == said(world)
