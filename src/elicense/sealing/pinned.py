"""Whom seals are believed, from files that a person chose.

A certificate counts because it was put there, never because a file that is checked
carries it.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from esign import ses
from esign.errors import MalformedError
from esign.ses import SesTrust

MAX_FILE_BYTES = 2 << 20  # of certificates or of one list
MAX_CERTIFICATES = 1000  # in one file
_PEM = re.compile(
    rb"-----BEGIN (CERTIFICATE|X509 CRL)-----\r?\n"
    rb"([0-9A-Za-z+/=\r\n]+?)-----END \1-----"
)


@dataclass(frozen=True, slots=True)
class Pinned:
    """Files by what they are believed for; each has one PEM text or one DER object.

    Attributes:
        makers: certificates of seal makers (制章者).
        roots: certificates of root CAs.
        intermediates: certificates of CAs between them.
        stampers: certificates of SM2 timestamp services.
        lists: lists of revoked certificates of these CAs.
    """

    makers: tuple[bytes, ...] = field(default=(), repr=False)
    roots: tuple[bytes, ...] = field(default=(), repr=False)
    intermediates: tuple[bytes, ...] = field(default=(), repr=False)
    stampers: tuple[bytes, ...] = field(default=(), repr=False)
    lists: tuple[bytes, ...] = field(default=(), repr=False)


def read_trust(pinned: Pinned) -> SesTrust:
    """Return what these files make believed.

    What is revoked counts where every root and CA has its list; else nothing is known
    of it, and no seal is PASSED.

    Args:
        pinned: the files.

    Raises:
        MalformedError: one of them is no certificate of an SM2 key, or no list.
        VerificationError: a list that none of these CAs signed.
        UnavailableError: the extra ``gm`` is not installed.
    """
    roots, above = _all(pinned.roots), _all(pinned.intermediates)
    trust = SesTrust(
        makers=_all(pinned.makers),
        roots=roots,
        intermediates=above,
        stampers=_all(pinned.stampers),
    )
    if not pinned.lists:
        return trust
    known = ses.read_revocations(_all(pinned.lists), (*roots, *above))
    return SesTrust(trust.makers, roots, above, trust.stampers, known)


def _all(files: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(one for data in files for one in objects_in(data))


def objects_in(data: bytes) -> tuple[bytes, ...]:
    """Return the DER objects in a file: itself, or those of its PEM text.

    Raises:
        MalformedError: a PEM text without any, or with too many; or an empty file.
    """
    if len(data) > MAX_FILE_BYTES:
        raise MalformedError(f"certificates: more than {MAX_FILE_BYTES} bytes")
    if not data.lstrip().startswith(b"-----BEGIN "):
        if not data:
            raise MalformedError("certificates: an empty file")
        return (data,)
    try:
        found = tuple(base64.b64decode(one[1]) for one in _PEM.findall(data))
    except binascii.Error as err:
        raise MalformedError("certificates: not PEM") from err
    if not 1 <= len(found) <= MAX_CERTIFICATES:
        raise MalformedError("certificates: none in a PEM file, or too many")
    return found
