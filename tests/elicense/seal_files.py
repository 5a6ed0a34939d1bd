"""Documents with seals of the GM kind, for tests: PDFs byte by byte, OFDs, SM2 CRLs."""

import base64
import io
import zipfile

from cryptography import x509

from elicense.sealing import Pinned
from esign import der, sm2
from esign.sm2 import oids
from tests.esign.ses_world import END, START, utc_time, world

BODY = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"


def pdf_with(make, before=BODY, sub_filter=b"GM.sm2seal", room=40_000, extra=b""):
    """Return a PDF with one more signature; ``make`` signs the covered bytes."""
    head = (
        b"9 0 obj\n<< /Type /Sig /Filter /Gomain.GMPkiLite "
        + extra
        + b"/SubFilter /"
        + sub_filter
        + b" /Reference [ << /Contents 1 >> ] /M (D:2026\\)0501) "
        b"/ByteRange [0 %010d %010d %010d] /Contents "
    )
    tail = b" /Prop 4 0 R >>\nendobj\ntrailer << >>\n%%EOF\n"
    size = len(head % (10**9, 10**9, 10**9))
    first = len(before) + size
    second = first + 2 + 2 * room
    head = _plain_numbers(head % (first, second, len(tail)))
    covered = before + head + tail
    content = make(covered)
    gap = content.hex().encode().ljust(2 * room, b"0")
    return before + head + b"<" + gap + b">" + tail


def _plain_numbers(head):
    """Spell 0000000123 as a number without zeros in front, padded behind."""
    start = head.index(b"/ByteRange [") + len(b"/ByteRange [")
    end = head.index(b"]", start)
    numbers = b" ".join(str(int(n)).encode() for n in head[start:end].split())
    return head[:start] + numbers.ljust(end - start) + head[end:]


def sealed(covered, **changes):
    """Return an SES_Signature of the small world over some bytes."""
    return world().signature(digest=sm2.sm3(covered), **changes)


def ofd_with(make, *, files=None, method="SM3", change=None):
    """Return an OFD with one signature; ``make`` signs Signature.xml."""
    files = files or {"OFD.xml": b"<OFD/>", "Doc_0/Document.xml": b"<Document/>"}
    references = "".join(
        f'<r:Reference FileRef="/{name}"><r:CheckValue>'
        f"{base64.b64encode(sm2.sm3(content)).decode()}</r:CheckValue></r:Reference>"
        for name, content in files.items()
    )
    signature = (
        '<r:Signature xmlns:r="http://www.ofdspec.org/2016"><r:SignedInfo>'
        f'<r:References CheckMethod="{method}">{references}</r:References>'
        "</r:SignedInfo><r:SignedValue>SignedValue.dat</r:SignedValue></r:Signature>"
    ).encode()
    everything = {
        **files,
        "Doc_0/Signs/Signatures.xml": (
            b'<Signatures><Signature ID="1" BaseLoc="Sign_0/Signature.xml"/>'
            b"</Signatures>"
        ),
        "Doc_0/Signs/Sign_0/Signature.xml": signature,
        "Doc_0/Signs/Sign_0/SignedValue.dat": make(signature),
        **(change or {}),
    }
    return zipped(everything)


def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            if content is not None:
                archive.writestr(name, content)
    return out.getvalue()


def crl(authority, revoked=(), since=START, until=END, *, next_update=True):
    """Return a list of revoked certificates of an SM2 CA.

    ``revoked``: certificate, instant, and the extensions of the entry.
    """
    issuer = sm2.read_certificate(authority.certificate).subject
    algorithm = der.tlv(der.SEQUENCE, oids.SM2_WITH_SM3)
    entries = [
        der.tlv(
            der.SEQUENCE,
            der.integer(sm2.read_certificate(certificate).serial),
            utc_time(at),
            _extensions(extensions),
        )
        for certificate, at, extensions in revoked
    ]
    tbs = der.tlv(
        der.SEQUENCE,
        der.integer(1),
        algorithm,
        issuer,
        utc_time(since),
        utc_time(until) if next_update else b"",
        der.tlv(der.SEQUENCE, *entries) if entries else b"",
    )
    value = der.tlv(der.BITS, b"\x00", sm2.to_der(authority.sign(tbs)))
    return der.tlv(der.SEQUENCE, tbs, algorithm, value)


def _extensions(values):
    if not values:
        return b""
    return der.tlv(
        der.SEQUENCE,
        *(
            der.tlv(
                der.SEQUENCE,
                oids.element(value.oid.dotted_string),
                der.tlv(der.OCTETS, value.public_bytes()),
            )
            for value in values
        ),
    )


COMPROMISED = (x509.CRLReason(x509.ReasonFlags.key_compromise),)


def pinned(**changes):
    """Return files that make the small world believed, lists of both CAs too."""
    w = world()
    given = {
        "makers": (w.maker.certificate,),
        "roots": (w.root.certificate,),
        "intermediates": (w.ca.certificate,),
        "stampers": (w.service.certificate,),
        "lists": (crl(w.root), crl(w.ca)),
    }
    return Pinned(**(given | changes))


def pem(data, label="CERTIFICATE"):
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()
