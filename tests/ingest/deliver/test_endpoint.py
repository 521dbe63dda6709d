"""An endpoint gets one document per request, in order, and can tell a repeat."""

import pytest

from fhir_mapping.identity import id_text
from fhir_mapping.kih.read import read_dataset
from tests.ingest.deliver.home import Home, delivering
from tests.ingest.deliver.strict import Fault, Request, StrictServer

OK = Fault("status", 204)


def ask(server: StrictServer, *statuses: int) -> None:
    """Answer the next requests so."""
    server.script.extend(Fault("status", status) for status in statuses)


def told(request: Request) -> tuple[str, str, str]:
    return request.method, request.headers["document-id"], request.headers["document-version"]


def test_one_document_per_request(home: Home, server: StrictServer) -> None:
    home.measure(1, 2)
    ask(server, 201, 204)
    with delivering(home, url=server.url, destination="endpoint", format="kih") as run:
        run.until_idle()
    for record, request in zip(home.records(), server.requests, strict=True):
        assert told(request) == ("POST", id_text(record.id), "1")
        assert request.headers["idempotency-key"] == f'"{id_text(record.id)}-v1"'
        assert request.headers["content-type"] == "application/xml"
        assert len(read_dataset(request.body).reports) == 1


def test_after_a_failure_nothing_overtakes(home: Home, server: StrictServer) -> None:
    home.measure(1, 2, 3)
    ask(server, 200, 503, 200, 200)
    with delivering(home, url=server.url, destination="endpoint", format="kih") as run:
        assert run.deliverer.step() == 0.5
        assert run.progress[-1].seq == home.records()[0].seq
        run.until_idle()
    keys = [request.headers["document-id"] for request in server.requests]
    one, two, three = (id_text(record.id) for record in home.records())
    assert keys == [one, two, two, three]


def test_whatever_is_taken_ends_the_back_off(home: Home, server: StrictServer) -> None:
    home.measure(1, 2)
    ask(server, 503, 503, 200, 503, 200, 503)
    with delivering(home, url=server.url, destination="endpoint") as run:
        pauses = [run.deliverer.step() for _ in range(4)]
        home.measure(3)
        pauses.append(run.deliverer.step())
    assert pauses == [0.5, 1.0, 0.5, 0.0, 0.5]


def test_a_refused_document_blocks_nobody(home: Home, server: StrictServer) -> None:
    home.measure(1, 2, 3)
    ask(server, 422, 200, 409)
    with delivering(home, url=server.url, destination="endpoint") as run:
        run.deliverer.step()
        assert run.state.counts() == (1, 1)
        assert run.progress[-1].seq == home.reader.last_seq()
        assert run.state.dead_letters()[0].reason == "422"
        ask(server, 200)
        run.until_settled()
        assert run.state.counts() == (0, 1)


@pytest.mark.parametrize("status", [404, 410, 204])
def test_what_is_nobodys_any_more_is_withdrawn(
    home: Home, server: StrictServer, status: int
) -> None:
    home.measure(1)
    ask(server, 200, status)
    with delivering(home, url=server.url, destination="endpoint") as run:
        run.until_idle()
        home.orphan()
        run.until_idle()
        assert run.state.counts() == (0, 0)
    (record,) = home.records()
    assert told(server.requests[1]) == ("DELETE", id_text(record.id), "2")
    assert server.requests[1].path == f"/fhir/{id_text(record.id)}"


def test_a_document_waits_as_long_as_asked_but_no_slip_of_a_clock_stops_it(
    home: Home, server: StrictServer
) -> None:
    home.measure(1, 2)
    server.script.append(Fault("status", 425, (("Retry-After", "999999999"),)))
    ask(server, 200, 200)
    with delivering(home, url=server.url, destination="endpoint") as run:
        run.until_idle()
        assert run.state.counts() == (1, 0)
        run.clock.wait(3600)
        run.until_idle()
        assert run.state.counts() == (0, 0)


def test_a_token_is_sent_along(home: Home, server: StrictServer) -> None:
    home.measure(1)
    ask(server, 200)
    with delivering(home, url=server.url, destination="endpoint", token="s3cret") as run:
        run.until_idle()
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"


def test_answers_are_not_sent(home: Home, server: StrictServer) -> None:
    home.answer(1, "yes")
    home.answer(1, "yes", "no", "no", "no")
    home.measure(2)
    ask(server, 200)
    with delivering(home, url=server.url, destination="endpoint", format="kih") as run:
        run.until_idle()
    assert [request.method for request in server.requests] == ["POST"]
