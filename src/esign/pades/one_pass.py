"""Sealing in one pass: the fixed beginning of a file, what varies, the seal.

No PDF library and no CMS library works here: the file is written from its first byte to
its last, digested on the way, and the CMS is put into a gap that is exactly as large as
the seal's largest CMS. It is the same profile, in the same spelling, as the plain path
of :mod:`esign.pades.seal` writes; that path's own CMS is what a sealer is held to, byte
for byte, when its key is loaded.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from esign import cms
from esign.errors import VerificationError
from esign.keys import PublicKey, Signer
from esign.pades import pyhanko_seal, spelling
from esign.pades.seal import (
    SealIdentity,
    SealRequest,
    require_match,
    require_short,
    whole_instant,
)
from esign.pades.stock import Stock

_BYTE_RANGE_WIDTH = 62  # docs/formats/pdf.md, section 2
_ENTRY = b"%010d 00000 n \n"
_MARKER = hashlib.sha256(b"a digest that no document has").digest()


class OnePassSealer:
    """A seal with its key loaded, for many documents.

    It may be used from several threads if its signer may.
    """

    def __init__(
        self, identity: SealIdentity, request: SealRequest | None = None
    ) -> None:
        """Load a seal, and hold its CMS against pyHanko's own.

        Args:
            identity: key and certificates.
            request: texts of every signature dictionary; its room for the CMS is not
                used, since the room is exact.

        Raises:
            ValueError: key and certificate do not belong together, a text is too long,
                or a certificate is given twice.
            MalformedError: a certificate cannot be read.
            UnavailableError: the signer's device did not answer.
            VerificationError: the signer's signature does not hold, or pyHanko makes
                another CMS of the same parts.
        """
        require_match(identity)
        wanted = request or SealRequest()
        require_short(wanted)
        members = cms.certificate_set((identity.certificate, *identity.chain))
        self._signer = identity.signer
        self._template = cms.Template(identity.certificate, members)
        self._digits = 2 * self._template.most_bytes
        self._texts = _texts(wanted)
        _hold_against_pyhanko(identity, members, self._template)

    def seal(self, stock: Stock, bodies: Sequence[bytes], at: datetime) -> bytes:
        """Return a sealed file.

        Does NOT read what it wrote, nor check the signature that the signer returned:
        :func:`esign.pades.validate` does, and nothing may be released before it.

        Args:
            stock: the fixed beginning.
            bodies: of the objects that vary, in the stock's order.
            at: the sealing instant that the seal claims (/M), aware, whole seconds.

        Raises:
            ValueError: wrong instant, or another number of objects than the stock's.
            UnavailableError: the signer's device did not answer.
        """
        if len(bodies) != stock.varying:
            raise ValueError(f"the stock takes {stock.varying} objects")
        instant = whole_instant(at)
        parts, entries = [], [stock.entries]
        number, position = stock.first, len(stock.data)
        for body in bodies:
            part = b"%d 0 obj\n%s\nendobj\n" % (number, body)
            entries.append(_ENTRY % position)
            parts.append(part)
            position += len(part)
            number += 1
        digest = stock.digest.copy()
        for part in parts:
            digest.update(part)
        document_id = digest.copy().digest()[:16].hex().encode("ascii")
        entries.append(_ENTRY % position)
        head = b"%d 0 obj\n<<\n/Contents " % number
        gap_start = position + len(head)
        gap_end = gap_start + self._digits + 2
        tail = self._tail(instant, number, gap_end, b"".join(entries), document_id)
        tail = _byte_range(gap_start, gap_end, tail)
        digest.update(head)
        digest.update(tail)
        gap = self._gap(digest.digest())
        return b"".join((stock.data, *parts, head, b"<", gap, b">", tail))

    def _tail(
        self,
        instant: datetime,
        number: int,
        gap_end: int,
        entries: bytes,
        document_id: bytes,
    ) -> bytes:
        """Return all behind the byte range: signature dictionary, table, trailer."""
        entry = (
            b"\n/Type /Sig\n/Filter /Adobe.PPKLite\n/SubFilter /ETSI.CAdES.detached\n"
            b"/M (D\\072%sZ)\n%s"
            b"/Reference [ <<\n/Type /SigRef\n/TransformMethod /DocMDP\n"
            b"/TransformParams <<\n/Type /TransformParams\n/V /1.2\n/P 1\n>>\n>> ]\n>>"
            b"\nendobj\n" % (f"{instant:%Y%m%d%H%M%S}".encode("ascii"), self._texts)
        )
        table_at = gap_end + len(b"\n/ByteRange ") + _BYTE_RANGE_WIDTH + len(entry)
        return b"".join(
            (
                entry,
                b"xref\n0 %d\n0000000000 65535 f \n" % (number + 1),
                entries,
                b"trailer\n<<\n/Root 1 0 R\n/ID [ <%s> <%s> ]\n/Size %d\n>>\n"
                b"startxref\n%d\n%%%%EOF\n"
                % (document_id, document_id, number + 1, table_at),
            )
        )

    def _gap(self, digest: bytes) -> bytes:
        """Return the CMS over a digest as the gap's digits.

        Raises:
            ValueError: it does not fit, which its exact size excludes.
        """
        template = self._template
        signature = self._signer.sign(template.signed(digest))
        digits = template.build(digest, signature).hex().encode("ascii")
        if len(digits) > self._digits:
            raise ValueError(
                f"the CMS has {len(digits) // 2} bytes and the gap holds"
                f" {self._digits // 2}"
            )
        return digits.ljust(self._digits, b"0")


def _byte_range(gap_start: int, gap_end: int, tail: bytes) -> bytes:
    """Return all behind the gap, with the byte range before ``tail``."""
    rest = len(b"\n/ByteRange ") + _BYTE_RANGE_WIDTH + len(tail)
    numbers = b"[0 %d %d %d]" % (gap_start, gap_end, rest)
    return b"\n/ByteRange %s%s" % (numbers.ljust(_BYTE_RANGE_WIDTH), tail)


def _texts(request: SealRequest) -> bytes:
    """Return the optional texts of the signature dictionary, in the profile's order."""
    texts = {
        b"Name": request.name,
        b"Location": request.location,
        b"Reason": request.reason,
    }
    return b"".join(
        b"/%s %s\n" % (key, spelling.text(value))
        for key, value in texts.items()
        if value is not None
    )


class _Recorder:
    """A signer that keeps what it was given to sign, and its signature."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.signed = self.signature = b""

    @property
    def public_key(self) -> PublicKey:
        return self._signer.public_key

    def sign(self, message: bytes) -> bytes:
        self.signed, self.signature = message, self._signer.sign(message)
        return self.signature


def _hold_against_pyhanko(
    identity: SealIdentity, members: Sequence[bytes], template: cms.Template
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
