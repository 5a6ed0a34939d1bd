"""Whom seals are believed by what a trust bundle says of them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from elicense.trust import SealEntry, TrustState
from esign import sm2
from esign.errors import MalformedError
from esign.revocation import Fate
from esign.ses import Revocations, SesTrust

if TYPE_CHECKING:
    from datetime import datetime


def trust_of(state: TrustState) -> SesTrust:
    """Return makers, roots and ends of the seals of an admitted bundle.

    Only entries of the GM profile count. The bundle is what is known of revocations,
    from its date until it is too old. Does NOT know which seal may be on which type of
    license: that is what the validation of a license asks.

    Args:
        state: what is believed; nothing where it is empty.
    """
    bundle = state.bundle
    entries = [one for one in state.seals.values() if one.is_gm]
    if bundle is None or not entries:
        return SesTrust((), ())
    chains = [made.maker for entry in entries for made in entry.seals]
    between = [der for chain in chains for der in chain[1:]]
    between += [der for entry in entries for der in entry.certificates[1:]]
    fates = dict(_fate(entry) for entry in entries)
    fates |= _makers(entries)
    return SesTrust(
        makers=tuple(dict.fromkeys(chain[0] for chain in chains)),
        roots=tuple(der for der in bundle.roots if _is_sm2(der)),
        intermediates=tuple(dict.fromkeys(between)),
        revocations=Revocations(
            bundle.issued_at, bundle.issued_at + bundle.max_age, fates
        ),
    )


def _makers(entries: Iterable[SealEntry]) -> dict[bytes, Fate]:
    """Return what became of makers; of one that several organs name, the earliest."""
    ends: dict[bytes, datetime] = {}
    for made in (made for entry in entries for made in entry.seals):
        at, maker = made.maker_revoked_at, made.maker[0]
        if at is not None:
            ends[maker] = min(at, ends.get(maker, at))
    return {maker: Fate(at, None) for maker, at in ends.items()}


def _fate(entry: SealEntry) -> tuple[bytes, Fate]:
    """Return what became of a signer: the end of its key, or of the last of its seals.

    Whoever finds a key that was not destroyed can back-date (docs/formats/trust.md,
    section 4.1).
    """
    until, compromised = entry.period.signs_until, entry.compromised_from
    if until is not None and not entry.destroyed:
        compromised = until if compromised is None else min(compromised, until)
    ends = [one.withdrawn_at for one in entry.seals]
    withdrawn = [at for at in ends if at is not None]
    if withdrawn and len(withdrawn) == len(ends):
        last = max(withdrawn)
        until = last if until is None else min(until, last)
    return entry.certificates[0], Fate(until, compromised)


def _is_sm2(der: bytes) -> bool:
    try:
        sm2.read_certificate(der)
    except MalformedError:
        return False  # the root of seals of another suite
    return True
