"""A department's workspace: one folder with settings, register, keys, publication.

Wiring only: every rule lives in the modules that are called. The embedded defaults are
for trial: software keys, a development CA, a test seal, pages printed 样张.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar

from elicense import (
    adoption,
    changing,
    desks,
    files,
    founding,
    identifiers,
    issuing,
    naming,
    seal_picture,
    shown,
    succession,
    validating,
)
from elicense.adoption import Adoption
from elicense.changing import Changed, Grounds
from elicense.desks import WarmPress
from elicense.device import DeviceAccess, nobody
from elicense.errors import ElicenseError, WorkspaceError
from elicense.gbt36903 import MetadataKeys
from elicense.issuing import (
    Batch,
    BatchPolicy,
    Issued,
    IssuingDesk,
    Reconciled,
    Reprinted,
    Request,
)
from elicense.issuing.request import source_of
from elicense.issuing.workers import Deliver, spread
from elicense.model import Organization, Text
from elicense.office import KeysChanged, Office
from elicense.pending import Pending
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register import Row
from elicense.register.sqlite import SqliteRegister
from elicense.sealing import NOBODY, Actors
from elicense.shown import Shown
from elicense.succession import Handover
from elicense.validating import Verdict
from esign import clock
from esign.algorithms import Suite
from esign.pades import SubFilter

__all__ = [
    "Adoption",
    "KeysChanged",
    "Pending",
    "Shown",
    "Workspace",
]

T = TypeVar("T")


class Workspace(Office):
    """An issuing organ's own place; open it, use it, close it."""

    platform_secret: bytes | None = None
    """appSecret of the seal platform, where no file of the workspace has it."""

    @cached_property
    def _press(self) -> WarmPress:
        return WarmPress()

    @classmethod
    def create(  # noqa: PLR0913  by keyword, all but the folder
        cls,
        folder: Path,
        *,
        name: str,
        code: str,
        passphrase: bytes | None = None,
        suites: Mapping[str, Suite] | None = None,
        at: datetime | None = None,
        device: DeviceAccess | None = None,
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
            suites: suites of ``root``, ``bundle``, ``token``, ``status`` and
                ``seal``, such as
                :func:`elicense.founding.suites_of` gives them; ES256 where not named.
            at: first instant of everything; now where None.
            device: the device that makes and keeps the keys of token, lists and seal;
                None for files. A run that was cut off leaves pairs there that nobody
                uses.

        Raises:
            WorkspaceError: the folder is not empty, or the name cannot be set, or the
                device makes no key of a suite.
            MalformedCodeError: the code is not a USCC.
            FileError: the folder cannot be written.
            UnavailableError: the device cannot be used; or SM2, and the extra ``gm`` is
                not installed.
        """
        identifiers.check_uscc(code)
        seal_picture.draw(name)
        if not files.is_free(folder):
            raise WorkspaceError(
                Text(f"{folder} 已存在且不为空", f"{folder} exists and is not empty")
            )
        at = at or clock.now()
        pin = nobody if device is None else device.pin
        folder = folder.absolute()
        draft = files.make_sibling(folder)
        try:
            organ = Organization(code, name)
            founding.fill(draft, organ, passphrase, suites or {}, at, device)
            with cls(draft, passphrase, pin) as made:
                made.publish(at)
            files.move_folder(draft, folder)
        finally:
            files.remove_folder(draft)
        return cls(folder, passphrase, pin)

    def issue(
        self,
        type_name: str,
        application: Mapping[str, object],
        *,
        number: str,
        is_case: bool = True,
        at: datetime | None = None,
        actors: Actors = NOBODY,
    ) -> Issued:
        """Issue one license; publishes first where the publication is out of date.

        Args:
            type_name: catalog name.
            application: the fields.
            number: case number, or the id of a row that has none.
            is_case: whether ``number`` is a case number.
            at: the run's instant; now where None.
            actors: who puts the seal on, and who approves it.

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
        return self.carry_out(request, at, actors)

    def carry_out(
        self,
        request: Request,
        at: datetime | None = None,
        actors: Actors = NOBODY,
    ) -> Issued:
        """Issue, renew or import one license, as a request says.

        Publishes first where the publication is out of date. No key is changed in the
        meantime.

        Args:
            request: what is asked for.
            at: the run's instant; now where None.
            actors: who puts the seal on, and who approves it.

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
            return issuing.issue(self.desk(at, actors), request, at)

    def issue_many(
        self,
        requests: Iterable[Request | ElicenseError],
        deliver: Deliver[T],
        *,
        at: datetime | None = None,
        policy: BatchPolicy | None = None,
        workers: int = 1,
        actors: Actors = NOBODY,
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
            actors: who puts the seal on, and who approves it.

        Raises:
            Whatever :func:`elicense.issuing.workers.spread` raises.
            WorkspaceError: the keys do not open, or ``at`` is wrong, or what was
                published is newer than this workspace; nothing reserved.
        """
        at = at or clock.now()
        with self._signing(at):
            batch = Batch(self.desk(at, actors), at, policy or BatchPolicy())
            yield from spread(batch, requests, deliver, workers)

    def reprint(
        self,
        identifier: str,
        presentation: str | None = None,
        at: datetime | None = None,
        actors: Actors = NOBODY,
        *,
        by: SubFilter | None = None,
    ) -> Reprinted:
        """Print an issued license once more; see :func:`elicense.issuing.reprint`.

        Publishes first where the publication is out of date.

        Args:
            identifier: of the license.
            presentation: such as 副本; None for the license's first one.
            at: the sealing instant; now where None.
            actors: who puts the seal on, and who approves it.
            by: with which kind of seal; the one that seals new licenses where None.

        Raises:
            Whatever :func:`elicense.issuing.reprint` raises.
            WorkspaceError: the keys do not open, there is no such seal, or ``at`` is
                wrong.
            ProfileError: the seal is not what the workspace's profile asks for.
        """
        at = at or clock.now()
        with self._signing(at):
            desk = desks.sealing_by(self, by, self.desk(at, actors), at)
            return issuing.reprint(desk, identifier, presentation, at)

    @contextmanager
    def _signing(self, at: datetime) -> Iterator[None]:
        """Hold the keys for the block, as they can be believed at an instant."""
        self.settle_keys()
        with self.custody.signing():
            self.check_open()
            self.custody.reload().check_time(at)
            yield

    def known(self, request: Request) -> Row | None:
        """Return the row that a request already has, None if it has none."""
        return self.register.by_key(request.key(self.settings.code))

    def desk(self, at: datetime, actors: Actors = NOBODY) -> IssuingDesk:
        """Return what licenses are issued with, under a publication good at ``at``.

        Hold ``custody.signing()`` from before this call until the last license of the
        desk is issued, so that no key is renewed in between; :meth:`issue` does. See
        :func:`elicense.desks.desk`.
        """
        return desks.desk(self, self._press, at, actors, self.platform_secret)

    def reconcile(self, at: datetime | None = None) -> Reconciled:
        """Collect the seals that licenses await; see :func:`issuing.reconcile`.

        Publishes first where the publication is out of date.

        Args:
            at: the run's instant; now where None.

        Raises:
            RegisterError: the register cannot be used.
            WorkspaceError: the keys do not open, or ``at`` is wrong, or the platform's
                settings are.
        """
        at = at or clock.now()
        with self._signing(at):
            return issuing.reconcile(self.desk(at), at)

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

        With its folder, the first day (UTC+8), the types, all that it was granted where
        empty, and what opens its keys; see :func:`elicense.adoption.adopt`.
        """
        handover = Handover(since, types)
        return adoption.adopt(self, other, handover, passphrase, at or clock.now())

    def rename(self, name: str, since: date, at: datetime | None = None) -> KeysChanged:
        """Give the organ a new name from a day on; see :func:`succession.rename`.

        Raises:
            WorkspaceError: no seal can carry the name, or the day will not do.
        """
        seal_picture.draw(name)
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
        return shown.show(self, identifier, at or clock.now())

    def metadata(
        self,
        identifier: str,
        keys: MetadataKeys,
        *,
        masked: bool = False,
        at: datetime | None = None,
    ) -> dict[str, object]:
        """Return a license in names of GB/T 36903: :func:`elicense.gbt36903.metadata`.

        The state is that at an instant, now where None; see
        :func:`elicense.shown.metadata`.
        """
        return shown.metadata(self, identifier, keys, at or clock.now(), masked=masked)
