"""Changing the keys of an office: while nobody signs, and then published."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from elicense import dates, device
from elicense.custody import Owner
from elicense.errors import ElicenseError, WorkspaceError
from elicense.folder import load_settings
from elicense.keychain import ElectronicSeal, KeyRecord, Purpose, refuse_unclosable
from elicense.model import Organization, Text
from elicense.office import publication
from elicense.register import Publication
from esign.errors import MalformedError, UnavailableError, VerificationError

if TYPE_CHECKING:
    from elicense.office.office import Office

_NO_SNAPSHOTS = Text(
    "封存快照需要附加组件：pip install 'elicense[bulk]'",
    "a closing snapshot needs: pip install 'elicense[bulk]'",
)
_KEY_CHANGED = Text(
    "签章密钥刚刚更换，该印章未列入新密钥的证书；请由制章机构为新证书重新制作",
    "the seal's key was renewed meanwhile, and the seal does not list the new one's"
    " certificate: have it made for that",
)


@dataclass(frozen=True, slots=True)
class KeysChanged:
    """What became of a change of the keys.

    Attributes:
        record: the key it was about, as it is now; None for a root or a bundle key.
        publication: the publication that says so; None where it could not be made.
        why_unpublished: what stood in its way; strangers do not know of the change.
    """

    record: KeyRecord | None
    publication: Publication | None
    why_unpublished: Text | None = None

    @property
    def published(self) -> bool:
        """Whether strangers can know it."""
        return self.publication is not None


def change(
    office: "Office", at: datetime, make: Callable[[], KeyRecord | None]
) -> KeysChanged:
    """Change the keys while nobody signs, then publish.

    Args:
        office: whose keys.
        at: the run's instant.
        make: changes them, and gives the key that it was about.

    Raises:
        WorkspaceError: the organ was taken over; or what ``make`` raises.
    """
    with office.custody.changing():
        office.check_open()
        record = make()
    return published(office, at, record)


def published(
    office: "Office", at: datetime, record: KeyRecord | None = None
) -> KeysChanged:
    """Publish what was changed; see :meth:`Office.published`."""
    try:
        return KeysChanged(record, office.publish(at))
    except ElicenseError as err:
        # The change is done and on disk; what is left is told, not undone.
        return KeysChanged(record, None, err.message)
    except UnavailableError as err:  # the device, once the change is done
        return KeysChanged(record, None, device.told(err))


def owner(office: "Office", at: datetime) -> Owner:
    """Return whose keys they are on the day of an instant."""
    name = office.settings.name_on(dates.day_of(at))
    organization = Organization(office.settings.code, name)
    return Owner(organization, office.catalog.names())


def settle(office: "Office") -> None:
    """Finish a change that was cut off; see :meth:`Office.settle_keys`."""
    custody = office.custody
    speaking = custody.reload().roots.last.root.fingerprint
    moved = bool(office.pins) and office.settings.root != speaking
    if moved or custody.is_untidy():
        with custody.changing():
            speaking = custody.reload().roots.last.root.fingerprint
            if moved:
                office.rewrite(root=speaking)
            custody.tidy()


def renew(
    office: "Office", purpose: Purpose, at: datetime, *, abandon: bool
) -> KeysChanged:
    """Let a new key sign from now on; see :meth:`Office.renew_key`."""

    def make() -> KeyRecord:
        if purpose != "status" and not abandon:
            _refuse_unfinished(office)
        return office.custody.renew(purpose, owner(office, at), at)

    return change(office, at, make)


def use_seal(
    office: "Office",
    seal: ElectronicSeal,
    root: bytes,
    at: datetime,
    *,
    listed: bytes,
    abandon: bool,
) -> KeysChanged:
    """Let the seal's key seal with another one; see :meth:`Office.use_seal`."""

    def make() -> KeyRecord:
        if office.custody.reload().seal.certificates[0] != listed:
            raise WorkspaceError(_KEY_CHANGED)
        if not abandon:
            _refuse_unfinished(office)
        _rehearse(office, seal, root, at)
        return office.custody.use_seal(seal, root, at)

    return change(office, at, make)


def _refuse_unfinished(office: "Office") -> None:
    """Refuse where a reservation, with its own sealing instant, needs the key."""
    count = office.register.count() - sum(office.register.counts().values())
    if count:
        raise WorkspaceError(
            Text(
                f"有 {count} 个证照已预留而未签发完，更换密钥后无法完成："
                "请先用原申请再次签发，或用 --abandon 放弃",
                f"{count} license(s) are reserved and not issued, and could not be"
                " finished with another key: issue them again with the same"
                " application first, or give them up with --abandon",
            )
        )


def _rehearse(
    office: "Office", seal: ElectronicSeal, root: bytes, at: datetime
) -> None:
    """Refuse a seal with which nothing could be published."""
    try:
        chain = office.custody.reload().keychain.sealing_with(seal, root, at)
        publication.rehearse(office, chain, at)
    except (MalformedError, VerificationError, ValueError) as err:
        raise WorkspaceError(
            Text(
                f"使用该印章后将无法发布，未作任何更改：{err}",
                f"with this seal nothing could be published, so nothing was"
                f" changed: {err}",
            )
        ) from err


def close(office: "Office", name: str, at: datetime) -> KeysChanged:
    """Close an earlier token key by a snapshot; see :meth:`Office.close_key`."""

    def make() -> KeyRecord:
        office.check_open()
        record = office.custody.reload().keychain.named(name)
        refuse_unclosable(record)
        if record.closing is not None:
            return record
        if not publication.has_snapshots():
            raise WorkspaceError(_NO_SNAPSHOTS)
        office.refuse_older()  # another snapshot may close the key already
        publication.publish_snapshot(office, at)
        closings = import_module("elicense.snapshot.closings")
        digest, _ = closings.keep(office.snapshot_folder, record.key.kid)
        return office.custody.close(name, digest)

    return change(office, at, make)


def rotate_root(office: "Office", at: datetime) -> KeysChanged:
    """Let a new root speak after the old one; see :meth:`Office.rotate_root`."""

    def make() -> None:
        speaking = office.custody.reload().roots.last.root.fingerprint
        if speaking == load_settings(office.folder).root:
            speaking = office.custody.rotate_root(at)
        office.rewrite(root=speaking)
        office.custody.tidy()

    return change(office, at, make)


def concerned(office: "Office", record: KeyRecord) -> int:
    """Count the licenses of a key's period; see :meth:`Office.concerned`."""
    if record.purpose == "status":
        return 0
    return sum(
        row.is_issued
        and row.key.issuer == record.organization
        and record.period.covers(row.allocation.instant)
        for row in office.register.rows()
    )
