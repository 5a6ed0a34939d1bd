"""What a root is made to say: a new bundle key, a new root after it."""

from datetime import datetime

from elicense import trust
from elicense.custody.private import PrivateKeys
from elicense.keyring import PublicParts
from elicense.trust import RootStatement, SignedStatement
from esign.signer import SoftwareSigner


def new_bundle_key(
    parts: PublicParts, private: PrivateKeys, at: datetime
) -> SignedStatement:
    """Keep a new bundle key, and let the root name it."""
    last = parts.roots.last
    private.prove(parts)
    root = private.open_root(parts)
    new = SoftwareSigner.generate(last.bundle_keys[-1].suite)
    statement = RootStatement(
        number=last.number + 1,
        issued_at=at,
        speaks_for=last.speaks_for,
        bundle_keys=(new.public_key,),
    )
    private.save([("bundle", new)])
    return trust.sign_root_statement(statement, root)


def new_root(
    parts: PublicParts, private: PrivateKeys, at: datetime
) -> tuple[str, tuple[SignedStatement, ...]]:
    """Keep a new root of the same suite, and let both sign that it follows.

    Returns:
        The new root's fingerprint, and what they say.
    """
    private.prove(parts)
    old = private.open_root(parts)
    new = SoftwareSigner.generate(old.public_key.suite)
    private.save([("root", new)])
    said = trust.sign_handover(parts.roots.last, old, new, at)
    return new.public_key.fingerprint, tuple(said)
