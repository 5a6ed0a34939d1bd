"""Old versions of a type stay readable and verifiable for ever."""

import pytest

from elicense import samples
from elicense.catalog import Catalog
from elicense.catalog.examples import Content, example
from elicense.issuing import reprint
from elicense.testing import Simulator, claims_of
from elicense.validating import validate_pdf
from elicense.validating.verdict import Scope
from esign.verdict import Code

TYPES = {f"{kind.name}.{kind.version}": kind for kind in Catalog.builtin().types()}
OLD = [
    name
    for name, kind in TYPES.items()
    if kind.version < Catalog.builtin().get(kind.name).version
]


@pytest.fixture
def world():
    with Simulator() as made:
        yield made


def issued_by(world, kind):
    """Return a license that was issued when a version was the newest one."""
    world.catalog = Catalog([kind])
    return world.issue(kind.name, samples.sample_of(kind, world.at))


@pytest.mark.parametrize("name", TYPES)
def test_a_license_of_every_version_is_valid_under_all_of_them(world, name):
    kind = TYPES[name]
    issued = issued_by(world, kind)
    assert issued.license.draft.type_version == kind.version
    verdict = validate_pdf(issued.pdf, world.trust(), world.at)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
    assert verdict.claims.type_version == kind.version


@pytest.mark.parametrize("content", Content)
@pytest.mark.parametrize("name", TYPES)
def test_every_presentation_of_any_content_is_the_record_s_own_face(
    world, name, content
):
    kind = TYPES[name]
    world.catalog = Catalog([kind])
    application = example(kind, world.at, content)
    issued = world.issue(kind.name, application)
    world.department.lists.add(claims_of(issued).status.list_number)
    for presentation in kind.presentations_of(issued.license.draft.copy):
        identifier = issued.license.identifier
        done = reprint(world.desk(), identifier, presentation.name, world.at)
        verdict = validate_pdf(done.pdf, world.trust(), world.at)
        assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)


def test_some_types_have_old_versions():
    assert set(OLD) == {"business-license.1", "food-business.1"}


@pytest.mark.parametrize("name", OLD)
def test_an_old_license_is_printed_again_as_it_was(world, name):
    issued = issued_by(world, TYPES[name])
    world.catalog = Catalog.builtin()
    done = reprint(world.desk(), issued.license.identifier, "副本", world.at)
    assert done.license.draft.type_version == 1
    verdict = validate_pdf(done.pdf, world.trust(), world.at)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)


@pytest.mark.parametrize("name", OLD)
def test_a_new_license_is_of_the_newest_version(world, name):
    issued = world.issue(TYPES[name].name)
    assert issued.license.draft.type_version == 2


@pytest.mark.parametrize("name", OLD)
def test_who_has_no_old_version_sees_the_seal_and_not_the_face(world, name):
    kind = TYPES[name]
    issued = issued_by(world, kind)
    newest = Catalog([Catalog.builtin().get(kind.name)])
    verdict = validate_pdf(issued.pdf, world.trust(), world.at, catalog=newest)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.SEALED)
