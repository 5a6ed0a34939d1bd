"""One license, printed as often and in as many presentations as it has."""

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import attachments, samples
from elicense.changing import Grounds, revoke, suspend
from elicense.document.picture import photo_in
from elicense.errors import NotFoundError, SymbolTooLargeError, TooLongError
from elicense.events import Decision, Reason
from elicense.fonts import STANDARD
from elicense.issuing import ReprintError, Request, issue, reprint
from elicense.issuing.desk import NotReleasedError
from elicense.testing import START, Simulator
from elicense.validating import validate_pdf
from elicense.validating.face_check import check_face
from elicense.validating.verdict import Scope
from esign.statuslist import Status
from esign.verdict import Code, Indication
from tests.elicense.pages import (
    TOKEN,
    license_type,
    parts,
    press,
    sample_license,
    with_fields,
)

OTHER = "11990100000000051T"
LATER = START + timedelta(days=3)
HELD = Grounds(
    reason=Reason.HELD,
    decision=Decision(
        document="行政处罚决定书",
        number="示例罚〔2026〕1号",
        organ="示例市综合行政执法局",
        legal_basis="示例法第一条",
        date=START.date(),
        effective_at=None,
        handler="经办示例",
        reviewer="审核示例",
    ),
)
PRESENTATIONS = {
    "food-business": ("正本", "副本"),
    "business-license": ("正本", "副本"),
    "special-operation": ("电子版", "卡片"),
}


@pytest.fixture
def world():
    with Simulator() as made:
        yield made


def judged(world, pdf, at=LATER):
    return validate_pdf(pdf, world.trust(), at)


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_every_presentation_is_the_same_license(world, name):
    issued = world.issue(name)
    world.at = LATER
    for presentation in PRESENTATIONS[name]:
        done = reprint(world.desk(), issued.license.identifier, presentation, LATER)
        assert done.presentation == presentation
        assert done.license == issued.license
        verdict = judged(world, done.pdf)
        assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
        ours, first = attachments.read(done.pdf), attachments.read(issued.pdf)
        assert (ours.record, ours.token) == (first.record, first.token)
        assert done.pdf != issued.pdf


def test_without_a_name_it_is_the_first_presentation(world):
    issued = world.issue("food-business")
    done = reprint(world.desk(), issued.license.identifier, None, START)
    assert done.presentation == "正本"


def test_the_register_stays_as_it_was(world):
    issued = world.issue("food-business")
    register = world.department.register
    before = register.get(issued.license.identifier)
    history = register.history(issued.license.identifier)
    reprint(world.desk(), issued.license.identifier, "副本", LATER)
    assert register.get(issued.license.identifier) == before
    assert register.history(issued.license.identifier) == history


def test_a_print_is_sealed_when_it_is_made(world):
    issued = world.issue("food-business")
    done = reprint(world.desk(), issued.license.identifier, "副本", LATER)
    stamp = f"D\\072{LATER:%Y%m%d%H%M%S}Z".encode()
    assert stamp in done.pdf
    assert stamp not in issued.pdf


def test_every_print_falls_with_the_license(world):
    issued = world.issue("food-business")
    done = reprint(world.desk(), issued.license.identifier, "副本", START)
    world.department.end(issued, Status.INVALID)
    world.at = LATER
    assert judged(world, done.pdf).code is Code.REVOKED
    assert judged(world, issued.pdf).code is Code.REVOKED


def test_a_license_that_is_not_in_force_is_not_printed(world):
    issued = world.issue("food-business")
    grounds = Grounds(reason=Reason.CANCELLED, note="示例")
    revoke(world.department.register, issued.license.identifier, grounds, LATER)
    with pytest.raises(ReprintError) as caught:
        reprint(world.desk(), issued.license.identifier, "副本", LATER)
    assert "只能重印有效的证照" in caught.value.message.zh
    assert "only one in force" in caught.value.message.en


@pytest.mark.parametrize("presentation", ["卡片", "", "正副本合一"])
def test_a_presentation_that_it_has_not_is_named_with_those_that_it_has(
    world, presentation
):
    issued = world.issue("food-business")
    with pytest.raises(ReprintError) as caught:
        reprint(world.desk(), issued.license.identifier, presentation, START)
    assert "正本、副本" in caught.value.message.en


def test_a_license_granted_as_one_copy_has_that_one_alone(world):
    application = {**samples.sample("food-business", START), "copy": "副本"}
    request = Request(type_name="food-business", application=application, number="1")
    issued = issue(world.desk(), request, START)
    identifier = issued.license.identifier
    assert reprint(world.desk(), identifier, None, START).presentation == "副本"
    with pytest.raises(ReprintError):
        reprint(world.desk(), identifier, "正本", START)


def test_a_type_that_is_printed_in_one_way_needs_no_name(world):
    issued = world.issue("teacher")
    identifier = issued.license.identifier
    assert reprint(world.desk(), identifier, None, START).presentation == ""
    with pytest.raises(ReprintError) as caught:
        reprint(world.desk(), identifier, "正本", START)
    assert "has no name" in caught.value.message.en


def test_an_unknown_license_is_not_found(world):
    with pytest.raises(NotFoundError):
        reprint(world.desk(), "1.2.156.3005.2.NONE", None, START)


def test_what_does_not_validate_is_not_released(world):
    issued = world.issue("food-business")
    other = world.add_department(OTHER, "示例市教育局")
    world.departments.append(other)
    foreign = replace(world.desk(), press=world.desk(other).press)
    with pytest.raises(NotReleasedError) as caught:
        reprint(foreign, issued.license.identifier, "副本", START)
    assert caught.value.verdict.code is Code.NOT_AUTHORIZED


def test_a_suspended_license_is_not_printed(world):
    issued = world.issue("food-business")
    identifier = issued.license.identifier
    suspend(world.department.register, identifier, HELD, LATER)
    with pytest.raises(ReprintError):
        reprint(world.desk(), identifier, None, LATER)


def test_what_could_not_be_printed_as_another_presentation_is_not_issued(world):
    wide = ("(" + "W" * 28 + ")") * 5  # fits the 正本, and no line of the 副本
    application = {**samples.sample("food-business", START), "domicile": wide}
    with pytest.raises(TooLongError) as caught:
        world.issue("food-business", application)
    assert caught.value.field == "domicile"
    assert list(world.department.register.rows()) == []


def test_granted_as_one_copy_it_need_fit_that_one_alone(world):
    wide = ("(" + "W" * 28 + ")") * 5
    application = {**samples.sample("food-business", START), "domicile": wide}
    issued = world.issue("food-business", {**application, "copy": "正本"})
    assert issued.license.draft.copy == "正本"


def test_a_foreign_code_too_large_for_its_slot_is_named(world):
    application = {
        **samples.sample("food-business", START),
        "external_qr": "https://example.com/" + "x" * 600,
    }
    with pytest.raises(SymbolTooLargeError) as caught:
        world.issue("food-business", application)
    assert caught.value.fields == ("external_qr",)


def test_a_file_without_the_photo_of_its_record_is_not_printed_from():
    given = parts(sample_license("special-operation"))
    pdf = press("one pass").print(given)
    assert photo_in(pdf, hashlib.sha256(given.photo).digest()) == given.photo
    with pytest.raises(ValueError, match="does not show the photo"):
        photo_in(pdf, bytes(32))


def test_a_presentation_that_is_too_long_hides_no_other():
    license_ = with_fields("food-business", domicile=("(" + "W" * 28 + ")") * 5)
    pdf = press("one pass").print(parts(license_))
    kind = license_type("food-business")
    check = check_face(pdf, license_, kind, TOKEN, STANDARD)
    assert check.indication is Indication.PASSED
