"""Attribution against a slow oracle: of the terms that hold, the one that began last."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.attribution import Assignments, Term

TIMES = st.integers(0, 20)


def holding(terms: list[Term], device: str, slot: int, at_ms: int) -> int | None:
    """The claim, by looking at every term."""
    held = [
        term
        for term in terms
        if (term.device, term.slot) == (device, slot)
        and term.since_ms <= at_ms
        and (term.until_ms is None or at_ms < term.until_ms)
    ]
    return max(held, key=lambda term: term.since_ms).citizen if held else None


@given(
    st.lists(
        st.builds(
            Term,
            device=st.sampled_from("de"),
            slot=st.integers(1, 2),
            since_ms=TIMES,
            until_ms=st.none() | TIMES,
            citizen=st.integers(1, 5),
        ),
        unique_by=lambda term: (term.device, term.slot, term.since_ms),
        max_size=12,
    )
)
def test_of_the_terms_that_hold_the_last_to_begin(terms: list[Term]) -> None:
    known = Assignments(terms)
    for device in "de":
        for slot in (1, 2):
            for at_ms in range(-1, 23):
                owner = known.citizen_of(device, slot, at_ms)
                assert owner == holding(terms, device, slot, at_ms)


def test_nobody_has_an_unknown_device() -> None:
    assert Assignments(()).citizen_of("d", 1, 0) is None
