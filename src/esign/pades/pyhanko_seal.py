"""pyHanko's part in sealing: the one revision, and the CMS over its digest.

pyHanko writes what it is told and nothing of its own accord: no clock, no random
document ID, no /Version 2.0 in the catalog, which PDF/A-3 does not allow.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, TypeVar

from esign import algorithms
from esign.errors import MalformedError
from esign.keys import Signer
from esign.pades.subfilter import SubFilter, byte_range

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import DictionaryObject, PdfObject
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import PdfFileWriter
    from pyhanko.sign.signers.pdf_byterange import SignatureObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Revision:
    """What the revision says beside the document itself.

    Attributes:
        metadata: XMP of the document, kept byte by byte; None where there is none.
        instant: /M, UTC.
        document_id: both halves of the trailer's /ID, 16 bytes.
        field_name: name of the one empty signature field.
        reserved_bytes: size of the gap's content at most, bytes.
        subfilter: of which kind the seal is.
        name: /Name or None.
        location: /Location or None.
        reason: /Reason or None.
    """

    metadata: bytes | None
    instant: datetime
    document_id: bytes
    field_name: str
    reserved_bytes: int
    subfilter: SubFilter
    name: str | None
    location: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A revision that is complete but for its gap's content.

    Attributes:
        pdf: the file with a gap of zeros.
        start: offset of the gap's ``<``.
        end: offset behind the gap's ``>``.
        digest: of everything else, 32 bytes, as the kind of seal has it.
    """

    pdf: bytes
    start: int
    end: int
    digest: bytes

    @property
    def byte_range(self) -> bytes:
        """The array that the file has, without the spaces behind it."""
        return byte_range(self.start, self.end, len(self.pdf))

    def fill(self, content: bytes) -> bytes:
        """Return the file with its gap filled; ValueError if it does not fit."""
        room = self.end - self.start - 2
        digits = content.hex().encode()
        if len(digits) > room:
            raise ValueError(
                f"the content has {len(content)} bytes and the gap holds {room // 2}"
            )
        gap = b"<" + digits.ljust(room, b"0") + b">"
        return self.pdf[: self.start] + gap + self.pdf[self.end :]


def write_revision(pdf: bytes, revision: Revision) -> Prepared:
    """Write ``pdf`` anew as one revision with the signature dictionary as its end.

    Args:
        pdf: a PDF with one empty signature field, without object streams and without
            its XMP, which pyHanko would write anew.
        revision: what to write beside it.

    Returns:
        The file up to its CMS.

    Raises:
        MalformedError: the document's catalog or Info is not a dictionary.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415  0.5 s import
    from pyhanko.sign.fields import MDPPerm  # noqa: PLC0415
    from pyhanko.sign.signers import cms_embedder  # noqa: PLC0415

    writer = _one_revision(PdfFileReader(BytesIO(pdf)), revision)
    embedder = cms_embedder.PdfCMSEmbedder()
    steps = embedder.write_cms(revision.field_name, writer, existing_fields_only=True)
    next(steps)
    steps.send(
        cms_embedder.SigObjSetup(
            sig_placeholder=_placeholder(revision),
            mdp_setup=cms_embedder.SigMDPSetup(
                md_algorithm="sha256", certify=True, docmdp_perms=MDPPerm.NO_CHANGES
            ),
        )
    )
    prepared, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256"))
    start, end = prepared.reserved_region_start, prepared.reserved_region_end
    if revision.subfilter is SubFilter.PADES:
        return Prepared(output.getvalue(), start, end, prepared.document_digest)
    pdf = output.getvalue()
    digest = revision.subfilter.digest((pdf[:start], pdf[end:]))
    return Prepared(pdf, start, end, digest)


def sign_digest(
    digest: bytes, signer: Signer, certificate: bytes, members: Sequence[bytes]
) -> bytes:
    """Return pyHanko's PAdES B-B SignedData over ``digest``, as DER.

    Args:
        digest: SHA-256 of the document's signed bytes, 32 bytes.
        signer: holds the key of ``certificate``.
        certificate: the signing certificate, DER.
        members: every certificate to embed, the signing one among them, DER.

    Returns:
        The DER ContentInfo.

    Raises:
        UnavailableError: the signer's device did not answer.
    """
    from asn1crypto import algos, x509  # noqa: PLC0415  see write_revision
    from pyhanko.sign.signers import Signer as PyHankoSigner  # noqa: PLC0415
    from pyhanko_certvalidator.registry import (  # noqa: PLC0415
        SimpleCertificateStore,
    )

    class PortSigner(PyHankoSigner):
        """Hands the bytes to sign to the port, whatever key stands behind it."""

        async def async_sign_raw(
            self,
            data: bytes,
            digest_algorithm: str,
            dry_run: bool = False,  # noqa: FBT001, FBT002  pyHanko's own signature
        ) -> bytes:
            del digest_algorithm, dry_run
            return algorithms.ecdsa_to_der(signer.sign(data))

    port = PortSigner(
        signing_cert=x509.Certificate.load(certificate),
        cert_registry=SimpleCertificateStore.from_certs(  # type: ignore[no-untyped-call]  # theirs
            x509.Certificate.load(der) for der in members if der != certificate
        ),
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        embed_roots=True,
    )
    content = run(port.async_sign(digest, "sha256", use_pades=True))
    return bytes(content.dump())


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end, also where the caller has an event loop already."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _placeholder(revision: Revision) -> "SignatureObject":
    from pyhanko.pdf_utils.generic import pdf_name  # noqa: PLC0415  see write_revision
    from pyhanko.sign.fields import SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.signers.pdf_byterange import SignatureObject  # noqa: PLC0415

    placeholder = SignatureObject(
        subfilter=SigSeedSubFilter.PADES,
        timestamp=revision.instant,
        name=revision.name,
        location=revision.location,
        reason=revision.reason,
        bytes_reserved=2 * revision.reserved_bytes,
    )
    # pyHanko has no name for seals of other kinds; both entries keep their places.
    for key, value in (
        ("/Filter", revision.subfilter.filter),
        ("/SubFilter", revision.subfilter.label),
    ):
        placeholder[pdf_name(key)] = pdf_name(f"/{value}")
    return placeholder


def _one_revision(source: "PdfFileReader", revision: Revision) -> "PdfFileWriter":
    """Return a writer that holds a copy of the document and keeps it as it is."""
    from pyhanko.pdf_utils import generic  # noqa: PLC0415  see write_revision
    from pyhanko.pdf_utils.writer import PdfFileWriter  # noqa: PLC0415

    class OneRevisionWriter(PdfFileWriter):
        """A classic cross-reference table, and no metadata of its own."""

        def __init__(self) -> None:
            super().__init__(stream_xrefs=False, init_page_tree=False)  # type: ignore[no-untyped-call]  # theirs
            half = generic.ByteStringObject(revision.document_id)
            self._document_id = generic.ArrayObject([half, half])

        def _update_meta(self) -> None:
            """Leave Info and XMP alone: pyHanko would write the machine's time."""

    writer = OneRevisionWriter()
    writer.root.update(_copied(writer, source.root))
    trailer = source.trailer_view
    if "/Info" in trailer:
        writer.set_info(writer.add_object(_copied(writer, trailer["/Info"])))
    if revision.metadata is not None:
        stream = generic.StreamObject(
            {
                generic.pdf_name("/Type"): generic.pdf_name("/Metadata"),
                generic.pdf_name("/Subtype"): generic.pdf_name("/XML"),
            },
            encoded_data=revision.metadata,
        )
        writer.root["/Metadata"] = writer.add_object(stream)
    return writer


def _copied(writer: "PdfFileWriter", source: "PdfObject") -> "DictionaryObject":
    from pyhanko.pdf_utils.generic import DictionaryObject  # noqa: PLC0415  see above

    copy = writer.import_object(source)
    if not isinstance(copy, DictionaryObject):
        raise MalformedError("the PDF's catalog or Info is not a dictionary")
    return copy
