"""Whether a certificate of an SM2 key leads to a pinned root at an instant.

The library's own verifier does not know SM2; this is RFC 5280, section 6, for the few
certificates that a seal carries. The roots are always a parameter.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from esign.errors import VerificationError
from esign.sm2 import oids
from esign.sm2.certificate import (
    KeyUsage,
    SM2Certificate,
    read_certificate,
    verify_issued,
)

MAX_INTERMEDIATES = 3  # an issuing CA, at most two above it, then the root
MAX_NAMESAKES = 4  # roots of one name that are tried
_HEAD = 2  # bytes of tag and length before a key identifier
# What may be critical. The purposes of extendedKeyUsage are not looked at: seal
# certificates of the field name serverAuth, emailProtection and others.
_UNDERSTOOD = frozenset(
    {
        oids.BASIC_CONSTRAINTS,
        oids.KEY_USAGE,
        oids.EXTENDED_KEY_USAGE,
        oids.CERTIFICATE_POLICIES,
        oids.SUBJECT_ALT_NAME,
    }
)
Rule = Callable[[SM2Certificate], None]


@dataclass(frozen=True, slots=True)
class Path:
    """A path of valid signatures that was found.

    Attributes:
        certificates: leaf first, root last, DER.
        not_before: first instant at which it holds, aware UTC.
        not_after: last instant at which it holds, aware UTC.
    """

    certificates: tuple[bytes, ...]
    not_before: datetime
    not_after: datetime


def signs_documents(certificate: SM2Certificate) -> None:
    """Refuse a leaf whose key is not for signatures, as the field means it.

    It is no CA, and its keyUsage is there and names digitalSignature or nonRepudiation.
    What else it names is not looked at: 0xF0 and 0xF8 occur (GB/T 20518-2018).

    Raises:
        VerificationError: it is one.
    """
    if certificate.is_authority:
        raise VerificationError("a CA certificate cannot sign a document")
    wanted = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
    if not certificate.key_usage or not certificate.key_usage & wanted:
        raise VerificationError("the certificate's keyUsage is not for signatures")


def seals_under(policy: bytes) -> Rule:
    """Return the rule for a seal of this project's own profile.

    basicConstraints is there with CA false, keyUsage is critical and exactly
    digitalSignature and nonRepudiation, and the policy is among the certificate
    policies.

    Args:
        policy: its OBJECT IDENTIFIER, DER, as :func:`esign.sm2.oids.element` makes it.
    """

    def rule(certificate: SM2Certificate) -> None:
        stated = certificate.extensions.get(oids.KEY_USAGE)
        exact = KeyUsage.DIGITAL_SIGNATURE | KeyUsage.NON_REPUDIATION
        if certificate.is_authority or oids.BASIC_CONSTRAINTS not in (
            certificate.extensions
        ):
            raise VerificationError("a seal certificate says that it is no CA")
        if stated is None or not stated.critical or certificate.key_usage != exact:
            raise VerificationError("keyUsage is not exactly that of a seal")
        if policy not in certificate.policies:
            raise VerificationError("the seal policy is not among the policies")

    return rule


def issues_certificates(certificate: SM2Certificate) -> None:
    """Refuse a CA that may not issue (RFC 5280, section 6.1.4 (k) and (n)).

    Raises:
        VerificationError: CA or keyCertSign is missing.
    """
    usage = certificate.key_usage
    if not certificate.is_authority:
        raise VerificationError("the issuer of a certificate is not a CA")
    if usage is None or KeyUsage.KEY_CERT_SIGN not in usage:
        raise VerificationError("the issuer's keyUsage is not for certificates")


def is_authority(certificate: SM2Certificate) -> None:
    """Refuse a root that does not call itself a CA, whatever its keyUsage says.

    A pinned root is a name and a key (RFC 5280, section 6.1.1 (d)), and some that are
    in use lack keyCertSign.

    Raises:
        VerificationError: it is no CA.
    """
    if not certificate.is_authority:
        raise VerificationError("the root is not a CA")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a path asks of its certificates; each raises VerificationError.

    Attributes:
        leaf: of the one that signs.
        authority: of each CA between leaf and root.
        root: of the root.
    """

    leaf: Rule = signs_documents
    authority: Rule = issues_certificates
    root: Rule = issues_certificates


STRICT = Rules()
"""As RFC 5280 has it, roots as well."""
FIELD = Rules(root=is_authority)
"""For seals that others made: their roots need not name keyCertSign."""


def find_path(
    leaf: bytes,
    intermediates: Sequence[bytes],
    roots: Sequence[bytes],
    at: datetime,
    rules: Rules = STRICT,
) -> Path:
    """Find a path of valid signatures from ``leaf`` to a root (RFC 5280, section 6).

    1. The leaf's key is neither a root's nor an intermediate's.
    2. Each certificate names the next one's subject as its issuer, byte by byte, and
       is signed with its key.
    3. Each of them, the root as well, is inside its period at ``at``, keeps its rule,
       and has no critical extension that is not understood.
    4. No CA has more CAs below it than its path length allows.

    Does NOT look at revocation, at name constraints unless they are critical (then it
    refuses), or at the purposes of extendedKeyUsage.

    Args:
        leaf: the certificate that signs, DER.
        intermediates: CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER; empty means refuse.
        at: the instant at which the path must hold, aware UTC; a fraction of a second
            is not counted.
        rules: what the certificates must be.

    Returns:
        The path, with the first and last instant at which it holds.

    Raises:
        VerificationError: there is no such path; the text says why the last one that
            was tried does not hold.
        MalformedError: one of the certificates cannot be read.
        UnavailableError: the extra ``gm`` is not installed.
        ValueError: ``at`` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("the instant must be aware")
    if not roots:
        raise VerificationError("there is no root to trust")
    if len(intermediates) > MAX_INTERMEDIATES:
        raise VerificationError(f"more than {MAX_INTERMEDIATES} intermediates")
    first = read_certificate(leaf)
    between = [read_certificate(other) for other in dict.fromkeys(intermediates)]
    anchors = [read_certificate(root) for root in dict.fromkeys(roots)]
    if any(other.point == first.point for other in (*between, *anchors)):
        raise VerificationError("a root or CA key must not sign anything else")
    reason: VerificationError | None = None
    for chain in _chains((first,), between, anchors):
        try:
            return _check(chain, at.replace(microsecond=0), rules)
        except VerificationError as err:
            reason = err
    raise VerificationError("the certificate path does not hold") from reason


def _chains(
    begun: tuple[SM2Certificate, ...],
    between: Sequence[SM2Certificate],
    roots: Sequence[SM2Certificate],
) -> Iterator[tuple[SM2Certificate, ...]]:
    """Yield every chain of matching names from leaf to root, shortest first.

    There are at most three CAs between, each used once: no more than sixteen ways, and
    for each of them a few roots. Of the roots of one name those that the key
    identifiers name come first (RFC 5280, 4.2.1.1), and of many of them no others: a
    hint that is not believed, for the signature decides.
    """
    issuer = begun[-1].issuer
    namesakes = [root for root in roots if root.subject == issuer]
    named = [root for root in namesakes if _is_named(begun[-1], root)]
    if len(namesakes) > MAX_NAMESAKES and named:
        namesakes = named
    if len(namesakes) > MAX_NAMESAKES:
        raise VerificationError("too many roots of one name")
    for root in sorted(namesakes, key=lambda root: root not in named):
        yield (*begun, root)
    for other in between:
        if other.subject == issuer and other not in begun:
            yield from _chains((*begun, other), between, roots)


def _is_named(below: SM2Certificate, root: SM2Certificate) -> bool:
    """Tell whether a certificate's authorityKeyIdentifier has a root's identifier."""
    above = below.extensions.get(oids.AUTHORITY_KEY_IDENTIFIER)
    own = root.extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    if above is None or own is None:
        return False
    return own.value[_HEAD:] in above.value


def _check(chain: tuple[SM2Certificate, ...], at: datetime, rules: Rules) -> Path:
    """Return a chain as a path if it holds; what costs least is asked first."""
    *authorities, root = chain[1:]
    asked = (rules.leaf, *(rules.authority for _ in authorities), rules.root)
    for certificate, rule in zip(chain, asked, strict=True):
        rule(certificate)
        _understood(certificate)
        if not certificate.not_before <= at <= certificate.not_after:
            raise VerificationError("a certificate of the path is not in its period")
    below = 0
    for authority in (*authorities, root):
        limit = authority.path_length
        if limit is not None and below > limit:
            raise VerificationError("more CAs follow than the path length allows")
        below += authority.subject != authority.issuer  # RFC 5280, 6.1.4 (l)
    for certificate, issuer in itertools.pairwise(chain):
        verify_issued(certificate.der, issuer.point)
    return Path(
        tuple(one.der for one in chain),
        max(one.not_before for one in chain),
        min(one.not_after for one in chain),
    )


def _understood(certificate: SM2Certificate) -> None:
    for kind, extension in certificate.extensions.items():
        if extension.critical and kind not in _UNDERSTOOD:
            raise VerificationError("a critical extension is not understood")
