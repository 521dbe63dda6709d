"""An alert and its life: what the table of states says of one, and what the history keeps.

In: alerts, episodes and acts. Out: lives, alerts brought in line with them, and lines of history.
Pure: no clock, no database. Called by `alerting.alert_store.sqlite`.
"""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec

from alerting.alert import Alert, Condition, Episode
from alerting.lifecycle import (
    CALL_AGAIN_MS,
    UNSEEN,
    WORKING,
    Act,
    Life,
    NotAllowed,
    State,
    Undo,
    after,
)

NOT_SEEN: Final[tuple[State, ...]] = (*UNSEEN, "auto_cleared")
"""States of an alert that nobody has looked at."""


def life_of(alert: Alert) -> Life:
    """How the alert stands, as the table of states sees it."""
    return Life(
        state=alert.state,
        severity=alert.severity,
        since_ms=alert.since_ms,
        until_ms=alert.until_ms,
        escalated=alert.escalated_ms is not None,
        by=alert.state_by,
        reason=alert.reason,
        outcome=alert.outcome,
    )


def life_after(life: Life, act: Act) -> Life:
    """The life after an event that keeps it an alert."""
    found = after(life, act)
    assert found is not None, "only a candidate may be refuted"
    return found


def settled(alert: Alert, life: Life, now_ms: int) -> Alert:
    """The alert with this life; when its data are over, as far as its colour and people allow."""
    condition: Condition = "active"
    if life.state == "retracted":
        condition = "retracted"
    elif alert.cleared_ms is not None:
        with suppress(NotAllowed):
            life = life_after(life, Act("clear", now_ms, clear=1))
        condition = "latched" if life.state in WORKING else "cleared"
    unseen = life.state in NOT_SEEN or (life.state == "retracted" and alert.acked_ms is None)
    return msgspec.structs.replace(
        alert,
        condition=condition,
        state=life.state,
        since_ms=life.since_ms,
        state_by=life.by,
        until_ms=life.until_ms,
        reason=life.reason,
        outcome=life.outcome,
        attention="unacked" if unseen else "acked",
        escalated_ms=alert.escalated_ms if life.state in UNSEEN else None,
        undo=None if life.state in NOT_SEEN or life.state == "retracted" else alert.undo,
    )


def acted_on(alert: Alert, act: Act, note: str) -> Alert:
    """The alert with who has seen it and what may be taken back; its life is not changed here.

    Who does something about an alert that nobody had looked at has thereby seen it; who writes a
    note has not said so.
    """
    if act.event == "note":
        return alert
    if act.event == "undo":
        undo = alert.undo
        assert undo is not None, "the table has seen it"
        seen = (undo.acked_by, undo.acked_ms, undo.note)
        alert = msgspec.structs.replace(alert, undo=None, escalated_ms=undo.escalated_ms)
    else:
        undo = None
        if act.wall_ms is not None:
            undo = Undo(
                life_of(alert), act.by, act.wall_ms,
                alert.acked_by, alert.acked_ms, alert.note, alert.escalated_ms,
            )  # fmt: skip
        alert = msgspec.structs.replace(alert, undo=undo)
        if act.event != "acknowledge" and alert.attention == "acked":
            return alert
        seen = (act.by, act.stamp_ms, note)
    acked_by, acked_ms, note = seen
    return msgspec.structs.replace(alert, acked_by=acked_by, acked_ms=acked_ms, note=note)


def said_in(act: Act, note: str) -> str:
    """What the history keeps of what a person said: role if not a nurse's, until, why, outcome."""
    role = act.role if act.role not in ("nurse", "rules") else ""
    until = "" if act.until_ms is None else f"until {_utc(act.until_ms)}"
    return "; ".join(part for part in (role, until, act.reason, act.outcome, note) if part)


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def called_as(alert: Alert, episode: Episode) -> str:
    """Why the same colour calls again: it goes on after a week, or the citizen got worse."""
    waited = (episode.called_ms or 0) - (alert.called_ms or 0) >= CALL_AGAIN_MS
    return "called" if waited else "worsened"


def detail_of(alert: Alert, episode: Episode, reason: str) -> str:
    """What the history says: the leading sentence, why it changed, and what is no longer said."""
    if not reason:
        return episode.text_en
    gone = {one.rule for one in alert.findings} - {one.rule for one in episode.findings}
    withdrawn = f"; withdrawn: {', '.join(sorted(gone))}" if gone else ""
    return f"{episode.text_en} ({reason}{withdrawn})"
