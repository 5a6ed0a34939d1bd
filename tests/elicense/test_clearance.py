"""What lies where it must not is found, and what lies well is not."""

import dataclasses

import pytest

from elicense.catalog import Catalog, check_application
from elicense.catalog.examples import Content, example
from elicense.fonts import Typeface
from elicense.layout import Run, clearance, compose
from elicense.model import License, Organization
from tests.elicense.pages import AT, IDENTIFIER, license_type, sample_license

KINDS = {
    f"{item.name}.{item.version} {presentation.name}": (item, presentation)
    for item in Catalog.builtin().types()
    for presentation in item.presentations
}
NAME = "special-operation"  # it has a photo


def pages_of(content, kind, presentation):
    checked = check_application(kind, example(kind, AT, content), AT)
    license_ = License(
        draft=checked.draft,
        identifier=IDENTIFIER,
        issuer=Organization("11990100000000027A", "示例市行政审批局"),
        specimen=True,
    )
    return compose(license_, kind, presentation)


@pytest.fixture(scope="module")
def page():
    (only,) = compose(sample_license(NAME), license_type(NAME))
    return only


def messages(*pages):
    return [fault.message.en for fault in clearance.faults(pages)]


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", KINDS)
def test_on_no_page_of_any_type_anything_lies_wrong(name, content):
    assert clearance.faults(pages_of(content, *KINDS[name])) == ()


def moved(page, field, **changes):
    """Return a page with one of its texts somewhere else."""
    runs = list(page.runs)
    at = next(i for i, run in enumerate(runs) if run.field == field)
    runs[at] = dataclasses.replace(runs[at], **changes)
    return dataclasses.replace(page, runs=tuple(runs))


def run_of(page, field):
    return next(run for run in page.runs if run.field == field)


def centre(box):
    return {"x": (box[0] + box[2]) / 2, "y": (box[1] + box[3]) / 2}


WRONG = {
    "a text that is too wide for its box": (
        lambda page: moved(page, "category", text="示" * 60),
        "category is outside of its box",
    ),
    "a text that is too low": (
        lambda page: moved(page, "category", y=run_of(page, "category").y - 9),
        "category is outside of its box",
    ),
    "a text beside the paper": (
        lambda page: moved(page, "notice", x=-30.0, room=None),
        "notice is outside of the paper",
    ),
    "a text over another one": (
        lambda page: moved(
            page, "sex", y=run_of(page, "number").y, x=run_of(page, "number").x
        ),
        "sex and number overlap",
    ),
    "a text over the symbol": (
        lambda page: moved(page, "notice", **centre(page.qr_box), room=None),
        "notice and the QR symbol overlap",
    ),
    "a text over the photo": (
        lambda page: moved(page, "notice", **centre(page.photo_box), room=None),
        "notice and the photo overlap",
    ),
    "a text under the seal": (
        lambda page: moved(page, "notice", **centre(page.seal_box), room=None),
        "notice and the seal overlap",
    ),
    "the symbol under the seal": (
        lambda page: dataclasses.replace(page, qr_box=page.seal_box),
        "the QR symbol and the seal overlap",
    ),
    "a foreign code over the photo": (
        lambda page: dataclasses.replace(page, code_box=page.photo_box),
        "the foreign code and the photo overlap",
    ),
    "a seal off the paper": (
        lambda page: dataclasses.replace(page, seal_box=(500.0, -9.0, 619.0, 110.0)),
        "the seal is outside of the paper",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_lies_wrong_is_named(page, name):
    change, expected = WRONG[name]
    assert messages(page) == []
    found = messages(change(page))
    assert (
        expected in found
        or " and ".join(reversed(expected.removesuffix(" overlap").split(" and ")))
        + " overlap"
        in found
    )


def test_issuer_and_day_may_stand_under_the_seal(page):
    issuer = run_of(page, "issuer")
    left, bottom, right, top = page.seal_box
    assert left < issuer.x + issuer.size
    assert issuer.x < right
    assert bottom < issuer.y < top
    assert messages(page) == []


def test_the_page_is_told_by_its_number(page):
    (fault,) = {
        item.page
        for item in clearance.faults([page, moved(page, "sex", text="示" * 60)])
    }
    assert fault == 2


def test_messages_are_in_both_languages(page):
    for fault in clearance.faults([WRONG["a seal off the paper"][0](page)]):
        assert "印章" in fault.message.zh
        assert "the seal" in fault.message.en


def test_an_extent_is_the_em_square_of_its_characters():
    run = Run("x", "示例", 10.0, 20.0, 10.0, Typeface.SERIF, (0, 0, 0))
    left, bottom, right, top = clearance.extent(run, clearance.STANDARD)
    assert (left, right) == (10.0, 30.0)
    assert bottom == pytest.approx(18.8)
    assert top == pytest.approx(28.6)
    wide = dataclasses.replace(run, spacing=4.0, stretch=0.5)
    assert clearance.extent(wide, clearance.STANDARD)[2] == pytest.approx(22.0)
