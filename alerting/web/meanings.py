"""What the numbers of a rule's evidence mean, in Danish; the rules say it in English.

Plain data: the English words of `Rule.evidence`, and the Danish ones. A rule whose words are not
here shows the English ones.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NOT_SHOWN: Final = frozenset(
    {
        "absent parameters, packed",
        "which, packed",
        "its column in SIGNALS, or one beyond the last for answers",
    }
)
"""Numbers that only a program reads: the sentence says in words what they hold."""
MEANINGS_DA: Final[Mapping[str, str]] = MappingProxyType(
    {
        "saturation, %": "iltmætning, %",
        "personal low limit, %": "personlig nedre grænse, %",
        "saturation that counts, %": "iltmætning, der tæller, %",
        "base minus the drop that counts, %": "udgangspunkt minus det fald, der tæller, %",
        "drop, percentage points": "fald, procentpoint",
        "baseline minus the sd that count, %": "habituelt minus de sd, der tæller, %",
        "sd below the baseline": "sd under det habituelle",
        "slope that counts, % a day": "hældning, der tæller, % om dagen",
        "slope, % a day": "hældning, % om dagen",
        "pulse, /min": "puls, /min",
        "nearest personal limit, /min": "nærmeste personlige grænse, /min",
        "base plus the rise that counts, /min": "udgangspunkt plus den stigning, der tæller, /min",
        "rise, /min": "stigning, /min",
        "mean of fall and rise, sd": "gennemsnit af fald og stigning, sd",
        "score that counts, sd": "score, der tæller, sd",
        "FEV1, L": "FEV1, L",
        "FEV1 at which both share and litres count, L": (
            "FEV1, hvor både andel og liter tæller, L"
        ),
        "drop, % of the base": "fald, % af udgangspunktet",
        "FEV1 that counts, L": "FEV1, der tæller, L",
        "mean of the last seven, L": "gennemsnit af de seneste syv, L",
        "weight, kg": "vægt, kg",
        "gain that must be exceeded, kg": "stigning, der skal overskrides, kg",
        "gain, kg": "stigning, kg",
        "gain that counts, kg": "stigning, der tæller, kg",
        "difference that counts, kg": "forskel, der tæller, kg",
        "difference, kg": "forskel, kg",
        "dry weight plus the excess that counts, kg": ("tørvægt plus den overvægt, der tæller, kg"),
        "weight above dry weight, kg": "vægt over tørvægt, kg",
        "weight that counts against a month ago, kg": (
            "vægt, der tæller i forhold til for en måned siden, kg"
        ),
        "change, kg": "ændring, kg",
        "systolic, mmHg": "systolisk, mmHg",
        "personal low limit, mmHg": "personlig nedre grænse, mmHg",
        "personal high limit of the worse of the two, mmHg": (
            "personlig øvre grænse for det værste af de to, mmHg"
        ),
        "diastolic, mmHg": "diastolisk, mmHg",
        "base with the shift that counts, mmHg": ("udgangspunkt med den ændring, der tæller, mmHg"),
        "shift, mmHg": "ændring, mmHg",
        "shock index, pulse over systolic": "shockindeks, puls i forhold til systolisk",
        "index that counts": "indeks, der tæller",
        "pulse pressure over systolic; below a quarter counts, too": (
            "pulstryk i forhold til systolisk; under en fjerdedel tæller også"
        ),
        "points, at least": "point, mindst",
        "points that count": "point, der tæller",
        "symptoms answered yes": "symptomer med svaret ja",
        "how many count": "så mange tæller",
        "log-likelihood ratio": "logaritmisk likelihood-ratio",
        "height that counts": "højde, der tæller",
        "symptoms told that day": "symptomer den dag",
        "due days missed in a row": "aftalte måledage i træk uden måling",
        "the refused or contested value": "den afviste eller omstridte værdi",
    }
)
