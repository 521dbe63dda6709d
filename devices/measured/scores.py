"""Scores that a citizen or a professional gives: CAT, MRC, NYHA. Typed on a tablet, never judged.

Codes from FUT's copy of MedCom's code system (MCS88137, MCS88021, MCS88032), which are numbers
there as here; no LOINC code says the same number. MRC is the Danish scale from 1 to 5: the mMRC of
others (0 to 4) is one less. NYHA has the classes I to IV; MedCom's code allows 0, no heart failure.
"""

from typing import Final

from devices.measured.units import span, units
from devices.metric import Channel, Code, DanishSystem, Metric

_SCORE: Final = "{score}"
_UNITS: Final = units(_SCORE, "1")

ROWS: Final = (
    Metric(
        alias="cat",
        mdc=None,
        mdc_name=None,
        danish=Code("MCS88137", "Pt—COPD Assessment Test (CAT) score; antal(værdi 0-40) = ?"),
        danish_system=DanishSystem.MCS,
        loinc=(),
        ucum=_SCORE,
        unit_text="point",
        units=_UNITS,
        name_da="CAT-score",
        name_en="CAT score",
        short_da="CAT",
        decimals=0,
        possible=span("0", "40"),
        plausible=span("0", "40"),
        example="17",
        kih=Channel("CAT SCORE", "point"),
        phmr=Channel("CAT score;Pt", "NA"),
        category="survey",
        curve=True,
        whole=True,
    ),
    Metric(
        alias="mrc",
        mdc=None,
        mdc_name=None,
        danish=Code("MCS88021", "Pt(KOL) —MRC skala; arb.antal(værdi 1-5) = ?"),
        danish_system=DanishSystem.MCS,
        loinc=(),
        ucum=_SCORE,
        unit_text="grad",
        units=_UNITS,
        name_da="MRC-åndenød",
        name_en="MRC dyspnoea grade",
        short_da="MRC",
        decimals=0,
        possible=span("1", "5"),
        plausible=span("1", "5"),
        example="3",
        kih=Channel("MRC SKALA", "grad"),
        phmr=Channel("MRC skala;Pt(KOL)", "NA"),
        category="survey",
        curve=True,
        whole=True,
    ),
    Metric(
        alias="nyha",
        mdc=None,
        mdc_name=None,
        danish=Code(
            "MCS88032", "Pt(NYHA)—Hjerteinsufficiens funktionsklasse; antal (værdi 0-4) = ?"
        ),
        danish_system=DanishSystem.MCS,
        loinc=(),
        ucum=_SCORE,
        unit_text="klasse",
        units=_UNITS,
        name_da="NYHA-klasse",
        name_en="NYHA class",
        short_da="NYHA",
        decimals=0,
        possible=span("0", "4"),
        plausible=span("0", "4"),
        example="2",
        kih=Channel("NYHA", "klasse"),
        phmr=Channel("Hjertesvigts funktionskl.;Pt(NYHA)", "NA"),
        category="survey",
        curve=True,
        whole=True,
    ),
)
