"""The skeleton that every reader of PDF walks: one shape for each of its parts."""

import pytest

from esign.errors import MalformedError
from esign.pades import skeleton

CATALOG = (
    b"<<\n/AcroForm 2 0 R\n/Pages 4 0 R\n/Perms <<\n/DocMDP 9 0 R\n>>\n"
    b"/Type /Catalog\n>>"
)
FIELD = (
    b"<<\n/AP <<\n/N 8 0 R\n>>\n/F 132\n/FT /Sig\n/P 5 0 R\n/Rect [ 1 -2 3.5 4 ]\n"
    b"/Subtype /Widget\n/T (Seal)\n/Type /Annot\n/V 9 0 R\n>>"
)
GOOD = {
    1: CATALOG,
    2: b"<<\n/Fields [ 3 0 R ]\n/SigFlags 3\n>>",
    3: FIELD,
    4: b"<<\n/Count 2\n/Kids [ 5 0 R 6 0 R ]\n/Type /Pages\n>>",
    5: b"<<\n/Parent 4 0 R\n/Type /Page\n>>",
    6: b"<<\n/Count 1\n/Kids [ 7 0 R ]\n/Parent 4 0 R\n/Type /Pages\n>>",
    7: b"<<\n/Parent 6 0 R\n/Type /Page\n>>",
}


def checked(changes=None, signature=9):
    texts = {**GOOD, **(changes or {})}

    def text_of(number):
        if number not in texts:
            raise MalformedError(f"there is no object {number}")
        return texts[number]

    return skeleton.check(text_of, signature)


def test_a_good_one_gives_the_number_of_its_field():
    assert checked() == 3


def test_a_field_may_be_invisible_and_on_any_page():
    hidden = FIELD.replace(b"/AP <<\n/N 8 0 R\n>>\n", b"").replace(b"/P 5", b"/P 7")
    assert checked({3: hidden}) == 3


def part(number, old, new):
    assert old in GOOD[number]
    return {number: GOOD[number].replace(old, new)}


WRONG = {
    "no catalog": part(1, b"/Catalog", b"/Page"),
    "another version than the header's": part(
        1, b">>\n/Type", b">>\n/Version /2.0\n/Type"
    ),
    "no permissions": part(1, b"/Perms <<\n/DocMDP 9 0 R\n>>\n", b""),
    "the permission of another": part(1, b"/DocMDP 9", b"/DocMDP 8"),
    "another permission beside": part(
        1, b"/DocMDP 9 0 R\n", b"/DocMDP 9 0 R\n/UR3 9 0 R\n"
    ),
    "permissions in an object of their own": part(
        1, b"<<\n/DocMDP 9 0 R\n>>", b"9 0 R"
    ),
    "no form": part(1, b"/AcroForm 2 0 R\n", b""),
    "the form inside the permissions": part(
        1,
        b"/AcroForm 2 0 R\n/Pages 4 0 R\n/Perms <<\n",
        b"/Pages 4 0 R\n/Perms <<\n/AcroForm 2 0 R\n",
    ),
    "a form that is not there": part(1, b"/AcroForm 2", b"/AcroForm 99"),
    "a form in the catalog": part(1, b"/AcroForm 2 0 R", b"/AcroForm <<\n>>"),
    "a form without fields": part(2, b"/Fields [ 3 0 R ]\n", b""),
    "a form with two fields": part(2, b"[ 3 0 R ]", b"[ 3 0 R 3 0 R ]"),
    "a form that is its own field": part(2, b"[ 3 0 R ]", b"[ 2 0 R ]"),
    "a form with an entry more": part(2, b"/SigFlags", b"/Q 1\n/SigFlags"),
    "a form that does not end": part(2, b"\n>>", b"\n"),
    "a field with kids": part(3, b"/P 5", b"/Kids [ 3 0 R ]\n/P 5"),
    "a field that is its own parent": part(
        3, b"/P 5 0 R\n", b"/P 5 0 R\n/Parent 3 0 R\n"
    ),
    "a field of another name": part(3, b"(Seal)", b"(Seel)"),
    "a field that is not printed": part(3, b"/F 132", b"/F 128"),
    "a box of three numbers": part(3, b"[ 1 -2 3.5 4 ]", b"[ 1 -2 3.5 ]"),
    "a box of a name": part(3, b"[ 1 -2 3.5 4 ]", b"[ 1 -2 3.5 /X ]"),
    "a text field": part(3, b"/FT /Sig", b"/FT /Tx"),
    "the value of another": part(3, b"/V 9", b"/V 8"),
    "a page that is none": part(3, b"/P 5", b"/P 4"),
    "a page of no document": part(3, b"/P 5", b"/P 99"),
    "no pages": part(1, b"/Pages 4 0 R\n", b""),
    "a root that is a page": part(1, b"/Pages 4", b"/Pages 5"),
    "a page as a root": {
        **part(1, b"/Pages 4", b"/Pages 8"),
        8: b"<<\n/Type /Page\n>>",
    },
    "a root with a parent": part(4, b"/Kids", b"/Parent 6 0 R\n/Kids"),
    "a tree that is its own child": part(4, b"5 0 R 6 0 R", b"4 0 R 6 0 R"),
    "a tree below itself": part(6, b"[ 7 0 R ]", b"[ 4 0 R ]"),
    "a page twice": part(4, b"5 0 R 6 0 R", b"5 0 R 5 0 R"),
    "a page in two places": part(6, b"[ 7 0 R ]", b"[ 5 0 R ]"),
    "a page of another parent": part(5, b"/Parent 4", b"/Parent 6"),
    "a page without a parent": part(5, b"/Parent 4 0 R\n", b""),
    "a parent that is no reference": part(5, b"4 0 R", b"/X"),
    "a page that is not there": part(4, b"5 0 R 6", b"99 0 R 6"),
    "kids that are no references": part(4, b"[ 5 0 R 6 0 R ]", b"[ 5 6 ]"),
    "no kids": part(4, b"/Kids [ 5 0 R 6 0 R ]\n", b""),
    "a count too high": part(4, b"/Count 2", b"/Count 3"),
    "an inner count too low": part(6, b"/Count 1", b"/Count 0"),
    "no count": part(4, b"/Count 2\n", b""),
    "a node of another type": part(6, b"/Pages", b"/Outlines"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_otherwise_is_malformed(name):
    with pytest.raises(MalformedError):
        checked(WRONG[name])


def test_another_signature_is_malformed():
    with pytest.raises(MalformedError, match="signature alone"):
        checked(signature=8)


def deep(levels):
    """A page tree of so many nodes above its one page, on which the field is."""
    made = {
        1: CATALOG.replace(b"/Pages 4", b"/Pages 100"),
        3: FIELD.replace(b"/P 5", b"/P %d" % (100 + levels)),
    }
    for level in range(levels):
        parent = b"/Parent %d 0 R\n" % (99 + level) if level else b""
        made[100 + level] = b"<<\n/Count 1\n/Kids [ %d 0 R ]\n%b/Type /Pages\n>>" % (
            101 + level,
            parent,
        )
    made[100 + levels] = b"<<\n/Parent %d 0 R\n/Type /Page\n>>" % (99 + levels)
    return made


def test_the_deepest_tree_is_walked_and_no_deeper_one():
    assert checked(deep(skeleton.MAX_TREE_DEPTH)) == 3
    with pytest.raises(MalformedError, match="neither node nor page"):
        checked(deep(skeleton.MAX_TREE_DEPTH + 1))
