"""What was seen, and what roots said, as entries of a file that keeps them.

The entries are texts, integers and arrays alone, so that JSON and CBOR carry them alike
(docs/formats/memory.md, section 2).
"""

import re
from datetime import UTC, datetime
from types import MappingProxyType

from elicense.errors import MalformedCodeError
from elicense.identifiers import check_uscc
from elicense.trust.entries import MAX_SECONDS, instant
from elicense.trust.seen import Seen
from elicense.trust.writing import SignedStatement
from esign import cbor
from esign.errors import MalformedError
from esign.shape import Fields

_FINGERPRINT = re.compile("sha256:[0-9a-f]{64}")  # docs/formats/trust.md
_DIGEST = re.compile("[0-9a-f]{64}")
_KID = re.compile("[0-9a-f]{16}")


def entries_of(seen: Seen) -> dict[int | str, cbor.Value]:
    """Return a memory as entries, in the one order that a file has them."""
    entries: dict[int | str, cbor.Value] = {
        "roots": [
            {"root": root, "speaks_for": scope} for root, scope in seen.scopes.items()
        ],
        "statement": seen.statement,
        "number": seen.number,
        "bundle": seen.digest.hex(),
        "issued_at": int(seen.issued_at.timestamp()),
        "lists": [[*name, sequence] for name, sequence in sorted(seen.lists.items())],
        "sources": [[code, *source] for code, source in sorted(seen.sources.items())],
    }
    if seen.closings:
        entries["closings"] = [
            [code, kid.hex(), digest.hex()]
            for (code, kid), digest in sorted(seen.closings.items())
        ]
    if seen.snapshots:
        entries["snapshots"] = [
            [digest.hex(), int(at.timestamp())]
            for digest, at in sorted(seen.snapshots.items())
        ]
    return entries


def read_seen(value: cbor.Value) -> Seen:
    """Return the memory that entries hold.

    Does NOT ask for the one order of its arrays: encode again and compare.

    Raises:
        MalformedError: entries of another shape.
    """
    fields = Fields(value, "seen")
    scopes = dict(take_root(Fields(item, "root")) for item in fields.array("roots"))
    statement, number = fields.uint("statement"), fields.uint("number")
    digest, issued_at = fields.text("bundle"), instant(fields, "issued_at")
    lists = dict(_list(item) for item in fields.array("lists"))
    sources = dict(_source(item) for item in fields.array("sources"))
    closings = dict(map(_closing, fields.optional("closings", fields.array) or ()))
    snapshots = dict(map(_snapshot, fields.optional("snapshots", fields.array) or ()))
    fields.end()
    if not scopes or not _DIGEST.fullmatch(digest):
        raise MalformedError("seen: no root, or no digest")
    return Seen(
        scopes=MappingProxyType(scopes),
        statement=statement,
        number=number,
        digest=bytes.fromhex(digest),
        issued_at=issued_at,
        lists=MappingProxyType(lists),
        sources=MappingProxyType(sources),
        closings=MappingProxyType(closings),
        snapshots=MappingProxyType(snapshots),
    )


def is_fingerprint(text: str) -> bool:
    """Tell whether a text is a root's fingerprint: ``sha256:`` and 64 digits.

    docs/formats/trust.md; capital letters are another spelling and are refused.
    """
    return _FINGERPRINT.fullmatch(text) is not None


def take_root(fields: Fields) -> tuple[str, str | None]:
    """Take a root and what it speaks for, and end.

    Args:
        fields: entries ``root`` and ``speaks_for`` of a decoded map.

    Raises:
        MalformedError: another shape, fingerprint or code.
    """
    root = fields.text("root")
    scope = fields.nullable("speaks_for", fields.text)
    fields.end()
    if not is_fingerprint(root):
        raise MalformedError("root: not a fingerprint")
    try:
        if scope is not None:
            check_uscc(scope)
    except MalformedCodeError as err:
        raise MalformedError("root: it speaks for no USCC") from err
    return root, scope


def read_statements(data: bytes) -> tuple[SignedStatement, ...]:
    """Return the root statements of a file ``root-statements.cbor``; none verified.

    Raises:
        MalformedError: not an array of signatures, or an empty one.
    """
    match cbor.decode(data):
        case [_, *_] as items:
            return tuple(map(_signatures, items))
        case _:
            raise MalformedError("expected an array of root statements")


def _signatures(value: cbor.Value) -> SignedStatement:
    chunks = value if isinstance(value, list) else []
    found = tuple(item for item in chunks if isinstance(item, bytes))
    if not found or len(found) != len(chunks):
        raise MalformedError("expected the signatures of a root statement")
    return found


def _list(item: cbor.Value) -> tuple[tuple[str, int], int]:
    match item:
        case [str() as issuer, number, sequence]:
            return (issuer, _number(number)), _number(sequence)
        case _:
            raise MalformedError("seen: an issuer, a list and its sequence")


def _source(item: cbor.Value) -> tuple[str, tuple[str, int, int]]:
    match item:
        case [str() as code, str() as root, statement, number]:
            return code, (root, _number(statement), _number(number))
        case _:
            raise MalformedError("seen: a code, a root and two numbers")


def _closing(item: cbor.Value) -> tuple[tuple[str, bytes], bytes]:
    match item:
        case [str() as code, str() as kid, str() as digest] if _KID.fullmatch(
            kid
        ) and _DIGEST.fullmatch(digest):
            return (code, bytes.fromhex(kid)), bytes.fromhex(digest)
        case _:
            raise MalformedError("seen: a code, a kid and a digest")


def _snapshot(item: cbor.Value) -> tuple[bytes, datetime]:
    match item:
        case [str() as digest, seconds] if _DIGEST.fullmatch(digest):
            if _number(seconds) > MAX_SECONDS:
                raise MalformedError("seen: a snapshot after the year 9999")
            return bytes.fromhex(digest), datetime.fromtimestamp(_number(seconds), UTC)
        case _:
            raise MalformedError("seen: a digest and an instant")


def _number(value: cbor.Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MalformedError("seen: a number from 0 on")
    return value
