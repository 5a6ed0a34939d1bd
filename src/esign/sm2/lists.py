"""Lists of revoked certificates of SM2 keys, for a development CA and for tests.

Version 2, signed with SM2 and SM3 (RFC 5280, section 5; GB/T 20518-2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509

from esign import der
from esign.sm2 import oids, times
from esign.sm2.certificate import SIGNATURE_ALGORITHMS, read_certificate
from esign.sm2.signature import to_der

_VERSION_2 = der.integer(1)
_ALGORITHM = SIGNATURE_ALGORITHMS[0]


class ListKey(Protocol):
    """Holds an SM2 key, wherever it lives, and signs with it."""

    def sign(self, message: bytes) -> bytes:
        """Return r and s of the SM2 signature with SM3 and the default identity."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """One certificate that a list names.

    Attributes:
        certificate: DER.
        at: from when it is revoked, aware, whole seconds.
        is_compromise: whether somebody else may hold the key.
    """

    certificate: bytes
    at: datetime
    is_compromise: bool = False


def issue_list(
    authority: bytes,
    key: ListKey,
    period: tuple[datetime, datetime],
    revoked: Sequence[Revoked],
) -> bytes:
    """Return a complete list of a CA.

    Args:
        authority: the CA's certificate, DER.
        key: the CA's key.
        period: thisUpdate and nextUpdate, aware, whole seconds.
        revoked: what it names.

    Raises:
        ValueError: the period is empty.
        MalformedError: a certificate cannot be read.
    """
    if period[0] >= period[1]:
        raise ValueError("the period is empty")
    entries = [_entry(one) for one in revoked]
    tbs = der.tlv(
        der.SEQUENCE,
        _VERSION_2,
        _ALGORITHM,
        read_certificate(authority).subject,
        *map(times.write_time, period),
        der.tlv(der.SEQUENCE, *entries) if entries else b"",
    )
    signed = der.tlv(der.BITS, b"\x00", to_der(key.sign(tbs)))
    return der.tlv(der.SEQUENCE, tbs, _ALGORITHM, signed)


def _entry(one: Revoked) -> bytes:
    reason = b""
    if one.is_compromise:
        value = x509.CRLReason(x509.ReasonFlags.key_compromise)
        extension = der.tlv(
            der.SEQUENCE,
            oids.element(value.oid.dotted_string),
            der.tlv(der.OCTETS, value.public_bytes()),
        )
        reason = der.tlv(der.SEQUENCE, extension)
    serial = der.integer(read_certificate(one.certificate).serial)
    return der.tlv(der.SEQUENCE, serial, times.write_time(one.at), reason)
