"""Types of an organ's own whose licenses have several pages, slots or presentations."""

import dataclasses
import functools
import io
from datetime import date

import pikepdf

from elicense import document, layout, payload, record
from elicense.catalog.reader import read_type
from elicense.document import DocumentParts
from elicense.layout.overflow import GOES_ON, SEE_BELOW
from elicense.model import Draft, Holder, License, Organization, Validity
from esign import pades, seal_image
from esign.pades import SealAppearance
from esign.seal_image import SealSpec
from tests.elicense.pages import AT, IDENTIFIER, TOKEN, seal_place
from tests.esign import pades_world

HEAD = """
format = "elicense.type/1"
name = "long-permit"
version = 1
code = "11990000000000019A902"
title = { zh = "示例许可证", en = "Example Permit" }
number_label = { zh = "许可证编号", en = "Permit number" }
holder_label = { zh = "持证单位", en = "Holder" }
copies = ["正副本合一", "正本", "副本"]
photo = "none"
holders = { code_types = ["001"], max_count = 1, name_max_length = 60 }
number = { rule = "supplied", max_length = 30, example = "示例许〔2026〕1号" }
validity = { rule = "years", years = 2 }

[[fields]]
key = "scope"
label = { zh = "经营范围", en = "Scope" }
kind = "text"
max_length = 3000

[[fields]]
key = "terms"
label = { zh = "许可条件", en = "Terms" }
kind = "texts"
max_length = 400
max_count = 100
required = false

[[fields]]
key = "granted_on"
label = { zh = "核准日期", en = "Granted on" }
kind = "date"
required = false

[[fields]]
key = "capital"
label = { zh = "注册资本", en = "Capital" }
kind = "money"
required = false

[[fields]]
key = "people"
label = { zh = "人员", en = "People" }
kind = "rows"
max_count = 100
required = false
columns = [
  { key = "name", label = { zh = "姓名", en = "Name" }, kind = "text", max_length = 60 },
  { key = "duty", label = { zh = "职责", en = "Duty" }, kind = "text", max_length = 3000, required = false },
  { key = "share", label = { zh = "出资额", en = "Share" }, kind = "money", required = false },
]
"""  # noqa: E501  a table of TOML is one line
PAGE = """
paper = "A4"
theme = "brown"
title = [30, 30, 150, 20]
title_size = 34
number = [30, 54, 150, 9]
label_width = 34
size = 14
rule = true
qr = [25, 262]
seal = [148, 236]
issuer_label = "发证机关"
issuer_width = 76
issuer_size = 15
"""
NOTICES = """
notices = ["本证不得涂改、转让。"]
notices_at = [62, 266, 76]
"""
ROWS = """
rows = [
  { value = "holder.name", box = [25, 74, 160, 14] },
  { value = "fields.scope", box = [25, 92, 160, 30], continued = true, floor = 9 },
  { value = "fields.terms", box = [25, 126, 160, 20], continued = true, absent = "" },
  { value = "validity", box = [25, 150, 160, 12] },
]
"""
LAYOUT = PAGE + NOTICES + ROWS
SCOPE = "示例市青禾区食品、日用品（不含危险品）销售；技术A1服务。"
HOLDER = Holder("示例市青禾区小禾面馆", "92990101MA0000007E", "001")
MARKERS = (GOES_ON, SEE_BELOW)


@functools.cache
def own_type(layout_=LAYOUT):
    """Return the type with one layout."""
    return read_type(f"{HEAD}[layout]\n{layout_}".encode(), "own.toml")


@functools.cache
def own_types(**layouts):
    """Return the type with several layouts, each by its name."""
    tables = "\n".join(f'[layouts."{name}"]\n{text}' for name, text in layouts.items())
    return read_type(f"{HEAD}{tables}".encode(), "own.toml")


def license_of(*, copy="正副本合一", external=None, specimen=True, **fields):
    """Return a license of the type."""
    return License(
        draft=Draft(
            type_name="long-permit",
            type_version=1,
            title="示例许可证",
            number="示例许〔2026〕1号",
            holders=(HOLDER,),
            issue_date=date(2026, 1, 5),
            validity=Validity(date(2026, 1, 5), date(2028, 1, 4)),
            copy=copy,
            fields={"scope": SCOPE, **fields},
            external_qr=external,
        ),
        identifier=IDENTIFIER,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=specimen,
    )


def parts_of(license_, kind, presentation=None, token=TOKEN):
    """Return what a press prints."""
    qr_text = payload.qr_text(token)
    return DocumentParts(
        sheet=document.lay_out(license_, kind, qr_text, presentation=presentation),
        photo=None,
        record=record.encode(license_, bytes(16)),
        token=token,
        at=AT,
    )


def value_of(pages, field, marker=MARKERS):
    """Return what a field shows over all pages, without white space and markers."""
    shown = [
        [run.text for run in page.runs if run.field == field and run.text not in marker]
        for page in pages
    ]
    return squeezed(text for lines in shown for text in lines)


def squeezed(texts):
    return "".join("".join(texts).split())


def saved(pdf):
    """Return a document saved as the page's maker saves it."""
    out = io.BytesIO()
    pdf.save(
        out,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return out.getvalue()


def resealed(parts, edit):
    """Return a document whose pages were edited before they were sealed."""
    with pikepdf.open(io.BytesIO(document.render(parts))) as pdf:
        edit(pdf)
        data = saved(pdf)
    sheet = parts.sheet
    number, box = seal_place(sheet.license_type, sheet.presentation)
    looks = SealAppearance(number, box, seal_image.draw(SealSpec("示例市行政审批局")))
    return pades.seal(data, pades_world.world().identity, at=AT, appearance=looks)


def composed(license_, kind, presentation=None):
    return layout.compose(license_, kind, presentation)


def with_draft(license_, **changes):
    """Return a license with parts of its draft replaced."""
    draft = dataclasses.replace(license_.draft, **changes)
    return dataclasses.replace(license_, draft=draft)
