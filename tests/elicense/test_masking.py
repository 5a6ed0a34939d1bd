import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import samples
from elicense.catalog.invented import citizen_id
from elicense.masking import (
    contains_citizen_id,
    mask_code,
    mask_holder,
    mask_name,
)
from elicense.model import Holder

CITIZEN_ID = "990100199003070019"

NAMES = {
    "two characters": ("张三", "张*"),
    "compound surname": ("欧阳示例", "欧*"),
    "several parts": ("买买提·示例", "买*"),
    "a rare character outside the basic plane": ("𠅤示例", "𠅤*"),
    "one character": ("张", "张*"),
    "nothing": ("", "*"),
}


@pytest.mark.parametrize(("name", "masked"), NAMES.values(), ids=NAMES)
def test_name(name, masked):
    assert mask_name(name) == masked


CODES = {
    "citizen id": (CITIZEN_ID, "****0019"),
    "number that holds a citizen id": (f"T{CITIZEN_ID}", "****0019"),
    "passport": ("E12345678", "****678"),
    "two characters": ("12", "****"),
    "nothing": ("", "****"),
}


@pytest.mark.parametrize(("code", "masked"), CODES.values(), ids=CODES)
def test_code(code, masked):
    assert mask_code(code) == masked


@given(st.text(max_size=40))
def test_at_most_four_characters_and_a_third_of_a_code_stay(code):
    kept = mask_code(code).removeprefix("****")
    assert code.endswith(kept)
    assert len(kept) <= 4
    assert 3 * len(kept) <= len(code)


def test_a_person_is_masked_and_an_organization_is_not():
    person = Holder("张示例", CITIZEN_ID, "111", "共有人")
    assert mask_holder(person) == Holder("张*", "****0019", "111", "共有人")
    shop = Holder("示例市面馆", "92990100MA0000B234", "001")
    assert mask_holder(shop) is shop


FOUND = {
    "alone": CITIZEN_ID,
    "after a letter": f"T{CITIZEN_ID}",
    "inside a file name": f"license-{CITIZEN_ID}.pdf",
    "ends in X": "11010519491231002X",
    "ends in a small x": "11010519491231002x",
    "full-width digits": "９９０１００１９９００３０７００１９",
    "inside a longer run of digits": f"7{CITIZEN_ID}3",
}
NOT_FOUND = {
    "wrong check character": "990100199003070018",
    "30 February": "990100199002300019",
    "masked": "****0019",
    "a USCC": "92990100MA0000B234",
    "an identifier": "1.2.156.3005.2.11990000000000019A002.11990100000000027A.1.001.2",
    "nothing": "",
}


@pytest.mark.parametrize("text", FOUND.values(), ids=FOUND)
def test_a_citizen_id_is_found(text):
    assert contains_citizen_id(text)


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_no_citizen_id_is_found(text):
    assert not contains_citizen_id(text)


@given(
    n=st.integers(0, samples.VARIANTS - 1),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
)
def test_every_citizen_id_is_found_in_any_text_and_not_after_masking(n, before, after):
    code = citizen_id(n)
    assert contains_citizen_id(before + code + after)
    assert not contains_citizen_id(mask_code(code))


def test_a_long_text_takes_no_time():
    assert not contains_citizen_id("1" * 200_000)
