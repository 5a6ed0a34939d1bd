"""The history of a workspace's keys: what each may sign, and from when until when.

Values and rules alone; the file ``grants.cbor`` is described in
docs/formats/workspace.md. Of each purpose the newest key signs. The earlier ones stay
listed for ever, because what they signed in their time stays good.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, TypeAlias

from elicense.dates import parse_day
from elicense.errors import WorkspaceError
from elicense.model import Text
from elicense.trust import KeyGrant, Period, SealEntry
from elicense.trust.entries import code_of, instant_or_none, period
from esign import cbor, sm2
from esign.algorithms import Suite
from esign.certificates import read_any
from esign.errors import MalformedError
from esign.keys import PublicKey
from esign.pades import SealObject, SubFilter
from esign.shape import Fields
from esign.sm2.digest import DIGEST_BYTES

FORMAT = "elicense.keys/1"
MAX_BYTES = 4 << 20  # a thousand keys with a kilobyte of certificates each, and room
Purpose = Literal["token", "status", "seal", "viewer-seal"]
PURPOSES: tuple[Purpose, ...] = ("token", "status", "seal")
"""Those of which every workspace has a key."""
VIEWER_SEAL: Purpose = "viewer-seal"
"""A second seal, by PAdES, beside an electronic one: for ordinary viewers."""
SEALS: tuple[Purpose, ...] = ("seal", VIEWER_SEAL)
_ORDER: tuple[Purpose, ...] = (*PURPOSES, VIEWER_SEAL)
Entry: TypeAlias = dict[int | str, cbor.Value]


@dataclass(frozen=True, slots=True)
class ElectronicSeal:
    """The seal of GB/T 38540 that a key of SM2 uses.

    Attributes:
        digest: SM3 of the SESeal, 32 bytes.
        maker: the maker's certificate and its chain without the root, DER.
        der: the SESeal; None once the key signs no more.
    """

    digest: bytes
    maker: tuple[bytes, ...]
    der: bytes | None = field(default=None, repr=False)

    @property
    def entry(self) -> SealObject:
        """The same as a bundle lists it."""
        return SealObject(self.digest, self.maker)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One key that signed, or signs, for an organ.

    Attributes:
        purpose: its one use.
        organization: USCC of its owner; a predecessor's where its keys were taken over.
        key: the public key; of a seal the one in its certificate.
        certificates: a seal's own certificate and its chain without the root, DER;
            empty for the others.
        types: the license types that it was granted, fixed when it retired; None while
            it signs whatever the catalog holds.
        period: when it signs; without an end for the one that signs now.
        backfill: first and last legal date of licenses on paper that it may seal.
        destroyed: attested that the private key exists no more.
        compromised_from: from when it may have been in other hands.
        seal: the electronic seal that a key of SM2 seals with; None for the others.
    """

    purpose: Purpose
    organization: str
    key: PublicKey
    certificates: tuple[bytes, ...] = ()
    types: tuple[str, ...] | None = None
    period: Period
    backfill: tuple[date, date] | None = None
    destroyed: bool = False
    compromised_from: datetime | None = None
    seal: ElectronicSeal | None = None

    @property
    def name(self) -> str:
        """The key's kid in hexadecimal, by which people name it."""
        return self.key.kid.hex()

    @property
    def signs(self) -> bool:
        """Whether it is the one that signs now."""
        return self.period.signs_until is None

    def granted(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """Return the types that it may sign.

        Args:
            types: those of the catalog now.
        """
        if self.purpose == "status":
            return ()
        return types if self.types is None else self.types

    def retired(self, at: datetime) -> "KeyRecord":
        """Return the record of a key that signs no more, without its seal's object.

        Args:
            at: first instant at which it does not sign; whole seconds UTC.
        """
        seal = None if self.seal is None else replace(self.seal, der=None)
        return replace(self, period=Period(self.period.signs_from, at), seal=seal)


@dataclass(frozen=True, slots=True)
class Authority:
    """Certificates of a development CA, DER.

    Attributes:
        root: its root.
        issuing: its issuing CA.
        maker: its seal maker, where its keys are of SM2.
    """

    root: bytes
    issuing: bytes
    maker: bytes | None = None

    @property
    def all(self) -> tuple[bytes, ...]:
        """Its certificates."""
        own = (self.root, self.issuing)
        return own if self.maker is None else (*own, self.maker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keychain:
    """All keys of a workspace that ever signed licenses, lists or PDFs.

    Attributes:
        organization: USCC of the workspace's organ.
        authorities: the CAs of its seals, oldest first; the last one issues.
        records: the keys, oldest first.
        roots: certificates of the CA roots of predecessors' seals, DER.
    """

    organization: str
    authorities: tuple[Authority, ...]
    records: tuple[KeyRecord, ...]
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError unless exactly one key of each purpose signs."""
        for purpose in PURPOSES:
            if len([item for item in self.own(purpose) if item.signs]) != 1:
                raise ValueError(f"exactly one {purpose} key signs")
        if len([item for item in self.own(VIEWER_SEAL) if item.signs]) > 1:
            raise ValueError("at most one seal for ordinary viewers signs")
        kids = [item.key.kid for item in self.records]
        if len(set(kids)) != len(kids):
            raise ValueError("a key occurs twice")
        if any(item.signs for item in self.records if not self._is_own(item)):
            raise ValueError("a predecessor's key signs no more")
        if not self.authorities:
            raise ValueError("a seal needs a CA")

    def _is_own(self, item: KeyRecord) -> bool:
        return item.organization == self.organization

    def own(self, purpose: Purpose) -> tuple[KeyRecord, ...]:
        """Return the organ's own keys of a purpose, oldest first."""
        return tuple(
            item
            for item in self.records
            if item.purpose == purpose and self._is_own(item)
        )

    def current(self, purpose: Purpose) -> KeyRecord:
        """Return the key that signs now."""
        return next(item for item in self.own(purpose) if item.signs)

    @property
    def viewer_seal(self) -> KeyRecord | None:
        """The seal for ordinary viewers that signs now; None where there is none."""
        return next((item for item in self.own(VIEWER_SEAL) if item.signs), None)

    def find(self, name: str) -> KeyRecord | None:
        """Return the key of a name, as :attr:`KeyRecord.name` has it; None for none."""
        return next((item for item in self.records if item.name == name), None)

    def meant(self, name: str, since: datetime) -> KeyRecord:
        """Return the key that somebody names who says from when it is compromised.

        A purpose stands for the key that signs now; where a command that marked the one
        before it is given again, for that one.

        Args:
            name: a kid in hexadecimal, or a purpose.
            since: from when it may have been in other hands.

        Raises:
            WorkspaceError: no such key, or the one that signs now began later.
        """
        if name not in _ORDER or (name == VIEWER_SEAL and self.viewer_seal is None):
            return self.named(name)
        now = self.current(name)
        if since > now.period.signs_from:
            return now
        for item in self.own(name):
            if not item.signs and item.compromised_from == since:
                return item
        if since == now.period.signs_from:
            return now
        raise WorkspaceError(
            Text(
                f"现用密钥 {now.name} 在此之后才启用；如指更早的密钥，请写明其编号"
                "（elicense keys list）",
                f"the key {now.name} signs only from a later time; if an earlier key is"
                " meant, give its name (elicense keys list)",
            )
        )

    def named(self, name: str) -> KeyRecord:
        """Return the key of a name.

        Raises:
            WorkspaceError: there is none.
        """
        found = self.find(name)
        if found is None:
            raise WorkspaceError(
                Text(
                    f"没有密钥 {name}（elicense keys list）",
                    f"there is no key {name} (elicense keys list)",
                )
            )
        return found

    def renewed(
        self, record: KeyRecord, at: datetime, types: tuple[str, ...]
    ) -> "Keychain":
        """Return the chain in which a new key signs and the one before it does not.

        Args:
            record: the new key.
            at: from when; whole seconds UTC.
            types: what the catalog holds now, which the old key was granted.

        Raises:
            ValueError: the old key did not sign before ``at``.
        """
        old = self.current(record.purpose)
        if at <= old.period.signs_from:
            raise ValueError("a key signs for a second at least")
        retired = replace(old.retired(at), types=old.granted(types))
        records = (*self._without(old), retired, record)
        return replace(self, records=_sorted(records))

    def changed(self, record: KeyRecord) -> "Keychain":
        """Return the chain with another record of the same key, or with a new one."""
        records = (*self._without(record), record)
        return replace(self, records=_sorted(records))

    def adopting(
        self, records: Iterable[KeyRecord], roots: Iterable[bytes] = ()
    ) -> "Keychain":
        """Return the chain with keys of a predecessor; those known stay as they are.

        Args:
            records: the keys, all of them retired.
            roots: of the CAs of its seals, DER.
        """
        known = {item.key.kid for item in self.records}
        new = [item for item in records if item.key.kid not in known]
        more = [item for item in roots if item not in self.roots]
        return replace(
            self,
            records=_sorted((*self.records, *new)),
            roots=(*self.roots, *dict.fromkeys(more)),
        )

    @property
    def all_roots(self) -> tuple[bytes, ...]:
        """The CA roots of all seals, DER: the organ's own, and predecessors'."""
        return (*(item.root for item in self.authorities), *self.roots)

    def _without(self, record: KeyRecord) -> Iterator[KeyRecord]:
        return (item for item in self.records if item.key.kid != record.key.kid)

    def grants(self, types: tuple[str, ...]) -> tuple[KeyGrant, ...]:
        """Return the token and status keys as a bundle lists them.

        Args:
            types: those of the catalog now.
        """
        return tuple(
            KeyGrant(
                key=item.key,
                purpose=item.purpose,
                organization=item.organization,
                types=item.granted(types),
                period=item.period,
                backfill=item.backfill,
                destroyed=item.destroyed,
                compromised_from=item.compromised_from,
            )
            for item in self.records
            if item.purpose in ("token", "status")
        )

    def seals(self, types: tuple[str, ...]) -> tuple[SealEntry, ...]:
        """Return the seals as a bundle lists them.

        Args:
            types: those of the catalog now.
        """
        return tuple(
            SealEntry(
                organization=item.organization,
                certificates=item.certificates,
                types=item.granted(types),
                period=item.period,
                destroyed=item.destroyed,
                compromised_from=item.compromised_from,
                subfilter=SubFilter.GM_SEAL if item.seal else SubFilter.PADES,
                seals=(item.seal.entry,) if item.seal else (),
            )
            for item in self.records
            if item.purpose in SEALS
        )


def widened(item: KeyRecord, first: date, last: date) -> KeyRecord:
    """Return a token key with a range of backfill that takes nothing away.

    Args:
        item: the key that signs now.
        first: the first legal date.
        last: the last one, inclusive; not before ``first``.

    Raises:
        WorkspaceError: the range leaves out days that were granted before, under which
            licenses may have been issued.
    """
    if item.backfill is not None:
        start, end = item.backfill
        if not first <= start <= end <= last:
            raise WorkspaceError(
                Text(
                    f"已授权补录 {start} 至 {end}，新范围 {first} 至 {last} 须包含它",
                    f"granted before: {start} to {end}; asked for: {first} to {last};"
                    " the new range must include the one before",
                )
            )
    return replace(item, backfill=(first, last))


def _sorted(records: Iterable[KeyRecord]) -> tuple[KeyRecord, ...]:
    """Return records in the one order of the file: by begin, purpose, name."""
    return tuple(sorted(records, key=_place))


def _place(item: KeyRecord) -> tuple[datetime, int, str]:
    return item.period.signs_from, _ORDER.index(item.purpose), item.name


def encode(chain: Keychain) -> bytes:
    """Return the bytes of ``grants.cbor``."""
    return cbor.encode(
        {
            "format": FORMAT,
            "organization": chain.organization,
            "authorities": list(map(_encode_authority, chain.authorities)),
            "keys": [_encode_record(item) for item in _sorted(chain.records)],
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
    if item.seal is None:
        return entry
    seal: Entry = {
        "digest": item.seal.digest,
        "maker": list(item.seal.maker),
        "object": item.seal.der,
    }
    return {**entry, "seal": seal}


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
    if records != _sorted(records):
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
                seal=_seal(fields) if "seal" in fields else None,
            )
        case _:
            raise MalformedError("keys: unknown purpose")
    fields.end()
    _check(found)
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


def _seal(fields: Fields) -> ElectronicSeal:
    seal = fields.map("seal")
    found = ElectronicSeal(
        seal.bytes("digest", DIGEST_BYTES),
        seal.byte_strings("maker"),
        seal.nullable("object", seal.bytes),
    )
    seal.end()
    for der in found.maker:
        sm2.read_certificate(der)
    return found


def _days(fields: Fields, key: int | str) -> tuple[date, date]:
    days = fields.map(key)
    first, last = parse_day(days.text("from")), parse_day(days.text("until"))
    days.end()
    if last < first:
        raise MalformedError("keys: a backfill range ends before it begins")
    return first, last
