"""Writing a trust bundle: root statements, rotations and the signed file."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from elicense.trust.model import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    SealEntry,
    SnapshotSighting,
    Source,
    TimestampAuthority,
)
from elicense.trust.reading import BUNDLE_PURPOSE, ROOT_PURPOSE, format_of
from elicense.trust.roots import Statement
from esign import cbor, cose
from esign.keys import PublicKey, Signer
from esign.pades import SealObject

Entry = dict[int | str, cbor.Value]
SignedStatement = tuple[bytes, ...]
"""A root statement: its signature by its root, and by its successor if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootStatement:
    """What an off-line root says (docs/formats/trust.md, section 2).

    Attributes:
        number: rises with every statement, over rotations too.
        issued_at: whole seconds UTC.
        speaks_for: USCC of the department; None for a hub.
        bundle_keys: who may sign bundles.
        successor: the root that speaks after this one; None while it goes on itself.
    """

    number: int
    issued_at: datetime
    speaks_for: str | None
    bundle_keys: tuple[PublicKey, ...]
    successor: PublicKey | None = None


def sign_root_statement(
    statement: RootStatement, root: Signer, successor: Signer | None = None
) -> SignedStatement:
    """Return a statement signed by its root and, for a rotation, by its successor.

    Raises:
        ValueError: ``successor`` is not the key that the statement names.
        UnavailableError: a signer's device did not answer.
    """
    named = None if successor is None else successor.public_key
    if named != statement.successor:
        raise ValueError("the second signer is the successor that the statement names")
    payload = cbor.encode(
        {
            "number": statement.number,
            "issued_at": _seconds(statement.issued_at),
            "root": root.public_key.to_cose(),
            "speaks_for": statement.speaks_for,
            "bundle_keys": [key.to_cose() for key in statement.bundle_keys],
            "successor": None if named is None else named.to_cose(),
        }
    )
    signers = [root] if successor is None else [root, successor]
    return tuple(cose.sign(payload, signer, ROOT_PURPOSE) for signer in signers)


def sign_handover(
    last: Statement, old: Signer, new: Signer, at: datetime
) -> tuple[SignedStatement, SignedStatement]:
    """Return the last statement of a root and the first of the one that follows it.

    The bundle keys stay what they are.

    Args:
        last: what the old root said last.
        old: the root that speaks now.
        new: the root that speaks from now on, and did not before.
        at: the instant of both, whole seconds UTC.

    Raises:
        UnavailableError: a signer's device did not answer.
    """
    leaving = RootStatement(
        number=last.number + 1,
        issued_at=at,
        speaks_for=last.speaks_for,
        bundle_keys=last.bundle_keys,
        successor=new.public_key,
    )
    coming = replace(leaving, number=last.number + 2, successor=None)
    return sign_root_statement(leaving, old, new), sign_root_statement(coming, new)


def sign_bundle(
    bundle: Bundle, signer: Signer, statements: Iterable[SignedStatement]
) -> bytes:
    """Return the bytes of a file ``trust.elt``.

    Args:
        bundle: what it says.
        signer: a bundle key that the last statement names.
        statements: the root statements, oldest first.

    Raises:
        UnavailableError: the signer's device did not answer.
    """
    payload = cbor.encode(
        {
            "statement": bundle.statement,
            "number": bundle.number,
            "issued_at": _seconds(bundle.issued_at),
            "max_age": int(bundle.max_age.total_seconds()),
            "organizations": [_organization(entry) for entry in bundle.organizations],
            "keys": [_key(grant) for grant in bundle.keys],
            "seals": [_seal(seal) for seal in bundle.seals],
            "timestamp_authorities": [_authority(a) for a in bundle.authorities],
            "roots": list(bundle.roots),
            "crls": list(bundle.crls),
            "sources": [_source(source) for source in bundle.sources],
            "status_lists": [_list(entry) for entry in bundle.status_lists],
            **_snapshots(bundle),
        }
    )
    signed = cose.sign(payload, signer, BUNDLE_PURPOSE)
    listed = [list(item) for item in statements]
    return cbor.encode([format_of(bundle), listed, signed])


def _organization(entry: OrganizationEntry) -> Entry:
    return {
        "code": entry.code,
        "names": [
            {"name": name, "from": since.isoformat()} for since, name in entry.names
        ],
        "successors": [
            {
                "code": item.code,
                "from": _seconds(item.since),
                "types": list(item.types),
                "keeps_lists": item.keeps_lists,
            }
            for item in entry.successors
        ],
    }


def _snapshots(bundle: Bundle) -> Entry:
    """Return what a hub saw of snapshots; nothing where it saw none."""
    if not bundle.snapshots:
        return {}
    return {
        "countersigner": bundle.countersigner,
        "snapshots": [_snapshot(item) for item in bundle.snapshots],
    }


def _snapshot(item: SnapshotSighting) -> Entry:
    return {
        "organization": item.organization,
        "number": item.number,
        "sha256": item.sha256,
        "seen_at": _seconds(item.seen_at),
    }


def _key(grant: KeyGrant) -> Entry:
    closing: Entry = {} if grant.closing is None else {"closing": grant.closing}
    return {
        **closing,
        **_period(grant),
        "key": grant.key.to_cose(),
        "purpose": grant.purpose,
        "types": list(grant.types),
        "backfill": _days(grant.backfill),
        "destroyed": grant.destroyed,
    }


def _seal(seal: SealEntry) -> Entry:
    entry: Entry = {
        **_period(seal),
        "certificates": list(seal.certificates),
        "types": list(seal.types),
        "destroyed": seal.destroyed,
    }
    if seal.is_gm:
        entry["subfilter"] = seal.subfilter.label
        entry["seals"] = [_object(made) for made in seal.seals]
    return entry


def _object(made: SealObject) -> Entry:
    return {
        "digest": made.digest,
        "maker": list(made.maker),
        "maker_revoked_at": _seconds_or_none(made.maker_revoked_at),
        "withdrawn_at": _seconds_or_none(made.withdrawn_at),
    }


def _authority(entry: TimestampAuthority) -> Entry:
    return {**_period(entry), "certificates": list(entry.certificates)}


def _period(
    entry: KeyGrant | SealEntry | TimestampAuthority,
) -> Entry:
    return {
        "organization": entry.organization,
        "signs_from": _seconds(entry.period.signs_from),
        "signs_until": _seconds_or_none(entry.period.signs_until),
        "compromised_from": _seconds_or_none(entry.compromised_from),
    }


def _source(source: Source) -> Entry:
    return {
        "organization": source.organization,
        "root": source.root,
        "statement": source.statement,
        "number": source.number,
        "issued_at": _seconds(source.issued_at),
        "max_age": int(source.max_age.total_seconds()),
    }


def _list(entry: ListEntry) -> Entry:
    return {
        "issuer": entry.issuer,
        "number": entry.number,
        "sequence": entry.sequence,
        "token": entry.token,
    }


def _days(days: tuple[date, date] | None) -> Entry | None:
    if days is None:
        return None
    return {"from": days[0].isoformat(), "until": days[1].isoformat()}


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _seconds_or_none(at: datetime | None) -> int | None:
    return None if at is None else _seconds(at)
