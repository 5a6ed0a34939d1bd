"""SM3 and SM2 signatures: the official values, OpenSSL's, and what never verifies."""

import hashlib
import json

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from esign import der, sm2
from esign.errors import MalformedError, UnavailableError, VerificationError
from esign.sm2 import curve, digest
from esign.sm2.engine import engine
from esign.sm2.signing import Sm2Signer
from tests.esign.sm2_world import OpenSSL
from tests.support import ROOT, vectors

SIGNER = Sm2Signer.generate()
MESSAGE = "行政许可".encode()
SIGNATURE = SIGNER.sign(MESSAGE)
ORDER = curve.ORDER
FOREIGN_TEXTS = st.binary(max_size=200)


def numbers(signature):
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def raw(r, s):
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def official():
    data = json.loads(vectors("sm2/sm2_sm3.json").read_text())
    return data, {key: value.lower() for key, value in data["sm2_sign"].items()}


def official_key():
    _, case = official()
    point = bytes.fromhex("04" + case["xA"])
    return bytes.fromhex(case["d"]), point + bytes.fromhex(case["yA"])


def plus(one, other):
    """Add two points as GB/T 32918.1-2016 has it; None is infinity."""
    if one is None or other is None:
        return other if one is None else one
    (x1, y1), (x2, y2) = one, other
    if x1 == x2:
        if (y1 + y2) % curve.PRIME == 0:
            return None
        slope = (3 * x1 * x1 + curve.A) * pow(2 * y1, -1, curve.PRIME)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, curve.PRIME)
    x = (slope * slope - x1 - x2) % curve.PRIME
    return x, (slope * (x1 - x) - y1) % curve.PRIME


def times(number, point):
    total = None
    for bit in f"{number:b}":
        total = plus(total, total)
        total = plus(total, point) if bit == "1" else total
    return total


def holds(point, signature, digest):
    """Verify by the text of GB/T 32918.2-2016, 7.1, in the plainest arithmetic."""
    r, s = numbers(signature)
    t = (r + s) % ORDER
    if not (0 < r < ORDER and 0 < s < ORDER and t):
        return False
    public = tuple(numbers(point[1:]))
    found = plus(times(s, curve.GENERATOR), times(t, public))
    return found is not None and (int.from_bytes(digest, "big") + found[0]) % ORDER == r


def verdict(point, signature, digest):
    try:
        sm2.verify_digest(point, signature, digest)
    except VerificationError:
        return False
    return True


def test_the_official_digests_reproduce():
    data, _ = official()
    assert data["sm3"]
    for case in data["sm3"]:
        found = sm2.sm3(case["msg_ascii"].encode("ascii"))
        assert found == bytes.fromhex(case["digest"])


def test_the_official_signature_reproduces_step_by_step():
    _, case = official()
    _, point = official_key()
    message = case["msg_ascii"].encode("ascii")
    assert sm2.za(point) == bytes.fromhex(case["ZA"])
    assert sm2.za(point, case["id_ascii"].encode("ascii")) == sm2.za(point)
    assert sm2.message_digest(point, message) == bytes.fromhex(case["e"])
    sm2.verify(point, bytes.fromhex(case["r"] + case["s"]), message)


def test_the_official_nonce_gives_the_official_signature():
    _, case = official()
    d, e, k = (int(case[name], 16) for name in "dek")
    x, _ = times(k, curve.GENERATOR)
    r = (e + x) % ORDER
    s = pow(1 + d, -1, ORDER) * (k - r * d) % ORDER
    assert (f"{r:064x}", f"{s:064x}") == (case["r"], case["s"])


def test_the_curve_is_the_official_one():
    data, _ = official()
    parameters = {
        key: int(v, 16) for key, v in data["curve_sm2p256v1"].items() if key != "oid"
    }
    assert parameters == {
        "p": curve.PRIME,
        "a": curve.A,
        "b": curve.B,
        "n": curve.ORDER,
        "Gx": curve.GENERATOR[0],
        "Gy": curve.GENERATOR[1],
    }


def test_the_value_of_the_other_curve_is_no_key_here():
    case = official()[0]["sm2_sign_other_curve_gbt32918_2_A2"]
    point = bytes.fromhex("04" + case["xA"] + case["yA"])
    with pytest.raises(MalformedError, match="not on the curve"):
        sm2.za(point)


@given(st.binary(max_size=300))
def test_both_sources_of_sm3_agree(data):
    assert sm2.sm3(data) == hashlib.new("sm3", data).digest()
    assert sm2.sm3(data) == digest._source("a digest that OpenSSL lacks")(data)


@settings(max_examples=10)
@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_signed_verifies_for_its_identity_and_no_other(message, user_id):
    signature = SIGNER.sign(message, user_id=user_id)
    sm2.verify(SIGNER.point, signature, message, user_id=user_id)
    assert holds(
        SIGNER.point,
        signature,
        sm2.message_digest(SIGNER.point, message, user_id=user_id),
    )
    with pytest.raises(VerificationError):
        sm2.verify(SIGNER.point, signature, message, user_id=user_id + b"1")


@settings(max_examples=25)
@given(
    st.integers(1, ORDER - 1),
    st.integers(1, ORDER - 1),
    st.binary(min_size=32, max_size=32),
)
@example(1, ORDER - 1, bytes(32))
@example(ORDER - 1, ORDER - 1, b"\xff" * 32)
def test_random_numbers_are_judged_as_the_plain_arithmetic_judges_them(r, s, digest):
    assert verdict(SIGNER.point, raw(r, s), digest) == holds(
        SIGNER.point, raw(r, s), digest
    )


@settings(max_examples=25)
@given(st.integers(1, ORDER - 1), st.integers(1, ORDER - 1))
def test_a_digest_that_is_made_to_fit_holds_in_both(r, s):
    """Any r and s are a signature over some e: with it both answers are yes."""
    assume(r + s != ORDER)
    public = tuple(numbers(SIGNER.point[1:]))
    found = plus(times(s, curve.GENERATOR), times((r + s) % ORDER, public))
    digest = ((r - found[0]) % ORDER).to_bytes(32, "big")
    assert holds(SIGNER.point, raw(r, s), digest)
    assert verdict(SIGNER.point, raw(r, s), digest)


def test_an_edited_byte_never_verifies():
    sm2.verify(SIGNER.point, SIGNATURE, MESSAGE)
    for position in range(len(SIGNATURE)):
        edited = bytearray(SIGNATURE)
        edited[position] ^= 1 << position % 8
        with pytest.raises(VerificationError):
            sm2.verify(SIGNER.point, bytes(edited), MESSAGE)
    for position in range(len(MESSAGE)):
        edited = bytearray(MESSAGE)
        edited[position] ^= 1
        with pytest.raises(VerificationError):
            sm2.verify(SIGNER.point, SIGNATURE, bytes(edited))
    for position in range(len(SIGNER.point)):
        edited = bytearray(SIGNER.point)
        edited[position] ^= 1
        with pytest.raises(MalformedError):
            sm2.verify(bytes(edited), SIGNATURE, MESSAGE)


def test_a_signature_has_no_twin_that_a_stranger_finds():
    r, s = numbers(SIGNATURE)
    strangers = {
        "the other s of ECDSA": raw(r, ORDER - s),
        "the negative r": raw(ORDER - r, s),
        "both negative": raw(ORDER - r, ORDER - s),
        "the numbers exchanged": raw(s, r),
        "s that makes t negative": raw(r, (-s - 2 * r) % ORDER),
    }
    digest = sm2.message_digest(SIGNER.point, MESSAGE)
    held = [
        name for name in strangers if verdict(SIGNER.point, strangers[name], digest)
    ]
    assert held == []


def test_the_one_twin_tells_the_private_key():
    _, case = official()
    private, point = official_key()
    d, r, s = (int(case[name], 16) for name in "drs")
    twin = (-s - 2 * r * d * pow(1 + d, -1, ORDER)) % ORDER
    assert twin != s
    sm2.verify(point, raw(r, twin), b"message digest")
    ratio = (-s - twin) * pow(2 * r, -1, ORDER) % ORDER  # d / (1 + d)
    told = ratio * pow(1 - ratio, -1, ORDER) % ORDER
    assert told.to_bytes(32, "big") == private


OUT_OF_RANGE = {
    "r is zero": raw(0, 1),
    "s is zero": raw(1, 0),
    "r is the order": raw(ORDER, 1),
    "s is the order": raw(1, ORDER),
    "r is a larger number": raw(2**256 - 1, 1),
    "r and s add up to the order": raw(5, ORDER - 5),
    "a byte is missing": SIGNATURE[:-1],
    "a byte follows": SIGNATURE + b"\x00",
    "nothing at all": b"",
}


@pytest.mark.parametrize("name", OUT_OF_RANGE)
def test_what_cannot_be_a_signature(name):
    signature = OUT_OF_RANGE[name]
    with pytest.raises(MalformedError):
        sm2.require_canonical(signature)
    with pytest.raises(MalformedError):
        sm2.to_der(signature)
    with pytest.raises(VerificationError):
        sm2.verify(SIGNER.point, signature, MESSAGE)


BAD_POINTS = {
    "nothing": b"",
    "the point at infinity": b"\x00",
    "a compressed point": b"\x02" + SIGNER.point[1:33],
    "another form octet": b"\x06" + SIGNER.point[1:],
    "zero": b"\x04" + bytes(64),
    "x is not below the prime": b"\x04" + curve.PRIME.to_bytes(32, "big") + bytes(32),
    "a byte follows": SIGNER.point + b"\x00",
}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_what_is_no_public_key(name):
    point = BAD_POINTS[name]
    for use in (
        lambda: sm2.require_point(point),
        lambda: sm2.za(point),
        lambda: sm2.write_public_key(point),
        lambda: sm2.verify(point, SIGNATURE, MESSAGE),
        lambda: sm2.verify_digest(point, SIGNATURE, bytes(32)),
    ):
        with pytest.raises(MalformedError):
            use()


def test_x_beyond_the_prime_is_refused_although_it_is_congruent():
    x = 2**256 - curve.PRIME  # so that x + p is the first number with 33 bytes
    for small in range(x):
        square = (small**3 + curve.A * small + curve.B) % curve.PRIME
        y = pow(square, (curve.PRIME + 1) // 4, curve.PRIME)
        if y * y % curve.PRIME == square:
            break
    sm2.require_point(b"\x04" + raw(small, y))
    with pytest.raises(MalformedError, match="below the prime"):
        sm2.require_point(b"\x04" + raw(small + curve.PRIME, y))


@given(st.integers(1, ORDER - 1), st.integers(1, ORDER - 1))
@example(1, 1)
@example(127, 128)
@example(2**255 - 1, 2**255)
def test_raw_and_der_are_inverse(r, s):
    assume(r + s != ORDER)
    data = sm2.to_der(raw(r, s))
    assert sm2.from_der(data) == raw(r, s)
    assert len(data) <= 72


def sequence(*parts):
    return der.tlv(der.SEQUENCE, *parts)


BAD_DER = {
    "nothing": b"",
    "the raw form": SIGNATURE,
    "one number": sequence(der.integer(1)),
    "three numbers": sequence(*[der.integer(1)] * 3),
    "a number with a zero too many": sequence(b"\x02\x02\x00\x01", der.integer(1)),
    "a negative number": sequence(b"\x02\x01\x81", der.integer(1)),
    "a number without bytes": sequence(b"\x02\x00", der.integer(1)),
    "a zero": sequence(der.integer(0), der.integer(1)),
    "the order": sequence(der.integer(1), der.integer(ORDER)),
    "a number of 40 bytes": sequence(der.integer(1 << 320), der.integer(1)),
    "the sum is the order": sequence(der.integer(2), der.integer(ORDER - 2)),
    "a long form for a short length": b"\x30\x81\x06" + der.integer(1) * 2,
    "a byte after it": sequence(der.integer(1), der.integer(2)) + b"\x00",
    "an octet string": sequence(der.tlv(der.OCTETS, b"1"), der.integer(1)),
    "a megabyte": b"\x30" * 1_000_000,
}


@pytest.mark.parametrize("name", BAD_DER)
def test_der_that_is_no_signature(name):
    with pytest.raises(MalformedError):
        sm2.from_der(BAD_DER[name])


@given(FOREIGN_TEXTS)
def test_any_bytes_give_a_signature_or_malformed(data):
    try:
        assert sm2.to_der(sm2.from_der(data)) == data
    except MalformedError:
        assert data != sm2.to_der(SIGNATURE)


@given(FOREIGN_TEXTS, FOREIGN_TEXTS)
def test_any_bytes_as_key_and_signature_never_verify(point, signature):
    with pytest.raises((MalformedError, VerificationError)):
        sm2.verify(point, signature, MESSAGE)
    with pytest.raises(VerificationError):
        sm2.verify(SIGNER.point, signature, MESSAGE)


@given(FOREIGN_TEXTS)
def test_any_bytes_are_no_public_key_or_the_one_spelling_of_it(data):
    try:
        assert sm2.write_public_key(sm2.read_public_key(data)) == data
    except MalformedError:
        assert data != SIGNER.spki


def test_every_edited_byte_of_a_public_key_is_noticed():
    assert sm2.read_public_key(SIGNER.spki) == SIGNER.point
    for position in range(len(SIGNER.spki)):
        edited = bytearray(SIGNER.spki)
        edited[position] ^= 0x01
        with pytest.raises(MalformedError):
            sm2.read_public_key(bytes(edited))


def test_a_handle_verifies_as_the_function_does():
    handle = sm2.PublicPoint(SIGNER.point)
    handle.verify(SIGNATURE, MESSAGE)
    with pytest.raises(VerificationError):
        handle.verify(SIGNATURE, MESSAGE + b".")
    with pytest.raises(MalformedError):
        sm2.PublicPoint(SIGNER.point[:-1] + b"\x00")


def test_misuse_is_a_value_error():
    with pytest.raises(ValueError, match="8191"):
        sm2.za(SIGNER.point, bytes(8192))
    sm2.verify(
        SIGNER.point, SIGNER.sign(b"m", user_id=bytes(8191)), b"m", user_id=bytes(8191)
    )
    with pytest.raises(ValueError, match="32"):
        sm2.verify_digest(SIGNER.point, SIGNATURE, bytes(31))
    with pytest.raises(ValueError, match="32"):
        SIGNER.sign_digest(bytes(33))


def test_a_digest_that_was_made_elsewhere_is_signed_as_it_is():
    made = sm2.message_digest(SIGNER.point, MESSAGE)
    sm2.verify(SIGNER.point, SIGNER.sign_digest(made), MESSAGE)
    assert SIGNER.sign_digest(made) != SIGNER.sign_digest(made)


def test_an_absent_package_says_how_to_get_it():
    with pytest.raises(UnavailableError, match=r"pip install 'elicense\[gm\]'"):
        engine("gmssl_pyx_that_nobody_has")


@pytest.mark.parametrize("user_id", ["1234567812345678", "31010519800101"])
def test_openssl_accepts_what_is_signed_here(tmp_path, user_id):
    openssl = OpenSSL(tmp_path)
    signature = SIGNER.sign(MESSAGE, user_id=user_id.encode("ascii"))
    openssl.write("key.der", SIGNER.spki)
    openssl.write("s.der", sm2.to_der(signature))
    openssl.write("m", MESSAGE)
    line = "dgst -sm3 -verify key.der -keyform DER -signature s.der -sigopt"
    done = openssl(f"{line} distid:{user_id} m")
    assert done.stdout == b"Verified OK\n", done.stderr
    assert openssl(f"{line} distid:another m").returncode != 0


def test_what_openssl_signs_is_accepted_here(tmp_path):
    openssl = OpenSSL(tmp_path)
    openssl.write("m", MESSAGE)
    openssl("genpkey -algorithm SM2 -out key.pem")
    openssl("pkey -in key.pem -pubout -outform DER -out pub.der")
    openssl("dgst -sm3 -sign key.pem -out s.der -sigopt distid:1234567812345678 m")
    point = sm2.read_public_key(openssl.read("pub.der"))
    signature = sm2.from_der(openssl.read("s.der"))
    sm2.verify(point, signature, MESSAGE)
    with pytest.raises(VerificationError):
        sm2.verify(point, signature, MESSAGE + b".")
    with pytest.raises(VerificationError):
        sm2.verify(point, signature, MESSAGE, user_id=b"another")


def test_the_example_of_the_format_page_holds():
    page = (ROOT / "docs" / "formats" / "sm2.md").read_text("utf-8")
    example = page.split("```")[1].split("in DER")[0]
    values, key = {}, ""
    for line in example.strip().splitlines():
        name, _, rest = line.partition(" ")
        key = name or key  # a value may go on in the next line
        values[key] = values.get(key, "") + rest.split()[0]
    found = {name: bytes.fromhex(text) for name, text in values.items()}
    message, user_id = found["message"], found["identity"]
    assert user_id == sm2.DEFAULT_ID
    assert found["ZA"] == sm2.za(found["point"])
    assert found["e"] == sm2.message_digest(found["point"], message)
    sm2.verify(found["point"], found["signature"], message)
