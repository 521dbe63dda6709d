"""What is not well, in the words of the page: what it means for who reads the list, since when.

In: the named checks of `alerting.liveness`, and the words of a language. Out: sentences, the
gravest first; none when all is well. The facts are those of `/health/ready`.
"""

from alerting.liveness import Check, Liveness, Name
from alerting.web import times
from alerting.web.words import Words

_GRAVEST_FIRST: tuple[Name, ...] = (
    "record-store", "alert-store", "evaluator", "unjudged", "citizens", "ingest", "broker",
    "silence", "disk",
)  # fmt: skip
_LENGTH_MS = {"s": 1000, "min": 60_000}
_FOLLOWS: dict[Name, Name] = {"broker": "ingest", "unjudged": "evaluator"}
"""What says nothing more when the other is not well either."""


def troubles_of(live: Liveness, words: Words) -> list[str]:
    """A sentence for each check that is not well."""
    failing = {check.name: check for check in live.failing()}
    shown = [name for name in _GRAVEST_FIRST if name in failing]
    return [
        _sentence(failing[name], live.at_ms, words)
        for name in shown
        if _FOLLOWS.get(name) not in failing
    ]


def last_news_ms(live: Liveness) -> int | None:
    """When something last arrived, on the wall clock; None when that is not known."""
    found = [check for check in live.checks if check.name == "silence"]
    return _since_ms(found[0], live.at_ms) if found else None


def _sentence(check: Check, at_ms: int, words: Words) -> str:
    if check.name == "citizens" and isinstance(check.value, float):
        few = check.value == 1
        return words("trouble-citizens" if few else "trouble-citizens-many", count=int(check.value))
    since_ms = _since_ms(check, at_ms)
    if since_ms is None:
        return words(f"trouble-{check.name}")
    time = times.at_clock(since_ms, at_ms, words.lang)
    if words.lang == "en":
        time = time.removeprefix("at ")  # since 11:50, not since at 11:50
    return words(f"trouble-{check.name}-since", time=time)


def _since_ms(check: Check, at_ms: int) -> int | None:
    if not isinstance(check.value, float | int) or check.unit not in _LENGTH_MS:
        return None
    return at_ms - round(check.value * _LENGTH_MS[check.unit])
