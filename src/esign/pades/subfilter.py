"""The closed table of what stands in the gap of a sealed PDF, by its SubFilter."""

import enum
import hashlib
from collections.abc import Iterable

from esign import cms, ses, sm2


class SubFilter(enum.Enum):
    """A kind of seal (docs/formats/pdf-gm.md, section 1).

    Attributes:
        label: the SubFilter's name, without its slash.
        filter: the Filter that stands beside it.
        spelled: both entries of the signature dictionary.
        most_bytes: the largest content that is read, bytes.
    """

    PADES = ("ETSI.CAdES.detached", "Adobe.PPKLite", cms.MAX_CMS_BYTES)
    GM_SEAL = ("GM.sm2seal", "ESign.GMPkiLite", ses.MAX_SIGNATURE_BYTES)
    GM_CMS = ("GM.sm2cms.detached", "ESign.GMPkiLite", cms.MAX_CMS_BYTES)

    def __init__(self, label: str, filter_: str, most_bytes: int) -> None:
        """Keep the names and the limit."""
        self.label = label
        self.filter = filter_
        self.most_bytes = most_bytes
        self.spelled = f"/Filter /{filter_}\n/SubFilter /{label}\n".encode("ascii")

    def digest(self, parts: Iterable[bytes | memoryview]) -> bytes:
        """Return the digest that such a seal has of a document, 32 bytes.

        Args:
            parts: the bytes of the ByteRange, one after the other.

        Raises:
            UnavailableError: SM3 is asked for, and the extra ``gm`` is not installed.
        """
        whole = b"".join(parts)
        if self is SubFilter.PADES:
            return hashlib.sha256(whole).digest()
        return sm2.sm3(whole)


BY_SPELLING = {one.spelled: one for one in SubFilter}
"""The two entries, as a file spells them -> the kind."""


def byte_range(gap_start: int, gap_end: int, size: int) -> bytes:
    """Return the array that names every byte but those of the gap.

    Args:
        gap_start: offset of the gap's ``<``.
        gap_end: offset behind its ``>``.
        size: of the file, bytes.
    """
    return b"[0 %d %d %d]" % (gap_start, gap_end, size - gap_end)
