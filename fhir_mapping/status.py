"""Measurement status: the device's own word on an act of measuring, or on one component of it.

In: flags of IEEE 11073-10206. Out: which values may be used, which are withheld and why. A flag
belongs to the component it stands at; what holds of every component that was sent holds of the
whole act, and so of every component. One absent mean pressure therefore leaves systolic and
diastolic alone. Nobody else looks at raw flags: `Record` and the store's counts ask here.
"""

from collections.abc import Sequence

from fhir_mapping.codes import ABSENT_REASON_OF_FLAG, TEST_FLAGS

Flags = tuple[str, ...]

UNUSABLE_FLAGS = frozenset({"calibration-ongoing", *ABSENT_REASON_OF_FLAG, *TEST_FLAGS})
"""Flags with which a value must not reach rules, curves or statistics: the device failed or is
being calibrated, or it is no measurement of a person."""


def shared_and_own(sent: Sequence[Flags | None]) -> tuple[Flags, tuple[Flags, ...]]:
    """The flags of the whole act, and those of each component beside them.

    `sent` has the flags of every component in catalogue order, None for one that was not sent.
    Without flags of components the second is empty.

    >>> shared_and_own([(), (), ("not-available",)])
    ((), ((), (), ('not-available',)))
    >>> shared_and_own([("invalid", "questionable"), ("invalid",), None])
    (('invalid',), (('questionable',), (), ()))
    """
    said = [flags for flags in sent if flags is not None]
    shared = tuple(
        flag for flag in dict.fromkeys(said[0]) if all(flag in flags for flags in said[1:])
    )
    own = tuple(
        tuple(flag for flag in dict.fromkeys(flags or ()) if flag not in shared) for flags in sent
    )
    return shared, own if any(own) else ()


def flags_at(flags: Flags, component_flags: tuple[Flags, ...], place: int) -> Flags:
    """All that holds of one component: the whole act's flags, then its own."""
    return (*flags, *component_flags[place]) if component_flags else flags


def is_usable(flags: Flags) -> bool:
    """Whether a value with these flags may be used at all."""
    return UNUSABLE_FLAGS.isdisjoint(flags)


def absent_reason(flags: Flags) -> str:
    """FHIR's reason to withhold a value with these flags; empty where it stands.

    Of two reasons `error` is told, since it is the one to act on.
    """
    reasons = [ABSENT_REASON_OF_FLAG[flag] for flag in flags if flag in ABSENT_REASON_OF_FLAG]
    if not reasons:
        return ""
    return "error" if "error" in reasons else reasons[0]


def status_text(flags: Flags, component_flags: tuple[Flags, ...]) -> str:
    """Both as one text: the whole act's flags, then those of each component behind a "/".

    >>> status_text(("test-data",), ((), (), ("not-available",)))
    'test-data///not-available'
    """
    return "/".join(map(" ".join, (flags, *component_flags)))


def status_of(text: str) -> tuple[Flags, tuple[Flags, ...]]:
    """The flags in a text of `status_text`.

    >>> status_of("///not-available"), status_of("invalid questionable")
    (((), ((), (), ('not-available',))), (('invalid', 'questionable'), ()))
    """
    flags, *component_flags = (tuple(part.split()) for part in text.split("/"))
    return flags, tuple(component_flags)
