"""What we render, read back: the same record, and rendered again the same bytes."""

from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devices.catalogue import METRICS, OBSERVABLES, Panel, metric, observed
from fhir_mapping import codes
from fhir_mapping.bundle import searchset
from fhir_mapping.enrolled import EnrolledDevice
from fhir_mapping.fhir_read import Found, Refused, read_fhir
from fhir_mapping.observation import render_observation
from fhir_mapping.record import Record, records_of, twin_of
from fhir_mapping.resources import printable, render_device, render_gateway, resource_id
from tests.fhir_mapping.cases import CASES, stored

RECEIVED_MS = 4_102_444_800_000
SAME = (
    *("id", "identity", "about", "values", "measured_ms", "offset_min", "device_time"),
    *("gateway", "device", "slot", "boot", "transferred_by", "location"),
    *("clock_device_ms", "clock_gateway_ms", "circumstances"),
)
"""What comes back letter by letter; sync word, model and flags where they were rendered at all."""
OF_STORE = ("seq", "version", "citizen", "received_ms", "scheduled", "conflict")
BASE = "https://hjemmepuls.example/fhir"


def exported(record: Record) -> bytes:
    """Our searchset of one Observation with the devices that it names."""
    device = EnrolledDevice(record.device, record.device_type, "Maker", "Model 9")
    entries = {
        f"{BASE}/Observation/1": render_observation(record),
        f"{BASE}/Device/{resource_id(record.device)}": render_device(device),
        f"{BASE}/Device/{resource_id(record.gateway)}": render_gateway(record.gateway),
    }
    return searchset(1, f"{BASE}/Observation", None, entries.items())


def read_back(payload: bytes) -> tuple[Found, Record]:
    (entry,) = read_fhir(payload, RECEIVED_MS).entries
    assert isinstance(entry, Found), entry
    (record,) = records_of(entry.reading)
    return entry, record


def check(record: Record) -> None:
    entry, back = read_back(exported(record))
    if record.conflict and back.identity != record.identity:
        back = twin_of(back)
    shown = tuple(  # what a rendering withholds does not come back
        None if record.absent_reason(place) else text for place, text in enumerate(record.values)
    )
    record = msgspec.structs.replace(record, values=shown)
    for field in SAME:
        assert getattr(back, field) == getattr(record, field), field
    assert back.device_type == record.device_type
    assert entry.scheduled == record.scheduled
    assert entry.subject == (f"Patient/{record.citizen}" if record.citizen else None)
    of_store: dict[str, Any] = {field: getattr(record, field) for field in OF_STORE}
    again = msgspec.structs.replace(back, **of_store)
    assert render_observation(again) == render_observation(record)


@pytest.mark.parametrize("name", [name for name in CASES if name != "weight-odd-text"])
def test_every_case_comes_back(name: str) -> None:
    check(CASES[name])


def test_a_boot_that_cannot_be_carried_is_the_same_observation() -> None:
    """Its identity is another, but the store finds it by its id, which is of the instant."""
    _, record = read_back(render_observation(CASES["weight-odd-text"]))
    assert record.boot != CASES["weight-odd-text"].boot
    assert record.id == CASES["weight-odd-text"].id


def test_a_gateway_with_an_odd_name_needs_its_device_beside_it() -> None:
    record = stored("weight", gateway="gård 7")
    assert read_back(exported(record))[1].gateway == "gård 7"
    assert read_back(render_observation(record))[1].gateway.startswith("g-rd-7.")


def test_an_altered_circumstance_or_slot_is_held() -> None:
    rendered = render_observation(stored("spo2", circumstances='{"finger":"venstre"}'))
    for old, new in ((b"2B/1/b3", b"2B/2/b3"), (b'"ven', b'"Ven')):
        assert old in rendered
        (entry,) = read_fhir(rendered.replace(old, new), RECEIVED_MS).entries
        assert isinstance(entry, Refused)
        assert entry.reason == "identity-mismatch"


def test_an_altered_spelling_of_the_time_is_the_same_observation() -> None:
    rendered = render_observation(stored("spo2"))
    altered = rendered.replace(b"/2026-02-18T07:29:40", b"/2026-02-18T06:29:40")
    assert altered != rendered
    (_, one), (_, other) = read_back(rendered), read_back(altered)
    assert one.identity != other.identity
    assert one.id == other.id


def test_an_id_that_another_server_gave_is_no_contradiction() -> None:
    rendered = render_observation(CASES["weight"])
    own_id = msgspec.json.decode(rendered)["id"].encode()
    _, record = read_back(rendered.replace(own_id, b"4711"))
    assert record.identity == CASES["weight"].identity


def test_the_second_of_two_that_claim_one_identity_may_be_withheld() -> None:
    twin = twin_of(stored("weight", {"weight": "74.6"}, clock_sync="none", flags=("invalid",)))
    _, back = read_back(render_observation(twin))
    assert (back.values, back.device_time) == ((None,), twin.device_time)


def plain(text: str) -> bool:
    return printable(text) == text


NAMES = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="/+#"), min_size=1)
NAMES = NAMES.filter(lambda name: name.isprintable() and len(name) <= 64)
DEVICES = st.from_regex(r"[A-Za-z0-9:.\-]{1,64}", fullmatch=True)
MOMENTS = st.integers(1_420_070_400_000, RECEIVED_MS)
TEXTS = st.text(max_size=64).filter(plain)
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?", fullmatch=True)
SAID = TEXTS.filter(lambda text: text == "" or bool(text.strip())) | st.builds(
    "{} {}".format, NUMBERS, st.sampled_from(["L/min", "trin", "%"])
)
CIRCUMSTANCES = st.dictionaries(
    st.text(min_size=1, max_size=64).filter(plain), SAID, max_size=4
).map(lambda said: msgspec.json.encode(said, order="sorted").decode() if said else "")
FLAGS = st.lists(
    st.sampled_from(
        [*codes.ABSENT_REASON_OF_FLAG, *codes.INTERPRETATION_OF_FLAG, *sorted(codes.TEST_FLAGS)]
    ),
    unique=True,
).map(tuple)


@st.composite
def texts(draw: st.DrawFn, alias: str) -> str:
    """A possible value of this metric, with as many decimals as fit."""
    low, high = metric(alias).possible
    places = 0 if metric(alias).whole else draw(st.integers(0, 3))
    number = draw(st.decimals(low, high, places=places))
    return f"{number:f}"


@st.composite
def sayings(draw: st.DrawFn, about: str) -> tuple[Any, Any, Any]:
    """Values, the flags of the act, and those of each component, as far as a rendering tells them:
    one reason why a value is withheld, and of components one kind of test."""
    row = observed(about)
    flags = draw(FLAGS)
    said: dict[str, str | None] = {about: draw(texts(about))} if about in ALIASES else {}
    if isinstance(row, Panel):
        diastolic = draw(st.integers(1, 298))
        said = {
            "systolic": f"{draw(st.integers(diastolic + 1, 400))}",
            "diastolic": f"{diastolic}{draw(st.sampled_from(['', '.0', '.00']))}",
        }
        if draw(st.booleans()):
            said["mean_pressure"] = draw(texts("mean_pressure"))
    each = {alias: draw(FLAGS) for alias in said} if isinstance(row, Panel) else {}
    untold = {draw(st.sampled_from(["invalid", "not-available"])), "demo-data"} if each else set()
    flags = tuple(flag for flag in flags if flag not in untold - {"demo-data"})
    each = {alias: tuple(flag for flag in own if flag not in untold) for alias, own in each.items()}
    if not codes.TEST_FLAGS.isdisjoint(flags):  # one label for both, of the whole resource
        each = {
            alias: tuple(flag for flag in own if flag not in codes.TEST_FLAGS)
            for alias, own in each.items()
        }
    failed = {
        alias: not {"invalid", "not-available"}.isdisjoint((*flags, *each.get(alias, ())))
        for alias in said
    }
    said = {
        alias: draw(st.sampled_from([text, None])) if failed[alias] else text
        for alias, text in said.items()
    }
    if said.get("mean_pressure", "") is None and not each["mean_pressure"]:
        del said["mean_pressure"], each["mean_pressure"]  # nothing is said of it: as if not sent
    return said, flags, each


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that validation lets through, whose texts FHIR can carry."""
    about = draw(st.sampled_from(OBSERVABLES))
    said, flags, each = draw(sayings(about))
    pair = draw(st.none() | st.tuples(MOMENTS, MOMENTS))
    record = stored(
        about,
        said,
        circumstances=draw(CIRCUMSTANCES),
        flags=flags,
        each=each,
        measured_ms=draw(MOMENTS),
        received_ms=draw(MOMENTS),
        offset_min=draw(st.integers(-14 * 60, 14 * 60)),
        device_time=draw(st.datetimes(min_value=EARLY)).replace(microsecond=0).isoformat(),
        device=draw(DEVICES),
        gateway=draw(NAMES),
        boot=draw(TEXTS | st.just("x/188736/2026-02-18T07:29:40")),
        model=draw(TEXTS),
        firmware=draw(TEXTS),
        slot=draw(st.integers(1, 99)),
        clock_sync=draw(st.sampled_from(["none", "manual", "ntp", "gps"])),
        clock_device_ms=pair[0] if pair else None,
        clock_gateway_ms=pair[1] if pair else None,
        transferred_by=draw(st.sampled_from(["automatic", "typed", "typedbyhcprof"])),
        location=draw(st.sampled_from(["home", "institution"])),
        version=draw(st.integers(1, 2**31)),
        citizen=draw(st.none() | st.from_regex(r"[A-Za-z0-9.\-]{1,64}", fullmatch=True)),
        scheduled=draw(st.booleans()),
    )
    assume(record.device != record.gateway)  # one Device would hide the other
    conflict = draw(st.sampled_from(["", "first", "second"]))
    failed = {"invalid", "not-available"} & {*flags, *(one for own in each.values() for one in own)}
    if conflict == "second" and not failed:
        return twin_of(record)
    return msgspec.structs.replace(record, conflict=bool(conflict))


ALIASES = frozenset(row.alias for row in METRICS)
EARLY = datetime(1970, 1, 1)


@settings(max_examples=250, deadline=None)
@given(records())
def test_any_record_comes_back(record: Record) -> None:
    check(record)
