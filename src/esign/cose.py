"""COSE_Sign1 (RFC 9052, section 4.2): a generic reader, and the strict form we sign.

Two layers. :func:`parse` and :func:`verify` do what the RFC says of any COSE_Sign1 in
deterministic CBOR. :func:`sign` and :func:`open_sealed` are this project's profile: one
encoding, tag 18, alg and kid protected, nothing unprotected, and one purpose for each
signature, inside the signed bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from esign import algorithms, cbor
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.keys import KID_BYTES, PublicKey, Signer

COSE_SIGN1_TAG = 18
HEADER_ALG, HEADER_CRIT, HEADER_KID, HEADER_TYP = 1, 2, 4, 16
_EDDSA = -8  # RFC 9053; RFC 9864 replaces it by -19, and only that is in our profile
_PARTS = 4
MAX_HEADER_ITEMS = 256  # of an envelope; ours has 13, and nothing is verified yet


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a signature is for; a signature for one never verifies for another.

    Attributes:
        name: for messages.
        typ: protected header 16, or None for the license token, which saves the bytes.
        external_aad: bytes that are signed and not carried.
    """

    name: str
    typ: str | None
    external_aad: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a purpose that would leave no mark in the signed bytes.

        Raises:
            ValueError: an empty typ, or neither a typ nor an external_aad.
        """
        if self.typ == "" or not (self.typ or self.external_aad):
            raise ValueError(f"{self.name}: a purpose needs a typ or an external_aad")


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 as it stands; nothing in it is verified yet.

    Attributes:
        protected_bytes: the protected header as it was signed.
        protected: the same, decoded.
        unprotected: not signed; our own profile demands that it is empty.
        payload: None where it is detached.
        signature: in the form of the suite.
        tagged: whether tag 18 stands before it.
    """

    protected_bytes: bytes
    protected: Mapping[int | str, cbor.Value]
    unprotected: Mapping[int | str, cbor.Value]
    payload: bytes | None
    signature: bytes
    tagged: bool

    def to_be_signed(self, payload: bytes, external_aad: bytes) -> bytes:
        """Return the Sig_structure (RFC 9052, section 4.4)."""
        protected = b"" if not self.protected else self.protected_bytes
        return cbor.encode(["Signature1", protected, external_aad, payload])


def parse(data: bytes) -> Sign1:
    """Read any COSE_Sign1 in deterministic CBOR, tagged or not.

    Raises:
        MalformedError: not one, or the same label in both headers.
    """
    value = cbor.decode(
        data, tags=frozenset({COSE_SIGN1_TAG}), max_items=MAX_HEADER_ITEMS
    )
    tagged = isinstance(value, cbor.Tag)
    parts = value.value if isinstance(value, cbor.Tag) else value
    if not isinstance(parts, list) or len(parts) != _PARTS:
        raise MalformedError("COSE_Sign1: expected an array of four")
    protected_bytes, unprotected, payload, signature = parts
    if not isinstance(protected_bytes, bytes) or not isinstance(signature, bytes):
        raise MalformedError("COSE_Sign1: header and signature are byte strings")
    if not isinstance(unprotected, Mapping):
        raise MalformedError("COSE_Sign1: the unprotected header is a map")
    if not (payload is None or isinstance(payload, bytes)):
        raise MalformedError("COSE_Sign1: the payload is a byte string or null")
    protected: cbor.Value = {}
    if protected_bytes:
        protected = cbor.decode(protected_bytes, max_items=MAX_HEADER_ITEMS)
    if not isinstance(protected, Mapping):
        raise MalformedError("COSE_Sign1: the protected header is a map")
    if not protected.keys().isdisjoint(unprotected):
        raise MalformedError("COSE_Sign1: one label stands in both headers")
    return Sign1(protected_bytes, protected, unprotected, payload, signature, tagged)


def verify(
    message: Sign1,
    key: PublicKey,
    *,
    external_aad: bytes = b"",
    detached: bytes | None = None,
) -> bytes:
    """Check the signature as RFC 9052 has it and return the payload.

    Does NOT ask for this project's profile: see :func:`open_sealed`.

    Args:
        message: what :func:`parse` gave.
        key: a key the caller trusts; its suite decides the algorithm.
        external_aad: what was signed beside the message.
        detached: the payload, where the message carries none.

    Raises:
        VerificationError: the signature fails, the algorithm is not the key's, or a
            critical header is not understood.
        MalformedError: no payload, or two.
    """
    headers = {**message.unprotected, **message.protected}
    accepted = (key.suite.cose, _EDDSA if key.suite is Suite.ED25519 else None)
    if headers.get(HEADER_ALG) is None or headers[HEADER_ALG] not in accepted:
        raise VerificationError("COSE_Sign1: the algorithm is not the key's")
    if HEADER_CRIT in headers:
        raise VerificationError("COSE_Sign1: a critical header that is not understood")
    if (message.payload is None) == (detached is None):
        raise MalformedError("COSE_Sign1: the payload is missing or given twice")
    payload = message.payload if detached is None else detached
    assert payload is not None  # noqa: S101  settled two lines above, for the checker
    key.verify(message.signature, message.to_be_signed(payload, external_aad))
    return payload


def sign(payload: bytes, signer: Signer, purpose: Purpose) -> bytes:
    """Return a COSE_Sign1 in this project's profile.

    The signature is verified before it is returned, so that a faulty signer is found
    here and not by a stranger.

    Raises:
        UnavailableError: the signer's device did not answer.
        VerificationError: what it returned is not its signature.
    """
    key = signer.public_key
    protected: dict[int | str, cbor.Value] = {
        HEADER_ALG: key.suite.cose,
        HEADER_KID: key.kid,
    }
    if purpose.typ is not None:
        protected[HEADER_TYP] = purpose.typ
    header = cbor.encode(protected)
    draft = Sign1(header, protected, {}, payload, b"", tagged=True)
    signed = draft.to_be_signed(payload, purpose.external_aad)
    signature = signer.sign(signed)
    try:
        algorithms.require_canonical(key.suite, signature)
    except MalformedError as err:
        raise VerificationError(f"{purpose.name}: the signer failed: {err}") from err
    key.verify(signature, signed)
    return cbor.encode(cbor.Tag(COSE_SIGN1_TAG, [header, {}, payload, signature]))


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message that follows our profile; its signature is not verified yet.

    Attributes:
        suite: the algorithm it names.
        kid: the key it names, 8 bytes.
        unverified_payload: to be read only to find the key.
    """

    purpose: Purpose
    suite: Suite
    kid: bytes
    unverified_payload: bytes
    message: Sign1

    def verify(self, key: PublicKey) -> bytes:
        """Check the signature with ``key`` and return the payload.

        Raises:
            VerificationError: the key is not the one named, or the signature fails.
        """
        if key.kid != self.kid or key.suite is not self.suite:
            raise VerificationError("COSE_Sign1: signed with another key than named")
        return verify(self.message, key, external_aad=self.purpose.external_aad)


def open_sealed(data: bytes, purpose: Purpose) -> Envelope:
    """Read a message of our profile and purpose, every rule but the signature.

    Raises:
        MalformedError: tag, headers, purpose or signature form are not exactly ours.
    """
    message = parse(data)
    if not message.tagged or message.unprotected or message.payload is None:
        raise MalformedError(
            f"{purpose.name}: tag 18, no unprotected header, a payload"
        )
    expected = {HEADER_ALG, HEADER_KID} | ({HEADER_TYP} if purpose.typ else set())
    if set(message.protected) != expected:
        raise MalformedError(f"{purpose.name}: the protected header has other labels")
    if message.protected.get(HEADER_TYP) != purpose.typ:
        raise MalformedError(f"{purpose.name}: signed for another purpose")
    suite = algorithms.suite_by_cose(message.protected[HEADER_ALG])
    kid = message.protected[HEADER_KID]
    if not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise MalformedError(f"{purpose.name}: kid has {KID_BYTES} bytes")
    algorithms.require_canonical(suite, message.signature)
    return Envelope(purpose, suite, kid, message.payload, message)
