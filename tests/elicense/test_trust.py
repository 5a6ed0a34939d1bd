"""Nothing is believed but what a bundle says that the pinned root vouches for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import payload, trust
from elicense.testing import CODE, SECOND_CODE, START, Simulator, list_entry
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    Period,
    RootStatement,
    SealEntry,
    SignedStatement,
)
from esign import cbor, cose, statuslist
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.signer import SoftwareSigner
from esign.statuslist import StatusList
from esign.verdict import Code

THIRD_CODE = "119901000000000430"
ALWAYS = Period(START - timedelta(days=400), None)
SECOND = timedelta(seconds=1)


@dataclass
class Stage:
    """A small bundle and everyone who signs in it; each test changes a copy."""

    root: SoftwareSigner
    bundle_signer: SoftwareSigner
    token: SoftwareSigner
    status: SoftwareSigner
    seal: SoftwareSigner
    authority: DevelopmentAuthority
    bundle: Bundle

    @property
    def pin(self) -> str:
        return self.root.public_key.fingerprint

    def statement(
        self, *, by: SoftwareSigner | None = None, **changes: object
    ) -> SignedStatement:
        plain = RootStatement(
            number=1,
            issued_at=START,
            speaks_for=CODE,
            bundle_keys=(self.bundle_signer.public_key,),
        )
        return trust.sign_root_statement(replace(plain, **changes), by or self.root)

    def file(self, bundle: Bundle | None = None) -> bytes:
        return trust.sign_bundle(
            bundle or self.bundle, self.bundle_signer, [self.statement()]
        )

    def list(self, **changes: object) -> StatusList:
        at = int(START.timestamp())
        plain = StatusList(CODE, 2026, 1, at, at + 86400, bytes(16))
        return replace(plain, **changes)

    def signed_list(self, **changes: object) -> ListEntry:
        return list_entry(self.list(**changes), self.status)

    def with_keys(self, *grants: KeyGrant) -> Bundle:
        return replace(self.bundle, keys=(*self.bundle.keys, *grants))

    def with_lists(self, *entries: ListEntry) -> Bundle:
        return replace(self.bundle, status_lists=entries)

    def edited(self, change: Callable[[dict], None]) -> bytes:
        """Return a file whose bundle was edited before it was properly signed."""
        _, statement, signed = cbor.decode(self.file())
        raw = cose.open_sealed(signed, trust.BUNDLE_PURPOSE).unverified_payload
        members = cbor.decode(raw)
        change(members)
        again = cose.sign(
            cbor.encode(members), self.bundle_signer, trust.BUNDLE_PURPOSE
        )
        return cbor.encode([trust.FORMAT, statement, again])

    def edited_root(self, change: Callable[[dict], None]) -> bytes:
        _, ((statement,),), signed = cbor.decode(self.file())
        raw = cose.open_sealed(statement, trust.ROOT_PURPOSE).unverified_payload
        members = cbor.decode(raw)
        change(members)
        again = cose.sign(cbor.encode(members), self.root, trust.ROOT_PURPOSE)
        return cbor.encode([trust.FORMAT, [[again]], signed])


@pytest.fixture(scope="module")
def stage() -> Stage:
    made = {
        name: SoftwareSigner.generate(Suite.ES256)
        for name in ("root", "bundle_signer", "token", "status", "seal")
    }
    authority = DevelopmentAuthority.create("示例电子认证", START - timedelta(days=1))
    leaf = authority.issue_seal(
        made["seal"].public_key, "示例局", CODE, START - timedelta(days=1), 900
    )
    bundle = Bundle(
        statement=1,
        number=7,
        issued_at=START,
        max_age=timedelta(days=30),
        organizations=(OrganizationEntry(CODE, ((date(2020, 1, 1), "示例局"),)),),
        keys=(
            KeyGrant(made["token"].public_key, "token", CODE, ("t",), ALWAYS),
            KeyGrant(made["status"].public_key, "status", CODE, (), ALWAYS),
        ),
        seals=(SealEntry(CODE, (leaf, *authority.chain), ("t",), ALWAYS),),
        roots=authority.roots,
        status_lists=(),
    )
    out = Stage(**made, authority=authority, bundle=bundle)
    out.bundle = out.with_lists(out.signed_list())
    return out


def refused(data: bytes, pin: str) -> type[Exception]:
    """Return which error refuses a file; whatever else is raised fails the test."""
    with pytest.raises((MalformedError, VerificationError)) as caught:
        trust.admit(data, pin)
    malformed = issubclass(caught.type, MalformedError)
    return MalformedError if malformed else VerificationError


def test_a_good_bundle_is_admitted_as_it_was_signed(stage: Stage) -> None:
    state = trust.admit(stage.file(), stage.pin)
    assert state.bundle == stage.bundle
    assert (state.root, state.why_empty) == (stage.pin, "")
    key = stage.token.public_key
    assert set(state.token_keys) == {(CODE, key.kid, Suite.ES256.cose)}
    assert state.lists[CODE, 2026] == stage.list()
    (entry,) = state.seals.values()
    assert entry == stage.bundle.seals[0]
    assert state.seal_grants.keys() == state.seals.keys()
    (grant,) = state.seal_grants.values()
    assert grant.organization == CODE
    assert grant.roots == stage.authority.roots


def test_a_period_may_end_and_may_not(stage: Stage) -> None:
    ends = replace(
        stage.bundle.keys[0], period=Period(START, START + timedelta(days=1))
    )
    bundle = replace(stage.bundle, keys=(ends, stage.bundle.keys[1]))
    state = trust.admit(stage.file(bundle), stage.pin)
    assert state.bundle == bundle
    period = ends.period
    inside = [START - SECOND, START, START + timedelta(days=1) - SECOND]
    assert [period.covers(at) for at in inside] == [False, True, True]
    assert not period.covers(START + timedelta(days=1))
    assert ALWAYS.covers(START + timedelta(days=99_999))


def test_the_states_tables_cannot_be_changed(stage: Stage) -> None:
    state = trust.admit(stage.file(), stage.pin)
    for table in (state.organizations, state.token_keys, state.seals, state.lists):
        with pytest.raises(TypeError):
            table["x"] = 1


def test_nothing_is_believed_without_a_bundle() -> None:
    state = trust.no_trust("why")
    assert (state.root, state.bundle, state.why_empty) == ("", None, "why")
    tables = (state.organizations, state.token_keys, state.seals, state.lists)
    assert tables == ({}, {}, {}, {})


# The fingerprint that is shown, and the pin that is not guessed from it.


def test_the_fingerprint_in_a_file_is_that_of_its_root(stage: Stage) -> None:
    assert trust.fingerprints_in(stage.file()) == (stage.pin,)


@pytest.mark.parametrize(
    "pin",
    ["", "sha256:", "sha256:" + "0" * 64],
    ids=["empty", "without digits", "of nobody"],
)
def test_a_pin_that_is_not_the_roots_believes_nothing(stage: Stage, pin: str) -> None:
    assert refused(stage.file(), pin) is VerificationError


def test_a_pin_in_capitals_is_another_pin(stage: Stage) -> None:
    assert refused(stage.file(), stage.pin.upper()) is VerificationError
    assert refused(stage.file(), stage.pin + " ") is VerificationError


# Attacks on root and bundle key.


def _own_root(stage: Stage) -> bytes:
    thief = SoftwareSigner.generate(Suite.ES256)
    statement = stage.statement(by=thief)
    return trust.sign_bundle(stage.bundle, stage.bundle_signer, [statement])


def _statement_by_another(stage: Stage) -> bytes:
    """Name the pinned root in a statement that another key signed under its own kid."""
    thief = SoftwareSigner.generate(Suite.ES256)
    members = {
        "number": 1,
        "issued_at": 0,
        "root": stage.root.public_key.to_cose(),
        "speaks_for": CODE,
        "bundle_keys": [thief.public_key.to_cose()],
        "successor": None,
    }
    statement = cose.sign(cbor.encode(members), thief, trust.ROOT_PURPOSE)
    return trust.sign_bundle(stage.bundle, thief, [(statement,)])


def _renamed(data: bytes, signer: SoftwareSigner, named: SoftwareSigner) -> bytes:
    """Return what one key signed with the kid of another in its header."""
    kid = signer.public_key.kid
    assert data.count(kid) == 1
    return data.replace(kid, named.public_key.kid)


def _statement_with_a_false_kid(stage: Stage) -> bytes:
    """Name the pinned root in a statement that another key signed under its kid."""
    thief = SoftwareSigner.generate(Suite.ES256)
    members = {
        "number": 1,
        "issued_at": 0,
        "root": stage.root.public_key.to_cose(),
        "speaks_for": CODE,
        "bundle_keys": [thief.public_key.to_cose()],
        "successor": None,
    }
    statement = cose.sign(cbor.encode(members), thief, trust.ROOT_PURPOSE)
    forged = _renamed(statement, thief, stage.root)
    return trust.sign_bundle(stage.bundle, thief, [(forged,)])


def _bundle_by_a_key_not_named(stage: Stage) -> bytes:
    thief = SoftwareSigner.generate(Suite.ES256)
    return trust.sign_bundle(stage.bundle, thief, [stage.statement()])


def _bundle_with_a_false_kid(stage: Stage) -> bytes:
    thief = SoftwareSigner.generate(Suite.ES256)
    data = trust.sign_bundle(stage.bundle, thief, [stage.statement()])
    return _renamed(data, thief, stage.bundle_signer)


def _bundle_by(name: str) -> Callable[[Stage], bytes]:
    def build(stage: Stage) -> bytes:
        signer = getattr(stage, name)
        return trust.sign_bundle(stage.bundle, signer, [stage.statement()])

    return build


def _statement_without_keys(stage: Stage) -> bytes:
    statement = stage.statement(bundle_keys=())
    return trust.sign_bundle(stage.bundle, stage.bundle_signer, [statement])


def _bundle_of_other_suite(stage: Stage) -> bytes:
    """Sign with an Ed25519 key where the root names the ES256 one."""
    thief = SoftwareSigner.generate(Suite.ED25519)
    return trust.sign_bundle(stage.bundle, thief, [stage.statement()])


SIGNED_BY_THE_WRONG: dict[str, Callable[[Stage], bytes]] = {
    "a stolen bundle key under a root of the thief's own": _own_root,
    "a root statement that another key signed": _statement_by_another,
    "a root statement with the root's kid on another's signature": (
        _statement_with_a_false_kid
    ),
    "a bundle signed by a key that the root does not name": _bundle_by_a_key_not_named,
    "a bundle with the bundle key's kid on another's signature": (
        _bundle_with_a_false_kid
    ),
    "a bundle signed by the root itself": _bundle_by("root"),
    "a bundle signed by a token key": _bundle_by("token"),
    "a bundle signed by a status key": _bundle_by("status"),
    "a bundle signed by a seal key": _bundle_by("seal"),
    "a root statement that names no key": _statement_without_keys,
    "a bundle signed by a key of another suite": _bundle_of_other_suite,
}


@pytest.mark.parametrize("build", SIGNED_BY_THE_WRONG.values(), ids=SIGNED_BY_THE_WRONG)
def test_what_the_wrong_key_signed_is_refused(
    stage: Stage, build: Callable[[Stage], bytes]
) -> None:
    assert refused(build(stage), stage.pin) is VerificationError


# One key, one use.


def _grant(key: PublicKey, purpose: str) -> KeyGrant:
    types = ("t",) if purpose == "token" else ()
    return KeyGrant(key, purpose, CODE, types, ALWAYS)


def _with_grant(name: str, purpose: str) -> Callable[[Stage], Bundle]:
    def build(stage: Stage) -> Bundle:
        return stage.with_keys(_grant(getattr(stage, name).public_key, purpose))

    return build


def _ca_as(purpose: str, which: str) -> Callable[[Stage], Bundle]:
    def build(stage: Stage) -> Bundle:
        key = getattr(stage.authority, which).public_key
        return stage.with_keys(_grant(key, purpose))

    return build


def _seal_of_key(name: str) -> Callable[[Stage], Bundle]:
    def build(stage: Stage) -> Bundle:
        key = getattr(stage, name).public_key
        leaf = stage.authority.issue_seal(key, "示例局", CODE, START, 90)
        seal = SealEntry(CODE, (leaf, *stage.authority.chain), ("t",), ALWAYS)
        return replace(stage.bundle, seals=(*stage.bundle.seals, seal))

    return build


def _seal_twice(stage: Stage) -> Bundle:
    return replace(stage.bundle, seals=stage.bundle.seals * 2)


def _root_twice(stage: Stage) -> Bundle:
    return replace(stage.bundle, roots=stage.bundle.roots * 2)


TWO_USES: dict[str, Callable[[Stage], Bundle]] = {
    "a token key that is a token key again": _with_grant("token", "token"),
    "a token key that is a status key too": _with_grant("token", "status"),
    "a status key that is a token key too": _with_grant("status", "token"),
    "a status key that is a status key again": _with_grant("status", "status"),
    "the root as a token key": _with_grant("root", "token"),
    "the root as a status key": _with_grant("root", "status"),
    "the bundle key as a token key": _with_grant("bundle_signer", "token"),
    "the bundle key as a status key": _with_grant("bundle_signer", "status"),
    "a seal key as a token key": _with_grant("seal", "token"),
    "a seal key as a status key": _with_grant("seal", "status"),
    "the issuing CA's key as a token key": _ca_as("token", "issuing"),
    "the root CA's key as a token key": _ca_as("token", "root"),
    "the issuing CA's key as a status key": _ca_as("status", "issuing"),
    "a token key in a seal": _seal_of_key("token"),
    "a status key in a seal": _seal_of_key("status"),
    "the bundle key in a seal": _seal_of_key("bundle_signer"),
    "the pinned root's key in a seal": _seal_of_key("root"),
    "a seal key in a second seal": _seal_of_key("seal"),
    "one seal twice": _seal_twice,
    "one CA root twice": _root_twice,
}


@pytest.mark.parametrize("build", TWO_USES.values(), ids=TWO_USES)
def test_a_key_with_two_uses_refuses_the_bundle(
    stage: Stage, build: Callable[[Stage], Bundle]
) -> None:
    assert refused(stage.file(build(stage)), stage.pin) is VerificationError


def test_the_root_may_not_name_itself_or_one_key_twice(stage: Stage) -> None:
    signer = stage.bundle_signer
    for keys in (
        (signer.public_key, stage.root.public_key),
        (signer.public_key, signer.public_key),
    ):
        statement = stage.statement(bundle_keys=keys)
        data = trust.sign_bundle(stage.bundle, signer, [statement])
        assert refused(data, stage.pin) is VerificationError


def test_a_ca_may_stand_as_a_root_and_in_a_chain(stage: Stage) -> None:
    """One department's root may be another's intermediate; neither is pushed out."""
    (seal,) = stage.bundle.seals
    chain = (*seal.certificates, *stage.authority.roots)
    bundle = replace(stage.bundle, seals=(replace(seal, certificates=chain),))
    assert len(trust.admit(stage.file(bundle), stage.pin).seals) == 1


def test_a_seal_is_given_no_roots_but_those_that_may_stand_above_it(
    stage: Stage,
) -> None:
    other = DevelopmentAuthority.create("示例电子认证二", START)
    bundle = replace(stage.bundle, roots=(*other.roots, *stage.bundle.roots))
    (grant,) = trust.admit(stage.file(bundle), stage.pin).seal_grants.values()
    assert set(stage.authority.roots) <= set(grant.roots)


def test_two_seals_may_stand_under_one_ca(stage: Stage) -> None:
    bundle = replace(_seal_of_key("seal")(stage), seals=stage.bundle.seals)
    other = SoftwareSigner.generate(Suite.ES256)
    leaf = stage.authority.issue_seal(other.public_key, "示例局", CODE, START, 90)
    second = SealEntry(CODE, (leaf, *stage.authority.chain), (), ALWAYS)
    both = replace(bundle, seals=(*bundle.seals, second))
    assert len(trust.admit(stage.file(both), stage.pin).seals) == 2


# The form of each part.


def _set(key: str, value: object) -> Callable[[dict], None]:
    return lambda members: members.__setitem__(key, value)


def _in(part: str, key: str, value: object, at: int = 0) -> Callable[[dict], None]:
    return lambda members: members[part][at].__setitem__(key, value)


def _without(part: str, key: str) -> Callable[[dict], None]:
    return lambda members: members[part][0].__delitem__(key)


def _names(*names: object) -> Callable[[dict], None]:
    return _in("organizations", "names", list(names))


def _twice(part: str) -> Callable[[dict], None]:
    return lambda members: members[part].append(members[part][0])


def _succession(code: str) -> dict:
    return {"code": code, "from": 0, "types": [], "keeps_lists": True}


def _successors(*items: object) -> Callable[[dict], None]:
    return _in("organizations", "successors", list(items))


MALFORMED: dict[str, Callable[[dict], None]] = {
    "no organization at all": _set("organizations", []),
    "an organization twice": _twice("organizations"),
    "an organization of a key is not listed": _in("keys", "organization", SECOND_CODE),
    "an organization of a seal is not listed": _in(
        "seals", "organization", SECOND_CODE
    ),
    "an organization without a name": _names(),
    "an organization with names newest first": _names(
        {"name": "b", "from": "2021-01-01"}, {"name": "a", "from": "2020-01-01"}
    ),
    "a name from no day": _names({"name": "a", "from": "2021-02-30"}),
    "a name from a day in another spelling": _names({"name": "a", "from": "2021-2-3"}),
    "a name with an unknown key": _names({"name": "a", "from": "2021-01-01", "to": 1}),
    "a name that is not a map": _names("a"),
    "an organization with an unknown key": _in("organizations", "root", b""),
    "a purpose that is not known": _in("keys", "purpose", "license"),
    "a purpose in capitals": _in("keys", "purpose", "TOKEN"),
    "a status key with types": _in("keys", "types", ["t"], at=1),
    "a key with an unknown member": _in("keys", "note", ""),
    "a key without types": _without("keys", "types"),
    "a key without an end of its period": _without("keys", "signs_until"),
    "a key whose end is a text": _in("keys", "signs_until", "never"),
    "a key whose period begins before 1970": _in("keys", "signs_from", -1),
    "a key whose period begins after 9999": _in("keys", "signs_from", 253_402_185_600),
    "a key that is not a COSE_Key": _in("keys", "key", b"\xa0"),
    "a type that is a number": _in("keys", "types", [1]),
    "a seal without certificates": _in("seals", "certificates", []),
    "a seal with a text for a certificate": _in("seals", "certificates", ["x"]),
    "a seal with bytes that are no certificate": _in(
        "seals", "certificates", [b"\x30\x00"]
    ),
    "a seal with an unknown key": _in("seals", "purpose", "seal"),
    "a CA root that is no certificate": _set("roots", [b"x"]),
    "a CA root that is a text": _set("roots", ["x"]),
    "a status list that is a map": _set("status_lists", [{}]),
    "a status list that is no token": _set("status_lists", [b"\xd2\x80"]),
    "a bundle number of 2**53": _set("number", 1 << 53),
    "a bundle number of 2**64 - 1": _set("number", (1 << 64) - 1),
    "a bundle number below zero": _set("number", -1),
    "a bundle number that is true": _set("number", True),
    "a bundle of the year 10000": _set("issued_at", 253_402_300_800),
    "an age of eleven years": _set("max_age", 11 * 366 * 86400),
    "an unknown member": _set("grants", []),
    "no statement": lambda members: members.__delitem__("statement"),
    "two names from one day": _names(
        {"name": "a", "from": "2021-01-01"}, {"name": "b", "from": "2021-01-01"}
    ),
    "an organization whose code is no USCC": _in("organizations", "code", "示例局"),
    "an organization that succeeds itself": _successors(_succession(CODE)),
    "a successor that is not listed": _successors(_succession(SECOND_CODE)),
    "two successors that keep the lists": _successors(
        _succession(SECOND_CODE), _succession(THIRD_CODE)
    ),
    "a successor with an unknown member": _successors({**_succession(CODE), "x": 1}),
    "a period that ends when it begins": _in(
        "keys", "signs_until", int(ALWAYS.signs_from.timestamp())
    ),
    "a seal's period that ends before it begins": _in("seals", "signs_until", 1),
    "a backfill range that ends before it begins": _in(
        "keys", "backfill", {"from": "2020-01-02", "until": "2020-01-01"}
    ),
    "a backfill range of a status key": _in(
        "keys", "backfill", {"from": "2020-01-01", "until": "2020-01-01"}, at=1
    ),
    "a backfill range without an end": _in("keys", "backfill", {"from": "2020-01-01"}),
    "an attestation that is a number": _in("keys", "destroyed", 1),
    "a compromise that is a text": _in("keys", "compromised_from", "2026"),
    "a CRL that is a text": _set("crls", ["x"]),
    "a CRL that is not DER": _set("crls", [b"x"]),
    "a source that is a text": _set("sources", ["x"]),
    "a timestamp authority without a certificate": _set(
        "timestamp_authorities", [{"organization": CODE, "certificates": []}]
    ),
    "a list entry without its sequence": _without("status_lists", "sequence"),
    "a list entry of an organization not listed": _in(
        "status_lists", "issuer", SECOND_CODE
    ),
    "one list twice": _twice("status_lists"),
    "a chain of five certificates": lambda members: members["seals"][0].__setitem__(
        "certificates", members["seals"][0]["certificates"] * 3
    ),
    "1001 types in a grant": _in("keys", "types", ["t"] * 1001),
    "2001 revocation lists": _set("crls", [b""] * 2001),
    "401 lists of one organization": lambda members: members.__setitem__(
        "status_lists",
        [{**members["status_lists"][0], "number": n} for n in range(401)],
    ),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_a_bundle_in_another_shape_is_malformed_under_the_right_key(
    stage: Stage, change: Callable[[dict], None]
) -> None:
    assert refused(stage.edited(change), stage.pin) is MalformedError


def test_the_highest_bundle_number_is_2_to_53_less_one(stage: Stage) -> None:
    data = stage.edited(_set("number", (1 << 53) - 1))
    state = trust.admit(data, stage.pin)
    assert state.bundle is not None
    assert state.bundle.number == (1 << 53) - 1


ROOT_MALFORMED: dict[str, Callable[[dict], None]] = {
    "an unknown member": _set("grants", b""),
    "a successor that is no key": _set("successor", b""),
    "a root that succeeds itself": lambda members: members.__setitem__(
        "successor", members["root"]
    ),
    "a scope that is no USCC": _set("speaks_for", "示例局"),
    "no scope": lambda members: members.__delitem__("speaks_for"),
    "a root that is no key": _set("root", b"\xa0"),
    "a root that is a text": _set("root", "x"),
    "a bundle key that is a text": _set("bundle_keys", ["x"]),
    "no bundle keys": lambda members: members.__delitem__("bundle_keys"),
    "no number": lambda members: members.__delitem__("number"),
    "an instant that is a text": _set("issued_at", "2026"),
}


@pytest.mark.parametrize("change", ROOT_MALFORMED.values(), ids=ROOT_MALFORMED)
def test_a_root_statement_in_another_shape_is_malformed(
    stage: Stage, change: Callable[[dict], None]
) -> None:
    assert refused(stage.edited_root(change), stage.pin) is MalformedError


# Files.


def _parts(data: bytes) -> list[bytes]:
    _, ((statement,),), bundle = cbor.decode(data)
    return [statement, bundle]


def _file(*parts: object) -> bytes:
    return cbor.encode([trust.FORMAT, *parts])


FILES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "bytes after it": lambda data: data + b"\0",
    "the last byte missing": lambda data: data[:-1],
    "the first byte missing": lambda data: data[1:],
    "the file twice": lambda data: data + data,
    "another format": lambda data: cbor.encode(
        ["elicense.trust/1", [[_parts(data)[0]]], _parts(data)[1]]
    ),
    "no format": lambda data: cbor.encode(_parts(data)),
    "a fourth part": lambda data: _file([[_parts(data)[0]]], _parts(data)[1], b""),
    "parts in the other order": lambda data: _file(
        _parts(data)[1], [[_parts(data)[0]]]
    ),
    "the bundle in both places": lambda data: _file(
        [[_parts(data)[1]]], _parts(data)[1]
    ),
    "the root statement in both places": lambda data: _file(
        [[_parts(data)[0]]], _parts(data)[0]
    ),
    "a statement that is no array": lambda data: _file(
        [_parts(data)[0]], _parts(data)[1]
    ),
    "a statement of three signatures": lambda data: _file(
        [[_parts(data)[0]] * 3], _parts(data)[1]
    ),
    "no statement": lambda data: _file([], _parts(data)[1]),
    "101 statements": lambda data: _file([[_parts(data)[0]]] * 101, _parts(data)[1]),
    "texts for parts": lambda _: _file("a", "b"),
    "more than 64 MiB": lambda _: bytes((64 << 20) + 1),
    "exactly 64 MiB of zeros": lambda _: bytes(64 << 20),
}


@pytest.mark.parametrize("change", FILES.values(), ids=FILES)
def test_a_file_in_another_form_is_malformed(
    stage: Stage, change: Callable[[bytes], bytes]
) -> None:
    data = change(stage.file())
    assert refused(data, stage.pin) is MalformedError
    with pytest.raises(MalformedError):
        trust.fingerprints_in(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_malformed(data: bytes) -> None:
    assert refused(data, "sha256:" + "0" * 64) is MalformedError


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_an_edited_bundle_is_never_admitted(stage: Stage, data: st.DataObject) -> None:
    good = stage.file()
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(bad) - 1))
        match data.draw(st.sampled_from(["flip", "delete", "insert", "cut"])):
            case "flip":
                bad[at] ^= 1 << data.draw(st.integers(0, 7))
            case "delete":
                del bad[at]
            case "insert":
                bad.insert(at, data.draw(st.integers(0, 255)))
            case "cut":
                del bad[at : at + data.draw(st.integers(1, 200))]
        if not bad:
            break
    if bytes(bad) != good:
        refused(bytes(bad), stage.pin)


LEAVES = st.sampled_from(
    [None, True, -1, 0, (1 << 53), (1 << 64) - 1, "", "token", b"", b"\xa0", [], {}]
)


def _paths(value: object, at: tuple = ()) -> Iterator[tuple]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*at, key)
            yield from _paths(item, (*at, key))


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_any_part_replaced_under_the_right_key_gives_a_state_or_an_error(
    stage: Stage, data: st.DataObject
) -> None:
    def change(members: dict) -> None:
        paths = list(_paths(members))
        *way, last = paths[data.draw(st.integers(0, len(paths) - 1))]
        owner = members
        for key in way:
            owner = owner[key]
        owner[last] = data.draw(LEAVES)

    try:
        trust.admit(stage.edited(change), stage.pin)
    except (MalformedError, VerificationError):
        return


# Status lists.


def _signed_by(name: str, **changes: object) -> Callable[[Stage], ListEntry]:
    def build(stage: Stage) -> ListEntry:
        return list_entry(stage.list(**changes), getattr(stage, name))

    return build


def _changed_list(stage: Stage) -> ListEntry:
    entry = stage.signed_list()
    token = bytearray(entry.token)
    token[-1] ^= 1
    return replace(entry, token=bytes(token))


def _with_false_kid(stage: Stage) -> ListEntry:
    entry = list_entry(stage.list(), stage.token)
    return replace(entry, token=_renamed(entry.token, stage.token, stage.status))


def _named(**names: object) -> Callable[[Stage], ListEntry]:
    return lambda stage: replace(stage.signed_list(), **names)


REFUSED_LISTS: dict[str, Callable[[Stage], ListEntry]] = {
    "a list of another issuer in an entry of ours": lambda stage: replace(
        list_entry(stage.list(issuer=SECOND_CODE), stage.status), issuer=CODE
    ),
    "a list of another number than its entry says": _named(number=2027),
    "an older list than its entry accepts": _named(sequence=2),
    "a list signed by the token key": _signed_by("token"),
    "a list signed by the bundle key": _signed_by("bundle_signer"),
    "a list signed by the root": _signed_by("root"),
    "a list signed by the seal key": _signed_by("seal"),
    "a list with the status key's kid on another's signature": _with_false_kid,
    "a list whose signature was changed": _changed_list,
    "a list signed before the key's period": _signed_by(
        "status", issued_at=int(ALWAYS.signs_from.timestamp()) - 1
    ),
}


@pytest.mark.parametrize("build", REFUSED_LISTS.values(), ids=REFUSED_LISTS)
def test_a_status_list_without_standing_refuses_the_bundle(
    stage: Stage, build: Callable[[Stage], ListEntry]
) -> None:
    data = stage.file(stage.with_lists(build(stage)))
    assert refused(data, stage.pin) is VerificationError


def test_a_list_may_be_newer_than_its_entry_asks_for(stage: Stage) -> None:
    entry = replace(stage.signed_list(sequence=5), sequence=3)
    state = trust.admit(stage.file(stage.with_lists(entry)), stage.pin)
    assert state.lists[CODE, 2026].sequence == 5


def test_a_list_signed_or_ended_after_the_year_9999_is_malformed(stage: Stage) -> None:
    for times in (
        {"issued_at": 1 << 52, "expires_at": (1 << 52) + 1},
        {"expires_at": (1 << 53) - 1},
    ):
        data = stage.file(stage.with_lists(stage.signed_list(**times)))
        assert refused(data, stage.pin) is MalformedError


def test_a_list_counts_to_the_last_second_of_its_keys_period(stage: Stage) -> None:
    end = START + timedelta(days=2)
    ends = replace(stage.bundle.keys[1], period=Period(START, end))
    bundle = replace(stage.bundle, keys=(stage.bundle.keys[0], ends))
    for at, good in (
        (START, True),
        (START - SECOND, False),
        (end - SECOND, True),
        (end, False),
    ):
        seconds = int(at.timestamp())
        token = stage.signed_list(issued_at=seconds, expires_at=seconds + 9)
        data = stage.file(replace(bundle, status_lists=(token,)))
        if good:
            assert trust.admit(data, stage.pin).lists[CODE, 2026].issued_at == seconds
        else:
            assert refused(data, stage.pin) is VerificationError


def test_two_departments_may_use_one_list_number() -> None:
    with Simulator() as world:
        state = world.trust()
        year = START.year
        assert {(CODE, year), (SECOND_CODE, year)} <= set(state.lists)


def test_a_key_of_one_department_may_not_sign_for_the_other() -> None:
    with Simulator() as world:
        first, second = world.departments
        first.status_lists = lambda at, sequence: tuple(
            list_entry(first.status_list(number, at, sequence), second.status)
            for number in first.lists
        )
        assert refused(world.bundle_file(), world.pin) is VerificationError


# Purposes: every ordered pair.


@pytest.fixture(scope="module")
def signed() -> dict[str, tuple[bytes, cose.Purpose]]:
    with Simulator() as world:
        token = payload.read_qr_text(world.issue().qr_text)
        department = world.department
        listed = department.status_lists(START, 1)[0].token
        statement, bundle = _parts(world.bundle_file())
        return {
            "license": (token, payload.PURPOSE),
            "list": (listed, statuslist.PURPOSE),
            "root": (statement, trust.ROOT_PURPOSE),
            "bundle": (bundle, trust.BUNDLE_PURPOSE),
        }


@pytest.mark.parametrize(
    ("kind", "wanted"), list(permutations(["license", "list", "root", "bundle"], 2))
)
def test_what_was_signed_for_one_purpose_is_not_read_for_another(
    signed: dict[str, tuple[bytes, cose.Purpose]], kind: str, wanted: str
) -> None:
    data, own = signed[kind]
    assert cose.open_sealed(data, own).unverified_payload
    with pytest.raises(MalformedError):
        cose.open_sealed(data, signed[wanted][1])


@pytest.mark.parametrize("kind", ["license", "list", "root"])
def test_nothing_but_a_bundle_stands_in_a_bundles_place(
    signed: dict[str, tuple[bytes, cose.Purpose]], kind: str
) -> None:
    data = _file([[signed["root"][0]]], signed[kind][0])
    assert refused(data, "sha256:") is MalformedError


# Names over time.


def test_an_organization_has_the_name_of_the_day() -> None:
    entry = OrganizationEntry(
        CODE, ((date(2019, 3, 1), "旧局"), (date(2024, 7, 1), "新局"))
    )
    days = {
        date(2000, 1, 1): "旧局",
        date(2024, 6, 30): "旧局",
        date(2024, 7, 1): "新局",
        date(2030, 1, 1): "新局",
    }
    assert {day: entry.name_on(day) for day in days} == days


# What an issuer asks its own register.


def test_lists_of_an_own_register_take_the_place_of_the_published(stage: Stage) -> None:
    state = trust.admit(stage.file(), stage.pin)
    own = stage.list(number=1)
    changed = state.with_lists([own])
    assert dict(changed.lists) == {(CODE, 1): own}
    assert set(state.lists) == {(CODE, 2026)}
    assert changed.bundle is state.bundle


def test_an_empty_bundle_list_makes_licenses_indeterminate() -> None:
    with Simulator() as world:
        issued = world.issue()
        for department in world.departments:
            department.listed = department is not world.department
        verdict = world.validate(issued.qr_text)
        assert verdict.code is Code.UNKNOWN_ISSUER
        assert verdict.checks[1].detail.endswith("does not list the organization")


def test_instants_are_read_as_utc(stage: Stage) -> None:
    state = trust.admit(stage.file(), stage.pin)
    assert state.bundle is not None
    assert state.bundle.issued_at == datetime(2026, 11, 21, 2, tzinfo=UTC)
