"""What is said about a measurement without making it another one: notes, ranges, alarm marks.

In: the circumstances of a record (JSON, by name). Out: the part of them that belongs to its
identity. A record has one general place for all that a sender knows beside the value. Of that,
oxygen flow or the arm make a measurement another one; a note, a body site or a limit does not, and
a note that is added or corrected later must not double what was measured.

Names are the same by whatever door they come. The name of a component may follow behind a blank:
`minimum systolic`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

COMMENT: Final = "comment"
"""A note of a person: KIH's HealthCareProfessionalComment, PHMR's comment, FHIR's note."""
SITUATION: Final = "situation"
"""How it was measured, in words: KIH's MeasuringCircumstances."""
BODY_SITE: Final = "body-site"
PERFORMER: Final = "performer"
"""Who measured, where a document names a person or a ward."""
METHODS: Final = "methods"
"""MedCom's method codes, where the three words of KIH do not say them."""
ABNORMAL: Final = "abnormal"
"""The sender's own mark: too high, too low, abnormal."""
MINIMUM: Final = "minimum"
MAXIMUM: Final = "maximum"
INTERVAL: Final = "interval"
"""Of what kind minimum and maximum are: physiological or therapeutic."""
RED: Final = "RAL"
YELLOW: Final = "GAL"
"""The sender's limits of a red and a yellow alarm."""
DURATION: Final = "duration"
CLASSIFICATION: Final = "classification"
SCHEDULED: Final = "scheduled"
"""`notscheduled`: measured beside the plan, by the sender's word."""
SOURCE: Final = "source"
"""The number that the sender has given it: by it a deletion or a correction is about it."""

ANNOTATION_CHARACTERS_MAX: Final = 4096
"""Longest annotation kept; a longer one ends there, since no note refuses a measurement."""
ANNOTATIONS: Final = frozenset(
    {
        *(COMMENT, SITUATION, BODY_SITE, PERFORMER, METHODS, ABNORMAL, MINIMUM, MAXIMUM),
        *(INTERVAL, RED, YELLOW, DURATION, CLASSIFICATION, SCHEDULED, SOURCE),
    }
)
_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder(order="sorted").encode


@lru_cache(maxsize=4096)
def identifying(circumstances: str) -> str:
    """The circumstances without annotations, as they count for an identity.

    >>> identifying('{"comment":"efter trappe","o2_flow":"2.0 L/min"}')
    '{"o2_flow":"2.0 L/min"}'
    >>> identifying('{"minimum systolic":"90"}')
    ''
    """
    if not circumstances:
        return ""
    said = _decode(circumstances)
    kept = {name: text for name, text in said.items() if not is_annotation(name)}
    if len(kept) == len(said):
        return circumstances
    return written(kept)


def is_annotation(name: str) -> bool:
    """Whether what stands under this name leaves the measurement the one it is."""
    return name.partition(" ")[0] in ANNOTATIONS


def annotation(circumstances: str, name: str) -> str:
    """What stands under this name; empty where nothing does."""
    return _decode(circumstances).get(name, "") if circumstances else ""


def written(said: Mapping[str, str]) -> str:
    """Circumstances as a record has them: sorted, and empty where there are none."""
    return _encode(said).decode() if said else ""


def together(earlier: str, later: str) -> str:
    """What two words on one act say beside the value; where they differ the later holds.

    >>> together('{"comment":"a","body-site":"arm"}', '{"comment":"b"}')
    '{"body-site":"arm","comment":"b"}'
    """
    if not earlier or not later or earlier == later:
        return later or earlier
    return written(_decode(earlier) | _decode(later))
