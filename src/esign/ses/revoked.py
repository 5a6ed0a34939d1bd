"""What lists of revoked certificates, signed with SM2, say of makers and signers.

The lists are those of RFC 5280, section 5, as :mod:`esign.revocation` reads them, with
another signature. A CA that says nothing would pass for one that revoked nothing, so
knowledge counts only where every CA has its list.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from esign import der, sm2
from esign.certificates import UNREADABLE
from esign.errors import MalformedError, VerificationError
from esign.revocation import MAX_CRL_BYTES, Fate, Revocation, said_by
from esign.ses.model import SM2_WITH_SM3
from esign.ses.trust import Revocations
from esign.sm2.certificate import KeyUsage, SM2Certificate


class _List(NamedTuple):
    """A list whose signature held."""

    authority: SM2Certificate
    as_of: datetime
    good_until: datetime
    revoked: Mapping[int, Revocation]


def read_revocations(
    lists: Iterable[bytes], authorities: Iterable[bytes]
) -> Revocations | None:
    """Return what lists of SM2 CAs say; None where one of the CAs has none.

    1. Each list is a complete CertificateList with a nextUpdate, signed with SM2 and
       SM3 by one of the CAs, whose key is for signing lists.
    2. Of several lists of one CA the latest counts.
    3. Each CA must have one, for its silence would be taken for a yes.

    Args:
        lists: DER, any order.
        authorities: certificates of all CAs that count, roots too, DER.

    Raises:
        MalformedError: a list or a certificate cannot be read.
        VerificationError: none of the CAs signed a list.
        UnavailableError: the extra ``gm`` is not installed.
    """
    known = [sm2.read_certificate(one) for one in dict.fromkeys(authorities)]
    latest: dict[bytes, _List] = {}
    for data in lists:
        found = _read(data, known)
        held = latest.get(found.authority.der)
        if held is None or held.as_of < found.as_of:
            latest[found.authority.der] = found
    if not known or len(latest) < len(known):
        return None
    return Revocations(
        as_of=max(one.as_of for one in latest.values()),
        good_until=min(one.good_until for one in latest.values()),
        fates=_Fates(tuple(latest.values())),
    )


def _read(data: bytes, authorities: Iterable[SM2Certificate]) -> _List:
    if len(data) > MAX_CRL_BYTES:
        raise MalformedError(f"CRL: more than {MAX_CRL_BYTES} bytes")
    try:
        crl = x509.load_der_x509_crl(data)
        if crl.signature_algorithm_oid.dotted_string != SM2_WITH_SM3:
            raise MalformedError("CRL: not signed with SM2 and SM3")
        as_of, until = crl.last_update_utc, crl.next_update_utc
        revoked = said_by(crl)
        value, signed = sm2.from_der(crl.signature), crl.tbs_certlist_bytes
    except UNREADABLE as err:
        raise MalformedError("CRL: not DER, or a field cannot be read") from err
    if until is None or until <= as_of:
        raise MalformedError("CRL: no nextUpdate behind its thisUpdate")
    # version, signature, issuer (RFC 5280, section 5.1): the name as it stands.
    issuer = der.children(signed, der.SEQUENCE, 5, 7)[2]
    for one in authorities:
        if one.subject == issuer and _holds(one, value, signed):
            return _List(one, as_of, until, revoked)
    raise VerificationError("CRL: of no CA that is known here")


def _holds(authority: SM2Certificate, value: bytes, signed: bytes) -> bool:
    usage = authority.key_usage
    if not authority.is_authority or usage is None or KeyUsage.CRL_SIGN not in usage:
        return False
    try:
        sm2.verify(authority.point, value, signed)
    except VerificationError:
        return False  # another CA of the same name
    return True


class _Fates(Mapping[bytes, Fate]):
    """Certificate, DER -> its fate, for whatever certificate is asked about."""

    def __init__(self, lists: tuple[_List, ...]) -> None:
        self._lists = lists

    def __getitem__(self, certificate: bytes) -> Fate:
        read = sm2.read_certificate(certificate)
        for one in self._lists:
            found = one.revoked.get(read.serial)
            if found is None or read.issuer != one.authority.subject:
                continue
            if _issued(certificate, one.authority):
                at = found.effective_at
                return Fate(None, at) if found.is_compromise else Fate(at, None)
        raise KeyError(read.serial)

    def __iter__(self) -> Iterator[bytes]:
        # The lists name serial numbers; which certificates those are nobody knows.
        return iter(())

    def __len__(self) -> int:
        return sum(len(one.revoked) for one in self._lists)


def _issued(certificate: bytes, authority: SM2Certificate) -> bool:
    try:
        sm2.verify_issued(certificate, authority.point)
    except VerificationError:
        return False
    return True
