"""Evidence that a license existed before a key was withdrawn: docs/formats/evidence.md.

Evidence only ever rescues from KEY_COMPROMISED. It needs another organization's good
key: what an issuer says about the time of its own signatures proves nothing. That a
snapshot holds all that a retired key signed is no such statement, and is the issuer's.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Protocol, TypeAlias

from elicense.trust import TimestampAuthority, TrustState
from esign import timestamps
from esign.errors import MalformedError, VerificationError
from esign.timestamps import Timestamp

MAX_TIMESTAMPS = 16  # of one validation; one is enough, each costs a signature


class Countersigned(Protocol):
    """Many licenses at once: a snapshot that was kept."""

    @property
    def digest(self) -> bytes:
        """SHA-256 of what the timestamps are over, and the trust bundle may name."""

    @property
    def timestamps(self) -> tuple[bytes, ...]:
        """RFC 3161 tokens, DER."""

    def holds(self, thing: bytes) -> bool:
        """Tell whether these bytes are a token that the snapshot holds."""


Proof: TypeAlias = bytes | Countersigned
"""A timestamp over a license, or a snapshot that holds it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a caller brings beside a license.

    Attributes:
        timestamps: RFC 3161 tokens, DER, and snapshots that were kept.
        over: what they may be over: the license's token, and its PDF if it has one.
    """

    timestamps: tuple[Proof, ...] = ()
    over: tuple[bytes, ...] = ()

    def of(self, *things: bytes) -> "Evidence":
        """Return the same timestamps as evidence for other bytes."""
        return Evidence(self.timestamps, things)

    def existed_by(self, issuer: str, trust: TrustState) -> datetime | None:
        """Return by when the license is proven to have existed, None if it is not.

        A timestamp counts if it is over the license's token or PDF, its authority is
        in the trust bundle, belongs neither to the issuer nor to an organ that it
        succeeded or that succeeded it, nor to one that the same root of a hub's source
        speaks for, was inside its period, under a path that held, and was not itself
        compromised. One over a snapshot counts likewise for each token inside; so does
        a hub's word, in its bundle, of when it first saw that snapshot. What does not
        count proves nothing, and harms nothing.

        Args:
            issuer: USCC of the license's issuer.
            trust: what is believed.
        """
        if not self.timestamps:
            return None
        kin = _kin(issuer, trust)
        others = [
            authority
            for authority in trust.authorities
            if authority.compromised_from is None and authority.organization not in kin
        ]
        found = [
            stamp.latest
            for token, digests in islice(self._stamps(), MAX_TIMESTAMPS)
            for stamp in _verified(token, digests, others, trust)
        ]
        if kin.isdisjoint(trust.countersigners):
            found += self._sightings(trust)
        return min(found, default=None)

    def _sightings(self, trust: TrustState) -> Iterator[datetime]:
        """Give when a hub first saw the snapshots that hold the license."""
        for proof in self.timestamps:
            if isinstance(proof, bytes):
                continue
            seen_at = trust.sightings.get(proof.digest)
            if seen_at is not None and self._is_in(proof):
                yield seen_at

    def is_closed_in(self, closing: bytes) -> bool:
        """Tell whether the license is inside the snapshot that closes its key.

        Args:
            closing: SHA-256 of that snapshot's manifest, as the trust bundle names it.
        """
        return any(
            not isinstance(proof, bytes)
            and proof.digest == closing
            and self._is_in(proof)
            for proof in self.timestamps
        )

    def has(self, closing: bytes) -> bool:
        """Tell whether a snapshot of this digest is there, whatever it holds."""
        return any(
            not isinstance(proof, bytes) and proof.digest == closing
            for proof in self.timestamps
        )

    def _is_in(self, proof: Countersigned) -> bool:
        return any(proof.holds(thing) for thing in self.over)

    def _stamps(self) -> Iterator[tuple[bytes, set[bytes]]]:
        """Give each timestamp with the digests that it may be over."""
        own = {hashlib.sha256(thing).digest() for thing in self.over}
        for proof in self.timestamps:
            if isinstance(proof, bytes):
                yield proof, own
            elif proof.timestamps and self._is_in(proof):
                yield from ((token, {proof.digest}) for token in proof.timestamps)


NO_EVIDENCE = Evidence()


def _kin(issuer: str, trust: TrustState) -> set[str]:
    """Return an organ with those that vouch for nothing of it, as it would itself.

    They are those that it succeeded and that succeeded it, and those that one root of
    a hub's source speaks for: whoever has that root can put any key into any of them.
    """
    families_of: dict[str, list[set[str]]] = {}
    for family in _families(trust):
        for code in family:
            families_of.setdefault(code, []).append(family)
    kin, ahead = {issuer}, [issuer]
    while ahead:
        for family in families_of.pop(ahead.pop(), ()):
            ahead += family - kin
            kin |= family
    return kin


def _families(trust: TrustState) -> Iterator[set[str]]:
    if trust.bundle is not None:
        for entry in trust.bundle.organizations:
            yield {entry.code, *(item.code for item in entry.successors)}
    of_root: dict[str, set[str]] = {}
    for code, source in trust.sources.items():
        of_root.setdefault(source.root, set()).update((code, source.organization))
    yield from of_root.values()


def _verified(
    token: bytes,
    digests: set[bytes],
    authorities: list[TimestampAuthority],
    trust: TrustState,
) -> Iterator[Timestamp]:
    """Give what a token proves under each authority that really made it."""
    roots = () if trust.bundle is None else trust.bundle.roots
    for authority in authorities:
        try:
            digest = timestamps.read(token).unverified_digest
            if digest not in digests:
                return
            stamp = timestamps.verify(token, digest, authority.certificates, roots)
            leaf, *others = authority.certificates
            timestamps.verify_path(leaf, others, roots, stamp.at)
        except (MalformedError, VerificationError):
            continue  # made by another authority, or by nobody: it proves nothing
        if authority.period.covers(stamp.latest):
            yield stamp
