"""The revocation lists of the development CAs: which seals were compromised."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from elicense.keychain import SEALS, Keychain, KeyRecord
from elicense.keyring import AnyAuthority
from esign.authority import DevelopmentAuthority
from esign.certificates import read_certificate

CRL_DAYS = 30  # until nextUpdate; each publication makes new lists


def crls(
    chain: Keychain, authorities: Iterable[AnyAuthority], at: datetime
) -> tuple[bytes, ...]:
    """Return the revocation lists of the CAs, made at an instant.

    A CA of SM2 keys has none: what became of its seals stands in their entries.

    Args:
        chain: the history of the keys.
        authorities: the CAs, opened.
        at: aware UTC, whole seconds.
    """
    seals = [
        item
        for purpose in SEALS
        for item in chain.own(purpose)
        if item.compromised_from is not None
    ]
    return tuple(
        authority.crl(at, CRL_DAYS, dict(_revoked(seals, authority.chain, at)))
        for authority in authorities
        if isinstance(authority, DevelopmentAuthority) and _is_valid(authority, at)
    )


def _is_valid(authority: DevelopmentAuthority, at: datetime) -> bool:
    facts = read_certificate(authority.issuing_certificate)
    return facts.not_before <= at <= facts.not_after


def _revoked(
    seals: Iterable[KeyRecord], chain: tuple[bytes, ...], at: datetime
) -> Iterator[tuple[bytes, tuple[datetime, str]]]:
    """Give the compromised seals of one CA, and from when they are revoked."""
    for item in seals:
        since = item.compromised_from
        if since is not None and item.certificates[1:] == chain:
            yield item.certificates[0], (min(since, at), "keyCompromise")
