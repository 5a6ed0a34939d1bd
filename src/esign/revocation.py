"""Certificate revocation lists: what a CA says of the certificates that it issued.

Follows RFC 5280, section 5, for complete lists that a CA signs with its own P-256 key.
A list only ever takes away: a certificate is not good by being absent from one.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import SignatureAlgorithmOID

from esign import certificates, issuers
from esign.errors import MalformedError, VerificationError
from esign.issuers import Authorities, Authority
from esign.keys import PublicKey

MAX_CRL_BYTES = 1 << 20  # some 25 000 entries; CAs cut their lists smaller


class Reason(enum.StrEnum):
    """Why a certificate was revoked (RFC 5280, 5.3.1); UNSPECIFIED where it says none.

    removeFromCRL is for delta lists, which nobody reads here.
    """

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"


class Revocation(NamedTuple):
    """What a list says of one certificate.

    Attributes:
        at: when the CA revoked it, aware UTC.
        reason: why.
        invalid_from: since when it is known or suspected to have been wrong, aware UTC;
            None where the list says none (RFC 5280, 5.3.2).
    """

    at: datetime
    reason: Reason
    invalid_from: datetime | None = None

    @property
    def is_compromise(self) -> bool:
        """Whether somebody else may hold the key."""
        return self.reason in (Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE)

    @property
    def effective_at(self) -> datetime:
        """The earlier of :attr:`invalid_from` and :attr:`at`, aware UTC."""
        return self.at if self.invalid_from is None else min(self.invalid_from, self.at)


@dataclass(frozen=True, slots=True)
class CRL:
    """A list whose signature held under the key of the CA that issued it.

    A CA is its name and its key: it may have several certificates for them, and anybody
    can make one more.

    Attributes:
        issuer: the CA's name; two spellings of one text are equal.
        issuer_key: the CA's key, P-256.
        this_update: when the list was made, aware UTC.
        next_update: by when there is a newer one, aware UTC.
        revoked: serial number of a certificate to what is said of it.
        scope: the issuingDistributionPoint, DER, of a CA that cuts its list into parts;
            empty for a list of all its certificates.
    """

    issuer: x509.Name
    issuer_key: PublicKey
    this_update: datetime
    next_update: datetime
    revoked: Mapping[int, Revocation]
    scope: bytes = b""


@dataclass(frozen=True, slots=True)
class Fate:
    """What the lists say of one certificate and of the CAs above it.

    Attributes:
        revoked_at: from when it may not sign any more, for a reason other than a
            compromise; what it signed before stays good. Aware UTC, or None.
        compromised_from: from when somebody else may have signed with it: what it is
            said to have signed at any time needs evidence from before. Aware UTC, or
            None.
    """

    revoked_at: datetime | None
    compromised_from: datetime | None


def read_crl(der: bytes, issuer_certificate: bytes) -> CRL:
    """Read a list and verify that a CA signed it (RFC 5280, 5.1, 5.2 and 6.3.3).

    1. The list is one complete CertificateList of version 2 with a nextUpdate.
    2. It is signed with ECDSA and SHA-256 by the P-256 key of the CA's certificate,
       which has the name of the list's issuer and a keyUsage with cRLSign.
    3. Every critical extension of the list or of an entry is known. Delta lists,
       indirect lists and lists of attribute certificates are refused.
    4. A serial number occurs once.

    Does NOT judge how old the list is nor whether its issuer is to be trusted.

    Args:
        der: the list, DER, at most :data:`MAX_CRL_BYTES`.
        issuer_certificate: of the CA that is said to have signed it, DER.

    Returns:
        The list.

    Raises:
        MalformedError: the list or the certificate cannot be read, or is of a kind that
            is refused.
        VerificationError: another CA signed it, or one that may not, or that has
            another kind of key.
    """
    content = _parse(der)
    authority = Authority(certificates.load(issuer_certificate))
    try:
        if content.issuer != authority.certificates[0].subject:
            raise VerificationError("CRL: another issuer's")
        return _under(content, authority)
    except certificates.UNREADABLE as err:
        raise MalformedError("CRL: its issuer cannot be read") from err


class _Content(NamedTuple):
    """A list that has its form; nobody asked yet who signed it."""

    signed: x509.CertificateRevocationList
    issuer: x509.Name
    next_update: datetime
    revoked: dict[int, Revocation]
    scope: bytes


def _parse(der: bytes) -> _Content:
    """Make the checks of a list that need no issuer."""
    if len(der) > MAX_CRL_BYTES:
        raise MalformedError(f"CRL: more than {MAX_CRL_BYTES} bytes")
    try:
        crl = x509.load_der_x509_crl(der)
        next_update = crl.next_update_utc
        if next_update is None or next_update <= crl.last_update_utc:
            raise MalformedError("CRL: no nextUpdate behind its thisUpdate")
        if crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise MalformedError("CRL: not signed with ECDSA and SHA-256")
        return _Content(crl, crl.issuer, next_update, _entries(crl), _scope(crl))
    except certificates.UNREADABLE as err:
        raise MalformedError("CRL: not DER, or a field cannot be read") from err


def _under(content: _Content, authority: Authority) -> CRL:
    """Make check 2, but for the name."""
    key = authority.key
    if not authority.may_sign_lists:
        raise VerificationError("CRL: its issuer may not sign lists")
    if not content.signed.is_signature_valid(issuers.handle(key)):
        raise VerificationError("CRL: the signature does not hold")
    return CRL(
        issuer=content.issuer,
        issuer_key=key,
        this_update=content.signed.last_update_utc,
        next_update=content.next_update,
        revoked=content.revoked,
        scope=content.scope,
    )


def said_by(crl: x509.CertificateRevocationList) -> dict[int, Revocation]:
    """Return what a complete list says, by serial number; nobody asks who signed it.

    Args:
        crl: the list.

    Raises:
        MalformedError: it is a delta or indirect list, is cut into parts, has a
            critical extension that is not known, or names a serial number twice.
    """
    if _scope(crl):
        raise MalformedError("CRL: of a part of its CA's certificates")
    return _entries(crl)


def _scope(crl: x509.CertificateRevocationList) -> bytes:
    """Make check 3 of the list itself, and return the part of a CA that it is about."""
    scope = b""
    for extension in crl.extensions:
        value = extension.value
        if isinstance(value, x509.DeltaCRLIndicator):
            raise MalformedError("CRL: a delta list")
        if isinstance(value, x509.IssuingDistributionPoint):
            if value.indirect_crl or value.only_contains_attribute_certs:
                raise MalformedError("CRL: an indirect list, or not of certificates")
            scope = value.public_bytes()
        elif extension.critical:
            raise MalformedError("CRL: an unknown critical extension")
    return scope


def _entries(crl: x509.CertificateRevocationList) -> dict[int, Revocation]:
    """Make checks 3 and 4 of the entries, and return them by serial number."""
    revoked: dict[int, Revocation] = {}
    for entry in crl:
        if entry.serial_number in revoked:
            raise MalformedError("CRL: a serial number occurs twice")
        revoked[entry.serial_number] = _revocation(entry)
    return revoked


def _revocation(entry: x509.RevokedCertificate) -> Revocation:
    reason, invalid_from = Reason.UNSPECIFIED, None
    for extension in entry.extensions:
        value = extension.value
        if isinstance(value, x509.CRLReason):
            reason = Reason(value.reason.value)  # removeFromCRL is a ValueError
        elif isinstance(value, x509.InvalidityDate):
            invalid_from = value.invalidity_date_utc
        elif extension.critical or isinstance(value, x509.CertificateIssuer):
            raise MalformedError("CRL: an entry of another issuer or of unknown kind")
    return Revocation(entry.revocation_date_utc, reason, invalid_from)


def fate(
    leaf: bytes, chain: Sequence[bytes], roots: Sequence[bytes], crls: Iterable[CRL]
) -> Fate:
    """Return what lists say of a certificate and of the CAs between it and a root.

    Of the lists of one CA, and of one part of it, the latest counts; lists of other CAs
    are ignored. Which CA issued a certificate its signature decides, and no other
    certificate. A root is not revoked by a list: it leaves the bundle. Of several
    revocations the earliest instant of each kind counts, and an invalidity date counts
    where it is the earlier one.

    Does NOT look for a path (:func:`certificates.validate_path`) and does NOT judge how
    old a list is: where there is no list, nothing is said of a certificate.

    Args:
        leaf: the certificate that signs, DER.
        chain: the CA certificates between leaf and root, DER, any order.
        roots: the pinned roots, DER.
        crls: lists that were read, any order.

    Returns:
        The fate of the leaf.

    Raises:
        MalformedError: one of the certificates cannot be read.
    """
    authorities = Authorities((*chain, *roots))
    return _fate(leaf, chain, frozenset(roots), _Said(crls, authorities))


class Revocations:
    """The lists of one trust bundle, read once for all of its certificates.

    Attributes:
        lists: those that were read, in the order in which they were given.
    """

    def __init__(
        self,
        lists: Iterable[bytes],
        roots: Iterable[bytes],
        intermediates: Iterable[bytes],
    ) -> None:
        """Read every list under the CA that signed it.

        A list that names its issuer's key by the key's hash (RFC 5280, 4.2.1.2; RFC
        7093) is read under that key alone. Any other is tried under every key of a CA
        of its name (:data:`issuers.MAX_NAMESAKES` at most), and read under each that
        holds: from a signature one can compute a second key under which it holds as
        well, and that one must not hide the true one.

        Args:
            lists: lists, DER.
            roots: certificates of the roots, DER.
            intermediates: certificates of the CAs below them, DER, any order.

        Raises:
            MalformedError: a list or a certificate cannot be read.
            VerificationError: a list that none of these CAs signed, or that too many of
                one name may have signed.
        """
        above = tuple(roots)
        authorities = Authorities((*above, *intermediates))
        self.lists = tuple(crl for der in lists for crl in _read(der, authorities))
        self._roots = frozenset(above)
        self._said = _Said(self.lists, authorities)

    def fate(self, leaf: bytes, chain: Sequence[bytes]) -> Fate:
        """Return what the lists say of a certificate: see :func:`fate`."""
        return _fate(leaf, chain, self._roots, self._said)


class _Said:
    """What the latest lists say, by issuer's name, serial number and issuer's key."""

    def __init__(self, crls: Iterable[CRL], authorities: Authorities) -> None:
        self._authorities = authorities
        self._entries: dict[
            x509.Name, dict[int, dict[PublicKey, list[Revocation]]]
        ] = {}
        self._by_all: dict[tuple[x509.Name, int], list[Revocation]] = {}
        for crl in _latest(tuple(crls)):
            of_name = self._entries.setdefault(crl.issuer, {})
            for serial, revocation in crl.revoked.items():
                said = of_name.setdefault(serial, {})
                said.setdefault(crl.issuer_key, []).append(revocation)

    def of(self, der: bytes) -> Iterator[Revocation]:
        """Give what the issuer of a certificate says of it.

        Where more CAs of the issuer's name than :data:`issuers.MAX_NAMESAKES` say
        something, and the certificate does not name its issuer's key by the key's hash,
        each of them counts: a doubtful certificate is not a good one.
        """
        certificate = certificates.load(der)
        try:
            name, serial = certificate.issuer, certificate.serial_number
        except certificates.UNREADABLE as err:
            raise MalformedError("certificate: its name cannot be read") from err
        said = self._entries.get(name, {}).get(serial, {})
        if not said or not issuers.can_be_ours(certificate):
            return
        for authority in self._authorities.by_key_id(
            name, issuers.authority_id(certificate)
        ):
            if issuers.is_signed_by(der, authority.key):
                yield from said.get(authority.key, ())
                return
        if len(said) > issuers.MAX_NAMESAKES:
            yield from self._said_by_all(name, serial)
            return
        for key, revocations in said.items():
            if issuers.is_signed_by(der, key):
                yield from revocations

    def _said_by_all(self, name: x509.Name, serial: int) -> list[Revocation]:
        """Return the earliest revocation of each kind; kept, as there may be many."""
        if (name, serial) not in self._by_all:
            said = self._entries[name][serial].values()
            every = [revocation for revocations in said for revocation in revocations]
            every.sort(key=lambda one: one.effective_at, reverse=True)
            self._by_all[name, serial] = list(
                {one.is_compromise: one for one in every}.values()
            )
        return self._by_all[name, serial]


def _fate(
    leaf: bytes, chain: Sequence[bytes], roots: frozenset[bytes], said: _Said
) -> Fate:
    found = [one for der in (leaf, *chain) if der not in roots for one in said.of(der)]
    return Fate(
        min((one.effective_at for one in found if not one.is_compromise), default=None),
        min((one.effective_at for one in found if one.is_compromise), default=None),
    )


def _read(der: bytes, authorities: Authorities) -> list[CRL]:
    content = _parse(der)
    candidates = authorities.by_key_id(
        content.issuer, issuers.authority_id(content.signed)
    )
    found: list[CRL] = []
    for authority in candidates or authorities.of(content.issuer):
        try:
            found.append(_under(content, authority))
        except VerificationError:
            continue  # another CA of the same name
    if not found:
        raise VerificationError("CRL: of no CA that is known here")
    return found


def _latest(crls: Sequence[CRL]) -> list[CRL]:
    """Return the latest list of each CA and part; all of those made at one instant."""
    latest: dict[tuple[x509.Name, PublicKey, bytes], datetime] = {}
    for crl in crls:
        name = crl.issuer, crl.issuer_key, crl.scope
        latest[name] = max(crl.this_update, latest.get(name, crl.this_update))
    return [
        crl
        for crl in crls
        if crl.this_update == latest[crl.issuer, crl.issuer_key, crl.scope]
    ]
