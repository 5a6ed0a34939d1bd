"""Many licenses at once, in chunks: each exactly once, and one bad row stops nothing.

What is durable when, for a chunk:

1. Places are offered: serials are counted. A run that is cut off here loses serials and
   nothing else. All is drawn up outside of any transaction, so that processes do not
   wait for each other.
2. The places are claimed in one transaction: instant, record, salt, serial and index of
   every row are on disk before anything is sealed.
3. The seal-use log has a line for each; then all is printed, sealed and validated.
4. One transaction stores the finished bytes and marks the licenses as issued. Only then
   anyone learns of them. Warnings are looked up after it.

So a process that is killed leaves the reservations of one chunk at most, and the same
rows again finish them with the same bytes. Where a set was refused, it is done again
one by one, so that the row at fault is known and the others go on.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, TypeVar

from elicense import list_numbers, payload, record
from elicense.errors import ConflictError, ElicenseError, Problem, RegisterError
from elicense.issuing.chunks import BatchPolicy, Entry, chunks
from elicense.issuing.desk import Issued, IssuingDesk, NotReleasedError
from elicense.issuing.drawn import Drawn, draw, draw_again, printed
from elicense.issuing.preparing import (
    Prepared,
    admit,
    prepare,
    prepare_again,
)
from elicense.issuing.releasing import (
    check_own,
    issued_event,
    mark_issued,
    same_number,
)
from elicense.issuing.request import Request
from elicense.lifecycle import step
from elicense.model import License, Text
from elicense.register import (
    Claim,
    ListFullError,
    Output,
    PlaceTakenError,
    RequestKey,
    ReserveRequest,
    Row,
)
from elicense.sealing import Allowed, Scenario
from elicense.validating import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one row.

    Attributes:
        place: of the row among those that were given, from 1.
        number: its case number or row id; empty where it could not be read.
        issued: the license, None where there is none.
        error: why there is none.
        existed: whether another run issued it, before or at the same time; what became
            of it since is in ``issued.state``.
    """

    place: int
    number: str
    issued: Issued | None = None
    error: ElicenseError | None = None
    existed: bool = False


class SampleError(ElicenseError):
    """A license of the sample failed the full validation, so the run was stopped.

    The chunk that it is in stays reserved, and nothing of it went out.

    Attributes:
        place: of its row, from 1.
        verdict: what the full validation found.
    """

    def __init__(self, place: int, verdict: Verdict) -> None:
        """Keep the row and the verdict."""
        causes = "; ".join(c.detail for c in verdict.checks if c.code is not None)
        super().__init__(
            Text(
                f"第 {place} 行抽检未通过（{verdict.code.text}），已停止，"
                f"本批未发出：{causes}",
                f"row {place} of the sample did not pass the full validation"
                f" ({verdict.code.text}: {causes}); the run was stopped, and nothing"
                " of its chunk went out",
            )
        )
        self.place = place
        self.verdict = verdict
        self.args = (place, verdict)


def issue_many(
    desk: IssuingDesk,
    requests: Iterable[Request | ElicenseError],
    at: datetime,
    policy: BatchPolicy | None = None,
) -> Iterator[Outcome]:
    """Issue many licenses in order, one outcome for each request.

    Each is issued exactly once, as by :func:`elicense.issuing.issue`: the same requests
    again finish a run that was cut off, and what is done is returned. Nothing is kept
    beyond a chunk. Validated by the lean rules, and a sample in full.

    Args:
        desk: what to issue with.
        requests: read as they are needed; an error stands for a row that could not be
            read, and comes back in its place.
        at: the run's instant, whole seconds UTC.
        policy: chunk and sample.

    Yields:
        What came of each, in order.

    Raises:
        SampleError: a license of the sample failed; those before it are good.
        UnreadError: ``requests`` raised; what came before is issued.
        RegisterError, UnavailableError: the world; the same again goes on from here.
    """
    batch = Batch(desk, at, policy or BatchPolicy())
    for entries in chunks(requests, batch.policy):
        yield from batch.issue(entries)


@dataclass(slots=True)
class _Job:
    """One row on its way.

    Attributes:
        known: another run reserved it.
        existed: another run issued it.
        printed: its PDF was made here and now.
        overtaken: another run stored other bytes while these were made.
    """

    place: int
    request: Request
    key: RequestKey
    list_id: int = 0
    known: bool = False
    existed: bool = False
    printed: bool = False
    overtaken: bool = False
    prepared: Prepared | None = None
    allowed: Allowed | None = None
    drawn: Drawn | None = None
    row: Row | None = None
    license: License | None = None
    output: Output | None = None
    qr_text: str = ""
    verdict: Verdict | None = None
    error: ElicenseError | None = field(default=None)


class Batch:
    """A run over many chunks; not for several threads at once."""

    def __init__(self, desk: IssuingDesk, at: datetime, policy: BatchPolicy) -> None:
        """Take what every chunk is issued with, and the run's instant."""
        if desk.sealer is not None:
            raise ElicenseError(
                Text(
                    "签章平台暂不支持批量签发，请逐个签发",
                    "a seal platform is not asked in batches; issue one by one",
                )
            )
        self.desk, self.at, self.policy = desk, at, policy
        self._lean = replace(desk.policy, check_face=False, second_engine=False)
        self._sampled: set[str] = set()  # types whose press has passed
        self._full_lists: dict[int, int] = {}  # list -> the next generation

    def issue(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Issue a chunk of rows that are free of one another, as from ``chunks``.

        Args:
            entries: the place of each row and its request, or why it has none.

        Returns:
            An outcome for each entry, in order. All of it is durable.

        Raises:
            SampleError, RegisterError, UnavailableError: see :func:`issue_many`.
        """
        code = self.desk.organization
        jobs = [
            _Job(place, request, request.key(code))
            for place, request in entries
            if isinstance(request, Request)
        ]
        self._each(jobs, self._look_up)
        self._reserve([job for job in _good(jobs) if job.row is None])
        self.desk.log_seals(
            (job.allowed, _sure(job.row).identifier)
            for job in _good(jobs)
            if _sure(job.row).pdf is None
        )
        self._each(_good(jobs), self._print)
        self._each(_good(jobs), self._validate)
        outcomes = self._store(_good(jobs))
        failed = {
            job.place: Outcome(
                place=job.place, number=job.request.number, error=job.error
            )
            for job in jobs
            if job.error is not None
        }
        unread = {
            place: Outcome(place=place, number="", error=error)
            for place, error in entries
            if isinstance(error, ElicenseError)
        }
        found = {**outcomes, **failed, **unread}
        return [found[place] for place, _ in entries]

    def _each(self, jobs: Iterable[_Job], do: "_Step") -> None:
        """Do a step for each; what is wrong with one row is kept with it."""
        for job in jobs:
            try:
                do(job)
            except (RegisterError, SampleError):
                raise
            except ElicenseError as err:
                job.error = err

    def _look_up(self, job: _Job) -> None:
        """Find what an earlier run made of it, and check the application."""
        row = job.row = self.desk.register.by_key(job.key)
        sealing = self.at
        if row is None:
            job.prepared = prepare(self.desk, job.request, sealing)
        else:
            job.known, job.existed = True, row.is_issued
            if row.is_ordered and not row.is_issued:
                raise ElicenseError(
                    Text(
                        "待签章，请用 elicense reconcile 收取",
                        "awaits its seal; collect it with: elicense reconcile",
                    )
                )
            sealing = row.allocation.instant
            job.prepared = prepare_again(self.desk, job.request, row)
        if not job.existed:
            admit(self.desk, job.request, job.prepared.draft, sealing)
        if row is None or row.pdf is None:
            name, scenario = job.request.type_name, Scenario(job.request.operation)
            job.allowed = self.desk.ask_for_seal(name, scenario, self.at)
        job.list_id = list_numbers.first_list(job.prepared.draft.validity)

    # Reserving

    def _reserve(self, jobs: Sequence[_Job]) -> None:
        """Give each its place, as a set where nothing is in the way."""
        self._draw(jobs)
        try:
            self._claim(_good(jobs))
        except (ConflictError, ListFullError):
            self._each(_good(jobs), self._reserve_alone)

    def _reserve_alone(self, job: _Job) -> None:
        while job.error is None:
            try:
                self._claim([job])
            except PlaceTakenError:
                self._draw([job])
            except ListFullError as err:
                following = list_numbers.next_generation(err.list_id)
                self._full_lists[err.list_id] = following
                self._draw([job])
            else:
                return

    def _draw(self, jobs: Sequence[_Job]) -> None:
        """Draw up each for a place on trial."""
        if not jobs:
            return
        wanted = list(map(self._wanted, jobs))
        places = dict(
            zip(
                (job.place for job in jobs),
                self.desk.register.offer(wanted),
                strict=True,
            )
        )

        def draw_one(job: _Job) -> None:
            place, prepared = places[job.place], _sure(job.prepared)
            job.drawn = draw(self.desk, job.request, prepared, place)

        self._each(jobs, draw_one)

    def _wanted(self, job: _Job) -> ReserveRequest:
        while job.list_id in self._full_lists:
            job.list_id = self._full_lists[job.list_id]
        number = _sure(job.prepared).draft.number
        digest = job.request.digest
        return ReserveRequest(job.key, digest, number, job.list_id, self.at)

    def _claim(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        claims = []
        for job in jobs:
            drawn = _sure(job.drawn)
            identifier, wanted = drawn.license.identifier, self._wanted(job)
            claims.append(Claim(wanted, drawn.place, identifier, drawn.record))
        rows = self.desk.register.claim(claims)
        for job, row in zip(jobs, rows, strict=True):
            job.row, job.existed = row, row.is_issued
            if row.allocation != _sure(job.drawn).place:
                # Another run was first, with a place of its own.
                job.drawn, job.known = None, True

    # Finishing

    def _print(self, job: _Job) -> None:
        """Print and seal what is not stored yet."""
        row = _sure(job.row)
        if row.token is not None and row.pdf is not None:
            job.license, _ = record.decode(row.record)
            job.output = Output(row.identifier, row.token, row.pdf)
            job.qr_text = payload.qr_text(row.token, check_page=self.desk.check_page)
            job.printed = False
            return
        drawn = job.drawn or draw_again(self.desk, row)
        pdf = printed(self.desk, drawn, _sure(job.prepared))
        job.license, job.qr_text = drawn.license, drawn.qr_text
        job.output = Output(row.identifier, drawn.token, pdf)
        job.drawn, job.printed = None, True

    def _validate(self, job: _Job) -> None:
        """Validate by the lean rules, and what is in the sample in full.

        What fails the lean rules fails alone. The sample tells of the press: a new
        license that fails there stops the run. A reservation of another run may fail
        for reasons of its own, such as a key that was renewed since, and would stop
        every later run too; so it fails alone, and the type waits for another one.
        """
        pdf, place = _sure(job.output).pdf, _sure(job.row).allocation
        job.verdict = check_own(self.desk, pdf, place, self._lean)
        name = job.request.type_name
        one_in_many = job.place % self.policy.sample == 0
        if job.existed or (name in self._sampled and not one_in_many):
            return
        try:
            job.verdict = check_own(self.desk, pdf, place)
        except NotReleasedError as err:
            if job.known:
                raise
            raise SampleError(job.place, err.verdict) from err
        if job.printed:
            self._sampled.add(name)

    def _store(self, jobs: Sequence[_Job]) -> dict[int, Outcome]:
        """Keep the bytes, mark them issued, all in one transaction; then tell."""
        waiting = [job for job in jobs if not job.existed]
        if waiting:
            with self.desk.register.batch():
                self._finish_all(waiting)
        self._each([job for job in waiting if job.overtaken], self._take_stored)
        return self._outcomes(_good(jobs))

    def _finish_all(self, jobs: Sequence[_Job]) -> None:
        """Store and mark: as a set what can be, and one by one the others."""
        plain = [job for job in jobs if job.request.previous is None]
        try:
            self._finish(plain)
        except RegisterError:
            raise
        except ElicenseError:
            self._each(plain, self._finish_alone)
        superseding = [job for job in jobs if job.request.previous is not None]
        self._each(superseding, self._finish_alone)

    def _finish(self, jobs: Sequence[_Job]) -> None:
        """Store and mark licenses that supersede nothing, as a set."""
        if not jobs:
            return
        register = self.desk.register
        register.store_outputs([_sure(job.output) for job in jobs])
        events = [
            issued_event(
                job.request,
                _sure(job.row),
                _sure(job.license).draft,
                self._recorded(job),
            )
            for job in jobs
        ]
        plans = [step((), event) for event in events]
        changes = [
            _sure(job.row).change(plan) for job, plan in zip(jobs, plans, strict=True)
        ]
        seqs = register.commit(changes, events)
        for job, plan, seq in zip(jobs, plans, seqs, strict=True):
            job.row = replace(_sure(job.row), plan=plan, seq=seq)

    def _finish_alone(self, job: _Job) -> None:
        """Store and mark one license, unless another run did; inside a transaction."""
        register, output = self.desk.register, _sure(job.output)
        row = job.row = register.get(output.identifier)
        job.existed = row.is_issued
        job.overtaken = row.pdf is not None and (row.token, row.pdf) != (
            output.token,
            output.pdf,
        )
        if job.existed or job.overtaken:
            return
        register.store_output(output.identifier, output.token, output.pdf)
        draft = _sure(job.license).draft
        job.row = mark_issued(self.desk, job.request, row, draft, self._recorded(job))

    def _take_stored(self, job: _Job) -> None:
        """Take the bytes that another run stored, whose signer signs differently."""
        job.known = True
        self._print(job)
        self._validate(job)
        if not job.existed:
            with self.desk.register.batch():
                self._finish_alone(job)

    def _recorded(self, job: _Job) -> datetime:
        return max(self.at, _sure(job.row).allocation.instant)

    def _outcomes(self, jobs: Sequence[_Job]) -> dict[int, Outcome]:
        """Tell of each what it would be told alone, before those that come after."""
        rows = [(_sure(job.row), self._recorded(job)) for job in jobs]
        new = {_sure(job.row).identifier for job in jobs if not job.existed}
        warned = same_number(self.desk.register, rows, new)
        return {
            job.place: self._outcome(job, warnings)
            for job, warnings in zip(jobs, warned, strict=True)
        }

    def _outcome(self, job: _Job, warnings: Sequence[Problem]) -> Outcome:
        issued = Issued(
            license=_sure(job.license),
            state=_sure(job.row).state_at(self._recorded(job)),
            pdf=_sure(job.output).pdf,
            qr_text=job.qr_text,
            verdict=_sure(job.verdict),
            warnings=(*_sure(job.prepared).warnings, *warnings),
        )
        return Outcome(
            place=job.place,
            number=job.request.number,
            issued=issued,
            existed=job.existed,
        )


_Step: TypeAlias = Callable[[_Job], None]
T = TypeVar("T")


def _good(jobs: Iterable[_Job]) -> list[_Job]:
    return [job for job in jobs if job.error is None]


def _sure(value: T | None) -> T:
    """Return what an earlier step of the job has made."""
    if value is None:
        raise TypeError("a step was left out")
    return value
