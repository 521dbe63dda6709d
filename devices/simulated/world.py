"""A world: thousands of homes, and every message they send, in the order of sending.

In: a seed, a size, a start date, fault rates. Out: the enrolment file's content and a lazy stream
of `Delivery`. Called by `fleet`, the load tests and the tests. Memory is bounded by the homes
(about 10 kB each, of which 3 kB per 60 days) and by one day of messages, not by the stream.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from devices.simulated.build import MIXED, SCHEDULES, build_home, weekdays_of
from devices.simulated.cohort import Cohort
from devices.simulated.course import Episode, go_on, plan_courses
from devices.simulated.enrolment import ORGANISATIONS, enrolment_of
from devices.simulated.faults import FaultRates
from devices.simulated.home import ZONE, Calendar, Delivery, Home
from devices.simulated.ledger import WorldLine
from devices.simulated.residents import residents

__all__ = ["Delivery", "World"]

_DAY_MS = 86_400_000
Asked = Callable[[str, date], bool]
"""Whether the home with this gateway is asked to measure on this day, beside its plan."""


def nobody(_gateway: str, _day: date) -> bool:
    """Nothing is asked beside the plan."""
    return False


class World:
    """A simulated population: the same arguments give the same bytes, in every process.

    `deteriorating` and `silent` are shares of the homes. In a world of 24 homes or more the first
    ones are showcase cases (see `course.SHOWCASES`): in 42 days three deteriorate clearly within
    the first 28 and three within the last 14. `asking` puts a tablet into every home, on which a
    questionnaire is answered whenever something is measured. The story is told within the first
    `story_days` (all of them when None); after it the same patients get worse and better in turn.

    Raises ValueError for a world without homes or days, or with an unknown schedule.
    """

    def __init__(
        self,
        seed: int,
        homes: int,
        tenant: str = "syddanmark",
        *,
        start: date,
        days: int,
        deteriorating: float = 0.2,
        silent: float = 0.08,
        faults: FaultRates | None = None,
        schedule: str = "daily",
        asking: bool = True,
        story_days: int | None = None,
    ) -> None:
        if homes < 1 or days < 1:
            raise ValueError(f"a world needs homes and days, not {homes} and {days}")
        if schedule not in (known := (*SCHEDULES, MIXED)):
            raise ValueError(f"schedule {schedule!r} is none of {', '.join(known)}")
        if not 0 <= deteriorating <= 1 or not 0 <= silent <= 1 - deteriorating:
            raise ValueError("deteriorating and silent are shares, together at most 1")
        self.seed = seed
        self.tenant = tenant
        self.start = start
        self.days = days
        self.schedule = schedule
        self.faults = FaultRates() if faults is None else faults
        self._asking = asking
        self.story_days = min(days, story_days or days)
        self._shares = (deteriorating, silent)
        self._homes = homes
        self._calendar = Calendar.of(start, days)
        self._built: tuple[Home, ...] | None = None
        self._cohort: Cohort | None = None

    @classmethod
    def of(
        cls,
        cohort: Cohort,
        tenant: str = "syddanmark",
        *,
        faults: FaultRates | None = None,
        asking: bool = True,
    ) -> "World":
        """The patients of a cohort at home: what its blocks hold goes over the air.

        Citizen pt-000001 is patient 0. Values, days and hours of measuring are the block's;
        `faults` is what befalls messages and clocks, while misuse of devices is in the block.
        """
        world = cls(
            cohort.seed, cohort.patients, tenant, start=cohort.start, days=cohort.days,
            faults=faults, asking=asking,
        )  # fmt: skip
        world._cohort = cohort
        return world

    @property
    def homes(self) -> int:
        """How many homes there are."""
        return self._homes

    @property
    def starts_at(self) -> datetime:
        """Midnight (local) before the first measurement."""
        return datetime.fromtimestamp(self._calendar.start_ms / 1000, ZONE)

    @property
    def ends_at(self) -> datetime:
        """No message is sent at or after this moment."""
        return datetime.fromtimestamp(self._calendar.end_ms / 1000, ZONE)

    def header(self) -> WorldLine:
        """The first line of a ledger of this world."""
        return WorldLine(self.seed, self._homes, self.start.isoformat(), self.days, self.tenant)

    def enrolment(self) -> dict[str, object]:
        """The enrolment file: organisations, citizens, devices, assignments, personal limits."""
        built = self._built or self._build()
        self._built = built
        return enrolment_of(built, self._calendar)

    def episodes(self) -> list[Episode]:
        """Ground truth: every deterioration in this world, by home."""
        built = self._built or self._build()
        self._built = built
        return [episode for home in built for episode in home.episodes]

    def deliveries(self, asked: Asked = nobody) -> Iterator[Delivery]:
        """Every message in order of virtual send time; each call starts from the beginning.

        `asked` is looked at when a day begins: whom the platform has asked to measure on it.

        Works day by day: a day's messages are made, those due by its end are sorted and
        yielded, the rest waits for its day. Whatever is undelivered at the end was moved there.
        """
        homes = self._fresh()
        start_ms = self._calendar.start_ms
        due: defaultdict[int, list[tuple[int, int, Delivery]]] = defaultdict(list)
        number = 0
        for day in range(self.days):
            calendar_day = self.start + timedelta(days=day)
            for home in homes:
                for delivery in home.day(day, asked(home.gateway, calendar_day)):
                    number += 1  # a resend never sorts before its original
                    slot = (delivery.send_ms - start_ms) // _DAY_MS
                    due[slot].append((delivery.send_ms, number, delivery))
            today = due.pop(day, [])
            today.sort(key=lambda entry: entry[:2])
            for _, _, delivery in today:
                yield delivery
        assert not due, "a message was planned outside the world"

    def _fresh(self) -> tuple[Home, ...]:
        """Homes that have not lived a day: they carry counters and random state."""
        built, self._built = self._built, None
        return built or self._build()

    def _build(self) -> tuple[Home, ...]:
        organisations = tuple(row.id for row in ORGANISATIONS)
        if self._cohort is not None:
            return residents(
                self._cohort,
                self._calendar,
                self.faults,
                self.tenant,
                organisations,
                self._asking,
            )
        plan = plan_courses(self.seed, self._homes, self.story_days, *self._shares)
        if self.story_days < self.days:
            plan = go_on(plan, self.seed, self.story_days, self.days, self._shares[0])
        return tuple(
            build_home(
                self.seed,
                index,
                condition,
                course,
                self._calendar,
                self.faults,
                weekdays_of(self.schedule, index),
                self.tenant,
                organisations,
                self._asking,
                self.story_days,
            )
            for index, (condition, course) in enumerate(plan)
        )
