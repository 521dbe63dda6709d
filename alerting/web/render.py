"""From data to pages: Jinja2 templates with everything escaped that is not our own markup.

In: a view. Out: HTML text. Called by `alerting.api.pages`; reads templates and static files once.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined

from alerting.alert import Alert, AlertEvent
from alerting.asking import Request
from alerting.lifecycle import DAY_MS, OUTCOMES
from alerting.liveness import Liveness
from alerting.rules.rulebook import Rulebook
from alerting.situation import COLOURS, Colour, Curve
from alerting.web import curve as curves
from alerting.web.answers import Answered
from alerting.web.changes import Changed
from alerting.web.lines import line_of, may, may_undo, signals_of
from alerting.web.meanings import NOT_SHOWN
from alerting.web.search import Wanted
from alerting.web.texts import Lang
from alerting.web.troubles import last_news_ms, troubles_of
from alerting.web.words import Words
from alerting.web.worklist import SECTIONS, Row, concerned, counts_of
from fhir_mapping.enrolled import Citizen, Fact

CHART_DAYS = 42
HOUR_MS = 3_600_000
NAME_CHARACTERS_MAX = 80
NOTE_CHARACTERS_MAX = 500
PAGE_ROWS = 100
"""Most citizens on one page of the list."""
SAID = frozenset(
    {"done", "noted", "undone", "changed", "taken", "name", "note", "reason", "outcome"}
    | {"physician", "late", "refused", "gone"}
)
"""What may have come of a press of a button; each has a text `said-…`."""
FINDINGS_MAX = 3
"""Most findings of an open row; the citizen's page has them all."""
DELAYS = (("4h", 4 * HOUR_MS), ("1d", DAY_MS), ("3d", 3 * DAY_MS), ("7d", 7 * DAY_MS))
"""For how long the page offers to put an alert off; a red one for a day at most."""
_FOLDER = files("alerting.web")
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What every page needs: language, now by the data and on the wall, who works here, and the
    rules and how far behind they are, whether all is well, and a notice above all if there is one.
    A page that names no rule has no rulebook.
    """

    lang: Lang
    now_ms: int
    rulebook: Rulebook | None
    wall_ms: int = 0
    nurse: str = ""
    said: str = ""
    behind: int = 0
    live: Liveness | None = None
    cursor: str = "0"
    notice: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of the list is asked for: a colour, a name or birth date, and the page of it."""

    only: Colour | None = None
    search: str = ""
    page: int = 1


class Worklist(msgspec.Struct, frozen=True, kw_only=True):
    """The worklist page: all rows in order, the citizens and curves of those shown, and which.

    `shown` are the rows of the page asked for, `found` those on all its pages.
    """

    frame: Frame
    rows: Sequence[Row]
    shown: Sequence[Row]
    found: Sequence[Row]
    citizens: Mapping[str, Citizen]
    curves: Mapping[str, Sequence[Curve]]
    asked: Asked = Asked()
    deeds: Mapping[str, Sequence[AlertEvent]] = {}
    """What people last did about a citizen's open alerts, newest first."""


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
    changes: Sequence[Changed] = ()


class Asset(NamedTuple):
    """A static file: its bytes, its media type, and a mark that changes with its content."""

    content: bytes
    media_type: str
    mark: str


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
    words = _words(view.frame)
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
    signals = signals_of(view.row, view.citizen, view.curves, words)
    return _ENVIRONMENT.get_template("citizen.html").render(
        view=view,
        frame=view.frame,
        words=words,
        charts=charts,
        relative=any(limit is not None for curve in view.curves for limit in curve.relative),
        line=line_of(view.row, signals, words),
        signals=signals,
        undo=may_undo(view.row.done, view.frame.nurse, view.frame.wall_ms),
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
        retry=status == 503,
        other=link("/", lang=words.other),
    )


def link(path: str, **query: str | None) -> str:
    """A path with those of the parameters that are set.

    >>> link("/", lang="en", colour=None)
    '/?lang=en'
    """
    given = {key: value for key, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def shown_of(rows: Sequence[Row], asked: Asked) -> tuple[list[Row], list[Row]]:
    """The rows of the page that is asked for, and those on all its pages.

    The green ones are listed only when they are asked for; otherwise their number says enough.
    """
    wanted = Wanted.of(asked.search)
    found = [
        row
        for row in rows
        if asked.only in (None, row.colour)
        and (asked.only or wanted or row.section != "green")
        and (not wanted or wanted.fits(row))
    ]
    first = (max(asked.page, 1) - 1) * PAGE_ROWS
    return found[first : first + PAGE_ROWS], found


def _worklist(template: str, view: Worklist) -> str:
    words, asked, frame = _words(view.frame), view.asked, view.frame
    waiting = [row for row in view.rows if row.unseen]

    def place(path: str, **changes: object) -> str:
        """An address of this list with something changed."""
        query = {"colour": asked.only, "q": asked.search, "page": asked.page, **changes}
        page = query["page"] if query["page"] != 1 else None
        lang = str(query.get("lang", words.lang))
        return link(
            path, lang=lang, colour=_text(query["colour"]), q=_text(query["q"]), page=_text(page)
        )

    sections = [(key, [row for row in view.shown if row.section == key]) for key in SECTIONS]
    return _ENVIRONMENT.get_template(template).render(
        view=view,
        asked=asked,
        frame=frame,
        words=words,
        counts=counts_of(view.rows),
        waiting=counts_of(waiting),
        urgent=sum(row.section == "call" and bool(row.unseen) for row in waiting),
        others=sum(row.section != "call" for row in waiting),
        sections=[(key, rows) for key, rows in sections if rows],
        totals=Counter(row.section for row in view.found if row.unseen or not row.done),
        green=0 if asked.only or asked.search else counts_of(view.rows)["green"],
        first=(asked.page - 1) * PAGE_ROWS + 1,
        pages=-(-len(view.found) // PAGE_ROWS),
        signals_of=lambda row: signals_of(
            row, view.citizens[row.citizen], view.curves.get(row.citizen, ()), words
        ),
        line_of=lambda row, signals: line_of(row, signals, words),
        undo_of=lambda row: may_undo(row.done, frame.nurse, frame.wall_ms),
        place=place,
        other=place("/", lang=words.other),
    )


def _words(frame: Frame) -> Words:
    return Words(frame.lang, frame.now_ms, frame.rulebook, frame.wall_ms)


def _text(value: object) -> str | None:
    return str(value) if value else None


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
        troubles_of=troubles_of,
        last_news_ms=last_news_ms,
        findings_max=FINDINGS_MAX,
        delays=DELAYS,
        not_shown=NOT_SHOWN,
        outcomes=OUTCOMES,
        may=may,
        day_ms=DAY_MS,
        name_max=NAME_CHARACTERS_MAX,
        note_max=NOTE_CHARACTERS_MAX,
    )
    return environment


_ENVIRONMENT = _environment()
