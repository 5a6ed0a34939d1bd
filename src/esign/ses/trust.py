"""What counts when a seal is judged: pinned makers, pinned roots, what is revoked.

Everything here comes from the caller. No certificate that a file carries gets in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from esign import sm2
from esign.errors import MalformedError, VerificationError
from esign.revocation import Fate
from esign.verdict import Check, Code

MAX_LEVELS = 3  # CAs between a leaf and its root, as esign.sm2.find_path has it


@dataclass(frozen=True, slots=True)
class Revocations:
    """What is known of revoked certificates, from some day until some other.

    Attributes:
        as_of: since when the knowledge is complete, aware UTC (thisUpdate).
        good_until: when newer knowledge is due, aware UTC (nextUpdate).
        fates: DER certificate -> what became of it; one that is not in it was not
            revoked.
    """

    as_of: datetime
    good_until: datetime
    fates: Mapping[bytes, Fate] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SesTrust:
    """Whom seals are believed; empty means nobody.

    Attributes:
        makers: certificates of the seal makers that count, DER, each pinned itself: a
            signer under the same root must not make seals.
        roots: the pinned roots of makers and signers, DER.
        intermediates: CA certificates between them, DER, any order.
        stampers: certificates of the SM2 timestamp services that count, DER.
        revocations: None where nothing is known, which is never a yes.
    """

    makers: tuple[bytes, ...] = field(repr=False)
    roots: tuple[bytes, ...] = field(repr=False)
    intermediates: tuple[bytes, ...] = field(default=(), repr=False)
    stampers: tuple[bytes, ...] = field(default=(), repr=False)
    revocations: Revocations | None = None

    def __post_init__(self) -> None:
        """Read every certificate once.

        Raises:
            MalformedError: one of them is not a certificate of an SM2 key.
        """
        for one in (*self.makers, *self.roots, *self.intermediates, *self.stampers):
            sm2.read_certificate(one)


@dataclass(frozen=True, slots=True)
class Standing:
    """A certificate whose path to a pinned root holds at some instant.

    Attributes:
        certificates: the path, leaf first, root last, DER.
        not_before: first instant at which it holds, aware UTC.
        not_after: last instant at which it holds, aware UTC.
    """

    certificates: tuple[bytes, ...] = field(repr=False)
    not_before: datetime
    not_after: datetime

    def holds(self, at: datetime) -> bool:
        """Tell whether the path holds at an instant, both ends included."""
        return self.not_before <= at.replace(microsecond=0) <= self.not_after


def standing(leaf: bytes, trust: SesTrust, at: datetime) -> Standing | None:
    """Return where a certificate stands under the pinned roots; None for nowhere.

    A path that holds at ``at`` is preferred to one that held or will hold. Does NOT
    look at what the leaf may be used for: see :func:`check_usage`.

    Args:
        leaf: one certificate, DER.
        trust: the pinned roots and the CAs below them.
        at: the instant that matters, aware UTC.

    Raises:
        MalformedError: a certificate cannot be read.
        UnavailableError: the extra ``gm`` is not installed.
    """
    above, roots = _above(sm2.read_certificate(leaf), trust)
    # Periods have an instant in common exactly if the start of one of them is such.
    starts = {sm2.read_certificate(one).not_before for one in (leaf, *above, *roots)}
    rules = sm2.Rules(leaf=_anything, root=sm2.FIELD.root)
    for instant in (at, *sorted(starts, reverse=True)):
        try:
            path = sm2.find_path(leaf, above, roots, instant, rules)
        except VerificationError:
            continue  # it may hold at the next one; none at all is the answer None
        return Standing(path.certificates, path.not_before, path.not_after)
    return None


def _above(
    leaf: sm2.SM2Certificate, trust: SesTrust
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Return the CAs over a leaf, and the roots that one of them is issued by.

    A bundle lists every CA of a country; the path finder takes the few that matter.
    """
    known = [sm2.read_certificate(one) for one in dict.fromkeys(trust.intermediates)]
    found: list[sm2.SM2Certificate] = []
    level = [leaf]
    for _ in range(MAX_LEVELS):
        level = [
            ca
            for ca in known
            if ca not in found and any(_issued(below, ca) for below in level)
        ]
        found += level
    names = {leaf.issuer, *(ca.issuer for ca in found)}
    roots = [one for one in trust.roots if sm2.read_certificate(one).subject in names]
    return tuple(ca.der for ca in found), tuple(roots)


def _issued(below: sm2.SM2Certificate, authority: sm2.SM2Certificate) -> bool:
    """Tell whether a CA's name and key stand over a certificate."""
    if below.issuer != authority.subject or below == authority:
        return False
    try:
        sm2.verify_issued(below.der, authority.point)
    except VerificationError:
        return False  # another CA of the same name
    return True


def check_usage(check_id: str, leaf: bytes) -> Check | None:
    """Return the check that fails if a key is not for signing documents.

    keyUsage is what the field has (0xC0, 0xF0, 0xF8); extendedKeyUsage is odd there
    and not looked at.
    """
    try:
        sm2.FIELD.leaf(sm2.read_certificate(leaf))
    except VerificationError as err:
        return Check.failed(check_id, Code.NOT_AUTHORIZED, str(err))
    return None


def check_revocation(
    check_id: str,
    certificates: tuple[bytes, ...],
    trust: SesTrust,
    judged: datetime,
    at: datetime,
) -> Check:
    """Return whether a path was revoked when it was used.

    What was revoked after ``judged`` was good (GM/T 0031-2014, 6.2.3, step 4), but for
    a stolen key, which writes any time that it likes.

    Args:
        check_id: name of the check.
        certificates: the path, leaf first, DER.
        trust: what is known.
        judged: the instant of use, aware UTC.
        at: the instant of checking, at which the knowledge must be fresh, aware UTC.
    """
    known = trust.revocations
    if known is None:
        return Check.failed(check_id, Code.NO_STATUS, "nothing is known of revocations")
    if not known.as_of <= at < known.good_until:
        return Check.failed(
            check_id, Code.STALE, "what is known of revocations is of another day"
        )
    fates = [known.fates[one] for one in certificates if one in known.fates]
    if any(fate.compromised_from is not None for fate in fates):
        return Check.failed(
            check_id, Code.KEY_COMPROMISED, "a key of the path was compromised"
        )
    if any(fate.revoked_at is not None and fate.revoked_at <= judged for fate in fates):
        return Check.failed(check_id, Code.REVOKED, "revoked before it was used")
    later = any(fate.revoked_at is not None for fate in fates)
    return Check.passed(check_id, "revoked after it was used" if later else "")


def check_signature(
    check_id: str, certificate: bytes, signature: bytes, signed: bytes
) -> Check:
    """Return whether a certificate's key made a signature over exact bytes.

    Args:
        check_id: name of the check.
        certificate: DER.
        signature: r and s, 64 bytes.
        signed: the bytes.
    """
    try:
        sm2.verify(sm2.certificate_point(certificate), signature, signed)
    except MalformedError:
        return Check.failed(
            check_id, Code.UNSUPPORTED, "the certificate is none of an SM2 key"
        )
    except VerificationError:
        return Check.failed(check_id, Code.BAD_SIGNATURE, "the signature does not hold")
    return Check.passed(check_id)


def _anything(_certificate: sm2.SM2Certificate) -> None:
    """Ask nothing of the leaf."""
