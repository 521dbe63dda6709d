"""The device specialisations of IEEE 11073-104xx that the platform knows, one row each."""

from collections.abc import Mapping
from types import MappingProxyType

from devices.metric import DeviceType
from devices.wire import TABLET_TYPE

TABLET = DeviceType(
    mdc=TABLET_TYPE,
    mdc_name="MDC_MOC_VMS_MDS_AHD",
    name_da="Tablet",
    name_en="Tablet or gateway",
    metrics=frozenset({"respiration", "oxygen_flow", "cat", "mrc", "nyha"}),
)
"""What questionnaires are answered on, and where people type what no device of theirs measures; it
is enrolled as devices are."""

DEVICE_TYPES: tuple[DeviceType, ...] = (
    DeviceType(
        mdc="528388",
        mdc_name="MDC_DEV_SPEC_PROFILE_PULS_OXIM",
        name_da="Iltmåler",
        name_en="Pulse oximeter",
        metrics=frozenset({"spo2", "pulse_oximeter"}),
    ),
    DeviceType(
        mdc="528391",
        mdc_name="MDC_DEV_SPEC_PROFILE_BP",
        name_da="Blodtryksmåler",
        name_en="Blood-pressure cuff",
        metrics=frozenset({"systolic", "diastolic", "mean_pressure", "pulse_cuff"}),
    ),
    DeviceType(
        mdc="528399",
        mdc_name="MDC_DEV_SPEC_PROFILE_SCALE",
        name_da="Vægt",
        name_en="Weighing scale",
        metrics=frozenset({"weight"}),
    ),
    DeviceType(
        mdc="528405",
        mdc_name="MDC_DEV_SPEC_PROFILE_PEFM",
        name_da="Peakflowmeter",
        name_en="Peak-flow meter",
        metrics=frozenset({"pef", "fev1", "fev6"}),
    ),
    DeviceType(
        mdc="528413",
        mdc_name="MDC_DEV_SPEC_PROFILE_SPIROMETER",
        name_da="Spirometer",
        name_en="Spirometer",
        metrics=frozenset({"fev1", "fvc", "fev1_fvc", "fev6", "pef", "fev1_percent_predicted"}),
    ),
    DeviceType(
        mdc="528392",
        mdc_name="MDC_DEV_SPEC_PROFILE_TEMP",
        name_da="Termometer",
        name_en="Thermometer",
        metrics=frozenset({"temperature"}),
    ),
    DeviceType(
        mdc="528397",
        mdc_name="MDC_DEV_SPEC_PROFILE_RESP_RATE",
        name_da="Respirationsmåler",
        name_en="Respiration monitor",
        metrics=frozenset({"respiration"}),
    ),
    DeviceType(
        mdc="528401",
        mdc_name="MDC_DEV_SPEC_PROFILE_GLUCOSE",
        name_da="Blodsukkermåler",
        name_en="Glucose meter",
        metrics=frozenset({"glucose"}),
    ),
    TABLET,
)
_BY_MDC: Mapping[str, DeviceType] = MappingProxyType({row.mdc: row for row in DEVICE_TYPES})


def device_type(mdc: str) -> DeviceType | None:
    """The device specialisation (or the tablet) with this MDC code, if known."""
    return _BY_MDC.get(mdc)
