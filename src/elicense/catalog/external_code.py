"""Rules on the code of a province or ministry that stands on a face beside ours."""

import re

from elicense.catalog.values import Findings, decode_base64
from elicense.model import Text
from esign.errors import MalformedError

MAX_EXTERNAL_CODE = 1000  # characters of its text
MAX_PICTURE = 2 << 20  # bytes of an image of it; one of 1000 characters has 20 KiB
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_ENCODED = ("iVBORw0KGgo", "/9j/")  # how those begin in base64
# Anything that a person or a reader could take for a license of our own format.
_OURS = re.compile(r"\s*EL1|.*#EL1", re.IGNORECASE)


def external_code_fault(text: str) -> Text | None:
    """Return why a text cannot be the code of another system; None where it can.

    Args:
        text: any text.
    """
    if not text.strip() or len(text) > MAX_EXTERNAL_CODE:
        return Text(
            f"应有 1 至 {MAX_EXTERNAL_CODE} 个字符",
            f"expected 1 to {MAX_EXTERNAL_CODE} characters",
        )
    if not (text.isascii() and text.isprintable()):
        return Text("只能是可打印的 ASCII 字符", "expected printable ASCII characters")
    if _OURS.match(text):
        return Text(
            "是本格式的证照二维码（EL1…），不是外部二维码",
            "a license's own code (EL1...), not one of another system",
        )
    return None


def check_external_code(found: Findings, field: str, value: object) -> str | None:
    """Return the text of the code; None where there is none or a problem was added.

    Args:
        found: takes the problem.
        field: name of the field in it.
        value: the text; or a PNG or JPEG in base64 that shows one QR symbol.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        found.problem(field, "应为文本", "expected a text")
        return None
    text = _pictured(found, field, value) if value.startswith(_ENCODED) else value
    if text is None:
        return None
    fault = external_code_fault(text)
    if fault is not None:
        found.problem(field, fault.zh, fault.en)
        return None
    return text


def _pictured(found: Findings, field: str, value: str) -> str | None:
    """Return the text of the one symbol in an image."""
    if len(value) > (MAX_PICTURE + 2) // 3 * 4:
        found.problem(
            field,
            f"二维码图片过大：最多 {MAX_PICTURE >> 20} MiB",
            f"the image is too large: at most {MAX_PICTURE >> 20} MiB",
        )
        return None
    data = decode_base64(value)
    if not data.startswith(_SIGNATURES):
        found.problem(
            field,
            "不是规范的 base64（不得有换行、空格或多余字符）",
            "not canonical base64: no line breaks, spaces or other characters",
        )
        return None
    # The reader of images is heavy, and few applications have one.
    from elicense import qr  # noqa: PLC0415  see above

    try:
        texts = qr.read_image(data)
    except MalformedError as err:
        found.problem(field, "图片无法读取", f"the image cannot be read: {err}")
        return None
    if len(texts) != 1:
        found.problem(
            field,
            f"图片中应恰有一个二维码，读到 {len(texts)} 个",
            f"expected one QR symbol in the image, found {len(texts)}",
        )
        return None
    return texts[0]
