"""The history of keys: of each purpose one signs, and none is forgotten."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import founding, keychain, keyring
from elicense.model import Organization
from elicense.trust import Period
from esign import cbor, ses, sm2
from esign.algorithms import Suite
from esign.errors import MalformedError
from esign.signer import SoftwareSigner
from tests.elicense.crash.killed import CODE, NAME, START

OTHER = "119901000000000355"
DAY = timedelta(days=1)
TYPES = ("food-business", "business-license")
_, PARTS = keyring.make(Organization(CODE, NAME), {}, START)
FIRST = PARTS.keychain
_, SM2_PARTS = keyring.make(
    Organization(CODE, NAME), founding.suites_of(Suite.SM2), START
)
ON_SM2 = SM2_PARTS.keychain


def new_key(purpose="token", at=START + DAY, organization=CODE):
    return keychain.KeyRecord(
        purpose=purpose,
        organization=organization,
        key=SoftwareSigner.generate(Suite.ES256).public_key,
        period=Period(at, None),
    )


def history():
    """A chain in which everything occurs that can occur."""
    token = FIRST.current("token")
    chain = FIRST.changed(replace(token, backfill=(date(1999, 1, 1), date(2020, 1, 1))))
    chain = chain.renewed(new_key(), START + DAY, TYPES)
    chain = chain.renewed(new_key("status"), START + DAY, TYPES)
    (old,) = [item for item in chain.own("token") if not item.signs]
    ended = replace(old, destroyed=True, compromised_from=START, closing=bytes(32))
    chain = chain.changed(ended)
    taken = new_key("status", START, OTHER)
    return chain.adopting(
        [replace(taken, period=Period(START, START + DAY), types=(), destroyed=True)]
    )


FULL = history()
DATA = keychain.encode(FULL)


@pytest.mark.parametrize("chain", [FIRST, FULL, ON_SM2], ids=["new", "full", "SM2"])
def test_what_is_written_is_read(chain):
    assert keychain.decode(keychain.encode(chain)) == chain


def test_the_old_key_keeps_its_types_and_the_new_one_has_those_of_the_catalog():
    chain = FIRST.renewed(new_key(), START + DAY, TYPES)
    grants = chain.grants(("later",))
    tokens = [grant for grant in grants if grant.purpose == "token"]
    assert [grant.types for grant in tokens] == [TYPES, ("later",)]
    assert [grant.period.signs_until for grant in tokens] == [START + DAY, None]
    assert all(not grant.types for grant in grants if grant.purpose == "status")
    assert chain.current("token").key == tokens[1].key
    assert chain.seals(TYPES) == FIRST.seals(TYPES)


def test_keys_stand_in_one_order_whoever_adds_them():
    taken = [
        replace(new_key("token", START, OTHER), period=Period(START, START + DAY))
        for _ in range(3)
    ]
    assert FIRST.adopting(taken) == FIRST.adopting(reversed(taken))
    assert FIRST.adopting(taken).adopting(taken) == FIRST.adopting(taken)


@pytest.mark.parametrize("at", [START, START - DAY], ids=["at once", "before"])
def test_a_key_that_never_signed_is_not_renewed(at):
    with pytest.raises(ValueError, match="a second at least"):
        FIRST.renewed(new_key(at=at), at, TYPES)


TOKEN = FIRST.current("token")
WRONG_CHAINS = {
    "two keys that sign": lambda: replace(FIRST, records=(*FIRST.records, new_key())),
    "no seal that signs": lambda: replace(
        FIRST, records=tuple(r for r in FIRST.records if r.purpose != "seal")
    ),
    "a key that occurs twice": lambda: replace(
        FIRST,
        records=(*FIRST.records, replace(TOKEN, period=Period(START, START + DAY))),
    ),
    "a predecessor's key that signs": lambda: FIRST.adopting(
        [new_key("token", START, OTHER)]
    ),
    "no CA": lambda: replace(FIRST, authorities=()),
}


@pytest.mark.parametrize("case", WRONG_CHAINS)
def test_a_chain_that_breaks_a_rule_is_a_misuse(case):
    with pytest.raises(ValueError, match=r"key|CA"):
        WRONG_CHAINS[case]()


def edited(change, place=None):
    """The file of the full chain with another value in its map or in its n-th key."""
    value = cbor.decode(DATA)
    entry = value if place is None else value["keys"][place]
    change(entry)
    return cbor.encode(value)


def index(purpose, signs):
    return next(
        n
        for n, item in enumerate(FULL.records)
        if (item.purpose, item.signs, item.organization) == (purpose, signs, CODE)
    )


SIGNS, RETIRED, SEAL = index("token", True), index("token", False), index("seal", True)
DAMAGED = {
    "another format": (lambda e: e.update(format="elicense.keys/9"), None),
    "a key too many in the map": (lambda e: e.update(colour=1), None),
    "a code that is no USCC": (lambda e: e.update(organization="1" * 18), None),
    "a CA that is no certificate": (
        lambda e: e.update(authorities=[{"root": b"x", "issuing": b"y"}]),
        None,
    ),
    "keys in another order": (lambda e: e["keys"].reverse(), None),
    "no keys": (lambda e: e.update(keys=[]), None),
    "an unknown purpose": (lambda e: e.update(purpose="bundle"), SIGNS),
    "a key that is no COSE_Key": (lambda e: e.update(key=b"\xa0"), SIGNS),
    "a current key with fixed types": (lambda e: e.update(types=["a"]), SIGNS),
    "a retired key without types": (lambda e: e.update(types=None), RETIRED),
    "a current key that is destroyed": (lambda e: e.update(destroyed=True), SIGNS),
    "a current key that is compromised": (
        lambda e: e.update(compromised_from=1),
        SIGNS,
    ),
    "a period that ends before it begins": (lambda e: e.update(signs_until=1), RETIRED),
    "an instant after the year 9999": (lambda e: e.update(signs_from=1 << 40), SIGNS),
    "a backfill of a seal": (
        lambda e: e.update(backfill={"from": "2000-01-01", "until": "2001-01-01"}),
        SEAL,
    ),
    "a backfill that ends before it begins": (
        lambda e: e.update(backfill={"from": "2001-01-01", "until": "2000-01-01"}),
        SIGNS,
    ),
    "a seal without a certificate": (lambda e: e.update(certificates=[]), SEAL),
    "a seal with another's certificate": (
        lambda e: e.update(certificates=e["certificates"][1:]),
        SEAL,
    ),
    "a token key with a certificate": (lambda e: e.update(certificates=[b""]), SIGNS),
    "a certificate that is no byte string": (
        lambda e: e.update(certificates=["x"]),
        SEAL,
    ),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_is_refused(case):
    with pytest.raises(MalformedError):
        keychain.decode(edited(*DAMAGED[case]))


def test_a_huge_file_is_refused_undecoded():
    with pytest.raises(MalformedError, match="more than"):
        keychain.decode(bytes(keychain.MAX_BYTES + 1))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data):
    with pytest.raises(MalformedError):
        keychain.decode(data)


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
def test_an_edited_byte_gives_the_one_spelling_or_an_error(place, byte):
    data = bytearray(DATA)
    data[place] = byte
    try:
        found = keychain.decode(bytes(data))
    except MalformedError:
        return
    assert keychain.encode(found) == bytes(data)


def test_a_seal_of_sm2_has_its_electronic_seal_while_its_key_signs():
    seal = ON_SM2.current("seal")
    assert seal.seal is not None
    read = ses.read_seal(seal.seal.der)
    assert (sm2.sm3(seal.seal.der), read.maker) == (
        seal.seal.digest,
        seal.seal.maker[0],
    )
    assert read.valid_until == sm2.read_certificate(seal.certificates[0]).not_after
    assert "测试印章，无法律效力" in read.name
    assert read.picture.data.startswith(b"\x89PNG")
    _, other = keyring.make(
        Organization(CODE, NAME), founding.suites_of(Suite.SM2), START + DAY
    )
    chain = ON_SM2.renewed(other.keychain.current("seal"), START + DAY, TYPES)
    (old,) = [item for item in chain.own("seal") if not item.signs]
    assert old.seal == replace(seal.seal, der=None)
    assert keychain.decode(keychain.encode(chain)) == chain


SM2_SEAL = next(n for n, item in enumerate(ON_SM2.records) if item.purpose == "seal")
SM2_TOKEN = next(n for n, item in enumerate(ON_SM2.records) if item.purpose == "token")
DAMAGED_SM2 = {
    "a CA without its seal maker": (
        lambda e: e["authorities"][0].pop("maker"),
        None,
        "seal maker",
    ),
    "a seal maker of another kind of key": (
        lambda e: e["authorities"][0].update(maker=FIRST.authorities[0].issuing),
        None,
        "seal maker",
    ),
    "a seal without its electronic one": (
        lambda e: e.pop("seal"),
        SM2_SEAL,
        "electronic",
    ),
    "a token key with a seal": (
        lambda e: e.update(
            seal=cbor.decode(keychain.encode(ON_SM2))["keys"][SM2_SEAL]["seal"]
        ),
        SM2_TOKEN,
        "electronic",
    ),
    "a seal whose object is gone": (
        lambda e: e["seal"].update(object=None),
        SM2_SEAL,
        "while its key signs",
    ),
    "a digest of another size": (
        lambda e: e["seal"].update(digest=b"x"),
        SM2_SEAL,
        "32 bytes",
    ),
    "a maker that is no certificate": (
        lambda e: e["seal"].update(maker=[b"x"]),
        SM2_SEAL,
        "DER",
    ),
    "a member too many": (lambda e: e["seal"].update(more=1), SM2_SEAL, "unknown"),
}


@pytest.mark.parametrize("case", DAMAGED_SM2)
def test_a_damaged_chain_of_sm2_says_what_is_wrong(case):
    change, index_, said = DAMAGED_SM2[case]
    value = cbor.decode(keychain.encode(ON_SM2))
    change(value if index_ is None else value["keys"][index_])
    with pytest.raises(MalformedError, match=said):
        keychain.decode(cbor.encode(value))
