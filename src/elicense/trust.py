"""Trust bundles: what a validator believes, and every rule about believing it.

Bytes and instants in, an immutable :class:`TrustState` out; no files and no network
(docs/formats/trust.md). A bundle is believed only under a pinned root, and the pin
comes from the caller, never from the bundle.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from elicense.dates import parse_day
from esign import cbor, certificates, cose, statuslist
from esign.cose import Envelope, Purpose
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey, Signer
from esign.pades import SealGrant
from esign.shape import Fields
from esign.statuslist import StatusList

FORMAT = "elicense.trust/1"
ROOT_PURPOSE = Purpose("root statement", "application/elicense-root+cbor")
BUNDLE_PURPOSE = Purpose("trust bundle", "application/elicense-bundle+cbor")
MAX_BUNDLE_BYTES = 64 << 20  # 275 departments with 22 lists of 2 KB each need 12 MB
MAX_SECONDS = 253_402_185_599  # 9999-12-30 in UTC+8, the last instant of our formats
MAX_STATEMENT_ITEMS = 1000  # of a root statement: nine, and one for each bundle key
_PARTS = 3

KeyPurpose = Literal["token", "status"]


@dataclass(frozen=True, slots=True)
class OrganizationEntry:
    """An organ with its names over time, oldest first."""

    code: str
    names: tuple[tuple[date, str], ...]

    def name_on(self, day: date) -> str:
        """Return the organ's name on a day; the first one for any day before it."""
        current = self.names[0][1]
        for since, name in self.names:
            if since <= day:
                current = name
        return current


@dataclass(frozen=True, slots=True)
class Period:
    """From when, and until before when, something signs; None is no end."""

    signs_from: datetime
    signs_until: datetime | None

    def covers(self, at: datetime) -> bool:
        """Tell whether ``at`` lies in the period."""
        return self.signs_from <= at and (
            self.signs_until is None or at < self.signs_until
        )


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """A public key with its one purpose, its organization, types and period."""

    key: PublicKey
    purpose: KeyPurpose
    organization: str
    types: tuple[str, ...]
    period: Period


@dataclass(frozen=True, slots=True)
class SealEntry:
    """A department's seal: its certificate chain without the root, types, period."""

    organization: str
    certificates: tuple[bytes, ...]
    types: tuple[str, ...]
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The content of one trust bundle, before it is signed or after it was admitted.

    Attributes:
        number: rises with every publication.
        issued_at: whole seconds UTC.
        max_age: how long after ``issued_at`` it may be used.
        roots: DER certificates of the CA roots that seals chain to.
        status_lists: signed status list tokens.
    """

    number: int
    issued_at: datetime
    max_age: timedelta
    organizations: tuple[OrganizationEntry, ...]
    keys: tuple[KeyGrant, ...]
    seals: tuple[SealEntry, ...]
    roots: tuple[bytes, ...]
    status_lists: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustState:
    """What is believed now, looked up by a validator; never changes.

    Attributes:
        root: fingerprint of the pinned root, empty where nothing is pinned.
        bundle: the admitted bundle, None where nothing is believed.
        why_empty: the reason for that, for a developer.
    """

    root: str = ""
    bundle: Bundle | None = None
    why_empty: str = "no root is pinned"
    organizations: Mapping[str, OrganizationEntry] = field(default_factory=dict)
    token_keys: Mapping[tuple[str, bytes, int], KeyGrant] = field(default_factory=dict)
    seals: Mapping[bytes, SealEntry] = field(default_factory=dict)
    seal_grants: Mapping[bytes, SealGrant] = field(default_factory=dict)
    lists: Mapping[tuple[str, int], StatusList] = field(default_factory=dict)

    def with_lists(self, lists: Iterable[StatusList]) -> "TrustState":
        """Return the same trust with other status lists.

        For an issuer that asks its own register, which it believes without a signature.
        """
        by_name = {(item.issuer, item.number): item for item in lists}
        return replace(self, lists=MappingProxyType(by_name))


def no_trust(reason: str) -> TrustState:
    """Return a state that believes nothing, and why."""
    return TrustState(why_empty=reason)


def sign_root_statement(
    root: Signer, bundle_keys: Iterable[PublicKey], *, number: int, at: datetime
) -> bytes:
    """Return the root's statement that names the bundle keys."""
    payload = cbor.encode(
        {
            "number": number,
            "issued_at": _seconds(at),
            "root": root.public_key.to_cose(),
            "bundle_keys": [key.to_cose() for key in bundle_keys],
        }
    )
    return cose.sign(payload, root, ROOT_PURPOSE)


def sign_bundle(bundle: Bundle, signer: Signer, root_statement: bytes) -> bytes:
    """Return the bytes of a file ``trust.elt``."""
    payload = cbor.encode(
        {
            "number": bundle.number,
            "issued_at": _seconds(bundle.issued_at),
            "max_age": int(bundle.max_age.total_seconds()),
            "organizations": [
                {
                    "code": entry.code,
                    "names": [
                        {"name": name, "from": since.isoformat()}
                        for since, name in entry.names
                    ],
                }
                for entry in bundle.organizations
            ],
            "keys": [
                {
                    **_grant(grant),
                    "key": grant.key.to_cose(),
                    "purpose": grant.purpose,
                }
                for grant in bundle.keys
            ],
            "seals": [
                {**_grant(seal), "certificates": list(seal.certificates)}
                for seal in bundle.seals
            ],
            "roots": list(bundle.roots),
            "status_lists": list(bundle.status_lists),
        }
    )
    signed = cose.sign(payload, signer, BUNDLE_PURPOSE)
    return cbor.encode([FORMAT, root_statement, signed])


def _grant(entry: KeyGrant | SealEntry) -> dict[int | str, cbor.Value]:
    until = entry.period.signs_until
    return {
        "organization": entry.organization,
        "types": list(entry.types),
        "signs_from": _seconds(entry.period.signs_from),
        "signs_until": None if until is None else _seconds(until),
    }


def fingerprint_in(data: bytes) -> str:
    """Return the fingerprint of the root that a bundle file claims.

    For showing to a person who compares it with what they got by another way; nothing
    is verified, and the answer must not be used as a pin by itself.

    Raises:
        MalformedError: not a bundle file.
    """
    envelope, _ = _open(data)
    fields = Fields(_statement(envelope), "root statement")
    return PublicKey.from_cose(fields.bytes("root")).fingerprint


def admit(data: bytes, pinned_root: str) -> TrustState:
    """Believe a bundle file under a pinned root.

    The checks, in order:

    1. the file has the form of section 1;
    2. the root statement is signed by the root it carries, and that one is pinned;
    3. the bundle is signed by a key that the root statement names;
    4. every part has its form, and every organization named is listed;
    5. no public key has two uses;
    6. every status list is signed by a status key of its issuer, in that key's period.

    Does NOT judge the bundle's age: that depends on the instant of each validation.

    Args:
        data: bytes of a file ``trust.elt``.
        pinned_root: ``sha256:`` and 64 digits, from the caller's own configuration.

    Raises:
        MalformedError: checks 1 and 4.
        VerificationError: checks 2, 3, 5 and 6.
    """
    root_envelope, bundle_envelope = _open(data)  # (1)
    root, bundle_keys = _admit_root(root_envelope, pinned_root)  # (2)
    signer = next((key for key in bundle_keys if key.kid == bundle_envelope.kid), None)
    if signer is None:  # (3)
        raise VerificationError("trust bundle: signed by a key the root does not name")
    bundle = _read_bundle(bundle_envelope.verify(signer))  # (4)
    _refuse_second_use(root, bundle_keys, bundle)  # (5)
    lists = [_admit_list(token, bundle) for token in bundle.status_lists]  # (6)
    names = [(item.issuer, item.number) for item in lists]
    if len(set(names)) != len(names):
        raise VerificationError("trust bundle: one status list occurs twice")
    seals = {
        hashlib.sha256(seal.certificates[0]).digest(): seal for seal in bundle.seals
    }
    return TrustState(
        root=root.fingerprint,
        bundle=bundle,
        why_empty="",
        organizations=MappingProxyType({o.code: o for o in bundle.organizations}),
        token_keys=MappingProxyType(
            {
                (grant.organization, grant.key.kid, grant.key.suite.cose): grant
                for grant in bundle.keys
                if grant.purpose == "token"
            }
        ),
        seals=MappingProxyType(seals),
        seal_grants=MappingProxyType(
            {name: _seal_grant(seal, bundle.roots) for name, seal in seals.items()}
        ),
        lists=MappingProxyType(dict(zip(names, lists, strict=True))),
    )


def _statement(envelope: Envelope) -> cbor.Value:
    """Decode a root statement, whose root is not known to be the pinned one yet."""
    return cbor.decode(envelope.unverified_payload, max_items=MAX_STATEMENT_ITEMS)


def _open(data: bytes) -> tuple[Envelope, Envelope]:
    if len(data) > MAX_BUNDLE_BYTES:
        raise MalformedError(f"trust bundle: more than {MAX_BUNDLE_BYTES} bytes")
    match cbor.decode(data, max_items=_PARTS + 1):
        case [str() as name, bytes() as root, bytes() as bundle] if name == FORMAT:
            return (
                cose.open_sealed(root, ROOT_PURPOSE),
                cose.open_sealed(bundle, BUNDLE_PURPOSE),
            )
        case _:
            raise MalformedError(f"not a trust bundle of format {FORMAT}")


def _admit_root(
    envelope: Envelope, pinned: str
) -> tuple[PublicKey, tuple[PublicKey, ...]]:
    fields = Fields(_statement(envelope), "root statement")
    root = PublicKey.from_cose(fields.bytes("root"))
    if root.fingerprint != pinned:
        raise VerificationError("trust bundle: its root is not the pinned one")
    envelope.verify(root)
    fields.uint("number")
    fields.uint("issued_at")
    keys = tuple(_key(item) for item in fields.array("bundle_keys"))
    fields.end()
    return root, keys


def _key(value: cbor.Value) -> PublicKey:
    if not isinstance(value, bytes):
        raise MalformedError("trust bundle: a key is a byte string")
    return PublicKey.from_cose(value)


def _read_bundle(payload: bytes) -> Bundle:
    fields = Fields(cbor.decode(payload), "trust bundle")
    bundle = Bundle(
        number=fields.uint("number"),
        issued_at=_instant(fields, "issued_at"),
        max_age=timedelta(seconds=fields.uint("max_age", 10 * 366 * 86400)),
        organizations=tuple(map(_read_organization, fields.array("organizations"))),
        keys=tuple(map(_read_key, fields.array("keys"))),
        seals=tuple(map(_read_seal, fields.array("seals"))),
        roots=_byte_strings(fields, "roots"),
        status_lists=_byte_strings(fields, "status_lists"),
    )
    fields.end()
    codes = [entry.code for entry in bundle.organizations]
    if not codes or len(set(codes)) != len(codes):
        raise MalformedError("trust bundle: no organization, or one listed twice")
    owners = {grant.organization for grant in bundle.keys}
    owners |= {seal.organization for seal in bundle.seals}
    if not owners.issubset(codes):
        raise MalformedError("trust bundle: a key of an organization not listed")
    return bundle


def _read_organization(value: cbor.Value) -> OrganizationEntry:
    fields = Fields(value, "organization")
    code, names = fields.text("code"), []
    for item in fields.array("names"):
        name = Fields(item, "organization name")
        names.append((parse_day(name.text("from")), name.text("name")))
        name.end()
    fields.end()
    if not names or names != sorted(names, key=lambda pair: pair[0]):
        raise MalformedError("organization: names are missing or not oldest first")
    return OrganizationEntry(code, tuple(names))


def _read_key(value: cbor.Value) -> KeyGrant:
    fields = Fields(value, "key")
    key = PublicKey.from_cose(fields.bytes("key"))
    match fields.text("purpose"):
        case "token" | "status" as purpose:
            grant = KeyGrant(key, purpose, *_read_grant(fields))
        case _:
            raise MalformedError("key: unknown purpose")
    fields.end()
    if grant.purpose == "status" and grant.types:
        raise MalformedError("key: a status key is granted no license types")
    return grant


def _read_seal(value: cbor.Value) -> SealEntry:
    fields = Fields(value, "seal")
    chain = _byte_strings(fields, "certificates")
    if not chain:
        raise MalformedError("seal: no certificate")
    organization, types, period = _read_grant(fields)
    fields.end()
    return SealEntry(organization, chain, types, period)


def _read_grant(fields: Fields) -> tuple[str, tuple[str, ...], Period]:
    until = fields.nullable("signs_until", lambda key: _instant(fields, key))
    return (
        fields.text("organization"),
        fields.texts("types"),
        Period(_instant(fields, "signs_from"), until),
    )


def _byte_strings(fields: Fields, key: str) -> tuple[bytes, ...]:
    items = fields.array(key)
    chunks = tuple(item for item in items if isinstance(item, bytes))
    if len(chunks) != len(items):
        raise MalformedError(f"trust bundle: {key} holds byte strings")
    return chunks


def _instant(fields: Fields, key: int | str) -> datetime:
    return datetime.fromtimestamp(fields.uint(key, MAX_SECONDS), UTC)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _refuse_second_use(
    root: PublicKey, bundle_keys: tuple[PublicKey, ...], bundle: Bundle
) -> None:
    """Refuse a bundle in which one public key, or one kid, occurs twice."""
    leaves = [seal.certificates[0] for seal in bundle.seals]
    chains = {der for seal in bundle.seals for der in seal.certificates[1:]}
    certified = [
        certificates.read_certificate(der).public_key
        for der in (*leaves, *chains, *bundle.roots)
    ]
    uses = [root, *bundle_keys, *(grant.key for grant in bundle.keys), *certified]
    kids = [key.kid for key in uses]
    if len(set(kids)) != len(kids):
        raise VerificationError("trust bundle: one public key has two uses")


def _seal_grant(seal: SealEntry, roots: tuple[bytes, ...]) -> SealGrant:
    return SealGrant(
        organization=seal.organization,
        certificates=seal.certificates,
        roots=roots,
        signs_from=seal.period.signs_from,
        signs_until=seal.period.signs_until,
    )


def _admit_list(token: bytes, bundle: Bundle) -> StatusList:
    envelope = cose.open_sealed(token, statuslist.PURPOSE)
    claimed = statuslist.read_claims(envelope.unverified_payload)
    if claimed.issued_at > MAX_SECONDS:
        raise MalformedError("status list: signed after the year 9999")
    for grant in bundle.keys:
        if (
            grant.purpose == "status"
            and grant.organization == claimed.issuer
            and grant.key.kid == envelope.kid
            and grant.period.covers(datetime.fromtimestamp(claimed.issued_at, UTC))
        ):
            envelope.verify(grant.key)
            return claimed
    raise VerificationError("status list: not signed by a status key of its issuer")
