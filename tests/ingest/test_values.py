"""One bad value of an act is a rejection of its own; what it does not define is taken."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest.values
from devices.admission import value_in
from devices.answers import judge_answers
from devices.catalogue import DEVICE_TYPES, Metric, metric
from devices.symptoms import questionnaire as by_alias
from devices.wire import KIND_RESPONSE, Receipt, RefusedValue, topic_for
from ingest.pipeline import process
from ingest.replay import replay
from ingest.store import Reader, SqliteReader, SqliteWriter, Writer
from tests.ingest.enrolments import NOW_MS, enrolment, term
from tests.ingest.said import DEVICE, VOUCHED, delivery, pressure, said

OXIMETRY = [
    {"c": "spo2", "val": "80", "u": "%"},
    {"c": "pulse_oximeter", "val": "511", "u": "/min"},
]
MEAN = {"c": "mean_pressure", "val": "511", "u": "mm[Hg]"}
PRESSURE = [*pressure(systolic="188", diastolic="114"), MEAN]


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with closing(SqliteWriter(tmp_path / "records.db")) as opened:
        opened.enrol(enrolment(term("anna")), NOW_MS)
        yield opened


@pytest.fixture
def reader(tmp_path: Path, writer: Writer) -> Iterator[Reader]:
    with closing(SqliteReader(tmp_path / "records.db")) as opened:
        yield opened


def values(reader: Reader) -> dict[str, tuple[str | None, ...]]:
    found = reader.records_after(0, 1000, unassigned=True)
    assert len({record.about for record in found}) == len(found)
    return {record.about: record.values for record in found}


def test_a_saturation_of_80_is_taken_beside_a_pulse_of_511(writer: Writer, reader: Reader) -> None:
    sent = delivery(said(r=OXIMETRY))
    (outcome,) = process([sent], writer)
    assert (outcome.result, outcome.reason, outcome.path) == ("accepted", "", "")
    assert outcome.refused == (RefusedValue("value-out-of-range", "$.r[1].val"),)
    assert values(reader) == {"spo2": ("80",)}
    (row,) = reader.rejections()
    assert (row.reason, row.path, row.payload) == (
        "value-out-of-range",
        "$.r[1].val",
        sent.payload,
    )
    assert (row.place, row.part, row.deliveries) == (-1, 1, 1)
    assert "511" in row.detail
    tallies = reader.tallies()
    assert (tallies["readings-accepted"], tallies["rejected-value-out-of-range"]) == (1, 1)


def test_sent_again_the_good_are_duplicates_and_the_bad_are_counted(
    writer: Writer, reader: Reader
) -> None:
    sent = delivery(said(r=OXIMETRY))
    process([sent], writer)
    (again,) = process([sent], writer)
    assert (again.result, len(again.refused)) == ("duplicate", 1)
    assert values(reader) == {"spo2": ("80",)}
    assert [row.deliveries for row in reader.rejections()] == [2]
    assert reader.tallies()["rejected-value-out-of-range"] == 1


def test_two_bad_values_of_one_array_are_two_rejections_and_one_payload(
    writer: Writer, reader: Reader
) -> None:
    bad = {"c": "spo2", "val": "101", "u": "%"}
    reading = said(r=[*OXIMETRY, {"c": "battery", "val": "870", "u": "%"}])
    sent = delivery([reading, said(t="2026-02-18T05:00:00", r=[bad])])
    first, second = process([sent], writer)
    assert (first.result, len(first.refused), second.result) == ("accepted", 2, "rejected")
    rows = list(reader.rejections())
    assert [(row.place, row.part) for row in rows] == [(0, 1), (0, 2), (1, -1)]
    assert {row.payload for row in rows} == {sent.payload}


class Mended:
    """A catalogue that takes what it refused: any value of one alias, as it is."""

    def __init__(self, alias: str) -> None:
        self.alias = alias

    def __call__(self, row: Metric, text: str, unit: str) -> Any:
        return "97" if row.alias == self.alias else value_in(row, text, unit)


def test_a_mended_value_is_replayed_alone(
    writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = {"c": "spo2_new", "val": "93", "u": "%"}
    process([delivery(said(r=[*OXIMETRY, unknown]))], writer)
    assert replay(reader, writer, 1) == (2, 0)
    monkeypatch.setattr(ingest.values, "value_in", Mended("pulse_oximeter"))
    assert replay(reader, writer, 2) == (2, 1)
    assert values(reader) == {"spo2": ("80",), "pulse_oximeter": ("97",)}
    assert [(row.part, row.replayed_ms, row.deliveries) for row in reader.rejections()] == [
        (1, 2, 1),
        (2, None, 1),
    ]
    assert {record.version for record in reader.records_after(0, 10)} == {1}
    assert replay(reader, writer, 3) == (1, 0)


@pytest.mark.parametrize("clock", [VOUCHED, {"sync": "none"}])
@pytest.mark.parametrize("sup", [None, {"arm": "left"}])
def test_a_mended_mean_makes_a_new_version_of_the_pressure(
    writer: Writer,
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    clock: dict[str, str],
    sup: dict[str, str] | None,
) -> None:
    items = [*PRESSURE[:2], {**MEAN, "sup": sup} if sup else MEAN]
    sent = delivery(said(type="528391", r=items, clock=clock))
    (outcome,) = process([sent], writer)
    assert outcome.refused == (RefusedValue("value-out-of-range", "$.r[2].val"),)
    assert values(reader) == {"blood_pressure": ("188", "114", None)}
    monkeypatch.setattr(ingest.values, "value_in", Mended("mean_pressure"))
    assert replay(reader, writer, 2) == (1, 1)
    (record,) = reader.records_after(0, 10)
    assert (record.values, record.version, record.conflict) == (("188", "114", "97"), 2, False)
    (again,) = process([sent], writer)
    assert again.result == "duplicate"


def test_the_mean_that_is_known_is_not_lost_to_a_spoilt_resend(
    writer: Writer, reader: Reader
) -> None:
    good = [*PRESSURE[:2], {**MEAN, "val": "139"}]
    for items, result in ((good, "accepted"), (PRESSURE, "duplicate")):
        (outcome,) = process([delivery(said(type="528391", r=items, clock=VOUCHED))], writer)
        assert outcome.result == result
    assert values(reader) == {"blood_pressure": ("188", "114", "139")}


GOOD_TEXT = {"systolic": "134", "diastolic": "82", "mean_pressure": "99"}
SPOILS: dict[str, tuple[dict[str, Any], str]] = {
    "impossible": ({"val": "99999"}, "value-out-of-range"),
    "malformed": ({"val": "12,5"}, "value-malformed"),
    "a number": ({"val": 12.5}, "field-type"),
    "missing": ({"val": None}, "value-missing"),
    "unit": ({"u": "furlong"}, "unit-unknown"),
    "code": ({"c": "xyz"}, "code-unknown"),
    "not of device": ({"c": "weight"}, "code-not-of-device"),
    "flag": ({"st": ["fine"]}, "field-value"),
}


@st.composite
def spoilt(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]], dict[int, str]]:
    """A device type, the items of a reading, and the reason why each spoilt one is refused."""
    kind = draw(st.sampled_from([one for one in DEVICE_TYPES if "weight" not in one.metrics]))
    aliases = draw(st.permutations(sorted(kind.metrics)))
    aliases = aliases[: draw(st.integers(1, len(aliases)))]
    items, reasons = [], {}
    for place, alias in enumerate(aliases):
        row = metric(alias)
        text = GOOD_TEXT.get(alias, f"{row.plausible[0]:f}")
        item: dict[str, Any] = {"c": alias, "val": text, "u": row.ucum}
        how = draw(st.none() | st.sampled_from(sorted(SPOILS)))
        if how is not None:
            changes, reasons[place] = SPOILS[how]
            item |= changes
        items.append(item)
    return kind.mdc, items, reasons


def expected_to_stand(items: list[dict[str, Any]], reasons: dict[int, str]) -> set[str]:
    """By the rule of what defines each other, said once more and by hand."""
    good = {str(item["c"]) for place, item in enumerate(items) if place not in reasons}
    if not {"systolic", "diastolic"} <= good:
        good -= {"systolic", "diastolic"}
    return good


@settings(max_examples=200, deadline=None)
@given(spoilt())
def test_exactly_the_unspoilt_stand_and_each_other_has_its_rejection(
    case: tuple[str, list[dict[str, Any]], dict[int, str]],
) -> None:
    kind, items, reasons = case
    standing = expected_to_stand(items, reasons)
    with TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        path = Path(folder) / "records.db"
        with closing(SqliteWriter(path)) as writer:
            sent = delivery(said(type=kind, r=items))
            (outcome,) = process([sent], writer)
            process([sent], writer)
        with closing(SqliteReader(path)) as reader:
            stored = {
                alias: text
                for record in reader.records_after(0, 100, unassigned=True)
                for alias, text in zip(
                    getattr(record.row, "components", (record.about,)), record.values, strict=True
                )
                if text is not None
            }
            rows = list(reader.rejections())
    assert stored == {str(one["c"]): one["val"] for one in items if one["c"] in standing}
    assert [row.deliveries for row in rows] == [2] * len(rows)
    if not standing:
        assert (outcome.result, len(rows)) == ("rejected", 1)
        return
    assert outcome.result == "quarantined"
    fallen = {
        place: reasons.get(place, "component-missing")
        for place, item in enumerate(items)
        if place in reasons or item["c"] not in standing
    }
    assert {row.part: row.reason for row in rows} == fallen
    assert Counter(one.reason for one in outcome.refused) == Counter(fallen.values())
    assert all(one.path.startswith("$.r[") for one in outcome.refused)


def test_an_ordinary_receipt_has_the_bytes_it_had() -> None:
    assert msgspec.json.encode(Receipt("m", 1, "accepted")) == (
        b'{"id":"m","seq":1,"result":"accepted"}'
    )
    refused = (RefusedValue("value-out-of-range", "$.r[1].val"),)
    assert msgspec.json.encode(Receipt("m", 1, "accepted", refused=refused)) == (
        b'{"id":"m","seq":1,"result":"accepted",'
        b'"refused":[{"reason":"value-out-of-range","path":"$.r[1].val"}]}'
    )


def questionnaire(*answers: tuple[str, Any]) -> Any:
    fields = {
        "type": ...,
        "r": ...,
        "q": "symptoms-heart-failure",
        "qv": "1",
        "a": [{"c": symptom, "val": said} for symptom, said in answers],
    }
    topic = topic_for("syddanmark", "gw-0001", DEVICE, KIND_RESPONSE).text()
    return delivery(said(**fields), topic)


@pytest.mark.parametrize(
    "bad", [("xyz", "no"), ("oedema", "maybe"), ("oedema", True), ("sputum", "yes")]
)
def test_chest_pain_is_heard_beside_a_bad_answer(
    writer: Writer, reader: Reader, bad: tuple[str, Any]
) -> None:
    (outcome,) = process([questionnaire(("chest_pain", "yes"), bad)], writer)
    assert (outcome.result, len(outcome.refused)) == ("accepted", 1)
    (answers,) = values(reader).values()
    assert [one for one in answers if one] == ["yes"]
    (row,) = reader.rejections()
    assert (row.part, row.path.startswith("$.a[1].")) == (1, True)


@pytest.mark.parametrize(
    ("answers", "left", "fallen"),
    [
        ([("dyspnoea", "no"), ("cough", "no"), ("sputum", "yes")], {}, [0, 1, 2]),
        ([("dyspnoea", "no"), ("sputum", "yes")], {"dyspnoea": "no"}, [1]),
        ([("cough", "yes"), ("cough", "no"), ("dyspnoea", "no")], {"dyspnoea": "no"}, [0, 1]),
        ([("cough", "yes"), ("cough", "yes")], {"cough": "yes"}, [1]),
    ],
)
def test_answers_that_contradict_each_other_fall_together(
    answers: list[tuple[str, str]], left: dict[str, str], fallen: list[int]
) -> None:
    given = [(place, symptom, said) for place, (symptom, said) in enumerate(answers)]
    stand, faults = judge_answers(given, by_alias("symptoms_copd_1"))
    assert stand == left
    assert sorted(fault.place for fault in faults) == fallen
