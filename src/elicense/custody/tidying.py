"""Destroying the private keys that sign no more, also after a run that was cut off."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from elicense.custody.private import PrivateKeys
from elicense.keychain import Keychain, KeyRecord
from elicense.keyring import PublicParts
from elicense.trust.roots import RootChain
from esign.keys import PublicKey


def is_untidy(parts: PublicParts, private: PrivateKeys) -> bool:
    """Tell whether a change was cut off; see :meth:`Custody.is_untidy`."""
    waiting = [
        (item.purpose, item.key)
        for item in parts.keychain.records
        if not item.signs and not item.destroyed
    ]
    return any(
        private.is_file(use, key) for use, key in (*waiting, *_spent(parts.roots))
    ) or any(private.in_device(use, key) for use, key in waiting)


def tidy(
    parts: PublicParts, private: PrivateKeys, keep: Callable[[Keychain], None]
) -> tuple[KeyRecord, ...]:
    """Destroy the private keys that sign no more; see :meth:`Custody.tidy`.

    The order is: overwrite, attest, remove; in a device: destroy the private half,
    attest, remove the public half. So a key is attested destroyed only where this
    program overwrote it, also where a run was cut off in between.

    Args:
        parts: what is public of the keys.
        private: the keys.
        keep: lets the history count that attests what was destroyed.
    """
    chain = parts.keychain
    retired = [item for item in chain.records if not item.signs]
    mine = [item for item in retired if _waits(item, parts, private)]
    for item in mine:
        private.destroy(item)
        chain = chain.changed(replace(item, destroyed=True))
    if chain != parts.keychain:
        keep(chain)
    for item in mine:
        private.remove(item)
    for use, key in _spent(parts.roots):
        if private.holds(use, key, parts):
            private.overwrite(use, key)
            private.erase(use, key)
    return tuple(item for item in retired if not item.destroyed and item not in mine)


def _waits(item: KeyRecord, parts: PublicParts, private: PrivateKeys) -> bool:
    """Tell whether a retired key is here to be destroyed, or its mark to go."""
    if private.holds(item.purpose, item.key, parts):
        return True
    return not item.destroyed and private.in_device(item.purpose, item.key)


def _spent(roots: RootChain) -> Iterator[tuple[str, PublicKey]]:
    """Give the uses and keys of roots and bundle keys that speak no more."""
    for statement in roots.statements:
        if statement.root != roots.last.root:
            yield "root", statement.root
        for key in statement.bundle_keys:
            if key not in roots.last.bundle_keys:
                yield "bundle", key
