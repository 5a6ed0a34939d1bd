"""Admitting a trust bundle: every rule about believing one.

Bytes and pins in, an immutable :class:`TrustState` out; no files, no network, no clock
(docs/formats/trust.md). A bundle is believed only under a pinned root, and the pin
comes from the caller, never from the bundle.
"""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from elicense.dates import day_of
from elicense.trust.entries import MAX_SECONDS
from elicense.trust.model import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    Period,
    SealEntry,
    Source,
    TimestampAuthority,
)
from elicense.trust.reading import format_of, open_file, read_bundle
from elicense.trust.roots import RootChain, fingerprints, verify_chain
from elicense.trust.seen import Seen, observe
from elicense.trust.state import TrustState
from esign import certificates, cose, statuslist
from esign.errors import MalformedError, VerificationError
from esign.pades import SealGrant
from esign.revocation import Fate, Revocations
from esign.statuslist import StatusList

# A case is concluded, and its license dated, some days before it is sealed; so are
# the first ones under a department's first key.
BACKDATING = timedelta(days=31)

_Granted = TypeVar("_Granted", SealEntry, TimestampAuthority)


def fingerprints_in(data: bytes) -> tuple[str, ...]:
    """Return the fingerprints of the roots that a bundle file claims, oldest first.

    For showing to a person who compares them with what they got by another way; nothing
    is verified, and the answer must not be used as a pin by itself.

    Raises:
        MalformedError: not a bundle file.
    """
    return fingerprints(open_file(data).statements)


def admit(
    data: bytes, pinned: str | Iterable[str], seen: Iterable[Seen] = ()
) -> TrustState:
    """Believe a bundle file under pinned roots.

    The checks, in order:

    1. the file has the form of section 1;
    2. every root statement and every rotation holds, and one of the roots is pinned;
    3. the bundle is signed by a key that the last statement names, and made under it;
    4. every part has its form, and every organization named is listed;
    5. no public key has two uses;
    6. some root of the file speaks for every organization; sources, timestamp
       authorities and snapshots stand in a hub's bundle alone;
    7. every revocation list is signed by a CA of the bundle; every status list is the
       one that its entry names, and is signed by a status key of its issuer, or of the
       successor that keeps its lists, in that key's period;
    8. nothing that was seen before has fallen.

    What the pinned roots do not speak for is left out of the state.
    Does NOT judge the bundle's age: that depends on the instant of each validation.

    Args:
        data: bytes of a file ``trust.elt``.
        pinned: ``sha256:`` and 64 digits, one or several, from the caller's own
            configuration.
        seen: what was remembered, from :attr:`TrustState.seen`; may be empty.

    Raises:
        MalformedError: checks 1 and 4.
        VerificationError: checks 2, 3, 5, 6 and 7.
        RollbackError: check 8.
    """
    pins = frozenset([pinned] if isinstance(pinned, str) else pinned)
    statements, envelope, named = open_file(data)  # (1)
    chain = verify_chain(statements)  # (2)
    known = chain.pinned(pins)
    if not known:
        raise VerificationError("trust bundle: its root is not a pinned one")
    signer = {key.kid: key for key in chain.last.bundle_keys}.get(envelope.kid)
    if signer is None:  # (3)
        raise VerificationError("trust bundle: signed by a key the root does not name")
    bundle = read_bundle(envelope.verify(signer))  # (4)
    if named != format_of(bundle):
        raise MalformedError("trust bundle: what is in it is of another format")
    if bundle.statement != chain.last.number:
        raise VerificationError("trust bundle: made under another root statement")
    _refuse_second_use(chain, bundle)  # (5)
    _refuse_foreign(chain, bundle)  # (6)
    lists = tuple(admit_lists(bundle.status_lists, bundle))  # (7)
    digest = hashlib.sha256(envelope.unverified_payload).digest()
    remembered = observe(chain, bundle, digest, lists, seen)  # (8)
    scopes = [chain.scopes[root] for root in known]
    state = _state(bundle, lists, lambda code: None in scopes or code in scopes)
    return replace(
        state,
        root=known[-1],
        seen=remembered,
        countersigners=_countersigners(chain, bundle),
    )


def _countersigners(chain: RootChain, bundle: Bundle) -> frozenset[str]:
    """Return every organ whose word the ``seen_at`` of a bundle may be.

    They are the one that it names, and those that a root of the file speaks for.
    """
    codes = {bundle.countersigner, *chain.scopes.values()}
    return frozenset(code for code in codes if code is not None)


def admit_lists(entries: Iterable[ListEntry], bundle: Bundle) -> Iterator[StatusList]:
    """Give the status lists of some entries, each verified under a bundle's keys.

    The entries may be those of an older bundle of the same department.

    Raises:
        MalformedError: a list has another shape.
        VerificationError: it is not the one its entry names, is older than its entry
            says, or is not signed by who may sign it.
    """
    organizations = {entry.code: entry for entry in bundle.organizations}
    for entry in entries:
        yield _admit_list(entry, organizations, bundle)


def _admit_list(
    entry: ListEntry, organizations: Mapping[str, OrganizationEntry], bundle: Bundle
) -> StatusList:
    envelope = cose.open_sealed(entry.token, statuslist.PURPOSE)
    claimed = statuslist.read_claims(envelope.unverified_payload)
    if (claimed.issuer, claimed.number) != (entry.issuer, entry.number):
        raise VerificationError("status list: of another issuer or number")
    if claimed.sequence < entry.sequence:
        raise VerificationError(
            f"status list: sequence {claimed.sequence} is below {entry.sequence}"
        )
    if max(claimed.issued_at, claimed.expires_at) > MAX_SECONDS:
        raise MalformedError("status list: signed or ended after the year 9999")
    at = datetime.fromtimestamp(claimed.issued_at, UTC)
    keeper = _keeper(organizations.get(entry.issuer), at)
    for grant in bundle.keys:
        if (
            grant.purpose == "status"
            and grant.organization == keeper
            and grant.key.kid == envelope.kid
            and grant.compromised_from is None
            and grant.period.covers(at)
        ):
            envelope.verify(grant.key)
            return claimed
    raise VerificationError("status list: not signed by a status key of its issuer")


def _keeper(entry: OrganizationEntry | None, at: datetime) -> str | None:
    """Return whose status keys sign an organ's lists at an instant."""
    if entry is None:
        return None
    for item in entry.successors:
        if item.keeps_lists and item.since <= at:
            return item.code
    return entry.code


def _refuse_second_use(roots: RootChain, bundle: Bundle) -> None:
    """Refuse a bundle in which one public key, or one kid, occurs twice."""
    owned = [
        *(seal.certificates for seal in bundle.seals),
        *(authority.certificates for authority in bundle.authorities),
    ]
    makers = [made.maker for seal in bundle.seals for made in seal.seals]
    if len(set(bundle.roots)) != len(bundle.roots):
        raise VerificationError("trust bundle: a CA root stands there twice")
    above = {der for chain in (*owned, *makers) for der in chain[1:]}
    # A CA that renewed its certificate has one key in two of them; so has a maker, and
    # several seals name him.
    authorities = {certificates.key_mark(der) for der in above.union(bundle.roots)}
    making = {certificates.key_mark(chain[0]) for chain in makers}
    certified = [certificates.key_mark(chain[0]) for chain in owned]
    if any(len(set(s.bundle_keys)) != len(s.bundle_keys) for s in roots.statements):
        raise VerificationError("root statement: it names one bundle key twice")
    root_keys = {statement.root for statement in roots.statements}
    bundle_keys = {key for item in roots.statements for key in item.bundle_keys}
    grants = [grant.key for grant in bundle.keys]
    kids = [key.kid for key in (*root_keys, *bundle_keys, *grants)]
    marks = [*kids, *certified, *authorities, *making]
    if len(set(marks)) != len(marks):
        raise VerificationError("trust bundle: one public key has two uses")


def _refuse_foreign(chain: RootChain, bundle: Bundle) -> None:
    for entry in bundle.organizations:
        if not chain.speaks_for(entry.code):
            raise VerificationError(
                f"trust bundle: none of its roots speaks for {entry.code}"
            )
    a_hubs = bundle.sources or bundle.authorities or bundle.snapshots
    if chain.last.speaks_for is not None and a_hubs:
        raise VerificationError(
            "trust bundle: only a hub names sources, timestamp authorities, snapshots"
        )


def _state(
    bundle: Bundle, lists: Iterable[StatusList], spoken_for: Callable[[str], bool]
) -> TrustState:
    """Arrange what is spoken for, for looking up."""
    revocations, roots = _revocations(bundle), _by_subject(bundle.roots)
    seals = {
        hashlib.sha256(seal.certificates[0]).digest(): (
            seal if seal.is_gm else _judged(seal, revocations)
        )
        for seal in bundle.seals
        if spoken_for(seal.organization)
    }
    return TrustState(
        bundle=bundle,
        why_empty="",
        organizations=MappingProxyType(
            {o.code: o for o in bundle.organizations if spoken_for(o.code)}
        ),
        token_keys=MappingProxyType(
            {
                (grant.organization, grant.key.kid, grant.key.suite.cose): grant
                for grant in bundle.keys
                if grant.purpose == "token" and spoken_for(grant.organization)
            }
        ),
        seals=MappingProxyType(seals),
        seal_grants=MappingProxyType(
            {name: _seal_grant(seal, roots) for name, seal in seals.items()}
        ),
        authorities=tuple(
            _judged(authority, revocations)
            for authority in bundle.authorities
            if spoken_for(authority.organization)
        ),
        lists=MappingProxyType(
            {(i.issuer, i.number): i for i in lists if spoken_for(i.issuer)}
        ),
        sources=MappingProxyType(_sources(bundle)),
        first_days=MappingProxyType(_first_days(bundle)),
        sightings=MappingProxyType(
            {
                item.sha256: item.seen_at
                for item in bundle.snapshots
                if bundle.countersigner is not None and spoken_for(bundle.countersigner)
            }
        ),
        revocation_lists=revocations.lists,
    )


def _sources(bundle: Bundle) -> dict[str, Source]:
    """Return the source of each organ: its own, or of who keeps its lists."""
    sources = {source.organization: source for source in bundle.sources}
    for entry in bundle.organizations:
        for item in entry.successors:
            if item.keeps_lists and item.code in sources:
                sources.setdefault(entry.code, sources[item.code])
    return sources


def _first_days(bundle: Bundle) -> dict[str, date]:
    """Return for each organ the first legal date that needs no backfill range.

    An organ goes on with what its predecessors granted.
    """
    first = {
        entry.code: _first_signing(bundle.keys, entry.code)
        for entry in bundle.organizations
    }
    found: dict[str, date] = {}
    for code, own in first.items():
        before = [
            first[entry.code]
            for entry in bundle.organizations
            for item in entry.successors
            if item.code == code and item.types and item.since <= bundle.issued_at
        ]
        known = [at for at in (own, *before) if at is not None]
        if known:
            found[code] = day_of(min(known) - BACKDATING)
    return found


def _first_signing(keys: Iterable[KeyGrant], organization: str) -> datetime | None:
    return min(
        (
            grant.period.signs_from
            for grant in keys
            if grant.purpose == "token" and grant.organization == organization
        ),
        default=None,
    )


def _revocations(bundle: Bundle) -> Revocations:
    """Read the lists; SM2 CAs have none here (docs/formats/trust.md, 3.6)."""
    chains = [seal.certificates for seal in bundle.seals if not seal.is_gm]
    chains += [authority.certificates for authority in bundle.authorities]
    intermediates = [der for chain in chains for der in chain[1:]]
    roots = [der for der in bundle.roots if not certificates.is_sm2(der)]
    return Revocations(bundle.crls, roots, intermediates)


def _judged(entry: _Granted, revocations: Revocations) -> _Granted:
    """Return an entry that ends where its certificates were revoked."""
    leaf, *chain = entry.certificates
    fate = revocations.fate(leaf, chain)
    return replace(
        entry,
        period=_cut(entry.period, fate),
        compromised_from=_earlier(entry.compromised_from, fate.compromised_from),
    )


def _cut(period: Period, fate: Fate) -> Period:
    return Period(period.signs_from, _earlier(period.signs_until, fate.revoked_at))


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    known = [at for at in (one, other) if at is not None]
    return min(known, default=None)


def _by_subject(ders: Iterable[bytes]) -> dict[Hashable, list[bytes]]:
    found: dict[Hashable, list[bytes]] = {}
    for der in ders:
        found.setdefault(certificates.names_of(der)[0], []).append(der)
    return found


def _seal_grant(seal: SealEntry, roots: Mapping[Hashable, list[bytes]]) -> SealGrant:
    """Return a grant with those roots alone that may stand above the seal.

    What another department's CA is like is no business of this seal.
    """
    issuers = dict.fromkeys(
        certificates.names_of(der)[1] for chain in seal.chains for der in chain
    )
    return SealGrant(
        organization=seal.organization,
        certificates=seal.certificates,
        roots=tuple(der for name in issuers for der in roots.get(name, ())),
        signs_from=seal.period.signs_from,
        signs_until=seal.period.signs_until,
        destroyed=seal.destroyed,
        compromised_from=seal.compromised_from,
        subfilter=seal.subfilter,
        seals=seal.seals,
    )
