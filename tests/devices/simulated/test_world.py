"""The stream as a whole: repeatable, private, decodable, in order, lazy, as faulty as asked."""

import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path

import msgspec
import pytest

from devices.catalogue import device_type, metric_for_code
from devices.simulated import Delivery, FaultRates, World
from devices.simulated.faults import GARBAGE
from devices.wire import Payload, part_of

ROOT = Path(__file__).parents[3]
START = date(2026, 1, 5)


def fingerprint(world: World) -> str:
    seen = sha256(msgspec.json.encode(world.enrolment()))
    for delivery in world.deliveries():
        seen.update(delivery.topic.text().encode() + delivery.payload)
        seen.update(str(delivery.send_ms).encode())
    return seen.hexdigest()


def payloads(delivery: Delivery) -> list[Payload]:
    if delivery.payload.startswith(b"["):
        return msgspec.json.decode(delivery.payload, type=list[Payload])
    return [msgspec.json.decode(delivery.payload, type=Payload)]


def good(world: World) -> list[Delivery]:
    return [delivery for delivery in world.deliveries() if not delivery.garbage]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = fingerprint(World(3, 12, start=START, days=10))
    assert first == fingerprint(World(3, 12, start=START, days=10))
    assert first != fingerprint(World(4, 12, start=START, days=10))


def test_a_stream_can_be_played_again_from_the_beginning(faulty: World) -> None:
    assert list(islice(faulty.deliveries(), 50)) == list(islice(faulty.deliveries(), 50))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_bytes_do_not_depend_on_the_process(hash_seed: str) -> None:
    program = (
        "from datetime import date\n"
        "from devices.simulated import World\n"
        "from tests.devices.simulated.test_world import fingerprint\n"
        "print(fingerprint(World(3, 12, start=date(2026, 1, 5), days=10)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout.strip() == fingerprint(World(3, 12, start=START, days=10))


def test_faults_do_not_change_what_is_measured() -> None:
    def values(rates: FaultRates) -> dict[tuple[str, int], int]:
        world = World(9, 8, start=START, days=12, faults=rates)
        found: Counter[tuple[str, int]] = Counter()
        for delivery in good(world):
            for line in () if delivery.again else delivery.readings:
                found[line.device, hash(tuple(line.values.items()))] += 1
        return found

    noisy = FaultRates(resend_same=0.5, late=0.3, garbage=0.5, wrong_clock=0.5, artefact=0.0)
    assert values(noisy) == values(FaultRates.none())


def test_deliveries_come_in_order_of_sending_within_the_world(faulty: World) -> None:
    moments = [delivery.send_at for delivery in faulty.deliveries()]
    assert moments == sorted(moments)
    assert moments[0] >= faulty.starts_at
    assert moments[-1] < faulty.ends_at


def test_every_good_payload_decodes_and_fits_the_catalogue(faulty: World) -> None:
    for delivery in good(faulty):
        assert delivery.topic.part == part_of(delivery.topic.gateway)
        for payload, line in zip(payloads(delivery), delivery.readings, strict=True):
            kind = device_type(payload.type)
            assert kind is not None
            assert payload.t.isoformat() == line.t
            for item in payload.r:
                row = metric_for_code(item.c)
                assert row is not None
                assert row.alias in kind.metrics
                assert item.u == row.ucum
                assert item.val == line.values[row.alias]
                assert len(item.val.partition(".")[2]) == row.decimals
                low, high = row.plausible
                assert low <= msgspec.convert(item.val, type=type(low)) <= high
        assert tuple(payload.id for payload in payloads(delivery)) == delivery.ids


def test_no_person_is_on_the_wire(faulty: World) -> None:
    citizens = msgspec.convert(faulty.enrolment()["citizens"], type=list[dict[str, object]])
    secrets = {
        str(citizen[field]).encode()
        for citizen in citizens
        for field in ("id", "cpr", "given", "family", "phone")
        if citizen[field]
    }
    everything = b"\n".join(
        delivery.topic.text().encode() + delivery.payload for delivery in faulty.deliveries()
    )
    assert not [secret for secret in secrets if secret in everything]


def test_the_clock_pair_leads_back_to_the_time_of_measuring(faulty: World) -> None:
    """Measured at 07:30 local, give or take an hour and the morning's round, on every clock."""
    wrong = 0
    for delivery in good(faulty):
        for payload in payloads(delivery):
            clock = payload.clock
            assert clock is not None
            assert clock.device is not None
            assert clock.gateway is not None
            moment = clock.gateway - (clock.device - payload.t)
            assert timedelta() < payload.sent - moment
            local = moment.astimezone(payload.sent.tzinfo)
            day = moment.astimezone(faulty.starts_at.tzinfo)
            assert 6.4 <= day.hour + day.minute / 60 <= 8.8
            off = abs(payload.t - day.replace(tzinfo=None)) > timedelta(seconds=60)
            assert off == (clock.sync == "none"), (payload, local)
            wrong += off
    assert wrong > 50


def test_local_time_follows_the_change_of_clocks(clean: World) -> None:
    offsets = {
        payload.sent.date(): payload.sent.utcoffset()
        for delivery in clean.deliveries()
        for payload in payloads(delivery)
    }
    assert offsets[date(2026, 3, 28)] == timedelta(hours=1)
    assert offsets[date(2026, 3, 29)] == timedelta(hours=2)


def test_repeats_keep_the_identity_and_only_the_rebuilt_are_new_messages(faulty: World) -> None:
    first_bytes: dict[str, bytes] = {}
    identities: set[tuple[str, int, str, str]] = set()
    for delivery in good(faulty):
        names = {(line.device, line.slot, line.boot, line.t) for line in delivery.readings}
        if delivery.again:
            assert names <= identities
        else:
            assert not names & identities, "an identity must not be used twice"
            identities |= names
        if delivery.fault == "resend-same":
            assert first_bytes[delivery.ids[0]] == delivery.payload
        else:
            assert delivery.ids[0] not in first_bytes
            first_bytes[delivery.ids[0]] = delivery.payload


def test_bursts_are_arrays_oldest_first(faulty: World) -> None:
    bursts = [delivery for delivery in good(faulty) if delivery.fault == "offline-burst"]
    assert any(len(delivery.readings) > 1 for delivery in bursts)
    for delivery in bursts:
        stored = payloads(delivery)
        assert [payload.seq for payload in stored] == sorted(payload.seq for payload in stored)
        by_boot = [(line.boot, line.t) for line in delivery.readings]
        assert by_boot == sorted(by_boot)


def test_fault_rates_are_met(faulty: World) -> None:
    counts = Counter(delivery.fault for delivery in good(faulty))
    base = sum(counts.values()) - counts["resend-same"] - counts["resend-rebuilt"]
    single = base - counts["offline-burst"]
    rates = faulty.faults
    assert counts["resend-same"] / base == pytest.approx(rates.resend_same, rel=0.2)
    assert counts["resend-rebuilt"] / single == pytest.approx(rates.resend_rebuilt, rel=0.2)
    assert counts["late"] / single == pytest.approx(rates.late, rel=0.2)
    assert counts["out-of-order"] / single == pytest.approx(rates.out_of_order, rel=0.25)
    garbage = Counter(row.fault for row in faulty.deliveries() if row.garbage)
    assert garbage.total() / single == pytest.approx(rates.garbage, rel=0.15)
    assert set(garbage) == set(GARBAGE)


def test_a_flawless_world_has_no_fault() -> None:
    world = World(2, 10, start=START, days=8, faults=FaultRates.none())
    assert {delivery.fault for delivery in world.deliveries()} == {""}


def test_memory_does_not_grow_with_the_days() -> None:
    def peak(days: int) -> int:
        world = World(1, 40, start=START, days=days)
        tracemalloc.start()
        try:
            for _ in world.deliveries():
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = peak(10), peak(60)
    assert long < 2 * short, "only the measured values, 3 kB per home, may grow"


def test_send_at_is_an_instant() -> None:
    first = next(World(1, 1, start=START, days=1).deliveries())
    assert first.send_at == datetime.fromtimestamp(first.send_ms / 1000, UTC)


@pytest.mark.parametrize(
    ("homes", "days", "more"),
    [(0, 1, {}), (1, 0, {}), (1, 1, {"schedule": "hourly"}), (1, 1, {"silent": 0.9})],
)
def test_impossible_worlds_are_refused(homes: int, days: int, more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"homes|schedule|shares"):
        World(1, homes, start=START, days=days, **more)  # type: ignore[arg-type]


def test_the_danish_schedule_measures_daily_for_two_weeks_then_twice_a_week() -> None:
    world = World(1, 6, start=START, days=28, schedule="dk_standard", faults=FaultRates.none())
    days = {delivery.send_at.date() for delivery in world.deliveries()}
    later = {day for day in days if day >= START + timedelta(days=14)}
    assert len(days - later) == 14
    assert {day.weekday() for day in later} == {0, 3}
