"""Whatever fails, in whatever order, and whoever is killed: nothing is lost, nothing is stale."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.deliver import Deliveries, Item, Later, Refused, Result, Taken
from ingest.store import StoreUnavailable
from tests.ingest.deliver.home import Clock, Home, Run, delivering
from tests.ingest.deliver.strict import Fault, serving

SETTLE_S = 600.0
WORDS = (
    *("taken", "refused", "alone", "trouble", "trouble-done", "trouble-late"),
    *("killed", "killed-done", "killed-late"),
)


class Killed(BaseException):
    """The process ends here."""


class Scripted:
    """A destination that does to each item what the next word says, then takes everything.

    `holds` is the newest version that it was made to hold, by id; a late request takes effect
    when `late` is called, if that is before `settle_s` is over.
    """

    settle_s = SETTLE_S
    takes_responses = True

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.words: list[str] = []
        self.holds: dict[bytes, int] = {}
        self.pending: list[tuple[int, bytes, int]] = []

    def send(self, batch: Sequence[Item]) -> list[Result]:
        ids = [item.record.id for item in batch]
        assert len(set(ids)) == len(ids), "a record twice in a batch"
        results: list[Result] = []
        for item in batch:
            word = self.words.pop() if self.words else "taken"
            self._do(item, word)
            if word.startswith("killed"):
                raise Killed
            if word.startswith("trouble"):
                rest = len(batch) - len(results)
                return results + [Later("trouble", wait_s=1.0)] * rest
            answers: dict[str, Result] = {
                "taken": Taken(),
                "refused": Refused("422"),
                "alone": Later("500", alone=True),
            }
            results.append(answers[word])
        return results

    def _do(self, item: Item, word: str) -> None:
        one, version = item.record.id, item.record.version
        if word == "taken" or word.endswith("-done"):
            self.holds[one] = version
        elif word.endswith("-late"):
            self.pending.append((self.clock.now_ms, one, version))

    def late(self) -> None:
        for sent_ms, one, version in self.pending:
            if self.clock.now_ms - sent_ms < SETTLE_S * 1000:
                self.holds[one] = version
        self.pending.clear()

    def close(self) -> None:
        pass


class Story:
    """A home, a destination, and a deliverer that is killed and started again."""

    def __init__(self, home: Home, path: Path, batch: int) -> None:
        self.home, self.path, self.batch = home, path, batch
        self.clock = Clock()
        self.destination = Scripted(self.clock)
        self.state = Deliveries(path)
        self.run = Run(home, self.state, self.destination, self.clock, batch)

    def step(self) -> float | None:
        try:
            return self.run.deliverer.step()
        except Killed:
            self.state.close()
            self.state = Deliveries(self.path)
            self.run = Run(self.home, self.state, self.destination, self.clock, self.batch)
            return 0.0

    def check_nothing_lost(self) -> None:
        """Up to the cursor each record is held as it is now, or is still to come."""
        with closing(sqlite3.connect(self.path)) as db:
            (cursor,) = db.execute("SELECT seq FROM course").fetchone()
            query = "SELECT id FROM {}"
            open_ = {
                row[0]
                for table in ("waiting", "doubt", "dead_letter")
                for row in db.execute(query.format(table))
            }
        for record in self.home.records():
            if record.seq <= cursor and record.id not in open_:
                assert self.destination.holds.get(record.id) == record.version


def minutes() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 15), min_size=1, max_size=8, unique=True)


def acts() -> st.SearchStrategy[list[tuple[str, object]]]:
    """What happens between the rounds."""
    return st.lists(
        st.one_of(
            st.tuples(st.just("measure"), st.tuples(minutes(), st.integers(80, 99))),
            st.tuples(st.just("move"), st.sampled_from(["anna", "bo"])),
            st.tuples(st.just("orphan"), st.none()),
            st.tuples(st.just("words"), st.lists(st.sampled_from(WORDS), max_size=6)),
            st.tuples(st.just("late"), st.none()),
            st.tuples(st.just("wait"), st.sampled_from([1.0, 60.0, 400.0])),
            st.tuples(st.just("retry"), st.none()),
            st.tuples(st.just("step"), st.none()),
        ),
        max_size=25,
    )


@settings(max_examples=120, deadline=None)
@given(acts=acts(), batch=st.sampled_from([1, 2, 3, 10]))
def test_any_story_ends_with_the_newest_of_everything(
    acts: list[tuple[str, object]], batch: int
) -> None:
    folder = Path(mkdtemp())
    with closing(Home(folder)) as home:
        story = Story(home, folder / "deliveries.db", batch)
        doing: dict[str, Callable[..., object]] = {
            "measure": lambda what: home.measure(*what[0], value=str(what[1])),
            "move": home.move,
            "orphan": lambda _: home.orphan(),
            "words": story.destination.words.extend,
            "late": lambda _: story.destination.late(),
            "wait": story.clock.wait,
            "retry": lambda _: story.state.retry(None, story.clock()),
            "step": lambda _: story.step(),
        }
        for name, what in acts:
            doing[name](what)
            story.step()
            story.check_nothing_lost()
        story.destination.late()
        story.destination.words.clear()
        story.state.retry(None, story.clock())
        story.run.until_settled()
        assert story.state.counts() == (0, 0)
        assert story.destination.holds == {one.id: one.version for one in home.records()}
        story.state.close()
    shutil.rmtree(folder)


def faults() -> st.SearchStrategy[list[Fault]]:
    """What goes wrong with the next requests."""
    some = st.frozensets(st.integers(0, 4), min_size=1)
    fault = st.one_of(
        st.builds(Fault, st.just("status"), st.sampled_from([401, 404, 408, 429, 500, 503])),
        st.builds(Fault, st.sampled_from(["reset", "reset-after"])),
        st.builds(
            Fault,
            st.just("entries"),
            st.sampled_from([400, 404, 409, 412, 422, 425, 429, 500, 503]),
            entries=some,
        ),
        st.just(Fault("garbage")),
        st.just(Fault("silence-late")),
    )
    return st.lists(fault, max_size=6)


@settings(max_examples=15, deadline=None)
@given(rounds=st.lists(st.tuples(minutes(), faults()), min_size=1, max_size=4))
def test_a_server_that_fails_in_any_order_ends_with_the_newest_of_everything(
    rounds: list[tuple[list[int], list[Fault]]],
) -> None:
    folder = Path(mkdtemp())
    with serving() as server, closing(Home(folder)) as home:
        with delivering(home, url=server.url, batch=5, timeout_s=0.1) as run:
            for number, (when, script) in enumerate(rounds):
                home.measure(*when, value=str(80 + number))
                server.script.extend(script)
                run.until_idle()
                server.catch_up()
            server.script.clear()
            run.until_settled()
            while run.state.retry(None, run.clock()):
                run.until_settled()
        assert server.observations() == home.expected()
        assert server.wrongs == []
    shutil.rmtree(folder)


def test_a_second_request_without_an_answer_prolongs_the_doubt(home: Home) -> None:
    story = Story(home, home.path.with_name("state.db"), 10)
    for when_s, value, words in ((0, "93", ["trouble"]), (400, "92", ["trouble-late"])):
        story.clock.wait(when_s)
        home.measure(1, value=value)
        story.destination.words = words
        story.run.until_idle()
    home.measure(1, value="91")
    story.run.until_idle()
    story.clock.wait(300)
    story.run.until_idle()
    story.destination.late()
    assert story.destination.holds != {one.id: one.version for one in home.records()}
    story.run.until_settled()
    assert story.destination.holds == {one.id: one.version for one in home.records()}
    story.state.close()


def test_a_store_that_is_away_is_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("locked")

    home.measure(1)
    with delivering(home) as run:
        with monkeypatch.context() as patch:
            patch.setattr(home.reader, "records_after", away)
            assert [run.deliverer.step(), run.deliverer.step()] == [0.5, 1.0]
        with monkeypatch.context() as patch:
            patch.setattr(run.state, "end", away)
            assert run.deliverer.step() == 2.0
        run.until_idle()
        assert run.progress[-1].taken == 1


def test_too_many_set_aside_stop_the_cursor(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.deliver.follow.SET_ASIDE_MAX", 2)
    home.measure(*range(10))
    clock = Clock()
    destination = Scripted(clock)
    destination.settle_s = 0.0
    with closing(Deliveries(home.path.with_name("state.db"))) as state:
        run = Run(home, state, destination, clock, 10)
        destination.words = ["alone", "taken"] * 5
        run.deliverer.step()
        seqs = [one.seq for one in home.records()]
        assert run.progress[-1].seq == seqs[4], "two are set aside, the third stops it"
        assert state.counts()[0] == 2


def test_it_stops_between_rounds(home: Home) -> None:
    home.measure(*range(30))
    asked = 0

    def stopped(_seconds: float) -> bool:
        nonlocal asked
        asked += 1
        return asked == 2

    with delivering(home, batch=10) as run:
        run.deliverer.run(stopped, 0.01)
        assert len(run.progress) == 1
        assert run.progress[0].taken == 10
