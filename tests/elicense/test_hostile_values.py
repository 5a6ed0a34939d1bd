"""Whatever stands in a field, there is a right page or a refusal that says why.

Right means: the license validates with its face, says what was given, and a stranger's
program reads it from the page. A refusal names the field and the character, repeats
nothing else of the value, and leaves the register as it was.
"""

import dataclasses
import itertools
import subprocess

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from elicense import issuing, samples
from elicense.errors import (
    ApplicationError,
    ElicenseError,
    MissingGlyphError,
    SymbolTooLargeError,
    TooLongError,
)
from elicense.issuing import Request
from elicense.testing import START, Simulator
from esign import seal_image
from esign.seal_image import SealSpec
from esign.verdict import Code, Indication
from tests.elicense.cli.department import answers, found, sample
from tests.elicense.pages import PRESSES
from tests.support import require_tool

NAME, TEXT = "a holder's name", "a text"
FIELDS = {NAME: "holders", TEXT: "premises"}
_numbers = itertools.count(1)

PRINTED = {
    "a bracket that ends a PDF string": "甲) Tj (乙",
    "a bracket that is never closed": "甲((乙",
    "the escape character of PDF": r"甲\051乙\\丙\n",
    "the marks of a dictionary": "<</Type/Catalog/AA<<>>>>",
    "a comment of PDF": "甲%乙",
    "the end of a stream": "endstream endobj 1 0 obj",
    "the end of a file": "startxref 9 %%EOF",
    "a string in hexadecimal": "<AB 0",
    "a name with an escape": "/Byte#52ange[0 1 2 3]",
    "an operator that shows text": "ET Q q BT 9 Tr (x) Tj",
    "an XML element": "<script>alert('&amp;')</script>",
    "the end of a CDATA section": "]]><!--",
    "the end of an XMP packet": '<?xpacket end="w"?></x:xmpmeta>',
    "a character reference": "&lt;&#0;&#xd800;",
    "a format of strings": "{0} {name} %s %(name)s ${HOME}",
    "a path": "../../etc/passwd",
    "quotes of three kinds": "“甲”'乙'\"丙\"",
    "a name with the separator U+00B7": "阿依古丽·买买提",
    "a character of Extension A": "甲㐀乙",
    "a character that is newer than Unicode 3.2": "甲鿍乙",
    "letters of full width": "ＡＢＣ（１）",
    "kana": "カタかな",
    "an ideographic space": "甲　乙",
    "a space that does not break": "甲\u00a0乙",
    "hyphens at the end of a line": "甲-乙-",
    "a long word without a place to break it": "W" * 80,
    "closing marks alone": "》》》》》》》》",
}
"""Texts that are printed as they are."""

FOLDED = {
    "a bullet": "阿依\u2022买买提",
    "a hyphenation point": "阿依\u2027买买提",
    "a bullet operator": "阿依\u2219买买提",
    "a dot operator": "阿依\u22c5买买提",
    "the dot of katakana": "阿依\u30fb买买提",
    "a full stop of full width": "阿依\uff0e买买提",
    "the dot of half width": "阿依\uff65买买提",
    "a small full stop": "阿依\ufe52买买提",
    "the Greek ano teleia": "阿依\u0387买买提",
}
"""Look-alikes of the separator in a name; it becomes U+00B7, and a warning says so."""

NOT_ALLOWED = {
    "the reversed byte order mark": ("甲\ufffe乙", 0xFFFE),
    "the last code point of a plane": ("甲\uffff乙", 0xFFFF),
    "a noncharacter": ("甲\ufdd0乙", 0xFDD0),
    "a ligature of two letters": ("Ra\ufb01q", 0xFB01),
    "a ligature of three letters": ("甲\ufb03乙", 0xFB03),
    "a NUL": ("甲\x00乙", 0x00),
    "a line feed": ("甲\n乙", 0x0A),
    "a carriage return": ("甲\r乙", 0x0D),
    "a tabulator": ("甲\t乙", 0x09),
    "an escape sequence of a terminal": ("甲\x1b[31m乙", 0x1B),
    "a deletion": ("甲\x7f乙", 0x7F),
    "a control character above ASCII": ("甲\x85乙", 0x85),
    "an override of the direction": ("甲\u202e乙", 0x202E),
    "an isolate of the direction": ("\u2066甲", 0x2066),
    "a mark of the direction": ("甲\u200f乙", 0x200F),
    "a joiner of no width": ("甲\u200d乙", 0x200D),
    "a space of no width": ("甲\u200b乙", 0x200B),
    "a byte order mark": ("甲\ufeff乙", 0xFEFF),
    "a soft hyphen": ("甲\u00ad乙", 0xAD),
    "a line separator": ("甲\u2028乙", 0x2028),
    "a paragraph separator": ("甲\u2029乙", 0x2029),
    "a tag character": ("甲\U000e0041乙", 0xE0041),
    "a high surrogate alone": ("甲\ud842乙", 0xD842),
    "a low surrogate alone": ("甲\udfb7乙", 0xDFB7),
    "two surrogates that were never joined": ("甲\ud842\udfb7", 0xD842),
    "the mark of a failed decoding": ("甲\ufffd乙", 0xFFFD),
    "a private-use character of GBK": ("甲\ue814乙", 0xE814),
    "a user-defined character of GBK": ("\ue5e5甲", 0xE5E5),
    "a private-use character of plane 15": ("甲\U000f0000", 0xF0000),
    "an emoji of several joined": ("👨\u200d👩", 0x200D),
}
"""What no application may hold, and the character that is named."""

NO_GLYPH = {
    "a character of Extension B": ("吉𠮷乙", 0x20BB7),
    "the last character of Extension B": ("甲𪛖", 0x2A6D6),
    "a character of Extension G": ("甲\U00030000", 0x30000),
    "a compatibility ideograph": ("甲\uf900", 0xF900),
    "a compatibility ideograph of plane 2": ("甲\U0002f800", 0x2F800),
    "Hebrew": ("שלום", 0x5E9),
    "Arabic": ("محمد", 0x645),
    "Tibetan": ("བོད", 0xF56),
    "Mongolian": ("ᠮᠣᠩ", 0x182E),
    "an emoji": ("甲😀", 0x1F600),
    "a flag": ("🇨🇳", 0x1F1E8),
    "a variation selector": ("葛\U000e0100", 0xE0100),
    "a selector of emoji": ("甲\ufe0f", 0xFE0F),
    "a grapheme joiner": ("甲\u034f乙", 0x34F),
    "the filler of Hangul": ("甲\u3164乙", 0x3164),
    "a runic dot": ("阿依\u16eb买买提", 0x16EB),
    "a raised dot": ("阿依\u2e33买买提", 0x2E33),
}
"""What the faces of the package cannot draw."""


def application(field: str, value: str) -> dict[str, object]:
    """Return the sample of a food business with one value replaced."""
    made = samples.sample("food-business", START)
    if field == TEXT:
        return {**made, "premises": value}
    return {**made, "holders": [{**made["holders"][0], "name": value}]}


def stored(license_, field: str) -> object:
    draft = license_.draft
    return draft.fields["premises"] if field == TEXT else draft.holders[0].name


@pytest.fixture(scope="module")
def world():
    with Simulator() as made:
        yield made


@pytest.fixture(scope="module", params=PRESSES)
def desk(request, world):
    """A desk with one of the presses."""
    made = world.desk()
    art = seal_image.draw(SealSpec(world.department.name))
    press = PRESSES[request.param](world.department.seal, art)
    return dataclasses.replace(made, press=press)


def issue(desk, field, value):
    request = Request(
        type_name="food-business",
        application=application(field, value),
        number=f"990200{next(_numbers):012d}",
    )
    return issuing.issue(desk, request, START)


def text_of(pdf: bytes) -> str:
    tool = require_tool("pdftotext", "poppler-utils")
    shown = subprocess.run(
        [tool, "-raw", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return "".join(shown.stdout.decode().split())


def assert_right(issued, field, value):
    assert issued.verdict.code is Code.VALID
    (face,) = [check for check in issued.verdict.checks if check.id == "face"]
    assert face.indication is Indication.PASSED
    assert stored(issued.license, field) == value
    assert "".join(value.split()) in text_of(issued.pdf)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("case", PRINTED)
def test_a_text_is_printed_as_it_is(desk, case, field):
    assert_right(issue(desk, field, PRINTED[case]), field, PRINTED[case])


@pytest.mark.parametrize("case", FOLDED)
def test_a_look_alike_of_the_separator_becomes_the_separator(desk, case):
    issued = issue(desk, NAME, FOLDED[case])
    assert_right(issued, NAME, "阿依·买买提")
    assert "holders[0].name" in {item.field for item in issued.warnings}


def test_a_letter_and_its_mark_are_one_letter_in_a_name(desk):
    issued = issue(desk, NAME, "Zoe\u0308")
    assert_right(issued, NAME, "Zoë")


def refusal(desk, field, value):
    """Return the error, after looking at what it says and what it left behind."""
    before = desk.register.count()
    with pytest.raises(ElicenseError) as caught:
        issue(desk, field, value)
    assert desk.register.count() == before
    for text in (caught.value.message.zh, caught.value.message.en):
        assert value not in text
        assert text.isprintable()
    return caught.value


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("case", NOT_ALLOWED)
def test_a_character_that_is_not_allowed_is_named(desk, case, field):
    value, code_point = NOT_ALLOWED[case]
    error = refusal(desk, field, value)
    assert isinstance(error, ApplicationError)
    (problem,) = error.problems
    assert problem.field.startswith(FIELDS[field])
    for text in (problem.message.zh, problem.message.en):
        assert f" U+{code_point:04X}" in text


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("case", NO_GLYPH)
def test_a_character_without_a_glyph_is_named(desk, case, field):
    value, code_point = NO_GLYPH[case]
    error = refusal(desk, field, value)
    assert isinstance(error, MissingGlyphError)
    assert (error.field, error.code_point) == (FIELDS[field], code_point)
    assert f" U+{code_point:04X} " in error.message.en


MARKS = {
    "an accent after a letter": ("Ze\u0301lie", 0x301),
    "an accent after an ideograph": ("甲\u0301乙", 0x301),
    "a macron that makes no letter": ("甲q\u0304", 0x304),
}
"""Marks of no width; faces without shaping draw them beside what they belong to."""


@pytest.mark.parametrize("case", MARKS)
def test_a_mark_that_would_stand_beside_its_letter_is_named(desk, case):
    value, code_point = MARKS[case]
    with pytest.raises((ApplicationError, MissingGlyphError)) as caught:
        issue(desk, TEXT, value)
    assert f" U+{code_point:04X} " in caught.value.message.en


BLANK = {
    "nothing": "",
    "spaces": "   ",
    "ideographic spaces": "　　",
    "a space before it": " 甲",
    "an ideographic space after it": "甲　",
}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("case", BLANK)
def test_white_space_that_nobody_sees_is_refused(desk, case, field):
    with pytest.raises(ApplicationError) as caught:
        issue(desk, field, BLANK[case])
    (problem,) = caught.value.problems
    assert problem.field.startswith(FIELDS[field])


def business(scope: str) -> dict[str, object]:
    return {**samples.sample("business-license", START), "scope": scope}


def issue_business(desk, scope):
    request = Request(
        type_name="business-license",
        application=business(scope),
        number=f"990200{next(_numbers):012d}",
    )
    return issuing.issue(desk, request, START)


FOUR_BYTES = "𬱖"  # beyond the basic plane, and the faces have it
SENTENCE = (
    "食品销售；技术服务、技术开发、技术咨询；货物进出口（依法须经批准的项目除外）。"
)


GOES_ON = "（下接附页）"
"""Stands behind the part on the face."""


def test_the_longest_scope_goes_on_and_every_character_is_printed_once(desk):
    """The type allows 3,000 characters, and the face has room for some of them."""
    scope = (SENTENCE * 100)[:3000]
    issued = issue_business(desk, scope)
    assert issued.verdict.code is Code.VALID
    (face,) = [check for check in issued.verdict.checks if check.id == "face"]
    assert face.indication is Indication.PASSED
    on_face, *more = text_of(issued.pdf).split("经营范围（续）")
    assert on_face.count(GOES_ON) == 1
    parts = [on_face[on_face.index(SENTENCE) :], *more]
    rest, ends = scope, []
    for part in parts:
        shared = next(n for n in range(len(rest), -1, -1) if part.startswith(rest[:n]))
        rest, end = rest[shared:], part[shared:]
        assert SENTENCE[:4] not in end
        ends.append(end)
    assert rest == ""
    assert ends[0].startswith(GOES_ON)
    assert 500 < len(parts[0]) - len(ends[0]) < 3000


def issue_shop(desk, changes):
    request = Request(
        type_name="food-business",
        application=samples.sample("food-business", START) | changes,
        number=f"990200{next(_numbers):012d}",
    )
    return issuing.issue(desk, request, START)


def test_an_address_that_fits_is_printed_and_a_longer_one_is_refused(desk):
    """What stays together leaves the ends of lines empty; an address does not go on."""
    domicile = f"({'W' * 28})" * 5
    before = desk.register.count()
    with pytest.raises(TooLongError) as caught:
        issue_shop(desk, {"copy": "副本", "domicile": domicile})
    assert caught.value.field == "domicile"
    assert desk.register.count() == before
    fits = caught.value.fits
    assert 100 < fits < 150
    issued = issue_shop(desk, {"copy": "副本", "domicile": domicile[:fits]})
    assert issued.verdict.code is Code.VALID
    assert domicile[:fits] in text_of(issued.pdf)


def test_a_scope_beyond_the_type_s_limit_is_refused(desk):
    with pytest.raises(ApplicationError) as caught:
        issue_business(desk, "营" * 3001)
    assert [item.field for item in caught.value.problems] == ["scope"]


def test_values_that_the_symbol_cannot_hold_are_named(desk):
    """A token has so many characters of a value; four bytes each fill it soonest."""
    (holder,) = samples.sample("food-business", START)["holders"]
    changes = {
        "holders": [{**holder, "name": FOUR_BYTES * 80}],
        "premises": FOUR_BYTES * 150,
        "business_form": f"餐饮服务经营者({FOUR_BYTES * 31})",
    }
    before = desk.register.count()
    with pytest.raises(SymbolTooLargeError) as caught:
        issue_shop(desk, changes)
    assert desk.register.count() == before
    assert caught.value.fields == ("holders[0].name", "premises", "business_form")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(min_size=1, max_size=60))
@example("é")
def test_any_text_gives_a_right_page_or_a_named_field(desk, value):
    try:
        issued = issue(desk, TEXT, value)
    except ApplicationError as err:
        named = {problem.field for problem in err.problems}
    except (MissingGlyphError, TooLongError) as err:
        named = {err.field}
    else:
        assert_right(issued, TEXT, value)
        return
    assert named == {"premises"}


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    return found(tmp_path_factory.mktemp("office"))


def issue_by_command(office, value):
    """Run ``elicense issue --data``; JSON escapes what UTF-8 has no bytes for."""
    made = {**sample("food-business", next(_numbers)), "premises": value}
    return office.issue("food-business", made, "new.pdf", "--force")


@pytest.mark.parametrize("case", PRINTED)
def test_the_command_issues_what_can_be_printed(office, case):
    done = issue_by_command(office, PRINTED[case])
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    verdict = office.run("verify", office.folder / "new.pdf", "--json")
    assert [item["code"] for item in answers(verdict)] == ["VALID"]
    assert answer["identifier"] == answers(verdict)[0]["license"]["identifier"]
    (office.folder / "new.pdf").unlink()


JOINED = "two surrogates that were never joined"
REFUSED = {
    **NOT_ALLOWED,
    **NO_GLYPH,
    JOINED: (NOT_ALLOWED[JOINED][0], 0x20BB7),  # their escapes in JSON join them
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_command_names_field_and_character_and_writes_nothing(office, case):
    value, code_point = REFUSED[case]
    before = office.state()
    done = issue_by_command(office, value)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "premises" in done.stderr
    assert f"U+{code_point:04X}" in done.stderr
    assert value not in done.stderr
    assert office.state() == before
