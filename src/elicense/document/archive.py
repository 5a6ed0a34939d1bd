"""What PDF/A-3b asks of a file beside its pages: metadata, output intent, attachments.

Clauses are those of ISO 19005-3:2012.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream, String
from PIL import ImageCms

from elicense.attachments import (
    RECORD_NAME,
    SCAN_NAMES,
    TOKEN_NAME,
    Attachments,
    scan_of,
)
from elicense.dates import instant_text

PRODUCER = "elicense"
LANGUAGE = "zh-CN"
_ICC_DATE = slice(24, 36)
"""Creation date in the header of an ICC profile (ICC.1, 7.2.8)."""
_FIXED_DATE = bytes([0x07, 0xEA, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])
_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/"
 xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>B</pdfaid:conformance>
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>
<pdf:Producer>{producer}</pdf:Producer>
<xmp:CreatorTool>{producer}</xmp:CreatorTool>
<xmp:CreateDate>{at}</xmp:CreateDate>
<xmp:ModifyDate>{at}</xmp:ModifyDate>
<xmp:MetadataDate>{at}</xmp:MetadataDate>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file to attach.

    Attributes:
        name: its name.
        media_type: its MIME type.
        data: its bytes.
        relationship: what it is to the document (AFRelationship), with its slash.
    """

    name: str
    media_type: str
    data: bytes = field(repr=False)
    relationship: str = "/Data"


def files_of(attached: Attachments) -> tuple[File, ...]:
    """Return the files to attach: record, token and, where there is one, the scan.

    Raises:
        ScanError: the scan is too large or of no kind that is attached.
    """
    found = [
        File(RECORD_NAME, "application/cbor", attached.record),
        File(TOKEN_NAME, "application/cose", attached.token),
    ]
    if attached.scan is not None:
        kind = scan_of(attached.scan).media_type
        # The paper is what the license was made from (6.8).
        found.append(File(SCAN_NAMES[kind], kind, attached.scan, "/Source"))
    return tuple(found)


def finish(
    pdf: Pdf, *, title: str, at: datetime, files: Sequence[File]
) -> tuple[pikepdf.Object, ...]:
    """Add metadata, output intent, language and the attachments to a PDF.

    Args:
        pdf: changed in place.
        title: of the document; no personal data.
        at: the instant of the run, written as creation date.
        files: what is attached.

    Returns:
        The objects that differ from one license to the next: the metadata, then the
        stream of each file in order.
    """
    root = pdf.Root
    root.Lang = String(LANGUAGE)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    packet = Stream(pdf, metadata(title, at), Type=Name.Metadata, Subtype=Name.XML)
    root.Metadata = pdf.make_indirect(packet)
    root.OutputIntents = Array([_output_intent(pdf)])
    streams = [_stream(pdf, file, at) for file in files]
    specifications = {
        file.name: _specification(pdf, file, stream)
        for file, stream in zip(files, streams, strict=True)
    }
    root.AF = Array(list(specifications.values()))
    tree = Array(
        [
            part
            for name in sorted(specifications)
            for part in (String(name), specifications[name])
        ]
    )
    root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=tree))
    return (root.Metadata, *streams)


@functools.lru_cache(maxsize=64)
def metadata(title: str, at: datetime) -> bytes:
    """Return the XMP packet (6.6.2.1).

    Args:
        title: of the document; no personal data.
        at: the instant of the run, aware.
    """
    text = _XMP.format(
        title=escape(title),
        language=LANGUAGE,
        producer=PRODUCER,
        at=instant_text(at),
    )
    return text.encode()


def modified(at: datetime) -> str:
    """Return the modification date of an attachment (ISO 32000-1, 7.9.4)."""
    return f"D:{at.astimezone(UTC):%Y%m%d%H%M%S}Z"


def _output_intent(pdf: Pdf) -> pikepdf.Object:
    """Return the sRGB output intent (6.2.3)."""
    profile = pdf.make_indirect(Stream(pdf, _srgb(), N=3))
    return pdf.make_indirect(
        Dictionary(
            Type=Name.OutputIntent,
            S=Name.GTS_PDFA1,
            OutputConditionIdentifier=String("sRGB IEC61966-2.1"),
            Info=String("sRGB IEC61966-2.1"),
            DestOutputProfile=profile,
        )
    )


@functools.cache
def _srgb() -> bytes:
    """Return an sRGB profile with a fixed date, so that files can be reproduced."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[_ICC_DATE] = _FIXED_DATE
    return bytes(data)


def _stream(pdf: Pdf, file: File, at: datetime) -> pikepdf.Object:
    """Return the file itself, stored without a filter."""
    return pdf.make_indirect(
        Stream(
            pdf,
            file.data,
            Type=Name.EmbeddedFile,
            Subtype=Name(f"/{file.media_type}"),
            Params=Dictionary(Size=len(file.data), ModDate=String(modified(at))),
        )
    )


def _specification(pdf: Pdf, file: File, stream: pikepdf.Object) -> pikepdf.Object:
    """Return the file specification of an attachment (6.8)."""
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(file.name),
            UF=String(file.name),
            AFRelationship=Name(file.relationship),
            EF=Dictionary(F=stream, UF=stream),
        )
    )
