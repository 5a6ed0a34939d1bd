"""Proofs of a type: good ones have no fault, and each slip is told in words."""

import io

import pikepdf
import pytest
from reportlab.pdfgen.canvas import Canvas

from elicense import proof
from elicense.catalog import Catalog
from elicense.catalog.examples import Content
from elicense.catalog.reader import read_type
from elicense.errors import CatalogError
from elicense.fonts import Face, FontSet
from elicense.proof import Level
from tests.elicense.foundry import RARE, truetype
from tests.elicense.pages import AT
from tests.elicense.tryouts import (
    PLACE,
    ROWS_FIELD,
    TYPE,
    VALIDITY,
    spoilt,
)

TABLE = 'tables = [{ value = "fields.sections", box = [25, 130, 160, 50], '


def loaded(text, **files):
    beside = {name.replace("_", "."): data for name, data in files.items()}
    return read_type(text.encode(), "own.toml", beside.__getitem__)


def faults(text):
    """Return the faults of a type, each with the content that shows it."""
    return [
        (trial.content, fault)
        for trial in proof.prove(loaded(text), AT)
        for fault in trial.faults
    ]


def with_rows(table):
    """Return the type with a field of rows and a layout of it."""
    return spoilt(("\n[layout]", f"{ROWS_FIELD}\n[layout]")) + table


def paper(width, height):
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(width, height))
    canvas.rect(10, 10, 50, 50)
    canvas.save()
    return out.getvalue()


def test_a_good_type_is_printed_in_every_content():
    kind = loaded(TYPE)
    trials = list(proof.prove(kind, AT))
    assert [trial.content for trial in trials] == list(Content)
    for trial in trials:
        assert trial.faults == ()
        assert len(trial.pages) == 1
        assert trial.pdf.startswith(b"%PDF-")
        assert 1 < trial.qr_version <= 20
    sizes = [trial.token_size for trial in trials]
    assert sizes == sorted(sizes)
    assert proof.remarks(kind, trials) == ()


FAULTS = {
    "a value that overflows its box": (
        spoilt((PLACE, "box = [25, 90, 60, 6]")),
        {Content.MAXIMUM},
        "field place is too long: 10 characters fit on the page; give it a larger box",
        "请加大版位",
    ),
    "a value of thousands of characters that does not go on": (
        spoilt(("max_length = 100", "max_length = 3000")),
        {Content.MAXIMUM},
        "continued = true",
        "continued = true",
    ),
    "rows that are too many even for continuation pages": (
        with_rows(TABLE + 'columns = [{ key = "road", width = 1 }] }]\n')
        .replace("max_count = 3", "max_count = 100")
        .replace('kind = "text" }]', 'kind = "text", max_length = 800 }]'),
        {Content.MAXIMUM},
        (
            "field sections does not fit even on continuation pages;"
            " lower max_length or max_count"
        ),
        "续页也放不下",
    ),
    "rows of more than a record holds": (
        with_rows(TABLE + 'columns = [{ key = "road", width = 1 }] }]\n')
        .replace("max_count = 3", "max_count = 100")
        .replace('kind = "text" }]', 'kind = "text", max_length = 3000 }]'),
        {Content.MAXIMUM},
        "there is no record of more than 262144 bytes; lower max_length or max_count",
        "请减小 max_length 或 max_count",
    ),
    "two rows over each other": (
        spoilt((VALIDITY, f'value = "validity", {PLACE}')),
        set(Content),
        "page 1: the label of place and the label of validity overlap",
        "第 1 页：place 的标签 与 validity 的标签 重叠",
    ),
    "two rows that overlap by a line": (
        spoilt((VALIDITY, 'value = "validity", box = [25, 100, 160, 10]')),
        {Content.MAXIMUM},
        "page 1: place and validity overlap",
        "place 与 validity 重叠",
    ),
    "a box that is lower than its text": (
        spoilt((PLACE, "box = [25, 90, 160, 3]")),
        {Content.MINIMUM, Content.TYPICAL},
        "page 1: place is outside of its box",
        "place 超出其版位",
    ),
    "a title that is higher than its box": (
        spoilt(("title_size = 34", "title_size = 60")),
        set(Content),
        "page 1: title is outside of its box",
        "title 超出其版位",
    ),
    "a label that is far too long": (
        spoilt(('"信用代码"', f'"{"占用道路单位" * 4}"')),
        set(Content),
        "the label of holders is narrowed to 2",
        "holders 的标签 被压窄至 2",
    ),
    "a seal over a row": (
        spoilt(("seal = [148, 236]", "seal = [148, 100]")),
        set(Content),
        "page 1: validity and the seal overlap",
        "validity 与 印章 重叠",
    ),
    "a seal that hangs over the edge": (
        spoilt(("seal = [148, 236]", "seal = [205, 236]")),
        set(Content),
        "page 1: the seal is outside of the paper",
        "印章 超出纸面",
    ),
    "a symbol under a row": (
        spoilt(("qr = [25, 262]", "qr = [25, 112]")),
        set(Content),
        "the printed QR symbol can not be read",
        "打印后的二维码无法识读",
    ),
    "more in the QR than it holds": (
        spoilt(("qr_length = 20", "")),
        {Content.MAXIMUM},
        "the largest fields are: place, holders[0].name, number; lower max_length",
        "请减小 max_length",
    ),
    "a notice with a character that no face has": (
        spoilt(("本证应当", f"本证{RARE}")),
        set(Content),
        "field notice: the character U+20BB7 can not be printed",
        "U+20BB7 无法打印",
    ),
    "an example with a character that no face has": (
        spoilt(("qr_length = 20", f'qr_length = 20\nexample = "{RARE}路"')),
        {Content.TYPICAL},
        "field place: the character U+20BB7 can not be printed",
        "U+20BB7 无法打印",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_with_the_content_that_shows_it(case):
    text, contents, en, zh = FAULTS[case]
    found = faults(text)
    assert {content for content, fault in found if en in fault.en} == contents
    assert any(zh in fault.zh for _, fault in found)


def test_the_page_is_looked_at_even_where_the_symbol_is_too_large():
    text = spoilt(("qr_length = 20", ""), (PLACE, "box = [25, 98, 160, 14]"))
    (trial,) = (
        trial
        for trial in proof.prove(loaded(text), AT)
        if trial.content is Content.MAXIMUM
    )
    told = [fault.en for fault in trial.faults]
    assert "the QR text does not fit" in told[0]
    assert "page 1: place and validity overlap" in told
    assert (trial.pages, trial.pdf, trial.qr_version) == ((), b"", 0)


WRONG_FILES = {
    "a key of a row that there is not": (
        (('label = "信用代码"', 'lable = "信用代码"'),),
        "layout.rows[1].lable: unknown key; there is: label",
        "不认识该项，可用的有：label",
    ),
    "a key that is a slip of one that is needed": (
        (("label_width = 30", "lable_width = 30"),),
        "expected a number from 0 to 1000 (there is lable_width: a slip?)",
        "是否写错",
    ),
    "a box of three lengths": (
        ((PLACE, "box = [25, 90, 160]"),),
        "layout.rows[2].box: expected [left, top, width, height], each 0 to 1000 mm",
        "应为 [左, 上, 宽, 高]，各为 0 至 1000 毫米",
    ),
    "a box beyond the right edge": (
        ((PLACE, "box = [25, 90, 190, 14]"),),
        "layout.rows[2].box: its right edge is at 215 mm, the paper ends at 210 mm",
        "右边位于 215 毫米，纸面止于 210 毫米",
    ),
    "a box below the page": (
        ((PLACE, "box = [25, 290, 160, 14]"),),
        "its lower edge is at 304 mm, the paper ends at 297 mm",
        "下边位于 304 毫米",
    ),
    "a field of another name": (
        (('"fields.place"', '"fields.palce"'),),
        "names an unknown field palce; there is: place",
        "未定义的字段 palce，可用的有：place",
    ),
    "a field without the word fields": (
        (('"fields.place"', '"place"'),),
        "no known source: place; there is: fields.place",
        "未知来源 place，可用的有：fields.place",
    ),
    "a source that is nearly one": (
        ((VALIDITY, 'value = "valid", box = [25, 106, 160, 10]'),),
        "no known source: valid; there is: validity",
        "可用的有：validity",
    ),
    "a source like no other": (
        ((VALIDITY, 'value = "qqq", box = [25, 106, 160, 10]'),),
        "no known source: qqq; there is: holder.name, holder.code, number",
        "可用的有：holder.name",
    ),
    "a checkpoint that the type does not have": (
        ((VALIDITY, 'value = "checkpoint.复审", box = [25, 106, 160, 10]'),),
        "names an unknown checkpoint 复审; there is: -",
        "未定义的期间核查 复审",
    ),
    "a module that is not there": (
        (('paper = "A4"', 'paper = "A4"\nart = "no_module_of_this_name:draw"'),),
        "can not be imported (ModuleNotFoundError); its folder has to be in PYTHONPATH",
        "其所在文件夹应在 PYTHONPATH 中",
    ),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_layout_that_no_license_can_have_is_refused_before_any_trial(case):
    changes, en, zh = WRONG_FILES[case]
    with pytest.raises(CatalogError) as caught:
        next(proof.prove(loaded(spoilt(*changes)), AT))
    assert en in caught.value.message.en
    assert zh in caught.value.message.zh


def test_a_wrong_second_presentation_is_told_before_the_first_is_tried():
    first = TYPE.replace("[layout]", '[layouts."正本"]')
    second = TYPE[TYPE.index("[layout]") :].replace("[layout]", '[layouts."副本"]')
    kind = loaded(first + second.replace('theme = "teal"', 'theme = "red"'))
    with pytest.raises(CatalogError, match=r'layouts\.副本\.theme: expected one of: "'):
        next(proof.prove(kind, AT))


def test_rows_are_shown_in_tables_or_by_their_columns():
    whole = with_rows("").replace('"fields.place"', '"fields.sections"')
    with pytest.raises(CatalogError) as caught:
        next(proof.prove(loaded(whole), AT))
    assert "show it in tables" in caught.value.message.en
    assert "fields.sections.road" in caught.value.message.en
    other = with_rows(TABLE + 'columns = [{ key = "rode", width = 1 }] }]\n')
    with pytest.raises(CatalogError, match=r"sections\.rode; there is: sections\.road"):
        next(proof.prove(loaded(other), AT))


@pytest.mark.parametrize("size", [(420, 595), (612, 792), (842, 595)])
def test_a_background_of_another_paper_is_refused(size):
    text = spoilt(('paper = "A4"', 'paper = "A4"\nbackground = "own.pdf"'))
    with pytest.raises(CatalogError) as caught:
        next(proof.prove(loaded(text, own_pdf=paper(*size)), AT))
    assert "background own.pdf" in caught.value.message.en
    assert "another size than the layout" in caught.value.message.en


def test_a_background_of_the_paper_is_printed():
    text = spoilt(('paper = "A4"', 'paper = "A4"\nbackground = "own.pdf"'))
    trials = list(proof.prove(loaded(text, own_pdf=paper(595.28, 841.89)), AT))
    assert [trial.faults for trial in trials] == [(), (), ()]


PHOTO = ('photo = "none"', 'photo = "required"')
COPIES = ('photo = "none"', 'photo = "none"\ncopies = ["正本", "副本"]')
NUMBER = ("number = [30, 54, 150, 9]\n", "")
HOLDER = '  { value = "holder.name", box = [25, 66, 160, 8] },\n'
CODE = '  { value = "holder.code", label = "信用代码", box = [25, 76, 160, 10] },\n'
REMARKS = {
    "no place for the photo": (spoilt(PHOTO), Level.WARNING, "no page has a photo box"),
    "no number": (spoilt(NUMBER), Level.WARNING, "no page shows number"),
    "no holder": (spoilt((HOLDER, "")), Level.WARNING, "no page shows holder.name"),
    "no code of the holder": (
        spoilt((CODE, "")),
        Level.WARNING,
        "no page shows holder.code",
    ),
    "no citizen id": (
        spoilt(
            (
                'kind = "text"\nmax_length = 100\nin_qr = true\n',
                'kind = "citizen-id"\n',
            ),
            ("qr_length = 20\n", ""),
            ('"fields.place"', '"issuer"'),
        ),
        Level.WARNING,
        "no page shows fields.place",
    ),
    "a field that nobody prints": (
        spoilt(('"fields.place"', '"issuer"')),
        Level.NOTE,
        "no page shows the fields place: they are in the record alone",
    ),
    "no last day": (
        spoilt((VALIDITY, 'value = "valid_from", box = [25, 106, 160, 10]')),
        Level.NOTE,
        "no page shows the last day",
    ),
    "正本 and 副本 that look alike": (
        spoilt(COPIES),
        Level.NOTE,
        "正本、副本 are printed alike",
    ),
    "a presentation that is never granted": (
        spoilt(("[layout]", '[layouts."副本"]')),
        Level.NOTE,
        "there is a layout for 副本, and copies has no 副本",
    ),
    "boxes that share room": (
        spoilt((PLACE, "box = [25, 90, 160, 17]")),
        Level.NOTE,
        "page 1: the boxes of place and validity overlap",
    ),
    "a title that is narrow": (
        spoilt(
            ("临时占道许可证", "示例市青禾区城市道路及公共场所临时占道和挖掘许可证书")
        ),
        Level.NOTE,
        "title is narrowed to 69%",
    ),
}


@pytest.mark.parametrize("case", REMARKS)
def test_what_can_be_meant_is_remarked_and_is_no_fault(case):
    text, level, told = REMARKS[case]
    kind = loaded(text)
    trials = list(proof.prove(kind, AT))
    assert [trial.faults for trial in trials] == [(), (), ()]
    (remark,) = proof.remarks(kind, trials)
    assert remark.level is level
    assert remark.message.en.startswith(told)
    assert remark.message.zh


def test_nothing_is_remarked_of_what_is_shown_another_way():
    derived = spoilt(
        (
            'number = { rule = "supplied", max_length = 30 }',
            'number = { rule = "holder-code" }',
        ),
        (CODE, ""),
    )
    shown = spoilt(COPIES, ('"fields.place"', '["fields.place", "copy"]'))
    column = with_rows("").replace(
        '"fields.place"', '["fields.place", "fields.sections.road"]'
    )
    for text in (derived, shown, column):
        assert proof.remarks(loaded(text), []) == ()


BUILTIN = {f"{item.name}.{item.version}": item for item in Catalog.builtin().types()}


@pytest.mark.parametrize("name", BUILTIN)
def test_of_the_built_in_types_no_warning_is_a_slip(name):
    found = [
        remark.message.en
        for remark in proof.remarks(BUILTIN[name], [])
        if remark.level is Level.WARNING
    ]
    # The permit on a building site names its holder without a code.
    meant = {"construction-permit.1": ["no page shows holder.code"]}
    assert found == meant.get(name, [])


def test_faces_are_those_that_are_given():
    kind = loaded(spoilt(("本证应当", f"本证{RARE}")))
    faces = FontSet([Face(truetype(), "rare.ttf")])
    trials = list(proof.prove(kind, AT, faces=faces))
    assert [trial.faults for trial in trials] == [(), (), ()]


def test_the_sheet_has_all_pages_with_a_bookmark_for_each_trial():
    first = TYPE.replace("[layout]", '[layouts."正本"]')
    second = TYPE[TYPE.index("[layout]") :].replace("[layout]", '[layouts."副本"]')
    kind = loaded(
        (first + second).replace('"none"', '"none"\ncopies = ["正本", "副本"]')
    )
    trials = list(proof.prove(kind, AT))
    with pikepdf.open(io.BytesIO(proof.sheet_of(trials))) as sheet:
        assert len(sheet.pages) == 6
        with sheet.open_outline() as outline:
            titles = [item.title for item in outline.root]
    assert titles == [
        f"{name} {content}" for name in ("正本", "副本") for content in Content
    ]


def test_a_sheet_is_no_license():
    trials = list(proof.prove(loaded(TYPE), AT))
    with pikepdf.open(io.BytesIO(proof.sheet_of(trials))) as sheet:
        assert "/AcroForm" not in sheet.Root
        assert "/AF" not in sheet.Root
        assert not sheet.attachments
