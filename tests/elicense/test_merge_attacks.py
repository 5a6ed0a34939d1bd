"""One department of a hub against the others, and against what the hub's people set."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from elicense import trust
from elicense.testing import CODE, NAME, SECOND_CODE
from elicense.trust import (
    KeyGrant,
    OrganizationEntry,
    Period,
    RootStatement,
    Succession,
    TimestampAuthority,
)
from elicense.trust.hub_model import (
    AuthorityGrant,
    HubGrants,
    HubMemory,
    Outcome,
    Withdrawal,
)
from elicense.trust.merge import merge
from esign import certificates
from esign.authority import DevelopmentAuthority
from tests.elicense.bureaus import (
    AT,
    AUTHORITY,
    DAY,
    EARLY,
    THIRD_CODE,
    THIRD_NAME,
    TYPES,
    Bureau,
    Publisher,
    merged,
    new_key,
    organization_code,
    remembered,
    second,
)

OTHER_AUTHORITY = DevelopmentAuthority.create("别家电子认证", EARLY)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


def outcomes(result):
    return {item.organization: item.outcome for item in result.reports}


def report(result, code=CODE):
    (found,) = (item for item in result.reports if item.organization == code)
    return found


def why(result, code=CODE):
    refused = report(result, code).refused
    assert refused is not None
    assert refused.zh
    return refused.en


def both(one, other):
    return (one.grant(), other.grant())


# One department never stops the hub.


def without(*bureaus):
    """Return a rule of verifiers that refuses what names a key of these."""
    kids = {bureau.token.public_key.kid for bureau in bureaus}

    def acceptable(bundle):
        found = [grant.key.kid for grant in bundle.keys if grant.key.kid in kids]
        return f"refused for {len(found)}" if found else None

    return acceptable


def test_a_source_that_breaks_the_bundle_is_left_out_and_the_others_are_in():
    bureaus = [Bureau(code=organization_code(n), name=f"机构{n}") for n in range(9)]
    files = [(bureau, bureau.file()) for bureau in bureaus]
    bad = [bureaus[2], bureaus[7]]
    result = merged(files, acceptable=without(*bad))
    for bureau in bureaus:
        expected = Outcome.LEFT_OUT if bureau in bad else Outcome.TAKEN
        assert outcomes(result)[bureau.code] is expected
    assert "would not be believed (refused for 1)" in why(result, bad[0].code)
    assert set(result.sources) == {b.code for b in bureaus if b not in bad}
    assert set(result.departments) == set(result.sources)
    assert set(result.floors) == set(result.sources)
    assert without(*bad)(result.draft) is None


def test_a_new_source_that_breaks_the_bundle_leaves_the_last_good_one_in():
    one, other = Bureau(), second()
    first = merged([(one, one.file()), (other, other.file())])
    one.token = new_key()
    files = [(one, one.next()), (other, other.next())]
    result = merged(files, remembered(first), acceptable=without(one))
    assert outcomes(result) == {CODE: Outcome.KEPT, SECOND_CODE: Outcome.TAKEN}
    assert "would not be believed" in why(result)
    assert result.sources[CODE] == first.sources[CODE]
    assert result.departments[CODE] == first.departments[CODE]
    assert [source.number for source in result.draft.sources] == [1, 2]


def test_a_newcomer_that_breaks_the_bundle_pushes_no_older_department_out():
    """It stands first in the table; who was in before goes first."""
    new, old = Bureau(), second()
    first = merged([(old, old.file())])

    def not_together(bundle):
        listed = {entry.code for entry in bundle.organizations}
        return "not together" if {CODE, SECOND_CODE} <= listed else None

    files = [(new, new.file()), (old, old.next())]
    result = merged(files, remembered(first), acceptable=not_together)
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.TAKEN}
    assert result.draft.sources[0].number == 2


def test_a_last_good_source_that_breaks_the_bundle_is_left_out_with_the_reason():
    one, other = Bureau(), second()
    first = merged([(one, one.file()), (other, other.file())])
    result = merge(
        [],
        HubGrants(departments=both(one, other)),
        remembered(first),
        AT,
        without(one),
    )
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.KEPT}
    assert "would not be believed" in why(result)
    assert not report(result).given


def test_where_verifiers_refuse_everything_there_is_nothing_to_sign():
    one, other = Bureau(), second()
    files = [(one, one.file()), (other, other.file())]
    result = merged(files, acceptable=lambda _: "never")
    assert result.draft.organizations == ()
    assert set(outcomes(result).values()) == {Outcome.LEFT_OUT}
    assert result.sources == result.departments == result.floors == {}


def test_many_sources_are_tried_by_halves():
    bureaus = [Bureau(code=organization_code(n), lists=()) for n in range(32)]
    files = [(bureau, bureau.file()) for bureau in bureaus]
    rule, tried = without(bureaus[21]), []

    def counted(bundle):
        tried.append(len(bundle.keys))
        return rule(bundle)

    result = merged(files, acceptable=counted)
    assert list(outcomes(result).values()).count(Outcome.TAKEN) == 31
    assert len(tried) < 16


def test_numbers_that_the_hub_published_do_not_fall_though_no_source_is_remembered():
    """Else verifiers who saw the hub's last bundle would refuse its next one."""
    one, other = Bureau(number=5, sequence=5), second()
    first = merged([(one, one.file()), (other, other.file())])
    own = Publisher().admit(first).seen
    memory = HubMemory(own=own)
    one.number, one.sequence = 4, 5
    result = merged([(one, one.file()), (other, other.file())], memory)
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.TAKEN}
    assert "[1, 5], which this hub published" in why(result)
    one.number, one.sequence = 6, 4
    result = merged([(one, one.file()), (other, other.file())], memory)
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.TAKEN}
    assert "below sequence 5, which this hub published" in why(result)
    one.statement = 2
    result = merged([(one, one.file()), (other, other.file())], memory)
    assert set(outcomes(result).values()) == {Outcome.TAKEN}


CROSSINGS = {
    "its intermediate as a root": lambda bundle: {
        "roots": (*bundle.roots, AUTHORITY.issuing_certificate)
    },
    "its root as an intermediate": lambda bundle: {
        "seals": tuple(
            replace(seal, certificates=(*seal.certificates, AUTHORITY.root_certificate))
            for seal in bundle.seals
        )
    },
}


@pytest.mark.parametrize("crossing", CROSSINGS.values(), ids=CROSSINGS)
def test_a_ca_certificate_of_another_department_in_another_place(crossing):
    one, other = Bureau(authority=OTHER_AUTHORITY), second()
    data = one.file(**crossing(one.bundle()))
    result = merged([(one, data), (other, other.file())])
    assert outcomes(result) == dict.fromkeys((CODE, SECOND_CODE), Outcome.TAKEN)
    assert set(Publisher().admit(result).organizations) == {CODE, SECOND_CODE}


# How far back keys reach.


def since(bureau, at, until=None):
    """Return a department's keys with a token key that signs from an instant."""
    token, status = bureau.bundle().keys
    return (replace(token, period=Period(at, until)), status)


def raised_to(result, at):
    token = next(key for key in result.draft.keys if key.purpose == "token")
    return token.period.signs_from == at


def test_a_key_does_not_reach_back_before_what_the_hub_saw_first():
    one, hub = Bureau(), Publisher()
    first = merged([(one, one.file())])
    assert first.floors == {CODE: EARLY}
    assert report(first).signs_from == EARLY
    days = hub.admit(first).first_days
    result = merged([(one, one.next(keys=since(one, LONG_AGO)))], remembered(first))
    assert raised_to(result, EARLY)
    assert report(result).keys_raised == (one.token.public_key.kid.hex(),)
    assert hub.admit(result).first_days == days
    later = merged([(one, one.next(keys=since(one, LONG_AGO)))], remembered(result))
    assert raised_to(later, EARLY)


def test_a_new_key_does_not_reach_back_either():
    one = Bureau()
    first = merged([(one, one.file())])
    added = KeyGrant(
        new_key().public_key, "token", CODE, (), Period(LONG_AGO, AT - DAY)
    )
    data = one.next(keys=(*one.bundle().keys, added))
    result = merged([(one, data)], remembered(first))
    assert min(key.period.signs_from for key in result.draft.keys) == EARLY
    assert report(result).keys_raised == (added.key.kid.hex(),)


def test_a_key_that_ended_before_is_left_out():
    one, hub = Bureau(), Publisher()
    first = merged([(one, one.file())])
    added = KeyGrant(
        new_key().public_key, "token", CODE, TYPES, Period(LONG_AGO, EARLY)
    )
    data = one.next(keys=(*one.bundle().keys, added))
    result = merged([(one, data)], remembered(first))
    assert result.draft.keys == first.draft.keys
    assert report(result).keys_left_out == (added.key.kid.hex(),)
    assert report(result).keys_raised == ()
    assert hub.admit(result).bundle is not None


def test_the_last_good_source_is_limited_as_well():
    one = Bureau()
    first = merged([(one, one.file())])
    second_ = merged([(one, one.next(keys=since(one, LONG_AGO)))], remembered(first))
    kept = merge(
        [], HubGrants(departments=(one.grant(),)), remembered(second_), AT + DAY
    )
    assert outcomes(kept) == {CODE: Outcome.KEPT}
    assert raised_to(kept, EARLY)


def test_a_day_of_the_table_counts_before_what_was_seen():
    one = Bureau()
    first = merged([(one, one.file())])
    data = one.next(keys=since(one, LONG_AGO))
    earlier = one.grant(since=date(2010, 3, 1))
    result = merged([(earlier, data)], remembered(first))
    assert raised_to(result, datetime(2010, 2, 28, 16, tzinfo=UTC))
    later = one.grant(since=date(2026, 10, 1))
    result = merged([(later, data)], remembered(first))
    assert report(result).signs_from == datetime(2026, 9, 30, 16, tzinfo=UTC)
    assert raised_to(result, datetime(2026, 9, 30, 16, tzinfo=UTC))
    assert result.floors == first.floors
    fresh = merged([(later, one.next(keys=since(one, LONG_AGO)))])
    assert fresh.floors == {CODE: datetime(2026, 9, 30, 16, tzinfo=UTC)}


def test_a_source_that_was_refused_sets_no_day():
    one = Bureau(max_age=DAY)
    data = one.file(keys=since(one, LONG_AGO))
    assert merged([(one, data)], at=AT + 2 * DAY).floors == {}


def test_a_department_that_comes_back_under_a_new_root_has_its_old_day():
    one = Bureau()
    first = merged([(one, one.file())])
    fresh = Bureau()
    result = merged(
        [(fresh, fresh.file(keys=since(fresh, LONG_AGO)))], remembered(first)
    )
    assert outcomes(result) == {CODE: Outcome.TAKEN}
    assert raised_to(result, EARLY)


# What the hub's people withdraw.


def test_a_withdrawn_key_that_could_speak_for_a_department_refuses_its_source():
    for key in ("root", "bundle_signer"):
        one, other = Bureau(), second()
        files = [(one, one.file()), (other, other.file())]
        kid = getattr(one, key).public_key.kid
        table = {"withdrawn": (Withdrawal(kid, AT - DAY),)}
        result = merged(files, **table)
        assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.TAKEN}
        assert kid.hex() in why(result)
        assert result.withdrawn_unmatched == ()
        # Neither is the last good one good any more.
        result = merged(
            files[1:], remembered(merged(files)), departments=both(one, other), **table
        )
        assert outcomes(result)[CODE] is Outcome.LEFT_OUT
        assert kid.hex() in why(result)


def test_a_department_whose_root_names_another_bundle_key_is_back():
    one = Bureau()
    stolen = one.bundle_signer
    first = merged([(one, one.file())])
    one.bundle_signer = new_key()
    one.named, one.statement = (one.bundle_signer.public_key,), 2
    result = merged(
        [(one, one.next())],
        remembered(first),
        withdrawn=(Withdrawal(stolen.public_key.kid, AT),),
    )
    assert outcomes(result) == {CODE: Outcome.TAKEN}


def rotated(one, old):
    """Return a file under the roots ``old`` and then the department's own."""
    handover = RootStatement(
        number=1,
        issued_at=EARLY,
        speaks_for=CODE,
        bundle_keys=(),
        successor=one.root.public_key,
    )
    one.statement = 2
    signed = trust.sign_root_statement(handover, old, one.root)
    return trust.sign_bundle(
        one.bundle(), one.bundle_signer, [signed, *one.statements()]
    )


def test_a_withdrawn_root_counts_where_the_pinned_one_is_it_or_led_to_it():
    one, old = Bureau(), new_key()
    data = rotated(one, old)
    pinned_old = one.grant(root=old.public_key.fingerprint)
    for key, grant, expected in (
        (old, pinned_old, Outcome.LEFT_OUT),
        (one.root, pinned_old, Outcome.LEFT_OUT),
        (one.root, one.grant(), Outcome.LEFT_OUT),
        (old, one.grant(), Outcome.TAKEN),
    ):
        withdrawn = (Withdrawal(key.public_key.kid, AT),)
        result = merged([(grant, data)], withdrawn=withdrawn)
        assert outcomes(result) == {CODE: expected}
        assert result.withdrawn_unmatched == ()


def _digest(der):
    return hashlib.sha256(der).digest()


CAS = {
    "the issuing CA by its certificate": _digest(AUTHORITY.issuing_certificate),
    "the issuing CA by its key": certificates.key_mark(AUTHORITY.issuing_certificate),
    "the root by its certificate": _digest(AUTHORITY.root_certificate),
    "the root by its key": certificates.key_mark(AUTHORITY.root_certificate),
}


@pytest.mark.parametrize("name", CAS.values(), ids=CAS)
def test_a_withdrawn_ca_marks_all_that_stands_under_it(name):
    one, other = Bureau(), second()
    other.authority = OTHER_AUTHORITY
    other.__post_init__()
    key = new_key()
    leaf = AUTHORITY.issue_seal(key.public_key, THIRD_NAME, THIRD_CODE, EARLY, 2000)
    entry = TimestampAuthority(
        THIRD_CODE, (leaf, *AUTHORITY.chain), Period(EARLY, None)
    )
    authority = AuthorityGrant(
        name=THIRD_NAME, entry=entry, root=AUTHORITY.root_certificate
    )
    result = merged(
        [(one, one.file()), (other, other.file())],
        authorities=(authority,),
        withdrawn=(Withdrawal(name, AT - DAY),),
    )
    marked = {seal.organization: seal.compromised_from for seal in result.draft.seals}
    assert marked == {CODE: AT - DAY, SECOND_CODE: None}
    assert result.draft.authorities[0].compromised_from == AT - DAY
    assert result.withdrawn_unmatched == ()
    assert Publisher().admit(result).authorities[0].compromised_from == AT - DAY


def test_a_seal_whose_own_bundle_leaves_the_withdrawn_root_out():
    """Verifiers would find the root that another department brought."""
    one, other = Bureau(), second()
    files = [(one, one.file(roots=())), (other, other.file())]
    withdrawn = (Withdrawal(_digest(AUTHORITY.root_certificate), AT),)
    result = merged(files, withdrawn=withdrawn)
    assert {seal.compromised_from for seal in result.draft.seals} == {AT}


def test_a_ca_of_the_same_name_is_not_withdrawn_with_it():
    namesake = DevelopmentAuthority.create("示例电子认证", EARLY)
    one, other = Bureau(authority=namesake), second()
    names = (namesake.issuing_certificate, namesake.root_certificate)
    result = merged(
        [(one, one.file()), (other, other.file())],
        withdrawn=tuple(Withdrawal(_digest(der), AT) for der in names),
    )
    marked = {seal.organization: seal.compromised_from for seal in result.draft.seals}
    assert marked == {CODE: AT, SECOND_CODE: None}


def unreadable(what):
    """Return a certificate whose name, subject or issuer, is no UTF-8."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = {
        word: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for word, text in (("subject", "readable"), ("issuer", "as well"))
    }
    names[what] = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A" * 8)])
    builder = x509.CertificateBuilder(
        issuer_name=names["issuer"],
        subject_name=names["subject"],
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=EARLY,
        not_valid_after=AT,
    )
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return der.replace(b"A" * 8, b"\xff" * 8)


def test_names_that_cannot_be_read_in_the_hubs_own_table_mark_nothing_else():
    """Verifiers refuse such a bundle; a merge does not stumble over it."""
    one = Bureau()
    root, leaf = unreadable("subject"), unreadable("issuer")
    entry = TimestampAuthority(THIRD_CODE, (leaf,), Period(EARLY, None))
    authority = AuthorityGrant(name=THIRD_NAME, entry=entry, root=root)
    withdrawn = [_digest(root), _digest(OTHER_AUTHORITY.root_certificate)]
    result = merged(
        [(one, one.file(roots=(*AUTHORITY.roots, *OTHER_AUTHORITY.roots)))],
        authorities=(authority,),
        withdrawn=tuple(Withdrawal(name, AT) for name in withdrawn),
    )
    assert result.draft.seals[0].compromised_from is None
    assert result.draft.authorities[0].compromised_from is None
    assert result.withdrawn_unmatched == ()


def test_a_withdrawal_that_names_nothing_is_told():
    one = Bureau()
    wrong = [Withdrawal(bytes(8), AT), Withdrawal(bytes(32), AT)]
    right = Withdrawal(one.token.public_key.kid, AT)
    result = merged([(one, one.file())], withdrawn=(wrong[0], right, wrong[1]))
    assert result.withdrawn_unmatched == tuple(wrong)
    assert merged([(one, one.file())]).withdrawn_unmatched == ()


# Whose key it is.


def copying(copier, owner):
    """Return keys of a department with a copy of another one's token key."""
    copy = KeyGrant(
        owner.token.public_key, "token", copier.code, TYPES, Period(EARLY, None)
    )
    return (*copier.bundle().keys, copy)


def confirmed(owner):
    return owner.grant(kids=(owner.token.public_key.kid.hex(),))


def test_a_confirmed_key_is_its_owners_though_both_claim_it_now():
    copier, owner = Bureau(), second()
    first = merged([(copier, copier.file()), (owner, owner.file())])
    owner.token = new_key()
    copy, data = copier.next(keys=copying(copier, owner)), owner.next()
    result = merged([(copier, copy), (owner, data)], remembered(first))
    assert set(outcomes(result).values()) == {Outcome.KEPT}
    assert CODE in why(result, SECOND_CODE)
    assert SECOND_CODE in why(result)
    table = (copier.grant(), confirmed(owner))
    result = merged(
        [(table[0], copy), (table[1], data)], remembered(first), departments=table
    )
    assert outcomes(result) == {CODE: Outcome.KEPT, SECOND_CODE: Outcome.TAKEN}
    assert SECOND_CODE in why(result)
    Publisher().admit(result)


def test_a_confirmed_key_that_another_one_claimed_first():
    copier, owner = Bureau(), second()
    copy, data = copier.file(keys=copying(copier, owner)), owner.file()
    table = (copier.grant(), owner.grant())
    first = merged([(copier, copy)], departments=table)
    result = merged([(copier, copy), (owner, data)], remembered(first))
    assert outcomes(result) == {CODE: Outcome.TAKEN, SECOND_CODE: Outcome.LEFT_OUT}
    table = (copier.grant(), confirmed(owner))
    for given in ([(copier, copy), (table[1], data)], [(table[1], data)]):
        result = merged(given, remembered(first), departments=table)
        assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.TAKEN}
        assert SECOND_CODE in why(result)
        Publisher().admit(result)
    back = merged(
        [(copier, copier.next())], remembered(result), departments=table, at=AT + DAY
    )
    assert outcomes(back) == {CODE: Outcome.TAKEN, SECOND_CODE: Outcome.KEPT}


def test_a_confirmed_key_of_a_department_that_is_not_in_yet():
    copier, owner = Bureau(), second()
    table = (copier.grant(), confirmed(owner))
    for copy in (
        copier.file(keys=copying(copier, owner)),
        trust.sign_bundle(copier.bundle(), owner.token, named(copier, owner.token)),
    ):
        result = merged([(copier, copy)], departments=table)
        assert set(outcomes(result).values()) == {Outcome.LEFT_OUT}
        assert SECOND_CODE in why(result)


def named(bureau, key):
    """Return statements of a department that name one bundle key."""
    other = replace(bureau, bundle_signer=key)
    return other.statements()


def test_a_confirmed_key_is_not_taken_from_the_hub():
    one, hub = Bureau(), Publisher()
    one.token = hub.signer
    result = merged([(confirmed(one), one.file())], keys=(hub.signer.public_key,))
    assert "belongs to the hub" in why(result)


def test_a_key_that_is_confirmed_for_two_is_misuse():
    one, other = Bureau(), second()
    with pytest.raises(ValueError, match="confirmed twice"):
        HubGrants(
            departments=(one.grant(kids=("0" * 16,)), other.grant(kids=("0" * 16,)))
        )


# Predecessors.


def listing(one, entries):
    """Return a file that speaks for others by roots that handed over."""
    handovers = []
    for entry in entries:
        root = new_key()
        handover = RootStatement(
            number=1,
            issued_at=EARLY,
            speaks_for=entry.code,
            bundle_keys=(),
            successor=one.root.public_key,
        )
        handovers.append(trust.sign_root_statement(handover, root, one.root))
    one.statement = 2
    bundle = one.bundle(organizations=(*one.bundle().organizations, *entries))
    return trust.sign_bundle(bundle, one.bundle_signer, [*handovers, *one.statements()])


def organ(code, *successors):
    return OrganizationEntry(
        code,
        ((EARLY.date(), "示例市机构"),),
        tuple(Succession(item, EARLY, TYPES, False) for item in successors),
    )


def test_a_department_that_hides_whom_it_succeeded():
    """It would be its own predecessor's witness: no kin, as far as one could see."""
    one, other = Bureau(), Bureau(code=THIRD_CODE, name=THIRD_NAME)
    grant = one.grant(predecessors=(SECOND_CODE,))
    hidden = listing(one, [organ(SECOND_CODE)])
    result = merged([(grant, hidden), (other, other.file())])
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, THIRD_CODE: Outcome.TAKEN}
    assert f"lists {SECOND_CODE} and does not say" in why(result)
    told = listing(one, [organ(SECOND_CODE, CODE)])
    assert outcomes(merged([(grant, told)])) == {CODE: Outcome.TAKEN}


def test_a_predecessor_of_a_predecessor_leads_to_the_department():
    one = Bureau()
    grant = one.grant(predecessors=(SECOND_CODE, THIRD_CODE))
    chain = [organ(THIRD_CODE, SECOND_CODE), organ(SECOND_CODE, CODE)]
    assert outcomes(merged([(grant, listing(one, chain))])) == {CODE: Outcome.TAKEN}
    circle = [organ(THIRD_CODE, SECOND_CODE), organ(SECOND_CODE, THIRD_CODE)]
    assert THIRD_CODE in why(merged([(grant, listing(one, circle))]))


# What is told.


def test_two_departments_of_one_name_are_told():
    one, other = Bureau(), Bureau(code=SECOND_CODE, name=NAME)
    third = Bureau(code=THIRD_CODE, name=THIRD_NAME)
    files = [(bureau, bureau.file()) for bureau in (one, other, third)]
    result = merged(files)
    assert [item.same_name for item in result.reports] == [(SECOND_CODE,), (CODE,), ()]
    assert set(outcomes(result).values()) == {Outcome.TAKEN}


def test_a_department_that_is_left_out_always_has_a_reason():
    one, other = Bureau(max_age=3 * DAY), second()
    table = both(one, other)
    first = merged([(one, one.file())], departments=table)
    assert "no bundle of it was given" in why(first, SECOND_CODE)
    assert [item.given for item in first.reports] == [True, False]
    later = AT + 4 * DAY
    other.issued_at = later
    result = merged(
        [(other, other.file())], remembered(first), at=later, departments=table
    )
    assert "the last good one is out of age" in why(result)
    moved = (Bureau().grant(), other.grant())  # the table has another root for it
    result = merged([], remembered(first), departments=moved)
    assert "not a pinned one" in why(result)


def test_a_department_that_left_the_table_is_remembered_by_its_numbers_alone():
    one, other = Bureau(), second()
    first = merged([(one, one.file()), (other, other.file())])
    result = merged([(other, other.next())], remembered(first))
    assert set(result.sources) == {SECOND_CODE}
    assert result.departments[CODE] == first.departments[CODE]
    assert result.floors[CODE] == EARLY
    one.number = 0
    back = merged([(one, one.file()), (other, other.next())], remembered(result))
    assert "number 0, 1 was seen" in why(back)


def test_an_empty_memory_takes_everything_as_new():
    one = Bureau(issued_at=AT - timedelta(hours=1))
    result = merge(
        [(one.grant(), one.file())],
        HubGrants(departments=(one.grant(),)),
        HubMemory(),
        AT,
    )
    assert outcomes(result) == {CODE: Outcome.TAKEN}
