"""A store with people and readings to deliver, a clock that only tests move, and a deliverer."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from devices.wire import TABLET_TYPE, topic_for
from fhir_mapping.enrolled import EnrolledDevice, Enrolment
from fhir_mapping.record import Record
from fhir_mapping.response import address_of, render
from ingest.decode import Delivery
from ingest.deliver import Deliverer, Deliveries, DeliverSettings, Destination, Progress
from ingest.deliver.serve import destination_of
from ingest.pipeline import process
from ingest.store import SqliteReader, SqliteWriter
from tests.ingest.enrolments import NOW_MS, START, enrolment, term
from tests.ingest.said import DEVICE, RECEIVED_MS, VOUCHED, arrival, pressure, spo2

OTHER = "00091FFEFF801A2C"
"""A device that is nobody's."""
TABLET = "tablet-1"


class Home:
    """A record store that tests write to. Devices: Anna's, and one that is nobody's."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.db"
        self.writer = SqliteWriter(self.path)
        self.writer.enrol(enrolment(term("anna")), NOW_MS)
        self.reader = SqliteReader(self.path)

    def measure(self, *minutes: int, value: str = "93", **changes: Any) -> None:
        """A saturation at each of these minutes; another value than before amends it."""
        times = [f"2026-02-17T{minute // 60:02}:{minute % 60:02}:00" for minute in minutes]
        made = [spo2(value, t=time, clock=VOUCHED, **changes) for time in times]
        self.writer.append(made)

    def answer(self, minute: int, *answers: str) -> None:
        """A questionnaire answered on the tablet, which is Anna's from then on."""
        tablet = EnrolledDevice(TABLET, TABLET_TYPE, "Maker", "Tablet")
        mine = msgspec.structs.replace(enrolment(term("anna", device=TABLET)), devices=[tablet])
        self.writer.enrol(mine, NOW_MS)
        symptoms = ("dyspnoea", "cough", "sputum", "sputum_colour")
        said = zip(symptoms, answers, strict=False)
        payload = {
            "v": 1,
            "id": f"q{minute}",
            "seq": 1,
            "q": "symptoms-copd",
            "qv": "1",
            "t": f"2026-02-17T{minute // 60:02}:{minute % 60:02}:00",
            "sent": "2026-02-17T23:59:00+01:00",
            "a": [{"c": name, "val": text} for name, text in said],
            "clock": VOUCHED,
        }
        topic = topic_for("syddanmark", "gw-0001", TABLET, "qr").text()
        process([Delivery(topic, msgspec.json.encode(payload), RECEIVED_MS)], self.writer)

    def press(self, minute: int, **texts: str) -> None:
        """A blood pressure."""
        time = f"2026-02-16T{minute // 60:02}:{minute % 60:02}:00"
        texts = texts or {"systolic": "134", "diastolic": "82"}
        self.writer.append([arrival(t=time, clock=VOUCHED, type="528391", r=pressure(**texts))])

    def withdraw(self, minute: int) -> None:
        """The cuff takes back what it said of this minute."""
        time = f"2026-02-16T{minute // 60:02}:{minute % 60:02}:00"
        items = [{"c": "systolic"}, {"c": "diastolic"}]
        gone = arrival(t=time, clock=VOUCHED, type="528391", r=items, st=["invalid"])
        self.writer.append([gone])

    def move(self, who: str, device: str = DEVICE) -> None:
        """Everything that the device measured is somebody else's."""
        self.writer.enrol(enrolment(term(who, device=device)), NOW_MS)

    def orphan(self) -> None:
        """Everything that Anna measured is nobody's: the assignment was wrong from the start."""
        self.writer.enrol(enrolment(term("anna", to=START)), NOW_MS)

    def rename(self, who: str, given: str) -> None:
        """Somebody is called otherwise now."""
        citizen = msgspec.structs.replace(self.reader.citizens()[who], given=given)
        self.writer.enrol(Enrolment(citizens=[citizen]), NOW_MS)

    def records(self) -> list[Record]:
        """Every record that is to be delivered, as it stands now."""
        every = self.reader.records_after(0, 100_000, unassigned=True)
        return [one for one in every if one.citizen is not None or one.version > 1]

    def expected(self) -> dict[str, bytes]:
        """What a FHIR server must hold."""
        return {address_of(one): render(one) for one in self.records()}

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


class Clock:
    """A time of day that only tests move."""

    def __init__(self) -> None:
        self.now_ms = NOW_MS
        self.pauses: list[float] = []

    def __call__(self) -> int:
        return self.now_ms

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now_ms += round(seconds * 1000)


class Run:
    """One delivery process's inside, in this process."""

    def __init__(
        self, home: Home, state: Deliveries, destination: Destination, clock: Clock, batch: int
    ) -> None:
        self.state = state
        self.clock = clock
        self.progress: list[Progress] = []
        self.deliverer = Deliverer(
            home.reader,
            state,
            destination,
            seq=state.hold("test", 0),
            batch_records=batch,
            now_ms=clock,
            jitter=lambda: 1.0,
            on_progress=self.progress.append,
        )

    def until_idle(self, between: Callable[[], None] = lambda: None) -> None:
        """Round after round until nothing is left to do now."""
        for _ in range(500):
            pause = self.deliverer.step()
            between()
            if pause is None:
                return
            if pause:
                self.clock.wait(pause)
        raise AssertionError("it never comes to an end")

    def until_settled(self) -> None:
        """The same, and whatever waits or is in doubt has come round again."""
        for _ in range(100):
            self.until_idle()
            if self.state.counts()[0] == 0:
                return
            self.clock.wait(120.0)
        raise AssertionError("something waits for ever")


def settings(home: Home, **changes: Any) -> DeliverSettings:
    """Settings for a delivery from this home; `url` makes it a FHIR server, unless said."""
    chosen: dict[str, Any] = {"store_path": home.path, "timeout_s": 0.3}
    chosen["state_path"] = home.path.with_name("deliveries.db")
    chosen["destination"] = "fhir" if "url" in changes else "folder"
    chosen["folder"] = home.path.with_name("outbox")
    return DeliverSettings(**{**chosen, **changes})


@contextmanager
def delivering(
    home: Home, clock: Clock | None = None, batch: int = 10, **changes: Any
) -> Iterator[Run]:
    """A deliverer as the process builds it, but for clock and chance."""
    chosen = settings(home, **changes)
    with (
        closing(Deliveries(chosen.state_path)) as state,
        closing(destination_of(chosen)) as destination,
    ):
        yield Run(home, state, destination, clock or Clock(), batch)
