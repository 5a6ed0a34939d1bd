"""Validating a file that a seal platform sealed behind our revision.

Bytes and trust in, a report with every check out (docs/formats/pdf.md, section 10).
"""

import io
from dataclasses import dataclass, field
from datetime import datetime

from esign import ses
from esign.errors import MalformedError, UnavailableError
from esign.pades import gm_checks
from esign.pades.additions import allowed, check_additions
from esign.pades.read import NoSealError, SealedPdf
from esign.pades.report import (
    AUTHORITY,
    FORMAT,
    KEY,
    SECOND_ENGINE,
    SIGNATURE,
    TRUST,
    Findings,
    OddContentError,
    Seal,
    Trust,
    check_key,
)
from esign.pades.revisions import TwoRevisions, read_two
from esign.pades.subfilter import SubFilter
from esign.pades.unsealed import UnsealedPdf
from esign.verdict import Check, Code, ThreeValued, decide

REVISION = "seal-revision"
_REFUSED = "an earlier check refused"
_NO_GRANT = Check.not_checked(KEY, "there is no grant for this certificate")


@dataclass(frozen=True, slots=True)
class PlatformReport(ThreeValued):
    """What was found of a file of two revisions.

    Attributes:
        checks: every check that was made, in order.
        seal: the seal where its signature held under a granted certificate.
        first: revision 1 where ``seal-format`` passed.
    """

    checks: tuple[Check, ...]
    seal: Seal | None
    first: UnsealedPdf | None = field(default=None, repr=False)

    @property
    def code(self) -> Code:
        """The first code by precedence; VALID where every check passed."""
        return decide(self.checks)


def validate_platform(
    pdf: bytes,
    trust: Trust,
    at: datetime,
    *,
    second_engine: bool = True,
    evidence_before: datetime | None = None,
) -> PlatformReport:
    """Validate a file that a platform sealed.

    1. seal-format: revision 1 is ours and complete, revision 2 has its structure, and
       its content is an SES_Signature in the one spelling; UNSUPPORTED without a
       signature, with one that the field knows and the standard does not, or without
       the extra ``gm``; else MALFORMED.
    2. seal-revision: revision 2 adds the seal and its picture inside the declared box,
       and nothing else; ALTERED.
    3. seal-trust, seal-signature, seal-authority, seal-key: as for
       :func:`esign.pades.validate` of a seal of the kind GM.sm2seal, with timeInfo as
       the sealing instant and SM3 of every byte but the gap as the digest.
    4. seal-second-engine: qpdf finds, too, that revision 2 leaves every other object of
       revision 1 as it was; ALTERED.

    Never raises for bad input. Does NOT look at attachments or at the page.

    Args:
        pdf: the whole file, any bytes.
        trust: what seal certificates were granted; empty means that nothing passes.
        at: the instant of checking, aware UTC.
        second_engine: False leaves the last check out and says so (NOT_CHECKED).
        evidence_before: as for :func:`esign.pades.validate`.

    Raises:
        ValueError: ``at`` or ``evidence_before`` is naive.
    """
    instants = (at, evidence_before)
    if any(one is not None and one.tzinfo is None for one in instants):
        raise ValueError("the instants of checking and of the evidence must be aware")
    try:
        two = read_two(pdf)  # (1)
        view, signature = _signature(two)
    except (NoSealError, OddContentError, UnavailableError) as err:
        return _unreadable(Code.UNSUPPORTED, err)
    except MalformedError as err:
        return _unreadable(Code.MALFORMED, err)
    found = gm_checks.examine_signature(view, signature, trust, at)  # (3)
    key = _key(view, found, at, evidence_before)
    checks = (found.checks[0], _revision(two), *found.checks[1:], key)  # (2)
    if found.grant is None or any(check.code is not None for check in checks):
        last = Check.not_checked(SECOND_ENGINE, _REFUSED)
    elif second_engine:
        last = _second_opinion(two)  # (4)
    else:
        last = Check.not_checked(SECOND_ENGINE, "left out by the caller")
    return PlatformReport((*checks, last), found.seal, two.first)


def claimed_instant(pdf: bytes) -> datetime | None:
    """Return the time that a platform's seal claims, of a file that was validated.

    Args:
        pdf: any bytes.

    Returns:
        None for a file of another structure, or a time in no known form.
    """
    try:
        return ses.read_signature(read_two(pdf).content).time
    except MalformedError:
        return None


def _signature(two: TwoRevisions) -> tuple[SealedPdf, ses.Signature]:
    """Return what is sealed, as checks of a GM seal ask for it, and the signature.

    Raises:
        OddContentError: what the field has beside the standard, or version 1.
        MalformedError: no SES_Signature in its one spelling.
    """
    try:
        signature = ses.read_signature(two.content)
    except MalformedError as err:
        odd = ses.read_signature(two.content, lenient=True)
        shown = ", ".join(one.value for one in odd.oddities)
        raise OddContentError(f"the signature is not as the standard: {shown}") from err
    if signature.version not in gm_checks.VERSIONS or signature.time is None:
        raise OddContentError("a signature of version 1")
    if signature.timestamp is not None:
        raise OddContentError("the signature has a timestamp, which nobody signed")
    if ses.spell_signature(signature) != two.content:
        raise MalformedError("the signature is not the one spelling of its parts")
    view = SealedPdf(
        two.first.data,
        two.first.starts,
        SubFilter.GM_SEAL,
        signature.time,
        two.content,
        two.digest,
        two.gap,
    )
    return view, signature


def _key(
    view: SealedPdf, found: Findings, at: datetime, evidence: datetime | None
) -> Check:
    if found.grant is None:
        return _NO_GRANT
    return check_key(view.sealed_at, found.grant, at, evidence)


def _revision(two: TwoRevisions) -> Check:
    try:
        check_additions(two)
    except MalformedError as err:
        return Check.failed(REVISION, Code.ALTERED, str(err))
    return Check.passed(REVISION)


def _unreadable(code: Code, err: Exception) -> PlatformReport:
    rest = (REVISION, TRUST, SIGNATURE, AUTHORITY, KEY, SECOND_ENGINE)
    return PlatformReport(
        (
            Check.failed(FORMAT, code, str(err)),
            *(Check.not_checked(name, "there is no readable seal") for name in rest),
        ),
        None,
    )


def _second_opinion(two: TwoRevisions) -> Check:
    """Let qpdf read both the whole and revision 1, and compare their objects."""
    import pikepdf  # noqa: PLC0415  costs 60 ms, and reading needs none of it

    with (
        pikepdf.open(io.BytesIO(two.data), attempt_recovery=False) as whole,
        pikepdf.open(io.BytesIO(two.first.data), attempt_recovery=False) as first,
    ):
        changed = {
            number
            for number in range(1, len(two.first.starts))
            if _content(whole.get_object(number, 0))
            != _content(first.get_object(number, 0))
        }
        same_root = whole.Root.objgen == first.Root.objgen
    changed -= allowed(two)
    if not changed and same_root:
        return Check.passed(SECOND_ENGINE)
    reason = f"qpdf finds that revision 2 changed the objects {sorted(changed)}"
    return Check.failed(SECOND_ENGINE, Code.ALTERED, reason)


def _content(item: object) -> tuple[object, bytes]:
    """Return an object with its own entries, and its stream as it is stored."""
    import pikepdf  # noqa: PLC0415  see _second_opinion

    if isinstance(item, pikepdf.Stream):
        entries = {key: _text(item[key]) for key in item.keys()}  # noqa: SIM118  not a dict
        return entries, bytes(item.read_raw_bytes())
    if isinstance(item, pikepdf.Object):
        return item.unparse(resolved=True), b""
    return item, b""


def _text(value: object) -> object:
    """Return an entry; references stay references."""
    import pikepdf  # noqa: PLC0415  see _second_opinion

    return value.unparse() if isinstance(value, pikepdf.Object) else value
