"""What the platform keeps in its vault: SM2 keys, a seal, and the act of sealing."""

import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pypdfium2
from cryptography import x509
from cryptography.x509.oid import NameOID

from esign import clock, seal_image, ses, sm2
from esign.seal_image import SealSpec
from esign.sm2.issuing import Draft, ca_extensions, issue, leaf_extensions
from esign.sm2.signing import Sm2Signer

from . import revision

ORGAN, SEAL_ID = "示例市行政审批局", "99010000001721"
_DOTS = 254 / 72  # 10 pixels a millimetre


@dataclass(frozen=True)
class Party:
    """A key and its certificate."""

    key: Sm2Signer = field(repr=False)
    certificate: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """Return r and s over a message."""
        return self.key.sign(message)


def _party(
    name: str, period: tuple[datetime, datetime], issuer: Party | None = None
) -> Party:
    key = Sm2Signer.generate()
    extensions = ca_extensions(0) if issuer is None else leaf_extensions()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    draft = Draft(subject, key.point, period, extensions)
    if issuer is None:
        return Party(key, issue(draft, key))
    return Party(key, issue(draft, issuer.key, issuer.certificate))


def picture(organ: str) -> bytes:
    """Return a test seal as PNG with a transparent ground."""
    document = pypdfium2.PdfDocument(seal_image.draw(SealSpec(organ)))
    try:
        bitmap = document[0].render(scale=_DOTS, fill_color=(255, 255, 255, 0))
        out = io.BytesIO()
        bitmap.to_pil().convert("RGBA").save(out, "PNG")
    finally:
        document.close()
    return out.getvalue()


class Vault:
    """Keys and seal of one organ; they live as long as the process."""

    def __init__(self, organ: str = ORGAN, at: datetime | None = None) -> None:
        """Make keys, certificates and a seal.

        Args:
            organ: name on the seal.
            at: the instant at which all was made; yesterday where None.
        """
        made = (at or clock.now() - timedelta(days=1)).replace(microsecond=0)
        period = (made, made + timedelta(days=700))
        self.root = _party("示例根", period)
        self.maker = _party("示例制章中心", period, self.root)
        self.signer = _party(SEAL_ID, period, self.root)
        self.seal = ses.build_seal(
            ses.SealDraft(
                version=4,
                vendor="elicense-test",
                identifier=SEAL_ID,
                kind=1,
                name=f"{organ}（测试印章，无法律效力）",
                signers=(self.signer.certificate,),
                created=made,
                valid_from=made,
                valid_until=period[1],
                picture=ses.Picture("PNG", picture(organ), 42, 42),
            ),
            self.maker.certificate,
            self.maker,
        )
        self._room = len(self.seal) + 2048

    def sign(self, data: bytes, at: datetime) -> bytes:
        """Return an SES_Signature over bytes."""
        draft = ses.SignatureDraft(self.seal, at, sm2.sm3(data), "/ByteRange")
        return ses.build_signature(draft, self.signer.certificate, self.signer)

    def seal_pdf(self, pdf: bytes, at: datetime | None = None) -> bytes:
        """Return a PDF with a second revision that seals its empty field.

        Args:
            pdf: the file.
            at: the signing time; now where None.
        """
        shown = ses.read_seal(self.seal).picture.data
        return self.write(pdf, revision.seal_objects(pdf, shown), at)

    def write(
        self, pdf: bytes, objects: dict[int, bytes], at: datetime | None = None
    ) -> bytes:
        """Return a PDF with a second revision of these objects, signed."""
        instant = (at or clock.now()).replace(microsecond=0)
        return revision.write(
            pdf, objects, self._room, lambda data: self.sign(data, instant)
        )
