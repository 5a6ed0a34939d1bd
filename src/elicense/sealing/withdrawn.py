"""Withdrawn seals as a trust bundle tells them, with their instants."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from elicense.sealing.record import SealRecord, Withdrawn
from elicense.trust import Period, SealEntry
from esign import sm2
from esign.pades import SealObject

_SECOND = timedelta(seconds=1)


def marked(
    entries: Iterable[SealEntry], records: Iterable[SealRecord]
) -> tuple[SealEntry, ...]:
    """Return seals as a bundle lists them, those that were revoked with their ends.

    An electronic seal is meant by the SM3 of it and gets ``withdrawn_at``, unless its
    key ended with it; its key may use another one. A key without one is meant by its
    certificate and gets ``signs_until``. Where somebody else may have used it, the key
    gets ``compromised_from``. What an entry says already is never taken back.

    Args:
        entries: as the keys have them.
        records: the register of seals.
    """
    ended = [(one, one.withdrawn) for one in records]
    found: dict[bytes, Withdrawn] = {}
    for record, withdrawn in ended:
        if withdrawn is not None:
            for signer in record.signers:
                found[signer] = _worse(found.get(signer), withdrawn)
    given = tuple(entries)
    objects: Mapping[bytes, Withdrawn] = {}
    if any(entry.seals for entry in given):
        objects = {
            sm2.sm3(record.content): withdrawn
            for record, withdrawn in ended
            if withdrawn is not None and record.content
        }
    return tuple(_marked(entry, found, objects) for entry in given)


def _marked(
    entry: SealEntry,
    signers: Mapping[bytes, Withdrawn],
    objects: Mapping[bytes, Withdrawn],
) -> SealEntry:
    if entry.seals:
        entry = replace(
            entry,
            seals=tuple(
                _object(one, objects.get(one.digest), entry) for one in entry.seals
            ),
        )
    withdrawn = signers.get(hashlib.sha256(entry.certificates[0]).digest())
    # A seal may name its signers by digest: what it says of them is known by itself.
    known = [withdrawn, *(objects.get(one.digest) for one in entry.seals)]
    for one in known:
        if one is not None and one.compromised:
            since = _earlier(entry.compromised_from, one.at)
            entry = replace(entry, compromised_from=since)
    if withdrawn is None or withdrawn.compromised or entry.seals:
        return entry
    begin = entry.period.signs_from
    end = max(_earlier(entry.period.signs_until, withdrawn.at), begin + _SECOND)
    return replace(entry, period=Period(begin, end))


def _object(
    seal: SealObject, withdrawn: Withdrawn | None, entry: SealEntry
) -> SealObject:
    ends = (entry.period.signs_until, entry.compromised_from)
    if withdrawn is None or any(at and at <= withdrawn.at for at in ends):
        return seal  # its key had its end by then, which says as much
    return replace(seal, withdrawn_at=_earlier(seal.withdrawn_at, withdrawn.at))


def _worse(known: Withdrawn | None, other: Withdrawn) -> Withdrawn:
    """Return which end of two seals says more of the signer that both name."""
    if known is None:
        return other
    return min(known, other, key=lambda one: (not one.compromised, one.at))


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return at if known is None else min(known, at)
