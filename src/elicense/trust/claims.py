"""Whose key is whose, over all sources of a hub (docs/formats/trust.md, 3.9)."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from elicense.model import Text
from elicense.trust.model import Bundle, SealEntry, TimestampAuthority
from elicense.trust.roots import RootChain
from esign import certificates
from esign.keys import PublicKey

Claims: TypeAlias = Mapping[str, str]
"""Mark of a key in hexadecimal -> what it is for.

Two may share it only as a CA's or as a seal maker's.
"""

_OWN, _CA, _MAKER, _HUB = "own", "ca", "maker", "the hub"


def claims_of(chain: RootChain, bundle: Bundle) -> Claims:
    """Return every key of a source: its own, and those of the CAs above its seals."""
    roots = [statement.root for statement in chain.statements]
    signing = [key for statement in chain.statements for key in statement.bundle_keys]
    listed = [grant.key for grant in bundle.keys]
    own = own_claims((*roots, *signing, *listed))
    return {**certified_claims(bundle.seals, bundle.roots), **own}


def certified_claims(
    entries: Iterable[SealEntry | TimestampAuthority], roots: Iterable[bytes]
) -> dict[str, str]:
    """Return the keys of certificates.

    Several departments may have one CA, and one maker of their electronic seals.
    """
    listed = tuple(entries)
    chains = [entry.certificates for entry in listed]
    seals = [made for one in listed if isinstance(one, SealEntry) for made in one.seals]
    makers = [made.maker for made in seals]
    above = {der for chain in (*chains, *makers) for der in chain[1:]} | set(roots)
    claims = {_mark(der): _CA for der in above}
    claims |= {_mark(chain[0]): _MAKER for chain in makers}
    return {**claims, **{_mark(chain[0]): _OWN for chain in chains}}


def _mark(der: bytes) -> str:
    return certificates.key_mark(der).hex()


def clashes(
    fresh: Mapping[str, Claims],
    good: Mapping[str, Claims],
    reserved: Claims,
    confirmed: Mapping[str, str],
) -> dict[str, Text]:
    """Return which new sources claim a key that is another's.

    A source that only keeps what its last good one had is never refused for what
    another one claims: nobody is pushed out of a hub by a copy of his public key. A key
    that people confirmed is its owner's, whoever claimed it first.

    Args:
        fresh: the claims of new sources, by department.
        good: those of the last good sources.
        reserved: the hub's own.
        confirmed: mark of a key -> the department whose key people say it is.

    Returns:
        Department -> which key clashes with whom.
    """
    holders = _holders(fresh, good, reserved)
    refused = usurped(fresh, confirmed)
    for code, claims in fresh.items():
        if code in refused:
            continue
        kept = good.get(code, {})
        for kid, use in claims.items():
            others = sorted(
                owner
                for owner, its_use in holders[kid]
                if owner != code and (use == _OWN or its_use != use)
            )
            is_its_own = kept.get(kid) == use or confirmed.get(kid) == code
            if others and (not is_its_own or _HUB in others):
                refused[code] = _clash(kid, others)
                break
    return refused


def usurped(
    claimed: Mapping[str, Claims], confirmed: Mapping[str, str]
) -> dict[str, Text]:
    """Return who claims a key that people confirmed as another one's.

    Args:
        claimed: claims by department.
        confirmed: as in :func:`clashes`.

    Returns:
        Department -> which key it is, and whose.
    """
    found: dict[str, Text] = {}
    for code, claims in claimed.items():
        for kid in claims:
            if (owner := confirmed.get(kid, code)) != code:
                found[code] = _clash(kid, [owner])
                break
    return found


def _holders(
    fresh: Mapping[str, Claims], good: Mapping[str, Claims], reserved: Claims
) -> dict[str, list[tuple[str, str]]]:
    holders: dict[str, list[tuple[str, str]]] = {}
    for owner, claims in ((_HUB, reserved), *good.items(), *fresh.items()):
        for kid, use in claims.items():
            holders.setdefault(kid, []).append((owner, use))
    return holders


def _clash(kid: str, others: Iterable[str]) -> Text:
    names = ", ".join(dict.fromkeys(others))
    return Text(
        f"密钥 {kid} 同时属于 {names.replace(_HUB, '本汇聚节点')}",
        f"the key {kid} belongs to {names} as well",
    )


def own_claims(keys: Iterable[PublicKey]) -> dict[str, str]:
    """Return the claims to keys of one's own."""
    return {key.kid.hex(): _OWN for key in keys}
