"""From the engine's events to episodes: one hypothesis of one citizen, with its findings.

In: `Change`s and `Turn`s in order, and the episodes that are open already. Out: `Episode`s with
their leading sentence. The same folding serves live evaluation, replay and rebuild, so that an
alert does not depend on how its readings came. Called by `alerting.evaluate`. Reference 4.2.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from alerting.alert import SEVERITIES, Episode, Finding, Hypothesis
from alerting.engine import Change, Engine, Event, Turn
from alerting.explanation import SEVERITY_OF
from alerting.local_time import utc_ms
from alerting.rules import HYPOTHESES, RULE_IDS, Colour, Rulebook
from alerting.rules.arrays import Ints

Explain = Callable[[Change, int, int | None], Finding]
"""The finding of a rule: its worst change, since when (UTC ms), and until when."""

TOGETHER_DA = "Flere slags tegn inden for 3 døgn."
TOGETHER_EN = "Several kinds of signs within 3 days."


class Run(msgspec.Struct):
    """A rule's episode whose evidence has yet to be looked up."""

    worst: Change
    onset_ms: int
    cleared_ms: int | None = None


class _Draft(msgspec.Struct):
    """An episode while it is told; `begun` is how it stood before, None when it is new."""

    hypothesis: int
    begun: Episode | None
    severity: Colour = Colour.GREEN
    raised_ms: int = 0
    called_ms: int | None = None
    cleared_ms: int | None = None
    runs: list[Run | Finding] = []


class Story:
    """One citizen's episodes while events are told; of each hypothesis at most one is open.

    A rule may hold before its hypothesis speaks: what it found then waits, `quiet`, and is among
    the findings once there is an alert; when it ends before that, nobody hears of it.
    """

    def __init__(
        self,
        citizen: str,
        home: Ints,
        rulebook: Rulebook,
        standing: Iterable[Episode] = (),
        quiet: Iterable[Run] = (),
    ) -> None:
        self._citizen = citizen
        self._home = home
        self._rulebook = rulebook
        self._drafts = [_resumed(episode) for episode in standing]
        for run in quiet:
            self._open(int(home[run.worst.rule])).runs.append(run)

    def tell(self, event: Event) -> None:
        """Take the next event."""
        if isinstance(event, Turn):
            self._turn(event)
            return
        draft = self._open(int(self._home[event.rule]))
        place = next(
            (
                number
                for number, run in enumerate(draft.runs)
                if _rule(run) == RULE_IDS[event.rule] and run.cleared_ms is None
            ),
            None,
        )
        if event.colour > Colour.GREEN:
            onset = utc_ms(event.onset) if place is None else draft.runs[place].onset_ms
            run = Run(event, onset)
            draft.runs = (
                [*draft.runs, run]
                if place is None
                else [*draft.runs[:place], run, *draft.runs[place + 1 :]]
            )
        elif place is not None and draft.severity == Colour.GREEN:
            del draft.runs[place]
        elif place is not None:
            draft.runs[place] = _ended(draft.runs[place], utc_ms(event.t))

    def episodes(self, explain: Explain) -> list[tuple[Episode | None, Episode]]:
        """Each episode as it stood before (None when it is new) and as it stands now."""
        spoken = [draft for draft in self._drafts if draft.severity > Colour.GREEN]
        return [(draft.begun, self._told(draft, explain)) for draft in spoken]

    def quiet(self) -> list[Run]:
        """What rules hold whose hypothesis has not spoken yet."""
        waiting = [draft for draft in self._drafts if draft.severity == Colour.GREEN]
        return [run for draft in waiting for run in draft.runs if isinstance(run, Run)]

    def _open(self, hypothesis: int) -> _Draft:
        for draft in self._drafts:
            if draft.hypothesis == hypothesis and draft.cleared_ms is None:
                return draft
        self._drafts.append(_Draft(hypothesis, None))
        return self._drafts[-1]

    def _turn(self, turn: Turn) -> None:
        draft, at_ms = self._open(turn.hypothesis), utc_ms(turn.t)
        if turn.called:
            draft.called_ms = at_ms
        if turn.colour <= Colour.GREEN:
            draft.cleared_ms = at_ms
            draft.runs = [_ended(run, at_ms) for run in draft.runs]
        elif turn.colour > draft.severity:
            draft.severity, draft.raised_ms = turn.colour, at_ms

    def _told(self, draft: _Draft, explain: Explain) -> Episode:
        findings = sorted(
            (
                run
                if isinstance(run, Finding)
                else explain(run.worst, run.onset_ms, run.cleared_ms)
                for run in draft.runs
            ),
            key=_order,
        )
        severity = SEVERITY_OF[draft.severity]
        hypothesis: Hypothesis = HYPOTHESES[draft.hypothesis]
        return Episode(
            citizen=self._citizen,
            hypothesis=hypothesis,
            severity=severity,
            onset_ms=min(finding.onset_ms for finding in findings),
            raised_ms=draft.raised_ms,
            called_ms=draft.called_ms,
            cleared_ms=draft.cleared_ms,
            text_da=" ".join(_leading(severity, findings, "da", self._rulebook)),
            text_en=" ".join(_leading(severity, findings, "en", self._rulebook)),
            findings=findings,
        )


def told(engine: Engine, events: Iterable[Event]) -> dict[str, Story]:
    """Each citizen's whole story, from the events of its history."""
    stories: dict[str, Story] = {}
    for event in events:
        citizen = engine.roster.ids[event.row]
        if citizen not in stories:
            stories[citizen] = Story(citizen, engine.home[event.row], engine.rulebook)
        stories[citizen].tell(event)
    return stories


def _resumed(episode: Episode) -> _Draft:
    colour = next(colour for colour, name in SEVERITY_OF.items() if name == episode.severity)
    return _Draft(
        hypothesis=HYPOTHESES.index(episode.hypothesis),
        begun=episode,
        severity=colour,
        raised_ms=episode.raised_ms,
        called_ms=episode.called_ms,
        cleared_ms=episode.cleared_ms,
        runs=list(episode.findings),
    )


def _ended(run: Run | Finding, at_ms: int) -> Run | Finding:
    return run if run.cleared_ms is not None else msgspec.structs.replace(run, cleared_ms=at_ms)


def _rule(run: Run | Finding) -> str:
    return run.rule if isinstance(run, Finding) else RULE_IDS[run.worst.rule]


def _order(finding: Finding) -> tuple[int, bool, int, str, int]:
    """Worst first, then what still holds, then the newest."""
    worst, over = SEVERITIES.index(finding.severity), finding.cleared_ms is not None
    return worst, over, -finding.raised_ms, finding.rule, finding.onset_ms


def _leading(
    severity: str, findings: Sequence[Finding], lang: str, rulebook: Rulebook
) -> list[str]:
    """Why to look at this citizen: the first finding; two, where only together they are red."""
    first = findings[0]
    texts = [first.text_da if lang == "da" else first.text_en]
    rules = {one.rule: rulebook.named(one.rule) for one in findings}
    family = {name: rule.family if rule else "" for name, rule in rules.items()}
    red_alone = {name for name, rule in rules.items() if rule and rule.red_alone}
    alone = any(one.severity == "red" and one.rule in red_alone for one in findings)
    if severity != "red" or alone:
        return texts
    other = next((one for one in findings if family[one.rule] != family[first.rule]), None)
    if other is not None:
        texts.append(other.text_da if lang == "da" else other.text_en)
    return [TOGETHER_DA if lang == "da" else TOGETHER_EN, *texts]
