"""A status flag silences the component it stands at, on the whole way from the wire to people."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import msgspec
import pytest

from alerting.curves import curves_of
from alerting.roster import Roster
from alerting.rules import RULEBOOK
from devices.wire import Clock, Item, Payload, topic_for
from ingest.decode import Delivery
from ingest.store import SqliteReader
from tests.alerting.clinic import CUFF, Clinic, at, catch_up, finding, ms, of_rule

MEAN_AWAY: dict[str, list[Any]] = {"mean_pressure": ["not-available"]}
SYSTOLIC_INVALID: dict[str, list[Any]] = {"systolic": ["invalid"]}
VALUES = {"systolic": "188", "diastolic": "114", "mean_pressure": "139"}


def cuff(
    owner: str, local: datetime, each: Mapping[str, list[Any]], whole: Sequence[Any] = ()
) -> Delivery:
    """188/114 with flags at single components; one that is `not-available` has no value."""
    items = [
        Item(c=name, val=None if each.get(name) == ["not-available"] else text, u="mm[Hg]")
        for name, text in VALUES.items()
    ]
    items = [msgspec.structs.replace(item, st=each.get(item.c, [])) for item in items]
    payload = Payload(
        v=1,
        id="m1",
        seq=1,
        type=CUFF,
        t=local.replace(tzinfo=None),
        sent=local,
        r=items,
        clock=Clock(sync="ntp"),
        st=list(whole),
    )
    topic = topic_for("syddanmark", f"gw-{owner}", f"{CUFF}-{owner}").text()
    return Delivery(topic, msgspec.json.encode(payload), ms(local) + 60_000)


@pytest.mark.parametrize(
    ("each", "whole", "systolic", "diastolic", "quoted"),
    [
        ({}, [], [188.0], [114.0], "188/114/139"),
        (MEAN_AWAY, [], [188.0], [114.0], "188/114"),
        ({"mean_pressure": ["invalid"]}, [], [188.0], [114.0], "188/114"),
        (SYSTOLIC_INVALID, [], [], [114.0], "-/114/139"),
        ({"diastolic": ["calibration-ongoing"]}, [], [188.0], [], "188/-/139"),
        ({}, ["invalid"], [], [], ""),
        (MEAN_AWAY, ["test-data"], [], [], ""),
    ],
)
def test_the_rules_the_page_and_the_evidence_use_what_is_not_flagged(
    clinic: Clinic,
    each: Mapping[str, list[Any]],
    whole: list[Any],
    systolic: list[float],
    diastolic: list[float],
    quoted: str,
) -> None:
    assert clinic.receive(cuff("c1", at(3, 8), each, whole)) == ["accepted"]
    clinic.now_ms = ms(at(3, 9))
    live = clinic.evaluator()
    catch_up(live)
    curves = {
        one.signal: [point.value for point in one.points] for one in live.curves(["c1"], 5)["c1"]
    }
    live.close()
    assert curves.get("systolic", []) == systolic
    assert curves.get("diastolic", []) == diastolic
    if quoted:
        found = finding(clinic.alerts(), "R17")
        assert [value.value for value in found.evidence.values] == [quoted]
    else:
        assert of_rule(clinic.alerts(), "R17") == []


def test_curves_over_a_rebuilt_store_are_the_same(clinic: Clinic) -> None:
    clinic.receive(cuff("c1", at(3, 8), MEAN_AWAY), cuff("c1", at(4, 8), SYSTOLIC_INVALID))
    with closing(SqliteReader(clinic.records)) as reader:
        (first, second) = reader.records_of("c1")
        assert (first.flags, first.component_flags) == ((), ((), (), ("not-available",)))
        assert (second.flags, second.component_flags) == ((), (("invalid",), (), ()))
        roster = Roster({"c1": clinic.person("c1")}, reader.limits())
        drawn = {
            one.signal: one for one in curves_of(roster, reader, ms(at(5, 0)), 5, RULEBOOK)["c1"]
        }
    assert [point.value for point in drawn["systolic"].points] == [188.0]
    assert [point.value for point in drawn["diastolic"].points] == [114.0, 114.0]
