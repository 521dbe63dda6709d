"""Every word that the page says, Danish and English side by side.

In: a key, a language and the fields of the text. Out: plain text, not yet escaped. The sentences
about a rule are not here: they belong to the rule (`alerting.rules.explain`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from alerting.web.texts_worklist import WORKLIST_TEXTS

Lang = Literal["da", "en"]
LANGS: tuple[Lang, ...] = ("da", "en")
DEFAULT_LANG: Lang = "da"

_ROWS: Mapping[str, tuple[str, str]] = {
    **WORKLIST_TEXTS,
    # The frame of every page
    "brand": ("Hjemmepuls", "Hjemmepuls"),
    "skip": ("Gå til listen", "Skip to the list"),
    "other-lang": ("English", "Dansk"),
    "footer": (
        "Kun denne maskine · ikke medicinsk udstyr",
        "This machine only · not a medical device",
    ),
    "footer-people": ("Alle personer er opdigtede.", "Every person is invented."),
    "footer-urgent": (
        "Ikke en nødalarm: ved akut sygdom ringes 112.",
        "Not an emergency alarm: in acute illness call 112.",
    ),
    "gone": (
        "Ingen forbindelse. Det, du ser, er fra kl. {time} og kan være forældet.",
        "No connection. What you see is from {time} and may be out of date.",
    ),
    "away": (
        "Serveren kan ikke læse sine data. Det, du ser, er fra kl. {time} og kan være forældet.",
        "The server cannot read its data. What you see is from {time} and may be out of date.",
    ),
    # What is not well; each alone, and with the time since when
    "trouble": ("Listen kan være forældet.", "The list may be out of date."),
    "last-news": ("Seneste måling modtaget {time}.", "Last measurement received {time}."),
    "trouble-record-store": ("Målingerne kan ikke læses.", "The measurements cannot be read."),
    "trouble-record-store-since": (
        "Målingerne kan ikke læses siden {time}.",
        "The measurements cannot be read since {time}.",
    ),
    "trouble-alert-store": (
        "Alarmer er endnu ikke gemt siden start: det, du gør, bliver måske ikke gemt.",
        "No alert has been saved since the start yet: what you do may not be saved.",
    ),
    "trouble-alert-store-since": (
        "Alarmer kan ikke gemmes siden {time}: nye vises ikke, og det, du gør, gemmes ikke.",
        "Alerts cannot be saved since {time}: new ones do not show, what you do is not saved.",
    ),
    "trouble-evaluator": (
        "Reglerne har ikke vurderet målingerne endnu.",
        "The rules have not judged the measurements yet.",
    ),
    "trouble-evaluator-since": (
        "Reglerne har ikke kørt siden {time}: nye målinger bliver ikke vurderet.",
        "The rules have not run since {time}: new measurements are not judged.",
    ),
    "trouble-unjudged": (
        "Målinger venter på at blive vurderet.",
        "Measurements wait to be judged.",
    ),
    "trouble-unjudged-since": (
        "Målinger har ventet siden {time} på at blive vurderet.",
        "Measurements have waited since {time} to be judged.",
    ),
    "trouble-citizens": (
        "1 borger kan ikke vurderes på grund af en teknisk fejl; alle andre bliver vurderet.",
        "1 citizen cannot be assessed because of a technical fault; all others are.",
    ),
    "trouble-citizens-many": (
        "{count} borgere kan ikke vurderes på grund af en teknisk fejl; alle andre bliver det.",
        "{count} citizens cannot be assessed because of a technical fault; all others are.",
    ),
    "trouble-ingest": (
        "Målinger bliver ikke modtaget: modtagelsen er ikke i gang.",
        "Measurements are not received: what receives them does not run.",
    ),
    "trouble-ingest-since": (
        "Målinger bliver ikke modtaget: intet livstegn fra modtagelsen siden {time}.",
        "Measurements are not received: no sign of life of what receives them since {time}.",
    ),
    "trouble-broker": (
        "Målinger bliver ikke modtaget: forbindelsen til hjemmene er afbrudt.",
        "Measurements are not received: the connection to the homes is lost.",
    ),
    "trouble-broker-since": (
        "Målinger bliver ikke modtaget: forbindelsen til hjemmene er afbrudt siden {time}.",
        "Measurements are not received: the connection to the homes is lost since {time}.",
    ),
    "trouble-silence": (
        "Der kommer ingen målinger, selv om de skulle være kommet.",
        "No measurements arrive although they were due.",
    ),
    "trouble-silence-since": (
        "Ingen målinger er modtaget siden {time}, selv om de skulle være kommet.",
        "No measurement was received since {time} although they were due.",
    ),
    "trouble-disk": (
        "Disken er næsten fuld: snart kan intet gemmes.",
        "The disk is nearly full: soon nothing can be saved.",
    ),
    "trouble-disk-since": ("Disken er næsten fuld.", "The disk is nearly full."),
    "not-saved": (
        "Vi ved ikke, om det blev gemt. Siden viser det, når forbindelsen er tilbage.",
        "We do not know whether it was saved. The page will tell when the connection is back.",
    ),
    "behind": (
        "Reglerne er bagud: {count} målinger er ikke vurderet endnu.",
        "The rules are behind: {count} measurements have not been assessed yet.",
    ),
    "updated": ("Opdateret kl. {time}", "Updated {time}"),
    # What a citizen answered
    "symptoms": ("Symptomer: {names}", "Symptoms: {names}"),
    "symptoms-none": ("Symptomer: intet er værre", "Symptoms: nothing is worse"),
    # The patient page
    "back": ("Til arbejdslisten", "To the worklist"),
    "born": ("født {date} · CPR skjult", "born {date} · CPR hidden"),
    "changes": ("Målinger, der ikke er, som de kom", "Measurements that are not as they came"),
    "change-withdrawn": ("trukket tilbage", "taken back"),
    "change-corrected": ("rettet", "corrected"),
    "change-conflict": (
        "modstrid: to værdier for samme måling, den første bruges",
        "conflict: two values of one measurement, the first is used",
    ),
    "change-unusable": (
        "apparatet siger selv, at den ikke kan bruges",
        "its own device says that it cannot be used",
    ),
    "change-clock-ahead": (
        "apparatets ur gik hele timer foran; tidspunktet er rettet",
        "the device's clock was whole hours ahead; the time is corrected",
    ),
    "change-before": ("før {value}", "before {value}"),
    "symptoms-over-time": ("Svar om symptomer", "Answers about symptoms"),
    "said-yes-mark": ("ja", "yes"),
    "said-no-mark": ("nej", "no"),
    "not-asked": ("ikke spurgt", "not asked"),
    "curves": ("Målinger, seneste {days} dage", "Measurements, last {days} days"),
    "no-curves": ("Ingen målinger i perioden.", "No measurements in this period."),
    "alerts": ("Alarmer", "Alerts"),
    "no-alerts": ("Ingen alarmer.", "No alerts."),
    "fhir": ("Målinger som FHIR", "Measurements as FHIR"),
    "fhir-patient": ("Borger som FHIR", "Citizen as FHIR"),
    "plan": ("Målinger aftalt {days} senest kl. {time}", "Measurements planned {days} by {time}"),
    "asked": (
        "Bedt om at måle dagligt til og med {day}",
        "Asked to measure daily up to and including {day}",
    ),
    "asked-waits": (
        "Skal bedes om at måle dagligt til og med {day}; beskeden er ikke sendt endnu",
        "To be asked to measure daily up to and including {day}; the message is not sent yet",
    ),
    "every-day": ("alle dage", "every day"),
    "oxygen": ("Iltbehandling", "Oxygen therapy"),
    "scale2": ("Mål for iltmætning 88-92 %", "Saturation target 88-92 %"),
    "beta-blocker": ("Betablokker", "Beta-blocker"),
    "pacemaker": ("Pacemaker", "Pacemaker"),
    "atrial-fibrillation": ("Atrieflimren", "Atrial fibrillation"),
    "prednisolone": ("Prednisolonkur", "Course of prednisolone"),
    "antibiotic": ("Antibiotikakur", "Course of antibiotics"),
    "diuretic-change": ("Vanddrivende ændret", "Diuretic changed"),
    "admission": ("Indlagt", "Admitted"),
    "travel": ("Bortrejst", "Travelling"),
    "fact-since": ("{fact} fra {day}", "{fact} from {day}"),
    "fact-until": ("{fact} fra {day} til {end}", "{fact} from {day} to {end}"),
    "relative-limits": ("Ændring der tæller", "Change that counts"),
    "base": ("Besluttet udgangspunkt", "Base decided"),
    "dry-weight": ("Tørvægt {value} kg", "Dry weight {value} kg"),
    "curve-label": (
        "{name}, seneste {days} dage: {count} målinger, seneste {last}{usual}",
        "{name}, last {days} days: {count} measurements, latest {last}{usual}",
    ),
    "curve-usual": (", habituelt {value}", ", usually {value}"),
    "curve-doubtful": ("usikker måling, ikke brugt", "doubtful, not used"),
    "curve-table": ("Vis som tabel", "Show as a table"),
    "curve-time": ("Tidspunkt", "Time"),
    "curve-value": ("Værdi", "Value"),
    "legend-usual": ("habituelt ± 2 sd", "usual ± 2 sd"),
    "legend-yellow": ("gul grænse", "yellow limit"),
    "legend-red": ("rød grænse", "red limit"),
    "legend-relative": ("egen grænse for ændring", "personal limit of change"),
    "legend-onset": ("alarm begynder", "alert begins"),
    "legend-doubtful": ("usikker måling", "doubtful"),
    "limits-red-low": ("rød {value} eller lavere", "red {value} or lower"),
    "limits-yellow-low": ("gul {value} eller lavere", "yellow {value} or lower"),
    "limits-yellow-high": ("gul {value} eller højere", "yellow {value} or higher"),
    "limits-red-high": ("rød {value} eller højere", "red {value} or higher"),
    "change-red-low": ("rød -{value}", "red -{value}"),
    "change-yellow-low": ("gul -{value}", "yellow -{value}"),
    "change-yellow-high": ("gul +{value}", "yellow +{value}"),
    "change-red-high": ("rød +{value}", "red +{value}"),
    "limits-none": ("ingen personlige grænser", "no personal limits"),
    # An alert's evidence and history
    "evidence": ("Grundlag", "Evidence"),
    "rule": ("Regel", "Rule"),
    "rule-version": (
        "{rule}, version {version} · regelsæt {rulebook}",
        "{rule}, version {version} · rulebook {rulebook}",
    ),
    "evidence-value": ("Værdi", "Value"),
    "evidence-limit": ("Grænse", "Limit"),
    "evidence-extra": ("Beregnet", "Derived"),
    "baseline": ("Habituelt", "Usual"),
    "baseline-is": (
        "{mean} (sd {sd}, {n} effektive målinger)",
        "{mean} (sd {sd}, {n} effective measurements)",
    ),
    "limits": ("Personlige grænser", "Personal limits"),
    "parameters": ("Reglens tal", "The rule's numbers"),
    "values": ("Målinger brugt", "Measurements used"),
    "history": ("Forløb", "History"),
    "onset": ("Begyndte", "Began"),
    "detected": ("Opdaget", "Detected"),
    "cleared-at": ("Ophørte", "Ended"),
    "reason": ("Begrundelse", "Reason"),
    "why-late-data": ("Senere data ændrede billedet", "Later data changed the picture"),
    "why-enrolment-changed": ("Tilmelding eller grænser ændret", "Enrolment or limits changed"),
    "why-rebuilt-from-the-records": ("Vurderet forfra ved genstart", "Judged anew at a restart"),
    "why-measurement-withdrawn": ("En måling blev trukket tilbage", "A measurement was withdrawn"),
    "state-active": ("åben", "open"),
    "state-latched": ("ophørt, ikke set", "ended, not seen"),
    "state-latched-seen": ("ophørt, ikke afsluttet", "ended, not closed"),
    "state-cleared": ("afsluttet", "over"),
    "state-retracted": ("trukket tilbage", "retracted"),
    "did-opened": ("Alarmen blev rejst", "The alert was raised"),
    "did-reopened": ("Begyndte igen inden for en uge", "Began again within a week"),
    "did-found": ("Nyt fund", "New finding"),
    "did-called": ("Fortsætter efter en uge", "Goes on after a week"),
    "did-resumed": ("Var alligevel ikke ophørt", "Had not ended after all"),
    "did-escalated": ("Ikke set i tide", "Not looked at in time"),
    "did-raised": ("Blev værre", "Got worse"),
    "did-worsened": ("Blev værre inden for samme farve", "Got worse within the same colour"),
    "did-revised": ("Rettet efter nye data", "Revised by new data"),
    "did-latched": ("Ophørte, men er ikke afsluttet", "Ended, but is not closed"),
    "did-cleared": ("Afsluttet", "Over"),
    "did-retracted": ("Trukket tilbage", "Retracted"),
    "did-acknowledged": ("Kvitteret", "Acknowledged"),
    "did-started": ("Kontakt forsøges", "Trying to reach the citizen"),
    "did-snoozed": ("Udsat", "Put off"),
    "did-returned": ("Ikke længere udsat", "No longer put off"),
    "did-resolved": ("Afsluttet med udfald", "Closed with an outcome"),
    "did-noted": ("Note", "Note"),
    "did-undone": ("Fortrudt", "Taken back"),
    "did-other": ("Ændret ({what})", "Changed ({what})"),
    "actor-rules": ("reglerne", "the rules"),
    # Errors as pages
    "error-404": ("Siden findes ikke", "There is no such page"),
    "error-503": ("Data kan ikke læses lige nu", "The data cannot be read right now"),
    "error-other": ("Forespørgslen kunne ikke besvares", "The request could not be answered"),
    "error-hint": ("Prøv igen om et øjeblik.", "Try again in a moment."),
    # Time
    "minutes-ago": ("for {count} min. siden", "{count} min ago"),
    "hour-ago": ("for 1 time siden", "1 hour ago"),
    "hours-ago": ("for {count} timer siden", "{count} hours ago"),
    "just-now": ("lige nu", "just now"),
    "today": ("i dag", "today"),
    "yesterday": ("i går", "yesterday"),
    "at-clock": ("kl. {time}", "at {time}"),
    "today-at": ("i dag {time}", "today {time}"),
    "yesterday-at": ("i går {time}", "yesterday {time}"),
    "day-at": ("{day} {time}", "{day} {time}"),
    "days": (
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    ),
    "months": (
        "jan. feb. marts april maj juni juli aug. sept. okt. nov. dec.",
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    ),
}  # fmt: skip

TEXTS: Mapping[Lang, Mapping[str, str]] = MappingProxyType(
    {
        lang: MappingProxyType({key: row[place] for key, row in _ROWS.items()})
        for place, lang in enumerate(LANGS)
    }
)


def say(lang: Lang, key: str, **fields: object) -> str:
    """The text of this key in this language; KeyError for an unknown key or a missing field.

    >>> say("da", "minutes-ago", count=5)
    'for 5 min. siden'
    """
    text = TEXTS[lang][key]
    return text.format(**fields) if fields else text


def language_of(asked: str | None) -> Lang:
    """The language that was asked for, or Danish.

    >>> language_of("en"), language_of("xx"), language_of(None)
    ('en', 'da', 'da')
    """
    return asked if asked in LANGS else DEFAULT_LANG
