"""From data to pages: Jinja2 templates with everything escaped that is not our own markup.

In: a view. Out: HTML text. Called by `alerting.api.pages`; reads templates and static files once.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from alerting.alert import Alert, AlertEvent
from alerting.asking import Request
from alerting.rules.rulebook import Rulebook
from alerting.situation import COLOURS, Colour, Curve
from alerting.web import curve as curves
from alerting.web.answers import Answered
from alerting.web.texts import Lang
from alerting.web.words import Words
from alerting.web.worklist import Row, concerned, counts_of
from fhir_mapping.enrolled import Citizen, Fact

SPARK_DAYS = 28
CHART_DAYS = 42
NAME_CHARACTERS_MAX = 80
NOTE_CHARACTERS_MAX = 500
SAID = frozenset({"done", "changed", "taken", "name", "note", "gone"})
"""What may have come of a press of the button; each has a text `said-…`."""
_FOLDER = files("alerting.web")
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page needs: language, now, the rules and how far behind they are, who works here.

    A page that names no rule has no rulebook.
    """

    lang: Lang
    now_ms: int
    rulebook: Rulebook | None
    nurse: str = ""
    said: str = ""
    behind: int = 0
    cursor: str = "0"


class Worklist(msgspec.Struct, frozen=True, kw_only=True):
    """The worklist page: all rows, the curves of those with an alert, and the filter."""

    frame: Frame
    rows: Sequence[Row]
    citizens: Mapping[str, Citizen]
    curves: Mapping[str, Sequence[Curve]]
    only: Colour | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The page of one citizen: curves, alerts (newest first), their histories, facts, answers, and
    the request to measure daily that runs, if any.
    """

    frame: Frame
    row: Row
    citizen: Citizen
    curves: Sequence[Curve]
    alerts: Sequence[Alert]
    history: Mapping[str, Sequence[AlertEvent]]
    facts: Sequence[Fact] = ()
    request: Request | None = None
    answers: Answered = Answered([], [], [])


class Asset(NamedTuple):
    """A static file: its bytes, its media type, and a mark that changes with its content."""

    content: bytes
    media_type: str
    mark: str


class Spark(NamedTuple):
    """One small curve of a row with its newest value."""

    name: str
    last: str
    at_ms: int
    usual: str | None
    drawing: Markup


def _asset(name: str) -> Asset:
    content = _FOLDER.joinpath("static", name).read_bytes()
    mark = blake2b(content, digest_size=6).hexdigest()
    return Asset(content, _TYPES[name.rpartition(".")[2]], mark)


ASSETS: Mapping[str, Asset] = MappingProxyType(
    {name: _asset(name) for name in ("style.css", "live.js", "icon.svg")}
)


def worklist_page(view: Worklist) -> str:
    """The whole worklist page."""
    return _worklist("worklist.html", view)


def worklist_fragment(view: Worklist) -> str:
    """The part of the worklist page that changes."""
    return _worklist("worklist_live.html", view)


def person_page(view: Person) -> str:
    """The page of one citizen."""
    words = Words(view.frame.lang, view.frame.now_ms, view.frame.rulebook)
    window = curves.Window.last(CHART_DAYS, view.frame.now_ms)
    onsets = {
        signal: [
            curves.Onset(alert.onset_ms, alert.shown, words.about(alert))
            for alert in view.alerts
            if alert.condition != "retracted"
            and signal in concerned([alert], view.citizen, words.rule)
        ]
        for signal in (curve.signal for curve in view.curves)
    }
    charts = [
        (curve, curves.chart(curve, window, view.frame.lang, onsets[curve.signal]))
        for curve in view.curves
    ]
    return _ENVIRONMENT.get_template("citizen.html").render(
        view=view,
        frame=view.frame,
        words=words,
        charts=charts,
        days=CHART_DAYS,
        here=link(f"/citizens/{view.citizen.id}", lang=words.lang),
        other=link(f"/citizens/{view.citizen.id}", lang=words.other),
    )


def error_page(lang: Lang, status: int) -> str:
    """A page that says that something cannot be shown."""
    words = Words(lang, 0, None)
    key = f"error-{status}" if status in (404, 503) else "error-other"
    return _ENVIRONMENT.get_template("error.html").render(
        words=words,
        frame=Frame(lang=lang, now_ms=0, rulebook=None),
        title=words(key),
        other=link("/", lang=words.other),
    )


def link(path: str, **query: str | None) -> str:
    """A path with those of the parameters that are set.

    >>> link("/", lang="en", colour=None)
    '/?lang=en'
    """
    given = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def sparks(row: Row, citizen: Citizen, found: Sequence[Curve], words: Words) -> list[Spark]:
    """The small curves of the signals that a row's alerts are about."""
    window = curves.Window.last(SPARK_DAYS, words.now_ms)
    by_signal = {curve.signal: curve for curve in found}
    wanted = concerned(row.alerts, citizen, words.rule)
    shown = [by_signal[signal] for signal in wanted if signal in by_signal]
    return [_spark(curve, window, words) for curve in shown if curve.points]


def _spark(curve: Curve, window: curves.Window, words: Words) -> Spark:
    usual = curves.usual_now(curve)
    last = curve.points[-1]
    return Spark(
        name=words.name_of(curve),
        last=words.told(curve, last.value),
        at_ms=last.measured_ms,
        usual=None if usual is None else words.told(curve, usual),
        drawing=curves.sparkline(curve, window, words.lang),
    )


def _worklist(template: str, view: Worklist) -> str:
    words = Words(view.frame.lang, view.frame.now_ms, view.frame.rulebook)
    shown = [row for row in view.rows if view.only in (None, row.colour)]
    waiting = [row for row in view.rows if row.unseen]
    return _ENVIRONMENT.get_template(template).render(
        view=view,
        frame=view.frame,
        words=words,
        counts=counts_of(view.rows),
        waiting=counts_of(waiting),
        urgent=sum(row.colour == "red" for row in waiting),
        others=sum(row.colour != "red" for row in waiting),
        rows=[row for row in shown if row.colour != "green"],
        green=[row for row in shown if row.colour == "green"],
        sparks_of=lambda row: sparks(
            row, view.citizens[row.citizen], view.curves.get(row.citizen, ()), words
        ),
        here=link("/", lang=words.lang, colour=view.only),
        live=link("/worklist.html", lang=words.lang, colour=view.only),
        other=link("/", lang=words.other, colour=view.only),
    )


def _template(name: str) -> str:
    return _FOLDER.joinpath("templates", name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        link=link,
        assets=ASSETS,
        colours=COLOURS,
        name_max=NAME_CHARACTERS_MAX,
        note_max=NOTE_CHARACTERS_MAX,
    )
    return environment


_ENVIRONMENT = _environment()
