"""The seals of a workspace: its own, those imported and made, and who may use them."""

import hashlib
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import founding, issuing, samples, seals
from elicense.errors import (
    CatalogError,
    ConflictError,
    IllegalTransitionError,
    MalformedCodeError,
    NotFoundError,
    RegisterError,
    WorkspaceError,
)
from elicense.issuing import Request
from elicense.issuing.chunks import BatchPolicy
from elicense.sealing import (
    Actors,
    Pinned,
    Refusal,
    Scenario,
    SealForm,
    SealIdError,
    SealInquiry,
    SealReason,
    SealRefusedError,
    SealState,
    SealUse,
    check,
    read_trust,
)
from elicense.sealing.bundled import _fate, _makers, trust_of
from elicense.sealing.withdrawn import marked
from elicense.sealmaker import SealMaker, SealOrder
from elicense.trust import Period, SealEntry, no_trust
from elicense.workspace import Workspace
from esign import der, ses, sm2
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.pades import SealObject, SubFilter
from esign.seal_image import SealSpec
from esign.sm2.lists import issue_list
from esign.verdict import Code
from tests.elicense.seal_world import (
    ENABLED,
    NOON,
    code,
    event,
    later,
    life,
    seal,
)
from tests.esign.ses_world import (
    IA5,
    UTF8,
    info_of,
    resealed,
    seal_2014,
    world,
)
from tests.support import vectors

NAME, USCC = "示例市行政审批局", "11990100000000027A"
TYPE = "food-business"
AFTER = timedelta(minutes=1)
CLERK, CHIEF = "clerk-1", "chief-1"
POLICY = """
format = "elicense.seals/1"
[[grant]]
name = "food"
seal = "own"
types = ["food-business"]
operators = ["clerk-1"]
approvers = ["chief-1"]
"""


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seals") / "own"
    Workspace.create(folder, name=NAME, code=USCC).close()
    return folder


@pytest.fixture
def own(founded, tmp_path):
    shutil.copytree(founded, tmp_path / "own")
    with Workspace(tmp_path / "own") as opened:
        yield opened


def begun(workspace):
    """Return an instant after the first publication."""
    return workspace.trust().bundle.issued_at + AFTER


def issue(workspace, number="A1", type_name=TYPE, **more):
    at = more.pop("at", begun(workspace))
    return workspace.issue(
        type_name, samples.variant(type_name, at, 1), number=number, at=at, **more
    )


def test_the_own_seal_is_in_the_register_and_its_use_in_the_log(own):
    made = issue(own)
    again = issue(own)
    assert again.pdf == made.pdf
    (seal,) = own.seals.seals()
    at = begun(own)
    assert seal.id == seals.own_id(own)
    assert (seal.owner, seal.form) == (USCC, SealForm.PADES)
    assert seal.state_at(at) is SealState.ENABLED
    assert "测试印章，无法律效力" in seal.name
    reprinted = own.reprint(made.license.identifier, at=at + AFTER)
    assert reprinted.verdict.code is Code.VALID
    lines = own.seals.log()
    assert [(one.use.scenario, one.identifier) for one in lines] == [
        (Scenario.ISSUE, made.license.identifier),
        (Scenario.REPRINT, made.license.identifier),
    ]
    assert {one.use.seal for one in lines} == {seal.id}
    assert {one.use.operator for one in lines} == {""}


def with_policy(workspace, text=POLICY):
    (workspace.folder / "seals.toml").write_text(text, encoding="utf-8")


REFUSED = {
    "nobody": ({}, TYPE, Refusal.OPERATOR),
    "another operator": (
        {"actors": Actors("clerk-2", CHIEF)},
        TYPE,
        Refusal.OPERATOR,
    ),
    "no second approver": ({"actors": Actors(CLERK)}, TYPE, Refusal.NO_APPROVER),
    "the operator approves": (
        {"actors": Actors(CLERK, CLERK)},
        TYPE,
        Refusal.SAME_PERSON,
    ),
    "another type": (
        {"actors": Actors(CLERK, CHIEF)},
        "business-license",
        Refusal.NO_GRANT,
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_refused_use_leaves_a_line_and_no_license(wrong, own):
    with_policy(own)
    more, type_name, reason = REFUSED[wrong]
    before = own.register.count()
    with pytest.raises(SealRefusedError) as caught:
        issue(own, type_name=type_name, **more)
    assert caught.value.refused.reason is reason
    assert own.register.count() == before
    (line,) = own.seals.log()
    assert (line.refusal, line.identifier, line.number) == (reason, "", 1)
    assert issue(own, actors=Actors(CLERK, CHIEF)).verdict.code is Code.VALID
    used = own.seals.log()[-1]
    assert (used.rule, used.use.operator, used.use.approver) == ("food", CLERK, CHIEF)


def test_a_refused_reprint_and_a_policy_that_is_wrong(own):
    made = issue(own)
    with_policy(own)
    at = begun(own) + AFTER
    with pytest.raises(SealRefusedError):
        own.reprint(made.license.identifier, at=at)
    assert own.seals.log()[-1].use.scenario is Scenario.REPRINT
    assert issue(own).pdf == made.pdf  # it is issued: no seal is put on again
    with_policy(own, POLICY.replace("seals/1", "seals/9"))
    with pytest.raises(CatalogError):
        issue(own, "A2")
    assert own.register.count() == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_a_batch_logs_each_seal_and_each_refusal(own, workers):
    with_policy(own)
    at = begun(own)
    types = [TYPE] * 5 + ["business-license"] + [TYPE] * 4
    requests = [
        Request(
            type_name=name,
            application=samples.variant(name, at, n),
            number=f"B{n}",
            is_case=True,
        )
        for n, name in enumerate(types)
    ]

    def deliver(outcomes):
        return [
            (one.issued and one.issued.license.identifier, str(one.error or ""))
            for one in outcomes
        ]

    policy = BatchPolicy(chunk=3)
    actors = Actors(CLERK, CHIEF)
    for _ in range(2):
        found = list(
            own.issue_many(
                requests,
                deliver,
                at=at,
                policy=policy,
                workers=workers,
                actors=actors,
            )
        )
        assert [bool(name) for name, _ in found] == [n != 5 for n in range(10)]
        assert "no-grant" in found[5][1]
    lines = own.seals.log()
    used = [one.identifier for one in lines if one.refusal is None]
    assert sorted(used) == sorted(name for name, _ in found if name)
    assert len([one for one in lines if one.refusal]) == 2  # one in each run
    assert [one.number for one in lines] == list(range(1, len(lines) + 1))


def test_a_seal_that_is_disabled_seals_nothing_until_it_is_enabled(own):
    at = begun(own)
    name = seals.own_id(own)
    kept = seals.disable(own, name, SealReason.HELD, at, CLERK)
    assert kept.history[-1].by == CLERK
    with pytest.raises(SealRefusedError):
        issue(own, at=at + AFTER)
    assert own.register.count() == 0
    seals.enable(own, name, at + 2 * AFTER)
    assert issue(own, at=at + 3 * AFTER).verdict.code is Code.VALID
    with pytest.raises(IllegalTransitionError, match="; it takes: disable, revoke"):
        seals.enable(own, name, at + 4 * AFTER)
    with pytest.raises(NotFoundError):
        seals.enable(own, "nobody", at)


def test_rotation_keeps_what_was_sealed_before(own):
    made = issue(own)
    old, at = seals.own_id(own), begun(own) + AFTER
    swap = event("revoke", at, reason=SealReason.RENAMED, by=CHIEF)
    done = seals.revoke(own, old, swap)
    assert done.published.published
    assert done.seal.state_at(at) is SealState.REVOKED
    assert done.seal.history[-1] == swap
    new = seals.own_id(own)
    assert new != old
    assert own.seals.get(new).state_at(at + AFTER) is SealState.ENABLED
    later = issue(own, "A2", at=at + AFTER)
    assert later.verdict.code is Code.VALID
    assert own.validate(made.pdf, at + 2 * AFTER).code is Code.VALID
    assert [one.use.seal for one in own.seals.log()] == [old, new]
    ended = [s.period.signs_until for s in own.trust().bundle.seals]
    assert ended == [at, None]


def test_a_key_that_is_renewed_or_stolen_is_a_seal_that_is_revoked(own):
    made = issue(own)
    old, at = seals.own_id(own), begun(own) + AFTER
    own.renew_key("seal", at)
    seals.join_own(own, at)
    assert own.seals.get(old).history[-1].reason is SealReason.REPLACED
    stolen = event(
        "revoke", at + AFTER, recorded=at + 2 * AFTER, reason=SealReason.COMPROMISED
    )
    second = seals.own_id(own)
    done = seals.revoke(own, second, stolen)
    assert done.seal.withdrawn.compromised
    entries = {s.compromised_from for s in own.trust().bundle.seals}
    assert entries == {None, at + AFTER}
    assert own.validate(made.pdf, at + 3 * AFTER).code is Code.VALID
    seals.join_own(own, at + 4 * AFTER)
    assert len(own.seals.get(second).history) == 5


def test_a_stolen_seal_is_known_when_the_keys_say_so(own):
    old, at = seals.own_id(own), begun(own) + AFTER
    own.compromise_key("seal", at, at + AFTER)
    seals.join_own(own, at + AFTER)
    withdrawn = own.seals.get(old).withdrawn
    assert (withdrawn.at, withdrawn.compromised) == (at, True)


class _BrokenPress:
    """A device that went away after the log had its line."""

    def print(self, _parts):
        raise UnavailableError("the seal's device did not answer")


def test_a_seal_that_was_not_made_has_one_line_when_it_is(own):
    at = begun(own)
    with own.custody.signing():
        desk = replace(own.desk(at), press=_BrokenPress())
    request = Request(
        type_name=TYPE, application=samples.variant(TYPE, at, 1), number="A1"
    )
    for _ in range(2):
        with pytest.raises(UnavailableError):
            issuing.issue(desk, request, at)
    (line,) = own.seals.log()
    made = issue(own)
    assert own.seals.log() == (line,)
    assert line.identifier == made.license.identifier


def test_a_seal_that_was_replaced_can_be_found_to_be_stolen(own):
    made = issue(own)
    old, at = seals.own_id(own), begun(own) + AFTER
    own.renew_key("seal", at)
    seals.join_own(own, at)
    own.compromise_key(old, at - AFTER / 2, at + AFTER)
    seals.join_own(own, at + AFTER)
    withdrawn = own.seals.get(old).withdrawn
    assert (withdrawn.at, withdrawn.compromised) == (at - AFTER / 2, True)
    assert own.validate(made.pdf, at + 2 * AFTER).code is Code.KEY_COMPROMISED


# Imported seals


def test_a_third_partys_seal_is_imported_with_its_own_picture(own):
    data = (vectors("ses") / "seals/ofdrw-v4-UserV4.esl").read_bytes()
    kept = seals.import_seal(own, data, code(3), life("request", "make"))
    assert kept.content == data
    assert ses.read_seal(kept.content).picture.data.startswith(b"\x89PNG")
    assert (kept.id, kept.owner) == ("51f044b76510434e9bc67a1185c2fba5", code(3))
    assert kept.state_at(begun(own)) is SealState.EXPIRED
    with pytest.raises(IllegalTransitionError, match="is over: it cannot be enabled"):
        seals.enable(own, kept.id, begun(own))
    assert len(kept.signers) == 1
    with pytest.raises(ConflictError):
        seals.import_seal(own, data, code(3), life("request"))
    swap = event("revoke", begun(own), reason=SealReason.DISSOLVED)
    done = seals.revoke(own, kept.id, swap)
    assert done.published is None or done.published.published
    assert done.seal.state_at(begun(own) + AFTER) is SealState.REVOKED
    use = SealUse(
        seal=kept.id,
        organization=USCC,
        type_name=TYPE,
        scenario=Scenario.ISSUE,
        at=begun(own),
    )
    assert seals.desk(own, begun(own)).authorize(use).reason is Refusal.OTHER_OWNER


def test_what_is_not_imported(own):
    w = world()
    bad = (vectors("ses") / "bad/SESealData-v4-extdata-badsig.DER").read_bytes()
    for data in (b"", b"\x30\x00", bad, seal_2014(w.maker, w.draft)):
        with pytest.raises(WorkspaceError):
            seals.import_seal(own, data, USCC, life("request"))
    with pytest.raises(MalformedCodeError):
        seals.import_seal(own, w.seal(), "123456789012345678", life("request"))
    with pytest.raises(SealIdError):
        seals.import_seal(own, w.seal(identifier="a b"), USCC, life("request"))
    nameless, unnamed = without(w.seal(), "name"), without(w.seal(), "id")
    for data in (nameless, unnamed):
        assert ses.read_seal(data, lenient=True)
        with pytest.raises(WorkspaceError, match="no id or no name"):
            seals.import_seal(own, data, USCC, life("request"))
    # A key's seal joins by itself, and by nobody else.
    taken = w.seal(identifier=seals.own_id(own))
    with pytest.raises(ConflictError):
        seals.import_seal(own, taken, USCC, life("request"))
    assert own.seals.seals() == ()


def without(seal, what):
    """Return a seal with an empty name or id, signed by its maker."""
    header, id_, said, *rest = der.children(info_of(seal), der.SEQUENCE, 4, 5)
    parts = list(der.children(said, der.SEQUENCE, 7, 7))
    if what == "name":
        parts[1] = der.tlv(UTF8)
    else:
        id_ = der.tlv(IA5)
    said = der.tlv(der.SEQUENCE, *parts)
    return resealed(der.tlv(der.SEQUENCE, header, id_, said, *rest), world().maker)


def withdrawn_entry(*seals_):
    """Return what a bundle says of a signer, by what became of its seals."""
    made = tuple(SealObject(sm2.sm3(one.content), (b"maker",)) for one in seals_)
    entry = SealEntry(
        organization=USCC,
        certificates=(b"certificate",),
        types=(),
        period=Period(NOON, None),
        subfilter=SubFilter.GM_SEAL,
        seals=made,
    )
    (found,) = marked([entry], seals_)
    return found


def ended(n, reason, signers=(), days=1):
    """Return a seal that was revoked."""
    history = (*life(*ENABLED), event("revoke", later(days), reason=reason))
    return seal(n, content=b"seal %d" % n, signers=signers, history=history)


def test_a_stolen_seal_that_names_signers_by_digest_marks_its_key():
    found = withdrawn_entry(ended(1, SealReason.COMPROMISED))
    assert found.compromised_from == later(1)
    assert withdrawn_entry(ended(1, SealReason.DAMAGED)).compromised_from is None


def test_of_two_seals_of_one_signer_the_stolen_one_counts():
    signer = (hashlib.sha256(b"certificate").digest(),)
    stolen = ended(1, SealReason.COMPROMISED, signer)
    swapped = ended(2, SealReason.REPLACED, signer, 2)
    for both in ((stolen, swapped), (swapped, stolen)):
        (found,) = marked(
            [
                SealEntry(
                    organization=USCC,
                    certificates=(b"certificate",),
                    types=(),
                    period=Period(NOON, None),
                )
            ],
            both,
        )
        assert found.compromised_from == later(1)


def test_what_was_found_out_later_gives_no_time_back():
    replaced, stolen = SealReason.REPLACED, SealReason.COMPROMISED
    one = ended(1, replaced)
    more = event("revoke", later(3), reason=stolen)
    both = replace(one, history=(*one.history, more))
    assert (both.withdrawn.at, both.withdrawn.compromised) == (later(1), True)


def test_a_withdrawn_seal_travels_in_the_bundle_with_its_instant(own):
    """Whoever keeps the key: what the register knows of its certificate counts."""
    issue(own)
    at = begun(own)
    entry = own.listing().seals[0]
    record = own.seals.get(seals.own_id(own))
    revoked = event("revoke", at + AFTER, reason=SealReason.DAMAGED)
    own.seals.record(record.id, [revoked])
    marked = own.listing().seals[0]
    assert marked.period.signs_until == at + AFTER
    assert marked.certificates == entry.certificates
    own.publish(at + 2 * AFTER)
    assert own.trust().bundle.seals[0].period.signs_until == at + AFTER


# Made here


@pytest.mark.parametrize("version", [4, 5])
def test_a_test_seal_is_made_used_checked_and_revoked(own, version):
    at = begun(own)
    order = SealOrder(
        owner=USCC, spec=SealSpec(NAME), version=version, by_digest=version == 5
    )
    kept = seals.make_seal(own, order, at, CLERK)
    assert kept.state_at(at) is SealState.MADE
    assert kept.is_test
    assert "测试印章，无法律效力" in kept.name
    assert kept.id[:6] == USCC[2:8]
    assert len(kept.id) == 14
    read = ses.read_seal(kept.content)
    assert read.version == version
    assert read.picture.data.startswith(b"\x89PNG")
    folder = own.folder / "seals"
    assert check(kept.content, believing(folder, at)).code is Code.VALID
    enabled = seals.enable(own, kept.id, at + AFTER, CLERK)
    assert [str(one.kind) for one in enabled.history] == [
        "request",
        "make",
        "file",
        "enable",
    ]
    assert (folder / f"{kept.id}.pem").stat().st_mode & 0o777 == 0o600
    stolen = event("revoke", at + 2 * AFTER, reason=SealReason.COMPROMISED)
    done = seals.revoke(own, kept.id, stolen)
    assert done.published is None  # no entry of the bundle is its
    assert done.seal.withdrawn.compromised
    revocations = believing(folder, at + 2 * AFTER).trust.revocations
    certificate = (folder / f"{kept.id}.der").read_bytes()
    assert revocations.fates[certificate].compromised_from == at + 2 * AFTER


def believing(folder, at):
    def some(name):
        return tuple(
            p.read_bytes() for p in sorted((folder / "trust" / name).iterdir())
        )

    pinned = Pinned(
        makers=some("makers"),
        roots=some("roots"),
        intermediates=some("cas"),
        lists=some("crls"),
    )
    return SealInquiry(read_trust(pinned), at)


def test_two_seals_of_one_maker_and_a_wrong_passphrase(own):
    at = begun(own)
    order = SealOrder(owner=USCC, spec=SealSpec(NAME))
    one = seals.make_seal(own, order, at)
    two = seals.make_seal(
        own, SealOrder(owner=code(5), spec=SealSpec("示范市民政局")), at
    )
    assert ses.read_seal(one.content).maker == ses.read_seal(two.content).maker
    assert {one.owner, two.owner} == {USCC, code(5)}
    replaced = event("revoke", at + AFTER, reason=SealReason.REPLACED)
    seals.revoke(own, two.id, replaced)
    known = believing(own.folder / "seals", at + AFTER).trust.revocations
    certificate = (own.folder / "seals" / f"{two.id}.der").read_bytes()
    assert known.fates[certificate].revoked_at == at + AFTER
    with pytest.raises(WorkspaceError):
        SealMaker.open(own.folder / "seals", b"wrong", NAME, at)
    (own.folder / "seals" / "root.der").write_bytes(b"damaged")
    with pytest.raises(WorkspaceError):
        seals.make_seal(own, order, at)


def test_what_no_seal_can_say():
    with pytest.raises(ValueError, match="version"):
        SealOrder(owner=USCC, spec=SealSpec(NAME), version=1)
    with pytest.raises(MalformedCodeError):
        SealOrder(owner="1", spec=SealSpec(NAME))
    with pytest.raises(ValueError, match="empty"):
        issue_list(b"", None, (event("file").effective_at,) * 2, [])


def test_a_glyph_that_no_face_has(own):
    order = SealOrder(owner=USCC, spec=SealSpec("示范\U00020000局"))
    with pytest.raises(WorkspaceError):
        seals.make_seal(own, order, begun(own))
    assert own.seals.seals() == ()


def test_without_a_register_of_seals_nothing_is_sealed(own):
    at = begun(own)
    (own.folder / "seals.db").write_bytes(b"no database")
    with pytest.raises(RegisterError):
        issue(own, at=at)
    assert own.register.count() == 0


# On SM2, where the own seal is an SESeal


@pytest.fixture(scope="module")
def founded_on_sm2(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seals-gm") / "own"
    suites = founding.suites_of(Suite.SM2)
    Workspace.create(folder, name=NAME, code=USCC, suites=suites).close()
    return folder


@pytest.fixture
def on_sm2(founded_on_sm2, tmp_path):
    shutil.copytree(founded_on_sm2, tmp_path / "own")
    with Workspace(tmp_path / "own") as opened:
        yield opened


def checked(workspace, data, at):
    return check(data, SealInquiry(trust_of(workspace.trust()), at))


def test_a_bundle_says_whom_to_believe(on_sm2):
    made, at = issue(on_sm2), begun(on_sm2)
    (seal,) = on_sm2.seals.seals()
    assert (seal.form, seal.id) == (SealForm.SES, seals.own_id(on_sm2))
    assert checked(on_sm2, made.pdf, at + AFTER).code is Code.VALID
    assert checked(on_sm2, seal.content, at + AFTER).code is Code.VALID
    old = event("revoke", at + AFTER, reason=SealReason.DAMAGED)
    assert seals.revoke(on_sm2, seal.id, old).published.published
    assert checked(on_sm2, made.pdf, at + 2 * AFTER).code is Code.VALID
    first, second = on_sm2.trust().bundle.seals
    assert first.period.signs_until == at + AFTER
    assert not on_sm2.is_outdated(on_sm2.trust(), at + AFTER)
    assert second.seals[0].withdrawn_at is None
    again = issue(on_sm2, "A2", at=at + 2 * AFTER)
    assert checked(on_sm2, again.pdf, at + 3 * AFTER).code is Code.VALID
    late = at + timedelta(days=400)
    assert checked(on_sm2, again.pdf, late).code is Code.STALE


def test_a_seal_that_was_withdrawn_alone_leaves_its_key(on_sm2):
    made, at = issue(on_sm2), begun(on_sm2)
    name = seals.own_id(on_sm2)
    damaged = event("revoke", at - AFTER / 2, recorded=at, reason=SealReason.DAMAGED)
    on_sm2.seals.record(name, [damaged])
    (entry,) = on_sm2.listing().seals
    assert entry.period.signs_until is None
    assert entry.seals[0].withdrawn_at == at - AFTER / 2
    on_sm2.publish(at + AFTER)
    assert checked(on_sm2, made.pdf, at + 2 * AFTER).code is Code.REVOKED


def test_a_stolen_seal_of_sm2(on_sm2):
    made, at = issue(on_sm2), begun(on_sm2)
    stolen = event("revoke", at, recorded=at + AFTER, reason=SealReason.COMPROMISED)
    seals.revoke(on_sm2, seals.own_id(on_sm2), stolen)
    assert checked(on_sm2, made.pdf, at + 2 * AFTER).code is Code.KEY_COMPROMISED


def test_a_key_that_was_not_destroyed_can_back_date():
    entry = SealEntry(
        organization=USCC,
        certificates=(b"certificate",),
        types=(),
        period=Period(NOON, later(1)),
        subfilter=SubFilter.GM_SEAL,
        seals=(SealObject(bytes(32), (b"maker",), maker_revoked_at=later(2)),),
    )
    _, fate = _fate(entry)
    assert (fate.revoked_at, fate.compromised_from) == (later(1), later(1))
    _, fate = _fate(replace(entry, compromised_from=NOON))
    assert fate.compromised_from == NOON
    _, fate = _fate(replace(entry, destroyed=True))
    assert (fate.revoked_at, fate.compromised_from) == (later(1), None)


def test_of_a_maker_that_several_organs_name_the_earliest_end_counts():
    def entry(*ends):
        made = (SealObject(bytes(32), (b"maker",), maker_revoked_at=at) for at in ends)
        return SealEntry(USCC, (b"c",), (), Period(NOON, None), seals=tuple(made))

    for ends in ((later(1), later(9)), (later(9), None, later(1))):
        fates = _makers([entry(*ends), entry(later(5), None)])
        assert {name: fate.revoked_at for name, fate in fates.items()} == {
            b"maker": later(1)
        }


def test_a_bundle_without_seals_of_sm2_makes_nobody_believed(own):
    assert trust_of(own.trust()) == ses.SesTrust((), ())
    assert trust_of(no_trust("nothing")) == ses.SesTrust((), ())


def test_roots_of_other_suites_are_left_out(on_sm2, founded):
    state = on_sm2.trust()
    with Workspace(founded) as other:
        ecdsa = other.trust().bundle.roots
    bundle = replace(state.bundle, roots=(*state.bundle.roots, *ecdsa))
    assert trust_of(replace(state, bundle=bundle)).roots == state.bundle.roots
    entry = next(iter(state.seals.values()))
    revoked = replace(entry.seals[0], maker_revoked_at=NOON)
    marked_entry = replace(entry, seals=(revoked,))
    found = trust_of(replace(state, seals={b"": marked_entry}))
    assert found.revocations.fates[revoked.maker[0]].revoked_at == NOON
