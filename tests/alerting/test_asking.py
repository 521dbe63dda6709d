"""Whom the rules ask to measure daily: as in a replay, kept with the alerts, and never twice."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest

from alerting.alert_store import AlertStore
from alerting.alert_store.requests import Requests
from alerting.asking import Request
from alerting.evaluate import Evaluator
from alerting.local_time import day_number
from alerting.rules import DAILY_DAYS
from fhir_mapping.enrolled import Citizen, Fact
from ingest.store import StoreUnavailable
from tests.alerting.clinic import FIRST_DAY, Clinic, at, catch_up, citizen, ms, oximetry

USUAL = {day: 94 + day % 2 for day in (*range(14), 14, 17, 21)}
"""Daily at first, then on Mondays and Thursdays: enough to know what is usual."""
EVIDENT = 24
"""A Thursday, on which saturation is low."""
NOW = 25


def twice_weekly(key: str, **changes: Any) -> Citizen:
    """Somebody who measures on Mondays and Thursdays."""
    made = citizen(key, **changes)
    return msgspec.structs.replace(
        made, plan=msgspec.structs.replace(made.plan, weekdays="1001000")
    )


@pytest.fixture
def ward(clinic: Clinic) -> Clinic:
    """c1 measures on Mondays and Thursdays, and is as usual until yesterday's evidence."""
    clinic.enrol([twice_weekly("c1")])
    clinic.receive(*(oximetry("c1", day, spo2) for day, spo2 in USUAL.items()))
    clinic.now_ms = ms(at(EVIDENT, 12))
    return clinic


@pytest.fixture
def live(ward: Clinic) -> Iterator[Evaluator]:
    evaluator = ward.evaluator(asking=True)
    catch_up(evaluator)
    yield evaluator
    evaluator.close()


def asked(clinic: Clinic, name: str = "live") -> list[tuple[str, int, int]]:
    """Who is asked from which day of the clinic until which."""
    zero = day_number(FIRST_DAY)
    with closing(AlertStore(clinic.folder / f"{name}.db")) as store:
        found = store.requests.unsent(0)
    return [(one.citizen, one.since - zero, one.until - zero) for one in found]


def test_evidence_asks_for_the_days_after_it(ward: Clinic, live: Evaluator) -> None:
    assert asked(ward) == []
    ward.receive(oximetry("c1", EVIDENT, 88, pulse=96))
    catch_up(live)
    assert asked(ward) == [("c1", EVIDENT + 1, EVIDENT + DAILY_DAYS)]


def test_more_evidence_makes_a_request_longer_and_never_shorter(
    ward: Clinic, live: Evaluator
) -> None:
    for day in (EVIDENT, EVIDENT + 1, EVIDENT + 3):
        ward.now_ms = ms(at(day, 12))
        ward.receive(oximetry("c1", day, 88, pulse=96))
        catch_up(live)
        assert asked(ward) == [("c1", EVIDENT + 1, day + DAILY_DAYS)]
    ward.receive(oximetry("c1", EVIDENT + 2, 87, pulse=99))  # late
    catch_up(live)
    assert asked(ward) == [("c1", EVIDENT + 1, EVIDENT + 3 + DAILY_DAYS)]


def test_a_request_that_is_over_is_followed_by_another(ward: Clinic, live: Evaluator) -> None:
    later = EVIDENT + DAILY_DAYS + 3
    for day in (EVIDENT, later):
        ward.now_ms = ms(at(day, 12))
        ward.receive(oximetry("c1", day, 86, pulse=99))
        catch_up(live)
    spans = [(first, first + DAILY_DAYS - 1) for first in (EVIDENT + 1, later + 1)]
    assert asked(ward) == [("c1", *span) for span in spans]


def test_nobody_is_asked_when_it_is_switched_off(ward: Clinic) -> None:
    off = ward.evaluator()
    catch_up(off)
    ward.receive(oximetry("c1", EVIDENT, 86, pulse=99))
    catch_up(off)
    off.close()
    assert asked(ward) == []


def test_whose_plan_has_the_days_anyway_is_not_asked(ward: Clinic, live: Evaluator) -> None:
    ward.enrol([citizen("c2")])
    ward.receive(*(oximetry("c2", day, 94) for day in range(EVIDENT)))
    catch_up(live)
    ward.receive(*(oximetry(who, EVIDENT, 86, pulse=99) for who in ("c1", "c2")))
    catch_up(live)
    assert {who for who, _, _ in asked(ward)} == {"c1"}


@pytest.mark.parametrize("kind", ["paused", "admission", "travel"])
def test_who_is_away_is_not_asked(ward: Clinic, live: Evaluator, kind: Any) -> None:
    if kind == "paused":
        ward.enrol([msgspec.structs.replace(ward.person("c1"), paused=True)])
    else:
        ward.enrol(facts=[Fact("c1", kind, at(EVIDENT, 0))])
    ward.receive(oximetry("c1", EVIDENT, 84, pulse=110))
    catch_up(live)
    assert asked(ward) == []


def test_who_was_away_when_there_was_evidence_and_is_back_is_asked_by_the_next(
    ward: Clinic, live: Evaluator
) -> None:
    ward.enrol(facts=[Fact("c1", "admission", at(EVIDENT, 0), at(EVIDENT + 1, 0))])
    ward.now_ms = ms(at(EVIDENT + 1, 12))
    ward.receive(oximetry("c1", EVIDENT, 84, pulse=110))
    catch_up(live)
    assert asked(ward) == []
    ward.receive(oximetry("c1", EVIDENT + 1, 84, pulse=110))
    catch_up(live)
    assert asked(ward) == [("c1", EVIDENT + 2, EVIDENT + 1 + DAILY_DAYS)]


def test_late_evidence_asks_while_there_are_days_left(ward: Clinic, live: Evaluator) -> None:
    """What came late also makes evidence of the ordinary day after it, which had none before."""
    ward.receive(oximetry("c1", EVIDENT - 1, 94))
    catch_up(live)
    assert asked(ward) == []
    ward.now_ms = ms(at(EVIDENT - 2 + DAILY_DAYS, 9))
    ward.receive(oximetry("c1", EVIDENT - 2, 84, pulse=110))
    catch_up(live)
    assert asked(ward) == [("c1", EVIDENT, EVIDENT - 1 + DAILY_DAYS)]


def test_evidence_whose_days_are_over_asks_for_nothing(ward: Clinic, live: Evaluator) -> None:
    ward.now_ms = ms(at(EVIDENT + DAILY_DAYS + 1, 1))
    ward.receive(oximetry("c1", EVIDENT, 84, pulse=110))
    catch_up(live)
    assert asked(ward) == []


def test_a_start_from_the_records_asks_nothing_again(ward: Clinic, live: Evaluator) -> None:
    ward.receive(oximetry("c1", EVIDENT, 86, pulse=99))
    catch_up(live)
    with closing(AlertStore(ward.folder / "live.db")) as store:
        (request,) = store.requests.unsent(0)
        store.requests.mark_sent(request, 1)
        live.close()
        catch_up(live)
        assert store.requests.unsent(0) == []
        assert store.requests.running("c1", request.since) == msgspec.structs.replace(
            request, sent_until=request.until, sent_ms=1
        )


def test_a_kill_before_the_commit_loses_no_request(
    ward: Clinic, live: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alerts and requests are kept together or not at all; the next start finds the evidence."""
    ward.receive(oximetry("c1", EVIDENT, 86, pulse=99))
    with monkeypatch.context() as patch:
        patch.setattr(Requests, "ask", gone)
        with pytest.raises(StoreUnavailable):
            catch_up(live)
    assert (asked(ward), ward.alerts()) == ([], [])
    live.close()
    fresh = ward.evaluator(asking=True)
    catch_up(fresh)
    fresh.close()
    assert asked(ward) == [("c1", EVIDENT + 1, EVIDENT + DAILY_DAYS)]
    assert ward.alerts()


def gone(*_: object) -> None:
    raise StoreUnavailable("a test took it away")


def test_requests_are_those_of_a_replay(ward: Clinic, live: Evaluator) -> None:
    """The same days as `alerting.backtest.replay`: asked on day d when asked_until > d."""
    shown = {EVIDENT: 88, EVIDENT + 1: 94, EVIDENT + 2: 88, EVIDENT + 4: 95, EVIDENT + 10: 85}
    asked_until = 0
    wanted: set[int] = set()
    for day, spo2 in shown.items():
        ward.now_ms = ms(at(day, 12))
        ward.receive(oximetry("c1", day, spo2, pulse=75 if spo2 > 90 else 99))
        before = set(days(asked(ward)))
        catch_up(live)
        if set(days(asked(ward))) != before:
            asked_until = day + 1 + DAILY_DAYS
        wanted |= {one for one in range(day + 1, day + 20) if asked_until > one}
    assert set(days(asked(ward))) == wanted
    assert len(wanted) >= 2 * DAILY_DAYS


def days(spans: list[tuple[str, int, int]]) -> Iterator[int]:
    for _, first, last in spans:
        yield from range(first, last + 1)


def test_the_newest_evidence_says_which_days_are_fresh() -> None:
    assert Request(1, "c1", since=100, until=103, asked_ms=0).fresh_since == 100
    assert Request(1, "c1", since=100, until=109, asked_ms=0).fresh_since == 106
