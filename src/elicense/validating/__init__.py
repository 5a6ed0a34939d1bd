"""Validation: bytes or text in, a verdict out; no file, no network, never an exception.

Everything that is needed is passed in: what is believed, the instant, the policy and
the catalog. Bad input gives a verdict; misuse of the call gives a ``TypeError``.
"""

from dataclasses import replace
from datetime import datetime

from elicense import fonts, payload, qr
from elicense.catalog import Catalog
from elicense.fonts import FontSet
from elicense.payload import NotOursError
from elicense.policy import STANDARD, ValidationPolicy
from elicense.trust import TrustState
from elicense.validating.evidence import MAX_TIMESTAMPS, Evidence, Proof
from elicense.validating.platform import check_platform_pdf
from elicense.validating.sealed import Inquiry, check_pdf, check_record
from elicense.validating.token import NO_TOKEN, TokenFindings, check_token
from elicense.validating.verdict import NotPassedError, Scope, Verdict
from esign.errors import MalformedError
from esign.pades.revisions import has_two_revisions
from esign.verdict import Check, Code, Indication, decide

__all__ = [
    "MAX_TIMESTAMPS",
    "NotPassedError",
    "Scope",
    "Verdict",
    "validate",
    "validate_attested",
    "validate_image",
    "validate_pdf",
    "validate_text",
]

_IMAGE_MARKS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"BM", b"II*", b"MM\0*")
_PDF_MARK = b"%PDF-"


def validate(
    data: bytes,
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    catalog: Catalog | None = None,
    evidence: tuple[Proof, ...] = (),
) -> Verdict:
    """Validate a PDF or an image of a QR, whichever the bytes are.

    Args:
        data: the whole file.
        trust: what is believed, from :func:`elicense.trust.admit`.
        at: aware instant that is asked about.
        policy: limits of the validator.
        catalog: types for the face check; the built-in ones where None.
        evidence: RFC 3161 timestamps over the license's token or the whole PDF, made
            by another organization's service, or snapshots that were kept, under such
            timestamps or named by the trust bundle (docs/formats/evidence.md).

    Returns:
        A verdict for any bytes; UNSUPPORTED for what is neither.
    """
    _require_aware(at)
    if not data:
        return _unread(Code.UNREADABLE, "the input is empty", trust, at)
    if len(data) > policy.max_input_bytes:
        return _unread(Code.UNREADABLE, _too_large(policy), trust, at)
    if data.startswith(_PDF_MARK):
        return validate_pdf(
            data, trust, at, policy=policy, catalog=catalog, evidence=evidence
        )
    if data.startswith(_IMAGE_MARKS):
        return validate_image(data, trust, at, policy=policy, evidence=evidence)
    detail = "neither a PDF nor an image"
    return _unread(Code.UNSUPPORTED, detail, trust, at)


def validate_pdf(  # noqa: PLR0913  each is one thing that a caller may have
    pdf: bytes,
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    catalog: Catalog | None = None,
    evidence: tuple[Proof, ...] = (),
    faces: FontSet = fonts.STANDARD,
) -> Verdict:
    """Validate a sealed PDF: seal, token, record and, by policy, the printed face.

    The result is that of :func:`validate`.

    Args:
        pdf: the whole file.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.
        catalog: types for the face check; the built-in ones where None.
        evidence: RFC 3161 timestamps over the license's token or the whole PDF.
        faces: what the page was set in, which its issuer knows and a stranger does
            not: with the main faces alone, the page of a license with letters of
            another face is not checked (docs/formats/faces.md, section 3).
    """
    _require_aware(at)
    if len(pdf) > policy.max_input_bytes or not pdf.startswith(_PDF_MARK):
        detail = "not a PDF, or larger than the policy allows"
        return _unread(Code.UNREADABLE, detail, trust, at)
    types = Catalog.builtin() if catalog is None else catalog
    inquiry = Inquiry(trust, at, policy, types, Evidence(evidence), faces)
    check = check_platform_pdf if has_two_revisions(pdf) else check_pdf
    found = check(pdf, inquiry)
    return _verdict(found.checks, found.scope, found.token, trust, at)


def validate_image(
    data: bytes,
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    evidence: tuple[Proof, ...] = (),
) -> Verdict:
    """Validate the QR in a picture; other codes beside it are passed over.

    Two different tokens in one picture are UNREADABLE: it is not clear which is meant.
    Args and result are those of :func:`validate`.
    """
    _require_aware(at)
    if len(data) > policy.max_input_bytes:
        return _unread(Code.UNREADABLE, _too_large(policy), trust, at)
    try:
        texts = qr.read_image(data, wanted=payload.has_prefix)
    except MalformedError as err:
        return _unread(Code.UNREADABLE, str(err), trust, at)
    if not texts:
        return _unread(Code.UNREADABLE, "no QR code can be read", trust, at)
    ours = [text for text in texts if payload.has_prefix(text)]
    if not ours:
        detail = f"not a license: {', '.join(sorted(set(map(_recognised, texts))))}"
        return _unread(Code.UNSUPPORTED, detail, trust, at)
    if len({_token_or_text(text) for text in ours}) > 1:
        return _unread(Code.UNREADABLE, "two different licenses", trust, at)
    return validate_text(ours[0], trust, at, policy=policy, evidence=evidence)


def validate_text(  # noqa: PLR0913  each is one thing that a caller may have
    text: str,
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    record_bytes: bytes | None = None,
    catalog: Catalog | None = None,
    evidence: tuple[Proof, ...] = (),
) -> Verdict:
    """Validate a QR text, in either carrier; scope ``qr``, or ``record`` with one.

    Does NOT see any paper: compare what the verdict says with the printed license.

    Args:
        text: exactly what the QR carries; nothing is trimmed.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.
        record_bytes: the record that belongs to it, where the caller has it.
        catalog: types for comparing the two; the built-in ones where None.
        evidence: RFC 3161 timestamps over the token.
    """
    _require_aware(at)
    if not text:
        return _unread(Code.UNREADABLE, "the input is empty", trust, at)
    try:
        token = payload.read_qr_text(text)
    except NotOursError:
        return _unread(Code.UNSUPPORTED, _recognised(text), trust, at)
    except MalformedError as err:
        return _unread(Code.MALFORMED, str(err), trust, at)
    found = check_token(token, trust, at, policy, Evidence(evidence, (token,)))
    if record_bytes is None:
        return _verdict(found.checks, Scope.QR, found, trust, at)
    types = Catalog.builtin() if catalog is None else catalog
    inquiry = Inquiry(trust, at, policy, types)
    _, compared = check_record(record_bytes, found.claims, inquiry)
    scope = Scope.RECORD if compared.indication is Indication.PASSED else Scope.QR
    return _verdict((*found.checks, compared), scope, found, trust, at)


def validate_attested(
    text: str,
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
) -> Verdict:
    """Validate a QR text that its issuer's snapshot holds: all but its signature.

    Does NOT look into any snapshot: :mod:`elicense.snapshot` does, and calls this.

    Args:
        text: exactly what the QR carries, in either carrier.
        trust: what is believed.
        at: aware instant that is asked about.
        policy: limits of the validator.

    Raises:
        MalformedError: not a text of ours, so that no snapshot holds it.
    """
    token = payload.read_qr_text(text)
    found = check_token(token, trust, at, policy, attested=True)
    verdict = _verdict(found.checks, Scope.QR, found, trust, at)
    return replace(verdict, evidence="snapshot")


def _token_or_text(text: str) -> bytes | str:
    """Return what tells two codes apart: the token, in whichever carrier."""
    try:
        return payload.read_qr_text(text)
    except MalformedError:
        return text


def _recognised(text: str) -> str:
    """Say what a foreign text looks like, without repeating it."""
    schemes = {
        ("http://", "https://"): "a web address",
        ("HC1:",): "an EU digital COVID certificate",
        ("shc:/",): "a SMART Health Card",
        ("EL1",): "a license text that was changed on the way",
    }
    for prefixes, name in schemes.items():
        if text.lower().startswith(tuple(prefix.lower() for prefix in prefixes)):
            return name
    return "a text of another kind"


def _too_large(policy: ValidationPolicy) -> str:
    return f"the input has more than {policy.max_input_bytes} bytes"


def _require_aware(at: datetime) -> None:
    if at.tzinfo is None:
        raise TypeError("at: expected an aware instant")


def _unread(code: Code, detail: str, trust: TrustState, at: datetime) -> Verdict:
    check = Check.failed("input", code, detail)
    return _verdict((check,), None, NO_TOKEN, trust, at)


def _verdict(
    checks: tuple[Check, ...],
    scope: Scope | None,
    found: TokenFindings,
    trust: TrustState,
    at: datetime,
) -> Verdict:
    claims = found.claims
    issuer = None if claims is None else trust.organizations.get(claims.issuer)
    name = "" if issuer is None or claims is None else issuer.name_on(claims.issue_date)
    return Verdict(
        code=decide(checks),
        scope=scope,
        at=at,
        checks=checks,
        root=trust.root,
        bundle_number=None if trust.bundle is None else trust.bundle.number,
        status_as_of=found.status_as_of,
        claims=claims,
        issuer_name=name,
    )
