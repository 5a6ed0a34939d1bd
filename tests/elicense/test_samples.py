import base64
import io
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from elicense.catalog import Catalog, check_application
from elicense.dates import start_of
from elicense.errors import UnknownTypeError
from elicense.samples import VARIANTS, sample, variant

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
CATALOG = Catalog.builtin()


@pytest.mark.parametrize("name", CATALOG.names())
@settings(max_examples=40)
@given(
    day=st.dates(date(2018, 1, 1), date(9900, 1, 1)),
    n=st.integers(0, VARIANTS - 1),
)
def test_every_variant_is_issuable_on_any_day_from_2018_without_a_warning(name, day, n):
    at = start_of(day)
    checked = check_application(CATALOG.get(name), variant(name, at, n), at)
    assert checked.warnings == ()
    assert checked.draft.validity.valid_from == day
    assert (checked.photo is not None) is CATALOG.get(name).has_photo


@pytest.mark.parametrize("name", CATALOG.names())
def test_a_sample_is_json_and_the_first_variant(name):
    made = sample(name, AT)
    assert json.loads(json.dumps(made)) == made == variant(name, AT, 0)


@pytest.mark.parametrize("name", CATALOG.names())
def test_variants_have_different_holders(name):
    numbers = [*range(500), *range(0, VARIANTS, 4999), VARIANTS - 1]
    codes = {variant(name, AT, n)["holders"][0]["code"] for n in numbers}
    assert len(codes) == len(set(numbers))


@pytest.mark.parametrize("name", CATALOG.names())
def test_everything_is_clearly_invented(name):
    for n in (0, 1, 4711):
        holder = variant(name, AT, n)["holders"][0]
        assert "示例" in holder["name"]
        assert "990101" in holder["code"][:8]


def test_the_portrait_is_an_image_of_26_by_32_mm_at_300_dpi():
    data = base64.b64decode(sample("special-operation", AT)["photo"])
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert image.mode == "RGB"
        assert image.width >= 307
        assert image.height >= 378


def test_an_unknown_type_has_no_sample():
    with pytest.raises(UnknownTypeError) as caught:
        sample("driving-license", AT)
    assert "food-business" in caught.value.message.en


@pytest.mark.parametrize("n", [-1, VARIANTS])
def test_no_such_variant(n):
    with pytest.raises(ValueError, match="expected 0 to"):
        variant("food-business", AT, n)
