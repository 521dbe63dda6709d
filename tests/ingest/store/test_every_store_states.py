"""What every store promises of facts about devices: the newest, and a bounded history."""

import msgspec

from fhir_mapping.device_state import STATES_KEPT, DeviceState
from fhir_mapping.resources import resource_id
from ingest.store import Arrival, Mapped, Reader, Writer
from tests.ingest.said import DEVICE, RECEIVED_MS, delivery

BATTERY = DeviceState(DEVICE, "gw-0001", "battery", "87", "%", RECEIVED_MS, 60)


def tell(writer: Writer, *states: DeviceState) -> list[str]:
    arrivals = [Arrival(delivery(b"x"), Mapped("m", 1, [], states=[one])) for one in states]
    return [outcome.result for outcome in writer.append(arrivals)]


def at(minute: int, text: str = "87", device: str = DEVICE) -> DeviceState:
    at_ms = RECEIVED_MS - 86_400_000 + minute * 60_000
    return msgspec.structs.replace(BATTERY, at_ms=at_ms, text=text, device=device)


def test_the_newest_of_each_is_told_whatever_the_order(writer: Writer, reader: Reader) -> None:
    status = msgspec.structs.replace(at(2), fact="device_status", text="ok", unit="")
    assert tell(writer, at(3, "84"), at(1, "90"), status, at(2, "87", "other")) == ["accepted"] * 4
    told = [(one.device, one.fact, one.text) for one in reader.device_states()]
    assert told == [
        (DEVICE, "battery", "84"),
        (DEVICE, "device_status", "ok"),
        ("other", "battery", "87"),
    ]
    assert [one.text for one in reader.device_history(DEVICE)] == ["84", "ok", "90"]
    assert reader.tallies()["records"] == 0


def test_what_is_told_again_is_a_duplicate_and_a_correction_counts(
    writer: Writer, reader: Reader
) -> None:
    assert tell(writer, at(1), at(1)) == ["accepted", "duplicate"]
    assert tell(writer, at(1, "12")) == ["accepted"]
    (one,) = reader.device_states()
    assert (one.text, one.received_ms > 0) == ("12", True)


def test_a_history_does_not_grow_for_ever(writer: Writer, reader: Reader) -> None:
    tell(writer, *(at(minute, str(minute % 100)) for minute in range(STATES_KEPT + 7)))
    kept = reader.device_history(DEVICE)
    assert len(kept) == STATES_KEPT
    assert kept[-1].at_ms == at(7).at_ms
    assert tell(writer, at(0)) == ["duplicate"]
    assert reader.device_history(DEVICE) == kept


def test_the_device_tells_its_states_also_when_nobody_enrolled_it(
    writer: Writer, reader: Reader
) -> None:
    tell(writer, at(1, device="odd:name"))
    party = reader.party(resource_id("odd:name"))
    assert party is not None
    assert [one.text for one in party.states] == ["87"]
