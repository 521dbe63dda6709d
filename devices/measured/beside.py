"""What is measured beside the signals of the rules: temperature, respiration, oxygen, glucose.

Shown and sent on, never judged. Sources of the codes: HL7 Denmark core 3.7.0 (8310-5, 9279-1,
150364, 151562, NPU08676), FUT IG 8.0.0 (MCS88122, NPU22089), HL7 PHD IG (160184), LOINC for the
flow of oxygen (3151-8), which has no Danish code, and for glucose in mmol/L (14743-9, 15074-8).
Glucose in mg/dL is refused by its unit: 18.016 is no power of ten, and Danish meters show mmol/L.
"""

from typing import Final

from devices.measured.units import FLOW_UNITS, RATE_UNITS, span, units
from devices.metric import Channel, Code, DanishSystem, Metric

ROWS: Final = (
    Metric(
        alias="temperature",
        mdc="150364",
        mdc_name="MDC_TEMP_BODY",
        danish=Code("NPU08676", "Pt—Legeme; temp. = ? °C"),
        danish_system=DanishSystem.NPU,
        loinc=(Code("8310-5", "Body temperature"),),
        ucum="Cel",
        unit_text="°C",
        units=units("Cel"),
        name_da="Temperatur",
        name_en="Body temperature",
        short_da="Temp.",
        decimals=1,
        possible=span("10", "50"),  # survived: 13.7 (Gilbert 2000, Lancet 355:375) and 46.5
        plausible=span("32", "43"),  # C: of somebody who can use a thermometer at home
        example="36.8",
        kih=Channel("TEMPERATUR", "°C"),
        phmr=Channel("Temperatur;Pt", "Cel"),
        phmr_section="vital-signs",
        curve=True,
    ),
    Metric(
        alias="respiration",
        mdc="151562",
        mdc_name="MDC_RESP_RATE",
        danish=Code("MCS88122", "Pt—Respiration; frekvens = ? X 1/min"),
        danish_system=DanishSystem.MCS,
        loinc=(Code("9279-1", "Respiratory rate"),),
        ucum="/min",
        unit_text="/min",
        units=RATE_UNITS,
        name_da="Respirationsfrekvens",
        name_en="Respiratory rate",
        short_da="Resp.",
        decimals=0,
        possible=span("1", "150"),  # C: no breath is no rate; panting is far below
        plausible=span("4", "60"),  # C: NEWS2 has its worst at 8 and 25
        example="18",
        kih=Channel("RESPIRATIONSFREKVENS", "1/min"),
        phmr=Channel("Respirationsfrekvens;Pt", "1/min"),
        curve=True,
    ),
    Metric(
        alias="oxygen_flow",
        mdc=None,
        mdc_name=None,
        danish=Code("", ""),
        danish_system=DanishSystem.MCS,
        loinc=(Code("3151-8", "Inhaled oxygen flow rate"),),
        ucum="L/min",
        unit_text="L/min",
        units=FLOW_UNITS,
        name_da="Iltflow",
        name_en="Oxygen flow",
        short_da="Iltflow",
        decimals=1,
        possible=span("0", "80"),  # high-flow devices give up to 60 to 80 L/min; 0 is room air
        plausible=span("0", "20"),  # C: concentrators at home give up to 10, liquid oxygen 15
        example="1.5",
        kih=Channel("ILTFLOW", "Liter/min", code="LNC3151-8"),
        phmr=Channel("Iltflow;Pt", "L/min", code="LNC3151-8"),
        category="therapy",
        curve=True,
    ),
    Metric(
        alias="glucose",
        mdc="160184",
        mdc_name="MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD",
        danish=Code("NPU22089", "P(kB)—Glucose; stofk. = ? mmol/L"),
        danish_system=DanishSystem.NPU,
        loinc=(
            Code("14743-9", "Glucose [Moles/volume] in Capillary blood by Glucometer"),
            Code("15074-8", "Glucose [Moles/volume] in Blood"),
        ),
        ucum="mmol/L",
        unit_text="mmol/L",
        units=units("mmol/L", "mmol/l"),
        name_da="Blodsukker",
        name_en="Blood glucose",
        short_da="Glukose",
        decimals=1,
        possible=span("0.1", "100"),  # C: hyperosmolar states have been measured above 80
        plausible=span("0.6", "33.3"),  # what meters for home use show between "LO" and "HI"
        example="6.4",
        kih=Channel("GLUKOSE", "mmol/L"),
        phmr=Channel("Glukose;P(kB)", "mmol/L"),
        category="laboratory",
        curve=True,
    ),
)
