"""The catalogue: one row per metric, read by simulator, validator, mapper, rules and page.

In: nothing. Out: `METRICS`, `PANELS`, `DEVICE_TYPES` and look-ups by alias or IEEE 11073 code.
Everything that differs between two metrics is a field here; adding a metric is adding a row.

Sources of the codes:
  MDC        IEEE 11073-10101 nomenclature (partition x 65536 + term), HL7 PHD IG 2.0.0
  NPU, MCS   the code systems 1.2.208.176.2.1 and 1.2.208.184.100.8 as published with FUT IG 8.0.0
  LOINC      HL7 Denmark core 3.7.0 (vital signs); gematik HDDT and FUT (lung function)
  UCUM       the same sources
DNK05472/DNK05473 are emitted for blood pressure, since FUT 4 retired the home codes
MCS88019/MCS88020 from its value set; those are still accepted from elsewhere.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from devices.device_types import DEVICE_TYPES, device_type
from devices.metric import Channel, Code, DanishSystem, DeviceType, Metric, Panel

__all__ = [
    "DEVICE_TYPES",
    "METRICS",
    "OBSERVABLES",
    "PANELS",
    "Channel",
    "Code",
    "DanishSystem",
    "DeviceType",
    "Metric",
    "Panel",
    "device_type",
    "metric",
    "metric_for_code",
    "observed",
    "panel",
]


def _units(*same: str, **shifted: int) -> Mapping[str, int]:
    """Accepted UCUM units, each with the power of ten that leads to the row's own unit."""
    return MappingProxyType({**dict.fromkeys(same, 0), **shifted})


def _range(low: str, high: str) -> tuple[Decimal, Decimal]:
    return Decimal(low), Decimal(high)


_RATE_UNITS = _units("/min", "1/min", "{beats}/min")
_VOLUME_UNITS = _units("L", "l", dL=-1, cL=-2, mL=-3, ml=-3)
_PERCENT_UNITS = MappingProxyType({"%": 0, "1": 2, "{ratio}": 2})
_HEART_RATE = (Code("8867-4", "Heart rate"),)
_PULSE_NPU = Code("NPU21692", "Hjerte—Systole; frekv. = ? × 1/min")  # noqa: RUF001  NPU's own name

METRICS: tuple[Metric, ...] = (
    Metric(
        alias="spo2",
        mdc="150456",
        mdc_name="MDC_PULS_OXIM_SAT_O2",
        danish=Code("NPU03011", "Hb(Fe; O2-bind.; aB)—Oxygen(O2); mætn. = ?"),
        danish_system=DanishSystem.NPU,
        loinc=(
            Code("2708-6", "Oxygen saturation in Arterial blood"),
            Code("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
        ),
        ucum="%",
        unit_text="%",
        units=_PERCENT_UNITS,
        name_da="Iltmætning",
        name_en="Oxygen saturation",
        short_da="SpO2",
        decimals=0,
        possible=_range("1", "100"),
        plausible=_range("50", "100"),
        kih=Channel("ILTMÆTNING", "%"),
        phmr=Channel("O2 sat.;Hb(aB)", "NA", shift=-2),
        phmr_section="vital-signs",
    ),
    Metric(
        alias="pulse_oximeter",
        mdc="149530",
        mdc_name="MDC_PULS_OXIM_PULS_RATE",
        danish=_PULSE_NPU,
        danish_system=DanishSystem.NPU,
        loinc=_HEART_RATE,
        ucum="/min",
        unit_text="/min",
        units=_RATE_UNITS,
        limits="pulse",
        name_da="Puls (iltmåler)",
        name_en="Pulse (oximeter)",
        short_da="Puls",
        decimals=0,
        possible=_range("1", "400"),
        plausible=_range("25", "220"),
        kih=Channel("PULS", "Slag/min"),
        phmr=Channel("Puls;Hjerte", "1/min"),
        phmr_section="vital-signs",
    ),
    Metric(
        alias="pulse_cuff",
        mdc="149546",
        mdc_name="MDC_PULS_RATE_NON_INV",
        danish=_PULSE_NPU,
        danish_system=DanishSystem.NPU,
        loinc=_HEART_RATE,
        ucum="/min",
        unit_text="/min",
        units=_RATE_UNITS,
        limits="pulse",
        name_da="Puls (blodtryksmåler)",
        name_en="Pulse (cuff)",
        short_da="Puls",
        decimals=0,
        possible=_range("1", "400"),
        plausible=_range("25", "220"),
        kih=Channel("PULS", "Slag/min"),
        phmr=Channel("Puls;Hjerte", "1/min"),
        phmr_section="vital-signs",
    ),
    Metric(
        alias="systolic",
        mdc="150021",
        mdc_name="MDC_PRESS_BLD_NONINV_SYS",
        danish=Code("DNK05472", "Arm—Blodtryk(systolisk); tryk = ? mmHg"),
        danish_system=DanishSystem.NPU,
        loinc=(Code("8480-6", "Systolic blood pressure"),),
        ucum="mm[Hg]",
        unit_text="mmHg",
        units=_units("mm[Hg]"),
        name_da="Systolisk blodtryk",
        name_en="Systolic blood pressure",
        short_da="Sys",
        decimals=0,
        possible=_range("1", "400"),
        plausible=_range("60", "260"),
        kih=Channel("SYSTOLISK", "mm Hg"),
        phmr=Channel("Blodtryk systolisk;Arm", "mmHg"),
        phmr_section="vital-signs",
        panel="blood_pressure",
    ),
    Metric(
        alias="diastolic",
        mdc="150022",
        mdc_name="MDC_PRESS_BLD_NONINV_DIA",
        danish=Code("DNK05473", "Arm—Blodtryk(diastolisk); tryk = ? mmHg"),
        danish_system=DanishSystem.NPU,
        loinc=(Code("8462-4", "Diastolic blood pressure"),),
        ucum="mm[Hg]",
        unit_text="mmHg",
        units=_units("mm[Hg]"),
        name_da="Diastolisk blodtryk",
        name_en="Diastolic blood pressure",
        short_da="Dia",
        decimals=0,
        possible=_range("1", "300"),
        plausible=_range("30", "160"),
        kih=Channel("DIASTOLISK", "mm Hg"),
        phmr=Channel("Blodtryk diastolisk;Arm", "mmHg"),
        phmr_section="vital-signs",
        panel="blood_pressure",
    ),
    Metric(
        alias="mean_pressure",
        mdc="150023",
        mdc_name="MDC_PRESS_BLD_NONINV_MEAN",
        danish=Code("", ""),
        danish_system=DanishSystem.NPU,
        loinc=(Code("8478-0", "Mean blood pressure"),),
        ucum="mm[Hg]",
        unit_text="mmHg",
        units=_units("mm[Hg]"),
        name_da="Middelblodtryk",
        name_en="Mean blood pressure",
        short_da="Middel",
        decimals=0,
        possible=_range("1", "350"),
        plausible=_range("40", "200"),
        kih=Channel("MIDDELBLODTRYK", "mm Hg", code="MDC150023"),
        phmr=Channel("Middelblodtryk;Arm", "mmHg", code="MDC150023"),
        phmr_section="vital-signs",
        panel="blood_pressure",
    ),
    Metric(
        alias="weight",
        mdc="188736",
        mdc_name="MDC_MASS_BODY_ACTUAL",
        danish=Code("NPU03804", "Pt—Legeme; masse = ? kg"),
        danish_system=DanishSystem.NPU,
        loinc=(Code("29463-7", "Body weight"),),
        ucum="kg",
        unit_text="kg",
        units=_units("kg", g=-3),
        name_da="Vægt",
        name_en="Body weight",
        short_da="Vægt",
        decimals=1,
        possible=_range("0.5", "500"),
        plausible=_range("30", "250"),
        kih=Channel("VÆGT", "Kg"),
        phmr=Channel("Legeme vægt;Pt", "kg"),
    ),
    Metric(
        alias="fev1",
        mdc="152586",
        mdc_name="MDC_VOL_AWAY_EXP_FORCED_1S",
        danish=Code("MCS88015", "Lunge—Lungefunktionsundersøgelse FEV1; vol. = ? L"),
        danish_system=DanishSystem.MCS,
        loinc=(Code("20150-9", "FEV1"),),
        ucum="L",
        unit_text="L",
        units=_VOLUME_UNITS,
        name_da="FEV1",
        name_en="FEV1",
        short_da="FEV1",
        decimals=2,
        possible=_range("0.05", "12"),
        plausible=_range("0.2", "6"),
        kih=Channel("FEV1", "Liter"),
        phmr=Channel("FEV1;Lunge", "L"),
        category="procedure",
    ),
    Metric(
        alias="fvc",
        mdc="188928",
        mdc_name="MDC_VOL_AWAY_EXP_FORCED_CAPACITY",
        danish=Code("MCS88016", "Lunge—Lungefunktionsundersøgelse vitalkapasitet FVC; vol. = ? L"),
        danish_system=DanishSystem.MCS,
        loinc=(
            Code(
                "19868-9",
                "Forced vital capacity [Volume] Respiratory system by Spirometry",
            ),
        ),
        ucum="L",
        unit_text="L",
        units=_VOLUME_UNITS,
        name_da="FVC",
        name_en="FVC",
        short_da="FVC",
        decimals=2,
        possible=_range("0.05", "15"),
        plausible=_range("0.3", "8"),
        kih=Channel("FVC", "Liter"),
        phmr=Channel("FVC;Lunge", "L"),
        category="procedure",
    ),
    Metric(
        alias="fev1_fvc",
        mdc="188948",
        mdc_name="MDC_RATIO_AWAY_EXP_FORCED_1S_FVC",
        danish=Code("MCS88017", "Lunge—FEV1/FVC; ratio = ?"),
        danish_system=DanishSystem.MCS,
        loinc=(Code("19926-5", "FEV1/FVC"),),
        ucum="%",
        unit_text="%",
        units=_PERCENT_UNITS,
        name_da="FEV1/FVC",
        name_en="FEV1/FVC",
        short_da="FEV1/FVC",
        decimals=0,
        possible=_range("1", "100"),
        plausible=_range("20", "100"),
        kih=Channel("FEV1/FVC", "%"),
        phmr=Channel("FEV1/FVC;Lunge", "NA", shift=-2),
        category="procedure",
    ),
    Metric(
        alias="fev6",
        mdc="152587",
        mdc_name="MDC_VOL_AWAY_EXP_FORCED_EXP_6S",
        danish=Code("MCS88100", "FEV6;Lunge"),
        danish_system=DanishSystem.MCS,
        loinc=(Code("65655-3", "FEV6"),),
        ucum="L",
        unit_text="L",
        units=_VOLUME_UNITS,
        name_da="FEV6",
        name_en="FEV6",
        short_da="FEV6",
        decimals=2,
        possible=_range("0.05", "15"),
        plausible=_range("0.3", "8"),
        kih=Channel("FEV6", "Liter"),
        phmr=Channel("FEV6;Lunge", "L"),
        category="procedure",
    ),
    Metric(
        alias="pef",
        mdc="152584",
        mdc_name="MDC_FLOW_AWAY_EXP_FORCED_PEAK",
        danish=Code("MCS88102", "Pt—Peakflow"),
        danish_system=DanishSystem.MCS,
        loinc=(
            Code(
                "19935-6",
                "Maximum expiratory gas flow Respiratory system airway by Peak flow meter",
            ),
        ),
        ucum="L/min",
        unit_text="L/min",
        units=MappingProxyType({"L/min": 0, "l/min": 0, "mL/min": -3}),
        name_da="Peakflow",
        name_en="Peak expiratory flow",
        short_da="PEF",
        decimals=0,
        possible=_range("5", "1500"),
        plausible=_range("30", "900"),
        kih=Channel("PEF", "Liter/min"),
        phmr=Channel("Peakflow;Pt", "L/min"),
        category="procedure",
    ),
    Metric(
        alias="fev1_percent_predicted",
        mdc=None,
        mdc_name=None,
        danish=Code(
            "MCS88023",
            "Pt(KOL)—FEV1 i % af den forventede værdi (efter højde,alder og køn); ratio = ?",
        ),
        danish_system=DanishSystem.MCS,
        loinc=(Code("20152-5", "FEV1 measured/predicted"),),
        ucum="%",
        unit_text="%",
        units=_PERCENT_UNITS,
        name_da="FEV1 i % af forventet",
        name_en="FEV1 % predicted",
        short_da="FEV1 %",
        decimals=0,
        possible=_range("1", "300"),
        plausible=_range("8", "200"),
        kih=Channel("FEV1 %", "%"),
        phmr=Channel("FEV1 af forventet værdi;Pt(KOL)", "%"),
        category="procedure",
    ),
)

PANELS: tuple[Panel, ...] = (
    Panel(
        alias="blood_pressure",
        mdc="150020",
        mdc_name="MDC_PRESS_BLD_NONINV",
        loinc=(Code("85354-9", "Blood pressure panel with all children optional"),),
        name_da="Blodtryk",
        name_en="Blood pressure",
        components=("systolic", "diastolic", "mean_pressure"),
        required=("systolic", "diastolic"),
    ),
)

_BY_ALIAS: Mapping[str, Metric] = MappingProxyType({row.alias: row for row in METRICS})
_BY_WIRE_CODE: Mapping[str, Metric] = MappingProxyType(
    {**_BY_ALIAS, **{row.mdc: row for row in METRICS if row.mdc}}
)
_PANEL_BY_ALIAS: Mapping[str, Panel] = MappingProxyType({row.alias: row for row in PANELS})


def metric(alias: str) -> Metric:
    """The row with this alias; KeyError when there is none.

    >>> metric("weight").mdc
    '188736'
    """
    return _BY_ALIAS[alias]


def metric_for_code(code: str) -> Metric | None:
    """The row for what stands in `c` on the wire: an MDC code or an alias.

    >>> metric_for_code("150456") is metric_for_code("spo2")
    True
    >>> metric_for_code("8867-4") is None
    True
    """
    return _BY_WIRE_CODE.get(code)


def panel(alias: str) -> Panel:
    """The panel with this alias; KeyError when there is none."""
    return _PANEL_BY_ALIAS[alias]


def observed(alias: str) -> Metric | Panel:
    """What one Observation is about: a panel, or a metric outside any panel."""
    return _PANEL_BY_ALIAS.get(alias) or _BY_ALIAS[alias]


OBSERVABLES: tuple[str, ...] = tuple(dict.fromkeys(row.panel or row.alias for row in METRICS))
"""Aliases of everything that becomes an Observation of its own, in catalogue order."""
