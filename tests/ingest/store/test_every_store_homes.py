"""Which gateway may speak for a device: that of the home where it is enrolled."""

from typing import Any

import pytest

from devices.wire import topic_for
from fhir_mapping.enrolled import EnrolledDevice, Enrolment
from ingest.pipeline import examine
from ingest.replay import replay
from ingest.store import Arrival, Reader, Writer
from tests.ingest.enrolments import ANNA, BO, CLINIC, NOW_MS, day, term
from tests.ingest.said import DEVICE, delivery, said
from tests.ingest.store.test_every_store_acts import everything, results, value, withdrawal


def homes(writer: Writer, *devices: tuple[str, str], **until: Any) -> None:
    """Anna's devices, each enrolled at a gateway."""
    enrolled = [EnrolledDevice(name, "528388", "Maker", "M", gateway=at) for name, at in devices]
    terms = [term("anna", device=name, to=until.get(name)) for name, _ in devices]
    writer.enrol(Enrolment([CLINIC], [ANNA, BO], enrolled, terms), NOW_MS)


@pytest.mark.parametrize("word", [value("81"), value("91", 20), withdrawal()])
def test_the_gateway_of_another_home_says_nothing_of_a_device(
    writer: Writer, reader: Reader, word: Arrival
) -> None:
    homes(writer, (DEVICE, "gw-0002"))
    (outcome,) = writer.append([word])
    assert (outcome.result, outcome.reason) == ("quarantined", "identity-mismatch")
    assert outcome.path.endswith(".gateway")
    assert everything(reader) == []
    homes(writer, (DEVICE, "gw-0001"))  # the enrolment was wrong
    assert replay(reader, writer, NOW_MS) == (1, 1)


def test_a_withdrawal_from_another_home_changes_nothing(writer: Writer, reader: Reader) -> None:
    homes(writer, (DEVICE, "gw-0001"))
    assert results(writer, [value("81")]) == ["accepted"]
    homes(writer, (DEVICE, "gw-0002"))
    assert results(writer, [withdrawal()]) == ["quarantined"]
    assert [record.values for record in everything(reader)] == [("81",)]


def test_a_device_that_was_lent_on_is_still_heard_where_it_was(
    writer: Writer, reader: Reader
) -> None:
    homes(writer, (DEVICE, "gw-0002"), ("scale", "gw-0001"), **{DEVICE: day(20)})
    assert results(writer, [value("81")]) == ["accepted"]
    assert results(
        writer,
        [
            value(
                "82",
                t="2026-02-20T07:00:00",
                sent="2026-02-20T07:01:00+01:00",
                received_ms=day(21).timestamp() * 1000,
            )
        ],
    ) == ["quarantined"]
    assert [record.values for record in everything(reader)] == [("81",)]


def test_a_device_of_which_no_gateway_is_known_is_heard_at_any(
    writer: Writer, reader: Reader
) -> None:
    homes(writer, (DEVICE, ""), ("other", "gw-0009"))
    assert results(writer, [value("81")]) == ["accepted"]


@pytest.mark.parametrize("sync", ["ntp", "none"])
@pytest.mark.parametrize("word", ["99", None])
def test_two_gateways_of_one_unenrolled_device_change_nothing_of_each_other(
    writer: Writer, reader: Reader, word: str | None, sync: str
) -> None:
    first = said_through("gw-0001", "84", sync)
    assert results(writer, [first]) == ["quarantined"]
    before = everything(reader)
    (outcome,) = writer.append([said_through("gw-0002", word, sync)])
    assert (outcome.result, outcome.reason) == ("quarantined", "identity-mismatch")
    assert everything(reader) == before
    assert results(writer, [said_through("gw-0002", "84", sync)]) == ["duplicate"]


def said_through(gateway: str, text: str | None, sync: str) -> Arrival:
    """A saturation of one device and instant; without a value, that it failed."""
    fields = said(
        r=[{"c": "spo2", "val": text, "u": "%"}],
        clock={"sync": sync},
        st=[] if text else ["invalid"],
        sent="2026-02-18T07:31:09+01:00" if text == "84" else "2026-02-18T07:31:20+01:00",
    )
    (found,) = examine(delivery(fields, topic_for("syddanmark", gateway, DEVICE).text()))
    return found
