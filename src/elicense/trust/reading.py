"""Reading a trust bundle: bytes in, its parts out, by shape alone.

Every rule that one part can break by itself is here; what is believed is decided in
:mod:`elicense.trust.admit`.
"""

from collections import Counter
from datetime import date, timedelta
from typing import NamedTuple

from elicense.dates import parse_day
from elicense.trust.entries import code_of, instant, instant_or_none, period
from elicense.trust.model import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    SealEntry,
    SnapshotSighting,
    Source,
    Succession,
    TimestampAuthority,
)
from esign import cbor, certificates, cose
from esign.certificates import MAX_INTERMEDIATES
from esign.cose import Envelope, Purpose
from esign.errors import MalformedError
from esign.keys import PublicKey
from esign.pades import SealObject, SubFilter
from esign.shape import Fields, byte_strings

FORMAT = "elicense.trust/2"
FORMAT_GM = "elicense.trust/3"
"""Of a bundle with seals of the GM profile; the same otherwise."""
FORMAT_CLOSING = "elicense.trust/4"
"""Of a bundle with closing digests of keys or with snapshots that a hub saw."""
_FORMATS = (FORMAT, FORMAT_GM, FORMAT_CLOSING)
ROOT_PURPOSE = Purpose("root statement", "application/elicense-root+cbor")
BUNDLE_PURPOSE = Purpose("trust bundle", "application/elicense-bundle+cbor")
MAX_BUNDLE_BYTES = 64 << 20  # 275 departments with 22 lists of 2 KB each need 12 MB
MAX_STATEMENTS = 100  # a rotation a year for a century
MAX_AGE_SECONDS = 10 * 366 * 86400
# What one file may have of each, many times what 275 departments need; each costs time.
MAX_PARTS = {
    "organizations": 5_000,
    "keys": 20_000,
    "seals": 5_000,
    "timestamp_authorities": 200,
    "roots": 2_000,
    "crls": 2_000,
    "sources": 5_000,
    "status_lists": 50_000,
    "snapshots": 50_000,
}
MAX_TYPES = 1_000  # of one grant
MAX_LISTS = 400  # of one organization: twenty years ahead, and generations
MAX_SNAPSHOTS = 64  # of one organization: the ends of its keys
MAX_SEALS = 16  # electronic seals of one signer: one, and those made before it
MAX_CHAIN = 1 + MAX_INTERMEDIATES  # certificates of a seal or a timestamp authority
_MAX_FILE_ITEMS = 3 * MAX_STATEMENTS + 4  # arrays and byte strings of a whole file
_SIGNATURES = (1, 2)
_DIGEST_BYTES = 32
_GM = {one.label: one for one in SubFilter if one is not SubFilter.PADES}


class Opened(NamedTuple):
    """The envelopes of a file ``trust.elt``; nothing is verified yet.

    Attributes:
        statements: the signatures of each root statement, oldest first.
        bundle: the bundle.
        format: which of the formats the file says that it has.
    """

    statements: tuple[tuple[Envelope, ...], ...]
    bundle: Envelope
    format: str


def open_file(data: bytes) -> Opened:
    """Open a file ``trust.elt``; nothing is verified yet.

    Raises:
        MalformedError: not a trust bundle of this format.
    """
    if len(data) > MAX_BUNDLE_BYTES:
        raise MalformedError(f"trust bundle: more than {MAX_BUNDLE_BYTES} bytes")
    match cbor.decode(data, max_items=_MAX_FILE_ITEMS):
        case [str() as name, list() as statements, bytes() as bundle] if (
            name in _FORMATS
        ):
            if not 0 < len(statements) <= MAX_STATEMENTS:
                raise MalformedError(f"trust bundle: 1 to {MAX_STATEMENTS} statements")
            return Opened(
                tuple(_open_statement(item) for item in statements),
                cose.open_sealed(bundle, BUNDLE_PURPOSE),
                name,
            )
        case _:
            known = ", ".join(_FORMATS)
            raise MalformedError(f"not a trust bundle of format {known}")


def format_of(bundle: Bundle) -> str:
    """Return which of the formats a bundle is written in."""
    if bundle.snapshots or any(grant.closing for grant in bundle.keys):
        return FORMAT_CLOSING
    return FORMAT_GM if any(seal.is_gm for seal in bundle.seals) else FORMAT


def _open_statement(value: cbor.Value) -> tuple[Envelope, ...]:
    if not isinstance(value, list) or len(value) not in _SIGNATURES:
        raise MalformedError("root statement: one or two signatures")
    return tuple(
        cose.open_sealed(item, ROOT_PURPOSE)
        for item in byte_strings(value, "trust bundle.statement")
    )


def read_bundle(payload: bytes) -> Bundle:
    """Return what a bundle says; MalformedError for any other shape."""
    fields = Fields(cbor.decode(payload), "trust bundle")
    bundle = Bundle(
        statement=fields.uint("statement"),
        number=fields.uint("number"),
        issued_at=instant(fields, "issued_at"),
        max_age=_age(fields),
        organizations=tuple(map(_organization, _part(fields, "organizations"))),
        keys=tuple(map(_key, _part(fields, "keys"))),
        seals=tuple(map(_seal, _part(fields, "seals"))),
        authorities=tuple(map(_authority, _part(fields, "timestamp_authorities"))),
        roots=byte_strings(_part(fields, "roots"), "trust bundle.roots"),
        crls=byte_strings(_part(fields, "crls"), "trust bundle.crls"),
        sources=tuple(map(_source, _part(fields, "sources"))),
        status_lists=tuple(map(_list, _part(fields, "status_lists"))),
        countersigner=fields.optional(
            "countersigner", lambda key: code_of(fields, key)
        ),
        snapshots=_snapshots(fields),
    )
    fields.end()
    _check_names(bundle)
    _check_snapshots(bundle)
    return bundle


def _part(fields: Fields, key: str) -> list[cbor.Value]:
    """Take an array of a bundle, of no more entries than any file of ours has."""
    items = fields.array(key)
    if len(items) > MAX_PARTS[key]:
        raise MalformedError(f"trust bundle: more than {MAX_PARTS[key]} {key}")
    return items


def _check_names(bundle: Bundle) -> None:
    """Refuse an organization that is listed twice, or named and not listed."""
    codes = [entry.code for entry in bundle.organizations]
    if not codes or len(set(codes)) != len(codes):
        raise MalformedError("trust bundle: no organization, or one listed twice")
    owners = {grant.organization for grant in bundle.keys}
    owners |= {seal.organization for seal in bundle.seals}
    owners |= {authority.organization for authority in bundle.authorities}
    owners |= {source.organization for source in bundle.sources}
    owners |= {entry.issuer for entry in bundle.status_lists}
    owners |= {item.organization for item in bundle.snapshots}
    owners |= {item.code for o in bundle.organizations for item in o.successors}
    if not owners.issubset(codes):
        raise MalformedError("trust bundle: an organization is named and not listed")
    lists = [(entry.issuer, entry.number) for entry in bundle.status_lists]
    sources = [source.organization for source in bundle.sources]
    if len(set(lists)) != len(lists) or len(set(sources)) != len(sources):
        raise MalformedError("trust bundle: a status list or a source occurs twice")
    most = max(Counter(issuer for issuer, _ in lists).values(), default=0)
    if most > MAX_LISTS:
        raise MalformedError(f"trust bundle: more than {MAX_LISTS} lists of one organ")


def _check_snapshots(bundle: Bundle) -> None:
    """Refuse snapshots of nobody's word, from the future, twice or too many."""
    seen = bundle.snapshots
    if (bundle.countersigner is None) != (not seen):
        raise MalformedError("trust bundle: snapshots and countersigner go together")
    if any(item.seen_at > bundle.issued_at for item in seen):
        raise MalformedError("trust bundle: a snapshot was seen after its date")
    numbers = {(item.organization, item.number) for item in seen}
    if min(len(numbers), len({item.sha256 for item in seen})) != len(seen):
        raise MalformedError("trust bundle: a snapshot occurs twice")
    most = max(Counter(item.organization for item in seen).values(), default=0)
    if most > MAX_SNAPSHOTS:
        raise MalformedError(f"trust bundle: over {MAX_SNAPSHOTS} of one organ")


def _organization(value: cbor.Value) -> OrganizationEntry:
    fields = Fields(value, "organization")
    code, names = code_of(fields, "code"), []
    for item in fields.array("names"):
        name = Fields(item, "organization name")
        names.append((parse_day(name.text("from")), name.text("name")))
        name.end()
    successors = tuple(_succession(item) for item in fields.array("successors"))
    fields.end()
    days = [day for day, _ in names]
    if not names or days != sorted(set(days)):
        raise MalformedError("organization: names are missing or not oldest first")
    keepers = [item for item in successors if item.keeps_lists]
    if len(keepers) > 1 or code in {item.code for item in successors}:
        raise MalformedError("organization: itself, or two, keep its status lists")
    return OrganizationEntry(code, tuple(names), successors)


def _succession(value: cbor.Value) -> Succession:
    fields = Fields(value, "successor")
    succession = Succession(
        code=code_of(fields, "code"),
        since=instant(fields, "from"),
        types=_types(fields),
        keeps_lists=fields.boolean("keeps_lists"),
    )
    fields.end()
    return succession


def _key(value: cbor.Value) -> KeyGrant:
    fields = Fields(value, "key")
    match fields.text("purpose"):
        case "token" | "status" as purpose:
            grant = KeyGrant(
                key=PublicKey.from_cose(fields.bytes("key")),
                purpose=purpose,
                organization=code_of(fields, "organization"),
                types=_types(fields),
                period=period(fields),
                backfill=fields.nullable("backfill", lambda key: _days(fields, key)),
                destroyed=fields.boolean("destroyed"),
                compromised_from=instant_or_none(fields, "compromised_from"),
                closing=fields.optional(
                    "closing", lambda key: fields.bytes(key, _DIGEST_BYTES)
                ),
            )
        case _:
            raise MalformedError("key: unknown purpose")
    fields.end()
    if grant.purpose == "status" and (grant.types or grant.backfill):
        raise MalformedError("key: a status key is granted no license types")
    ends = grant.purpose == "token" and grant.period.signs_until is not None
    if grant.closing is not None and not ends:
        raise MalformedError("key: only a token key that ends is closed by a snapshot")
    return grant


def _seal(value: cbor.Value) -> SealEntry:
    fields = Fields(value, "seal")
    subfilter = fields.optional("subfilter", lambda key: _subfilter(fields, key))
    seal = SealEntry(
        organization=code_of(fields, "organization"),
        certificates=_chain(fields),
        types=_types(fields),
        period=period(fields),
        destroyed=fields.boolean("destroyed"),
        compromised_from=instant_or_none(fields, "compromised_from"),
        subfilter=subfilter or SubFilter.PADES,
        seals=() if subfilter is None else _seals(fields, subfilter),
    )
    fields.end()
    ders = [der for chain in seal.chains for der in chain]
    if any(certificates.is_sm2(der) is not seal.is_gm for der in ders):
        raise MalformedError("seal: its certificates are of another kind than it is")
    return seal


def _subfilter(fields: Fields, key: int | str) -> SubFilter:
    """Take the kind of a seal of the GM profile; others do not name theirs."""
    found = _GM.get(fields.text(key))
    if found is None:
        raise fields.wrong(key, "one of " + ", ".join(_GM))
    return found


def _seals(fields: Fields, subfilter: SubFilter) -> tuple[SealObject, ...]:
    """Take the electronic seals of a signer."""
    least, most = (1, MAX_SEALS) if subfilter is SubFilter.GM_SEAL else (0, 0)
    items = fields.array("seals")
    if not least <= len(items) <= most:
        raise fields.wrong("seals", f"{least} to {most} electronic seals")
    seals = tuple(map(_object, items))
    if len({made.digest for made in seals}) != len(seals):
        raise MalformedError("seal: an electronic seal is named twice")
    return seals


def _object(value: cbor.Value) -> SealObject:
    fields = Fields(value, "electronic seal")
    made = SealObject(
        digest=fields.bytes("digest", _DIGEST_BYTES),
        maker=_chain(fields, "maker"),
        maker_revoked_at=instant_or_none(fields, "maker_revoked_at"),
        withdrawn_at=instant_or_none(fields, "withdrawn_at"),
    )
    fields.end()
    return made


def _authority(value: cbor.Value) -> TimestampAuthority:
    fields = Fields(value, "timestamp authority")
    authority = TimestampAuthority(
        organization=code_of(fields, "organization"),
        certificates=_chain(fields),
        period=period(fields),
        compromised_from=instant_or_none(fields, "compromised_from"),
    )
    fields.end()
    return authority


def _source(value: cbor.Value) -> Source:
    fields = Fields(value, "source")
    source = Source(
        organization=code_of(fields, "organization"),
        root=fields.text("root"),
        statement=fields.uint("statement"),
        number=fields.uint("number"),
        issued_at=instant(fields, "issued_at"),
        max_age=_age(fields),
    )
    fields.end()
    return source


def _list(value: cbor.Value) -> ListEntry:
    fields = Fields(value, "status list entry")
    entry = ListEntry(
        issuer=code_of(fields, "issuer"),
        number=fields.uint("number"),
        sequence=fields.uint("sequence"),
        token=fields.bytes("token"),
    )
    fields.end()
    return entry


def _snapshots(fields: Fields) -> tuple[SnapshotSighting, ...]:
    """Take what a hub saw of snapshots; an empty array is another spelling of none."""
    if "snapshots" not in fields:
        return ()
    found = tuple(map(_snapshot, _part(fields, "snapshots")))
    if not found:
        raise fields.wrong("snapshots", "at least one, or no such entry")
    return found


def _snapshot(value: cbor.Value) -> SnapshotSighting:
    fields = Fields(value, "snapshot")
    found = SnapshotSighting(
        organization=code_of(fields, "organization"),
        number=fields.uint("number"),
        sha256=fields.bytes("sha256", _DIGEST_BYTES),
        seen_at=instant(fields, "seen_at"),
    )
    fields.end()
    return found


def _chain(fields: Fields, key: str = "certificates") -> tuple[bytes, ...]:
    chain = fields.byte_strings(key)
    if not 0 < len(chain) <= MAX_CHAIN:
        raise MalformedError(f"trust bundle: a chain has 1 to {MAX_CHAIN} certificates")
    return chain


def _types(fields: Fields) -> tuple[str, ...]:
    types = fields.texts("types")
    if len(types) > MAX_TYPES:
        raise MalformedError(f"trust bundle: more than {MAX_TYPES} types in a grant")
    return types


def _days(fields: Fields, key: int | str) -> tuple[date, date]:
    days = fields.map(key)
    first, last = parse_day(days.text("from")), parse_day(days.text("until"))
    days.end()
    if last < first:
        raise MalformedError("key: a backfill range ends before it begins")
    return first, last


def _age(fields: Fields) -> timedelta:
    return timedelta(seconds=fields.uint("max_age", MAX_AGE_SECONDS))
