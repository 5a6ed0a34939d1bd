"""What a hub knows to be compromised, whatever the owner says.

docs/formats/hub.md, sections 1.4 and 2.9. A withdrawal names a key by its kid, or a
certificate by its SHA-256; a withdrawn certificate stands for its key.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from elicense.trust.hub_model import Withdrawal
from elicense.trust.model import Bundle, KeyGrant, SealEntry, TimestampAuthority
from elicense.trust.roots import RootChain
from esign import certificates
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

_Certified = TypeVar("_Certified", SealEntry, TimestampAuthority)


class Withdrawals:
    """The withdrawals of a hub's table during one merge."""

    def __init__(self, withdrawn: Iterable[Withdrawal]) -> None:
        """Take the entries of the table."""
        self._withdrawn = tuple(withdrawn)
        self._since = {item.name: item.compromised_from for item in self._withdrawn}
        self._met: set[bytes] = set()

    @property
    def unmatched(self) -> tuple[Withdrawal, ...]:
        """The entries that nothing had which was met until now."""
        return tuple(item for item in self._withdrawn if item.name not in self._met)

    def meet(self, chain: RootChain, bundle: Bundle) -> None:
        """Note which entries name something in a department's bundle."""
        if not self._since:
            return
        statements = chain.statements
        keys = [statement.root for statement in statements]
        keys += [key for statement in statements for key in statement.bundle_keys]
        keys += [grant.key for grant in bundle.keys]
        self._note(key.kid for key in keys)
        self._note(
            name for der in (*bundle.roots, *_chained(bundle)) for name in _names(der)
        )

    def meet_own(self, keys: Iterable[PublicKey]) -> None:
        """Note which entries name a key of the hub itself."""
        self._note(key.kid for key in keys)

    def _note(self, names: Iterable[bytes]) -> None:
        self._met.update(name for name in names if name in self._since)

    def speaker(self, chain: RootChain, pinned: str) -> bytes | None:
        """Return a withdrawn key that could speak for a department, None for none.

        Such keys are its root, as the hub pinned it, those that it handed over to, and
        the bundle keys of the last statement. A root that handed over before to the
        pinned one can say nothing more.
        """
        successors = {
            item.root.fingerprint: item.successor
            for item in chain.statements
            if item.successor is not None
        }
        roots = {item.root.fingerprint: item.root for item in chain.statements}
        keys = [roots[pinned]]
        while (successor := successors.get(keys[-1].fingerprint)) is not None:
            keys.append(successor)  # a chain that holds has no circle
        keys += chain.last.bundle_keys
        return next((key.kid for key in keys if key.kid in self._since), None)

    def of_key(self, item: KeyGrant) -> KeyGrant:
        """Return a key as the hub knows it."""
        at = self._since.get(item.key.kid)
        return replace(item, compromised_from=_earliest(item.compromised_from, at))

    def of_draft(self, draft: Bundle) -> Bundle:
        """Return a hub's bundle with every seal and authority marked.

        One is marked if its certificate is withdrawn, or a CA's in its chain, or a CA's
        that signed one of its chain, be it a root or not and whoever named it.
        """
        if not self._since:
            return draft
        ders = dict.fromkeys((*draft.roots, *_chained(draft)))
        marks = {der: _names(der) for der in ders}
        since = dict(self._since)
        for mark, digest in marks.values():
            self._note((mark, digest))
            at = _earliest(since.get(mark), self._since.get(digest))
            if at is not None:
                since[mark] = at
        signers = _by_subject(
            (der, mark, since[mark])
            for der, (mark, _) in marks.items()
            if mark in since
        )

        def earliest(at: datetime | None, chain: Iterable[bytes]) -> datetime | None:
            known = [since.get(marks[der][0]) for der in chain]
            known += [found for der in chain for found in _issued_under(der, signers)]
            return _earliest(at, *known)

        def marked(entry: _Certified) -> _Certified:
            at = earliest(entry.compromised_from, entry.certificates)
            return replace(entry, compromised_from=at)

        def marked_seal(entry: SealEntry) -> SealEntry:
            seals = tuple(
                replace(
                    made, maker_revoked_at=earliest(made.maker_revoked_at, made.maker)
                )
                for made in entry.seals
            )
            return replace(marked(entry), seals=seals)

        return replace(
            draft,
            seals=tuple(map(marked_seal, draft.seals)),
            authorities=tuple(map(marked, draft.authorities)),
        )


_Signers = Mapping[Hashable, Mapping[bytes, tuple[bytes, datetime]]]


def _by_subject(found: Iterable[tuple[bytes, bytes, datetime]]) -> _Signers:
    """Return withdrawn certificates by name, one for each key."""
    signers: dict[Hashable, dict[bytes, tuple[bytes, datetime]]] = {}
    for der, mark, at in found:
        try:
            subject, _ = certificates.names_of(der)
        except MalformedError:
            continue  # then nothing can name it as its issuer
        signers.setdefault(subject, {})[mark] = (der, at)
    return signers


def _issued_under(der: bytes, signers: _Signers) -> Iterator[datetime]:
    """Give since when each withdrawn key that signed a certificate is compromised."""
    if not signers:
        return
    try:
        _, issuer = certificates.names_of(der)
    except MalformedError:
        return  # no path leads over it
    for signer, at in signers.get(issuer, {}).values():
        try:
            certificates.verify_issued(der, signer)
        except VerificationError:
            continue  # another key of the same name
        yield at


def _chained(bundle: Bundle) -> Iterator[bytes]:
    """Give every certificate of a bundle that is no root."""
    for seal in bundle.seals:
        for chain in seal.chains:
            yield from chain
    for authority in bundle.authorities:
        yield from authority.certificates


def _names(der: bytes) -> tuple[bytes, bytes]:
    """Return what an entry of the table may call a certificate: its key, itself."""
    return certificates.key_mark(der), hashlib.sha256(der).digest()


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)
