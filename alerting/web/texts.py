"""Every word that the page says, Danish and English side by side.

In: a key, a language and the fields of the text. Out: plain text, not yet escaped. The sentences
about a rule are not here: they belong to the rule (`alerting.rules.explain`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Lang = Literal["da", "en"]
LANGS: tuple[Lang, ...] = ("da", "en")
DEFAULT_LANG: Lang = "da"

_ROWS: Mapping[str, tuple[str, str]] = {
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
    "stale": (
        "Forbindelsen er afbrudt. Listen er fra kl. {time} og kan være forældet.",
        "The connection is lost. The list is from {time} and may be out of date.",
    ),
    "behind": (
        "Reglerne er bagud: {count} målinger er ikke vurderet endnu.",
        "The rules are behind: {count} measurements have not been assessed yet.",
    ),
    "updated": ("Opdateret kl. {time}", "Updated {time}"),
    # What a citizen answered
    "symptoms": ("Symptomer: {names}", "Symptoms: {names}"),
    "symptoms-none": ("Symptomer: intet er værre", "Symptoms: nothing is worse"),
    # The worklist
    "worklist": ("Arbejdsliste", "Worklist"),
    "lead-none": ("Ingen røde alarmer venter", "No red alerts are waiting"),
    "lead-one": ("1 borger skal kontaktes i dag", "1 citizen to contact today"),
    "lead-many": ("{count} borgere skal kontaktes i dag", "{count} citizens to contact today"),
    "lead-others": (
        "{count} andre venter på at blive set på.",
        "{count} others are waiting to be looked at.",
    ),
    "lead-rest": ("Ingen andre venter.", "Nobody else is waiting."),
    "your-name": ("Dit navn", "Your name"),
    "your-name-hint": ("Skrives på det, du kvitterer for", "Written on what you acknowledge"),
    "filters": ("Vis kun en farve", "Show one colour only"),
    "all": ("Alle", "All"),
    "waiting": ("{count} venter", "{count} waiting"),
    "list-of": ("Borgere, mest alvorlige først", "Citizens, most serious first"),
    "list-empty": ("Ingen borgere her.", "No citizens here."),
    "years": ("{count} år", "{count} years"),
    "copd": ("KOL", "COPD"),
    "heart-failure": ("Hjertesvigt", "Heart failure"),
    "both": ("KOL og hjertesvigt", "COPD and heart failure"),
    "paused": ("På pause", "Paused"),
    "no-phone": ("Intet telefonnummer", "No phone number"),
    "call": ("Ring til {name}", "Call {name}"),
    "since": ("Begyndte {time}", "Began {time}"),
    "more": ("+{count} mere", "+{count} more"),
    "acknowledge": ("Kvittér", "Acknowledge"),
    "acknowledge-all": ("Kvittér alle {count}", "Acknowledge all {count}"),
    "acknowledge-for": ("Kvittér for {name}", "Acknowledge for {name}"),
    "with-note": ("Skriv en note", "Write a note"),
    "note": ("Note", "Note"),
    "note-hint": ("Fx: ringet, føler sig godt tilpas", "E.g. called, feels well"),
    "acknowledged-by": ("Kvitteret af {name} {time}", "Acknowledged by {name} {time}"),
    "put-off": ("Udsat til {time}: {reason}", "Put off until {time}: {reason}"),
    "in-progress": ("I gang: {name}, {time}", "In progress: {name}, {time}"),
    "closed-with": ("Afsluttet: {outcome}", "Closed: {outcome}"),
    "outcome-treated": ("behandlet", "treated"),
    "outcome-contact-only": ("kun kontakt", "contact only"),
    "outcome-false-technical": ("falsk alarm, teknisk", "false alarm, technical"),
    "outcome-false-physiological": ("falsk alarm, fysiologisk", "false alarm, physiological"),
    "outcome-referred": ("henvist", "referred"),
    "outcome-admitted": ("indlagt", "admitted"),
    "outcome-limits-adjusted": ("grænser justeret", "limits adjusted"),
    "urge-red": ("Ring i dag", "Call today"),
    "urge-yellow": ("Vurdér ved næste gennemgang", "Assess at the next round"),
    "urge-blue": ("Mind om målingen", "Remind of the measurement"),
    "urge-technical": ("Bed om en ny måling", "Ask for a new measurement"),
    "urge-late": ("Ring i dag: ikke set i 3 hverdage", "Call today: not seen for 3 working days"),
    "watched": ("Holdes øje med, endnu ingen alarm", "Watched, no alert yet"),
    "also": ("Desuden", "Also"),
    "about-copd": ("KOL", "COPD"),
    "about-heart-failure": ("Hjertesvigt", "Heart failure"),
    "about-general": ("Almen tilstand", "General condition"),
    "about-missing": ("Manglende målinger", "Missing measurements"),
    "about-technical": ("Måling og udstyr", "Measuring and device"),
    "findings": ("Fund", "Findings"),
    "over-since": ("ophørt {time}", "over {time}"),
    "goes-on": ("Fortsættelse af en tidligere alarm", "Goes on from an earlier alert"),
    "escalated": ("Ikke set i tide", "Not looked at in time"),
    "latched": (
        "Ikke længere uden for grænsen, men endnu ikke set.",
        "No longer outside the limit, but nobody has looked yet.",
    ),
    "latched-seen": (
        "Ikke længere uden for grænsen, men endnu ikke afsluttet.",
        "No longer outside the limit, but not closed yet.",
    ),
    "last-measured": ("Seneste måling {time}", "Last measurement {time}"),
    "never-measured": ("Endnu ingen målinger", "No measurements yet"),
    "unable": ("Kan ikke vurderes", "Cannot be assessed"),
    "unable-few": ("for få målinger eller ingen grænser", "too few measurements or no limits"),
    "unable-none": ("ingen målinger modtaget", "no measurements received"),
    "unable-rate": (
        "for få målinger; reglen ser tilbage over {days} dage og bør have mindst {count} om ugen",
        "too few measurements; the rule looks back {days} days and wants at least {count} a week",
    ),
    "show-green": ("{count} borgere uden afvigelse", "{count} citizens without deviation"),
    "show-green-one": ("1 borger uden afvigelse", "1 citizen without deviation"),
    "usual": ("habituelt {value}", "usually {value}"),
    # What happened after a press of the button
    "said-done": ("Kvitteret.", "Acknowledged."),
    "said-changed": (
        "Ikke kvitteret: alarmen har ændret sig, siden siden blev vist. Se den igennem igen.",
        "Not acknowledged: the alert has changed since the page was shown. Please look again.",
    ),
    "said-taken": (
        "En kollega har allerede kvitteret.",
        "A colleague has already acknowledged this.",
    ),
    "said-name": (
        "Skriv dit navn (1-80 tegn) for at kvittere.",
        "Write your name (1-80 characters) to acknowledge.",
    ),
    "said-note": (
        "Noten er for lang eller har tegn, der ikke kan vises (højst 500 tegn).",
        "The note is too long or has characters that cannot be shown (500 at most).",
    ),
    "said-gone": ("Alarmen findes ikke.", "There is no such alert."),
    # Colours, always with a word and an action
    "red": ("Rød", "Red"),
    "yellow": ("Gul", "Yellow"),
    "blue": ("Blå", "Blue"),
    "technical": ("Teknisk", "Technical"),
    "insufficient-data": ("Kan ikke vurderes", "Cannot be assessed"),
    "green": ("Grøn", "Green"),
    "red-means": ("Kontakt borgeren i dag", "Contact the citizen today"),
    "yellow-means": ("Vurdér inden for 2 arbejdsdage", "Assess within 2 working days"),
    "blue-means": ("Måling mangler", "Measurement missing"),
    "technical-means": ("Tjek måling eller udstyr", "Check measurement or device"),
    "insufficient-data-means": ("For få data", "Too few data"),
    "green-means": ("Ingen afvigelse", "No deviation"),
    # The patient page
    "back": ("Til arbejdslisten", "To the worklist"),
    "born": ("født {date} · CPR skjult", "born {date} · CPR hidden"),
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
