"""What a template may say: texts, times, numbers and reasons, bound to a language and a now.

In: a language and the monitor's now. Out: plain text for the templates, which escape it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from alerting.alert import Alert, AlertEvent, EvidenceValue, Finding
from alerting.asking import Request
from alerting.lifecycle import UNHANDLED_HOURS, WORKDAY_HOURS
from alerting.local_time import calendar_day, local_days
from alerting.reconcile import REASONS
from alerting.rules.rule import Rule
from alerting.rules.rulebook import Rulebook
from alerting.rules.signals import SIGNALS
from alerting.situation import Curve
from alerting.web import curve as curves
from alerting.web import times
from alerting.web.meanings import MEANINGS_DA
from alerting.web.texts import LANGS, Lang, say
from alerting.web.trend import SILENT_DAYS
from alerting.web.worklist import Row
from devices.catalogue import Metric, metric, observed
from devices.questionnaire import YES
from devices.symptoms import is_questionnaire, questionnaire, symptom
from fhir_mapping.enrolled import Citizen, Fact

_LIMIT_KEYS = (
    "limits-red-low",
    "limits-yellow-low",
    "limits-yellow-high",
    "limits-red-high",
)
_CHANGE_KEYS = tuple(key.replace("limits", "change") for key in _LIMIT_KEYS)
DANISH_DIGITS = 8
"""Of a telephone number in Denmark, without the country."""
_RULES_ACTOR = "rules"
_KNOWN_DEEDS = frozenset(
    {"opened", "reopened", "found", "raised", "called", "worsened", "revised", "resumed", "latched"}
    | {
        "cleared",
        "escalated",
        "retracted",
        "acknowledged",
        "started",
        "snoozed",
        "returned",
        "resolved",
        "noted",
        "undone",
    }
)


class Unable(NamedTuple):
    """Rules that could not run for one and the same reason."""

    names: list[str]
    reason: str


class Words:
    """Texts in one language, seen from one moment; `words("key", field=…)` says a text.

    Rules are named as the rulebook has them; a page that names none needs no rulebook. `now_ms` is
    that of the data; people act by the clock on the wall, which is another one in a replay.
    """

    def __init__(
        self, lang: Lang, now_ms: int, rulebook: Rulebook | None, wall_ms: int | None = None
    ) -> None:
        self.lang = lang
        self.now_ms = now_ms
        self.wall_ms = now_ms if wall_ms is None else wall_ms
        self._rulebook = rulebook
        self.other: Lang = next(other for other in LANGS if other != lang)

    def __call__(self, key: str, **fields: object) -> str:
        """The text of this key; KeyError when there is none."""
        return say(self.lang, key, **fields)

    def human(self, instant_ms: int) -> str:
        """A moment as one says it."""
        return times.human(instant_ms, self.now_ms, self.lang)

    def exact(self, instant_ms: int) -> str:
        """A moment in full."""
        return times.exact(instant_ms, self.lang)

    def clock(self, instant_ms: int) -> str:
        """Hour and minute of a moment."""
        return times.clock(instant_ms, self.lang)

    def iso(self, instant_ms: int) -> str:
        """A moment for machines, with the Danish offset then in force."""
        return times.local(instant_ms).isoformat(timespec="seconds")

    def phone(self, number: str) -> str:
        """A telephone number as Danes read it, in pairs; one of elsewhere as it is written."""
        digits = number.replace(" ", "").removeprefix("+45")
        if len(digits) != DANISH_DIGITS or not digits.isdecimal():
            return number
        return " ".join(digits[place : place + 2] for place in range(0, DANISH_DIGITS, 2))

    def born(self, day: date) -> str:
        """A date of birth, in digits: it tells people of one name apart."""
        return times.numeric(day, self.lang)

    def number(self, value: float | None) -> str:
        """A number with no more digits than it needs, at most three decimals."""
        if value is None:
            return times.number(float("nan"), 0, self.lang)
        text = times.number(value, 3, self.lang)
        return text.rstrip("0").rstrip(",.") if "," in text or "." in text else text

    def name_of(self, thing: Finding | Curve) -> str:
        """The name of an alert or of a curve's signal."""
        return thing.name_da if self.lang == "da" else thing.name_en

    def about(self, alert: Alert) -> str:
        """What an alert is about: its hypothesis."""
        return self(f"about-{alert.hypothesis}")

    def sentence(self, told: Alert | Finding) -> str:
        """Why the alert stands, or what a rule found."""
        return told.text_da if self.lang == "da" else told.text_en

    def stands_for(self, english: str) -> str:
        """What a number of the evidence means, which the rule says in English."""
        return MEANINGS_DA.get(english, english) if self.lang == "da" else english

    def meaning(self, colour: str) -> str:
        """What is expected of staff when they see this colour."""
        return meaning(self.lang, colour)

    def did(self, alert: Alert) -> str:
        """What a person has done about an alert; empty when nobody has done anything."""
        if alert.until_ms is not None:
            return self("put-off", time=self.done_at(alert.until_ms), reason=alert.reason)
        if alert.state == "in_progress":
            time = self.on_wall(alert.undo.done_ms) if alert.undo else self.done_at(alert.since_ms)
            return self("tried", name=alert.state_by, time=time)
        if alert.outcome:
            return self("closed-with", outcome=self(f"outcome-{alert.outcome}"))
        if alert.attention == "acked" and alert.acked_ms is not None:
            time = self.on_wall(alert.acked_ms)
            return self(f"contacted-{self.kind(alert)}", name=alert.acked_by, time=time)
        return ""

    def on_wall(self, instant_ms: int) -> str:
        """When something happened on the wall clock, which need not be that of the data."""
        return times.at_clock(instant_ms, self.wall_ms, self.lang)

    def span(self, length_ms: int) -> str:
        """A length of time."""
        return times.span(length_ms, self.lang)

    def none_measured(self, row: Row) -> str:
        """How long nothing has been measured, counted now."""
        missed = row.missed_days
        planned = self("planned-one" if missed == 1 else "planned-many", count=missed)
        if row.last_measured_ms is None:
            return self("never-due", planned=planned)
        days = int(local_days(self.now_ms)) - int(local_days(row.last_measured_ms))
        if days < SILENT_DAYS:
            names = ", ".join(map(self.signal, row.missed)) or self("something-planned")
            return self("part-measured", names=names, planned=planned)
        return self("none-measured", count=days, planned=planned)

    def kind(self, alert: Alert) -> str:
        """What is done about an alert: who measures nothing is reminded, whatever the colour."""
        return "blue" if alert.hypothesis == "missing" else alert.severity

    def done_at(self, instant_ms: int) -> str:
        """When somebody did something."""
        return times.at_clock(instant_ms, self.now_ms, self.lang)

    def condition(self, alert: Alert) -> str:
        """What the data say of an alert."""
        seen = alert.condition == "latched" and alert.attention == "acked"
        return self("state-latched-seen" if seen else f"state-{alert.condition}")

    def told(self, curve: Curve, value: float) -> str:
        """A value of a curve, with its unit."""
        return curves.told(curve, value, self.lang)

    def measured(self, value: EvidenceValue) -> str:
        """What was measured, and how much, as it was sent; or which symptoms were worse."""
        if is_questionnaire(value.about):
            return self._answered(value)
        try:
            row = observed(value.about)
        except KeyError:
            name = value.about
        else:
            name = row.name_da if self.lang == "da" else row.name_en
        text = value.value.replace(".", ",") if self.lang == "da" else value.value
        return f"{name} {text} {value.unit}".rstrip()

    def amount(self, about: str, values: Sequence[str | None]) -> str:
        """Values of a catalogue row as one writes them: 188/114 mmHg; empty where none is there."""
        row = observed(about)
        text = "/".join(value for value in values if value is not None)
        text = text.replace(".", ",") if self.lang == "da" else text
        unit = row.unit_text if isinstance(row, Metric) else metric(row.components[0]).unit_text
        return f"{text} {unit}".rstrip() if text else ""

    def kind_of(self, about: str) -> str:
        """The name of a catalogue row."""
        row = observed(about)
        return row.name_da if self.lang == "da" else row.name_en

    def _answered(self, value: EvidenceValue) -> str:
        asked = questionnaire(value.about)
        rows = [
            symptom(alias)
            for alias, said in zip(asked.components, value.value.split("/"), strict=True)
            if said == YES
        ]
        names = [row.name_da if self.lang == "da" else row.name_en for row in rows]
        return self("symptoms", names=", ".join(names)) if names else self("symptoms-none")

    def address(self, value: EvidenceValue) -> str:
        """Where the record behind a value is read as FHIR."""
        kind = "QuestionnaireResponse" if is_questionnaire(value.about) else "Observation"
        return f"/fhir/{kind}/{value.observation}"

    def symptom(self, alias: str) -> str:
        """The name of a symptom."""
        row = symptom(alias)
        return row.name_da if self.lang == "da" else row.name_en

    def day(self, instant_ms: int) -> str:
        """The day of a moment, as short as it can be said."""
        day = times.local(instant_ms)
        return f"{day.day}/{day.month}"

    def fact(self, fact: Fact) -> str:
        """What holds of a citizen, and from when until when."""
        value = None if fact.value is None else float(fact.value)
        name = self(fact.kind, value=self.number(value)) if value is not None else self(fact.kind)
        day = times.full_day(times.local(_ms(fact.since)).date(), self.lang)
        if fact.to is None:
            return self("fact-since", fact=name, day=day)
        end = times.full_day(times.local(_ms(fact.to)).date(), self.lang)
        return self("fact-until", fact=name, day=day, end=end)

    def request(self, request: Request) -> str:
        """What a citizen is asked, and whether the home has been told."""
        told = request.sent_until >= int(local_days(self.now_ms))
        until = request.sent_until if told else request.until
        day = times.day(calendar_day(until), self.lang)
        return self("asked" if told else "asked-waits", day=day)

    def limits(self, limits: list[float | None], relative: bool = False) -> str:
        """Personal limits as text, the low ones first."""
        keys = _CHANGE_KEYS if relative else _LIMIT_KEYS
        told = [
            self(key, value=self.number(limit))
            for key, limit in zip(keys, limits, strict=False)
            if limit is not None
        ]
        return " · ".join(told) if told else self("limits-none")

    def signal(self, alias: str) -> str:
        """The name of a signal; its alias when there is none."""
        for signal in SIGNALS:
            if signal.alias == alias:
                return signal.name_da if self.lang == "da" else signal.name_en
        return alias

    def rule(self, name: str) -> Rule | None:
        """The rule with this id or slug, if the rulebook has it."""
        return self._rulebook.named(name) if self._rulebook else None

    def watched(self, row: Row) -> str:
        """The names of the rules that hold and make no alert yet."""
        rules = [rule for rule in map(self.rule, row.watched) if rule]
        return ", ".join(rule.name_da if self.lang == "da" else rule.name_en for rule in rules)

    def unable(self, row: Row) -> list[Unable]:
        """Which rules could not run, grouped by why."""
        groups: dict[str, list[str]] = {}
        for name in row.unable:
            rule = self.rule(name)
            told = name if rule is None else rule.name_da if self.lang == "da" else rule.name_en
            groups.setdefault(self._reason(row, name), []).append(told)
        return [Unable(names, reason) for reason, names in groups.items()]

    def deed(self, event: AlertEvent) -> str:
        """What happened to an alert."""
        known = event.what in _KNOWN_DEEDS
        return self(f"did-{event.what}") if known else self("did-other", what=event.what)

    def actor(self, event: AlertEvent) -> str:
        """Who did it."""
        return self("actor-rules") if event.actor == _RULES_ACTOR else event.actor

    def remark(self, event: AlertEvent) -> str:
        """What a person wrote, or why the rules changed what they had said; sentences stand
        elsewhere.
        """
        if event.actor != _RULES_ACTOR:
            return event.detail
        return next((self(f"why-{one}") for one in REASONS if one in event.detail), "")

    def reason(self, alert: Alert) -> str:
        """Why the rules took an alert back."""
        return self(f"why-{alert.reason}") if alert.reason in REASONS else alert.reason

    def plan(self, citizen: Citizen) -> str:
        """When the citizen is expected to measure."""
        names = self("days").split()
        days = [
            name for name, digit in zip(names, citizen.plan.weekdays, strict=True) if digit == "1"
        ]
        told = self("every-day") if len(days) == len(names) else ", ".join(days)
        time = citizen.plan.due
        return self("plan", days=told, time=time.replace(":", ".") if self.lang == "da" else time)

    def _reason(self, row: Row, name: str) -> str:
        rule = self.rule(name)
        if row.last_measured_ms is None:
            return self("unable-none")
        if rule is None or not rule.per_week_min:
            return self("unable-few")
        days, count = self.number(rule.lookback_days), self.number(rule.per_week_min)
        return self("unable-rate", days=days, count=count)


def meaning(lang: Lang, colour: str) -> str:
    """What is expected of staff when they see this colour; the documents print the same."""
    days = UNHANDLED_HOURS["yellow"] / (WORKDAY_HOURS[1] - WORKDAY_HOURS[0])
    fields = {"yellow_days": f"{days:.0f}", "red_hours": f"{UNHANDLED_HOURS['red']:.0f}"}
    return say(lang, f"{colour}-means", **fields)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
