"""Claims, tokens and QR texts have one spelling each; everything else is refused."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import dates, masking, payload, record, validating
from elicense.identifiers import Identifier
from elicense.model import Checkpoint, FieldValue, License, Validity
from elicense.payload import Claims, NotOursError, StatusReference
from elicense.testing import CODE, START, Simulator, claims_of
from elicense.trust import TrustState
from esign import cbor, cose
from esign.algorithms import Suite
from esign.encoding import BASE45_ALPHABET, base45_encode
from esign.errors import MalformedError, VerificationError
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense.pages import license_type, sample_license, with_fields

SIGNER = SoftwareSigner.generate(Suite.ES256)
HOST = "CHECK.EXAMPLE.CN"
ISS, EXP, NBF, IAT, STATUS, LICENSE = 1, 4, 5, 6, -65537, -65538
DAYS = st.dates(date(1970, 1, 2), date(9999, 12, 29))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
UINTS = st.integers(0, (1 << 53) - 1)


@st.composite
def claims(draw: st.DrawFn) -> Claims:
    first = draw(DAYS)
    serial = draw(st.from_regex("[0-9A-Z]{1,32}", fullmatch=True))
    return Claims(
        issuer=draw(TEXTS),
        signed_at=datetime.fromtimestamp(draw(st.integers(0, 253_402_185_599)), UTC),
        validity=Validity(first, draw(st.none() | st.dates(first, date(9999, 12, 29)))),
        status=StatusReference(draw(UINTS), draw(UINTS)),
        identifier=Identifier.build("11990000000000019A002", CODE, serial).text,
        number=draw(TEXTS),
        type_name=draw(TEXTS),
        type_version=draw(UINTS),
        holder=draw(TEXTS),
        holder_count=draw(st.integers(1, 400)),
        holder_code=draw(TEXTS),
        issue_date=draw(DAYS),
        checkpoint=draw(st.none() | st.builds(Checkpoint, TEXTS, DAYS)),
        case_digest=draw(st.none() | st.binary(min_size=16, max_size=16)),
        fields=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
        record_digest=draw(st.binary(min_size=32, max_size=32)),
        specimen=draw(st.booleans()),
    )


@given(claims())
@settings(deadline=None)
def test_claims_come_back_as_they_were(found: Claims) -> None:
    assert payload.decode(payload.encode(found)) == found


@given(claims())
@settings(max_examples=30, deadline=None)
def test_a_token_carries_its_claims_through_both_carriers(found: Claims) -> None:
    token = payload.sign_token(found, SIGNER)
    for text in (payload.qr_text(token), payload.qr_text(token, check_page=HOST)):
        assert payload.read_qr_text(text) == token if len(text) <= 4096 else True
    read = payload.open_token(token).verify(SIGNER.public_key)
    assert payload.decode(read) == found


@given(st.binary(max_size=900))
def test_any_bytes_pass_both_carriers_unchanged(data: bytes) -> None:
    assert payload.read_qr_text(payload.qr_text(data)) == data
    assert payload.read_qr_text(payload.qr_text(data, check_page=HOST)) == data


@given(st.binary(max_size=200))
def test_decoding_any_bytes_gives_claims_or_malformed(data: bytes) -> None:
    for read in (payload.decode, payload.open_token):
        with pytest.raises(MalformedError):
            read(data)


@given(
    st.text(max_size=60), st.sampled_from(["", payload.OFFLINE_PREFIX, "HTTPS://A/"])
)
def test_reading_any_text_gives_a_token_or_malformed(text: str, prefix: str) -> None:
    try:
        token = payload.read_qr_text(prefix + text)
    except MalformedError:
        return
    assert payload.qr_text(token) == prefix + text


# What a host may be.


@pytest.mark.parametrize("host", ["a.cn", "A", "A-1.CN", "A" * 64])
def test_a_host_is_written_in_capitals(host: str) -> None:
    text = payload.qr_text(b"\x01", check_page=host)
    assert text == f"HTTPS://{host.upper()}/#EL1" + base45_encode(b"\x01")


@pytest.mark.parametrize(
    "host",
    ["", "A" * 65, "-A", "A.", "A/B", "A:443", "A B", "示例.CN", "A\n", "A#B"],
)
def test_a_host_of_other_characters_is_misuse(host: str) -> None:
    with pytest.raises(ValueError, match="not a host name"):
        payload.qr_text(b"", check_page=host)


# One license, its texts, and what was done to them.


@dataclass(frozen=True)
class Stage:
    world: Simulator
    trust: TrustState
    text: str
    token: bytes
    claims: Claims

    def code(self, text: str) -> Code:
        return validating.validate_text(text, self.trust, self.world.at).code

    def signed(self, value: cbor.Value) -> bytes:
        """Return a token of any payload under the department's real key."""
        signer = self.world.department.token
        return cose.sign(cbor.encode(value), signer, payload.PURPOSE)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Simulator() as world:
        issued = world.issue("special-operation")
        text = issued.qr_text
        token = payload.read_qr_text(text)
        yield Stage(world, world.trust(), text, token, claims_of(issued))


@pytest.fixture(params=["off line", "on line"])
def carried(stage: Stage, request: pytest.FixtureRequest) -> str:
    """Return the genuine text in one of the two carriers."""
    if request.param == "off line":
        return stage.text
    return payload.qr_text(stage.token, check_page=HOST)


def harmless(text: str, stage: Stage) -> bool:
    """Tell whether a text only names another host for the very same token."""
    start, _, body = stage.text.partition("$")
    assert start
    escaped = body.replace("%", "%25").replace(" ", "%20")
    return text.startswith("HTTPS://") and text.endswith(f"/#EL1{escaped}")


def test_the_genuine_texts_are_valid(stage: Stage, carried: str) -> None:
    assert stage.code(carried) is Code.VALID


SUBSTITUTES: dict[str, Callable[[str], str]] = {
    "the next character of the alphabet": lambda char: BASE45_ALPHABET[
        (BASE45_ALPHABET.find(char) + 1) % 45
    ],
    "another character of the alphabet": lambda char: BASE45_ALPHABET[
        (BASE45_ALPHABET.find(char) + 23) % 45
    ],
    "its lower case, or a small letter": lambda char: (
        char.lower() if char.lower() != char else "a"
    ),
    "its full width form": lambda char: chr(ord(char) + 0xFEE0),
    "a control character": lambda _: "\x00",
}


@pytest.mark.parametrize("change", SUBSTITUTES.values(), ids=SUBSTITUTES)
def test_a_text_changed_at_any_place_is_not_valid(
    stage: Stage, carried: str, change: Callable[[str], str]
) -> None:
    for place, char in enumerate(carried):
        text = carried[:place] + change(char) + carried[place + 1 :]
        assert stage.code(text) is not Code.VALID or harmless(text, stage), place


def test_a_text_with_a_character_less_or_more_at_any_place_is_not_valid(
    stage: Stage, carried: str
) -> None:
    for place in range(len(carried) + 1):
        shorter = carried[:place] + carried[place + 1 :]
        if shorter != carried:
            assert stage.code(shorter) is not Code.VALID or harmless(shorter, stage)
        for extra in ("0", " ", "%", "\n", "a"):
            text = carried[:place] + extra + carried[place:]
            assert stage.code(text) is not Code.VALID or harmless(text, stage), place


def test_any_truncation_is_not_valid(stage: Stage, carried: str) -> None:
    codes = {stage.code(carried[:end]) for end in range(len(carried))}
    assert codes <= {Code.MALFORMED, Code.UNSUPPORTED, Code.UNREADABLE}


OFFLINE_SPELLINGS: dict[str, tuple[Callable[[str], str], Code]] = {
    "small letters": (str.lower, Code.UNSUPPORTED),
    "a space before it": (lambda text: f" {text}", Code.UNSUPPORTED),
    "a byte order mark before it": (lambda text: f"\ufeff{text}", Code.UNSUPPORTED),
    "a space after it": (lambda text: f"{text} ", Code.MALFORMED),
    "a line feed after it": (lambda text: f"{text}\n", Code.MALFORMED),
    "a carriage return after it": (lambda text: f"{text}\r\n", Code.MALFORMED),
    "the text twice": (lambda text: text + text, Code.MALFORMED),
    "another version": (lambda text: "EL2" + text[3:], Code.UNSUPPORTED),
    "no canary": (lambda text: "EL1" + text[12:], Code.UNSUPPORTED),
    "letters of a German keyboard": (
        lambda text: text.replace("EL1-AQYZ", "EL1-AQZY"),
        Code.UNSUPPORTED,
    ),
    "percent-encoded": (
        lambda text: text.replace(" ", "%20") + "%20",
        Code.MALFORMED,
    ),
    "the prefix alone": (lambda text: text[:12], Code.MALFORMED),
}


@pytest.mark.parametrize(
    ("change", "code"), OFFLINE_SPELLINGS.values(), ids=OFFLINE_SPELLINGS
)
def test_another_spelling_off_line_is_refused(
    stage: Stage, change: Callable[[str], str], code: Code
) -> None:
    assert stage.code(change(stage.text)) is code


ONLINE_SPELLINGS: dict[
    str, tuple[Callable[[str], str], type[MalformedError] | None]
] = {
    "a small scheme": (lambda text: "https" + text[5:], NotOursError),
    "no encryption": (lambda text: "HTTP" + text[5:], NotOursError),
    "a small host": (lambda text: text.replace(HOST, HOST.lower()), NotOursError),
    "no host": (lambda text: text.replace(HOST, ""), NotOursError),
    "a host of 65 characters": (
        lambda text: text.replace(HOST, "A" * 65),
        NotOursError,
    ),
    "a port": (lambda text: text.replace(HOST, f"{HOST}:443"), NotOursError),
    "a path": (lambda text: text.replace("/#", "/A#"), NotOursError),
    "a query in place of the fragment": (
        lambda text: text.replace("/#EL1", "/?EL1"),
        NotOursError,
    ),
    "a line feed after it": (lambda text: f"{text}\n", MalformedError),
    "a space after it": (lambda text: f"{text} ", MalformedError),
    "percent encoded twice": (
        lambda text: text.replace("%25", "%2525").replace("%20", "%2520"),
        None,
    ),
    "percent not encoded": (lambda text: text.replace("%25", "%"), MalformedError),
    "space not encoded": (lambda text: text.replace("%20", " "), MalformedError),
    "space as a plus": (lambda text: text.replace("%20", "+"), None),
    "a colon encoded": (
        lambda text: text[:20] + text[20:].replace(":", "%3A"),
        MalformedError,
    ),
    "a slash encoded small": (
        lambda text: text[:40] + text[40:].replace("/", "%2f"),
        MalformedError,
    ),
}


def outcome(text: str) -> bytes | type[MalformedError]:
    """Return the bytes that a text spells, or the type of its error."""
    try:
        return payload.read_qr_text(text)
    except MalformedError as err:
        return type(err)


@pytest.mark.parametrize(
    ("change", "error"), ONLINE_SPELLINGS.values(), ids=ONLINE_SPELLINGS
)
def test_another_spelling_on_line_is_refused_or_other_bytes(
    change: Callable[[str], str], error: type[MalformedError] | None
) -> None:
    data = bytes(range(256)) * 2  # its text has every character of the alphabet
    text = payload.qr_text(data, check_page=HOST)
    assert change(text) != text
    seen = outcome(change(text))
    if error is None:  # valid characters that mean something else
        assert seen is MalformedError or (isinstance(seen, bytes) and seen != data)
    else:
        assert seen is error


def test_a_text_is_refused_undecoded_beyond_4096_characters() -> None:
    body = base45_encode(bytes(range(256)) * 11)
    for prefix in (payload.OFFLINE_PREFIX, "HTTPS://A/#EL1"):
        text = prefix + ("0" * 4096)
        with pytest.raises(MalformedError, match="4096 characters") as caught:
            payload.read_qr_text(text)
        assert not isinstance(caught.value, NotOursError)
    longest = payload.OFFLINE_PREFIX + body
    assert len(longest) > 4096
    fits = payload.OFFLINE_PREFIX + "000" * 1361
    assert len(fits) == 4095
    assert payload.read_qr_text(fits) == bytes(2722)


# Payloads under the real key that are not the one spelling of any claims.


def set_outer(key: int | str, value: cbor.Value) -> Callable[[dict], None]:
    return lambda members: members.__setitem__(key, value)


def set_inner(key: int | str, value: cbor.Value) -> Callable[[dict], None]:
    return lambda members: members[LICENSE].__setitem__(key, value)


def drop_outer(key: int) -> Callable[[dict], None]:
    return lambda members: members.__delitem__(key)


def drop_inner(key: int) -> Callable[[dict], None]:
    return lambda members: members[LICENSE].__delitem__(key)


def add_to(key: int, seconds: int) -> Callable[[dict], None]:
    return lambda members: members.__setitem__(key, members[key] + seconds)


def _ends_first(members: dict) -> None:
    members[EXP] = members[NBF]


def _ends_a_day_before(members: dict) -> None:
    members[EXP] = members[NBF] - 86400


MALFORMED: dict[str, Callable[[dict], None]] = {
    "an unknown claim": set_outer(7, b"id"),
    "an unknown claim by a text": set_outer("vc", "x"),
    "an unknown member of the license": set_inner(14, 1),
    "a mark of a specimen that is a number": set_inner(13, 1),
    "a mark of a specimen that is false": set_inner(13, value=False),
    "a member of the license by a text": set_inner("holder", "x"),
    **{f"claim {key} is missing": drop_outer(key) for key in (1, 5, 6, -65537, -65538)},
    **{
        f"member {key} is missing": drop_inner(key) for key in (1, 2, 3, 4, 5, 7, 8, 12)
    },
    "the issuer is not a text": set_outer(ISS, 1),
    "the issue instant is true": set_outer(IAT, value=True),
    "the issue instant lies after 9999": set_outer(IAT, 253_402_185_600),
    "the issue instant is huge": set_outer(IAT, (1 << 64) - 1),
    "the issue instant is negative": set_outer(IAT, -1),
    "the first instant is no midnight in UTC+8": add_to(NBF, 1),
    "the first instant is a midnight in UTC": add_to(NBF, 8 * 3600),
    "the last instant is no midnight in UTC+8": add_to(EXP, -1),
    "the last instant is null": set_outer(EXP, None),
    "the last instant is zero": set_outer(EXP, 0),
    "the last instant is the first one": _ends_first,
    "the last instant lies a day before the first": _ends_a_day_before,
    "the first instant is zero": set_outer(NBF, 0),
    "the status has one number": set_outer(STATUS, [1]),
    "the status has three numbers": set_outer(STATUS, [1, 2, 3]),
    "the status has a boolean": set_outer(STATUS, [True, 2]),
    "the status has a negative index": set_outer(STATUS, [1, -2]),
    "the license is an array": set_outer(LICENSE, []),
    "the identifier is not one": set_inner(1, "1.2.3"),
    "the identifier has its root": lambda members: members[LICENSE].__setitem__(
        1, "1.2.156.3005.2." + members[LICENSE][1]
    ),
    "the number is an integer": set_inner(2, 7),
    "the type's version is true": set_inner(4, value=True),
    "the type's version is negative": set_inner(4, -1),
    "one holder is written out": set_inner(6, 1),
    "no holder": set_inner(6, 0),
    "the count of holders is true": set_inner(6, value=True),
    "the issue date is true": set_inner(8, value=True),
    "the issue date lies after the calendar": set_inner(8, 3_000_000),
    "the issue date lies far after the calendar": set_inner(8, (1 << 31) + 5),
    "the issue date is beyond any integer of ours": set_inner(8, 1 << 60),
    "the checkpoint is a text": set_inner(9, "复审"),
    "the checkpoint has no day": set_inner(9, ["复审"]),
    "the checkpoint's day is true": set_inner(9, ["复审", True]),
    "the checkpoint's day is negative": set_inner(9, ["复审", -1]),
    "the checkpoint's day lies after the calendar": set_inner(9, ["复审", 1 << 31]),
    "the checkpoint's day is huge": set_inner(9, ["复审", (1 << 64) - 1]),
    "the case digest has 15 bytes": set_inner(10, bytes(15)),
    "the case digest is null": set_inner(10, None),
    "the fields are empty": set_inner(11, {}),
    "a field's name is an integer": set_inner(11, {1: "x"}),
    "a field's value is an integer": set_inner(11, {"x": 1}),
    "the fields are an array": set_inner(11, []),
    "the record's digest has 31 bytes": set_inner(12, bytes(31)),
}


@pytest.mark.parametrize("change", MALFORMED.values(), ids=MALFORMED)
def test_claims_in_another_shape_are_malformed_under_the_real_key(
    stage: Stage, change: Callable[[dict], None]
) -> None:
    members = dict(cbor.decode(payload.open_token(stage.token).unverified_payload))
    members[LICENSE] = dict(members[LICENSE])
    assert EXP in members
    change(members)
    token = stage.signed(members)
    with pytest.raises(MalformedError):
        payload.decode(payload.open_token(token).unverified_payload)
    verdict = validating.validate_text(
        payload.qr_text(token), stage.trust, stage.world.at
    )
    assert verdict.code is Code.MALFORMED
    assert verdict.claims is None


def test_no_float_can_be_signed_and_none_is_read(stage: Stage) -> None:
    raw = payload.open_token(stage.token).unverified_payload
    seconds = int(stage.claims.signed_at.timestamp())
    plain = b"\x06\x1a" + seconds.to_bytes(4, "big")
    assert plain in raw
    as_float = raw.replace(plain, b"\x06\xfb" + struct.pack(">d", seconds))
    token = cose.sign(as_float, stage.world.department.token, payload.PURPOSE)
    assert stage.code(payload.qr_text(token)) is Code.MALFORMED


def test_an_identifier_of_the_other_dialect_is_read(stage: Stage) -> None:
    text = "11100000MB03271699022.11370000MB2852565A.301213AF0610489FBEC46E8AB9C5C25F"
    other = replace(stage.claims, identifier=f"1.2.156.3005.2.{text}.001.T")
    assert payload.decode(payload.encode(other)) == other


# Envelopes.


def test_a_token_for_another_purpose_is_malformed(stage: Stage) -> None:
    purpose = cose.Purpose("other", "application/other")
    raw = payload.encode(stage.claims)
    token = cose.sign(raw, stage.world.department.token, purpose)
    assert stage.code(payload.qr_text(token)) is Code.MALFORMED


def test_a_token_signed_beside_other_bytes_does_not_verify(stage: Stage) -> None:
    purpose = cose.Purpose("license token", None, b"elicense.license/2")
    token = cose.sign(
        payload.encode(stage.claims), stage.world.department.token, purpose
    )
    assert stage.code(payload.qr_text(token)) is Code.BAD_SIGNATURE


@pytest.mark.parametrize("suite", payload.SUITES, ids=lambda suite: suite.label)
def test_every_suite_of_tokens_is_valid(suite: Suite) -> None:
    with Simulator() as world:
        world.department.token = SoftwareSigner.generate(suite)
        assert world.validate(world.issue().qr_text).code is Code.VALID


def test_a_token_of_another_suite_is_malformed_even_where_its_key_is_granted() -> None:
    with Simulator() as world:
        issued = world.issue()
        signer = SoftwareSigner.generate(Suite.ML_DSA_44)
        world.department.token = signer
        short = replace(claims_of(issued), fields={}, holder="x", case_digest=None)
        text = payload.qr_text(payload.sign_token(short, signer))
        assert len(text) <= payload.MAX_QR_TEXT
        assert world.validate(text).code is Code.MALFORMED


def test_a_token_larger_than_the_limit_is_malformed(stage: Stage) -> None:
    signer = stage.world.department.token
    room = payload.MAX_TOKEN_BYTES - len(payload.sign_token(stage.claims, signer))
    small, large = (
        payload.sign_token(replace(stage.claims, fields={"x": "x" * size}), signer)
        for size in (room, room + 200)
    )
    assert len(small) <= payload.MAX_TOKEN_BYTES < len(large)
    assert payload.open_token(small).verify(signer.public_key)
    with pytest.raises(MalformedError, match="more than"):
        payload.open_token(large)


def test_a_token_under_the_wrong_key_raises(stage: Stage) -> None:
    with pytest.raises(VerificationError):
        payload.open_token(stage.token).verify(SIGNER.public_key)


# What a token says of a license.


def test_a_token_names_a_person_by_masked_codes_only(stage: Stage) -> None:
    with Simulator() as world:
        license_ = world.issue("special-operation").license
    holder = license_.draft.holders[0]
    assert holder.is_person
    assert stage.claims.holder_code == masking.mask_code(holder.code)
    assert stage.claims.number == masking.mask_code(license_.draft.number)
    assert stage.claims.holder_is_person
    raw = payload.encode(stage.claims)
    assert holder.code.encode() not in raw
    assert license_.draft.number.encode() not in raw


def test_a_token_carries_the_next_checkpoint_and_no_case_where_there_is_none() -> None:
    with Simulator() as world:
        issued = world.issue("special-operation")
        kind = world.catalog.get("special-operation")
        near, far = (
            Checkpoint("复审", dates.day_of(START + timedelta(days=n)))
            for n in (100, 900)
        )
        draft = replace(issued.license.draft, checkpoints=(far, near), case_number=None)
        found = payload.claims_of(
            replace(issued.license, draft=draft),
            kind,
            record_digest=bytes(32),
            status=StatusReference(1, 2),
            signed_at=START,
        )
        assert found.checkpoint == near
        assert found.case_digest is None
        none = replace(draft, checkpoints=())
        found = payload.claims_of(
            replace(issued.license, draft=none),
            kind,
            record_digest=bytes(32),
            status=StatusReference(1, 2),
            signed_at=START,
        )
        assert found.checkpoint is None


def test_a_field_of_several_values_is_joined_in_the_token() -> None:
    with Simulator() as world:
        issued = world.issue("food-business")
        kind = world.catalog.get("food-business")
        key = next(rule.key for rule in kind.fields if rule.in_qr)
        fields = {**issued.license.draft.fields, key: ("甲", "乙")}
        draft = replace(issued.license.draft, fields=fields)
        found = payload.claims_of(
            replace(issued.license, draft=draft),
            kind,
            record_digest=bytes(32),
            status=StatusReference(1, 2),
            signed_at=START,
        )
        assert found.fields[key] == "甲;乙"


def told_of(license_: License, **changes: object) -> Claims:
    """Return what a token says of a license whose form of business has another rule."""
    kind = license_type("food-business")
    rules = tuple(
        replace(rule, **changes) if rule.key == "business_form" else rule
        for rule in kind.fields
    )
    return payload.claims_of(
        license_,
        replace(kind, fields=rules),
        record_digest=bytes(32),
        status=StatusReference(1, 2),
        signed_at=START,
    )


FIRST_ROW = MappingProxyType(
    {"unit": "示例勘察院", "part": "勘察", "a": "甲", "to": "乙"}
)
IN_TOKEN: dict[str, tuple[dict[str, object], FieldValue, str]] = {
    "one row, its values in the order of the record": (
        {},
        (FIRST_ROW,),
        "甲 乙 勘察 示例勘察院",
    ),
    "three rows": (
        {"qr_length": 0},
        (FIRST_ROW, MappingProxyType({"unit": "x"}), MappingProxyType({"part": "y"})),
        "甲 乙 勘察 示例勘察院 等3项",
    ),
    "rows that are cut": (
        {"qr_length": 6},
        (FIRST_ROW, FIRST_ROW),
        "甲 乙 勘…",
    ),
    "a text that is cut": ({"qr_length": 4}, "餐饮服务经营者", "餐饮服…"),
    "a text of just that length": ({"qr_length": 4}, "餐饮服务", "餐饮服务"),
    "a text of which nothing stays": ({"qr_length": 1}, "餐饮", "…"),
    "texts that are cut": ({"qr_length": 5}, ("热食类", "自制饮品"), "热食类;…"),
    "a text that ends as if it were cut": ({"qr_length": 4}, "餐饮服…", "餐饮服…"),
}


@pytest.mark.parametrize("name", IN_TOKEN)
def test_a_reader_of_the_record_alone_says_the_same_of_a_field(name: str) -> None:
    changes, value, expected = IN_TOKEN[name]
    license_ = with_fields("food-business", business_form=value)
    told = told_of(license_, **changes)
    assert told.fields["business_form"] == expected
    read, _ = record.decode(record.encode(license_, bytes(16)))
    assert payload.claims_like(read, payload.decode(payload.encode(told))) == told


FALSE_CUTS = {
    "another beginning": "餐食…",
    "no mark of a cut": "餐饮服",
    "nothing": "",
    "more than the value": "餐饮服务经营者(小餐饮)及其他…",
}


@pytest.mark.parametrize("name", FALSE_CUTS)
def test_a_claim_that_is_no_cut_of_the_value_is_not_reproduced(
    name: str,
) -> None:
    license_ = sample_license("food-business")
    true = told_of(license_)
    assert payload.claims_like(license_, true) == true
    false = replace(true, fields={"business_form": FALSE_CUTS[name]})
    assert payload.claims_like(license_, false) != false


def test_the_largest_texts_of_a_token_are_named_and_not_repeated(stage: Stage) -> None:
    long = replace(stage.claims, holder="长" * 60, fields={"scope": "x" * 90, "a": ""})
    names = payload.largest_claims(payload.sign_token(long, SIGNER))
    assert names[:2] == ("holders[0].name", "scope")
    assert len(names) == 3


def long_named(characters: int) -> License:
    """Return a license whose first holder has a name of so many characters."""
    license_ = sample_license("food-business")
    (holder,) = license_.draft.holders
    longer = replace(holder, name="示例" * (characters // 2) + "司" * (characters % 2))
    return replace(license_, draft=replace(license_.draft, holders=(longer,)))


@pytest.mark.parametrize("characters", [1, 39, 40])
def test_a_usual_name_of_a_holder_is_whole_in_the_token(characters: int) -> None:
    license_ = long_named(characters)
    assert told_of(license_).holder == license_.draft.holders[0].name


@pytest.mark.parametrize("characters", [41, 80])
def test_a_longer_name_is_cut_and_the_record_tells_the_same(characters: int) -> None:
    license_ = long_named(characters)
    found = told_of(license_)
    assert found.holder == license_.draft.holders[0].name[:39] + "…"
    assert payload.claims_like(license_, found) == found
    other = replace(
        license_.draft.holders[0], name="某" + license_.draft.holders[0].name[1:]
    )
    forged = replace(license_, draft=replace(license_.draft, holders=(other,)))
    assert payload.claims_like(forged, found) != found
