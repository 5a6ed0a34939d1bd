"""The second opinion: pyHanko on a file that our own checks passed already.

It may only add refusals; it never rescues what our own profile refused.
"""

import logging
import stringprep
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from esign import certificates
from esign.errors import VerificationError
from esign.pades.pyhanko_seal import run

if TYPE_CHECKING:
    from pyhanko.sign.validation.status import PdfSignatureStatus

_LOGGERS = ("pyhanko", "pyhanko_certvalidator")


def can_read_names(ders: Iterable[bytes]) -> bool:
    """Tell whether pyHanko can read the names in certificates.

    It prepares them for comparing as RFC 4518, section 2, says, which allows only
    characters that Unicode 3.2 had (RFC 3454, table A.1); a newer one, as some names of
    places have it, stops it. That is its own limit, and says nothing of a signature.

    Args:
        ders: certificates that were read before, DER.
    """
    for der in ders:
        certificate = certificates.load(der)
        for name in (certificate.subject, certificate.issuer):
            if any(_is_newer(attribute.value) for attribute in name):
                return False
    return True


def _is_newer(value: str | bytes) -> bool:
    if isinstance(value, bytes):
        return False
    folded = "".join(map(stringprep.map_table_b2, value))
    return any(map(stringprep.in_table_a1, unicodedata.normalize("NFKC", folded)))


def confirm(pdf: bytes, path: Sequence[bytes], at: datetime) -> None:
    """Raise unless pyHanko, too, finds exactly one seal over the entire file.

    It asks for: one signature, PAdES, coverage of the entire file, no modification,
    permissions kept, an intact and valid signature, and a path to a root at ``at``. Of
    the root only name and key count (RFC 5280, 6.1.1): whatever else stands in it, and
    its period, our own check looked at.
    Does NOT go on line and does NOT look at revocation.

    Args:
        pdf: the sealed file.
        path: the certificates of the path that our own check found, leaf first, root
            last, DER.
        at: the sealing instant, aware UTC.

    Raises:
        VerificationError: pyHanko does not agree, or could not read the file.
    """
    _silence()
    try:
        problems = _problems(_status(pdf, path, at))
    except VerificationError:
        raise
    except Exception as err:  # whatever it raises is a refusal, never an answer
        raise VerificationError(f"pyHanko stopped: {type(err).__name__}") from err
    if problems:
        raise VerificationError("pyHanko does not agree: " + ", ".join(problems))


def _silence() -> None:
    """Keep pyHanko's log lines, which quote certificates, out of every log."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def _status(pdf: bytes, path: Sequence[bytes], at: datetime) -> "PdfSignatureStatus":
    from asn1crypto import x509  # noqa: PLC0415  pyHanko costs 1.2 s at import
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.fields import SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.validation import async_validate_pdf_signature  # noqa: PLC0415
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415
    from pyhanko_certvalidator.authority import (  # noqa: PLC0415
        NamedKeyAuthority,
        TrustAnchor,
    )

    reader = PdfFileReader(BytesIO(pdf))
    signatures = reader.embedded_signatures
    if len(signatures) != 1:
        raise VerificationError(f"pyHanko finds {len(signatures)} signatures")
    if signatures[0].sig_object["/SubFilter"] != SigSeedSubFilter.PADES.value:
        raise VerificationError("pyHanko finds another SubFilter")
    _, *between, root = [x509.Certificate.load(der) for der in path]
    anchor = NamedKeyAuthority(root.subject, root.public_key)
    context = ValidationContext(
        trust_roots=[TrustAnchor(anchor)],
        other_certs=between,
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    return run(
        async_validate_pdf_signature(signatures[0], signer_validation_context=context)
    )


def _problems(status: "PdfSignatureStatus") -> list[str]:
    from pyhanko.sign.diff_analysis import ModificationLevel  # noqa: PLC0415
    from pyhanko.sign.validation.status import (  # noqa: PLC0415
        SignatureCoverageLevel,
    )

    wanted = {
        "not intact": status.intact,
        "not valid": status.valid,
        "not trusted": status.trusted,
        "not the entire file": status.coverage is SignatureCoverageLevel.ENTIRE_FILE,
        "modified": status.modification_level is ModificationLevel.NONE,
        "permissions not kept": status.docmdp_ok,
        "not good on the whole": status.bottom_line,
    }
    return [problem for problem, held in wanted.items() if held is not True]
