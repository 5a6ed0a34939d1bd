"""The manifest of a snapshot: values, their one spelling, and the signature.

docs/formats/snapshot.md, section 1.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from elicense import dates
from elicense.snapshot.layout import Layout
from elicense.trust.entries import MAX_SECONDS, code_of, instant
from esign import cbor, cose
from esign.algorithms import suite_by_cose
from esign.cose import Envelope, Purpose
from esign.errors import MalformedError
from esign.keys import KID_BYTES, Signer
from esign.shape import Fields

FORMAT = "elicense.snapshot/1"
PURPOSE = Purpose("snapshot manifest", "application/elicense-snapshot+cbor")
MANIFEST_FILE, COLUMNS_SUFFIX = "manifest.cose", ".columns"
MAX_MANIFEST_BYTES = 4 << 20  # 4096 classes of some 200 bytes, and room
MAX_CLASSES = 1 << 12  # bits of a row's class
MAX_AGE = timedelta(days=31)  # from one publication to the next
MAX_ROWS = (1 << 32) - 1  # entries of the index have 32 bits
_MAX_ITEMS = MAX_CLASSES * 24 + 64  # of the payload; a class has 22
_NAME_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RowClass:
    """What the rows of one class have in common.

    Attributes:
        issuer: USCC in the tokens.
        kid: key of the tokens, 8 bytes.
        alg: its COSE algorithm.
        type_name: license type.
        list_number: status list of the rows.
        signed: first and last instant of a signature.
        dated: first and last legal date.
    """

    issuer: str
    kid: bytes
    alg: int
    type_name: str
    list_number: int
    signed: tuple[datetime, datetime]
    dated: tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an organ states of its snapshot.

    Attributes:
        organization: USCC of the organ that signs it.
        number: rises with every publication.
        issued_at: whole seconds UTC.
        next_update: likewise; after it the snapshot is stale.
        rows: how many licenses are in it.
        left_out: how many issued licenses are not.
        size: bytes of the columns file.
        sha256: digest of the columns file, 32 bytes.
        classes: by their number.
    """

    organization: str
    number: int
    issued_at: datetime
    next_update: datetime
    rows: int
    left_out: int
    size: int
    sha256: bytes
    classes: tuple[RowClass, ...]

    @property
    def columns_file(self) -> str:
        """Name of the columns file, beside the manifest."""
        return self.name_of(self.sha256)

    @staticmethod
    def name_of(sha256: bytes) -> str:
        """Return the name of the columns file of a digest."""
        return sha256.hex()[:_NAME_DIGITS] + COLUMNS_SUFFIX


def sign(manifest: Manifest, signer: Signer) -> bytes:
    """Return the signed manifest.

    Raises:
        ValueError: a manifest that :func:`read` would refuse.
        UnavailableError: the signer's device did not answer.
    """
    payload = cbor.encode(_value(manifest))
    try:
        if read(payload) != manifest:
            raise ValueError("snapshot: the manifest has values that are not written")
    except MalformedError as err:
        raise ValueError("snapshot: the manifest does not fit together") from err
    return cose.sign(payload, signer, PURPOSE)


def open_manifest(data: bytes) -> tuple[Envelope, Manifest]:
    """Read a signed manifest; its signature is not verified yet.

    Raises:
        MalformedError: not a manifest of this format.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise MalformedError(f"snapshot manifest: over {MAX_MANIFEST_BYTES} bytes")
    envelope = cose.open_sealed(data, PURPOSE)
    return envelope, read(envelope.unverified_payload)


def _value(manifest: Manifest) -> dict[int | str, cbor.Value]:
    return {
        "format": FORMAT,
        "organization": manifest.organization,
        "number": manifest.number,
        "issued_at": _seconds(manifest.issued_at),
        "next_update": _seconds(manifest.next_update),
        "rows": manifest.rows,
        "left_out": manifest.left_out,
        "size": manifest.size,
        "sha256": manifest.sha256,
        "classes": [_class_value(item) for item in manifest.classes],
    }


def _class_value(item: RowClass) -> dict[int | str, cbor.Value]:
    return {
        "issuer": item.issuer,
        "kid": item.kid,
        "alg": item.alg,
        "type": item.type_name,
        "list": item.list_number,
        "signed": [_seconds(at) for at in item.signed],
        "dated": [dates.epoch_day(day) for day in item.dated],
    }


def read(payload: bytes) -> Manifest:
    """Return what a manifest's payload says.

    Raises:
        MalformedError: any other shape, or parts that do not fit together.
    """
    fields = Fields(cbor.decode(payload, max_items=_MAX_ITEMS), "snapshot")
    if fields.text("format") != FORMAT:
        raise MalformedError(f"snapshot: not of format {FORMAT}")
    manifest = Manifest(
        organization=code_of(fields, "organization"),
        number=fields.uint("number"),
        issued_at=instant(fields, "issued_at"),
        next_update=instant(fields, "next_update"),
        rows=fields.uint("rows", MAX_ROWS),
        left_out=fields.uint("left_out"),
        size=fields.uint("size"),
        sha256=fields.bytes("sha256", 32),
        classes=tuple(_class(item) for item in fields.array("classes")),
    )
    fields.end()
    _check(manifest)
    return manifest


def _class(value: cbor.Value) -> RowClass:
    fields = Fields(value, "snapshot class")
    kid, alg = fields.bytes("kid", KID_BYTES), fields.take("alg")
    first, last = fields.uints("signed", 2)
    dated = fields.uints("dated", 2)
    if max(first, last) > MAX_SECONDS:
        raise MalformedError("snapshot class: signed after the year 9999")
    item = RowClass(
        issuer=code_of(fields, "issuer"),
        kid=kid,
        alg=suite_by_cose(alg).cose,
        type_name=fields.text("type"),
        list_number=fields.uint("list"),
        signed=(_instant(first), _instant(last)),
        dated=(dates.from_epoch_day(dated[0]), dates.from_epoch_day(dated[1])),
    )
    fields.end()
    if item.signed[1] < item.signed[0] or item.dated[1] < item.dated[0]:
        raise MalformedError("snapshot class: a range ends before it begins")
    return item


def _check(manifest: Manifest) -> None:
    """Refuse parts that do not fit together."""
    classes = len(manifest.classes)
    if classes > min(MAX_CLASSES, manifest.rows) or (manifest.rows and not classes):
        raise MalformedError("snapshot: more classes than rows or bits, or none")
    if manifest.size != Layout(manifest.rows).size:
        raise MalformedError("snapshot: so many rows have another size")
    age = manifest.next_update - manifest.issued_at
    if not timedelta(0) < age <= MAX_AGE:
        raise MalformedError(
            f"snapshot: the next update is within {MAX_AGE.days} days, and later"
        )


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
