"""Asking a timestamp service: the request, its answer, and both in one (RFC 3161, 2.4).

How bytes travel is the caller's business: a transport posts the request with the type
``application/timestamp-query`` and returns the body of the reply (section 3.4).
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from esign import der
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.timestamps.token import MAX_TOKEN_BYTES, SHA256, read
from esign.timestamps.verifying import DIGEST_BYTES, verify

MAX_NONCE_BITS = 64
MAX_RESPONSE_BYTES = MAX_TOKEN_BYTES + 4096  # the rest is a status and a text
_GRANTED = (0, 1)  # granted, grantedWithMods: the token is there and is verified
_MAX_STATUS = 255
_STATUS: Mapping[int, str] = {
    2: "rejection",
    3: "waiting",
    4: "revocationWarning",
    5: "revocationNotification",
}
_FAILURE: Mapping[int, str] = {
    0: "badAlg",
    2: "badRequest",
    5: "badDataFormat",
    14: "timeNotAvailable",
    15: "unacceptedPolicy",
    16: "unacceptedExtension",
    17: "addInfoNotAvailable",
    25: "systemFailure",
}


def request(digest: bytes, nonce: int) -> bytes:
    """Return a request for a timestamp (RFC 3161, section 2.4.1).

    It asks for the service's certificate and names no policy.

    Args:
        digest: SHA-256 of what is to be stamped, 32 bytes.
        nonce: a fresh random number of 64 bits, which the answer must repeat.

    Returns:
        A TimeStampReq, DER.

    Raises:
        ValueError: digest or nonce has another size.
    """
    if len(digest) != DIGEST_BYTES:
        raise ValueError(f"a SHA-256 digest has {DIGEST_BYTES} bytes")
    if nonce < 0 or nonce.bit_length() > MAX_NONCE_BITS:
        raise ValueError(f"a nonce has {MAX_NONCE_BITS} bits")
    algorithm = der.tlv(der.SEQUENCE, SHA256, der.NULL)
    return der.tlv(
        der.SEQUENCE,
        der.integer(1),
        der.tlv(der.SEQUENCE, algorithm, der.tlv(der.OCTETS, digest)),
        der.integer(nonce),
        der.TRUE,
    )


def open_response(response: bytes, digest: bytes, nonce: int) -> bytes:
    """Return the token in an answer to :func:`request` (RFC 3161, section 2.4.2).

    Does NOT check the token's signature: see :func:`esign.timestamps.verify`.

    Args:
        response: a TimeStampResp, DER.
        digest: the digest of the request, 32 bytes.
        nonce: the nonce of the request.

    Returns:
        The TimeStampToken, the very bytes that came.

    Raises:
        MalformedError: not such an answer, or its token is not of the profile.
        VerificationError: the service refused, or it stamped something else, or it
            answered another request.
    """
    token = _granted(response)
    facts = read(token)
    if facts.unverified_digest != digest:
        raise VerificationError("the timestamp is of something else")
    if facts.unverified_nonce != nonce:
        raise VerificationError("the timestamp answers another request")
    return token


def token_in(data: bytes) -> bytes:
    """Return the token of a file that holds one: bare, or as the answer it came in.

    Does NOT check what it is over or who signed it: see :func:`verify`.

    Args:
        data: a TimeStampToken or a TimeStampResp, DER.

    Raises:
        MalformedError: neither, or the token is not of the profile.
        VerificationError: an answer by which the service refused.
    """
    try:
        read(data)
    except MalformedError as err:
        try:
            token = _granted(data)
        except MalformedError:
            raise err from None
        read(token)
        return token
    return data


def _granted(response: bytes) -> bytes:
    """Return the token in an answer, as it stands."""
    if len(response) > MAX_RESPONSE_BYTES:
        raise MalformedError(
            f"timestamp response: more than {MAX_RESPONSE_BYTES} bytes"
        )
    status, *tokens = der.children(response, der.SEQUENCE, 1, 2)
    code, *details = der.children(status, der.SEQUENCE, 1, 3)
    number = der.unsigned(code, der.INTEGER, _MAX_STATUS)
    if number not in _GRANTED:
        raise VerificationError(
            f"the timestamp service refused: {_STATUS.get(number, f'status {number}')}"
            f"{_failures(details)}"
        )
    if not tokens:
        raise MalformedError("timestamp response: granted, and no token")
    return tokens[0]


def obtain(
    digest: bytes,
    nonce: int,
    transport: Callable[[bytes], bytes],
    certificates: Sequence[bytes],
    also: Collection[bytes] = (),
) -> bytes:
    """Ask a service for a timestamp and verify it before it is kept.

    Args:
        digest: SHA-256 of what is to be stamped, 32 bytes.
        nonce: a fresh random number of 64 bits.
        transport: takes the request, returns the service's answer.
        certificates: the service's certificate, then the CAs above it, DER.
        also: others that may come along, DER: see :func:`esign.timestamps.verify`.

    Returns:
        The TimeStampToken, DER.

    Raises:
        UnavailableError: the transport raised anything at all.
        MalformedError: the answer or its token is not of the profile.
        VerificationError: the service refused, or its token does not hold.
        ValueError: digest or nonce has another size.
    """
    message = request(digest, nonce)
    try:
        response = transport(message)
    except Exception as err:
        raise UnavailableError("the timestamp service gave no answer") from err
    token = open_response(response, digest, nonce)
    verify(token, digest, certificates, also)
    return token


def _failures(details: Sequence[bytes]) -> str:
    """Return the reasons by their standard names; a service's own text is left out."""
    names: list[str] = []
    for detail in details:
        if detail[0] == der.BITS:
            octets = der.inner(detail, der.BITS)[1:]  # the first counts unused bits
            names += [
                name
                for bit, name in _FAILURE.items()
                if bit // 8 < len(octets) and octets[bit // 8] & 0x80 >> bit % 8
            ]
    return f" ({', '.join(names)})" if names else ""
