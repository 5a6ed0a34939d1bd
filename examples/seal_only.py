"""Seal any PDF and validate it, with `esign` alone: no license, no register.

The certificates are those of a development CA that nobody else trusts; the seal says
测试印章，无法律效力.
"""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

from reportlab.pdfgen.canvas import Canvas

from esign import clock, pades, seal_image
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.pades import SealAppearance, SealGrant, SealIdentity
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner

NAME, CODE = "示例市青禾区示例公司", "92990100MA0000B234"


def letter() -> bytes:
    """Return a page to seal."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(420, 298), invariant=1)
    canvas.drawString(40, 240, "A letter that wants a seal.")
    canvas.save()
    return out.getvalue()


at = clock.now()
authority = DevelopmentAuthority.create(NAME, at)
signer = SoftwareSigner.generate(Suite.ES256)
certificate = authority.issue_seal(signer.public_key, NAME, CODE, at, 365)
sealed = pades.seal(
    letter(),
    SealIdentity(signer, certificate, authority.chain),
    at=at,
    appearance=SealAppearance(
        0, (260, 40, 380, 160), seal_image.draw(SealSpec(NAME, "业务专用章"))
    ),
)
Path("sealed.pdf").write_bytes(sealed)

# What a validator believes: this certificate, these CA certificates, this period.
grant = SealGrant(
    organization=CODE,
    certificates=(certificate, *authority.chain),
    roots=authority.roots,
    signs_from=at,
    signs_until=at + timedelta(days=365),
)
believed = {hashlib.sha256(certificate).digest(): grant}
print("sealed.pdf:", pades.validate(sealed, believed, at).code.text)

changed = sealed.replace(b"/MediaBox", b"/TrimBoxx", 1)
print("one word changed:", pades.validate(changed, believed, at).code.text)
print("nobody believed:", pades.validate(sealed, {}, at).code.text)
