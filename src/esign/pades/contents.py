"""What stands in the gap: one maker for each kind of seal, all used the same way.

Both writers leave a gap of a known size, digest the rest of the file, and ask a maker
for the content.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from esign import certificates, cms, ses, sm2
from esign.errors import VerificationError
from esign.keys import PublicKey, Signer
from esign.pades import pyhanko_seal
from esign.pades.identity import (
    AnyIdentity,
    GmCmsIdentity,
    GmSealIdentity,
    SealIdentity,
)
from esign.pades.read import MAX_PDF_BYTES
from esign.pades.subfilter import SubFilter, byte_range

_MARKER = SubFilter.PADES.digest((b"a digest that no document has",))
_DIGEST_BYTES = 32
_RANGE = "/ByteRange {}"  # docs/formats/pdf-gm.md, section 2


@dataclass(frozen=True, slots=True)
class Sealing:
    """One document that is sealed.

    Attributes:
        digest: of the bytes of the ByteRange, 32 bytes, as the kind of seal has it.
        at: the instant of /M, aware UTC, whole seconds.
        byte_range: the array as the file spells it, without the spaces behind it.
    """

    digest: bytes
    at: datetime
    byte_range: bytes


class Maker(Protocol):
    """Makes the content of gaps, with one identity.

    Attributes:
        subfilter: of which kind.
        most_bytes: size of the largest content that it makes, bytes.
    """

    @property
    def subfilter(self) -> SubFilter:
        """Of which kind."""

    @property
    def most_bytes(self) -> int:
        """Size of the largest content that it makes, bytes."""

    def make(self, sealing: Sealing) -> bytes:
        """Return the content for one document, DER.

        Raises:
            VerificationError: seal or certificate may not be used at that instant, or
                what the signer returned is not its signature.
            UnavailableError: the signer's device did not answer.
        """


def maker_of(identity: AnyIdentity) -> Maker:
    """Return the maker for an identity, at speed.

    A PAdES maker is held against pyHanko's own CMS, byte for byte, when it is made.

    Raises:
        ValueError: key and certificate do not belong together, or a certificate is
            given twice.
        MalformedError: a certificate or the seal cannot be read.
        VerificationError: the signer's signature does not hold, or pyHanko makes
            another CMS of the same parts.
        UnavailableError: the signer's device did not answer.
    """
    if isinstance(identity, SealIdentity):
        return PadesMaker(identity)
    if isinstance(identity, GmSealIdentity):
        return GmSealMaker(identity)
    return GmCmsMaker(identity)


class PadesMaker:
    """PAdES by a template: see :class:`esign.cms.Template`."""

    subfilter = SubFilter.PADES

    def __init__(self, identity: SealIdentity) -> None:
        """Make the template, and hold it against pyHanko."""
        _require_match(identity)
        members = cms.certificate_set((identity.certificate, *identity.chain))
        self._signer = identity.signer
        self._template = cms.Template(identity.certificate, members)
        self.most_bytes = self._template.most_bytes
        _hold_against_pyhanko(identity, members, self._template)

    def make(self, sealing: Sealing) -> bytes:
        """Return the CMS; the signature is not checked."""
        signature = self._signer.sign(self._template.signed(sealing.digest))
        return self._template.build(sealing.digest, signature)


class PyHankoMaker:
    """PAdES as pyHanko makes it, with whatever room the caller leaves."""

    subfilter = SubFilter.PADES

    def __init__(self, identity: SealIdentity, reserved_bytes: int) -> None:
        """Keep the identity; ValueError where it does not fit together."""
        _require_match(identity)
        self._identity = identity
        self._members = cms.certificate_set((identity.certificate, *identity.chain))
        self.most_bytes = reserved_bytes

    def make(self, sealing: Sealing) -> bytes:
        """Return the CMS, whose signature holds."""
        own = self._identity
        content = pyhanko_seal.sign_digest(
            sealing.digest, own.signer, own.certificate, self._members
        )
        cms.verify(cms.parse(content), own.signer.public_key, sealing.digest)
        return content


class GmSealMaker:
    """An SES_Signature of GB/T 38540: see :func:`esign.ses.build_signature`."""

    subfilter = SubFilter.GM_SEAL

    def __init__(self, identity: GmSealIdentity) -> None:
        """Read seal and certificate, and count the room."""
        seal = ses.read_seal(identity.seal)
        sm2.read_certificate(identity.certificate)
        self._identity = identity
        widest = byte_range(MAX_PDF_BYTES, MAX_PDF_BYTES, 2 * MAX_PDF_BYTES)
        draft = self._draft(Sealing(bytes(_DIGEST_BYTES), seal.created, widest))
        self.most_bytes = ses.most_signature_bytes(draft, identity.certificate)

    def make(self, sealing: Sealing) -> bytes:
        """Return the signature, which holds, inside the seal's own rules."""
        own = self._identity
        return ses.build_signature(self._draft(sealing), own.certificate, own.signer)

    def _draft(self, sealing: Sealing) -> ses.SignatureDraft:
        return ses.SignatureDraft(
            seal=self._identity.seal,
            time=sealing.at,
            digest=sealing.digest,
            property_info=property_info(sealing.byte_range),
        )


class GmCmsMaker:
    """A SignedData of GB/T 35275: see :func:`esign.ses.build_detached`."""

    subfilter = SubFilter.GM_CMS

    def __init__(self, identity: GmCmsIdentity) -> None:
        """Read the certificates, and count the room."""
        self._identity = identity
        self._members = cms.certificate_set((identity.certificate, *identity.chain))
        self.most_bytes = ses.most_detached_bytes(identity.certificate, self._members)

    def make(self, sealing: Sealing) -> bytes:
        """Return the SignedData, whose signature holds."""
        own, digest = self._identity, sealing.digest
        signature = own.signer.sign(ses.signed_attributes(digest))
        signed = ses.Detached(own.certificate, self._members, digest, signature)
        ses.verify_detached(signed, digest)
        return ses.build_detached(signed)


def property_info(array: bytes) -> str:
    """Return how an SES_Signature in a PDF states what it protects.

    Args:
        array: of the ByteRange, as the file spells it, without the spaces behind it.
    """
    return _RANGE.format(array.decode("ascii"))


def _require_match(identity: SealIdentity) -> None:
    """Raise ValueError unless the key is the one in the seal's certificate."""
    facts = certificates.read_certificate(identity.certificate)
    if facts.public_key != identity.signer.public_key:
        raise ValueError("the signer's key is not the one in the seal's certificate")


class _Recorder:
    """A signer that keeps what it was given to sign, and its signature."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.signed = self.signature = b""

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    @property
    def in_device(self) -> bool:
        return self._signer.in_device

    def sign(self, message: bytes) -> bytes:
        self.signed, self.signature = message, self._signer.sign(message)
        return self.signature


def _hold_against_pyhanko(
    identity: SealIdentity, members: tuple[bytes, ...], template: cms.Template
) -> None:
    """Raise unless pyHanko makes the same CMS over a digest, byte for byte.

    Both are given one signature: that of ECDSA differs each time it is made.
    """
    recorder = _Recorder(identity.signer)
    theirs = pyhanko_seal.sign_digest(_MARKER, recorder, identity.certificate, members)
    if recorder.signed != template.signed(_MARKER):
        raise VerificationError("pyHanko signs other attributes than the template")
    ours = template.build(_MARKER, recorder.signature)
    if ours != theirs:
        raise VerificationError("pyHanko makes another CMS than the template")
    cms.verify(cms.parse(theirs), identity.signer.public_key, _MARKER)
