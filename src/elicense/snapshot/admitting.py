"""Believing a snapshot: the manifest under a trust bundle, and each class like a key.

Pure: values and instants in, values out (docs/formats/snapshot.md, section 4).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from elicense.policy import ValidationPolicy
from elicense.snapshot.manifest import Manifest, RowClass, open_manifest
from elicense.trust import KeyGrant, RollbackError, TrustState
from esign.errors import VerificationError


class ForeignSnapshotError(VerificationError):
    """No key that this verifier believes made the snapshot."""


class StaleSnapshotError(VerificationError):
    """The snapshot is older than it or the policy allows."""


class SeenSnapshot(NamedTuple):
    """What a verifier remembers of an organ's snapshots.

    ``elicense.snapshot_memory`` keeps it between runs.

    Attributes:
        number: the highest number.
        digest: SHA-256 of that manifest, 32 bytes.
    """

    number: int
    digest: bytes


NOTHING_SEEN: Mapping[str, SeenSnapshot] = {}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A manifest that is believed at an instant.

    Attributes:
        manifest: what it says.
        grant: whose key signed it.
        seen: what to remember of its organization.
    """

    manifest: Manifest
    grant: KeyGrant
    seen: SeenSnapshot


def admit_manifest(
    data: bytes,
    trust: TrustState,
    at: datetime,
    policy: ValidationPolicy,
    seen: Mapping[str, SeenSnapshot] = NOTHING_SEEN,
) -> Admitted:
    """Believe a manifest, by checks 1 to 5 of the format's section 4.

    Args:
        data: the bytes of ``manifest.cose``.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.
        seen: organization -> what is remembered.

    Raises:
        MalformedError: it is no manifest.
        ForeignSnapshotError: not made with a token key of an organ that is believed.
        StaleSnapshotError: too old.
        RollbackError: older than what was seen.
        VerificationError: the signature fails, or the key could not sign it then.
    """
    envelope, manifest = open_manifest(data)  # (1)
    organization = manifest.organization
    key = (organization, envelope.kid, envelope.suite.cose)
    grant = trust.token_keys.get(key)
    if grant is None or organization not in trust.organizations:  # (2)
        raise ForeignSnapshotError(
            f"snapshot: the trust bundle lists no such token key of {organization}"
        )
    envelope.verify(grant.key)  # (3)
    if not grant.period.covers(manifest.issued_at):
        raise VerificationError("snapshot: signed outside the key's period")
    if grant.doubtful_from(at) is not None:
        raise VerificationError("snapshot: its key may have been in other hands")
    limit = min(manifest.next_update, manifest.issued_at + policy.max_bundle_age)
    if at > limit:  # (4)
        raise StaleSnapshotError(f"snapshot: to be used until {limit:%Y-%m-%d %H:%M}")
    digest = hashlib.sha256(data).digest()
    known = seen.get(organization)  # (5)
    if known is not None and (
        manifest.number < known.number
        or (manifest.number == known.number and digest != known.digest)
    ):
        raise RollbackError(
            f"snapshot: number {manifest.number}, and {known.number} was seen before"
        )
    return Admitted(manifest, grant, SeenSnapshot(manifest.number, digest))


def believed(
    admitted: Admitted, item: RowClass, trust: TrustState, at: datetime
) -> KeyGrant | None:
    """Return the grant of a class's key if its rows can be answered, else None.

    The rules are those of a token's authorization, over all rows of the class at once.

    Args:
        admitted: the manifest.
        item: one of its classes.
        trust: what is believed.
        at: aware instant that is asked about.
    """
    grant = trust.token_keys.get((item.issuer, item.kid, item.alg))
    if (
        grant is None
        or item.type_name not in grant.types
        or item.type_name not in admitted.grant.types
        or not _may_speak_for(admitted.manifest, item, trust)
    ):
        return None
    first, last = item.signed
    if not grant.period.covers(first) or not grant.period.covers(last) or last > at:
        return None
    return grant if _is_dated_well(item.dated, grant, trust, item.issuer) else None


def _may_speak_for(manifest: Manifest, item: RowClass, trust: TrustState) -> bool:
    """Tell whether an organ states what it, or one that it succeeded, has signed."""
    if item.issuer == manifest.organization:
        return True
    entry = trust.organizations.get(item.issuer)
    return entry is not None and any(
        after.code == manifest.organization
        and after.since <= manifest.issued_at
        and item.type_name in after.types
        for after in entry.successors
    )


def _is_dated_well(
    dated: tuple[date, date], grant: KeyGrant, trust: TrustState, issuer: str
) -> bool:
    first, last = dated
    if first >= trust.first_days[issuer]:
        return True
    backfill = grant.backfill
    return backfill is not None and backfill[0] <= first and last <= backfill[1]
