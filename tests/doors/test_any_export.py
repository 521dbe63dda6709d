"""One measurement exported by others as KIH and as PHMR, again and again under new numbers and in
any zone's spelling, is one record; no two measurements become one."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_mapping.kih.dataset import Citizen as Person
from fhir_mapping.kih.dataset import CitizenMonitoringDataset, Instrument, Sample
from fhir_mapping.kih.write import render_dataset
from ingest.store import SqliteReader
from ingest.take import take
from tests.alerting.clinic import in_memory
from tests.documents import phmr
from tests.doors.test_any_door import ANNA, MOMENTS, NOW_MS, OFFSETS, Platform
from tests.fhir_mapping.kih.cases import OPENTELE

SCALE, OXIMETER = "MCI00002", "MCI00013"


class Measurement(msgspec.Struct, frozen=True):
    """What an instrument of MedCom's list measured, and when."""

    at: datetime
    instrument: str
    value: str


@st.composite
def measurements(draw: st.DrawFn) -> list[Measurement]:
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(MOMENTS), st.sampled_from([SCALE, OXIMETER])),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    values = st.sampled_from(["74.0", "97", "96.5"])
    return [Measurement(at, instrument, draw(values)) for at, instrument in keys]


def as_kih(one: Measurement, offset: int, number: int) -> bytes:
    is_scale = one.instrument == SCALE
    report = msgspec.structs.replace(
        OPENTELE,
        uuid=f"{number:08x}-bf97-11e1-afa7-0800200c9a66",
        created=_local(one.at, offset).isoformat(),
        iupac="NPU03804" if is_scale else "NPU03011",
        result=one.value,
        unit="Kg" if is_scale else "%",
        instrument=Instrument(medcom_id=one.instrument, model="Model"),
        transferred_by="automatic",
    )
    sample = Sample((report,), "Odense")
    return render_dataset(CitizenMonitoringDataset(Person(ANNA.cpr), (sample,)))


def as_phmr(one: Measurement, offset: int, number: int) -> bytes:
    is_scale = one.instrument == SCALE
    code, unit = ("NPU03804", "kg") if is_scale else ("NPU03011", "%")
    said = phmr.observation(code, one.value, unit, id_=f"o-{number}")
    time = _local(one.at, offset).strftime("%Y%m%d%H%M%S%z")
    equipment = [phmr.device(one.instrument)]
    entry = phmr.organizer(said, time=time)
    return phmr.report(entry, equipment=equipment, number=f"d-{number}", cpr=ANNA.cpr)


def _local(at: datetime, offset: int) -> datetime:
    return at.astimezone(timezone(timedelta(minutes=offset)))


WAYS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from([as_kih, as_phmr]), OFFSETS),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(measurements(), WAYS)
def test_any_exports_of_some_measurements_are_those_measurements(
    given_ones: list[Measurement], ways: Sequence[tuple[int, object, int]]
) -> None:
    with TemporaryDirectory(dir=in_memory()) as folder:
        platform = Platform(Path(folder))
        for number, (place, write, offset) in enumerate(ways):
            one = given_ones[place % len(given_ones)]
            with closing(SqliteReader(platform.path)) as reader:
                take(write(one, offset, number), reader, platform.writer, NOW_MS)  # type: ignore[operator]
        records, refused = platform.stored()
        platform.writer.close()
    assert refused == []
    told = {given_ones[place % len(given_ones)] for place, _, _ in ways}
    expected = sorted((round(one.at.timestamp() * 1000), one.value) for one in told)
    assert sorted((one.measured_ms, one.values[0]) for one in records) == expected
    assert all(one.version == 1 and not one.conflict for one in records)
    assert {one.citizen for one in records} == {"anna"}
