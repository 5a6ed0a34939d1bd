"""What a verifier remembers of trust, and the rule that nothing of it may fall.

docs/formats/trust.md, section 6. A file is refused that says less than what was seen:
an old bundle would hide revocations.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from elicense.trust.model import Bundle
from elicense.trust.roots import RootChain
from esign.errors import VerificationError
from esign.statuslist import StatusList


class RollbackError(VerificationError):
    """A bundle says less than what was seen before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The highest of everything that was seen under one chain of roots.

    Attributes:
        scopes: fingerprint -> what it speaks for, oldest first; the last speaks now.
        statement: number of the last root statement.
        number: number of the last bundle under it.
        digest: SHA-256 of that bundle, 32 bytes.
        issued_at: its date, UTC.
        lists: (issuer, list number) -> sequence.
        sources: organization -> (root, statement, number) of its own bundle.
        closings: (organization, kid) -> digest of the snapshot that closes the key.
        snapshots: SHA-256 of a manifest in that bundle -> when the hub saw it.
    """

    scopes: Mapping[str, str | None]
    statement: int
    number: int
    digest: bytes
    issued_at: datetime
    lists: Mapping[tuple[str, int], int]
    sources: Mapping[str, tuple[str, int, int]]
    closings: Mapping[tuple[str, bytes], bytes] = field(default_factory=dict)
    snapshots: Mapping[bytes, datetime] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """The root that speaks now."""
        return tuple(self.scopes)[-1]

    def concerns(self, chain: RootChain) -> bool:
        """Tell whether a file has a root in common with what was seen."""
        return not self.scopes.keys().isdisjoint(chain.scopes)


def observe(
    chain: RootChain,
    bundle: Bundle,
    digest: bytes,
    lists: Iterable[StatusList],
    before: Iterable[Seen],
) -> Seen:
    """Return what is seen now, if nothing of what was seen before has fallen.

    The checks, for each memory that concerns the file:

    1. the latest root that was seen is among the file's, and no scope changed;
    2. the last statement's number did not fall;
    3. under the same statement the bundle's number did not fall, and the same number
       is the same bundle;
    4. no source's (statement, number) fell under the same root;
    5. no list's sequence fell, unless its issuer's numbers begin anew;
    6. no key that is listed and not attested destroyed lost its closing digest or has
       another one, unless its owner's numbers begin anew;
    7. no manifest was seen at another instant than the bundle before says.

    Where the root that spoke handed over to one with numbers of its own, 2 and 3 do not
    apply. There, and under a newer statement of the file's own root, all numbers below
    begin anew: a thief of the bundle key who drove them up is left behind.

    Args:
        chain: the file's roots.
        bundle: its content.
        digest: SHA-256 of the signed bundle.
        lists: its status lists, admitted.
        before: every memory there is.

    Raises:
        RollbackError: one of the checks fails; says which number fell.
    """
    sequences = {(item.issuer, item.number): item.sequence for item in lists}
    sources = {
        source.organization: (source.root, source.statement, source.number)
        for source in bundle.sources
    }
    now = Seen(
        scopes=MappingProxyType(chain.scopes),
        statement=chain.last.number,
        number=bundle.number,
        digest=digest,
        issued_at=bundle.issued_at,
        lists=sequences,
        sources=sources,
        closings={
            (grant.organization, grant.key.kid): grant.closing
            for grant in bundle.keys
            if grant.closing is not None
        },
        snapshots={item.sha256: item.seen_at for item in bundle.snapshots},
    )
    open_keys = {
        (grant.organization, grant.key.kid)
        for grant in bundle.keys
        if not grant.destroyed
    }
    for seen in before:
        if seen.concerns(chain):
            _refuse_fallen(seen, now, chain.lineage, open_keys)
            now = _joined(seen, now, chain.lineage)
    return now


def _refuse_fallen(
    seen: Seen,
    now: Seen,
    lineage: frozenset[str],
    open_keys: Iterable[tuple[str, bytes]],
) -> None:
    _refuse_other_roots(seen, now)  # (1)
    if seen.root in lineage:
        _refuse_older_bundle(seen, now)  # (2) and (3)
    if _is_new_start(seen, now, lineage):
        return
    for code, source in now.sources.items():  # (4)
        known = seen.sources.get(code, source)
        if known[0] == source[0] and source < known:
            raise RollbackError(f"trust bundle: the source {code} fell to an older one")
    for name, sequence in now.lists.items():  # (5)
        highest = seen.lists.get(name, sequence)
        if sequence < highest and not _began_anew(seen, now, name[0]):
            raise _fell(f"status list {name[1]} of {name[0]}", sequence, highest)
    _refuse_reopened(seen, now, open_keys)  # (6)
    _refuse_moved(seen, now)  # (7)


def _refuse_moved(seen: Seen, now: Seen) -> None:
    for sha256, seen_at in now.snapshots.items():
        if seen.snapshots.get(sha256, seen_at) != seen_at:
            raise RollbackError("trust bundle: a snapshot was seen at another time")


def _is_new_start(seen: Seen, now: Seen, lineage: frozenset[str]) -> bool:
    """Tell whether all numbers of a file begin anew."""
    return seen.root not in lineage or now.statement > seen.statement


def _refuse_reopened(
    seen: Seen, now: Seen, open_keys: Iterable[tuple[str, bytes]]
) -> None:
    """Refuse a key that was closed by one snapshot and is by another one, or none."""
    for key in open_keys:
        before = seen.closings.get(key)
        changed = before is not None and now.closings.get(key) != before
        if changed and not _began_anew(seen, now, key[0]):
            raise RollbackError(
                f"trust bundle: the key {key[1].hex()} had another closing snapshot"
            )


def _refuse_other_roots(seen: Seen, now: Seen) -> None:
    if seen.root not in now.scopes:
        raise RollbackError("trust bundle: its root was succeeded by another")
    for root, scope in seen.scopes.items():
        if now.scopes.get(root, scope) != scope:
            raise RollbackError("trust bundle: a root changed what it speaks for")


def _refuse_older_bundle(seen: Seen, now: Seen) -> None:
    if now.statement < seen.statement:
        raise _fell("the root statement", now.statement, seen.statement)
    if now.statement > seen.statement:
        return
    if now.number < seen.number:
        raise _fell("the bundle", now.number, seen.number)
    if now.number == seen.number and now.digest != seen.digest:
        raise RollbackError(f"trust bundle: another bundle had number {now.number}")


def _fell(what: str, now: int, seen: int) -> RollbackError:
    return RollbackError(f"trust bundle: {what} has number {now}, {seen} was seen")


def _began_anew(seen: Seen, now: Seen, issuer: str) -> bool:
    """Tell whether a source's numbers count under another or a newer statement."""
    if issuer not in now.sources or issuer not in seen.sources:
        return False
    root, statement, _ = seen.sources[issuer]
    return now.sources[issuer][0] != root or now.sources[issuer][1] > statement


def _joined(seen: Seen, now: Seen, lineage: frozenset[str]) -> Seen:
    """Return the newer memory with what it does not speak of kept from the older."""
    # Roots that the newer file leaves out stand first: the last one speaks.
    left_out = {
        root: scope for root, scope in seen.scopes.items() if root not in now.scopes
    }
    # What a thief closed under an older statement is left behind with his numbers.
    closed = {} if _is_new_start(seen, now, lineage) else seen.closings
    kept = {k: v for k, v in closed.items() if not _began_anew(seen, now, k[0])}
    return Seen(
        scopes=MappingProxyType({**left_out, **now.scopes}),
        statement=now.statement,
        number=now.number,
        digest=now.digest,
        issued_at=now.issued_at,
        lists=MappingProxyType({**seen.lists, **now.lists}),
        sources=MappingProxyType({**seen.sources, **now.sources}),
        # What was seen first stays: of a key that is attested destroyed the file may
        # say anything, and could lift the attestation again later.
        closings=MappingProxyType({**now.closings, **kept}),
        snapshots=now.snapshots,
    )
