"""What PDF/A-3b asks of a file beside its pages: metadata, output intent, attachments.

Clauses are those of ISO 19005-3:2012.
"""

import functools
from dataclasses import dataclass
from datetime import datetime
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


def finish(pdf: Pdf, *, title: str, at: datetime, attached: Attachments) -> None:
    """Add metadata, output intent, language and the attachments to a PDF.

    Args:
        pdf: changed in place.
        title: of the document; no personal data.
        at: the instant of the run, written as creation date.
        attached: the record, the token and, where there is one, the scan.

    Raises:
        ScanError: the scan is too large or of no kind that is attached.
    """
    root = pdf.Root
    root.Lang = String(LANGUAGE)
    root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    root.Metadata = pdf.make_indirect(_metadata(pdf, title, at))
    root.OutputIntents = Array([_output_intent(pdf)])
    files = {
        RECORD_NAME: _attachment(
            pdf, _File(RECORD_NAME, "application/cbor", attached.record), at
        ),
        TOKEN_NAME: _attachment(
            pdf, _File(TOKEN_NAME, "application/cose", attached.token), at
        ),
    }
    if attached.scan is not None:
        kind = scan_of(attached.scan).media_type
        name = SCAN_NAMES[kind]
        # The paper is what the license was made from (6.8).
        source = _File(name, kind, attached.scan, Name.Source)
        files[name] = _attachment(pdf, source, at)
    root.AF = Array(list(files.values()))
    tree = Array(
        [part for name in sorted(files) for part in (String(name), files[name])]
    )
    root.Names = Dictionary(EmbeddedFiles=Dictionary(Names=tree))


@dataclass(frozen=True, slots=True)
class _File:
    """A file to attach, and what it is to the document (AFRelationship)."""

    name: str
    media_type: str
    data: bytes
    relationship: Name = Name.Data


def _metadata(pdf: Pdf, title: str, at: datetime) -> Stream:
    """Return the XMP packet, without a filter (6.6.2.1)."""
    text = _XMP.format(
        title=escape(title),
        language=LANGUAGE,
        producer=PRODUCER,
        at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
    )
    return Stream(pdf, text.encode(), Type=Name.Metadata, Subtype=Name.XML)


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


def _attachment(pdf: Pdf, file: _File, at: datetime) -> pikepdf.Object:
    """Return a file specification with its file, stored without a filter (6.8)."""
    size = len(file.data)
    stream = pdf.make_indirect(
        Stream(
            pdf,
            file.data,
            Type=Name.EmbeddedFile,
            Subtype=Name(f"/{file.media_type}"),
            Params=Dictionary(Size=size, ModDate=String(f"D:{at:%Y%m%d%H%M%S}Z")),
        )
    )
    return pdf.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(file.name),
            UF=String(file.name),
            AFRelationship=file.relationship,
            EF=Dictionary(F=stream, UF=stream),
        )
    )
