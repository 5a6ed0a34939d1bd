"""A small type of an organ's own, and ways to spoil it."""

TYPE = """
format = "elicense.type/1"
name = "street-use"
version = 1
code = "11990100000000027A901"
title = { zh = "临时占道许可证", en = "Street Occupation Permit" }
number_label = { zh = "许可证编号", en = "Permit number" }
holder_label = { zh = "占道单位", en = "Permit holder" }
photo = "none"
holders = { code_types = ["001"], max_count = 1, name_max_length = 60 }
number = { rule = "supplied", max_length = 30 }
validity = { rule = "years", years = 1 }

[[fields]]
key = "place"
label = { zh = "占道地点", en = "Place" }
kind = "text"
max_length = 100
in_qr = true
qr_length = 20

[layout]
paper = "A4"
theme = "teal"
title = [30, 30, 150, 20]
title_size = 34
number = [30, 54, 150, 9]
label_width = 30
size = 14
qr = [25, 262]
seal = [148, 236]
issuer_label = "发证机关"
issuer_width = 76
issuer_size = 15
notices = ["本证应当在占道现场明示。"]
notices_at = [62, 250, 62]
rows = [
  { value = "holder.name", box = [25, 66, 160, 8] },
  { value = "holder.code", label = "信用代码", box = [25, 76, 160, 10] },
  { value = "fields.place", box = [25, 90, 160, 14] },
  { value = "validity", box = [25, 106, 160, 10] },
]
"""
"""Without a fault; nothing is to be remarked."""
ROWS_FIELD = """
[[fields]]
key = "sections"
label = { zh = "占用明细", en = "Sections" }
kind = "rows"
max_count = 3
columns = [{ key = "road", label = { zh = "路段", en = "Road" }, kind = "text" }]
"""
PLACE = "box = [25, 90, 160, 14]"
VALIDITY = 'value = "validity", box = [25, 106, 160, 10]'


def spoilt(*changes):
    """Return the type with texts replaced, each of which is there once."""
    text = TYPE
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text
