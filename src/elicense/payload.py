"""License <-> claims <-> token <-> QR text (docs/formats/token.md)."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from elicense import dates, masking
from elicense.catalog import LicenseType
from elicense.identifiers import ROOT, Identifier
from elicense.model import Checkpoint, FieldValue, License, Validity
from esign import cbor, cose
from esign.algorithms import Suite
from esign.cose import Envelope, Purpose
from esign.encoding import base45_decode, base45_encode
from esign.errors import MalformedError
from esign.keys import Signer
from esign.shape import Fields

PURPOSE = Purpose("license token", None, b"elicense.license/1")
SUITES = (Suite.ES256, Suite.ED25519, Suite.SM2)
"""Algorithms of tokens: their signatures fit a QR."""
OFFLINE_PREFIX = "EL1-AQYZ/.:$"
MAX_TOKEN_BYTES = 4096  # what fits the largest symbol has about 650
MAX_QR_TEXT = 4096  # characters; longer text is refused before it is decoded
HOLDER_CHARACTERS = 40
"""Characters of a holder's name in a token; a longer one is cut and ends with …. The
longest names of organizations have 80, a quarter of what a symbol holds."""
CASE_BYTES = 16
RECORD_DIGEST_BYTES = 32

_ISS, _EXP, _NBF, _IAT, _STATUS, _LICENSE = 1, 4, 5, 6, -65537, -65538
_IDENTIFIER, _NUMBER, _TYPE, _TYPE_VERSION, _HOLDER, _HOLDERS = range(1, 7)
_HOLDER_CODE, _ISSUE_DATE, _CHECKPOINT, _CASE, _FIELDS, _RECORD = range(7, 13)
_SPECIMEN = 13
_ONLINE = re.compile(r"HTTPS://[A-Z0-9](?:[A-Z0-9.-]{0,62}[A-Z0-9])?/#EL1")
_HOST = re.compile(r"[A-Z0-9](?:[A-Z0-9.-]{0,62}[A-Z0-9])?")
_PERCENT = re.compile(r"%(25|20)")
_MAX_SECONDS = 253_402_185_599  # 9999-12-30 in UTC+8: no sum of a day overflows


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Where a license's status stands: the list's number and an index in it."""

    list_number: int
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says.

    Attributes:
        issuer: USCC of the issuing organ.
        signed_at: when the token was signed, whole seconds UTC.
        identifier: GB/T 36904 identifier with its root.
        number: as printed, or masked where it holds a citizen id.
        holder: name of the first holder, in full.
        holder_code: masked for a natural person.
        case_digest: 16 bytes, None without a case number.
        record_digest: SHA-256 of the record.
        specimen: the page is printed 样张.
    """

    issuer: str
    signed_at: datetime
    validity: Validity
    status: StatusReference
    identifier: str
    number: str = field(repr=False)
    type_name: str
    type_version: int
    holder: str = field(repr=False)
    holder_count: int
    holder_code: str = field(repr=False)
    issue_date: date
    checkpoint: Checkpoint | None
    case_digest: bytes | None
    fields: Mapping[str, str] = field(repr=False)
    record_digest: bytes
    specimen: bool = False

    @property
    def holder_is_person(self) -> bool:
        """Tell whether the holder is a natural person: only their codes are masked."""
        return "*" in self.holder_code


def claims_of(
    license_: License,
    license_type: LicenseType,
    *,
    record_digest: bytes,
    status: StatusReference,
    signed_at: datetime,
) -> Claims:
    """Return what the token says of a license.

    Args:
        license_: the license.
        license_type: its type in its version; says what is masked and what is in_qr.
        record_digest: SHA-256 of the record.
        status: where its status will stand.
        signed_at: whole seconds UTC.
    """
    fields = license_.draft.fields
    told = {
        rule.key: _cut(_told(fields[rule.key]), rule.qr_length)
        for rule in license_type.fields
        if rule.in_qr and rule.key in fields
    }
    number = license_.draft.number
    if license_type.number_holds_citizen_id:
        number = masking.mask_code(number)
    return _claims(license_, number, told, record_digest, status, signed_at)


def claims_like(license_: License, claims: Claims) -> Claims:
    """Return what a token like ``claims`` says of a license whose type is not known.

    What only the type decides is taken from ``claims``: which fields the token carries
    and to what length, and whether its number is masked. Equal to ``claims`` where the
    two agree.

    Args:
        license_: from the record.
        claims: what its token says.
    """
    number = license_.draft.number
    if claims.number != number:
        number = masking.mask_code(number)
    fields = license_.draft.fields
    told = {
        # An empty claim is none of any value; it is held against the whole text.
        key: _cut(_told(fields[key]), len(claim))
        for key, claim in claims.fields.items()
        if key in fields
    }
    return _claims(
        license_,
        number,
        told,
        claims.record_digest,
        claims.status,
        claims.signed_at,
    )


def _claims(
    license_: License,
    number: str,
    fields: Mapping[str, str],
    record_digest: bytes,
    status: StatusReference,
    signed_at: datetime,
) -> Claims:
    draft = license_.draft
    first = draft.holders[0]
    case = draft.case_number
    return Claims(
        issuer=license_.issuer.code,
        signed_at=signed_at,
        validity=draft.validity,
        status=status,
        identifier=license_.identifier,
        number=number,
        type_name=draft.type_name,
        type_version=draft.type_version,
        holder=_cut(first.name, HOLDER_CHARACTERS),
        holder_count=len(draft.holders),
        holder_code=masking.mask_code(first.code) if first.is_person else first.code,
        issue_date=draft.issue_date,
        checkpoint=min(draft.checkpoints, key=lambda item: item.due, default=None),
        case_digest=None if case is None else _case_digest(case),
        fields=fields,
        record_digest=record_digest,
        specimen=license_.specimen,
    )


def _case_digest(case: str) -> bytes:
    return hashlib.sha256(case.encode()).digest()[:CASE_BYTES]


def _told(value: FieldValue) -> str:
    """Return what a token says of a field: joined texts; the first row and a count.

    The values of a row stand in the order of the record (RFC 8949, section 4.2.1), so
    that a reader of the record alone tells the same.
    """
    if isinstance(value, str):
        return value
    rows = [item for item in value if not isinstance(item, str)]
    if not rows:
        return ";".join([item for item in value if isinstance(item, str)])
    # Encoded keys sort by their length, then by their bytes.
    keys = sorted(rows[0], key=lambda key: (len(key.encode()), key.encode()))
    row = " ".join([rows[0][key] for key in keys])
    return f"{row} 等{len(rows)}项" if len(rows) > 1 else row


def _cut(text: str, length: int) -> str:
    """Return a text of at most so many characters, cut with …; 0 for all of it."""
    if not length or len(text) <= length:
        return text
    return f"{text[: length - 1]}…"


def encode(claims: Claims) -> bytes:
    """Return the payload of a token: the claims as deterministic CBOR."""
    last_day = claims.validity.valid_until
    payload: dict[int | str, cbor.Value] = {
        _ISS: claims.issuer,
        _NBF: _seconds(dates.start_of(claims.validity.valid_from)),
        _IAT: _seconds(claims.signed_at),
        _STATUS: [claims.status.list_number, claims.status.index],
        _LICENSE: _license_map(claims),
    }
    if last_day is not None:
        payload[_EXP] = _seconds(dates.end_after(last_day))
    return cbor.encode(payload)


def _license_map(claims: Claims) -> dict[int | str, cbor.Value]:
    members: dict[int | str, cbor.Value] = {
        _IDENTIFIER: claims.identifier.removeprefix(f"{ROOT}."),
        _NUMBER: claims.number,
        _TYPE: claims.type_name,
        _TYPE_VERSION: claims.type_version,
        _HOLDER: claims.holder,
        _HOLDER_CODE: claims.holder_code,
        _ISSUE_DATE: dates.epoch_day(claims.issue_date),
        _RECORD: claims.record_digest,
    }
    if claims.holder_count > 1:
        members[_HOLDERS] = claims.holder_count
    if claims.checkpoint is not None:
        due = dates.epoch_day(claims.checkpoint.due)
        members[_CHECKPOINT] = [claims.checkpoint.kind, due]
    if claims.case_digest is not None:
        members[_CASE] = claims.case_digest
    if claims.fields:
        fields: dict[int | str, cbor.Value] = {}
        fields.update(claims.fields)
        members[_FIELDS] = fields
    if claims.specimen:
        members[_SPECIMEN] = True
    return members


def decode(payload: bytes) -> Claims:
    """Read the payload of a token.

    Does NOT verify anything: the caller opened the token with the right key, or uses
    the claims only to find that key.

    Raises:
        MalformedError: another claim, a missing one, a value out of its range, or any
            spelling but the one that :func:`encode` gives.
    """
    outer = Fields(cbor.decode(payload), "token")
    inner = outer.map(_LICENSE)
    claims = Claims(
        issuer=outer.text(_ISS),
        validity=_read_validity(outer),
        signed_at=_instant(outer.uint(_IAT, _MAX_SECONDS)),
        status=StatusReference(*outer.uints(_STATUS, 2)),
        identifier=Identifier.parse_without_root(inner.text(_IDENTIFIER)).text,
        number=inner.text(_NUMBER),
        type_name=inner.text(_TYPE),
        type_version=inner.uint(_TYPE_VERSION),
        holder=inner.text(_HOLDER),
        holder_count=1 if _HOLDERS not in inner else inner.uint(_HOLDERS),
        holder_code=inner.text(_HOLDER_CODE),
        issue_date=dates.from_epoch_day(inner.uint(_ISSUE_DATE)),
        checkpoint=_read_checkpoint(inner) if _CHECKPOINT in inner else None,
        case_digest=inner.bytes(_CASE, CASE_BYTES) if _CASE in inner else None,
        fields=_read_fields(inner.map(_FIELDS)) if _FIELDS in inner else {},
        record_digest=inner.bytes(_RECORD, RECORD_DIGEST_BYTES),
        specimen=_SPECIMEN in inner and inner.boolean(_SPECIMEN),
    )
    inner.end()
    outer.end()
    if encode(claims) != payload:
        raise MalformedError("token: not the one spelling of its claims")
    return claims


def _read_validity(outer: Fields) -> Validity:
    first = dates.day_of(_instant(outer.uint(_NBF, _MAX_SECONDS)))
    if _EXP not in outer:
        return Validity(first, None)
    last = dates.day_of(_instant(outer.uint(_EXP, _MAX_SECONDS) - 1))
    if last < first:
        raise MalformedError("token: the last valid day lies before the first")
    return Validity(first, last)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _read_checkpoint(inner: Fields) -> Checkpoint:
    match inner.array(_CHECKPOINT):
        case [str() as kind, int() as due] if due >= 0 and not isinstance(due, bool):
            return Checkpoint(kind, dates.from_epoch_day(due))
        case _:
            raise MalformedError("token: a checkpoint is a kind and a day")


def _read_fields(members: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in members.keys():  # noqa: SIM118  not a mapping; taking changes it
        value = members.take(key)
        if not isinstance(key, str) or not isinstance(value, str):
            raise MalformedError("token: fields map texts to texts")
        found[key] = value
    return found


def sign_token(claims: Claims, signer: Signer) -> bytes:
    """Return the token of ``claims``, signed.

    Raises:
        UnavailableError: the signer's device did not answer.
    """
    return cose.sign(encode(claims), signer, PURPOSE)


def open_token(token: bytes) -> Envelope:
    """Read a token's envelope; its signature is not verified yet.

    Raises:
        MalformedError: not exactly a token (docs/formats/token.md, section 1).
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise MalformedError(f"{PURPOSE.name}: more than {MAX_TOKEN_BYTES} bytes")
    envelope = cose.open_sealed(token, PURPOSE)
    if envelope.suite not in SUITES:
        raise MalformedError(f"{PURPOSE.name}: {envelope.suite.label} is not for it")
    return envelope


def largest_claims(token: bytes) -> tuple[str, ...]:
    """Return the names of the three longest texts in a token, longest first.

    For saying what would have to become shorter; the values are not repeated.
    """
    claims = decode(open_token(token).unverified_payload)
    texts = {
        "holders[0].name": claims.holder,
        "number": claims.number,
        "type": claims.type_name,
        **claims.fields,
    }
    ranked = sorted(texts, key=lambda name: len(texts[name].encode()), reverse=True)
    return tuple(ranked[:3])


class NotOursError(MalformedError):
    """The text carries neither prefix: it is not a license of this format."""


def qr_text(token: bytes, *, check_page: str | None = None) -> str:
    """Return the text that a license's QR carries.

    Args:
        token: the signed token.
        check_page: host of the issuer's public check page, or None for the off-line
            carrier.

    Raises:
        ValueError: the host has other characters than A-Z, 0-9, dot and hyphen.
    """
    body = base45_encode(token)
    if check_page is None:
        return OFFLINE_PREFIX + body
    host = check_page.upper()
    if not _HOST.fullmatch(host):
        raise ValueError(f"{check_page!r} is not a host name of letters, digits, . -")
    return f"HTTPS://{host}/#EL1" + body.replace("%", "%25").replace(" ", "%20")


def has_prefix(text: str) -> bool:
    """Tell whether a text starts as one of the two carriers does."""
    return text.startswith(OFFLINE_PREFIX) or _ONLINE.match(text) is not None


def read_qr_text(text: str) -> bytes:
    """Return the token that a QR text carries, in either carrier.

    Nothing is trimmed or corrected; neither the prefix nor the host is trusted.

    Raises:
        NotOursError: the text starts with neither carrier.
        MalformedError: it does, and is not the one spelling of a token's bytes.
    """
    return base45_decode(body_of(text))


def body_of(text: str) -> str:
    """Return the base45 that a QR text carries, not decoded; else as read_qr_text."""
    if not has_prefix(text):
        raise NotOursError("the text carries neither prefix of a license")
    if len(text) > MAX_QR_TEXT:
        raise MalformedError(f"QR text: more than {MAX_QR_TEXT} characters")
    if text.startswith(OFFLINE_PREFIX):
        return text[len(OFFLINE_PREFIX) :]
    escaped = text[text.index("#") + len("#EL1") :]
    body = _PERCENT.sub(lambda found: "%" if found[1] == "25" else " ", escaped)
    if body.replace("%", "%25").replace(" ", "%20") != escaped:
        raise MalformedError("QR text: only % and space are percent-encoded")
    return body
