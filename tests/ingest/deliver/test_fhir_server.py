"""A FHIR server gets every record, in order, whatever it answers on the way."""

import json
from datetime import UTC, datetime

import pytest

from fhir_mapping.enrolled import Enrolment, Limits
from fhir_mapping.observation import render_observation
from ingest.deliver import Item, fhir_server
from tests.fhir_mapping.cases import CASES
from tests.ingest.deliver.home import OTHER, Clock, Home, delivering
from tests.ingest.deliver.strict import Fault, StrictServer
from tests.ingest.enrolments import NOW_MS, citizen, limits, term

RESPONSE = (
    b'{"resourceType":"Bundle","type":"batch-response","entry":[{"response":{"status":"200"}}]}'
)


def test_everything_arrives_byte_for_byte(home: Home, server: StrictServer) -> None:
    home.measure(*range(25))
    home.press(1)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        assert run.state.counts() == (0, 0)
        assert sum(one.taken for one in run.progress) == 26
        assert run.progress[-1].seq == run.progress[-1].last_seq == home.reader.last_seq()
    assert server.observations() == home.expected()
    assert {name.partition("/")[0] for name in server.holds} == {
        "Organization",
        "Patient",
        "Device",
        "Observation",
    }


def test_parties_go_first_and_once(home: Home, server: StrictServer) -> None:
    home.measure(*range(30))
    with delivering(home, url=server.url) as run:
        run.until_idle()
    sent = [
        [entry["resource"]["resourceType"] for entry in json.loads(one.body)["entry"]]
        for one in server.requests
    ]
    assert sent[0] == ["Device", "Device", "Organization"]
    assert sent[1] == ["Patient"]
    assert sent[2:] == [["Observation"] * 10] * 3


def test_an_amended_record_replaces_itself(home: Home, server: StrictServer) -> None:
    home.measure(1, 2, 3)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        home.measure(2, value="88")
        run.until_idle()
    assert server.observations() == home.expected()
    assert sorted(server.history.values()) == [[1], [1], [1, 2]]


def test_a_record_that_moves_takes_its_new_patient_along(home: Home, server: StrictServer) -> None:
    home.measure(1)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        home.move("bo")
        run.until_idle()
        (body,) = server.observations().values()
        assert b"Patient/bo" in body
        assert "Patient/bo" in server.holds
        home.orphan()
        run.until_idle()
    (body,) = server.observations().values()
    assert b"Patient/" not in body


def test_what_was_never_anybodys_stays_at_home(home: Home, server: StrictServer) -> None:
    home.measure(1)
    home.measure(2, device=OTHER)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        assert len(server.observations()) == 1
        home.move("bo", OTHER)
        run.until_idle()
    assert server.observations() == home.expected()
    assert len(server.observations()) == 2


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 425, 429, 500, 503, 307])
def test_a_server_in_trouble_stops_the_cursor(
    home: Home, server: StrictServer, status: int
) -> None:
    """Also a wrong password or address: no record is to blame, so none becomes a dead letter."""
    home.measure(1, 2, 3)
    elsewhere = (("Location", f"{server.url}/elsewhere"),)
    server.script.extend([Fault("status", status, elsewhere)] * 5)
    with delivering(home, url=server.url, batch=2) as run:
        for failures in range(1, 6):
            assert run.deliverer.step() == min(0.5 * 2 ** (failures - 1), 60)
        assert run.progress[-1].seq == 0
        run.until_settled()
        assert run.state.counts() == (0, 0)
    assert server.observations() == home.expected()
    assert {request.path for request in server.requests} == {"/fhir"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset"),
        Fault("reset-after"),
        Fault("silence"),
        Fault("garbage", body=b"<html>"),
        Fault("garbage", body=b'{"resourceType":"Bundle","type":"batch-response"}'),
        Fault("garbage", body=b'{"resourceType":"Bundle","type":"searchset","entry":[]}'),
        Fault("garbage", body=b"\xff"),
        Fault("garbage", body=RESPONSE.replace(b"batch-response", b"searchset")),
        Fault("garbage", body=RESPONSE.replace(b"200", b"2000")),
        Fault("garbage", body=RESPONSE.replace(b"Bundle", b"Patient")),
    ],
)
def test_an_answer_that_says_nothing_takes_nothing(
    home: Home, server: StrictServer, fault: Fault
) -> None:
    home.measure(1, 2, 3)
    with delivering(home, url=server.url, batch=2) as run:
        run.deliverer.step()
        server.script.extend([fault, fault])
        run.until_settled()
        assert run.state.counts() == (0, 0)
    assert server.observations() == home.expected()


def test_no_server_at_all(home: Home) -> None:
    home.measure(1)
    with delivering(home, url="http://127.0.0.1:1/fhir") as run:
        assert run.deliverer.step() == 0.5
        assert run.deliverer.step() == 1.0
        assert run.progress[-1].seq == 0


def test_retry_after_is_honoured(home: Home, server: StrictServer) -> None:
    home.measure(1)
    asked = (("Retry-After", "77"),)
    server.script.extend([Fault("status", 429, asked), Fault("status", 503, asked)])
    server.script.append(Fault("status", 503, (("Retry-After", "999999"),)))
    with delivering(home, url=server.url) as run:
        assert [run.deliverer.step() for _ in range(4)] == [77.0, 77.0, 3600.0, 0.0]
    assert server.observations() == home.expected()


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500])
def test_one_entry_that_fails_for_now_is_set_aside(
    home: Home, server: StrictServer, status: int
) -> None:
    """An entry that the server always fails at blocks nobody; it is tried for ever."""
    home.measure(*range(6))
    poison = next(iter(home.expected()))
    server.refuses = lambda address: status if address == poison else 0
    with delivering(home, url=server.url, batch=3) as run:
        run.until_idle()
        assert len(server.observations()) == 5
        assert run.state.counts() == (1, 0)
        for _ in range(5):
            run.clock.wait(600)
            run.until_idle()
        assert run.state.counts() == (1, 0)
        server.refuses = lambda _: 0
        run.until_settled()
    assert server.observations() == home.expected()


def test_a_lone_entry_that_fails_stops_the_cursor_until_others_work(
    home: Home, server: StrictServer
) -> None:
    home.measure(1)
    (poison,) = home.expected()
    server.refuses = lambda address: 503 if address == poison else 0
    with delivering(home, url=server.url) as run:
        assert [run.deliverer.step() for _ in range(3)] == [0.5, 1.0, 2.0]
        assert run.progress[-1].seq == 0
        home.measure(2)
        run.until_idle()
        assert run.progress[-1].seq == home.reader.last_seq()
        assert len(server.observations()) == 1
        server.refuses = lambda _: 0
        run.until_settled()
    assert server.observations() == home.expected()


def test_a_refused_entry_is_a_dead_letter_and_blocks_nobody(
    home: Home, server: StrictServer
) -> None:
    home.measure(*range(6))
    bad = sorted(home.expected())[2]
    server.refuses = lambda address: 422 if address == bad else 0
    with delivering(home, url=server.url, batch=4) as run:
        run.until_idle()
        (letter,) = run.state.dead_letters()
        assert letter.reason == "422 processing Observation"
        assert letter.attempts == 1
        assert len(letter.digest) == 64
        assert len(server.observations()) == 5

        assert run.state.retry(None, run.clock()) == 1
        run.until_idle()
        assert run.state.dead_letters()[0].attempts == 2, "it stays listed"

        server.refuses = lambda _: 0
        assert run.state.retry([letter.id], run.clock()) == 1
        run.until_idle()
        assert run.state.dead_letters() == []
    assert server.observations() == home.expected()


def test_a_newer_version_that_is_taken_ends_the_dead_letter(
    home: Home, server: StrictServer
) -> None:
    home.measure(1)
    server.refuses = lambda address: 422 if address.startswith("Observation") else 0
    with delivering(home, url=server.url) as run:
        run.until_idle()
        assert run.state.counts() == (0, 1)
        server.refuses = lambda _: 0
        home.measure(1, value="90")
        run.until_idle()
        assert run.state.counts() == (0, 0)
    assert server.observations() == home.expected()


def test_a_refused_patient_holds_back_only_its_own(home: Home, server: StrictServer) -> None:
    home.measure(1)
    home.measure(2, device=OTHER)
    home.move("bo", OTHER)
    server.refuses = lambda address: 422 if address == "Patient/anna" else 0
    with delivering(home, url=server.url) as run:
        run.until_idle()
        (letter,) = run.state.dead_letters()
        assert letter.reason == "Patient: 422 processing Observation"
        assert len(server.observations()) == 1
        server.refuses = lambda _: 0
        run.state.retry(None, run.clock())
        run.until_idle()
    assert server.observations() == home.expected()


def test_a_bundle_refused_as_a_whole_is_halved(home: Home, server: StrictServer) -> None:
    home.measure(*range(8))
    (name, *_) = sorted(home.expected())
    server.whole = lambda body: 400 if f'"{name}"'.encode() in body else 0
    with delivering(home, url=server.url, batch=8) as run:
        run.until_idle()
        (letter,) = run.state.dead_letters()
        assert letter.reason == "400"
    assert server.observations() == {at: body for at, body in home.expected().items() if at != name}


def test_a_trouble_while_halving_gives_nothing_up(home: Home, server: StrictServer) -> None:
    home.measure(*range(8))
    with delivering(home, url=server.url, batch=8) as run:
        server.script.extend([Fault("entries"), Fault("entries")])  # the parties, as they should
        server.script.extend([Fault("status", 413), Fault("status", 413), Fault("reset")])
        run.deliverer.step()
        assert len(server.requests) == 5, "a server in trouble is left in peace"
        run.until_settled()
        assert run.state.counts() == (0, 0)
    assert server.observations() == home.expected()


def test_a_party_that_changed_is_sent_again(home: Home, server: StrictServer) -> None:
    home.measure(1)
    clock = Clock()
    with delivering(home, clock, url=server.url) as run:
        run.until_idle()
        home.rename("anna", "Annelise")
        clock.wait(61)
        home.measure(2)
        run.until_idle()
    assert b"Annelise" in server.holds["Patient/anna"]


def test_somebody_new_is_looked_up_at_once(home: Home, server: StrictServer) -> None:
    home.measure(1)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        home.writer.enrol(Enrolment(citizens=[citizen("cia")]), NOW_MS)
        home.writer.enrol(Enrolment(assignments=[term("cia")]), NOW_MS)
        run.until_idle()
    assert server.observations() == home.expected()
    assert "Patient/cia" in server.holds


def test_a_server_that_lost_its_patients_gets_them_again(home: Home, server: StrictServer) -> None:
    home.measure(1)
    with delivering(home, url=server.url) as run:
        run.until_idle()
        server.holds.clear()
        home.measure(2, 3)
        run.until_idle()
        assert run.state.counts() == (0, 2)
        server.wrongs.clear()
        run.state.retry(None, run.clock())
        run.until_idle()
        assert run.state.counts() == (0, 0)
    assert len(server.observations()) == 2


def test_a_late_request_does_not_bring_an_old_version_back(
    home: Home, server: StrictServer
) -> None:
    """Version 1 gets no answer and takes effect after version 2: the newest is sent once more."""
    home.measure(1, 2)
    with delivering(home, url=server.url, settle_s=600) as run:
        server.script.extend([Fault("entries"), Fault("entries"), Fault("silence-late")])
        assert run.deliverer.step() == 0.5
        home.measure(1, value="85")
        run.until_idle()
        assert server.observations() == home.expected()
        server.catch_up()
        assert server.observations() != home.expected()
        run.until_settled()
        assert run.clock.now_ms > 600_000
    assert server.observations() == home.expected()


def test_a_new_version_of_what_is_in_doubt_does_not_wait_for_the_doubt(
    home: Home, server: StrictServer
) -> None:
    home.measure(1)
    with delivering(home, url=server.url, settle_s=600) as run:
        server.script.extend([Fault("entries"), Fault("entries"), Fault("reset")])
        run.until_idle()
        run.clock.wait(700)
        home.measure(1, value="85")
        server.script.append(Fault("status", 503))
        run.until_idle()
        assert server.observations() == home.expected()
        run.until_settled()


def test_nothing_personal_is_kept_or_logged(
    home: Home, server: StrictServer, caplog: pytest.LogCaptureFixture
) -> None:
    home.measure(1)
    server.refuses = lambda address: 422 if address.startswith("Observation") else 0
    with caplog.at_level("INFO"), delivering(home, url=server.url) as run:
        run.until_idle()
        said = caplog.text + str(run.state.dead_letters())
    assert "422" in caplog.text
    for personal in ("Anna", "anna", "Eksempel", "6103450000"):
        assert personal not in said


def test_limits_in_force_travel_as_reference_ranges() -> None:
    """What is delivered says the same as what the API answers."""
    since = datetime.fromtimestamp(0, UTC)
    limits = (Limits("citizen-1", "spo2", since, low_red="85", low_yellow="87"),)
    item = Item(CASES["spo2"], None, None, None, limits)
    _, (_, observation) = fhir_server._parts(item)
    assert b'"code":"RAL"' in observation
    assert observation == render_observation(CASES["spo2"], {("spo2", False): limits[0]})


def test_limits_entered_later_do_not_change_what_was_measured(
    home: Home, server: StrictServer
) -> None:
    home.measure(1)
    (record,) = home.records()
    home.writer.enrol(Enrolment(limits=[limits("anna", "85")]), record.updated_ms + 1)
    with delivering(home, url=server.url) as run:
        run.until_idle()
    assert server.observations() == home.expected(), "these have no limits"


def test_answers_go_after_the_questionnaire_that_they_answer(
    home: Home, server: StrictServer
) -> None:
    home.measure(1)
    home.answer(5, "yes")
    home.answer(5, "yes", "no", "no", "no")
    with delivering(home, url=server.url) as run:
        run.until_idle()
    expected = home.expected()
    assert {name: server.holds[name] for name in expected} == expected
    assert sorted(name.partition("/")[0] for name in expected) == [
        "Observation",
        "QuestionnaireResponse",
    ]
    assert "Questionnaire/symptoms-copd-1" in server.holds
    sent = [
        entry["resource"]["resourceType"]
        for one in server.requests
        for entry in json.loads(one.body)["entry"]
    ]
    assert sent.index("Questionnaire") < sent.index("QuestionnaireResponse")
