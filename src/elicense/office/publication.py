"""What an office puts out for strangers: its bundle, and a snapshot beside it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from elicense import dates, files, platforms, publishing
from elicense.errors import ConflictError, WorkspaceError
from elicense.folder import SEALS_FILE
from elicense.keychain import Keychain
from elicense.model import Text
from elicense.policy import PUBLISHING
from elicense.publishing import Listing, Publisher
from elicense.register import Publication
from elicense.sealing.withdrawn import marked
from elicense.trust import OrganizationEntry, SealEntry, TrustState
from esign.errors import MalformedError, VerificationError

if TYPE_CHECKING:
    from elicense.office.office import Office

Progress = Callable[[int, int], None]
"""Told how much of a long publication is done, and of how much."""


def silent(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def publish(
    office: "Office", at: datetime, after: int, progress: Progress
) -> Publication:
    """Sign and put out bundle and snapshot; see :meth:`Office.publish`."""
    office.settle_keys()
    with office.custody.signing():
        publication = publish_now(office, at, after)
        publish_snapshot(office, at, progress)
    return publication


def publish_snapshot(
    office: "Office", at: datetime, progress: Progress = silent
) -> None:
    """Put a snapshot of all that was issued beside the bundle.

    Without the extra ``bulk`` there is none, and one that was published before ends
    at its own time.

    Args:
        office: whose keys are held: ``custody.signing()`` or ``custody.changing()``.
        at: the run's instant.
        progress: told how far it is.

    Raises:
        FileError: the snapshot cannot be written.
    """
    if not has_snapshots():
        return
    snapshot = import_module("elicense.snapshot.publishing")
    terms = snapshot.Terms(office.settings.code, at)
    place, signer = office.snapshot_folder, office.keys.token
    snapshot.publish(office.register, place, terms, signer, progress)


def has_snapshots() -> bool:
    """Tell whether the extra ``bulk`` is installed, which snapshots need."""
    return find_spec("numpy") is not None


def publish_now(office: "Office", at: datetime, after: int = 0) -> Publication:
    """Sign and put out the bundle alone; see :meth:`Office.publish_now`."""
    office.check_open()
    office.custody.reload().check_time(at)
    if not office.pins:
        raise WorkspaceError(
            Text(
                "elicense.toml 中 [trust] root 不是 keys/ 中的信任根",
                "elicense.toml: [trust] root is none of the roots of keys/",
            )
        )
    office.refuse_older(after)
    office.board.put_out()
    try:
        publication = publishing.publish(_publisher(office, at), at, after)
    except ConflictError:
        office.board.put_out()
        raise
    except (MalformedError, VerificationError) as err:
        raise WorkspaceError(
            Text(
                f"密钥与证书不匹配，未发布：{err}",
                "the keys and certificates do not belong together, so nothing"
                f" was published: {err}",
            )
        ) from err
    office.board.put_out()
    return publication


def rehearse(office: "Office", chain: Keychain, at: datetime) -> None:
    """Make what would be published under other keys, and store nothing of it.

    Args:
        office: whose keys open.
        chain: the keys.
        at: the instant of the publication.

    Raises:
        MalformedError, VerificationError: no reader would admit it.
        WorkspaceError, FileError: the keys do not open.
    """
    publishing.rehearse(_publisher(office, at, chain), at)


def _publisher(
    office: "Office", at: datetime, chain: Keychain | None = None
) -> Publisher:
    return Publisher(
        listing=listing(office, chain),
        crls=office.custody.crls(at),
        status_signer=office.keys.status,
        bundle_signer=office.keys.bundle,
        statements=office.custody.parts.statements,
        pins=office.custody.pins,
    )


def is_outdated(office: "Office", state: TrustState, at: datetime) -> bool:
    """Tell whether a publication is behind; see :meth:`Office.is_outdated`."""
    bundle = state.bundle
    if bundle is None or at > bundle.issued_at + PUBLISHING.status_age:
        return True
    ours = listing(office)
    return (
        bundle.statement != ours.statement
        or bundle.organizations != ours.organizations
        or bundle.keys != ours.keys
        or bundle.seals != ours.seals
    )


def listing(office: "Office", chain: Keychain | None = None) -> Listing:
    """Return what an organ publishes; see :meth:`Office.listing`."""
    parts, types = office.custody.parts, office.catalog.names()
    code, chain = office.settings.code, chain or parts.keychain
    first = min(item.period.signs_from for item in chain.own("token"))
    # Keys that were taken over count once their organ is in the settings.
    foreign = platforms.seals(office.folder, code, types)
    codes = {code, *(item.code for item in office.settings.predecessors)}
    founded = (dates.day_of(first), office.settings.name)
    return Listing(
        register=office.register,
        organization=OrganizationEntry(code, (founded, *office.settings.renamed)),
        predecessors=tuple(item.entry(code) for item in office.settings.predecessors),
        keys=tuple(g for g in chain.grants(types) if g.organization in codes),
        seals=_marked(
            office,
            (
                *(s for s in chain.seals(types) if s.organization in codes),
                *(seal.entry for seal in foreign),
            ),
        ),
        roots=tuple(
            dict.fromkeys((*chain.all_roots, *(seal.root for seal in foreign)))
        ),
        statement=parts.roots.last.number,
    )


def _marked(office: "Office", entries: Iterable[SealEntry]) -> tuple[SealEntry, ...]:
    """Return seals with what the register of seals knows of their ends."""
    if not files.is_file(office.folder / SEALS_FILE):
        return tuple(entries)
    return marked(entries, office.seals.seals())
