"""The instants of certificates: UTCTime and GeneralizedTime (RFC 5280, 4.1.2.5)."""

import re
from datetime import UTC, datetime

from esign import der
from esign.errors import MalformedError

_UTC_TIME = 0x17
_SHAPES = {
    _UTC_TIME: re.compile(rb"([0-9]{2})((?:[0-9]{2}){5})Z"),
    der.TIME: re.compile(rb"([0-9]{4})((?:[0-9]{2}){5})Z"),
}
_FIRST_YEAR, _PIVOT = 1950, 50  # two digits stand for 1950 to 2049
_FIRST_GENERALIZED = 2050


def read_time(element: bytes) -> datetime:
    """Return the instant of a time element, aware UTC.

    A GeneralizedTime before 2050 is read too: the field has it.

    Raises:
        MalformedError: another element, or no such instant.
    """
    tag = element[0] if element else 0
    shape = _SHAPES.get(tag)
    found = shape.fullmatch(der.inner(element, tag)) if shape else None
    if found is None:
        raise MalformedError("DER: expected a time in UTC with seconds")
    year, rest = int(found[1]), found[2].decode("ascii")
    if tag == _UTC_TIME:
        year += 2000 if year < _PIVOT else 1900
    try:
        return datetime.strptime(f"{year:04}{rest}+0000", "%Y%m%d%H%M%S%z")
    except ValueError as err:
        raise MalformedError("DER: no such instant") from err


def write_time(instant: datetime) -> bytes:
    """Return the element of an instant, UTCTime before 2050 as RFC 5280 wants it.

    Args:
        instant: aware, in whole seconds.

    Raises:
        ValueError: naive, with a fraction of a second, or before 1950.
    """
    if instant.tzinfo is None or instant.microsecond:
        raise ValueError("the instant must be aware and in whole seconds")
    utc = instant.astimezone(UTC)
    if utc.year < _FIRST_YEAR:
        raise ValueError("the instant must not lie before 1950")
    text = f"{utc.year:04}{utc:%m%d%H%M%S}Z".encode()
    if utc.year < _FIRST_GENERALIZED:
        return der.tlv(_UTC_TIME, text[2:])
    return der.tlv(der.TIME, text)
