"""What the targets are given beside the bytes: one world, the same for a whole run.

Made with the library itself, so that a mutated input is one that nearly holds.
"""

import functools
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from elicense import trust
from elicense.issuing import Issued
from elicense.register import Row
from elicense.testing import CODE, SECOND_CODE, START, Simulator
from elicense.trust import Period, Succession, TimestampAuthority, TrustState
from esign import cbor, cose, seal_image, timestamps
from esign.authority import DevelopmentAuthority
from esign.pades import SealIdentity
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner
from tests.elicense import forger
from tests.elicense.forger import Draft
from tests.esign.timestamp_service import AT as STAMPED_AT
from tests.esign.timestamp_service import OwnAuthority

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
THIRD_CODE = "119901000000000430"
NONCE = 1
KEY = bytes(range(32))
SMALL_ROOM = 1800
"""Bytes for the CMS in the least license."""


@functools.cache
def art() -> bytes:
    """Return the picture of a seal."""
    return seal_image.draw(SealSpec("示例市行政审批局"))


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that is asked about, and what is believed of it.

    Attributes:
        pin: the root's fingerprint.
        bundle: a hub's bundle with all of its parts.
        state: what it makes a verifier believe.
        doubting: the same where the token key is compromised, so that evidence counts.
        authority: the CA of the seals.
        crl: its revocation list.
        service: a timestamp authority of the bundle.
        token: its timestamp over the license's token.
        response: its answer to a request for the same.
        issued: a license with a photo.
        row: its row in the register.
        seal: the seal on it.
        small: the least file that is a license to everything but the face's check.
    """

    pin: str
    bundle: bytes
    state: TrustState
    doubting: TrustState
    authority: DevelopmentAuthority
    crl: bytes
    service: OwnAuthority
    token: bytes
    response: bytes
    issued: Issued
    row: Row
    root: SoftwareSigner
    bundle_signer: SoftwareSigner
    statement: bytes
    seal: SealIdentity
    small: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the license's token, which was stamped."""
        return hashlib.sha256(self.row.token or b"").digest()

    def signed_bundle(self, payload: bytes) -> bytes:
        """Return a file whose bundle is any payload, properly signed."""
        signed = cose.sign(payload, self.bundle_signer, trust.BUNDLE_PURPOSE)
        return cbor.encode([trust.FORMAT, [[self.statement]], signed])

    def signed_statement(self, payload: bytes) -> bytes:
        """Return a file whose root statement is any payload, properly signed."""
        signed = cose.sign(payload, self.root, trust.ROOT_PURPOSE)
        return cbor.encode([trust.FORMAT, [[signed]], parts_of(self.bundle)[1]])

    def resealed(self, data: bytes) -> bytes:
        """Return a damaged file with a right table and a seal that holds for it."""
        draft = Draft.guessed(data)
        if draft is None:
            return data
        try:
            return forger.resealed(draft.write(), self.seal)
        except forger.NoGapError:  # an edit hit the gap itself
            return data


def parts_of(bundle: bytes) -> tuple[bytes, bytes]:
    """Return root statement and bundle of a file without a rotation."""
    _, ((statement,),), signed = cbor.decode(bundle)
    return statement, signed


def payload_of(signed: bytes, purpose: cose.Purpose) -> bytes:
    """Return what is signed in an envelope."""
    return cose.open_sealed(signed, purpose).unverified_payload


def without_pictures(pdf: bytes) -> Draft:
    """Return a license whose streams are empty but for record and token."""
    draft = Draft.of(pdf)
    draft.room = SMALL_ROOM
    for place, text in enumerate(draft.objects):
        head, mark, _ = text.partition(b"\nstream\n")
        if mark and b"/EmbeddedFile" not in head:
            head = re.sub(rb"/Length [0-9]+", b"/Length 0", head)
            draft.objects[place] = head + mark + b"\nendstream\n"
    return draft


@functools.cache
def stage() -> Stage:
    """Return the stage, made once."""
    service = OwnAuthority()
    with Simulator() as world:
        issued = world.issue("special-operation")
        row = world.department.register.get(issued.license.identifier)
        digest = hashlib.sha256(row.token or b"").digest()
        seal = world.departments[1].seal.certificate
        crl = world.authority.crl(START, 30, {seal: (START, "superseded")})
        world.crls = [crl]
        before = world.add_department(THIRD_CODE, "示例县食品药品监督管理局")
        before.successors = (Succession(CODE, START, ("t",), keeps_lists=False),)
        world.departments.append(before)
        world.timestamp_authorities = [
            TimestampAuthority(
                SECOND_CODE,
                service.certificates,
                Period(STAMPED_AT - timedelta(days=400), None),
            )
        ]
        world.more_roots = [service.root]
        bundle = world.bundle_file()
        state = world.trust()
        small = forger.resealed(
            without_pictures(issued.pdf).write(), world.department.seal
        )
        world.department.token_compromised_from = AT + timedelta(hours=1)
        return Stage(
            pin=world.pin,
            bundle=bundle,
            state=state,
            doubting=world.trust(),
            authority=world.authority,
            crl=crl,
            service=service,
            token=service.stamp(digest),
            response=service.transport(timestamps.request(digest, NONCE)),
            issued=issued,
            row=row,
            root=world.root,
            bundle_signer=world.bundle_signer,
            statement=parts_of(bundle)[0],
            seal=world.department.seal,
            small=small,
        )


def seen() -> trust.Seen:
    """Return what the stage's bundle leaves to remember."""
    found = stage().state.seen
    assert found is not None
    return replace(found)
