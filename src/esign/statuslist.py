"""Token Status List: one small number for each license, signed as one CWT.

Follows draft-ietf-oauth-status-list-20 for the packing of statuses and for the CWT; the
claims of our own profile are in docs/formats/status-list.md.
"""

import enum
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from esign import cbor, cose
from esign.cose import Purpose
from esign.errors import MalformedError
from esign.keys import Signer
from esign.shape import Fields

BITS = 2
MAX_LIST_BYTES = 16 << 20  # 64 M statuses of 2 bits; bounds what zlib may inflate
# What stays inflated: 250 lists of the usual 1 M entries, or three of the largest. A
# hub's bundle has some 6000 lists, and one run asks a few of them again and again.
CACHE_BYTES = 64 << 20
_ENTRY_BYTES = 1 << 10  # what a kept list costs beside its bytes, rounded up
PURPOSE = Purpose("status list", "application/statuslist+cwt")
_CLAIM_ISS, _CLAIM_SUB, _CLAIM_EXP, _CLAIM_IAT = 1, 2, 4, 6
_CLAIM_STATUS_LIST = 65533  # requested assignment of the draft
_CLAIM_NUMBER, _CLAIM_SEQUENCE = -65539, -65540
_WIDTHS = (1, 2, 4, 8)


class Status(enum.IntEnum):
    """Statuses of two bits; 3 is application specific in the draft."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    SUPERSEDED = 3


_STATUSES = tuple(Status)


def array(statuses: Mapping[int, int], size: int, bits: int = BITS) -> bytes:
    """Return the packed array of ``size`` statuses; those not named are 0.

    The first status stands in the least significant bits (draft, section 4.1).

    Raises:
        ValueError: an index or a status outside its range, or a size that does not
            fill whole bytes: a reader would take the padding for statuses.
    """
    if bits not in _WIDTHS or not 0 < size <= MAX_LIST_BYTES * 8 // bits:
        raise ValueError(f"{size} statuses of {bits} bits")
    if size * bits % 8:
        raise ValueError(f"{size} statuses of {bits} bits do not fill whole bytes")
    packed = bytearray(size * bits // 8)
    for index, status in statuses.items():
        if not 0 <= index < size or not 0 <= status < 1 << bits:
            raise ValueError(f"status {status} at index {index} of {size}")
        packed[index * bits // 8] |= status << (index * bits % 8)
    return bytes(packed)


def pack(statuses: Mapping[int, int], size: int, bits: int = BITS) -> bytes:
    """Return the array of :func:`array` compressed at the highest level.

    Raises:
        ValueError: as for :func:`array`.
    """
    return zlib.compress(array(statuses, size, bits), 9)


def unpack(compressed: bytes) -> bytes:
    """Return the array of packed statuses.

    Raises:
        MalformedError: not one complete zlib stream, or larger than MAX_LIST_BYTES.
    """
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(compressed, MAX_LIST_BYTES)
    except zlib.error as err:
        raise MalformedError("status list: not a zlib stream") from err
    if not inflater.eof or inflater.unused_data:
        raise MalformedError("status list: cut short, too large, or followed by bytes")
    return packed


def status_at(array: bytes, index: int, bits: int = BITS) -> int:
    """Return one status.

    Raises:
        MalformedError: the index lies outside the list, which is never a yes.
        ValueError: no list has statuses of so many bits.
    """
    if bits not in _WIDTHS:
        raise ValueError(f"statuses of {bits} bits")
    byte, shift = divmod(index * bits, 8)
    if not 0 <= byte < len(array):
        raise MalformedError(f"status list: index {index} is outside the list")
    return array[byte] >> shift & (1 << bits) - 1


class _Inflated:
    """The lists that were inflated last, at most so many bytes; safe for threads.

    What could not be inflated is remembered too: a run that meets the same bad list
    for each of a million licenses must not try it each time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, bytes | str] = OrderedDict()
        self._size = 0

    def array(self, compressed: bytes) -> bytes:
        """Return the array; MalformedError where there is none."""
        with self._lock:
            found = self._kept.get(compressed)
            if found is not None:
                self._kept.move_to_end(compressed)
        if found is None:
            found = self._inflate(compressed)
        if isinstance(found, str):
            raise MalformedError(found)
        return found

    def _inflate(self, compressed: bytes) -> bytes | str:
        """Inflate outside of the lock; that two threads may do the same is no harm."""
        made: bytes | str
        try:
            made = unpack(compressed)
        except MalformedError as err:
            made = str(err)
        with self._lock:
            if compressed not in self._kept:
                self._kept[compressed] = made
                self._size += _cost(compressed, made)
            while self._size > self._limit:
                self._size -= _cost(*self._kept.popitem(last=False))
        return made


def _cost(compressed: bytes, made: bytes | str) -> int:
    return len(compressed) + len(made) + _ENTRY_BYTES


_INFLATED = _Inflated(CACHE_BYTES)


class _Compressed(NamedTuple):
    """An array as a token carries it, not looked into yet."""

    data: bytes


class _Array:
    """The field ``array``: kept as it was given, and bytes to whoever reads it."""

    def __get__(self, instance: "StatusList | None", _owner: type) -> bytes:
        if instance is None:
            raise AttributeError("the array has no default")  # for dataclass
        kept: bytes | _Compressed = instance.__dict__["array"]
        return _INFLATED.array(kept.data) if isinstance(kept, _Compressed) else kept

    def __set__(self, instance: "StatusList", value: bytes | _Compressed) -> None:
        instance.__dict__["array"] = value


@dataclass(frozen=True)
class StatusList:
    """The claims of one published list.

    A list that was read from a token is inflated when its array is first asked for, and
    again after :data:`CACHE_BYTES` of other lists: only then can it turn out that there
    is no array, a MalformedError. Comparing two lists asks for both arrays.

    Attributes:
        issuer: USCC of the organization whose licenses it speaks of.
        number: the list's number, unique within the issuer.
        sequence: rises by at least one with every publication.
        issued_at: seconds since 1970, when it was signed.
        expires_at: seconds since 1970, from when it must not be used.
        array: packed statuses of two bits; MalformedError when read, see above.
    """

    issuer: str
    number: int
    sequence: int
    issued_at: int
    expires_at: int
    array: _Array = _Array()

    def status(self, index: int) -> Status:
        """Return the status of one license.

        Args:
            index: its place in the list, from 0.

        Raises:
            MalformedError: the index lies outside the list, or the array cannot be
                inflated; neither is ever a yes.
        """
        return _STATUSES[status_at(self.array, index)]


def subject(issuer: str, number: int) -> str:
    """Return the name of a list, its ``sub`` claim."""
    return f"elicense:status:{issuer}:{number}"


def sign(status_list: StatusList, signer: Signer) -> bytes:
    """Return the list as a signed Status List Token, CWT form (draft, 5.2).

    Raises:
        ValueError: a list that :func:`read_claims` would not read back as it is.
        MalformedError: a list that was read, and whose array cannot be inflated.
        UnavailableError: the signer's device did not answer.
    """
    compressed = zlib.compress(status_list.array, 9)
    claims: dict[int | str, cbor.Value] = {
        _CLAIM_ISS: status_list.issuer,
        _CLAIM_SUB: subject(status_list.issuer, status_list.number),
        _CLAIM_EXP: status_list.expires_at,
        _CLAIM_IAT: status_list.issued_at,
        _CLAIM_NUMBER: status_list.number,
        _CLAIM_SEQUENCE: status_list.sequence,
        _CLAIM_STATUS_LIST: {"bits": BITS, "lst": compressed},
    }
    payload = cbor.encode(claims)
    try:
        read_claims(payload)
        unpack(compressed)
    except MalformedError as err:
        raise ValueError("status list: its own claims do not fit together") from err
    return cose.sign(payload, signer, PURPOSE)


def read_claims(payload: bytes) -> StatusList:
    """Read the payload of a Status List Token of our profile.

    Does NOT verify anything: the caller opened the envelope with the right key. Does
    NOT inflate the array either: see :class:`StatusList`.

    Args:
        payload: the claims, CBOR.

    Returns:
        The list, its array still compressed.

    Raises:
        MalformedError: other claims, another shape, or an expiry before the issue.
    """
    claims = Fields(cbor.decode(payload), "status list")
    issuer = claims.text(_CLAIM_ISS)
    name = claims.text(_CLAIM_SUB)
    expires_at, issued_at = claims.uint(_CLAIM_EXP), claims.uint(_CLAIM_IAT)
    number, sequence = claims.uint(_CLAIM_NUMBER), claims.uint(_CLAIM_SEQUENCE)
    inner = claims.map(_CLAIM_STATUS_LIST)
    claims.end()
    bits, compressed = inner.uint("bits"), inner.bytes("lst")
    inner.end()
    if name != subject(issuer, number) or bits != BITS or expires_at <= issued_at:
        raise MalformedError("status list: name, bits or times do not fit together")
    array = _Compressed(compressed)
    return StatusList(issuer, number, sequence, issued_at, expires_at, array)
