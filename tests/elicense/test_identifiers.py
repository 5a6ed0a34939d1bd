import contextlib
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import identifiers
from elicense.errors import ElicenseError, MalformedCodeError
from elicense.identifiers import (
    Dialect,
    Identifier,
    check_citizen_id,
    check_type_code,
    check_uscc,
    citizen_id_birth,
    citizen_id_sex,
)
from esign.errors import MalformedError
from tests.support import vectors

TYPE_CODE = "11990000000000019A002"
ISSUER = "11990100000000027A"
EXAMPLE = f"1.2.156.3005.2.{TYPE_CODE}.{ISSUER}.20260000002.001.2"
ANY_TEXT = st.text(max_size=100) | st.text(
    alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.x", max_size=90
)
READERS = {
    "identifier": Identifier.parse,
    "identifier without root": Identifier.parse_without_root,
    "type code": check_type_code,
    "uscc": check_uscc,
    "citizen id": check_citizen_id,
    "birth": citizen_id_birth,
    "sex": citizen_id_sex,
}


def seen(name):
    return json.loads(vectors(f"elicence/{name}").read_text())


def test_identifiers_seen_in_public_conform():
    texts = seen("elicence_identifiers.json")["conforming"]
    assert len(texts) == 5
    for text in texts:
        identifier = Identifier.parse(text)
        assert identifier.dialect is Dialect.STANDARD
        assert identifier.text == text


def test_the_other_dialect_is_read_as_such():
    texts = seen("elicence_identifiers.json")["nonconforming_dialect_shandong"]
    assert len(texts) == 2
    for text in texts:
        identifier = Identifier.parse(text)
        assert identifier.dialect is Dialect.NON_STANDARD
        assert identifier.text == text


def test_codes_seen_in_public_are_valid():
    codes = seen("codes.json")
    assert len(codes["uscc_valid"]) == 12
    for code in codes["uscc_valid"]:
        check_uscc(code)
    for code in codes["ric_valid"]:
        check_citizen_id(code)


def test_parts_of_an_identifier():
    identifier = Identifier.parse(EXAMPLE)
    assert identifier == Identifier.build(TYPE_CODE, ISSUER, "20260000002")
    assert (identifier.type_code, identifier.issuer) == (TYPE_CODE, ISSUER)
    assert (identifier.serial, identifier.version) == ("20260000002", 1)
    assert identifier.text == EXAMPLE
    assert EXAMPLE.endswith(f"3005.2.{identifier.without_root}")
    assert Identifier.parse_without_root(identifier.without_root) == identifier


def test_the_next_version_of_a_real_license():
    first, second = seen("elicence_identifiers.json")["conforming"][:2]
    assert Identifier.parse(first).next_version().text == second


def test_the_next_version_of_a_non_standard_one_is_standard():
    text = seen("elicence_identifiers.json")["nonconforming_dialect_shandong"][0]
    assert Identifier.parse(text).next_version().dialect is Dialect.STANDARD


def test_no_version_after_999():
    last = Identifier.build(TYPE_CODE, ISSUER, "1", 999)
    with pytest.raises(ValueError, match="version"):
        last.next_version()


BAD_IDENTIFIERS = {
    "wrong check character": EXAMPLE[:-1] + "3",
    "another root": EXAMPLE.replace("3005.2", "3005.3"),
    "no root": EXAMPLE.removeprefix("1.2.156.3005.2."),
    "version 000": EXAMPLE.replace(".001.2", ".000.4"),
    "version of four digits": EXAMPLE.replace(".001.", ".0001."),
    "small letters": EXAMPLE.replace("19A", "19a"),
    "space before": " " + EXAMPLE,
    "line break after": EXAMPLE + "\n",
    "foreign digits": EXAMPLE.replace("20260000002", "２０２６0000002"),
    "empty serial": EXAMPLE.replace("20260000002", ""),
    "serial of 33": EXAMPLE.replace("20260000002", "1" * 33),
    "type code too short": EXAMPLE.replace("A002", "A02"),
    "issuer of seven digits": EXAMPLE.replace(ISSUER, "3401000"),
    "nothing": "",
}


@pytest.mark.parametrize("text", BAD_IDENTIFIERS.values(), ids=BAD_IDENTIFIERS)
def test_bad_identifier(text):
    with pytest.raises(MalformedError):
        Identifier.parse(text)


BAD_PARTS = {
    "type code with a wrong USCC": (
        ("11990000000000018A002", ISSUER, "1", 1),
        MalformedError,
    ),
    "issuer is a division": ((TYPE_CODE, "340100", "1", 1), MalformedError),
    "serial in small letters": ((TYPE_CODE, ISSUER, "a", 1), ValueError),
    "empty serial": ((TYPE_CODE, ISSUER, "", 1), ValueError),
    "version 0": ((TYPE_CODE, ISSUER, "1", 0), ValueError),
    "version 1000": ((TYPE_CODE, ISSUER, "1", 1000), ValueError),
}


@pytest.mark.parametrize(("parts", "error"), BAD_PARTS.values(), ids=BAD_PARTS)
def test_bad_parts_are_not_built(parts, error):
    with pytest.raises(error):
        Identifier.build(*parts)


BAD_CODES = {
    "USCC: wrong check character": (check_uscc, "91350100M000100Y44"),
    "USCC: a letter that cannot occur": (check_uscc, "9135010OM000100Y43"),
    "USCC: small letters": (check_uscc, "91350100m000100y43"),
    "USCC: first character 0": (check_uscc, "01350100M000100Y43"),
    "USCC: first character B": (check_uscc, "B1350100M000100Y43"),
    "USCC: 17 characters": (check_uscc, "91350100M000100Y4"),
    "USCC: line break after": (check_uscc, "91350100M000100Y43\n"),
    "citizen id: wrong check character": (check_citizen_id, "110105194912310021"),
    "citizen id: 30 February": (check_citizen_id, "110105194902300020"),
    "citizen id: month 13": (check_citizen_id, "110105194913310020"),
    "citizen id: born in 2199": (check_citizen_id, "110105219912310020"),
    "citizen id: foreign digits": (check_citizen_id, "１1010519491231002X"),
    "type code: two digits": (check_type_code, "11990000000000019A02"),
    "type code: wrong USCC": (check_type_code, "11990000000000018A002"),
}


@pytest.mark.parametrize(("check", "text"), BAD_CODES.values(), ids=BAD_CODES)
def test_bad_code_is_refused_and_not_repeated(check, text):
    with pytest.raises(MalformedCodeError) as caught:
        check(text)
    assert text.strip() not in str(caught.value)


@pytest.mark.parametrize("first", "19ANY")
def test_codes_of_every_register_are_accepted(first):
    body = f"{first}1990101MA0000A19"
    check_uscc(body + identifiers.uscc_check_character(body))


def test_a_uscc_around_a_wrong_organization_code():
    body = "91990101MA0000A18"  # 9 would be right
    with pytest.raises(MalformedCodeError) as caught:
        check_uscc(body + identifiers.uscc_check_character(body))
    assert "组织机构代码" in caught.value.message.zh


MISUSES = {
    "USCC of 16 characters": (identifiers.uscc_check_character, "9" * 16),
    "USCC with I": (identifiers.uscc_check_character, "I" * 17),
    "organization code of 7": (identifiers.organization_check_character, "1" * 7),
    "citizen id of 18": (identifiers.citizen_id_check_character, "1" * 18),
    "citizen id with a letter": (identifiers.citizen_id_check_character, "A" * 17),
    "MOD 11,10 with a letter": (identifiers.check_mod_11_10, "A"),
    "MOD 37,36 in small letters": (identifiers.check_mod_37_36, "a"),
}


@pytest.mark.parametrize(("make", "body"), MISUSES.values(), ids=MISUSES)
def test_a_check_character_of_something_else_is_misuse(make, body):
    with pytest.raises(ValueError):  # noqa: PT011  several texts
        make(body)


def test_a_small_x_is_refused_with_a_hint():
    with pytest.raises(MalformedCodeError) as caught:
        check_citizen_id("11010519491231002x")
    assert "大写" in caught.value.message.zh
    assert "capital" in caught.value.message.en


def test_an_old_id_of_15_digits_is_refused_with_a_hint():
    with pytest.raises(MalformedCodeError) as caught:
        check_citizen_id("110105491231002")
    assert "15" in caught.value.message.zh


def test_what_a_citizen_id_tells():
    assert citizen_id_birth("11010519491231002X").isoformat() == "1949-12-31"
    assert citizen_id_sex("11010519491231002X") == "女"
    assert citizen_id_sex("990100199003070019") == "男"


@given(
    serial=st.text(
        alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=32
    ),
    version=st.integers(1, 998),
)
def test_identifier_round_trip(serial, version):
    built = Identifier.build(TYPE_CODE, ISSUER, serial, version)
    assert Identifier.parse(built.text) == built
    assert built.next_version().version == version + 1


@given(
    position=st.integers(0, 51),
    char=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
def test_one_changed_character_is_never_the_standard_dialect(position, char):
    body = TYPE_CODE + ISSUER + "20260000002" + "001"
    changed = body[:position] + char + body[position + 1 :]
    same = identifiers.check_mod_37_36(changed) == "2"
    assert same is (changed == body)


@given(
    st.from_regex(
        "[1-9][0-9]{5}19[0-9]{2}(0[1-9]|1[0-2])[012][1-8][0-9]{3}", fullmatch=True
    )
)
def test_every_citizen_id_has_exactly_one_check_character(body):
    right = identifiers.citizen_id_check_character(body)
    check_citizen_id(body + right)
    for char in set("0123456789X") - {right}:
        with pytest.raises(MalformedError):
            check_citizen_id(body + char)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@given(text=ANY_TEXT)
def test_any_text_gives_a_value_or_a_malformed_error(read, text):
    with contextlib.suppress(MalformedCodeError):
        read(text)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("text", ["\ud800", "9" * 1_000_000, "\0", "．" * 18])
def test_hostile_text(read, text):
    with pytest.raises(MalformedError):
        read(text)


def test_errors_travel_between_processes():
    with pytest.raises(ElicenseError) as caught:
        check_uscc("")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  our own bytes
