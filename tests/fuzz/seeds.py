"""Valid inputs to start from, made with the library itself."""

import base64
import hashlib
import io
import json
import re
import tempfile
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import pikepdf

from elicense import (
    grants,
    keychain,
    memory,
    payload,
    pins,
    qr,
    record,
    samples,
    settings,
    trust,
)
from elicense.hub import memory as hub_memory
from elicense.hub.memory import Remembered
from elicense.identifiers import Identifier
from elicense.keychain import Authority, Keychain, KeyRecord
from elicense.memory import Memory
from elicense.model import Scan
from elicense.pins import Pin, Pins
from elicense.settings import Settings
from elicense.snapshot.manifest import PURPOSE
from elicense.testing import CODE, SECOND_CODE, Simulator
from elicense.trust import SnapshotSighting
from elicense.trust.hub_model import HubMemory
from esign import cms, cose, encoding, pades, statuslist
from esign.algorithms import Suite, ecdsa_to_der
from esign.authority import DevelopmentAuthority
from esign.certificates import read_certificate
from esign.cose import Purpose
from esign.pades import SubFilter
from esign.signer import SoftwareSigner
from esign.statuslist import StatusList
from tests.elicense.snapshots import put
from tests.esign import gm_world
from tests.esign.seal_pictures import (
    IMAGE,
    KINDS,
    RING,
    STAR,
    ofd,
    ring,
    written,
)
from tests.fuzz.decoders import AT, PASSPHRASE
from tests.fuzz.stage import KEY, Stage, parts_of, payload_of, seen, stage

TOKEN = Purpose("license token", None, b"elicense.license/1")
ISSUER = "11990100000000027A"
ISSUED = int(AT.timestamp())


def layout() -> bytes:
    """Return a small sealed PDF that names no key: its gap and its /ID are zeros."""
    sealed, _ = sealed_pdf(SoftwareSigner.generate(Suite.ES256))
    sealed = re.sub(rb"<[0-9a-f]{256,}>", b"<%b>" % (b"0" * 512), sealed)
    return re.sub(rb"<[0-9a-f]{32}>", b"<%b>" % (b"0" * 32), sealed)


def sealed_pdf(signer: SoftwareSigner) -> tuple[bytes, bytes]:
    """Return the smallest sealed PDF and the certificate of its seal."""
    authority = DevelopmentAuthority.create("示例市", AT)
    certificate = authority.issue_seal(
        signer.public_key, "示例市行政审批局", ISSUER, AT, 365
    )
    page = pikepdf.new()
    page.add_blank_page(page_size=(200, 200))
    out = io.BytesIO()
    page.save(out, static_id=True)
    identity = pades.SealIdentity(signer, certificate, authority.chain)
    sealed = pades.seal(out.getvalue(), identity, at=AT)
    return sealed, certificate


@cache
def seeds() -> dict[str, bytes]:
    """Return one valid input for each target."""
    signer = SoftwareSigner.generate(Suite.ES256)
    token = cose.sign(b"\xa1\x01\x02", signer, TOKEN)
    array = statuslist.array({1: 1, 9: 2}, 64)
    listed = statuslist.sign(
        StatusList(ISSUER, 2031, 7, ISSUED, ISSUED + 86400, array), signer
    )
    sealed, certificate = sealed_pdf(signer)
    digest = bytes(range(32))
    attributes = cms.signed_attributes(certificate, digest)
    content = cms.build(
        cms.SignedData(certificate, (certificate,), digest, signer.sign(attributes))
    )
    found = {
        "base45": encoding.base45_encode(token).encode(),
        "hexadecimal": token.hex().encode(),
        "cbor": signer.public_key.to_cose(),
        "cbor-tags": token,
        "cose": token,
        "cose-token": token,
        "cose-status-list": listed,
        "status-array": statuslist.pack({1: 1, 9: 2}, 64),
        "status-claims": cose.open_sealed(listed, statuslist.PURPOSE).message.payload
        or b"",
        "cose-key": signer.public_key.to_cose(),
        "ecdsa-der": ecdsa_to_der(signer.sign(b"message")),
        "key-file": signer.to_pem(PASSPHRASE),
        "certificate": certificate,
        "cms": content,
        "cms-length": content,
        "pades": sealed,
        "pades-validate": sealed,
        "key-es256": signer.public_key.material,
    }
    for suite in (Suite.ED25519, Suite.ML_DSA_44):
        material = SoftwareSigner.generate(suite).public_key.material
        found[f"key-{suite.label.lower()}"] = material
    return (
        found
        | licenses()
        | believing(stage())
        | by_gm()
        | keeping(stage())
        | closing()
        | seal_pictures()
        | {
            "key-ml-dsa-65": bytes(1952),
            "key-ml-dsa-87": bytes(2592),
        }
    )


def by_gm() -> dict[str, bytes]:
    """Return one valid input for each target of the GM profile."""
    seal, bare = (
        gm_world.sealed(kind) for kind in (SubFilter.GM_SEAL, SubFilter.GM_CMS)
    )
    with Simulator(AT) as world:
        world.seal_by_gm()
        _, signed = parts_of(world.bundle_file())
    return {
        "pades-gm-seal": seal,
        "pades-gm-cms": bare,
        "gap-gm-seal": pades.read(seal).content,
        "gap-gm-cms": pades.read(bare).content,
        "ses-detached": pades.read(bare).content,
        "trust-content-gm": payload_of(signed, trust.BUNDLE_PURPOSE),
    }


def licenses() -> dict[str, bytes]:
    """Return one valid input for each target of elicense."""
    issued, row = stage().issued, stage().row
    token = payload.read_qr_text(issued.qr_text)
    picture = qr.to_png(qr.encode(issued.qr_text))
    text = issued.qr_text.encode()
    types = files("elicense") / "types" / "food-business.2.toml"
    own = types.read_text().replace('"food-business"', '"own-business"', 1)
    sample = samples.sample("special-operation", AT)
    return {
        "pades-agreement": layout(),
        "pdf-agreement": stage().small,
        "pdf-lean": issued.pdf,
        "validate": issued.pdf,
        "validate-text": text,
        "validate-image": picture,
        "qr-text": text,
        "token": token,
        "token-claims": payload.open_token(token).unverified_payload,
        "quick-token": token,
        "record": row.record,
        "record-backfill": backfilled(row.record),
        "attachments": issued.pdf,
        "face": issued.pdf,
        "symbols": picture,
        "photo": base64.b64decode(str(sample["photo"])),
        "settings": settings.write(
            Settings(name="示例市行政审批局", code=ISSUER, root="sha256:" + "0" * 64)
        ),
        "identifier": issued.license.identifier.encode(),
        "license-type": own.replace("19A002", "19A902").encode(),
        "application": json.dumps(sample).encode(),
    }


def backfilled(data: bytes) -> bytes:
    """Return a record as the next version of a license that was granted on paper."""
    license_, salt = record.decode(data)
    scan = Scan("image/png", bytes(32), 1)
    draft = replace(license_.draft, origin=record.BACKFILL, scan=scan)
    found = Identifier.parse(license_.identifier)
    before = Identifier.build(found.type_code, found.issuer, "1" * 8)
    return record.encode(replace(license_, draft=draft, previous=before.text), salt)


def believing(made: Stage) -> dict[str, bytes]:
    """Return one valid input for each target that is about trust and evidence."""
    statement, signed = parts_of(made.bundle)
    content = payload_of(signed, trust.BUNDLE_PURPOSE)
    return {
        "crl": made.crl,
        "der": made.crl,
        "timestamp-read": made.token,
        "timestamp": made.token,
        "timestamp-path": made.service.chain.leaf,
        "timestamp-response": made.response,
        "validate-evidence": made.token,
        "trust": made.bundle,
        "trust-file": made.bundle,
        "trust-content": content,
        "trust-signed": content,
        "trust-statement": payload_of(statement, trust.ROOT_PURPOSE),
        "trust-roots": made.bundle,
        "trust-claimed-roots": made.bundle,
    }


def closing() -> dict[str, bytes]:
    """Return one valid input for each target about snapshots and who countersigns."""
    with Simulator(AT) as world:
        owner = world.department
        issued = world.issue()
        token = payload.read_qr_text(issued.qr_text)
        with tempfile.TemporaryDirectory() as folder:
            made = put(Path(folder), [token], owner.token, owner.code, world.at)
            manifest = made.path.read_bytes()
        digest = hashlib.sha256(manifest).digest()
        owner.token_period = replace(owner.token_period, signs_until=AT)
        owner.closing, world.countersigner = digest, SECOND_CODE
        world.snapshots = [SnapshotSighting(CODE, 1, digest, AT)]
        _, signed = parts_of(world.bundle_file())
    caller = f"""
format = "elicense.callers/1"

[[caller]]
organization = "{SECOND_CODE}"
departments = ["{CODE}"]
types = ["food-business"]
"""
    return {
        "snapshot": manifest,
        "snapshot-content": payload_of(manifest, PURPOSE),
        "trust-content-closing": payload_of(signed, trust.BUNDLE_PURPOSE),
        "callers": caller.encode(),
    }


def seal_pictures() -> dict[str, bytes]:
    """Return one valid input for each target that draws with foreign pictures."""
    pages = io.BytesIO()
    with pikepdf.new() as document:
        for _ in range(3):
            document.add_blank_page(page_size=(400, 300))
        document.save(pages)
    return {
        "seal-png": KINDS["png"],
        "seal-gif": KINDS["GIF"],
        "seal-jpeg": KINDS["JPEG"],
        "seal-bmp": written(ring(size=(40, 40)), "BMP"),
        "seal-ofd": ofd(RING, STAR, IMAGE),
        "cross-page": pages.getvalue(),
    }


def keeping(made: Stage) -> dict[str, bytes]:
    """Return one valid input for each target that reads a file of our own."""
    digest = bytes(32)
    closed = replace(
        seen(), closings={(CODE, bytes(8)): digest}, snapshots={digest: AT}
    )
    before = HubMemory(
        own=closed,
        departments={CODE: seen()},
        sources={CODE: made.bundle},
        snapshots=(SnapshotSighting(CODE, 1, digest, AT),),
    )
    return {
        "pins": pins.encode(
            Pins(KEY, (Pin(made.pin, None), Pin(another_pin(made.pin), CODE)))
        ),
        "memory": memory.encode(Memory((closed,), AT), KEY),
        "grants": table(made),
        "keychain": keychain.encode(keys(made)),
        "hub-memory": hub_memory.encode(Remembered(number=1, memory=before)),
    }


def another_pin(pin: str) -> str:
    """Return the fingerprint of another root."""
    return pin[:-1] + ("1" if pin.endswith("0") else "0")


def table(made: Stage) -> bytes:
    """Return a hub's table with one of everything."""
    return (
        grants.new("示例枢纽", made.pin, SECOND_CODE)
        + f"""
[[department]]
organization = "{CODE}"
root = "sha256:{1:064x}"
types = ["food-business"]
predecessors = ["{SECOND_CODE}"]
backfill = true

[[timestamp_authority]]
organization = "{SECOND_CODE}"
name = "示例时间戳"
certificates = ["own.cer", "ca.cer"]
root = "root.cer"
signs_from = 2026-01-01
signs_until = 2027-12-31

[[withdrawn]]
kid = "{1:016x}"
compromised_from = 2026-11-21T08:00:00+08:00
""".encode()
    )


def keys(made: Stage) -> Keychain:
    """Return the keys of the first department, as its workspace keeps them."""
    state, bundle = made.state, made.state.bundle
    assert bundle is not None
    listed = [item for item in bundle.keys if item.organization == CODE]
    (sealed,) = (item for item in state.seals.values() if item.organization == CODE)
    records = [
        KeyRecord(
            purpose=item.purpose, organization=CODE, key=item.key, period=item.period
        )
        for item in listed
    ]
    records.append(
        KeyRecord(
            purpose="seal",
            organization=CODE,
            key=read_certificate(sealed.certificates[0]).public_key,
            certificates=sealed.certificates,
            period=sealed.period,
        )
    )
    authority = Authority(
        made.authority.root_certificate, made.authority.issuing_certificate
    )
    return Keychain(organization=CODE, authorities=(authority,), records=tuple(records))
