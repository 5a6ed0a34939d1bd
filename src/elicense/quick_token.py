"""Reads a license token at speed: one layout, one pass, no general decoder.

The fence. This file repeats, for the one layout that this project signs with ES256 or
SM2, what :mod:`esign.cose`, :mod:`esign.cbor` and :mod:`elicense.payload` do in
general. It may only say less: for every token it returns None, or exactly what the
simple readers return. tests/elicense/test_quick_token.py holds it to that; where it
says None the simple readers decide, and their error is the one that is reported.

Why it is fast: the heads are compared with constants in the order in which
deterministic CBOR puts them, so nothing is built that is not kept, and being in order
and minimal is checked by the comparison itself.
"""

import functools
import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from elicense.identifiers import ROOT, is_standard
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from esign.algorithms import P256_HALF_ORDER, Suite, require_canonical
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey

_PAYLOAD_HEAD = rb"(?:\x58[\x18-\xff]|\x59[\x01-\x0f].)"  # of 24 to 4095 bytes
_ENVELOPE = re.compile(  # tag 18, {1: -7, 4: kid}, {}
    rb"\xd2\x84\x4d\xa2\x01\x26\x04\x48(.{8})\xa0" + _PAYLOAD_HEAD, re.DOTALL
)
ENVELOPE_BYTES = 17  # all before the payload's head
SIGNATURE_HEAD, _SIGNATURE_BYTES, _S_BYTES = b"\x58\x40", 64, 32
_SIGNED_HEAD = b"\x84\x6aSignature1\x4d\xa2\x01\x26\x04\x48"
_SM2_ENVELOPE = re.compile(  # tag 18, {1: -10197501, 4: kid}, {}
    rb"\xd2\x84\x51\xa2\x01\x3a\x00\x9b\x99\xfc\x04\x48(.{8})\xa0" + _PAYLOAD_HEAD,
    re.DOTALL,
)
_SM2_ENVELOPE_BYTES = 21
_SM2_SIGNED_HEAD = b"\x84\x6aSignature1\x51\xa2\x01\x3a\x00\x9b\x99\xfc\x04\x48"
_SIGNED_AAD = b"\x52elicense.license/1"
# A text is split off at the control character behind it, which is the next key or
# integer; that its head tells just this length is checked afterwards. Texts that hold
# control characters are left to the simple readers.
_TEXT = rb"([\x60-\x77]|\x78.)([^\x00-\x1f]*+)"
_UINT = rb"([\x00-\x17]|\x18.|\x19..|\x1a.{4})"
_PAYLOAD = re.compile(  # 28 groups, of which a reader checks what is noted behind them
    rb"([\xa5\xa6])\x01\x72([0-9A-Z]{18})"  # iss
    rb"(?:\x04\x1a(.{4}))?\x05\x1a(.{4})\x06\x1a(.{4})"  # exp, nbf, iat
    rb"\x3a\x00\x01\x00\x00\x82"
    + _UINT
    + _UINT  # status
    + rb"\x3a\x00\x01\x00\x01([\xa8-\xad])"  # the license map
    rb"\x01"
    + _TEXT  # identifier
    + rb"\x02"
    + _TEXT  # number
    + rb"\x03"
    + _TEXT  # type
    + rb"\x04"
    + _UINT  # type_version
    + rb"\x05"
    + _TEXT  # holder
    + rb"(?:\x06"
    + _UINT
    + rb")?"  # holders
    rb"\x07"
    + _TEXT  # holder_code
    + rb"\x08"
    + _UINT  # issue_date
    + rb"(?:\x09\x82"
    + _TEXT
    + _UINT
    + rb")?"  # checkpoint
    rb"(?:\x0a\x50(.{16}))?"  # case
    rb"(?:\x0b(.+))?"  # fields
    rb"\x0c\x58\x20(.{32})"  # record
    rb"(\x0d\xf5)?",  # specimen
    re.DOTALL,
)
_TEXT_HEADS = tuple(
    bytes([0x60 + size]) if size < 24 else bytes([0x78, size])  # noqa: PLR2004
    for size in range(256)
)
LEAST_PAYLOAD, LARGEST_PAYLOAD = 24, 4095  # bytes
LEAD_BYTES = 21  # head of the map, key and head of iss, a USCC
REQUIRED = 0xA0 + 8  # head of a license map without any optional member
_SMALLEST_LONG = 1 << 16  # a head with four bytes holds no less
_UINT_SMALLEST = {2: 24, 3: 1 << 8, 5: 1 << 16}  # size of an integer -> least value
_MIDNIGHT = 8 * 3600  # seconds by which a day in UTC+8 begins before one in UTC
_DAY = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()


class NotThisLayoutError(Exception):
    """The token is something else, or not canonical: the simple readers decide."""


class QuickEnvelope(NamedTuple):
    """The envelope of a token, like :class:`esign.cose.Envelope`.

    Attributes:
        kid: the key it names, 8 bytes.
        signature: r and s.
        signed: the Sig_structure.
        suite: ES256 or SM2.
    """

    kid: bytes
    signature: bytes
    signed: bytes
    suite: Suite = Suite.ES256

    def verify(self, key: PublicKey) -> None:
        """Check the signature; VerificationError where it fails.

        Raises:
            UnavailableError: SM2, and the extra ``gm`` is not installed.
        """
        if key.kid != self.kid or key.suite is not self.suite:
            raise VerificationError("COSE_Sign1: signed with another key than named")
        key.verify(self.signature, self.signed)


def read(token: bytes) -> tuple[QuickEnvelope, Claims] | None:
    """Return envelope and claims of a token in the one layout, else None.

    Does NOT verify the signature.

    Args:
        token: any bytes.
    """
    try:
        envelope, payload = _read_envelope(token)
        return envelope, _read_payload(payload)
    except (NotThisLayoutError, MalformedError, IndexError, OverflowError, ValueError):
        return None  # the simple readers say what is wrong


def leads(kid: bytes, issuer: str) -> tuple[bytes, bytes]:
    """Return the two leads of an issuer's tokens that name a key, with and without exp.

    A lead holds all that stands before the payload's head, and the payload's first
    claim.
    """
    head = b"\xd2\x84\x4d\xa2\x01\x26\x04\x48" + kid + b"\xa0"
    claim = b"\x01\x72" + issuer.encode()
    return head + b"\xa5" + claim, head + b"\xa6" + claim


def signed_lead(kid: bytes) -> bytes:
    """Return how the Sig_structure of a token begins; see :func:`signed_bytes`."""
    return _SIGNED_HEAD + kid + _SIGNED_AAD


def signed_bytes(lead_: bytes, token: bytes, end: int, begin: int = 0) -> bytes:
    """Return the Sig_structure of a token whose lead and frame are ours.

    Args:
        lead_: what :func:`signed_lead` gives for the token's key.
        token: the whole token, or many.
        end: where its payload ends; two bytes on, its signature begins.
        begin: where it begins itself.
    """
    return lead_ + token[begin + ENVELOPE_BYTES : end]


def _read_envelope(token: bytes) -> tuple[QuickEnvelope, bytes]:
    head = _ENVELOPE.match(token)
    tail = len(token) - _SIGNATURE_BYTES
    if head is None:
        return _read_sm2_envelope(token)
    if token[tail - 2 : tail] != SIGNATURE_HEAD:
        raise NotThisLayoutError
    start, end, kid = head.end(), tail - 2, head[1]
    length = int.from_bytes(token[ENVELOPE_BYTES + 1 : start], "big")
    signature = token[tail:]
    if end - start != length or signature[_S_BYTES:] > P256_HALF_ORDER:
        raise NotThisLayoutError
    payload = token[start:end]
    signed = signed_bytes(signed_lead(kid), token, end)
    return QuickEnvelope(kid, signature, signed), payload


def _read_sm2_envelope(token: bytes) -> tuple[QuickEnvelope, bytes]:
    head = _SM2_ENVELOPE.match(token)
    tail = len(token) - _SIGNATURE_BYTES
    if head is None or token[tail - 2 : tail] != SIGNATURE_HEAD:
        raise NotThisLayoutError
    start, end, kid = head.end(), tail - 2, head[1]
    length = int.from_bytes(token[_SM2_ENVELOPE_BYTES + 1 : start], "big")
    signature = token[tail:]
    if end - start != length:
        raise NotThisLayoutError
    require_canonical(Suite.SM2, signature)
    signed = _SM2_SIGNED_HEAD + kid + _SIGNED_AAD + token[_SM2_ENVELOPE_BYTES:end]
    return QuickEnvelope(kid, signature, signed, Suite.SM2), token[start:end]


def _read_payload(data: bytes) -> Claims:
    found = _PAYLOAD.fullmatch(data)
    if found is None:
        raise NotThisLayoutError
    parts = found.groups()
    head, issuer, exp, nbf, iat, list_number, index, count = parts[:8]
    h1, identifier, h2, number, h3, type_name, version = parts[8:15]
    h5, holder, holders, h7, holder_code, issue_date = parts[15:21]
    h9, kind, due, case, fields, record, specimen = parts[21:]
    optional = (holders, kind, case, fields, specimen)
    if count[0] != REQUIRED + 5 - optional.count(None):
        raise NotThisLayoutError
    if (exp is None) != (head == b"\xa5"):
        raise NotThisLayoutError
    return Claims(
        issuer=issuer.decode(),
        signed_at=read_instant(iat),
        validity=read_validity(nbf, exp),
        status=StatusReference(read_uint(list_number), read_uint(index)),
        identifier=_identifier(_text(h1, identifier)),
        number=_text(h2, number),
        type_name=_text(h3, type_name),
        type_version=read_uint(version),
        holder=_text(h5, holder),
        holder_count=1 if holders is None else read_several(holders),
        holder_code=_text(h7, holder_code),
        issue_date=read_day(issue_date),
        checkpoint=None if kind is None else read_checkpoint(_text(h9, kind), due),
        case_digest=case,
        fields={} if fields is None else read_fields(fields),
        record_digest=record,
        specimen=specimen is not None,
    )


def _text(head: bytes, body: bytes) -> str:
    size = len(body)
    if size >= len(_TEXT_HEADS) or head != _TEXT_HEADS[size]:
        raise NotThisLayoutError
    return body.decode()


def read_uint(raw: bytes) -> int:
    """Return an integer in its shortest spelling; else NotThisLayoutError."""
    size = len(raw)
    if size == 1:
        return raw[0]
    value = int.from_bytes(raw[1:], "big")
    if value < _UINT_SMALLEST[size]:
        raise NotThisLayoutError
    return value


def read_several(raw: bytes) -> int:
    """Return a count of holders that is told; else NotThisLayoutError."""
    count = read_uint(raw)
    if count <= 1:
        raise NotThisLayoutError
    return count


def _identifier(text: str) -> str:
    if not is_standard(text):
        raise NotThisLayoutError
    return f"{ROOT}.{text}"


def read_checkpoint(kind: str, due: bytes) -> Checkpoint:
    """Return a checkpoint of a kind that was read; else NotThisLayoutError."""
    return Checkpoint(kind, read_day(due))


def read_fields(raw: bytes) -> dict[str, str]:
    """Return a map of texts with a short head, its keys in order."""
    found: dict[str, str] = {}
    at, last, size = 1, b"", len(raw)
    while at < size:
        start = at
        at += raw[at] - 0x5F  # a head of one byte, and a text
        if not start < at <= start + 24:
            at = _after_long_text(raw, start)
        if raw[start:at] <= last:
            raise NotThisLayoutError
        last, middle = raw[start:at], at
        at += raw[at] - 0x5F
        if middle < at <= middle + 24:
            found[_text_of(last)] = raw[middle + 1 : at].decode()
        else:
            at = _after_long_text(raw, middle)
            found[_text_of(last)] = raw[middle + 2 : at].decode()
    # The head is a short one.
    if at != size or len(found) != raw[0] - 0xA0 or not 0 < len(found) < 24:  # noqa: PLR2004
        raise NotThisLayoutError
    return found


def _after_long_text(raw: bytes, at: int) -> int:
    """Return the end of a text that needs a head of two bytes."""
    if raw[at] != 0x78 or raw[at + 1] < 24:  # noqa: PLR2004
        raise NotThisLayoutError
    return at + 2 + raw[at + 1]


@functools.lru_cache(maxsize=1024)  # names of fields, of which types have few
def _text_of(item: bytes) -> str:
    """Return the text of an item whose head was checked."""
    return item[1 if item[0] < 0x78 else 2 :].decode()  # noqa: PLR2004


def read_day(raw: bytes) -> date:
    """Return the day of an integer; ValueError or OverflowError outside of years."""
    return date.fromordinal(_EPOCH_ORDINAL + read_uint(raw))


def read_instant(raw: bytes) -> datetime:
    """Return the instant of iat, four bytes; else NotThisLayoutError."""
    return _EPOCH + timedelta(seconds=_seconds(raw))


def _seconds(raw: bytes) -> int:
    value = int.from_bytes(raw, "big")
    if value < _SMALLEST_LONG:
        raise NotThisLayoutError
    return value


@functools.lru_cache(maxsize=4096)  # few days, many licenses
def read_validity(first: bytes, last: bytes | None) -> Validity:
    """Return the days of nbf and exp, four bytes each; else NotThisLayoutError."""
    begin = _midnight(first)
    if last is None:
        return Validity(date.fromordinal(begin), None)
    end = _midnight(last)
    if end <= begin:
        raise NotThisLayoutError
    return Validity(date.fromordinal(begin), date.fromordinal(end - 1))


def _midnight(raw: bytes) -> int:
    """Return the ordinal of the day in UTC+8 that begins at an instant."""
    days, rest = divmod(_seconds(raw) + _MIDNIGHT, _DAY)
    if rest:
        raise NotThisLayoutError
    return _EPOCH_ORDINAL + days
