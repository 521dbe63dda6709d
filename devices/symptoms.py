"""The symptoms that are asked about, and the questionnaires that ask: one row each.

In: nothing. Out: `SYMPTOMS`, `QUESTIONNAIRES` and look-ups; read by the simulated tablet, ingest,
the FHIR renderings, the rules and the pages. Changing a question is adding a row with the next
version: a response is read, for ever, with the row that it answered.

What is asked, and in which order, follows the KOL tree of OpenTele ("KOL målinger og spørgsmål",
version 11): more dyspnoea, more cough, and only with one of these the sputum, its amount and its
colour (majors of Anthonisen 1987). The tree's advice and its questions about treatment are left
to the clinic. Here the colour is asked whatever the amount, since purulence alone changes what is
done. For heart failure the signs of ESC's guideline on worsening are asked: chest pain and
fainting first, then dyspnoea, orthopnoea or waking breathless (PND), oedema and dizziness. Whoever
has chest pain or has fainted is told at once to ring 112, and need not go on: what was answered
until then is taken. All words are our own.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from devices.questionnaire import YES, Question, Questionnaire, Symptom

SYMPTOMS: tuple[Symptom, ...] = (
    Symptom("dyspnoea", "Åndenød", "Breathlessness"),
    Symptom("cough", "Hoste", "Cough"),
    Symptom("sputum", "Mere slim", "More sputum"),
    Symptom("sputum_colour", "Gult eller grønt slim", "Yellow or green sputum"),
    Symptom("oedema", "Hævelse", "Swelling"),
    Symptom("orthopnoea", "Åndenød om natten", "Breathlessness at night"),
    Symptom("dizziness", "Svimmelhed", "Dizziness"),
    Symptom("chest_pain", "Brystsmerter", "Chest pain"),
    Symptom("syncope", "Besvimelse", "Fainting"),
)
"""In the order in which the rules number them."""

CALL_112_DA: Final = "Ring 112 nu. Vent ikke på, at nogen ser dit svar."
CALL_112_EN: Final = "Call 112 now. Do not wait for anybody to see your answer."

_CHEST_PAIN = Question(
    "chest_pain",
    "Har du smerter eller et tryk i brystet lige nu?",
    "Do you have pain or pressure in your chest right now?",
    (),
    CALL_112_DA,
    CALL_112_EN,
)
_SYNCOPE = Question(
    "syncope",
    "Er du besvimet siden sidst?",
    "Have you fainted since last time?",
    (),
    CALL_112_DA,
    CALL_112_EN,
)
_DYSPNOEA = Question(
    "dyspnoea",
    "Har du mere åndenød, end du plejer?",
    "Are you more short of breath than you usually are?",
)
_COUGH = Question(
    "cough",
    "Hoster du mere, end du plejer?",
    "Are you coughing more than you usually do?",
)
_SPUTUM = Question(
    "sputum",
    "Hoster du mere slim op, end du plejer?",
    "Are you coughing up more sputum than you usually do?",
    (("dyspnoea", YES), ("cough", YES)),
)
_COLOUR = Question(
    "sputum_colour",
    "Er dit slim mere gult eller grønt, end det plejer at være?",
    "Is your sputum more yellow or green than it usually is?",
    (("dyspnoea", YES), ("cough", YES)),
)
_ORTHOPNOEA = Question(
    "orthopnoea",
    "Er du vågnet om natten med åndenød, eller har du brugt flere puder end du plejer?",
    "Have you woken up breathless at night, or used more pillows than you usually do?",
)
_OEDEMA = Question(
    "oedema",
    "Er dine ben, fødder eller mave mere hævede, end de plejer?",
    "Are your legs, feet or belly more swollen than they usually are?",
)
_DIZZINESS = Question(
    "dizziness",
    "Er du mere svimmel, end du plejer?",
    "Are you more dizzy than you usually are?",
)

QUESTIONNAIRES: tuple[Questionnaire, ...] = (
    Questionnaire(
        alias="symptoms_copd_1",
        id="symptoms-copd",
        version="1",
        title_da="Dine symptomer (KOL)",
        title_en="Your symptoms (COPD)",
        conditions=frozenset({"copd"}),
        questions=(_DYSPNOEA, _COUGH, _SPUTUM, _COLOUR),
    ),
    Questionnaire(
        alias="symptoms_heart_failure_1",
        id="symptoms-heart-failure",
        version="1",
        title_da="Dine symptomer (hjertesvigt)",
        title_en="Your symptoms (heart failure)",
        conditions=frozenset({"heart-failure"}),
        questions=(
            _CHEST_PAIN,
            _SYNCOPE,
            _DYSPNOEA,
            _ORTHOPNOEA,
            _OEDEMA,
            _DIZZINESS,
        ),
    ),
    Questionnaire(
        alias="symptoms_both_1",
        id="symptoms-both",
        version="1",
        title_da="Dine symptomer (KOL og hjertesvigt)",
        title_en="Your symptoms (COPD and heart failure)",
        conditions=frozenset({"both"}),
        questions=(
            _CHEST_PAIN,
            _SYNCOPE,
            _DYSPNOEA,
            _COUGH,
            _SPUTUM,
            _COLOUR,
            _ORTHOPNOEA,
            _OEDEMA,
            _DIZZINESS,
        ),
    ),
)

_SYMPTOM: Mapping[str, Symptom] = MappingProxyType({row.alias: row for row in SYMPTOMS})
_BY_ALIAS: Mapping[str, Questionnaire] = MappingProxyType(
    {row.alias: row for row in QUESTIONNAIRES}
)
_BY_KEY: Mapping[str, Questionnaire] = MappingProxyType({row.key: row for row in QUESTIONNAIRES})

RESPONSES: tuple[str, ...] = tuple(_BY_ALIAS)
"""Aliases of everything that becomes a QuestionnaireResponse, in order of the rows."""


def symptom(alias: str) -> Symptom:
    """The symptom with this alias; KeyError when there is none."""
    return _SYMPTOM[alias]


def questionnaire(alias: str) -> Questionnaire:
    """The row with this alias; KeyError when there is none."""
    return _BY_ALIAS[alias]


def is_questionnaire(alias: str) -> bool:
    """Whether this is the alias of a questionnaire, and not of a metric or panel."""
    return alias in _BY_ALIAS


def questionnaire_for(questionnaire_id: str, version: str) -> Questionnaire | None:
    """The row of a questionnaire in one version, if known.

    >>> questionnaire_for("symptoms-copd", "1").alias
    'symptoms_copd_1'
    >>> questionnaire_for("symptoms-copd", "0") is None
    True
    """
    return _BY_KEY.get(f"{questionnaire_id}|{version}")


def questionnaire_of(condition: str) -> Questionnaire:
    """The newest questionnaire for citizens with this condition; KeyError when there is none."""
    found = [row for row in QUESTIONNAIRES if condition in row.conditions]
    if not found:
        raise KeyError(condition)
    return found[-1]
