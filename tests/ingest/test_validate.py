"""Validate: the time is corrected, the value kept to the digit, the impossible refused."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.admission import (
    EARLIEST_MEASURED_MS,
    FUTURE_TOLERANCE_MS,
    HOUR_MS,
    NO_VALUE_FLAGS,
    VALUE_CHARACTERS_MAX,
)
from devices.catalogue import DEVICE_TYPES, METRICS, Metric
from devices.zone import DENMARK
from fhir_mapping.observation import render_observation
from fhir_mapping.record import records_of
from ingest.limits import VALUES_PER_READING_MAX
from ingest.rejection import Reason, Rejection
from ingest.validate import Validated, validate
from tests.ingest.said import (
    DEVICE,
    MEASURED_MS,
    RECEIVED_MS,
    decoded,
    one,
    pressure,
    reading,
    refused,
    said,
)

LOCAL = datetime.fromisoformat("2026-02-18T07:29:40")


def clock(device: datetime, gateway: datetime, sync: str = "ntp") -> dict[str, str]:
    return {"sync": sync, "device": device.isoformat(), "gateway": gateway.isoformat()}


def test_the_local_time_is_in_the_zone_that_the_gateway_sent_from() -> None:
    found = reading(said())
    assert (found.measured_ms, found.offset_min) == (MEASURED_MS, 60)
    assert found.device_time == "2026-02-18T07:29:40"
    assert (found.clock_sync, found.clock_device_ms, found.clock_gateway_ms) == ("", None, None)


@pytest.mark.parametrize(
    ("t", "sent", "instant", "offset"),
    [
        ("2026-01-10T23:30:00", "2026-01-11T03:31:00-03:30", "2026-01-10T22:30:00Z", 60),
        ("2026-01-10T23:30:00", "2026-01-10T22:31:00Z", "2026-01-10T22:30:00Z", 60),
        ("2026-01-10T00:00:00.250", "2026-01-10T00:00:01+01:00", "2026-01-09T23:00:00.250Z", 60),
        # Sent after the clock change, measured before it; and the other way round.
        ("2026-03-20T23:40:00", "2026-03-30T08:00:00+02:00", "2026-03-20T22:40:00Z", 60),
        ("2025-10-20T23:40:00", "2025-10-30T08:00:00+01:00", "2025-10-20T21:40:00Z", 120),
        # The gateway's offset stays, the device follows summer time.
        ("2026-04-20T08:10:00", "2026-04-20T07:11:00+01:00", "2026-04-20T06:10:00Z", 120),
        # The hour that an autumn night has twice, and the one a spring night lacks.
        ("2025-10-26T02:30:00", "2025-10-26T02:31:00+02:00", "2025-10-26T00:30:00Z", 120),
        ("2025-10-26T02:30:00", "2025-10-26T02:31:00+01:00", "2025-10-26T01:30:00Z", 60),
        ("2025-10-26T02:59:59", "2025-10-26T08:00:00+01:00", "2025-10-26T00:59:59Z", 120),
        ("2025-10-26T03:00:00", "2025-10-26T03:01:00+01:00", "2025-10-26T02:00:00Z", 60),
        ("2025-10-26T01:59:59", "2025-10-26T02:01:00+02:00", "2025-10-25T23:59:59Z", 120),
        ("2025-03-30T01:59:59", "2025-03-30T03:01:00+02:00", "2025-03-30T00:59:59Z", 60),
        ("2025-03-30T02:30:00", "2025-03-30T03:31:00+02:00", "2025-03-30T01:30:00Z", 120),
        ("2025-03-30T03:00:00", "2025-03-30T03:01:00+02:00", "2025-03-30T01:00:00Z", 120),
        # A clock that was changed too early shows the hour that does not come, too.
        ("2025-03-30T02:30:00", "2025-03-30T01:31:00+01:00", "2025-03-30T00:30:00Z", 60),
    ],
)
def test_without_a_clock_pair_the_tenant_s_zone_holds(
    t: str, sent: str, instant: str, offset: int
) -> None:
    received_ms = round(datetime.fromisoformat(sent).timestamp() * 1000) + 900
    found = validate(decoded(said(t=t, sent=sent)), received_ms)
    assert not isinstance(found, Rejection)
    moment = datetime.fromisoformat(instant)
    assert found.reading.measured_ms == round(moment.timestamp() * 1000)
    assert found.reading.offset_min == offset
    assert found.reading.values[0].flags == ()


@given(
    wrong=st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
    ago=st.timedeltas(timedelta(0), timedelta(days=300)),
    offset=st.integers(-12 * 4, 14 * 4),
)
def test_the_clock_pair_undoes_any_error_of_the_device_clock(
    wrong: timedelta, ago: timedelta, offset: int
) -> None:
    """Claim: measured = gateway - (device - t), whatever the device believes the time to be."""
    sent = datetime(2026, 2, 18, 6, 31, 9, 120_000, UTC)
    zone = timedelta(minutes=15 * offset)
    device = (sent + zone + wrong).replace(tzinfo=None)
    gateway = sent + zone
    stamp = f"{gateway.replace(tzinfo=None).isoformat()}{_offset_text(15 * offset)}"
    pair = {"sync": "none", "device": device.isoformat(), "gateway": stamp}
    found = reading(said(t=(device - ago).isoformat(), clock=pair))
    true_ms = (sent - ago - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert abs(found.measured_ms - true_ms) <= 1
    assert found.offset_min == DENMARK.offset_min(true_ms)


def _offset_text(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def test_the_clock_pair_is_kept_so_that_the_correction_can_be_redone() -> None:
    gateway = datetime(2026, 2, 18, 6, 31, 9, 120_000, UTC)
    found = reading(said(clock=clock(LOCAL + timedelta(seconds=18), gateway, "manual")))
    assert found.clock_sync == "manual"
    assert found.clock_gateway_ms == RECEIVED_MS - 380
    assert found.clock_device_ms == MEASURED_MS + 3_600_000 + 18_000
    elapsed = found.clock_device_ms - (MEASURED_MS + 3_600_000)
    assert found.measured_ms == found.clock_gateway_ms - elapsed


def test_half_a_clock_pair_corrects_nothing() -> None:
    device = (LOCAL + timedelta(days=400)).isoformat()
    found = reading(said(clock={"sync": "ntp", "device": device}))
    assert found.measured_ms == MEASURED_MS
    assert found.clock_device_ms is not None
    gateway = "2026-02-18T06:00:00Z"
    found = reading(said(clock={"sync": "ntp", "gateway": gateway}))
    assert (found.measured_ms, found.offset_min) == (MEASURED_MS, 60)


def test_the_future_begins_after_the_tolerance_and_two_hours() -> None:
    at_the_limit = decoded(said())
    found = validate(at_the_limit, MEASURED_MS - FUTURE_TOLERANCE_MS)
    assert not isinstance(found, Rejection)
    assert found.reading.values[0].flags == ()
    ahead = 2 * HOUR_MS + FUTURE_TOLERANCE_MS
    assert not isinstance(validate(at_the_limit, MEASURED_MS - ahead), Rejection)
    over = validate(at_the_limit, MEASURED_MS - ahead - 1)
    assert isinstance(over, Rejection)
    assert over.reason is Reason.TIME_IN_FUTURE


def test_the_past_begins_with_2015() -> None:
    first = reading(said(t="2015-01-01T01:00:00", sent="2026-01-01T00:00:00Z"))
    assert first.measured_ms == EARLIEST_MEASURED_MS
    before = refused(said(t="2015-01-01T00:59:59.999", sent="2026-01-01T00:00:00Z"))
    assert before.reason is Reason.TIME_IMPLAUSIBLE


EDGES = ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "2026-02-18T07:29:40")


@pytest.mark.parametrize("t", EDGES)
@pytest.mark.parametrize("device", EDGES)
@pytest.mark.parametrize("gateway", EDGES)
@pytest.mark.parametrize("zone", ["Z", "+14:00", "-14:00"])
def test_the_ends_of_the_calendar_are_refused_and_never_raise(
    t: str, device: str, gateway: str, zone: str
) -> None:
    pair = {"sync": "none", "device": device, "gateway": gateway + zone}
    found = validate(decoded(said(t=t, sent=gateway + zone, clock=pair)), RECEIVED_MS)
    if isinstance(found, Rejection):
        assert found.reason in {Reason.TIME_IN_FUTURE, Reason.TIME_IMPLAUSIBLE}
    else:
        assert EARLIEST_MEASURED_MS <= found.reading.measured_ms <= RECEIVED_MS
        assert all(render_observation(record) for record in records_of(found.reading))


@pytest.mark.parametrize(
    ("code", "text", "unit", "kept"),
    [
        ("weight", "36.50", "kg", "36.50"),
        ("weight", "74", "kg", "74"),
        ("weight", "74.000", "kg", "74.000"),
        ("weight", "74050", "g", "74.050"),
        ("weight", "74050.0", "g", "74.0500"),
        ("spo2", "0.970", "1", "97.0"),
        ("spo2", "0.97", "{ratio}", "97"),
        ("spo2", "1", "1", "100"),
        ("spo2", "1.00", "1", "100"),
        ("spo2", "0.9705", "1", "97.05"),
        ("fev1", "1320", "mL", "1.320"),
        ("fev1", "50", "ml", "0.050"),
        ("fev1", "13.2", "dL", "1.32"),
        ("fvc", "260", "cL", "2.60"),
        ("pef", "310000", "mL/min", "310.000"),
        ("fev1_percent_predicted", "0.4", "1", "40"),
    ],
)
def test_the_decimal_point_moves_and_no_digit_is_lost(
    code: str, text: str, unit: str, kept: str
) -> None:
    assert reading(one(code, text, unit)).values[0].text == kept


@given(st.data())
def test_text_in_the_row_s_own_unit_is_not_touched(data: st.DataObject) -> None:
    row: Metric = data.draw(st.sampled_from([row for row in METRICS if row.panel is None]))
    places = data.draw(st.integers(0, 0 if row.whole else 4))
    low, high = row.possible
    number = data.draw(st.decimals(low, high, places=places))
    text = f"{number:f}"
    fields = one(row.alias, text, row.ucum)
    fields["type"] = _kind(row.alias)
    if low <= Decimal(text) <= high and len(text) <= VALUE_CHARACTERS_MAX:
        assert reading(fields).values[0].text == text


@given(st.sampled_from(METRICS), st.data())
def test_a_unit_is_a_power_of_ten_and_nothing_else(row: Metric, data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(sorted(row.units)))
    digits = data.draw(st.decimals(0, 99999, places=2).map(lambda number: f"{number:f}"))
    fields = one(row.alias, digits, unit)
    fields["type"] = _kind(row.alias)
    found = validate(decoded(fields), RECEIVED_MS)
    if isinstance(found, Rejection):
        expected = {Reason.VALUE_OUT_OF_RANGE, Reason.COMPONENT_MISSING, Reason.VALUE_MALFORMED}
        assert found.reason in expected
    else:
        text = found.reading.values[0].text
        assert text is not None
        assert Decimal(text) == Decimal(digits).scaleb(row.units[unit])


def _kind(alias: str) -> str:
    """The first kind of device that measures this."""
    return next(kind.mdc for kind in DEVICE_TYPES if alias in kind.metrics)


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.alias)
def test_the_possible_range_is_inclusive(row: Metric) -> None:
    kind = _kind(row.alias)
    step = Decimal(1) if row.whole else Decimal("0.001")
    for edge, outside in zip(row.possible, (-step, step), strict=True):
        fields = said(type=kind, r=[{"c": row.alias, "val": f"{edge:f}", "u": row.ucum}])
        found = validate(decoded(fields), RECEIVED_MS)
        if isinstance(found, Rejection):
            assert found.reason is Reason.COMPONENT_MISSING
        fields["r"][0]["val"] = f"{edge + outside:f}"
        assert refused(fields).reason is Reason.VALUE_OUT_OF_RANGE


@pytest.mark.parametrize("row", [row for row in METRICS if row.whole], ids=lambda row: row.alias)
def test_a_score_is_a_whole_number(row: Metric) -> None:
    fields = said(type=_kind(row.alias), r=[{"c": row.alias, "val": "2.5", "u": row.ucum}])
    found = refused(fields)
    assert (found.reason, found.path) == (Reason.VALUE_MALFORMED, "$.r[0].val")
    assert f"{row.name_en} is a whole number" in found.detail


def test_flags_are_those_of_the_reading_and_of_the_value_once_each() -> None:
    item = {"c": "spo2", "val": "93", "u": "%", "st": ["questionable", "test-data"]}
    values = reading(said(r=[item], st=["test-data"])).values
    assert values[0].flags == ("test-data", "questionable")


@pytest.mark.parametrize("flag", sorted(NO_VALUE_FLAGS))
def test_a_failed_measurement_may_lack_its_value(flag: str) -> None:
    values = reading(said(r=[{"c": "spo2", "st": [flag]}])).values
    assert (values[0].text, values[0].flags) == (None, (flag,))
    assert reading(said(r=[{"c": "spo2"}], st=[flag])).values[0].text is None


def test_circumstances_do_not_depend_on_the_order_they_are_said_in() -> None:
    there = reading(one("spo2", "93", "%", sup={"b": "2", "a": "1"})).values[0].circumstances
    back = reading(one("spo2", "93", "%", sup={"a": "1", "b": "2"})).values[0].circumstances
    assert there == back == '{"a":"1","b":"2"}'
    assert reading(one("spo2", "93", "%", sup={})).values[0].circumstances == ""


def test_a_blood_pressure_needs_its_ends_in_the_right_order() -> None:
    sound = said(type="528391", r=pressure(systolic="83", diastolic="82", mean_pressure="82"))
    assert len(reading(sound).values) == 3
    failed = said(type="528391", st=["invalid"], r=pressure(systolic=None, diastolic="82"))
    assert reading(failed).values[0].text is None
    equal = said(type="528391", r=pressure(systolic="82", diastolic="82"))
    assert refused(equal).reason is Reason.COMPONENTS_CONTRADICT


def test_as_many_values_as_the_limit_are_looked_at() -> None:
    items = [{"c": "spo2", "val": "93", "u": "%"}] * (VALUES_PER_READING_MAX - 1)
    items.append({"c": "spo2", "val": "94", "u": "%"})
    assert refused(said(r=items)).reason is Reason.CODE_REPEATED
    assert refused(said(r=[*items, items[0]])).reason is Reason.TOO_MANY_VALUES


def test_an_identity_that_agrees_with_the_topic_passes() -> None:
    assert reading(said(device=DEVICE, gateway="gw-0001")).device == DEVICE


def test_everything_else_is_carried_over() -> None:
    found = reading(said(by="typed", loc="institution", slot=2, boot="b", model="m", fw="f"))
    assert (found.transferred_by, found.location, found.slot) == ("typed", "institution", 2)
    assert (found.boot, found.model, found.firmware) == ("b", "m", "f")
    assert (found.tenant, found.gateway, found.device) == ("syddanmark", "gw-0001", DEVICE)
    assert (found.message_id, found.message_seq) == ("0198c0de-0001", 4711)


@pytest.mark.parametrize("again", ["93", "93.0"])
def test_a_number_that_is_told_twice_is_taken_once_however_many_zeros_it_has(again: str) -> None:
    items = [{"c": "spo2", "val": text, "u": "%"} for text in ("93", again)]
    found = validate(decoded(said(r=items)), RECEIVED_MS)
    assert isinstance(found, Validated), found
    assert [value.text for value in found.reading.values] == ["93"]
    assert [one.reason for one in found.refused] == [Reason.CODE_REPEATED]
