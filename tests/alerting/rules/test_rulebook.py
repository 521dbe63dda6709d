"""The rulebook is complete: numbers have sources, texts are true in both languages."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest

import alerting.rules
from alerting.rules import (
    RULEBOOK,
    RULES,
    SIGNALS,
    Colour,
    Rule,
    State,
    default_limits,
    explain,
    rule_index,
)
from alerting.rules.arrays import in_bytes, packed
from alerting.rules.findings import EVIDENCE
from alerting.rules.signals import FAMILIES
from alerting.rules.state import BASE_BYTES, RULE_BYTES

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
NUMBERS = {"value": 91.25, "limit": 89.5, "baseline_mean": 94.25, "extra": 3.0}


def test_ids_and_slugs_are_unique_and_indexed() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.slug for rule in RULES}) == len(RULES)
    assert [rule_index(rule.id) for rule in RULES] == list(range(len(RULES)))


@every_rule
def test_every_number_has_a_source(rule: Rule) -> None:
    expected = set(rule.params)
    if rule.n_off:
        expected.add("n_off")
    if rule.confirmed:
        expected |= {"k", "n"}
    assert set(rule.sources) == expected
    assert all(len(source) > 8 for source in rule.sources.values())
    assert all(math.isfinite(number) for number in rule.params.values())


@every_rule
def test_rows_are_consistent(rule: Rule) -> None:
    assert set(rule.signals) <= {signal.alias for signal in SIGNALS}
    assert rule.family in {*FAMILIES, "early-warning", "symptom", "fusion", "missing", "quality"}
    assert 1 <= rule.k <= rule.n <= 8
    assert (rule.n > 1) == (bool(rule.confirmed) or rule.speaks > 1)
    assert set(rule.evidence) <= set(EVIDENCE)
    assert rule.lookback_days > 0
    with pytest.raises(TypeError):
        rule.params["yellow"] = 0.0  # type: ignore[index]


@every_rule
@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("colour", list(Colour))
def test_every_colour_can_be_explained(rule: Rule, lang: str, colour: Colour) -> None:
    text = explain(rule, NUMBERS, colour, lang)
    assert text.endswith(".")
    assert "{" not in text
    assert "nan" not in text
    assert "nan" not in explain(rule, dict.fromkeys(EVIDENCE, math.nan), colour, lang)
    if colour == Colour.INSUFFICIENT:
        assert "for få data" in text or "too few data" in text


@every_rule
def test_the_languages_say_the_same_numbers(rule: Rule) -> None:
    danish, english = (explain(rule, NUMBERS, Colour.YELLOW, lang) for lang in ("da", "en"))
    assert danish != english
    for name in NUMBERS:
        assert (f"{{{name}:" in rule.text_da) == (f"{{{name}:" in rule.text_en)


def test_danish_numbers_have_a_decimal_comma() -> None:
    rule = RULES[rule_index("R03")]
    numbers = {"value": 90.0, "limit": 90.2, "baseline_mean": 94.2, "extra": 4.2}
    text = explain(rule, numbers, Colour.RED, "da")
    assert text == (
        "Iltmætning 90 % mod habituelt 94,2 %: fald på 4,2 procentpoint (rød grænse 90,2 %)."
    )


def test_three_misses_ask_for_a_call() -> None:
    rule = RULES[rule_index("R24")]
    assert "Ring" not in explain(rule, {"extra": 2.0}, Colour.YELLOW, "da")
    assert explain(rule, {"extra": 3.0}, Colour.YELLOW, "da").endswith("Ring til borgeren.")


def test_a_refused_value_is_named() -> None:
    text = explain(RULES[rule_index("T01")], {"value": 12.0, "extra": 2.0}, Colour.TECHNICAL, "da")
    assert text.startswith("Vægt 12,0 kg")


@pytest.mark.parametrize(
    ("alias", "limits"),
    [
        ("spo2", (87, 89, None, None)),
        ("pulse", (40, 49, 111, 131)),
        ("systolic", (89, 99, 160, 180)),
        ("diastolic", (None, None, 100, 110)),
    ],
)
def test_standard_limits(alias: str, limits: tuple[float | None, ...]) -> None:
    given = default_limits("both", rulebook=RULEBOOK)[alias]
    assert [None if math.isnan(value) else value for value in given] == list(limits)


def test_unknown_condition() -> None:
    with pytest.raises(ValueError, match="asthma"):
        default_limits("asthma", rulebook=RULEBOOK)


def test_memory_for_each_patient() -> None:
    for dtype in (np.float32, np.float64):
        state = State(10, dtype)
        arrays = [getattr(state, name) for name in State.__slots__ if name != "dtype"]
        assert state.nbytes_per_patient == sum(array.nbytes for array in arrays) / 10
    budget = BASE_BYTES + RULE_BYTES * len(RULES)
    assert State(0, np.float32).nbytes_per_patient <= budget, (
        "see BASE_BYTES in alerting.rules.state"
    )


def test_a_rule_costs_so_many_bytes() -> None:
    """What lies in columns of rules, and nothing else, grows with one more of them."""
    fields = [getattr(State(1, np.float32), name) for name in State.__slots__ if name != "dtype"]
    columns = [array for array in fields if array.shape == (1, len(RULES))]
    assert sum(array.itemsize for array in columns) == RULE_BYTES


def test_more_than_the_bits_hold_is_refused_where_they_are_packed() -> None:
    assert packed(np.zeros((1, 31), dtype=np.bool_)).tolist() == [0]
    with pytest.raises(AssertionError, match="32 flags do not fit 31 bits: a rulebook"):
        packed(np.zeros((1, 32), dtype=np.bool_))
    assert in_bytes(np.zeros((8, 1), dtype=np.bool_)).tolist() == [0]
    with pytest.raises(AssertionError, match="9 flags do not fit a byte: more signals need uint16"):
        in_bytes(np.zeros((9, 1), dtype=np.bool_))


DEVICES = {"devices.catalogue", "devices.questionnaire", "devices.symptoms"}
ALLOWED = {
    "alerting",
    "collections",
    "dataclasses",
    "devices",
    "enum",
    "functools",
    "math",
    "numpy",
} | {
    "types",
    "typing",
}


def test_the_core_imports_almost_nothing() -> None:
    folder = Path(alerting.rules.__file__).parent
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] in ALLOWED, f"{path.name}: {name}"
                assert not name.startswith("devices") or name in DEVICES
