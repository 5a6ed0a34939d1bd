"""A department's workspace: one folder with settings, register, keys, publication.

Wiring only: every rule lives in the modules that are called. The embedded defaults are
for trial: software keys, a development CA, a test seal, pages printed 样张.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from elicense import (
    changing,
    dates,
    files,
    identifiers,
    issuing,
    keyring,
    publishing,
    record,
    settings,
    trust,
    validating,
)
from elicense.catalog import Catalog
from elicense.changing import Changed, Grounds
from elicense.closing import Closing
from elicense.errors import (
    AmbiguousNumberError,
    ConflictError,
    NotFoundError,
    WorkspaceError,
)
from elicense.events import Event
from elicense.issuing import Issued, IssuingDesk, Request
from elicense.keyring import Keyring, PublicParts
from elicense.lifecycle import State, effective_state
from elicense.model import License, Organization, Text
from elicense.payload import qr_text
from elicense.policy import PUBLISHING, STANDARD, ValidationPolicy
from elicense.publishing import Publisher
from elicense.register import Publication, Row
from elicense.register.sqlite import SqliteRegister
from elicense.settings import Settings
from elicense.trust import (
    KeyGrant,
    OrganizationEntry,
    Period,
    SealEntry,
    TrustState,
)
from elicense.validating import Verdict
from esign import clock, seal_image
from esign.algorithms import Suite
from esign.certificates import read_certificate
from esign.errors import ESignError, MalformedError, VerificationError
from esign.seal_image import SealSpec

_SETTINGS, _REGISTER, _KEYS = "elicense.toml", "register.db", "keys"
_PUBLIC, _TRUST, _TYPES = "public", "trust.elt", "types"
_MAX_FILE_BYTES = 1 << 20


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


class Workspace(Closing):
    """An issuing organ's own place; open it, use it, close it."""

    def __init__(self, folder: Path, passphrase: bytes | None = None) -> None:
        """Open a workspace; keys are opened when something is signed.

        Args:
            folder: where ``elicense.toml`` is.
            passphrase: opens the keys; None reads ``keys/passphrase``.

        Raises:
            WorkspaceError: not a workspace, or its settings are wrong.
            RegisterError: the register cannot be opened.
            CatalogError: a file under ``types/`` is wrong.
        """
        self.folder = folder
        self.settings: Settings = load_settings(folder)
        self.catalog: Catalog = load_catalog(folder)
        self._passphrase = passphrase
        self._keys: Keyring | None = None
        self._parts: PublicParts = keyring.load_parts(folder / _KEYS)
        self.register = SqliteRegister.open(folder / _REGISTER)

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
        _draw_seal(name)
        if not files.is_free(folder):
            raise WorkspaceError(
                Text(f"{folder} 已存在且不为空", f"{folder} exists and is not empty")
            )
        at = at or clock.now()
        folder = folder.absolute()
        draft = files.make_sibling(folder)
        try:
            _fill(draft, Organization(code, name), passphrase, suites or {}, at)
            with cls(draft, passphrase) as made:
                made.publish(at)
            files.move_folder(draft, folder)
        finally:
            files.remove_folder(draft)
        return cls(folder, passphrase)

    def close(self) -> None:
        """Close the register; the workspace is not used after it."""
        self.register.close()

    @property
    def keys(self) -> Keyring:
        """The keys, opened on first use.

        Raises:
            WorkspaceError: there is no passphrase, or it is wrong.
        """
        if self._keys is None:
            folder = self.folder / _KEYS
            passphrase = self._passphrase or keyring.kept_passphrase(folder)
            self._keys = keyring.unlock(folder, passphrase)
        return self._keys

    @property
    def trust_file(self) -> Path:
        """Where the publication is for strangers to take."""
        return published_file(self.folder)

    def trust(self) -> TrustState:
        """Return what a stranger who pinned this root believes now.

        A publication that is missing or damaged gives a state that believes nothing
        and says why: its verdicts are UNKNOWN_ISSUER.
        """
        try:
            data = files.read(self.trust_file, trust.MAX_BUNDLE_BYTES)
            return trust.admit(data, self.settings.root)
        except (files.FileError, ESignError) as err:
            return trust.no_trust(f"the publication cannot be used: {err}")

    def publish(self, at: datetime | None = None) -> Publication:
        """Sign status lists and trust bundle and put them under ``public/``.

        Two runs at once leave the higher number there, whichever comes last.

        Args:
            at: the run's instant; now where None.

        Raises:
            WorkspaceError: the keys do not open or belong together, or ``at`` is wrong.
            RegisterError: the register cannot be used.
            ConflictError: another run published meanwhile; its file is there.
            FileError: the file cannot be written; the old one stays.
        """
        at = at or clock.now()
        self._parts.check_time(at)
        try:
            publication = publishing.publish(self._publisher(), at)
        except ConflictError:
            self._put_out()
            raise
        except (MalformedError, VerificationError) as err:
            raise WorkspaceError(
                Text(
                    f"密钥与证书不匹配，未发布：{err}",
                    "the keys and certificates do not belong together, so nothing was"
                    f" published: {err}",
                )
            ) from err
        self._put_out()
        return publication

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
        at = at or clock.now()
        if self.known(type_name, number=number, is_case=is_case) is None:
            self._parts.check_time(at)  # a reservation keeps its instant for ever
        desk = self.desk(at)
        request = Request(
            type_name=type_name,
            application=application,
            number=number,
            is_case=is_case,
        )
        return issuing.issue(desk, request, at)

    def known(self, type_name: str, *, number: str, is_case: bool = True) -> Row | None:
        """Return the row that a request to issue already has, None if it has none.

        Args are those of :meth:`issue`.
        """
        request = Request(
            type_name=type_name, application={}, number=number, is_case=is_case
        )
        return self.register.by_key(request.key(self.settings.code))

    def desk(self, at: datetime) -> IssuingDesk:
        """Return what licenses are issued with, under a publication good at ``at``."""
        state = self.trust()
        if self._is_outdated(state, at):
            with suppress(ConflictError):  # then another run published, and that serves
                self.publish(at)
            state = self.trust()
        return IssuingDesk(
            register=self.register,
            catalog=self.catalog,
            organization=self.settings.code,
            token_signer=self.keys.token,
            seal=self._parts.identity(self.keys),
            seal_art=_draw_seal(self.settings.name),
            trust=state,
            specimen=not self.settings.production,
            check_page=self.settings.check_page or None,
        )

    def revoke(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """End a license; see :func:`elicense.changing.revoke`."""
        return changing.revoke(self.register, identifier, grounds, at or clock.now())

    def suspend(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """Hold a license; see :func:`elicense.changing.suspend`."""
        return changing.suspend(self.register, identifier, grounds, at or clock.now())

    def reinstate(
        self, identifier: str, grounds: Grounds, at: datetime | None = None
    ) -> Changed:
        """Give a license back; see :func:`elicense.changing.reinstate`."""
        return changing.reinstate(self.register, identifier, grounds, at or clock.now())

    def validate(
        self,
        data: bytes,
        at: datetime | None = None,
        policy: ValidationPolicy = STANDARD,
    ) -> Verdict:
        """Validate a PDF or a picture under this workspace's own publication."""
        return validating.validate(
            data, self.trust(), at or clock.now(), policy=policy, catalog=self.catalog
        )

    def find(self, name: str) -> tuple[str, ...]:
        """Return the identifiers of an identifier or a license number, oldest first.

        Raises:
            NotFoundError: the register holds neither.
        """
        rows = self.register.by_number(name)
        if rows:
            return tuple(row.identifier for row in rows)
        try:
            return (self.register.get(name).identifier,)
        except NotFoundError:
            raise NotFoundError(
                Text(
                    "登记库中没有这个证照标识或证照编号",
                    "the register has no such identifier or license number",
                )
            ) from None

    def resolve(self, name: str) -> str:
        """Return the one identifier of an identifier or a license number.

        What was reserved and never issued does not count beside what was issued.

        Raises:
            NotFoundError: the register holds neither.
            AmbiguousNumberError: a number names several; lists them.
        """
        rows = self.register.by_number(name)
        issued = [row.identifier for row in rows if row.state is not State.RESERVED]
        found = tuple(issued) or self.find(name)
        if len(found) > 1:
            raise AmbiguousNumberError(found)
        return found[0]

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
        known = latest.event_seq if latest and self._is_out(latest) else 0
        host = self.settings.check_page or None
        listed = (license_.issuer.code, row.allocation.list_id) in self.trust().lists
        return Shown(
            license=license_,
            state=effective_state(
                row.state, row.suspended_until, at, row.superseded_from
            ),
            published=publishing.is_known(history, known, listed=listed),
            qr_text="" if row.token is None else qr_text(row.token, check_page=host),
            history=history,
            row=row,
        )

    def _is_outdated(self, state: TrustState, at: datetime) -> bool:
        """Tell whether the publication does not carry what is issued at ``at``."""
        bundle = state.bundle
        if bundle is None or at > bundle.issued_at + PUBLISHING.status_age:
            return True
        granted = {name for grant in bundle.keys for name in grant.types}
        return not granted.issuperset(self.catalog.names())

    def _put_out(self) -> None:
        """Put the latest publication in place, even if another run wrote meanwhile."""
        while (last := self.register.latest_publication()) and not self._is_out(last):
            files.write(self.trust_file, last.bundle)

    def _is_out(self, publication: Publication) -> bool:
        """Tell whether strangers find this publication, and not one before it."""
        if not files.is_file(self.trust_file):
            return False
        return files.read(self.trust_file, trust.MAX_BUNDLE_BYTES) == publication.bundle

    def _publisher(self) -> Publisher:
        facts = read_certificate(self._parts.seal)
        types = self.catalog.names()
        code = self.settings.code
        whole = Period(facts.not_before, facts.not_after + timedelta(seconds=1))
        seal = SealEntry(code, (self._parts.seal, self._parts.ca_issuing), types, whole)
        keys = (
            KeyGrant(self.keys.token.public_key, "token", code, types, whole),
            KeyGrant(self.keys.status.public_key, "status", code, (), whole),
        )
        since = dates.day_of(facts.not_before)
        return Publisher(
            register=self.register,
            organization=OrganizationEntry(code, ((since, self.settings.name),)),
            keys=keys,
            seals=(seal,),
            roots=(self._parts.ca_root,),
            status_signer=self.keys.status,
            bundle_signer=self.keys.bundle,
            root_statement=self._parts.root_statement,
            root=self.settings.root,
        )


def load_settings(folder: Path) -> Settings:
    """Return the settings of a workspace; its register is not opened.

    Raises:
        WorkspaceError: not a workspace, or its settings are wrong.
        FileError: the file cannot be read.
    """
    if not files.is_file(folder / _SETTINGS):
        raise WorkspaceError(
            Text(
                f"{folder} 不是工作区（没有 {_SETTINGS}），可用 elicense init 建立",
                f"{folder} is not a workspace (no {_SETTINGS});"
                " make one with: elicense init",
            )
        )
    return settings.read(files.read_whole(folder / _SETTINGS, _MAX_FILE_BYTES))


def load_catalog(folder: Path) -> Catalog:
    """Return the built-in types and those under ``types/`` of a workspace.

    Raises:
        CatalogError: a file is wrong.
        FileError: a file cannot be read.
    """
    found = sorted((folder / _TYPES).glob("*.toml"))
    return Catalog.builtin().with_files(
        {path.name: files.read_whole(path, _MAX_FILE_BYTES) for path in found}
    )


def published_file(folder: Path) -> Path:
    """Return where a workspace keeps its publication for strangers to take."""
    return folder / _PUBLIC / _TRUST


def _fill(
    folder: Path,
    organization: Organization,
    passphrase: bytes | None,
    suites: Mapping[str, Suite],
    at: datetime,
) -> None:
    """Write everything of a new workspace but its first publication."""
    for name in (_KEYS, _PUBLIC, _TYPES):
        files.make_folder(folder / name, 0o700 if name == _KEYS else 0o755)
    keys, parts = keyring.make(organization, suites, at)
    if passphrase is None:
        passphrase = keyring.keep_random_passphrase(folder / _KEYS)
    keyring.save(folder / _KEYS, keys, parts, passphrase)
    SqliteRegister.create(folder / _REGISTER).close()
    made = Settings(
        name=organization.name,
        code=organization.code,
        root=keys.root.public_key.fingerprint,
    )
    files.write(folder / _SETTINGS, settings.write(made))


def _draw_seal(name: str) -> bytes:
    try:
        return seal_image.draw(SealSpec(name))
    except ValueError as err:
        raise WorkspaceError(
            Text(
                "机构名称应为 4 至 24 个字，且印章字体中都有（印章环形文字）",
                "the organization's name has 4 to 24 characters that the seal's face"
                " holds (the seal's ring)",
            )
        ) from err
