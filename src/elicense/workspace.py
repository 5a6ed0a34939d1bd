"""A department's workspace: one folder with settings, register, keys, publication.

Wiring only: every rule lives in the modules that are called. The embedded defaults are
for trial: software keys, a development CA, a test seal, pages printed 样张.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Self, TypeVar

from elicense import (
    changing,
    dates,
    files,
    founding,
    gbt36903,
    identifiers,
    issuing,
    naming,
    publishing,
    record,
    succession,
    validating,
)
from elicense.changing import Changed, Grounds
from elicense.document import OnePassPress
from elicense.errors import ConflictError, ElicenseError, WorkspaceError
from elicense.events import Event
from elicense.gbt36903 import MetadataKeys
from elicense.issuing import (
    Batch,
    BatchPolicy,
    Issued,
    IssuingDesk,
    Reprinted,
    Request,
)
from elicense.issuing.request import source_of
from elicense.issuing.workers import Deliver, spread
from elicense.lifecycle import State
from elicense.model import License, Organization, Text
from elicense.office import KeysChanged, Office
from elicense.payload import qr_text
from elicense.pending import Pending
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register import Row
from elicense.register.sqlite import SqliteRegister
from elicense.validating import Verdict
from esign import clock, pades
from esign.algorithms import Suite

__all__ = [
    "Adoption",
    "KeysChanged",
    "Pending",
    "Shown",
    "Workspace",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a register says of one license.

    Attributes:
        license: what it says, in full; for the issuing organ's own eyes.
        state: what it is at the instant that was asked about.
        published: whether strangers can know it already.
        qr_text: what its QR carries; empty before it was issued.
        history: its events, oldest first.
        row: the register's row.
    """

    license: License
    state: State
    published: bool
    qr_text: str
    history: tuple[Event, ...]
    row: Row


@dataclass(frozen=True, slots=True)
class Adoption:
    """What came of taking over another organ's workspace.

    Attributes:
        code: USCC of the organ that was taken over.
        licenses: how many licenses were new.
        done: whether it is published.
    """

    code: str
    licenses: int
    done: KeysChanged


class Workspace(Office):
    """An issuing organ's own place; open it, use it, close it."""

    _warm: tuple[object, OnePassPress] | None = None

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        name: str,
        code: str,
        passphrase: bytes | None = None,
        suites: Mapping[str, Suite] | None = None,
        at: datetime | None = None,
    ) -> Self:
        """Make a trial workspace with new keys, a test seal and a first publication.

        The folder appears whole or not at all. A run that was cut off leaves ``.new-*``
        beside it, with keys that nobody uses; another run's is never removed here.

        Args:
            folder: must not exist, or be empty.
            name: the organ's name, 4 to 24 characters (the ring of its test seal).
            code: its USCC.
            passphrase: encrypts the keys; None makes a random one and keeps it in
                ``keys/passphrase`` (0600).
            suites: suites of ``token``, ``status`` and ``bundle``; ES256 where not
                named.
            at: first instant of everything; now where None.

        Raises:
            WorkspaceError: the folder is not empty, or the name cannot be set.
            MalformedCodeError: the code is not a USCC.
            FileError: the folder cannot be written.
        """
        identifiers.check_uscc(code)
        founding.draw_seal(name)
        if not files.is_free(folder):
            raise WorkspaceError(
                Text(f"{folder} 已存在且不为空", f"{folder} exists and is not empty")
            )
        at = at or clock.now()
        folder = folder.absolute()
        draft = files.make_sibling(folder)
        try:
            founding.fill(draft, Organization(code, name), passphrase, suites or {}, at)
            with cls(draft, passphrase) as made:
                made.publish(at)
            files.move_folder(draft, folder)
        finally:
            files.remove_folder(draft)
        return cls(folder, passphrase)

    def issue(
        self,
        type_name: str,
        application: Mapping[str, object],
        *,
        number: str,
        is_case: bool = True,
        at: datetime | None = None,
    ) -> Issued:
        """Issue one license; publishes first where the publication is out of date.

        Args:
            type_name: catalog name.
            application: the fields.
            number: case number, or the id of a row that has none.
            is_case: whether ``number`` is a case number.
            at: the run's instant; now where None.

        Raises:
            Whatever :func:`elicense.issuing.issue` raises.
            WorkspaceError: the keys do not open, or ``at`` is wrong; nothing reserved.
        """
        request = Request(
            type_name=type_name,
            application=application,
            number=number,
            is_case=is_case,
        )
        return self.carry_out(request, at)

    def carry_out(self, request: Request, at: datetime | None = None) -> Issued:
        """Issue, renew or import one license, as a request says.

        Publishes first where the publication is out of date. No key is changed in the
        meantime.

        Args:
            request: what is asked for.
            at: the run's instant; now where None.

        Raises:
            Whatever :func:`elicense.issuing.issue` raises.
            WorkspaceError: the keys do not open, or ``at`` is wrong, or what was
                published is newer than this workspace; nothing reserved.
        """
        at = at or clock.now()
        self.settle_keys()
        with self.custody.signing():
            self.check_open()
            if self.known(request) is None:
                # A reservation keeps its instant for ever.
                self.custody.reload().check_time(at)
            return issuing.issue(self.desk(at), request, at)

    def issue_many(
        self,
        requests: Iterable[Request | ElicenseError],
        deliver: Deliver[T],
        *,
        at: datetime | None = None,
        policy: BatchPolicy | None = None,
        workers: int = 1,
    ) -> Iterator[T]:
        """Issue many licenses in order, as :func:`elicense.issuing.issue_many`.

        Publishes first where the publication is out of date. No key is changed until
        the last license is issued or the iterator is closed.

        Args:
            requests: read as they are needed; an error stands for a row that could not
                be read.
            deliver: makes of a chunk's outcomes what is wanted of them, one for each,
                in the process that issued them. With one process ``list`` gives the
                outcomes as they are. With more, what it gives comes through a pipe:
                plain values, such as the identifier; it writes a PDF itself.
            at: the run's instant; now where None.
            policy: chunk and sample.
            workers: processes; 1 is this one alone.

        Raises:
            Whatever :func:`elicense.issuing.workers.spread` raises.
            WorkspaceError: the keys do not open, or ``at`` is wrong, or what was
                published is newer than this workspace; nothing reserved.
        """
        at = at or clock.now()
        self.settle_keys()
        with self.custody.signing():
            self.check_open()
            self.custody.reload().check_time(at)
            batch = Batch(self.desk(at), at, policy or BatchPolicy())
            yield from spread(batch, requests, deliver, workers)

    def reprint(
        self,
        identifier: str,
        presentation: str | None = None,
        at: datetime | None = None,
    ) -> Reprinted:
        """Print an issued license once more; see :func:`elicense.issuing.reprint`.

        Publishes first where the publication is out of date.

        Args:
            identifier: of the license.
            presentation: such as 副本; None for the license's first one.
            at: the sealing instant; now where None.

        Raises:
            Whatever :func:`elicense.issuing.reprint` raises.
            WorkspaceError: the keys do not open, or ``at`` is wrong.
        """
        at = at or clock.now()
        self.settle_keys()
        with self.custody.signing():
            self.check_open()
            self.custody.reload().check_time(at)
            return issuing.reprint(self.desk(at), identifier, presentation, at)

    def known(self, request: Request) -> Row | None:
        """Return the row that a request already has, None if it has none."""
        return self.register.by_key(request.key(self.settings.code))

    def desk(self, at: datetime) -> IssuingDesk:
        """Return what licenses are issued with, under a publication good at ``at``.

        Hold ``custody.signing()`` from before this call until the last license of the
        desk is issued, so that no key is renewed in between; :meth:`issue` does.

        Raises:
            OldRegisterError, OldKeysError: what was published is newer than this
                workspace, so that serials and indexes would be used twice.
            WorkspaceError: the keys do not open, or ``at`` is wrong.
        """
        self.check_open()
        self.custody.reload()
        self.refuse_older()
        self.board.put_out()
        state = self.board.newest(self.pins)
        if self.is_outdated(state, at):
            with suppress(ConflictError):  # then another run published, and that serves
                self.publish_now(at)
            state = self.board.newest(self.pins)
        today = dates.day_of(at)
        return IssuingDesk(
            register=self.register,
            catalog=self.catalog,
            organization=self.settings.code,
            token_signer=self.keys.token,
            press=self._press(today),
            faces=self.faces,
            trust=state,
            specimen=not self.settings.production,
            check_page=self.settings.check_page or None,
            predecessors=tuple(
                item.code for item in self.settings.predecessors if item.since <= today
            ),
        )

    def _press(self, today: date) -> OnePassPress:
        """Return the press of the seal that seals now; a warm one while it lasts."""
        identity = self.custody.parts.identity(self.keys)
        art = founding.draw_seal(self.settings.name_on(today))
        of = (identity.certificate, identity.chain, art)
        if self._warm is None or self._warm[0] != of:
            self._warm = of, OnePassPress(identity, art)
        return self._warm[1]

    def revoke(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """End a license; see :func:`elicense.changing.revoke`.

        Raises:
            WorkspaceError: the organ was taken over.
        """
        with self._still_open() as register:
            return changing.revoke(register, identifier, grounds, at or clock.now())

    def suspend(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """Hold a license; see :func:`elicense.changing.suspend`.

        Raises:
            WorkspaceError: the organ was taken over.
        """
        with self._still_open() as register:
            return changing.suspend(register, identifier, grounds, at or clock.now())

    def reinstate(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """Give a license back; see :func:`elicense.changing.reinstate`.

        Raises:
            WorkspaceError: the organ was taken over.
        """
        with self._still_open() as register:
            return changing.reinstate(register, identifier, grounds, at or clock.now())

    @contextmanager
    def _still_open(self) -> Iterator[SqliteRegister]:
        """Give the register while no other organ can take over."""
        with self.custody.signing():
            self.check_open()
            yield self.register

    def adopt(
        self,
        other: Path,
        since: date,
        *,
        types: tuple[str, ...] = (),
        passphrase: bytes | None = None,
        at: datetime | None = None,
    ) -> Adoption:
        """Take over another organ's workspace (机构改革), and publish.

        Its licenses stay good and are renewed and revoked here from now on; its private
        keys are destroyed. The same again finishes a run that was cut off.

        Args:
            other: the folder of its workspace.
            since: the first day on which this organ stands in its place, UTC+8; today
                or before.
            types: the license types that are taken over; all that its keys were granted
                where empty.
            passphrase: opens its keys; None reads its ``keys/passphrase``.
            at: the run's instant; now where None.

        Raises:
            WorkspaceError, ConflictError, FileError: as for
                :func:`elicense.succession.take_over`.
        """
        at = at or clock.now()
        with Office(other, passphrase) as theirs:
            granted = tuple(dict.fromkeys(types)) or theirs.catalog.names()
            handover = succession.Handover(since, granted)
            count = succession.take_over(self, theirs, handover, at)
            code = theirs.settings.code
        return Adoption(code, count, self.published(at))

    def rename(self, name: str, since: date, at: datetime | None = None) -> KeysChanged:
        """Give the organ a new name from a day on; see :func:`succession.rename`.

        Raises:
            WorkspaceError: no seal can carry the name, or the day will not do.
        """
        founding.draw_seal(name)
        return succession.rename(self, name, since, at or clock.now())

    def validate(
        self,
        data: bytes,
        at: datetime | None = None,
        policy: ValidationPolicy = STANDARD,
    ) -> Verdict:
        """Validate a PDF or a picture under this workspace's own publication.

        For an instant that is given, with the status lists that were in force then.
        """
        state = self.trust() if at is None else self.trust_at(at)
        return validating.validate(
            data, state, at or clock.now(), policy=policy, catalog=self.catalog
        )

    def find(self, name: str) -> tuple[str, ...]:
        """Return what an identifier or a number means: :func:`naming.find`."""
        return naming.find(self.register, name)

    def resolve(self, name: str) -> str:
        """Return the one license that a name means: :func:`naming.resolve`."""
        return naming.resolve(self.register, name)

    def to_renew(self, name: str, number: str, *, is_case: bool) -> str:
        """Return the version that a request supersedes: :func:`naming.to_renew`.

        Args:
            name: an identifier or a license number.
            number: the request's case number or row id.
            is_case: whether it is a case number.
        """
        asked = naming.Asked(self.settings.code, source_of(is_case=is_case), number)
        return naming.to_renew(self.register, name, asked)

    def show(self, identifier: str, at: datetime | None = None) -> Shown:
        """Return what the register says of a license.

        Raises:
            NotFoundError: no such license.
        """
        at = at or clock.now()
        row = self.register.get(identifier)
        license_, _ = record.decode(row.record)
        history = self.register.history(identifier)
        latest = self.register.latest_publication()
        known = latest.event_seq if latest and self.board.is_out(latest) else 0
        host = self.settings.check_page or None
        listed = (license_.issuer.code, row.allocation.list_id) in self.trust().lists
        return Shown(
            license=license_,
            state=row.state_at(at),
            published=publishing.is_known(history, known, listed=listed),
            qr_text="" if row.token is None else qr_text(row.token, check_page=host),
            history=history,
            row=row,
        )

    def metadata(
        self,
        identifier: str,
        keys: MetadataKeys,
        *,
        masked: bool = False,
        at: datetime | None = None,
    ) -> dict[str, object]:
        """Return a license in names of GB/T 36903: :func:`elicense.gbt36903.metadata`.

        状态 is the Chinese word of our own for what the license is by effect. Nothing
        says that a license is a specimen.

        Args:
            identifier: of the license.
            keys: which names the elements have.
            masked: hide what names a natural person; otherwise ids stand in clear.
            at: the instant of the state; now where None.

        Raises:
            NotFoundError: no such license.
            MalformedCodeError: a holder's name contains the separator of holders.
        """
        row = self.register.get(identifier)
        license_, _ = record.decode(row.record)
        return gbt36903.metadata(
            license_,
            self.catalog.describing(license_),
            keys=keys,
            sealed_at=None if row.pdf is None else pades.read(row.pdf).sealed_at,
            state=row.state_at(at or clock.now()).text.zh,
            masked=masked,
        )
