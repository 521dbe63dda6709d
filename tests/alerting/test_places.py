"""Where a citizen is told something: at home, on a device that is theirs now, or nowhere."""

from contextlib import closing
from typing import Any

import msgspec
import pytest

from alerting.places import Place, Places
from devices.wire import TABLET_TYPE
from fhir_mapping.enrolled import Assignment, Fact
from ingest.store import SqliteReader
from tests.alerting.clinic import OXIMETER, Clinic, answering, at, citizen, ms, oximetry

DAY = 10


def place(clinic: Clinic, who: str = "c1") -> Place | None:
    with closing(SqliteReader(clinic.records)) as reader:
        return Places(reader).of(who, clinic.now_ms)


@pytest.fixture
def measured(clinic: Clinic) -> Clinic:
    clinic.now_ms = ms(at(DAY, 12))
    clinic.receive(oximetry("c1", DAY, 94))
    return clinic


def test_the_tablet_is_told_where_there_is_one(measured: Clinic) -> None:
    assert place(measured) == ("gw-c1", f"{OXIMETER}-c1", 1)
    (became,) = measured.receive(answering("c1", at(DAY - 1, 8), {"dyspnoea": "no", "cough": "no"}))
    assert became == "accepted"
    assert place(measured) == ("gw-c1", f"{TABLET_TYPE}-c1", 1)


@pytest.mark.parametrize(
    "fact",
    [
        Fact("c1", "admission", at(DAY, 0)),
        Fact("c1", "travel", at(DAY, 0), at(DAY + 1, 0)),
    ],
)
def test_who_is_away_by_now_is_told_nothing(measured: Clinic, fact: Fact) -> None:
    measured.enrol(facts=[fact])
    assert place(measured) is None


@pytest.mark.parametrize(
    "fact",
    [
        Fact("c1", "admission", at(DAY, 0), void=True),
        Fact("c1", "travel", at(DAY - 3, 0), at(DAY, 0)),
        Fact("c1", "travel", at(DAY + 1, 0)),
        Fact("c1", "oxygen", at(DAY, 0)),
    ],
)
def test_who_is_at_home_is_told(measured: Clinic, fact: Fact) -> None:
    measured.enrol(facts=[fact])
    assert place(measured) is not None


def test_who_is_paused_or_unknown_is_told_nothing(measured: Clinic) -> None:
    measured.enrol([msgspec.structs.replace(measured.person("c1"), paused=True)])
    assert place(measured) is None
    assert place(measured, "nobody") is None


def test_a_device_that_is_somebody_else_s_now_tells_its_old_citizen_nothing(
    measured: Clinic,
) -> None:
    measured.enrol([citizen("c2")])
    measured.enrol(assignments=[Assignment(f"{OXIMETER}-c1", "c2", at(DAY, 10))])
    assert place(measured) is None


@pytest.mark.parametrize("gateway", ["gw+1", "#", "gw-c1/../gw-c2", "gw\t1", "g" * 65, ""])
def test_a_gateway_whose_name_no_topic_can_have_is_not_told(
    measured: Clinic, monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    """A record may come from elsewhere, with any name; it must not stop the sender."""
    real = SqliteReader.records_of

    def renamed(*args: Any, **more: Any) -> Any:
        return [msgspec.structs.replace(one, gateway=gateway) for one in real(*args, **more)]

    monkeypatch.setattr(SqliteReader, "records_of", renamed)
    assert place(measured) is None
