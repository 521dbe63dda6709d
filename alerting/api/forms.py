"""What the page's forms say of a citizen's alerts: one form per citizen, one button pressed.

In: the fields of a form. Out: what came of it, a key of `alerting.web.render.SAID`. What is allowed
is the table in `alerting.lifecycle`; a form that is sent twice does nothing twice. Called by
`alerting.api.pages`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from alerting.alert import Alert
from alerting.alert_store import AlertChanged, AlertStore
from alerting.api.acts import BODIES, Deed, Said, act_of, note_beside, said_of
from alerting.api.answers import Fault, Refused
from alerting.api.sources import Sources
from alerting.lifecycle import DAY_MS, TABLE
from alerting.web import render

FIELDS_MAX = 200
_VERSION_DIGITS_MAX = 12
_DELAYS: Final[Mapping[str, int]] = dict(render.DELAYS)
_BECOMES: Final[Mapping[str, str]] = {
    row.event: str(row.to) for row in TABLE if row.event in ("start", "snooze", "resolve")
}
"""The state in which a deed leaves an alert, where that is always the same."""


class Outcome(NamedTuple):
    """What came of a form, and whose alerts it was about."""

    said: str
    citizen: str


def fields_of(body: bytes) -> Mapping[str, str]:
    """The form's fields; the last one wins, as only one button was pressed."""
    try:
        found = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX
        )
    except ValueError as error:
        fault = Fault("form-too-long", "the form has too many fields", limit=str(FIELDS_MAX))
        raise Refused(413, fault) from error
    return {name: values[-1] for name, values in found.items()}


def act(sources: Sources, form: Mapping[str, str], by: str) -> Outcome:
    """Do what the pressed button says, to those of the named alerts that allow it.

    Each alert is named with the version that the page showed: what has changed since then was not
    seen, and nothing is done about it.
    """
    citizen = form.get("citizen", "")
    deed = next((deed for deed in BODIES if deed == form.get("deed")), None)
    named = _named(sources.alerts(), form.get("alerts", ""), citizen)
    if deed is None or not named:
        return Outcome("gone", citizen)
    try:
        told = said_of(_body(deed, form, by, sources.monitor.now_ms()), BODIES[deed])
    except Refused as refused:
        field = refused.fault.field
        return Outcome(field if field in ("note", "reason", "outcome") else "name", citizen)
    if deed == "note":
        named = named[:1]
    came = [_one(sources, deed, told, alert, version) for alert, version in named]
    return Outcome(min(came, key=_ORDER.index), citizen)


_ORDER: Final = ("done", "noted", "undone", "taken", "changed", "physician", "late", "refused")
"""Of several alerts, what is said: that something was done, else the clearest reason why not."""


def _named(store: AlertStore, text: str, citizen: str) -> list[tuple[Alert, int]]:
    """The alerts of this citizen that the form names, with their versions; the rest is ignored."""
    found: list[tuple[Alert, int]] = []
    for named in text.split():
        alert_id, _, version = named.partition(":")
        alert = store.alert(alert_id)
        if alert is None or alert.citizen != citizen:
            continue
        if version.isdecimal() and len(version) <= _VERSION_DIGITS_MAX:
            found.append((alert, int(version)))
    return found


def _body(deed: Deed, form: Mapping[str, str], by: str, now_ms: int) -> dict[str, Any]:
    """The form as the body that the API takes; the name in it wins over the kept one."""
    body: dict[str, Any] = {"by": form.get("by") or by, "note": form.get("note", "")}
    if form.get("role") == "physician":
        body["role"] = "physician"
    if deed == "snooze":
        delay = timedelta(milliseconds=_DELAYS.get(form.get("delay", ""), DAY_MS))
        body["until"] = datetime.fromtimestamp(now_ms / 1000, UTC) + delay
        body["reason"] = form.get("reason", "")
    if deed == "resolve":
        body["outcome"] = form.get("outcome", "")
    return body


def _one(sources: Sources, deed: Deed, told: Said, alert: Alert, version: int) -> str:
    """What came of it for one alert."""
    store = sources.alerts()
    done = {"note": "noted", "undo": "undone"}.get(deed, "done")
    free = deed in ("note", "undo")
    if deed == "snooze" and alert.severity == "red" and told.role != "physician":
        return "physician"
    with store.transaction():
        if _again(store, alert, deed, told):
            return done
        try:
            store.apply(
                alert.id, act_of(deed, told, sources), None if free else version, note_beside(told)
            )
        except AlertChanged as changed:
            return _why_not(deed, told, changed)
    return done


def _again(store: AlertStore, alert: Alert, deed: Deed, told: Said) -> bool:
    """Whether this very thing is the last that this person did: the form came twice."""
    history = store.history(alert.id)
    last = history[-1] if history else None
    if last is None or last.actor != told.by:
        return False
    if deed == "note":
        return (last.what, last.detail) == ("noted", told.note)
    return deed == "undo" and last.what == "undone"


def _why_not(deed: Deed, told: Said, changed: AlertChanged) -> str:
    current = changed.current
    if deed == "acknowledge" and current.attention == "acked":
        return "done" if current.acked_by == told.by else "taken"
    if deed in _BECOMES and current.state == _BECOMES[deed]:
        return "done" if current.state_by == told.by else "taken"
    if deed == "undo":
        return "late"
    return "refused" if changed.why else "changed"
