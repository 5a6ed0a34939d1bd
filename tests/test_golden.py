"""Every page of every type, held against its picture in docs/types.

A page that changed is drawn anew with ``python docs/types/make.py``, and looked at.
"""

import dataclasses
import importlib.util
import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from elicense.catalog import Catalog

TYPES = Path(__file__).parent.parent / "docs" / "types"
_SPEC = importlib.util.spec_from_file_location("docs_types_make", TYPES / "make.py")
make = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(make)

KINDS = {f"{item.name}.{item.version}": item for item in Catalog.builtin().types()}


@pytest.fixture(scope="module", params=KINDS)
def shown(request):
    return KINDS[request.param], list(make.pictures(KINDS[request.param]))


def golden(picture):
    with Image.open(TYPES / "images" / picture.name) as image:
        return image.convert("RGB")


def test_every_page_is_the_one_in_the_docs(shown):
    kind, pictures = shown
    stem = f"{kind.name}.{kind.version}-"
    kept = {path.name for path in (TYPES / "images").glob(f"{stem}*.png")}
    assert {picture.name for picture in pictures} == kept
    differing = {
        picture.name: make.differing(golden(picture), picture) for picture in pictures
    }
    assert {name: n for name, n in differing.items() if n > make.MOST} == {}


def test_nothing_on_any_page_lies_where_it_must_not(shown):
    _, pictures = shown
    faults = {
        f"{trial.presentation} {trial.content}: {fault.en}"
        for trial in (picture.trial for picture in pictures)
        for fault in trial.faults
    }
    assert faults == set()


def test_one_character_more_or_less_is_seen(shown):
    _, pictures = shown
    for picture in pictures:
        scale = make.PIXELS_PER_POINT.get(picture.trial.content, make.SMALL)
        page = picture.trial.pages[picture.number - 1]
        run = max(page.runs, key=lambda run: (run.field == "number", run.size))
        edited = picture.image.convert("RGB")
        top = (page.ornament.height - run.y - run.size * 0.8) * scale
        left = run.x * scale
        box = (left, top, left + run.size * scale, top + run.size * scale * 0.9)
        ImageDraw.Draw(edited).rectangle(box, fill="white")
        changed = dataclasses.replace(picture, image=edited)
        assert make.differing(golden(picture), changed) > make.MOST, picture.name


def test_a_page_of_another_size_is_another_page(shown):
    _, pictures = shown
    image = pictures[0].image
    smaller = dataclasses.replace(pictures[0], image=image.crop((0, 0, 9, 9)))
    assert make.differing(golden(pictures[0]), smaller) > make.MOST


def test_the_pages_of_the_docs_show_every_picture():
    for name in Catalog.builtin().names():
        text = (TYPES / f"{name}.md").read_text(encoding="utf-8")
        named = set(re.findall(r"\(images/([^)]+)\)", text))
        kept = {path.name for path in (TYPES / "images").glob(f"{name}.[0-9]*.png")}
        assert named == kept
