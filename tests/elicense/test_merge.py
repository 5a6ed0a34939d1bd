import hashlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import trust
from elicense.testing import CODE, NAME, SECOND_CODE
from elicense.trust import (
    CLOCK_TOLERANCE,
    KeyGrant,
    Period,
    RollbackError,
    RootStatement,
    Succession,
    TimestampAuthority,
    claims,
)
from elicense.trust.hub_model import (
    AuthorityGrant,
    DepartmentGrant,
    HubGrants,
    HubMemory,
    Outcome,
    Withdrawal,
)
from elicense.trust.intake import MAX_SOURCE_BYTES
from elicense.trust.merge import merge
from esign import certificates
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
    remembered,
    second,
)

PERIOD = Period(EARLY, None)


def outcomes(result):
    return {item.organization: item.outcome for item in result.reports}


def why(result, code=CODE):
    """Return why a department's source was refused, in English."""
    (report,) = (item for item in result.reports if item.organization == code)
    assert report.refused is not None
    assert report.refused.zh
    return report.refused.en


def organizations(result):
    return [entry.code for entry in result.draft.organizations]


def only_refused(result, reason, code=CODE):
    """Assert that one department is refused whole and the other one is in."""
    assert reason in why(result, code)
    assert outcomes(result)[code] is Outcome.LEFT_OUT
    assert code not in organizations(result)
    assert {grant.organization for grant in result.draft.keys} == {
        item.organization for item in result.reports if item.outcome is Outcome.TAKEN
    }
    assert code not in result.sources
    assert code not in result.departments


# What a merge takes.


def test_two_departments_are_believed_under_the_hub():
    one, other, hub = Bureau(), second(), Publisher()
    result = merged([(one, one.file()), (other, other.file())])
    assert outcomes(result) == dict.fromkeys((CODE, SECOND_CODE), Outcome.TAKEN)
    state = hub.admit(result)
    assert set(state.organizations) == {CODE, SECOND_CODE}
    assert {grant.key for grant in state.token_keys.values()} == {
        one.token.public_key,
        other.token.public_key,
    }
    assert {name for name, _ in state.lists} == {CODE, SECOND_CODE}
    assert len(state.seals) == 2
    assert state.sources[CODE].root == one.pin


def test_lists_are_carried_byte_by_byte_with_their_own_sequence_as_the_lowest():
    one = Bureau(sequence=41)
    data = one.file()
    result = merged([(one, data)])
    assert [entry.sequence for entry in result.draft.status_lists] == [41, 41]
    tokens = {entry.token for entry in trust.admit(data, one.pin).bundle.status_lists}
    assert {entry.token for entry in result.draft.status_lists} == tokens


def test_a_source_says_what_was_merged():
    one = Bureau(number=7, statement=3, issued_at=AT - DAY, max_age=9 * DAY)
    (source,) = merged([(one, one.file())]).draft.sources
    assert (source.organization, source.root) == (CODE, one.pin)
    assert (source.statement, source.number) == (3, 7)
    assert (source.issued_at, source.max_age) == (AT - DAY, 9 * DAY)


def test_what_a_department_says_of_its_keys_is_carried():
    one = Bureau()
    old = KeyGrant(
        new_key().public_key,
        "token",
        CODE,
        TYPES,
        Period(EARLY, AT - DAY),
        destroyed=True,
    )
    stolen = KeyGrant(
        new_key().public_key, "token", CODE, TYPES, PERIOD, compromised_from=AT - DAY
    )
    keys = (*one.bundle().keys, old, stolen)
    result = merged([(one, one.file(keys=keys))])
    assert result.draft.keys == keys


def test_backfill_is_carried_where_the_table_allows_it():
    one = Bureau()
    days = (date(2015, 1, 1), date(2024, 12, 31))
    keys = tuple(
        replace(item, backfill=days) if item.purpose == "token" else item
        for item in one.bundle().keys
    )
    data = one.file(keys=keys)
    allowed = merged([(one.grant(backfill=True), data)])
    assert allowed.draft.keys[0].backfill == days
    refused = merged([(one, data)])
    assert refused.draft.keys[0].backfill is None
    assert refused.reports[0].backfill_left_out
    assert not allowed.reports[0].backfill_left_out


def test_one_ca_serves_all_departments():
    one, other, hub = Bureau(), second(), Publisher()
    result = merged([(one, one.file()), (other, other.file())])
    assert result.draft.roots == AUTHORITY.roots
    assert len(hub.admit(result).seals) == 2


def test_a_department_that_was_not_given_keeps_its_last_bundle():
    one, other = Bureau(), second()
    first = merged([(one, one.file()), (other, other.file())])
    result = merged(
        [(one, one.next())],
        remembered(first),
        departments=(one.grant(), other.grant()),
    )
    assert outcomes(result) == {CODE: Outcome.TAKEN, SECOND_CODE: Outcome.KEPT}
    assert organizations(result) == [CODE, SECOND_CODE]
    assert result.reports[1].refused is None


def test_a_suspended_department_is_left_out_and_remembered():
    one, other = Bureau(), second()
    files = [(one, one.file()), (other, other.file())]
    first = merged(files)
    table = (one.grant(suspended=True), other.grant())
    result = merged(files, remembered(first), departments=table)
    assert outcomes(result) == {
        CODE: Outcome.SUSPENDED,
        SECOND_CODE: Outcome.TAKEN,
    }
    assert organizations(result) == [SECOND_CODE]
    assert set(result.departments) == {CODE, SECOND_CODE}


# Attacks.


def test_a_department_that_lists_anothers_uscc_is_refused_as_a_whole():
    one, other = Bureau(), second()
    other.speaks_for = None  # it says so itself
    listed = (*one.bundle().organizations, *other.bundle().organizations)
    grab = KeyGrant(new_key().public_key, "token", CODE, TYPES, PERIOD)
    data = other.file(organizations=listed, keys=(*other.bundle().keys, grab))
    result = merged([(one, one.file()), (other, data)])
    only_refused(result, "a hub's bundle", SECOND_CODE)


def test_a_department_that_speaks_for_another_by_a_root_of_its_own_making():
    """Anyone can found a root that says it is another's and hands over to his own."""
    one, other = Bureau(), second()
    false = new_key()
    handover = trust.sign_root_statement(
        RootStatement(
            number=1,
            issued_at=EARLY,
            speaks_for=CODE,
            bundle_keys=(new_key().public_key,),
            successor=other.root.public_key,
        ),
        false,
        other.root,
    )
    other.statement = 2
    listed = (*one.bundle().organizations, *other.bundle().organizations)
    grab = KeyGrant(new_key().public_key, "token", CODE, TYPES, PERIOD)
    bundle = other.bundle(organizations=listed, keys=(*other.bundle().keys, grab))
    data = trust.sign_bundle(
        bundle, other.bundle_signer, [handover, *other.statements()]
    )
    assert trust.admit(data, other.pin).bundle is not None  # by itself it holds
    result = merged([(one, one.file()), (other, data)])
    only_refused(result, CODE, SECOND_CODE)


def test_a_department_that_grants_itself_a_type():
    one, hub = Bureau(types=(*TYPES, "special-operation")), Publisher()
    result = merged([(one, one.file())])
    (report,) = result.reports
    assert report.types == TYPES
    assert report.types_left_out == ("special-operation",)
    state = hub.admit(result)
    assert {grant.types for grant in state.token_keys.values()} == {TYPES}
    assert {seal.types for seal in state.seals.values()} == {TYPES}


def test_a_source_whose_number_fell_leaves_the_newer_one_in():
    one = Bureau(number=4)
    old = one.file()
    new = one.next()
    first = merged([(one, new)])
    result = merged([(one, old)], remembered(first))
    assert "number 4, 5 was seen" in why(result)
    assert outcomes(result) == {CODE: Outcome.KEPT}
    assert result.draft.sources[0].number == 5
    assert result.sources[CODE] == new


def test_a_source_of_the_same_number_with_other_bytes():
    one = Bureau()
    first = merged([(one, one.file())])
    result = merged([(one, one.file(max_age=DAY))], remembered(first))
    assert "another bundle had number 1" in why(result)
    assert result.draft == first.draft


def test_an_older_list_in_a_newer_bundle():
    one = Bureau(sequence=8)
    first = merged([(one, one.file())])
    one.sequence, one.number = 6, 2
    result = merged([(one, one.file())], remembered(first))
    assert "status list 0 of" in why(result)
    assert "has number 6, 8 was seen" in why(result)
    assert {entry.sequence for entry in result.draft.status_lists} == {8}


def test_a_key_in_two_new_sources_refuses_both():
    one, other, third = Bureau(), second(), Bureau(code=THIRD_CODE, name=THIRD_NAME)
    other.token = one.token
    files = [(one, one.file()), (other, other.file()), (third, third.file())]
    result = merged(files)
    assert SECOND_CODE in why(result)
    assert CODE in why(result, SECOND_CODE)
    assert one.token.public_key.kid.hex() in why(result)
    assert organizations(result) == [THIRD_CODE]


COPIES = {
    "the token key as a token key": lambda one, other: setattr(
        other, "token", one.token
    ),
    "the token key as a status key": lambda one, other: setattr(
        other, "status", one.token
    ),
    "the status key as a token key": lambda one, other: setattr(
        other, "token", one.status
    ),
    "the seal's key as a token key": lambda one, other: setattr(
        other, "token", one.seal
    ),
    "the root as a token key": lambda one, other: setattr(other, "token", one.root),
    "the bundle key as a token key": lambda one, other: setattr(
        other, "token", one.bundle_signer
    ),
    "the bundle key as a bundle key": lambda one, other: (
        setattr(other, "bundle_signer", one.bundle_signer),
        setattr(other, "named", one.named),
    ),
    "the CA's key as a token key": lambda _one, other: setattr(
        other, "token", AUTHORITY.issuing
    ),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_nobody_is_pushed_out_by_a_copy_of_his_key(copy):
    one, other = Bureau(), second()
    before = merged([(one, one.file()), (other, other.file())])
    copy(one, other)
    if other.token is AUTHORITY.issuing:  # else its own bundle names the key twice
        other.authority = AUTHORITY.create("别家电子认证", EARLY)
        other.__post_init__()
        other.speaks_for = SECOND_CODE
    result = merged([(one, one.next()), (other, other.next())], remembered(before))
    assert outcomes(result) == {CODE: Outcome.TAKEN, SECOND_CODE: Outcome.KEPT}
    assert "belongs to" in why(result, SECOND_CODE)
    Publisher().admit(result)


def test_a_source_that_names_a_key_of_the_hub():
    one, hub = Bureau(), Publisher()
    one.token = hub.signer
    other = second()
    result = merged(
        [(one, one.file()), (other, other.file())], keys=(hub.signer.public_key,)
    )
    only_refused(result, "belongs to the hub")


def test_a_kid_collision_is_a_second_use_whatever_the_rest_of_the_key():
    """Two keys with one kid cost 2^32 tries and more; the rule looks at kids alone."""
    one, other = Bureau(), second()
    kid = one.token.public_key.kid
    other.token = new_key()
    public = replace(other.token.public_key)
    object.__setattr__(public, "kid", kid)  # what a search would have found
    found = claims.clashes(
        {SECOND_CODE: claims.own_claims([public])},
        {CODE: claims.own_claims([one.token.public_key])},
        {},
        {},
    )
    assert set(found) == {SECOND_CODE}


def test_a_ca_key_is_shared_with_its_certificate_and_with_no_other_one():
    kid = AUTHORITY.issuing.public_key.kid.hex()
    good = {CODE: {kid: "one certificate"}}
    assert claims.clashes({SECOND_CODE: {kid: "one certificate"}}, good, {}, {}) == {}
    found = claims.clashes({SECOND_CODE: {kid: "another one"}}, good, {}, {})
    assert set(found) == {SECOND_CODE}
    own = claims.own_claims([AUTHORITY.issuing.public_key])
    assert set(claims.clashes({SECOND_CODE: own}, good, {}, {})) == {SECOND_CODE}


def test_a_bundle_signed_by_a_key_that_its_root_no_longer_names():
    one, other = Bureau(), second()
    first = merged([(one, one.file()), (other, other.file())])
    stolen = one.bundle_signer
    one.bundle_signer = new_key()
    one.named, one.statement = (one.bundle_signer.public_key,), 2
    moved_on = merged(
        [(one, one.next())],
        remembered(first),
        departments=(one.grant(), other.grant()),
    )
    assert moved_on.draft.sources[0].statement == 2
    one.bundle_signer, one.number = stolen, 999
    result = merged([(one, one.file())], remembered(moved_on))
    assert "a key the root does not name" in why(result)
    one.named, one.statement = (stolen.public_key,), 1
    result = merged([(one, one.file())], remembered(moved_on))
    assert "root statement has number 1, 2 was seen" in why(result)
    assert outcomes(result) == {CODE: Outcome.KEPT}
    assert result.sources[CODE] == moved_on.sources[CODE]


def test_a_stale_source_is_not_taken_and_an_old_good_one_leaves_when_its_age_is_over():
    one, other = Bureau(max_age=3 * DAY), second()
    other.max_age = 300 * DAY
    first = merged([(one, one.file()), (other, other.file())])
    table = (one.grant(), other.grant())
    in_age = merge([], HubGrants(departments=table), remembered(first), AT + 3 * DAY)
    assert outcomes(in_age)[CODE] is Outcome.KEPT
    later = AT + 3 * DAY + timedelta(seconds=1)
    result = merged([(one, one.file())], remembered(first), at=later, departments=table)
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.KEPT}
    assert "out of age" in why(result)
    assert organizations(result) == [SECOND_CODE]
    assert result.sources[CODE] == first.sources[CODE]


def test_the_keys_of_a_stale_department_are_still_its_own():
    one, other = Bureau(max_age=3 * DAY), second()
    first = merged([(one, one.file()), (other, other.file())])
    other.token, other.issued_at = one.token, AT + 5 * DAY
    result = merged(
        [(other, other.next())],
        remembered(first),
        at=AT + 5 * DAY,
        departments=(one.grant(), other.grant()),
    )
    assert CODE in why(result, SECOND_CODE)
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT, SECOND_CODE: Outcome.KEPT}


def test_a_bundle_from_the_future_does_not_stay_fresh_for_ever():
    one, other = Bureau(issued_at=AT + CLOCK_TOLERANCE + timedelta(seconds=1)), second()
    result = merged([(one, one.file()), (other, other.file())])
    only_refused(result, "after this machine's clock")
    one.issued_at = AT + CLOCK_TOLERANCE
    assert outcomes(merged([(one, one.file())])) == {CODE: Outcome.TAKEN}


def test_a_bundle_that_leaves_no_room_for_others():
    one, other = Bureau(), second()
    data = bytes(MAX_SOURCE_BYTES + 1)
    only_refused(merged([(one, data), (other, other.file())]), "more than")


def test_two_different_bundles_of_one_department():
    one, other = Bureau(), second()
    files = [(one, one.file()), (one, one.next()), (other, other.file())]
    only_refused(merged(files), "two different bundles")
    only_refused(merged([*files, files[0]]), "two different bundles")


def test_the_same_file_twice_is_one():
    one = Bureau()
    data = one.file()
    assert outcomes(merged([(one, data), (one, data)])) == {CODE: Outcome.TAKEN}


def test_a_bundle_of_another_department_under_this_ones_grant():
    one, other = Bureau(), second()
    result = merged([(one.grant(), other.file()), (other, other.file())])
    only_refused(result, "its root is not a pinned one")


def test_a_department_that_lost_its_root_begins_anew_under_another():
    """People of the hub compared the new root; numbers are compared under one root."""
    one, other, hub = Bureau(number=9, sequence=9), second(), Publisher()
    first = merged([(one, one.file()), (other, other.file())])
    own = hub.admit(first).seen
    fresh = Bureau()  # the same organ, a new root, number 1
    table = (fresh.grant(), other.grant())
    result = merged([(fresh, fresh.file())], remembered(first, own), departments=table)
    assert outcomes(result)[CODE] is Outcome.TAKEN
    state = hub.admit(result, 2, [own])
    assert (state.sources[CODE].number, state.sources[CODE].root) == (
        fresh.number,
        fresh.grant().root,
    )
    assert state.lists[CODE, 2031].sequence < 9


def test_a_verifier_refuses_a_hubs_bundle_with_a_source_number_that_fell():
    one, hub = Bureau(number=5), Publisher()
    seen = hub.admit(merged([(one, one.file())])).seen
    one.number = 4
    with pytest.raises(RollbackError, match="source"):
        hub.admit(merged([(one, one.file())]), 2, [seen])


def test_a_department_missing_from_a_hubs_bundle_does_not_come_back_older():
    one, other, hub = Bureau(number=5), second(), Publisher()
    old = (one, one.file())
    both = hub.admit(merged([(one, one.next()), (other, other.file())])).seen
    without = hub.admit(merged([(other, other.file())]), 2, [both])
    assert set(without.organizations) == {SECOND_CODE}
    with pytest.raises(RollbackError):
        hub.admit(merged([old, (other, other.file())]), 3, [without.seen])


def test_a_table_edited_to_grant_nothing_gives_nothing_to_sign():
    one = Bureau()
    result = merge(
        [(one.grant(), one.file())], HubGrants(departments=()), HubMemory(), AT
    )
    assert result.draft.organizations == ()
    result = merged([(one.grant(types=()), one.file())])
    assert {grant.types for grant in result.draft.keys} == {()}


def test_a_table_that_grants_twice_is_misuse():
    one, other = Bureau(), second()
    for departments in (
        (one.grant(), replace(other.grant(), organization=CODE)),
        (one.grant(), replace(other.grant(), root=one.pin)),
        (one.grant(), other.grant(predecessors=(CODE,))),
    ):
        with pytest.raises(ValueError, match="twice"):
            HubGrants(departments=departments)


# Succession.


def succeeded(successor, predecessor):
    """Return the file of a department that took over another's root and lists."""
    handover = trust.sign_root_statement(
        RootStatement(
            number=2,
            issued_at=AT - DAY,
            speaks_for=predecessor.code,
            bundle_keys=(predecessor.bundle_signer.public_key,),
            successor=successor.root.public_key,
        ),
        predecessor.root,
        successor.root,
    )
    successor.statement = 3
    since = EARLY + DAY
    taken = replace(
        predecessor.bundle().organizations[0],
        successors=(Succession(successor.code, since, (*TYPES, "x"), True),),
    )
    own = successor.bundle()
    lists = [
        successor.list_entry(n, issuer=predecessor.code) for n in predecessor.lists
    ]
    bundle = replace(
        own,
        organizations=(*own.organizations, taken),
        keys=(*own.keys, predecessor.bundle().keys[0]),
        status_lists=(*own.status_lists, *lists),
    )
    statements = [*predecessor.statements(), handover, *successor.statements()]
    return trust.sign_bundle(bundle, successor.bundle_signer, statements)


def test_a_successor_speaks_for_its_predecessor_where_the_table_says_so():
    old, new, hub = second(), Bureau(), Publisher()
    before = merged([(old, old.file())])
    own = hub.admit(before).seen
    data = succeeded(new, old)
    result = merged(
        [(new.grant(predecessors=(old.code,)), data)], remembered(before, own)
    )
    assert outcomes(result) == {CODE: Outcome.TAKEN}
    assert {s.organization for s in result.draft.sources} == {CODE, SECOND_CODE}
    state = hub.admit(result, 2, [own])
    assert state.organizations[SECOND_CODE].successors[0].types == TYPES
    assert (SECOND_CODE, 0) in state.lists
    refused = merged([(new, data)])
    assert SECOND_CODE in why(refused)


def test_a_department_that_was_succeeded_is_not_merged_under_its_own_grant():
    old, new = second(), Bureau()
    data = succeeded(new, old)
    result = merged([(old.grant(predecessors=(CODE,)), data)])
    assert outcomes(result) == {SECOND_CODE: Outcome.LEFT_OUT}


def test_a_department_that_does_not_list_itself():
    """Its file speaks for the predecessor alone, under both roots."""
    old, new, other = second(), Bureau(), Bureau(code=THIRD_CODE, name=THIRD_NAME)
    handover = trust.sign_root_statement(
        RootStatement(
            number=1,
            issued_at=EARLY,
            speaks_for=old.code,
            bundle_keys=(),
            successor=new.root.public_key,
        ),
        old.root,
        new.root,
    )
    new.statement = 2
    bundle = replace(old.bundle(), statement=2)
    data = trust.sign_bundle(bundle, new.bundle_signer, [handover, *new.statements()])
    grant = new.grant(predecessors=(old.code,))
    only_refused(
        merged([(grant, data), (other, other.file())]), "not list the department"
    )


def test_a_department_that_names_its_predecessor_as_successor():
    old, new = second(), Bureau()
    own = new.bundle().organizations[0]
    succession = (Succession(old.code, AT, TYPES, False),)
    bundle = new.bundle(
        organizations=(
            replace(own, successors=succession),
            *old.bundle().organizations,
        )
    )
    handover = trust.sign_root_statement(
        RootStatement(
            number=1,
            issued_at=EARLY,
            speaks_for=old.code,
            bundle_keys=(),
            successor=new.root.public_key,
        ),
        old.root,
        new.root,
    )
    new.statement = 2
    data = trust.sign_bundle(
        replace(bundle, statement=2), new.bundle_signer, [handover, *new.statements()]
    )
    result = merged([(new.grant(predecessors=(old.code,)), data)])
    assert "grant its successor instead" in why(result)


# What the hub itself knows.


def authority_grant(code=THIRD_CODE, name=THIRD_NAME, key=None):
    key = key or new_key()
    certificate = AUTHORITY.issue_seal(key.public_key, name, code, EARLY, 2000)
    entry = TimestampAuthority(code, (certificate, *AUTHORITY.chain), PERIOD)
    return AuthorityGrant(name=name, entry=entry, root=AUTHORITY.roots[0])


def test_a_timestamp_authority_of_the_table_is_in_the_bundle():
    one, hub = Bureau(), Publisher()
    authority = authority_grant()
    result = merged([(one, one.file())], authorities=(authority,))
    assert result.draft.authorities == (authority.entry,)
    assert organizations(result) == [CODE, THIRD_CODE]
    assert hub.admit(result).authorities[0].organization == THIRD_CODE


def test_a_department_with_another_name_than_in_the_table():
    one, other = Bureau(), second()
    result = merged(
        [(one, one.file()), (other, other.file())],
        authorities=(authority_grant(CODE, "另一个名称"),),
    )
    assert "another name" in why(result)
    assert outcomes(result)[CODE] is Outcome.LEFT_OUT
    same = merged([(one, one.file())], authorities=(authority_grant(CODE, NAME),))
    assert organizations(same) == [CODE]


def test_a_department_that_names_the_key_of_a_timestamp_authority():
    one, other, key = Bureau(), second(), new_key()
    one.token = key
    authority = authority_grant(key=key)
    result = merged(
        [(one, one.file()), (other, other.file())], authorities=(authority,)
    )
    assert "belongs to the hub" in why(result)


def test_a_withdrawn_token_key_is_compromised_before_its_owner_says_so():
    one = Bureau()
    withdrawn = Withdrawal(one.token.public_key.kid, AT - DAY)
    token, status = merged([(one, one.file())], withdrawn=(withdrawn,)).draft.keys
    assert token.compromised_from == AT - DAY
    assert status.compromised_from is None


def test_the_earlier_of_what_owner_and_hub_say_counts():
    one = Bureau()
    for told, known, counts in ((2, 1, 2), (1, 2, 2)):
        keys = tuple(
            replace(item, compromised_from=AT - told * DAY)
            if item.purpose == "token"
            else item
            for item in one.bundle().keys
        )
        withdrawn = (Withdrawal(one.token.public_key.kid, AT - known * DAY),)
        result = merged([(one, one.file(keys=keys))], withdrawn=withdrawn)
        assert result.draft.keys[0].compromised_from == AT - counts * DAY


def test_a_withdrawn_status_key_takes_its_lists_along():
    one, other, hub = Bureau(), second(), Publisher()
    withdrawn = (Withdrawal(one.status.public_key.kid, AT),)
    result = merged([(one, one.file()), (other, other.file())], withdrawn=withdrawn)
    assert result.reports[0].lists_left_out == ((CODE, 0), (CODE, 2031))
    assert {name for name, _ in hub.admit(result).lists} == {SECOND_CODE}


def test_a_withdrawn_seal_is_named_by_certificate_ca_or_kid():
    one = Bureau()
    kid = certificates.read_certificate(one.certificate).public_key.kid
    names = [_digest(one.certificate), _digest(AUTHORITY.chain[0]), kid]
    for name in names:
        result = merged([(one, one.file())], withdrawn=(Withdrawal(name, AT),))
        assert result.draft.seals[0].compromised_from == AT


def test_a_withdrawn_timestamp_authority():
    one, authority = Bureau(), authority_grant()
    withdrawn = (Withdrawal(_digest(authority.entry.certificates[0]), AT),)
    result = merged([(one, one.file())], authorities=(authority,), withdrawn=withdrawn)
    assert result.draft.authorities[0].compromised_from == AT


def _digest(der):
    return hashlib.sha256(der).digest()


# For any bytes and any order.


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_an_edited_byte_is_never_merged(data):
    position = data.draw(st.integers(0, len(FILE) - 1))
    edited = bytearray(FILE)
    edited[position] ^= data.draw(st.integers(1, 255))
    result = merged([(ONE, bytes(edited))])
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT}
    assert result.draft.organizations == ()


ONE = Bureau()
FILE = ONE.file()
WORLD = [Bureau(), second(), Bureau(code=THIRD_CODE, name=THIRD_NAME)]
WORLD[2].token = WORLD[1].token
FILES = [(bureau, bureau.file()) for bureau in WORLD]


@settings(max_examples=10, deadline=None)
@given(st.permutations(FILES))
def test_the_order_of_the_files_does_not_matter(files):
    table = tuple(bureau.grant() for bureau in WORLD)
    assert merged(files, departments=table) == merged(FILES, departments=table)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_merged(data):
    grant = DepartmentGrant(organization=CODE, root=ONE.pin, types=TYPES)
    result = merged([(grant, data)])
    assert outcomes(result) == {CODE: Outcome.LEFT_OUT}
