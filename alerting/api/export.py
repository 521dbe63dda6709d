"""Bulk export: everything as NDJSON files, written in the background, resumed where it stopped.

In: a folder, and a function that opens the store for reading. Out: `Exports`: jobs that can be
begun, watched and cancelled. One worker writes one job at a time, a thousand records at once, and
notes after each such piece how far it came and how long the file is; a process that ends in
between goes on there. The files hold personal data: the folder is its owner's alone, and a job is
deleted when it has been done for a day.

An export holds all that had changed until it began. What changes while it runs is added at its
end, so that nothing is missing; such an Observation may stand twice, the later line newer.
"""

import logging
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from alerting.api.resources import render_party, renderer
from devices.catalogue import OBSERVABLES
from devices.symptoms import QUESTIONNAIRES, RESPONSES
from fhir_mapping.resources import render_organization, render_patient
from fhir_mapping.response import render_questionnaire
from ingest.store import Query, Reader, StoreUnavailable

log = logging.getLogger(__name__)

KINDS: Final = (
    "Observation",
    "QuestionnaireResponse",
    "Patient",
    "Device",
    "Organization",
    "Questionnaire",
)
_ABOUT: Final = {"Observation": OBSERVABLES, "QuestionnaireResponse": RESPONSES}
"""The two that are rendered from records, and what these are about."""
LINES_AT_ONCE: Final = 1000
LINES_PER_FILE: Final = 500_000
WAITING_MAX: Final = 8
KEPT_MS: Final = 24 * 3_600_000
RETRY_S: Final = 1.0
LOOK_S: Final = 600.0
"""How often the worker looks whether the day of a job is over, while it has nothing to write."""
_STATE = "job.json"
State = Literal["waiting", "running", "done", "failed"]


class Output(msgspec.Struct):
    """One file: what it holds, its name, and how many lines and bytes are safely in it."""

    kind: str
    name: str
    lines: int = 0
    bytes: int = 0


class Job(msgspec.Struct):
    """One export, as it stands in its folder; `seq` is the last change that is written of the
    kind at hand."""

    id: str
    kinds: list[str]
    since_ms: int
    request: str
    began_ms: int
    last_seq: int
    seq: int
    state: State = "waiting"
    left: list[str] = []
    outputs: list[Output] = []
    done_ms: int = 0

    @property
    def progress(self) -> str:
        """For `X-Progress`: what is written now, and how much of it."""
        if not self.left:
            return "done"
        if self.state == "waiting" or self.left[0] not in _ABOUT or not self.last_seq:
            return f"{self.state}: {self.left[0]}"
        return f"{self.left[0]} {min(99, 100 * self.seq // self.last_seq)} %"


class Exports:
    """All jobs of one folder, and the worker that writes them."""

    def __init__(
        self, folder: Path, open_reader: Callable[[], Reader], wall_ms: Callable[[], int]
    ) -> None:
        self._folder = folder
        self._open_reader = open_reader
        self._wall_ms = wall_ms
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._jobs = {job.id: job for job in _stored_jobs(folder)}

    def resume(self) -> None:
        """Go on with the jobs of an earlier process, if there are any."""
        if self._jobs:
            self._wake()

    def begin(
        self, kinds: Iterable[str], since_ms: int, request: str, reader: Reader
    ) -> Job | None:
        """A new job, waiting for the worker; None when too many wait already."""
        with self._lock:
            if (
                sum(job.state in {"waiting", "running"} for job in self._jobs.values())
                >= WAITING_MAX
            ):
                return None
            wanted: list[str] = [kind for kind in KINDS if kind in set(kinds)]
            job = Job(
                id=uuid.uuid4().hex,
                kinds=wanted,
                since_ms=since_ms,
                request=request,
                began_ms=self._wall_ms(),
                last_seq=reader.last_seq(),
                seq=0,
                left=list(wanted),
            )
            place = self._folder / job.id
            place.mkdir(mode=0o700, parents=True)
            _save(place, job)
            self._jobs[job.id] = job
        self._wake()
        return job

    def job(self, job_id: str) -> Job | None:
        """One job, as far as it is."""
        return self._jobs.get(job_id)

    def cancel(self, job_id: str) -> bool:
        """Forget a job and its files; False when there is none."""
        with self._lock:
            job = self._jobs.pop(job_id, None)
            if job is not None:
                shutil.rmtree(self._folder / job.id, ignore_errors=True)
        return job is not None

    def file(self, job_id: str, name: str) -> Path | None:
        """A finished job's file; None when there is none of this name."""
        job = self._jobs.get(job_id)
        if job is None or job.state != "done":
            return None
        found = next((one.name for one in job.outputs if one.name == name), None)
        return None if found is None else self._folder / job.id / found

    def close(self) -> None:
        """Stop after the piece at hand; the next process goes on from there."""
        self._stop.set()
        self._news.set()
        thread = self._thread
        if thread is not None:
            thread.join()

    def _wake(self) -> None:
        self._news.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="export", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        """Write jobs, the oldest first, and delete old ones, until none is left."""
        while not self._stop.is_set():
            self._news.clear()
            self._forget_old()
            with self._lock:
                if not self._jobs:
                    self._thread = None
                    return
                open_jobs = [
                    job for job in self._jobs.values() if job.state in {"waiting", "running"}
                ]
                job = min(open_jobs, key=lambda job: job.began_ms, default=None)
                if job is not None:
                    job.state = "running"
            if job is not None:
                self._carry_out(job)
            elif not self._stop.is_set():
                self._news.wait(LOOK_S)

    def _carry_out(self, job: Job) -> None:
        """Write a job as far as store and process last."""
        try:
            reader = self._open_reader()
            try:
                self._write(job, reader)
            finally:
                reader.close()
        except StoreUnavailable as error:
            log.warning("an export waits for the store: %s", error)
            self._stop.wait(RETRY_S)
        except Exception:
            log.exception("an export failed")
            with self._lock:
                job.state, job.done_ms = "failed", self._wall_ms()
                self._keep(job)

    def _write(self, job: Job, reader: Reader) -> None:
        for lines, seq in _pieces(job, reader):
            if self._stop.is_set():
                return
            with self._lock:
                if job.id not in self._jobs:
                    return
                self._append(job, lines)
                job.seq = seq
                self._keep(job)
        with self._lock:
            job.state, job.done_ms = "done", self._wall_ms()
            self._keep(job)

    def _append(self, job: Job, lines: list[bytes]) -> None:
        """Add lines to the newest file of the kind at hand, after what is surely in it."""
        if not lines:
            return
        kind = job.left[0]
        output = next((one for one in reversed(job.outputs) if one.kind == kind), None)
        if output is None or output.lines >= LINES_PER_FILE:
            number = 1 + sum(one.kind == kind for one in job.outputs)
            output = Output(kind, f"{kind}.{number}.ndjson")
            job.outputs.append(output)
        if kind not in _ABOUT:
            output.lines = output.bytes = 0
        path = self._folder / job.id / output.name
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(output.bytes)
            file.seek(output.bytes)
            file.write(b"\n".join(lines) + b"\n")
            file.flush()
            os.fsync(file.fileno())
            output.bytes = file.tell()
        output.lines += len(lines)

    def _keep(self, job: Job) -> None:
        if job.id in self._jobs:
            _save(self._folder / job.id, job)

    def _forget_old(self) -> None:
        old = self._wall_ms() - KEPT_MS
        for job in list(self._jobs.values()):
            if job.state in {"done", "failed"} and job.done_ms < old:
                self.cancel(job.id)


def _pieces(job: Job, reader: Reader) -> Iterator[tuple[list[bytes], int]]:
    """What is still to be written, piece by piece, and how far each one brings the job."""
    while job.left:
        if job.left[0] in _ABOUT:
            yield from _records(job, reader, _ABOUT[job.left[0]])
        else:
            yield from ((lines, job.seq) for lines in _others(job.left[0], reader))
        job.left.pop(0)
        job.seq = 0


def _records(job: Job, reader: Reader, about: tuple[str, ...]) -> Iterator[tuple[list[bytes], int]]:
    render = renderer(reader)
    while True:
        query = Query(
            about=about,
            changed_from_ms=job.since_ms or None,
            by_change=True,
            newest_first=False,
            after=(job.seq, "", b""),
            limit=LINES_AT_ONCE,
        )
        records = reader.search(query)
        wanted = [one for one in records if one.seq <= job.last_seq or one.version > 1]
        if records:
            yield [render(record) for record in wanted], records[-1].seq
        if len(records) < LINES_AT_ONCE:
            return  # the end, as it stood at that search: what is written from now on is newer


def _others(kind: str, reader: Reader) -> Iterator[list[bytes]]:
    """All of a small kind in one piece, so that a job that begins it again repeats nothing."""
    if kind == "Patient":
        yield [render_patient(citizen) for citizen in reader.citizens().values()]
    elif kind == "Organization":
        yield [render_organization(one) for one in reader.organisations().values()]
    elif kind == "Questionnaire":
        yield [render_questionnaire(row) for row in QUESTIONNAIRES]
    else:
        parties = (reader.party(row_id) for row_id in reader.parties())
        yield [render_party(party) for party in parties if party is not None]


def _stored_jobs(folder: Path) -> Iterator[Job]:
    for path in sorted(folder.glob(f"*/{_STATE}")):
        try:
            yield msgspec.json.decode(path.read_bytes(), type=Job)
        except (OSError, msgspec.DecodeError):
            log.warning("an export's state cannot be read; it is left alone")


def _save(place: Path, job: Job) -> None:
    """The state, whole or not at all."""
    beside = place / f"{_STATE}.new"
    beside.write_bytes(msgspec.json.encode(job))
    beside.replace(place / _STATE)
