"""The file ``grants.cbor``, which holds a keychain: docs/formats/workspace.md."""

from datetime import date, datetime
from typing import TypeAlias

from elicense.dates import parse_day
from elicense.keychain.chain import Keychain
from elicense.keychain.records import (
    SEALS,
    VIEWER_SEAL,
    Authority,
    ElectronicSeal,
    KeyRecord,
    in_order,
)
from elicense.trust.entries import code_of, instant, instant_or_none, period
from elicense.trust.reading import MAX_SEALS
from esign import cbor, sm2
from esign.algorithms import Suite
from esign.certificates import read_any
from esign.errors import MalformedError
from esign.keys import PublicKey
from esign.shape import Fields
from esign.sm2.digest import DIGEST_BYTES

FORMAT = "elicense.keys/1"
_CLOSING_BYTES = 32  # SHA-256
MAX_BYTES = 4 << 20  # a thousand keys with a kilobyte of certificates each, and room
Entry: TypeAlias = dict[int | str, cbor.Value]


def encode(chain: Keychain) -> bytes:
    """Return the bytes of ``grants.cbor``."""
    return cbor.encode(
        {
            "format": FORMAT,
            "organization": chain.organization,
            "authorities": list(map(_encode_authority, chain.authorities)),
            "keys": [_encode_record(item) for item in in_order(chain.records)],
            "roots": list(chain.roots),
        }
    )


def _encode_authority(item: Authority) -> Entry:
    entry: Entry = {"root": item.root, "issuing": item.issuing}
    return entry if item.maker is None else {**entry, "maker": item.maker}


def _encode_record(item: KeyRecord) -> Entry:
    entry: Entry = {
        "purpose": item.purpose,
        "organization": item.organization,
        "key": item.key.to_cose(),
        "certificates": list(item.certificates),
        "types": None if item.types is None else list(item.types),
        "signs_from": _seconds(item.period.signs_from),
        "signs_until": _seconds(item.period.signs_until),
        "backfill": _encode_days(item.backfill),
        "destroyed": item.destroyed,
        "compromised_from": _seconds(item.compromised_from),
    }
    if item.closing is not None:
        entry["closing"] = item.closing
    if item.seal is not None:
        entry["seal"] = _encode_seal(item.seal)
    if item.earlier:
        entry["earlier"] = list(map(_encode_seal, item.earlier))
    return entry


def _encode_seal(seal: ElectronicSeal) -> Entry:
    entry: Entry = {
        "digest": seal.digest,
        "maker": list(seal.maker),
        "object": seal.der,
    }
    if seal.id:
        entry["id"] = seal.id
    if seal.until is not None:
        entry["until"] = _seconds(seal.until)
    return entry


def _encode_days(days: tuple[date, date] | None) -> Entry | None:
    if days is None:
        return None
    return {"from": days[0].isoformat(), "until": days[1].isoformat()}


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def decode(data: bytes) -> Keychain:
    """Return what a file ``grants.cbor`` holds.

    Total: any bytes give a value or this error.

    Raises:
        MalformedError: anything but exactly what :func:`encode` writes.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"keys: more than {MAX_BYTES} bytes")
    fields = Fields(cbor.decode(data), "keys")
    if fields.text("format") != FORMAT:
        raise MalformedError(f"keys: not of format {FORMAT}")
    organization = code_of(fields, "organization")
    authorities = tuple(map(_authority, fields.array("authorities")))
    records = tuple(map(_record, fields.array("keys")))
    roots = fields.byte_strings("roots")
    fields.end()
    for der in roots:
        read_any(der)
    try:
        chain = Keychain(
            organization=organization,
            authorities=authorities,
            records=records,
            roots=roots,
        )
    except ValueError as err:
        raise MalformedError(f"keys: {err}") from err
    if records != in_order(records):
        raise MalformedError("keys: not in their order")
    return chain


def _authority(value: cbor.Value) -> Authority:
    fields = Fields(value, "keys: a CA")
    found = Authority(
        fields.bytes("root"),
        fields.bytes("issuing"),
        fields.optional("maker", fields.bytes),
    )
    fields.end()
    suites = {read_any(der).public_key.suite for der in found.all}
    if suites != {Suite.ES256 if found.maker is None else Suite.SM2}:
        raise MalformedError("keys: a CA of SM2 keys, and only it, has a seal maker")
    return found


def _record(value: cbor.Value) -> KeyRecord:
    fields = Fields(value, "keys: a key")
    match fields.text("purpose"):
        case "token" | "status" | "seal" | "viewer-seal" as purpose:
            found = KeyRecord(
                purpose=purpose,
                organization=code_of(fields, "organization"),
                key=PublicKey.from_cose(fields.bytes("key")),
                certificates=fields.byte_strings("certificates"),
                types=fields.nullable("types", fields.texts),
                period=period(fields),
                backfill=fields.nullable("backfill", lambda key: _days(fields, key)),
                destroyed=fields.boolean("destroyed"),
                compromised_from=instant_or_none(fields, "compromised_from"),
                seal=fields.optional("seal", lambda key: _seal(fields.map(key))),
                earlier=_earlier(fields) if "earlier" in fields else (),
                closing=fields.optional(
                    "closing", lambda key: fields.bytes(key, _CLOSING_BYTES)
                ),
            )
        case _:
            raise MalformedError("keys: unknown purpose")
    fields.end()
    _check(found)
    if found.closing is not None and (found.signs or found.purpose != "token"):
        raise MalformedError("keys: a snapshot closes a token key that signs no more")
    return found


def _check(item: KeyRecord) -> None:
    """Refuse entries that do not go together."""
    if item.signs != (item.types is None):
        raise MalformedError("keys: types are fixed for the keys that retired")
    if item.signs and (item.destroyed or item.compromised_from is not None):
        raise MalformedError("keys: what is destroyed or compromised signs no more")
    if item.backfill is not None and item.purpose != "token":
        raise MalformedError("keys: only a token key has a backfill range")
    if item.purpose == VIEWER_SEAL and item.key.suite is not Suite.ES256:
        raise MalformedError("keys: an ordinary viewer knows seals of ES256")
    sealed = [read_any(der).public_key for der in item.certificates[:1]]
    if sealed != ([item.key] if item.purpose in SEALS else []):
        raise MalformedError("keys: a seal, and only it, has its own certificate")
    is_electronic = item.purpose == "seal" and item.key.suite is Suite.SM2
    if is_electronic != (item.seal is not None):
        raise MalformedError("keys: a seal of SM2, and only it, has its electronic one")
    if item.seal is not None and item.signs != (item.seal.der is not None):
        raise MalformedError("keys: the electronic seal is there while its key signs")
    _check_seals(item)


def _check_seals(item: KeyRecord) -> None:
    """Refuse electronic seals that no key can have had one after the other."""
    if item.earlier and item.seal is None:
        raise MalformedError("keys: a seal that was followed by none")
    if item.seal is not None and item.seal.until is not None:
        raise MalformedError("keys: the last electronic seal has no end of its own")
    if any(one.der is not None or one.until is None for one in item.earlier):
        raise MalformedError("keys: an earlier electronic seal has its end alone")
    if len({one.digest for one in item.seals}) != len(item.seals):
        raise MalformedError("keys: an electronic seal is named twice")
    if len(item.seals) > MAX_SEALS:
        raise MalformedError(f"keys: more than {MAX_SEALS} electronic seals of a key")


def _earlier(fields: Fields) -> tuple[ElectronicSeal, ...]:
    found = tuple(
        _seal(Fields(one, "keys: an earlier seal")) for one in fields.array("earlier")
    )
    if not found:
        raise fields.wrong("earlier", "one seal at least")
    return found


def _seal(seal: Fields) -> ElectronicSeal:
    found = ElectronicSeal(
        seal.bytes("digest", DIGEST_BYTES),
        seal.byte_strings("maker"),
        seal.nullable("object", seal.bytes),
        _named(seal) if "id" in seal else "",
        instant(seal, "until") if "until" in seal else None,
    )
    seal.end()
    for der in found.maker:
        sm2.read_certificate(der)
    return found


def _named(seal: Fields) -> str:
    """Take the id of an imported seal; one that has none says nothing of it."""
    name = seal.text("id")
    if not name:
        raise seal.wrong("id", "an esID")
    return name


def _days(fields: Fields, key: int | str) -> tuple[date, date]:
    days = fields.map(key)
    first, last = parse_day(days.text("from")), parse_day(days.text("until"))
    days.end()
    if last < first:
        raise MalformedError("keys: a backfill range ends before it begins")
    return first, last
