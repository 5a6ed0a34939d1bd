"""Valid inputs to start from, made with the library itself."""

import base64
import io
import json
from datetime import timedelta
from functools import cache
from importlib.resources import files

import pikepdf

from elicense import payload, pins, qr, samples, settings
from elicense.settings import Settings
from elicense.testing import Simulator
from esign import cms, cose, encoding, pades, statuslist
from esign.algorithms import Suite, ecdsa_to_der
from esign.authority import DevelopmentAuthority
from esign.cose import Purpose
from esign.signer import SoftwareSigner
from esign.statuslist import StatusList
from tests.fuzz.decoders import AT, PASSPHRASE

TOKEN = Purpose("license token", None, b"elicense.license/1")
ISSUER = "11990100000000027A"
ISSUED = int(AT.timestamp())


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
    sealed = pades.seal(out.getvalue(), identity, at=AT + timedelta(hours=1))
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
        | {
            "key-ml-dsa-65": bytes(1952),
            "key-ml-dsa-87": bytes(2592),
        }
    )


def licenses() -> dict[str, bytes]:
    """Return one valid input for each target of elicense."""
    with Simulator() as world:
        issued = world.issue("special-operation")
        row = world.department.register.get(issued.license.identifier)
        bundle = world.bundle_file()
    token = payload.read_qr_text(issued.qr_text)
    picture = qr.to_png(qr.encode_matrix(issued.qr_text))
    text = issued.qr_text.encode()
    types = files("elicense") / "types" / "food-business.toml"
    own = types.read_text().replace('"food-business"', '"own-business"', 1)
    sample = samples.sample("special-operation", AT)
    return {
        "validate": issued.pdf,
        "validate-text": text,
        "validate-image": picture,
        "qr-text": text,
        "token": token,
        "token-claims": payload.open_token(token).unverified_payload,
        "quick-token": token,
        "record": row.record,
        "trust": bundle,
        "trust-claimed-root": bundle,
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
        "pins": pins.encode(["sha256:" + "0" * 64]),
    }
