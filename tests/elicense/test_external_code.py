"""The code of another system: a text, or a picture of it, and never one of ours."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from elicense import payload, qr
from elicense.catalog import Catalog, check_application
from elicense.catalog.external_code import MAX_EXTERNAL_CODE, external_code_fault
from elicense.errors import ApplicationError
from elicense.samples import sample
from tests.elicense.test_catalog import AT

URL = "HTTPS://ZZ.EXAMPLE.ORG/Q?ID=990101-20261121"
SHOP = Catalog.builtin().get("food-business")


def check(value):
    application = sample("food-business", AT) | {"external_qr": value}
    return check_application(SHOP, application, AT).draft.external_qr


def encoded(data):
    return base64.b64encode(data).decode()


def png(text):
    return qr.to_png(qr.encode(text))


def jpeg(text):
    out = io.BytesIO()
    qr.to_image(qr.encode(text)).convert("L").save(out, "JPEG", quality=90)
    return out.getvalue()


def two_symbols():
    parts = [qr.to_image(qr.encode(text)).convert("L") for text in (URL, "OTHER")]
    image = Image.new("L", (parts[0].width * 2 + 40, parts[0].height + 40), 255)
    image.paste(parts[0], (0, 0))
    image.paste(parts[1], (parts[0].width + 40, 0))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def blank():
    out = io.BytesIO()
    Image.new("L", (200, 200), 255).save(out, "PNG")
    return out.getvalue()


GOOD = {
    "a text": (URL, URL),
    "one character": ("1", "1"),
    "a thousand characters": ("A" * MAX_EXTERNAL_CODE, "A" * MAX_EXTERNAL_CODE),
    "a PNG": (encoded(png(URL)), URL),
    "a JPEG": (encoded(jpeg(URL)), URL),
    "nothing": (None, None),
}


@pytest.mark.parametrize("name", GOOD)
def test_the_code_is_a_text_or_a_picture_of_one(name):
    value, expected = GOOD[name]
    assert check(value) == expected


BAD = {
    "an empty text": ("", "应有 1 至 1000 个字符", "expected 1 to 1000 characters"),
    "a blank": (" ", "应有 1 至 1000", "expected 1 to 1000"),
    "a text too long": ("A" * 1001, "应有 1 至 1000", "expected 1 to 1000"),
    "a text in Chinese": ("官方查询码", "可打印的 ASCII", "printable ASCII"),
    "a line break": ("A\nB", "可打印的 ASCII", "printable ASCII"),
    "a number": (7, "应为文本", "expected a text"),
    "a code of our own": ("EL1-AQYZ/.:$NCF", "本格式的证照二维码", "own code"),
    "one in small letters": ("el1-aqyz", "本格式的证照二维码", "own code"),
    "one with a check page": (
        "https://a.example.org/#EL1NCF",
        "本格式的证照二维码",
        "own code",
    ),
    "a picture of our own": (
        encoded(png("EL1-AQYZ/.:$NCF")),
        "本格式的证照二维码",
        "own code",
    ),
    "a picture without a symbol": (encoded(blank()), "读到 0 个", "found 0"),
    "a picture of two symbols": (encoded(two_symbols()), "读到 2 个", "found 2"),
    "a damaged picture": (encoded(png(URL)[:60]), "图片无法读取", "cannot be read"),
    "a picture with a line break": (
        encoded(png(URL))[:76] + "\n" + encoded(png(URL))[76:],
        "不是规范的 base64",
        "not canonical base64",
    ),
    "a picture too large": (
        encoded(png(URL) + bytes(3 << 20)),
        "图片过大",
        "too large",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_another_value_is_refused(name):
    value, zh, en = BAD[name]
    with pytest.raises(ApplicationError) as caught:
        check(value)
    (problem,) = caught.value.problems
    assert problem.field == "external_qr"
    assert zh in problem.message.zh
    assert en in problem.message.en


@given(st.binary(max_size=60), st.sampled_from([None, "a.example.org"]))
def test_no_license_of_ours_passes_for_another_code(token, host):
    text = payload.qr_text(token, check_page=host)
    assert payload.has_prefix(text)
    assert external_code_fault(text) is not None
