"""A seal that a licensed maker made, in place of the test seal of a workspace."""

import io
import resource
import shutil
import struct
import time
import zlib
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest
from PIL import Image, ImageChops

from elicense import (
    Workspace,
    issuing,
    keychain,
    own_seal,
    samples,
    seals,
    trust,
)
from elicense.changing import Grounds
from elicense.errors import ConflictError, SealTooLargeError, WorkspaceError
from elicense.events import Reason
from elicense.hub import Hub
from elicense.issuing import NotReleasedError, Request
from elicense.own_seal import Terms
from elicense.sealing import (
    SealEvent,
    SealEventKind,
    SealIdError,
    SealReason,
    SealRefusedError,
    SealState,
    fitness,
)
from elicense.sealing.fitness import UnfitSealError
from elicense.trust.hub_model import DepartmentGrant
from elicense.trust.reading import MAX_SEALS
from elicense.validating import Scope, validate
from esign import cbor, der, pades, ses, sm2
from esign.algorithms import Suite
from esign.errors import MalformedError
from esign.gm_authority import GmAuthority
from esign.pades import SubFilter
from esign.ses import Extension, Picture
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START
from tests.elicense.licensed_maker import DAYS, LicensedMaker, picture
from tests.elicense.test_sm2_workspace import found, issue, taking_over
from tests.esign.seal_pictures import IMAGE, KINDS, RING, STAR, ofd, ring, written
from tests.support import vectors

HOUR = timedelta(hours=1)
AT = START + HOUR
LATER = START + 2 * HOUR
SEAL = f"{NAME}行政审批专用章"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A workspace of SM2 with one license, sealed with its test seal."""
    place = tmp_path_factory.mktemp("own") / "ws"
    with found(place) as workspace:
        issue(workspace)
    return place


@pytest.fixture(scope="module")
def maker():
    return LicensedMaker(START)


@pytest.fixture
def own(base, tmp_path):
    place = shutil.copytree(base, tmp_path / "ws")
    with Workspace(place, PASSPHRASE) as workspace:
        yield workspace


def made(maker, workspace, **changes):
    """Return a seal for a workspace."""
    given = {"name": SEAL} | changes
    return maker.make(own_seal.certificate(workspace), **given)


def use(maker, workspace, data=None, at=AT, terms=None, **trusted):
    data = data or made(maker, workspace)
    return own_seal.use(
        workspace, data, maker.trust(**trusted), at, terms or Terms("keeper-1")
    )


def first(workspace):
    """Return the PDF that the test seal has sealed."""
    (row,) = (r for r in workspace.register.rows() if r.key.number == "1")
    return row.pdf


def seal_of(pdf):
    return ses.read_signature(pades.read(pdf).content).seal


def stranger(workspace):
    """Return what somebody believes who has the pin and the public file alone."""
    return trust.admit(workspace.trust_file.read_bytes(), workspace.settings.root)


def seen(pdf, dpi=300):
    """Return left, bottom, right, top in millimetres of what the seal's field shows."""
    with pypdfium2.PdfDocument(pdf) as document:
        document.init_forms()
        page = document[0]
        with_it, without = (
            page.render(scale=dpi / 72, may_draw_forms=drawn).to_pil().convert("RGB")
            for drawn in (True, False)
        )
    left, upper, right, lower = ImageChops.difference(with_it, without).getbbox()
    height = with_it.height
    return [v / dpi * 25.4 for v in (left, height - lower, right, height - upper)]


# What it is for


@pytest.mark.parametrize("by_digest", [False, True], ids=["certificates", "digests"])
@pytest.mark.parametrize("version", [4, 5])
def test_new_licenses_carry_the_new_seal_and_the_old_ones_stay_valid(
    own, maker, version, by_digest
):
    data = made(maker, own, version=version, by_digest=by_digest)
    done = use(maker, own, data)
    assert done.done.published
    assert done.seal.state_at(AT) is SealState.ENABLED
    assert {one.by for one in done.seal.history} == {"keeper-1"}
    issued = issue(own, "2", LATER)
    assert seal_of(issued.pdf).der == data
    assert seal_of(first(own)).der != data
    for pdf in (first(own), issued.pdf):
        verdict = validate(pdf, stranger(own), LATER)
        assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
    (entry,) = stranger(own).bundle.seals
    before, after = entry.seals
    assert (before.withdrawn_at, after.withdrawn_at) == (AT + _SECOND, None)
    assert after.digest == sm2.sm3(data)
    assert after.maker[0] == maker.authority.maker_certificate
    assert maker.authority.root_certificate in stranger(own).bundle.roots


_SECOND = timedelta(seconds=1)


def test_the_picture_is_in_the_middle_of_the_box_in_the_size_that_the_seal_states(
    own, maker
):
    use(maker, own, made(maker, own, picture=picture(side=30)))
    left, bottom, right, top = seen(issue(own, "2", LATER).pdf)
    assert (right - left, top - bottom) == pytest.approx((30, 30), abs=0.2)
    middle = (left + right) / 2, (bottom + top) / 2
    assert middle == pytest.approx((228, 210 - 163), abs=0.2)  # of food-business


def test_every_way_to_a_license_shows_it(own, maker):
    data = made(maker, own)
    use(maker, own, data)
    old = issue(own, "2", LATER)
    request = Request(
        type_name="food-business",
        application=application(),
        number="R1",
        operation="renew",
        previous=old.license.identifier,
        grounds=Grounds(reason=Reason.CHANGED, note="changed"),
    )
    renewed = own.carry_out(request, LATER)
    own.publish(LATER)
    again = own.reprint(renewed.license.identifier, "副本", LATER)
    (batched,) = own.issue_many(
        [replace(request, number="B1", operation="issue", previous=None, grounds=None)],
        lambda outcomes: [one.issued.pdf for one in outcomes],
        at=LATER,
    )
    for pdf in (renewed.pdf, again.pdf, batched):
        assert seal_of(pdf).der == data
        assert seen(pdf)[2] - seen(pdf)[0] == pytest.approx(40, abs=0.2)
        assert validate(pdf, stranger(own), LATER).code is Code.VALID


def application():
    return samples.sample("food-business", START)


PICTURES = {
    "PNG": KINDS["PNG"],
    "png": KINDS["png"],
    "GIF": KINDS["GIF"],
    "JPEG": KINDS["JPEG"],
    "jpg": KINDS["jpg"],
    "BMP": KINDS["BMP"],
    "ofd": ofd(RING, STAR, IMAGE),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_every_kind_of_picture_is_seen_and_valid(own, maker, kind):
    shown = Picture(kind, PICTURES[kind], 40, 40)
    use(maker, own, made(maker, own, picture=shown))
    issued = issue(own, "2", LATER)
    assert validate(issued.pdf, stranger(own), LATER).code is Code.VALID
    left, bottom, right, top = seen(issued.pdf)
    assert 36 < right - left < 40.3
    assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx((228, 47), abs=0.3)


def test_a_key_renewed_meanwhile_gets_no_seal_that_does_not_list_it(
    own, maker, monkeypatch
):
    checked = own_seal._require_usable

    def renewing(office, seal, at):
        checked(office, seal, at)
        own.renew_key("seal", at)

    data = made(maker, own)
    monkeypatch.setattr(own_seal, "_require_usable", renewing)
    with pytest.raises(WorkspaceError, match="renewed meanwhile"):
        use(maker, own, data)
    assert own.custody.reload().seal.seal.der != data
    issued = issue(own, "2", LATER)
    assert own.validate(issued.pdf, LATER).code is Code.VALID


def test_the_seal_may_be_changed_again_and_its_key_renewed(own, maker):
    use(maker, own)
    second = issue(own, "2", LATER).pdf
    at = LATER + HOUR
    new = made(maker, own, identifier="99010000000043")
    use(maker, own, new, at)
    third = issue(own, "3", at).pdf
    at += HOUR
    own.renew_key("seal", at)
    fourth = issue(own, "4", at).pdf
    assert seal_of(fourth).identifier not in {"99010000000042", "99010000000043"}
    for pdf in (first(own), second, third, fourth):
        assert validate(pdf, stranger(own), at).code is Code.VALID
    states = {one.id: one.state_at(at) for one in own.seals.seals()}
    key = own.custody.parts.seal.name
    assert states.pop(key) is SealState.ENABLED
    assert set(states.values()) == {SealState.REVOKED}
    assert len(states) == 3
    chain = own.custody.parts.keychain
    assert keychain.decode(keychain.encode(chain)) == chain


def test_what_was_sealed_after_it_was_replaced_is_refused(own, maker):
    """Whoever kept the test seal cannot seal with it any more."""
    with Workspace(own.folder, PASSPHRASE) as other:
        desk = other.desk(LATER)
        request = Request(
            type_name="food-business", application=application(), number="9"
        )
        use(maker, own)

        with pytest.raises(NotReleasedError, match="NOT_AUTHORIZED"):
            issuing.issue(
                replace(desk, trust=stranger(own), seals=None), request, LATER
            )


def test_the_policy_and_the_log_know_it_as_the_own_one(own, maker):
    done = use(maker, own)
    assert seals.own_id(own) == done.seal.id == "99010000000042"
    issue(own, "2", LATER)
    assert [line.use.seal for line in own.seals.log()][-1] == done.seal.id
    held = SealEvent(
        kind=SealEventKind.DISABLE,
        effective_at=LATER,
        recorded_at=LATER,
        reason=SealReason.HELD,
    )
    own.seals.record(done.seal.id, [held])
    with pytest.raises(SealRefusedError):
        issue(own, "3", LATER)
    own.seals.record(
        done.seal.id, [replace(held, kind=SealEventKind.ENABLE, reason=SealReason.NONE)]
    )
    with pytest.raises(SealRefusedError, match="expired"):
        issue(own, "3", START + DAYS + HOUR)


@pytest.mark.parametrize("which", ["the new one", "the test seal"])
def test_a_stolen_seal_means_its_key(own, maker, which):
    done = use(maker, own)
    second = issue(own, "2", LATER).pdf
    name = done.seal.id if which == "the new one" else own.custody.parts.seal.name
    stolen = SealEvent(
        kind=SealEventKind.REVOKE,
        effective_at=START,
        recorded_at=LATER + HOUR,
        reason=SealReason.COMPROMISED,
    )
    assert seals.revoke(own, name, stolen).published.published
    for pdf in (first(own), second):
        code = validate(pdf, stranger(own), LATER + HOUR).code
        assert code is Code.KEY_COMPROMISED
    after = issue(own, "3", LATER + HOUR)
    assert validate(after.pdf, stranger(own), LATER + HOUR).code is Code.VALID


def test_a_revoked_one_is_followed_by_a_new_key_with_a_test_seal(own, maker):
    done = use(maker, own)
    second = issue(own, "2", LATER).pdf
    event = SealEvent(
        kind=SealEventKind.REVOKE,
        effective_at=LATER,
        recorded_at=LATER + HOUR,
        reason=SealReason.REPLACED,
    )
    told = seals.revoke(own, done.seal.id, event)
    assert told.seal.state_at(LATER + HOUR) is SealState.REVOKED
    assert "测试印章" in seal_of(issue(own, "3", LATER + HOUR).pdf).name
    for pdf in (first(own), second):
        assert validate(pdf, stranger(own), LATER + HOUR).code is Code.VALID


def test_a_seal_that_was_imported_before_is_enabled(own, maker):
    data = made(maker, own)
    events = [
        SealEvent(kind=kind, effective_at=START, recorded_at=START)
        for kind in (SealEventKind.REQUEST, SealEventKind.MAKE)
    ]
    seals.import_seal(own, data, CODE, events)
    done = use(maker, own, data)
    kinds = [str(one.kind) for one in done.seal.history]
    assert kinds == ["request", "make", "file", "enable"]


def test_the_same_again_finishes_a_run_that_was_cut_off(own, maker):
    data = made(maker, own)
    use(maker, own, data)
    number = own.register.latest_publication().number
    again = use(maker, own, data, LATER)
    assert again.done.publication.number == number + 1
    assert len(own.custody.parts.seal.seals) == 2
    assert len(again.seal.history) == 4


def test_a_run_that_was_cut_off_before_the_register_knew(own, maker):
    """The keys decide; the register of seals follows with the next use."""
    data = made(maker, own)
    fit = keychain.ElectronicSeal(
        sm2.sm3(data),
        (maker.authority.maker_certificate, *maker.authority.chain),
        data,
        "99010000000042",
    )
    root, listed = maker.authority.root_certificate, own_seal.certificate(own)
    own.use_seal(fit, root, AT, listed=listed)
    assert own.seals.find("99010000000042") is None
    issued = issue(own, "2", LATER)
    assert validate(issued.pdf, stranger(own), LATER).code is Code.VALID
    kept = own.seals.get("99010000000042")
    assert (kept.state_at(LATER), kept.is_test) == (SealState.ENABLED, False)


def test_an_organ_that_is_taken_over_keeps_what_both_seals_have_sealed(
    own, maker, tmp_path
):
    use(maker, own)
    second = issue(own, "2", LATER).pdf
    at = START + timedelta(days=1)
    with taking_over(own, tmp_path / "other", at) as other:
        for pdf in (first(own), second):
            assert validate(pdf, other.trust(), at).code is Code.VALID
        seals.join_own(other, at)
        known = {one.id: one.state_at(at) for one in other.seals.seals()}
    assert known["99010000000042"] is SealState.REVOKED


def test_a_hub_tells_of_both_seals(own, maker, tmp_path):
    use(maker, own)
    second = issue(own, "2", LATER).pdf
    hub = Hub.create(tmp_path / "hub", name="示例市数据局", suite=Suite.SM2, at=LATER)
    granted = DepartmentGrant(
        organization=CODE, root=own.settings.root, types=("food-business",)
    )
    hub.grant(granted, NAME)
    hub.merge([own.trust_file], LATER)
    for pdf in (first(own), second):
        assert validate(pdf, hub.trust(), LATER).code is Code.VALID


def test_the_file_for_ordinary_viewers_is_sealed_as_before(own, maker):
    use(maker, own)
    issued = issue(own, "2", LATER)
    own.add_viewer_seal(LATER)
    again = own.reprint(issued.license.identifier, at=LATER, by=SubFilter.PADES)
    assert validate(again.pdf, stranger(own), LATER).code is Code.VALID


def test_a_picture_without_room_is_refused_before_anything_is_reserved(own, maker):
    done = use(maker, own)
    assert done.no_room == (("special-operation", "卡片"),)
    request = samples.sample("special-operation", START)
    issued = own.issue("special-operation", request, number="S", at=LATER)
    used = len(own.seals.log())
    with pytest.raises(SealTooLargeError, match="40 mm x 40 mm") as caught:
        own.reprint(issued.license.identifier, "卡片", LATER)
    assert caught.value.box_mm == pytest.approx((18, 18), abs=0.01)
    assert len(own.seals.log()) == used


def test_a_page_that_is_too_small_for_the_seal_reserves_nothing(own, maker):
    use(maker, own, made(maker, own, picture=picture(side=42)))
    desk = own.desk(LATER)
    small = replace(desk, seal_art=replace(desk.seal_art, width_mm=43.0))

    count = own.register.count()
    request = Request(type_name="food-business", application=application(), number="9")
    with pytest.raises(SealTooLargeError, match="43 mm"):
        issuing.issue(small, request, LATER)
    assert own.register.count() == count


def test_the_test_seal_is_smaller_on_a_card(own):
    request = samples.sample("special-operation", START)
    issued = own.issue("special-operation", request, number="S", at=LATER)
    card = own.reprint(issued.license.identifier, "卡片", LATER)
    assert validate(card.pdf, stranger(own), LATER).code is Code.VALID
    left, bottom, right, top = seen(card.pdf)
    assert (right - left, top - bottom) == pytest.approx((18, 18), abs=0.4)


# What is refused


def strange(maker, _workspace):
    key = GmAuthority.create("another", START)
    other = key.issue_seal(key.maker.public_key, NAME, CODE, START, 30)
    return maker.make(other, name=SEAL)


def shared(maker, workspace):
    key = GmAuthority.create("another", START)
    other = key.issue_seal(
        key.maker.public_key, "示范市应急管理局", "119901000000000355", START, 30
    )
    return maker.make(own_seal.certificate(workspace), other, name=SEAL)


def made_with(**changes):
    return lambda maker, workspace: made(maker, workspace, **changes)


def stamped(maker, workspace):
    return _with_timestamp(made(maker, workspace, version=5))


def _with_timestamp(seal):
    """Return a seal of version 5 with something in the place of a timestamp."""

    body = seal[4:] + der.tlv(0xA0, der.tlv(der.BITS, b"\x00\x01"))
    return der.tlv(der.SEQUENCE, body)


def altered(maker, workspace):
    data = made(maker, workspace)
    return data.replace(SEAL.encode(), SEAL.replace("章", "印").encode())


def of_another_maker(_maker, workspace):
    return made(LicensedMaker(START), workspace)


def by_a_signer(maker, workspace):
    """Made by who has a certificate of the same CA for sealing, not for making."""

    key = SoftwareSigner.generate(Suite.SM2)
    made_out = maker.authority.issue_seal(key.public_key, NAME, CODE, START, 300)
    return made(maker, workspace, by=(made_out, key))


def shows(kind, data, width=40, height=40):
    return made_with(picture=Picture(kind, data, width, height))


REFUSED = {
    "it does not list our certificate": (strange, "does not list"),
    "it does not list its digest": (
        lambda maker, _: maker.make(
            maker.authority.maker_certificate, name=SEAL, by_digest=True
        ),
        "does not list",
    ),
    "it lists another organization too": (shared, "another organization"),
    "its name is another organization's": (
        made_with(name="示范市应急管理局"),
        "does not contain",
    ),
    "it has expired": (
        made_with(valid_until=START + timedelta(minutes=5)),
        r"EXPIRED.*period was over",
    ),
    "its period has not begun": (
        made_with(valid_from=START + DAYS / 2),
        "NOT_YET_VALID",
    ),
    "it was altered": (altered, "BAD_SIGNATURE"),
    "nobody knows its maker": (of_another_maker, "UNKNOWN_ISSUER.*--maker"),
    "a signer made it": (by_a_signer, "UNKNOWN_ISSUER"),
    "it has a timestamp": (stamped, "timestamp of its own"),
    "it is no seal": (lambda *_: b"no seal", "in the form of the standard"),
    "it has no esID": (made_with(identifier=""), "has no esID"),
    "its esID is a citizen's": (
        made_with(identifier="11010519491231002X"),
        "citizen",
    ),
    "a picture of an unknown kind": (shows("SVG", b"<svg/>"), "'SVG'.*not drawn"),
    "a picture of another kind than it says": (
        shows("GIF", KINDS["PNG"]),
        "no GIF that can be read",
    ),
    "a picture that is cut short": (
        shows("PNG", KINDS["PNG"][:60]),
        "no PNG that can be read",
    ),
    "a picture that shows nothing": (
        shows("PNG", written(ring(ink="white"), "PNG")),
        "shows nothing",
    ),
    "a picture for no box": (shows("PNG", KINDS["PNG"], 50, 50), "50 mm x 50 mm"),
    "a picture for no seal": (shows("PNG", KINDS["PNG"], 400, 400), "at most 100 mm"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_seal_is_refused_and_nothing_is_changed(own, maker, case):
    make, match = REFUSED[case]
    data = make(maker, own)
    before = own.custody.parts.keychain, own.register.latest_publication().number
    known = {one.id for one in own.seals.seals()}
    with pytest.raises((UnfitSealError, SealIdError), match=match) as got:
        use(maker, own, data)
    assert got.value.message.zh != got.value.message.en
    after = own.custody.reload().keychain, own.register.latest_publication().number
    assert after == before
    assert {one.id for one in own.seals.seals()} == known


def test_a_seal_of_2014(own, maker):
    data = vectors("ses/seals/ofdrw-v1-UserV1.esl").read_bytes()
    with pytest.raises(UnfitSealError, match=r"version 1|form of the standard"):
        use(maker, own, data)


def test_a_signer_whose_certificate_nobody_can_read_is_another_one(own, maker):
    mine = own_seal.certificate(own)
    seal = replace(ses.read_seal(made(maker, own)), certificates=(mine, b"unread"))
    bearer = fitness.Bearer(organization=CODE, name=NAME, certificate=mine)
    (told,) = fitness._shared(seal, bearer)
    assert "another organization" in told.en


def test_a_seal_whose_name_is_another_one_may_be_named(own, maker):
    data = made(maker, own, name="行政审批专用章（3）")
    with pytest.raises(UnfitSealError, match="--seal-name"):
        use(maker, own, data, terms=Terms(seal_name="行政审批专用章"))
    done = use(maker, own, data, terms=Terms(seal_name="行政审批专用章（3）"))
    assert done.seal.name == "行政审批专用章（3）"


def test_a_maker_whose_certificate_was_revoked(own, maker):
    revoked = [(maker.authority.maker_certificate, START)]
    with pytest.raises(UnfitSealError, match="REVOKED"):
        use(maker, own, revoked=revoked)


def test_without_lists_of_revoked_certificates_nothing_is_known(own, maker):
    trusted = replace(maker.trust(), revocations=None)
    with pytest.raises(UnfitSealError, match=r"NO_STATUS.*--crl"):
        own_seal.use(own, made(maker, own), trusted, AT)
    with pytest.raises(UnfitSealError, match="STALE"):
        use(maker, own, at=START + timedelta(days=30))


def test_the_register_may_know_better(own, maker):
    data = made(maker, own)
    births = [
        SealEvent(kind=kind, effective_at=START, recorded_at=START)
        for kind in (SealEventKind.REQUEST, SealEventKind.MAKE)
    ]
    seals.import_seal(own, data, "119901000000000355", births)
    with pytest.raises(ConflictError, match="another organization"):
        use(maker, own, data)
    other = made(maker, own, created=START + _SECOND)
    with pytest.raises(ConflictError, match="another seal"):
        use(maker, own, other)


@pytest.mark.parametrize("kind", [SealEventKind.REVOKE, SealEventKind.DISABLE])
def test_a_seal_that_was_withdrawn(own, maker, kind):
    data = made(maker, own)
    reason = (
        SealReason.DAMAGED if kind is SealEventKind.REVOKE else SealReason.REORGANISED
    )
    births = [
        SealEvent(
            kind=one,
            effective_at=START,
            recorded_at=START,
            reason=reason if one is kind else SealReason.NONE,
        )
        for one in (
            SealEventKind.REQUEST,
            SealEventKind.MAKE,
            SealEventKind.FILE,
            SealEventKind.ENABLE,
            kind,
        )
    ]
    seals.import_seal(own, data, CODE, births)
    with pytest.raises(ConflictError, match="cannot be used"):
        use(maker, own, data)


def test_one_that_was_replaced_does_not_come_back(own, maker):
    data = made(maker, own)
    use(maker, own, data)
    use(maker, own, made(maker, own, identifier="2"), LATER)
    with pytest.raises(ConflictError, match="cannot be used"):
        use(maker, own, data, LATER + HOUR)


def test_a_workspace_of_another_suite_has_no_such_seal(maker, tmp_path):
    with (
        Workspace.create(
            tmp_path / "plain", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
        ) as plain,
        pytest.raises(WorkspaceError, match="--algorithm SM2"),
    ):
        own_seal.use(plain, b"", maker.trust(), AT)


def test_reservations_are_finished_with_the_seal_that_they_were_made_for(own, maker):
    request = Request(
        type_name="food-business", application=application(), number="open"
    )
    desk = replace(own.desk(START), press=_Broken())

    with pytest.raises(RuntimeError):
        issuing.issue(desk, request, START)
    with pytest.raises(WorkspaceError, match="reserved and not issued"):
        use(maker, own)
    assert use(maker, own, terms=Terms(abandon=True)).done.published


class _Broken:
    def print(self, _parts):
        raise RuntimeError("the press is broken")


def test_what_no_reader_would_admit_changes_nothing(own, maker):
    """The maker's key is one that the workspace itself signs with."""
    data = made(maker, own)
    record = own.custody.parts.seal
    bad = keychain.ElectronicSeal(
        sm2.sm3(data), (record.certificates[0],), data, "99010000000042"
    )
    root = maker.authority.root_certificate
    with pytest.raises(WorkspaceError, match="nothing could be published"):
        own.use_seal(bad, root, AT, listed=record.certificates[0])
    assert own.custody.reload().seal == record


def test_a_key_has_only_so_many_seals(own):
    record = own.custody.parts.seal
    for number in range(MAX_SEALS - 1):
        new = replace(record.seal, digest=bytes([number]) * 32, id=str(number + 1))
        record = record.sealing_with(new, START + (number + 1) * HOUR)
    with pytest.raises(ValueError, match="at most"):
        record.sealing_with(replace(record.seal, digest=b"z" * 32), AT)
    with pytest.raises(ValueError, match="has had"):
        record.sealing_with(record.earlier[0], AT)
    token = own.custody.parts.keychain.current("token")
    with pytest.raises(ValueError, match="only a key of SM2"):
        token.sealing_with(record.seal, AT)


# What costs too much


def chunk(name, data):
    crc = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc)


def bomb():
    """A PNG of 30000 x 30000 pixels in 900 KB and less."""
    side = 30_000
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    pack = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    data = b"".join(pack.compress(row) for _ in range(2000)) + pack.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


def text_bomb():
    """A good PNG with a profile that unpacks to 256 MiB."""
    good = KINDS["PNG"]
    packed = zlib.compress(bytes(1 << 28), 9)
    return good[:33] + chunk(b"iCCP", b"a\0\0" + packed) + good[33:]


def frames():
    images = [ring(ink=(n, 0, 0)) for n in range(200)]
    return written(images[0], "GIF", save_all=True, append_images=images[1:])


def largest():
    """As many pixels as are decoded, all of them different."""

    image = Image.effect_noise((3000, 3000), 90).quantize(2)
    return written(image, "PNG", optimize=True)


def lying_bmp():
    data = bytearray(KINDS["BMP"])
    struct.pack_into("<ii", data, 18, 60_000, 60_000)
    return bytes(data)


HOSTILE = {
    "a bomb": ("PNG", bomb),
    "a profile that unpacks to 256 MiB": ("PNG", text_bomb),
    "two hundred frames": ("GIF", frames),
    "a BMP that lies of its size": ("BMP", lying_bmp),
    "an OFD of a hundred thousand paths": ("ofd", lambda: ofd(*[STAR] * 100_000)),
    "an OFD of many images": ("ofd", lambda: ofd(*[IMAGE] * 500)),
    "an OFD whose page unpacks to 128 MiB": (
        "ofd",
        lambda: ofd(**{"Doc_0/Pages/Page_0/Content.xml": "\0" * (1 << 27)}),
    ),
    "a JPEG of many scans": ("JPEG", lambda: KINDS["JPEG"] + b"\xff\xda\x00\x02" * 999),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_picture_that_costs_too_much_is_refused(own, maker, case):
    kind, build = HOSTILE[case]
    data = made(maker, own, picture=Picture(kind, build(), 40, 40))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with pytest.raises(UnfitSealError, match="cannot be used"):
        use(maker, own, data)
    assert time.perf_counter() - began < 5
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert grown < 512 << 10  # KiB


def test_the_largest_picture_that_is_drawn_stays_within_the_limits(own, maker):
    shown = Picture("PNG", largest(), 40, 40)
    data = made(maker, own, picture=shown)
    began = time.perf_counter()
    use(maker, own, data)
    assert time.perf_counter() - began < 5
    issued = issue(own, "2", LATER)
    assert validate(issued.pdf, stranger(own), LATER).code is Code.VALID
    assert io.BytesIO(issued.pdf).getbuffer().nbytes < 15 << 20


def test_an_extension_that_is_not_critical_may_be_there(own, maker):
    more = Extension("1.2.3.4", critical=False, value=b"vendor")
    use(maker, own, made(maker, own, extensions=(more,)))
    issued = issue(own, "2", LATER)
    assert validate(issued.pdf, stranger(own), LATER).code is Code.VALID


# The file of the keys


WRONG = {
    "a seal that was followed by none": lambda r: replace(r, seal=None),
    "the last one has an end": lambda r: replace(r, seal=replace(r.seal, until=AT)),
    "an earlier one is kept whole": lambda r: replace(
        r, earlier=(replace(r.earlier[0], der=b"x"),)
    ),
    "an earlier one has no end": lambda r: replace(
        r, earlier=(replace(r.earlier[0], until=None),)
    ),
    "one is named twice": lambda r: replace(
        r, earlier=(replace(r.earlier[0], digest=r.seal.digest),)
    ),
    "there are too many": lambda r: replace(
        r,
        earlier=tuple(
            replace(r.earlier[0], digest=bytes([n]) * 32) for n in range(MAX_SEALS)
        ),
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_of_keys_that_says_what_cannot_be(own, maker, wrong):
    use(maker, own)
    chain = own.custody.parts.keychain
    data = keychain.encode(chain.changed(WRONG[wrong](chain.current("seal"))))
    with pytest.raises(MalformedError, match="keys: "):
        keychain.decode(data)


def test_an_empty_name_and_an_empty_list_are_not_written(own, maker):
    use(maker, own)
    data = keychain.encode(own.custody.parts.keychain)

    for edit in (_no_name, _no_earlier):
        value = cbor.decode(data)
        (key,) = (one for one in value["keys"] if "seal" in one)
        edit(key)
        with pytest.raises(MalformedError, match=r"esID|one seal at least"):
            keychain.decode(cbor.encode(value))


def _no_name(key):
    key["seal"]["id"] = ""


def _no_earlier(key):
    key["earlier"] = []
