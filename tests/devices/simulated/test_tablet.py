"""The tablet of a home: answers fit the questionnaire, persist in illness, and arrive."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

import msgspec
import numpy as np
import pytest

from devices.questionnaire import is_complete, not_asked
from devices.simulated import Delivery, FaultRates, World
from devices.simulated.cohort import Cohort
from devices.simulated.course import SHOWCASES
from devices.simulated.instruments import answers
from devices.symptoms import SYMPTOMS, questionnaire, questionnaire_for, questionnaire_of
from devices.wire import KIND_RESPONSE, TABLET_TYPE, ResponsePayload
from ingest.decode import Delivery as Received
from ingest.pipeline import examine
from ingest.rejection import Rejection
from ingest.store import Mapped

START = date(2026, 1, 5)
DAYS = 42


@pytest.fixture(scope="module")
def clean() -> World:
    return World(3, 40, start=START, days=DAYS, faults=FaultRates.none())


def rows(world: World, key: str) -> list[dict[str, object]]:
    return msgspec.convert(world.enrolment()[key], type=list[dict[str, object]])


def said(world: World) -> Iterator[Delivery]:
    return (one for one in world.deliveries() if one.topic.kind == KIND_RESPONSE)


def answered(world: World) -> dict[str, list[tuple[int, dict[str, str]]]]:
    """What every citizen answered on which day."""
    owner = {str(row["device"]): str(row["citizen"]) for row in rows(world, "assignments")}
    found: defaultdict[str, list[tuple[int, dict[str, str]]]] = defaultdict(list)
    for delivery in said(world):
        payload = msgspec.json.decode(delivery.payload, type=ResponsePayload)
        day = (payload.t.date() - world.start).days
        given: dict[str, str] = {item.c: item.val for item in payload.a}
        found[owner[delivery.topic.device]].append((day, given))
    return found


def test_every_home_answers_the_questionnaire_of_its_condition(clean: World) -> None:
    conditions = {str(row["id"]): str(row["condition"]) for row in rows(clean, "citizens")}
    told = answered(clean)
    assert told.keys() == conditions.keys()
    for delivery in said(clean):
        payload = msgspec.json.decode(delivery.payload, type=ResponsePayload)
        asked = questionnaire_for(payload.q, payload.qv)
        assert asked is not None
        given = {item.c: item.val for item in payload.a}
        assert is_complete(asked, given)
        assert not_asked(asked, given) == ()
        (line,) = delivery.readings
        (text,) = line.values.values()
        assert questionnaire(*line.values) is asked
        assert text.split("/") == [given.get(name, "") for name in asked.components]
    for citizen, days in told.items():
        assert set(days[0][1]) <= set(questionnaire_of(conditions[citizen]).components)
        assert len({day for day, _ in days}) == len(days) > 20


def test_answers_are_taken_by_ingest_and_the_tablet_is_enrolled(clean: World) -> None:
    devices = {str(row["id"]): str(row["type"]) for row in rows(clean, "devices")}
    for delivery in said(clean):
        received = Received(delivery.topic.text(), delivery.payload, delivery.send_ms)
        (arrival,) = examine(received)
        assert isinstance(arrival.item, Mapped), arrival.item
        (record,) = arrival.item.records
        assert record.is_response
        assert devices[record.device] == record.device_type == TABLET_TYPE


def test_a_tablet_changes_nothing_that_is_measured() -> None:
    def measured(asking: bool) -> set[tuple[str, str, str]]:
        world = World(9, 8, start=START, days=12, asking=asking)
        return {
            (line.device, line.t, str(line.values))
            for delivery in world.deliveries()
            if delivery.topic.kind != KIND_RESPONSE
            for line in delivery.readings
        }

    assert measured(asking=True) == measured(asking=False) != set()


def test_illness_is_felt_day_after_day(clean: World) -> None:
    """The likeliest symptom of a showcase persists; the well have few and short complaints."""
    told = answered(clean)
    episodes = {one.citizen: one for one in clean.episodes()}
    for place, _ in enumerate(SHOWCASES[:6]):
        citizen = f"pt-{place + 1:06d}"
        one = episodes[citizen]
        begin, end = one.onset_day + 3, min(one.treated_day, DAYS)
        ill = [given["dyspnoea"] == "yes" for day, given in told[citizen] if begin <= day <= end]
        assert sum(ill) >= 0.6 * len(ill) > 0, citizen
    well = [given for citizen in told.keys() - episodes.keys() for _, given in told[citizen]]
    worse = sum("yes" in given.values() for given in well) / len(well)
    assert 0 < worse < 0.06
    everything = [given for days in told.values() for _, given in days]
    assert not any(given.get("chest_pain") == "yes" for given in everything)


def test_whoever_is_told_to_ring_112_answers_no_further() -> None:
    failing = questionnaire_of("heart-failure")
    worse = [symptom == "chest_pain" for symptom in failing.components]
    assert [(one.c, one.val) for one in answers(failing, worse)] == [("chest_pain", "yes")]


def test_faults_befall_answers_as_measurements() -> None:
    rates = FaultRates(
        resend_same=0.1, resend_rebuilt=0.1, offline_burst=0.05, late=0.1, garbage=0.4
    )
    world = World(4, 12, start=START, days=25, faults=rates)
    faults: Counter[str] = Counter()
    for delivery in said(world):
        faults[delivery.fault] += 1
        received = Received(delivery.topic.text(), delivery.payload, delivery.send_ms)
        items = [arrival.item for arrival in examine(received)]
        if delivery.garbage:
            assert delivery.readings == ()
            refused = [
                each.reason
                for one in items
                for each in ([one] if isinstance(one, Rejection) else one.refused)
            ]
            assert set(refused) == {delivery.fault}
        else:
            assert all(isinstance(one, Mapped) for one in items)
            assert tuple(one.message_id for one in items) == delivery.ids
    assert faults.keys() >= {"", "late", "resend-same", "resend-rebuilt", "offline-burst"}
    assert faults.keys() >= {"json-malformed", "code-unknown", "code-repeated", "reading-empty"}


def test_a_cohort_s_answers_go_over_the_air_as_in_the_block() -> None:
    cohort = Cohort(9001, 60, 40, START)
    block = cohort.block(0, 60)
    place = {row.alias: number for number, row in enumerate(SYMPTOMS)}
    heard = 0
    for citizen, days in answered(World.of(cohort, faults=FaultRates.none())).items():
        row = int(citizen[3:]) - 1
        for day, given in days:
            for symptom, text in given.items():
                assert (block.answers[row, place[symptom], day] == 1) == (text == "yes")
                heard += text == "yes"
    assert heard > 0
    assert np.any(block.answers == 1)
