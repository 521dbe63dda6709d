"""MeasuringCircumstances as a sentence that people read and programs take apart again, exactly.

In: what was said about the measurement, and the facts that the KIH schema has no element for.
Out: one text, and from it the same two again. Its form:

    Hjemmepuls/1 | o2_flow: 2.0 L/min; finger: venstre | Måling: …; Kode: 150456; Enhed: … ||

Names and values stand bare where they can, else as JSON strings. White space may be wrapped or
indented by others on the way (the official example shows that it happens): only single blanks
stand bare, and any run of white space is read as one. The two last bars show that nothing was cut
off: without them a status such as "test-data" could be missing unseen.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import msgspec

SIGNATURE = "Hjemmepuls/1"
"""Marks a text of ours, and the version of its form."""
_WHOLE = re.compile(rf"{SIGNATURE} \| (?:([^|]+) \| )?([^|]+) \|\|")
_RUN = re.compile(r"[ \t\r\n]+")
_NOT_BARE = re.compile(r'^["\s]|[;|]|: |  |\s$|^$')
_ESCAPED = re.compile(r"[;|]|:(?= )|(?<= ) ")
_encode_text = msgspec.json.Encoder().encode
_decode_text = msgspec.json.Decoder(str).decode


def tell(said: Mapping[str, str], facts: Mapping[str, str]) -> str:
    r"""The text; `understand` gives both mappings back.

    >>> tell({"arm": "højre"}, {"Kode": "150020", "Opstart": "a;b"})
    'Hjemmepuls/1 | arm: højre | Kode: 150020; Opstart: "a\\u003bb" ||'
    """
    parts = (SIGNATURE, _list(said), _list(facts)) if said else (SIGNATURE, _list(facts))
    return " | ".join(parts) + " ||"


def understand(text: str) -> tuple[dict[str, str], dict[str, str]] | None:
    r"""What was said, and the facts; None when the text is not ours.

    Raises ValueError or msgspec.DecodeError when it is signed as ours but cannot be taken apart.

    >>> understand("Hjemmepuls/1 | arm:\n   højre | Kode: 150020 ||")
    ({'arm': 'højre'}, {'Kode': '150020'})
    >>> understand("siddende på en stol") is None
    True
    """
    text = _RUN.sub(" ", text).strip(" ")
    if SIGNATURE not in text:
        return None
    whole = _WHOLE.fullmatch(text)
    if not whole:
        raise ValueError(f"what is signed {SIGNATURE} is not whole")
    said, facts = whole.groups()
    return (_unlist(said) if said else {}), _unlist(facts)


@lru_cache(maxsize=8192)
def quoted(text: str) -> str:
    r"""The text bare, or as a JSON string when it would not survive bare.

    >>> print(quoted("2.0 L/min"), quoted(""), quoted("a  b"))
    2.0 L/min "" "a \u0020b"
    """
    if text.isprintable() and not _NOT_BARE.search(text):
        return text
    written = _ESCAPED.sub(_escape, _encode_text(text).decode())
    return "".join(letter if letter.isprintable() else _escape_letter(letter) for letter in written)


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _escape_letter(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def _list(pairs: Mapping[str, str]) -> str:
    return "; ".join([f"{quoted(name)}: {quoted(value)}" for name, value in pairs.items()])


def _unlist(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for entry in text.split("; "):
        name, colon, value = entry.partition(": ")
        if not colon:
            raise ValueError(f"{entry!r} is not of the form name: value")
        name = _unquoted(name)
        if name in pairs:
            raise ValueError(f"{name!r} stands twice")
        pairs[name] = _unquoted(value)
    return pairs


def _unquoted(text: str) -> str:
    return _decode_text(text) if text.startswith('"') else text
