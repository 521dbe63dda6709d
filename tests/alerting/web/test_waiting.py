"""How long somebody has waited, and what is said of what is over: no row contradicts itself."""

import msgspec
import pytest

from alerting.lifecycle import Life, Undo
from alerting.rules import RULEBOOK
from alerting.web.trend import Trend
from alerting.web.worklist import in_order, rows_of
from tests.alerting.api.scene import DAY_MS, HOUR_MS, NOW_MS, citizen, curve, found, situation
from tests.alerting.web.test_worklist import alert, line, now, order, rows


def test_who_got_worse_unseen_has_waited_since_the_first_call() -> None:
    """Four days unseen, twice as bad an hour ago: that is no hour of waiting."""
    raised_ms = NOW_MS - 4 * DAY_MS
    (row,) = rows("a", [alert("a", "R01", "red", 96, called_ms=NOW_MS - HOUR_MS)], a="red")
    assert row.waits_since_ms == raised_ms
    assert line(row).waits == "venter 4 dage"
    yellow_before = alert("a", "R01", "red", 1, since_ms=raised_ms)
    (row,) = rows("a", [yellow_before], a="red")
    assert row.waits_since_ms == raised_ms


def test_who_was_seen_and_called_anew_waits_since_then() -> None:
    seen = {"acked_by": "Mette", "acked_ms": NOW_MS - 3 * DAY_MS}
    again = alert(
        "a", "R01", "red", 96, since_ms=NOW_MS - DAY_MS, called_ms=NOW_MS - HOUR_MS, **seen
    )
    (row,) = rows("a", [again], a="red")
    assert row.waits_since_ms == NOW_MS - DAY_MS


def test_what_was_just_done_keeps_the_place_of_who_waited() -> None:
    undo = Undo(Life("new", "red", NOW_MS - 4 * DAY_MS), "Mette", NOW_MS, "", None, "", None)
    done = alert(
        "a", "R01", "red", 96, attention="acked", state="acknowledged", acked_by="Mette",
        acked_ms=NOW_MS, undo=undo,
    )  # fmt: skip
    situations = {key: situation(key, "red") for key in "ab"}
    people = {key: citizen(key, key, "X") for key in "ab"}
    alerts = [done, alert("b", "R01", "red", 48)]
    ordered = in_order(rows_of(situations, people, alerts, NOW_MS, RULEBOOK.named, NOW_MS))
    assert [row.citizen for row in ordered] == ["a", "b"]


@pytest.mark.parametrize("way", ["worse", "unchanged"])
def test_what_is_over_is_not_said_to_get_worse(way: str) -> None:
    over = alert("a", "R01", "red", 96, condition="latched", cleared_ms=NOW_MS - DAY_MS)
    over = msgspec.structs.replace(
        over, findings=[msgspec.structs.replace(over.findings[0], cleared_ms=over.cleared_ms)]
    )
    (row,) = rows("a", [over], a="green")
    row = now(row, trend=Trend(way, NOW_MS - 2 * DAY_MS))  # type: ignore[arg-type]
    told = line(row)
    assert (told.why, told.trend, told.way) == (
        "Ikke længere: Lav iltmætning", "ophørt i går 12.00", "",
    )  # fmt: skip
    better = line(now(row, trend=Trend("better", NOW_MS - 2 * DAY_MS)))
    assert (better.trend, better.way) == ("bedring siden 16. feb.", "better")


def test_who_only_does_not_measure_stands_below_who_is_dangerous_now() -> None:
    silent, ill = alert("a", "R24", "red", 900), alert("b", "R01", "red", 1)
    assert order("ab", [silent, ill], a="red", b="red") == "ba"
    both = [silent, alert("a", "R01", "red", 2), ill]
    assert order("ab", both, a="red", b="red") == "ab"


def test_the_value_beside_the_sentence_is_the_one_it_is_about() -> None:
    """The graver finding no longer holds; what leads is the pulse."""
    pulse, oxygen = found("R06", "yellow", 4, name_da="Pulsen er steget"), found("R01", "red", 5)
    pulse = msgspec.structs.replace(
        pulse, evidence=msgspec.structs.replace(pulse.evidence, rule="R06", values=[])
    )
    (row,) = rows("a", [alert("a", "R01", "red", 5, findings=[oxygen, pulse])], a="red")
    curves = [
        curve("spo2", [94, 93]),
        curve("pulse", [80, 104], name_da="Puls", unit="/min", limits=[]),
    ]
    first = line(now(row, hits={"R06": "yellow"}), "da", *curves)
    assert first.now is not None
    assert (first.why, first.now.name) == ("Pulsen er steget", "Puls")
    first = line(now(row, hits={"R01": "red", "R06": "yellow"}), "da", *curves)
    assert first.now is not None
    assert first.now.name == "Iltmætning"


def test_a_doubtful_value_is_said_to_be_one_and_never_leads() -> None:
    points = curve("spo2", [94, 93, 61]).points
    points[-1] = msgspec.structs.replace(points[-1], doubtful=True)
    (row,) = rows("a", [alert("a", "R01", "red", 5)], a="red")
    told = line(row, "da", curve("spo2", [94, 93, 61], points=points)).now
    assert told is not None
    assert (told.today, told.arrow) == (False, "")
    assert told.usual.startswith("usikker måling · habituelt")


def test_who_cannot_be_assessed_is_told_so_in_a_sentence() -> None:
    (row,) = rows("a", a="insufficient-data")
    assert line(now(row, unable=["R03"])).why.startswith("For få målinger: reglen ser")
