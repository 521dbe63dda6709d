"""The text in MeasuringCircumstances: exact for any words, and however it is wrapped."""

import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mapping.kih.circumstances import SIGNATURE, quoted, tell, understand
from fhir_mapping.kih.write import escaped

_words = st.text(max_size=20) | st.text('|;: \\"\n\t\x00]>&<a', max_size=12)
_pairs = st.dictionaries(_words, _words, max_size=4)
_facts = st.dictionaries(_words, _words, min_size=1, max_size=4)


@settings(deadline=None)
@given(_pairs, _facts)
def test_any_words_come_back(said: dict[str, str], facts: dict[str, str]) -> None:
    assert understand(tell(said, facts)) == (said, facts)


@settings(deadline=None)
@given(_pairs, _facts, st.sampled_from(["\n", "\n      ", "\t", "  ", "\r\n"]))
def test_wrapping_does_no_harm(said: dict[str, str], facts: dict[str, str], space: str) -> None:
    text = f"{space}{tell(said, facts).replace(' ', space)}{space}"
    assert understand(text) == (said, facts)


@settings(deadline=None)
@given(_pairs, _facts)
def test_xml_changes_nothing_in_it(said: dict[str, str], facts: dict[str, str]) -> None:
    text = tell(said, facts)
    assert text.isprintable()
    assert re.sub("&(amp|lt|gt);", "", escaped(text)) == re.sub("[&<>]", "", text)


def test_what_people_say_stands_bare() -> None:
    for text in ("2.0 L/min", "2026-02-18T07:29:40", "60:64:05:FF", 'ur "køkken"', "højre", "a:b"):
        assert quoted(text) == text


@pytest.mark.parametrize("text", ["", "siddende", "Hjemmepuls/2 | Kode: 1 |"])
def test_other_texts_are_not_ours(text: str) -> None:
    assert understand(text) is None


@pytest.mark.parametrize(
    "text",
    [
        f"{SIGNATURE} | ",
        f"{SIGNATURE} | Kode ||",
        f"{SIGNATURE} | Kode: 1; Kode: 2 ||",
        f"a: b | {SIGNATURE} | Kode: 1 ||",
        f"{SIGNATURE} | Kode: 1 |",
        f"set af {SIGNATURE}",
        f"{SIGNATURE} | a: b | c: d | Kode: 1 ||",
        f"{SIGNATURE} | {SIGNATURE} | Kode: 1 ||",
        f"{SIGNATURE} | Kode: 1 || og lidt til",
        f'{SIGNATURE} | Kode: "a ||',
        f'{SIGNATURE} | Kode: "\\ud800" ||',
        f'{SIGNATURE} | Kode: "a" b ||',
    ],
)
def test_a_spoilt_text_of_ours_is_never_half_understood(text: str) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)):
        understand(text)


def test_a_text_cut_off_anywhere_is_never_half_understood() -> None:
    text = tell({"arm": "højre"}, {"Kode": "1.5", "Status": "test-data"})
    for end in range(len(SIGNATURE), len(text)):
        with pytest.raises(ValueError, match="not whole"):
            understand(text[:end])
