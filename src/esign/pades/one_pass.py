"""Sealing in one pass: the fixed beginning of a file, what varies, the seal.

No PDF library and no CMS library works here: the file is written from its first byte to
its last, digested on the way, and its seal is put into a gap that is exactly as large
as the largest content of that seal (:mod:`esign.pades.contents`). It is the same
profile, in the same spelling, as the plain path of :mod:`esign.pades.seal` writes; that
path's own CMS is what a PAdES sealer is held to, byte for byte, when its key is loaded.
"""

from collections.abc import Sequence
from datetime import datetime

from esign.pades import spelling
from esign.pades.contents import Sealing, maker_of
from esign.pades.identity import AnyIdentity
from esign.pades.seal import SealRequest, require_short, whole_instant
from esign.pades.stock import Stock
from esign.pades.subfilter import SubFilter, byte_range

_BYTE_RANGE_WIDTH = 62  # docs/formats/pdf.md, section 2
_ENTRY = b"%010d 00000 n \n"


class OnePassSealer:
    """A seal with its key loaded, for many documents.

    It may be used from several threads if its signer may.
    """

    def __init__(
        self, identity: AnyIdentity, request: SealRequest | None = None
    ) -> None:
        """Load a seal, and hold the CMS of a PAdES seal against pyHanko's own.

        Args:
            identity: who seals; its class says by which kind of seal.
            request: texts of every signature dictionary; its room for the CMS is not
                used, since the room is exact.

        Raises:
            ValueError: key and certificate do not belong together, a text is too long,
                or a certificate is given twice.
            MalformedError: a certificate or the seal cannot be read.
            UnavailableError: the signer's device did not answer.
            VerificationError: the signer's signature does not hold, or pyHanko makes
                another CMS of the same parts.
        """
        wanted = request or SealRequest()
        require_short(wanted)
        self._maker = maker_of(identity)
        self._digits = 2 * self._maker.most_bytes
        self._texts = _texts(wanted)

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
            VerificationError: an electronic seal may not be used at that instant.
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
        sealing = Sealing(
            digest=(
                digest.digest()
                if self._maker.subfilter is SubFilter.PADES
                else self._maker.subfilter.digest((stock.data, *parts, head, tail))
            ),
            at=instant,
            byte_range=byte_range(gap_start, gap_end, gap_end + len(tail)),
        )
        gap = self._gap(sealing)
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
            b"\n/Type /Sig\n%s/M (D\\072%sZ)\n%s"
            b"/Reference [ <<\n/Type /SigRef\n/TransformMethod /DocMDP\n"
            b"/TransformParams <<\n/Type /TransformParams\n/V /1.2\n/P 1\n>>\n>> ]\n>>"
            b"\nendobj\n"
            % (
                self._maker.subfilter.spelled,
                f"{instant:%Y%m%d%H%M%S}".encode("ascii"),
                self._texts,
            )
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

    def _gap(self, sealing: Sealing) -> bytes:
        """Return the content for a document as the gap's digits.

        Raises:
            ValueError: it does not fit, which its exact size excludes.
        """
        digits = self._maker.make(sealing).hex().encode("ascii")
        if len(digits) > self._digits:
            raise ValueError(
                f"the content has {len(digits) // 2} bytes and the gap holds"
                f" {self._digits // 2}"
            )
        return digits.ljust(self._digits, b"0")


def _byte_range(gap_start: int, gap_end: int, tail: bytes) -> bytes:
    """Return all behind the gap, with the byte range before ``tail``."""
    rest = len(b"\n/ByteRange ") + _BYTE_RANGE_WIDTH + len(tail)
    numbers = byte_range(gap_start, gap_end, gap_end + rest)
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
