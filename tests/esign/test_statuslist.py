"""Token Status List: the draft's vectors, packing, bounds, and our claims."""

import dataclasses
import json
import pickle
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from esign import cbor, cose, statuslist
from esign.algorithms import Suite
from esign.errors import MalformedError
from esign.signer import SoftwareSigner
from esign.statuslist import Status, StatusList
from tests.support import vectors

WIDTHS = (1, 2, 4, 8)
ISSUER = "11990100000000027A"
MIB = 1 << 20
STATUSES = {0: Status.INVALID, 5: Status.SUSPENDED, 15: Status.SUPERSEDED}


SUITES = (Suite.ES256, Suite.ED25519, Suite.ML_DSA_44)
SIGNERS = {suite: SoftwareSigner.generate(suite) for suite in SUITES}


def signer_of(suite=Suite.ES256):
    return SIGNERS[suite]


def listed(**changes):
    array = statuslist.array(STATUSES, 16)
    plain = StatusList(ISSUER, 2031, 7, 1795305600, 1795910400, array)
    return dataclasses.replace(plain, **changes)


def published():
    path = vectors("token-status-list/vectors.json")
    return json.loads(path.read_text("utf-8"))


# --- packing


def test_every_listed_index_of_the_draft_gives_its_status():
    widths = []
    for vector in published()["vectors"]:
        body = cbor2.loads(bytes.fromhex(vector["cbor_hex"]))
        bits = body["bits"]
        widths.append(bits)
        array = statuslist.unpack(body["lst"])
        assert len(array) * 8 // bits == vector["size"]
        for index, status in vector["status"].items():
            assert statuslist.status_at(array, int(index), bits) == status, index
    assert widths == [1, 2, 4, 8]


def test_every_index_that_the_draft_does_not_list_has_its_default():
    for vector in published()["vectors"]:
        body = cbor2.loads(bytes.fromhex(vector["cbor_hex"]))
        statuses = {int(index): status for index, status in vector["status"].items()}
        packed = statuslist.pack(statuses, vector["size"], vector["bits"])
        assert vector["default"] == 0
        assert statuslist.unpack(packed) == statuslist.unpack(body["lst"])


def test_the_short_examples_of_the_draft_hold():
    # Draft, section 4.1: 16 statuses of one bit are b9 a3; 12 of two bits c9 44 f9.
    one, two = published()["short"]
    bits = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    pairs = [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]
    for vector, statuses, raw in ((one, bits, "b9a3"), (two, pairs, "c944f9")):
        body = cbor2.loads(bytes.fromhex(vector["cbor_hex"]))
        array = statuslist.unpack(body["lst"])
        width = body["bits"]
        assert array.hex() == raw
        assert [
            statuslist.status_at(array, index, width) for index in range(len(statuses))
        ] == statuses
        packed = statuslist.pack(dict(enumerate(statuses)), len(statuses), width)
        assert statuslist.unpack(packed) == array


@pytest.mark.parametrize("bits", WIDTHS)
@pytest.mark.parametrize("beyond", [0, 1, 1 << 40, 1 << 80])
def test_an_index_outside_the_list_is_an_error(bits, beyond):
    array = bytes(4)
    last = 4 * 8 // bits - 1
    assert statuslist.status_at(array, last, bits) == 0
    for index in (last + 1 + beyond, -1 - beyond):
        with pytest.raises(MalformedError, match="outside the list"):
            statuslist.status_at(array, index, bits)


def test_an_empty_list_has_no_index():
    with pytest.raises(MalformedError, match="outside the list"):
        statuslist.status_at(b"", 0)


@given(st.sampled_from(WIDTHS), st.integers(1, 40), st.data())
def test_packed_statuses_come_back_and_the_others_are_zero(bits, size_bytes, data):
    size = size_bytes * 8 // bits
    statuses = data.draw(
        st.dictionaries(
            st.integers(0, size - 1), st.integers(0, (1 << bits) - 1), max_size=20
        )
    )
    array = statuslist.array(statuses, size, bits)
    assert statuslist.unpack(statuslist.pack(statuses, size, bits)) == array
    assert len(array) == size_bytes
    for index in range(size):
        found = statuslist.status_at(array, index, bits)
        assert found == statuses.get(index, 0)


NOT_PACKABLE = {
    "no status at all": ({}, 0, 2),
    "a negative size": ({}, -4, 2),
    "a size above the limit": ({}, (16 << 20) * 4 + 4, 2),
    "three bits": ({}, 8, 3),
    "no bits": ({}, 8, 0),
    "sixteen bits": ({}, 8, 16),
    "a size that leaves padding": ({}, 5, 2),
    "an index at the size": ({8: 1}, 8, 2),
    "a negative index": ({-1: 1}, 8, 2),
    "a status of too many bits": ({0: 4}, 8, 2),
    "a negative status": ({0: -1}, 8, 2),
}


@pytest.mark.parametrize(
    ("statuses", "size", "bits"), NOT_PACKABLE.values(), ids=NOT_PACKABLE
)
def test_statuses_that_do_not_fit_are_misuse(statuses, size, bits):
    with pytest.raises(ValueError, match="status"):
        statuslist.pack(statuses, size, bits)


@pytest.mark.parametrize("bits", [-2, 0, 3, 16])
def test_a_width_that_no_list_has_is_misuse(bits):
    with pytest.raises(ValueError, match=f"statuses of {bits} bits"):
        statuslist.status_at(bytes(8), 0, bits)


# --- hostile streams


def zeros(mebibytes):
    """Return a real zlib stream of so many MiB of zeros, without making them."""
    deflater = zlib.compressobj(9)
    head = deflater.compress(b"") + deflater.flush(zlib.Z_FULL_FLUSH)
    chunk = deflater.compress(bytes(MIB)) + deflater.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, wbits=-15).flush()
    adler = (mebibytes * MIB % 65521) << 16 | 1
    return head + chunk * mebibytes + last + adler.to_bytes(4, "big")


def test_a_list_of_exactly_the_limit_is_read_and_one_byte_more_is_not():
    assert zlib.decompress(zeros(2)) == bytes(2 * MIB)
    limit = statuslist.MAX_LIST_BYTES
    assert statuslist.unpack(zeros(16)) == bytes(limit)
    with pytest.raises(MalformedError, match="too large"):
        statuslist.unpack(zlib.compress(bytes(limit + 1), 1))


def test_a_stream_of_a_gibibyte_is_refused_in_bounded_memory():
    bomb = zeros(1024)
    assert len(bomb) < 2 * MIB
    tracemalloc.start()
    try:
        with pytest.raises(MalformedError, match="too large"):
            statuslist.unpack(bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * statuslist.MAX_LIST_BYTES


GOOD_STREAM = zlib.compress(bytes(100), 9)
PRESET = zlib.compressobj(9, zdict=b"dictionary")
BAD_STREAMS = {
    "nothing": b"",
    "one byte": GOOD_STREAM[:1],
    "a stream without its last byte": GOOD_STREAM[:-1],
    "a stream without its checksum": GOOD_STREAM[:-4],
    "a wrong checksum": GOOD_STREAM[:-1] + bytes([GOOD_STREAM[-1] ^ 1]),
    "a byte behind the stream": GOOD_STREAM + b"\0",
    "two streams": GOOD_STREAM * 2,
    "a raw deflate stream": GOOD_STREAM[2:-4],
    "a gzip stream": zlib.compress(bytes(100), 9, wbits=31),
    "a stream that needs a dictionary": PRESET.compress(b"dictionary") + PRESET.flush(),
    "statuses that are not compressed": bytes(100),
}


@pytest.mark.parametrize("data", BAD_STREAMS.values(), ids=BAD_STREAMS)
def test_what_is_not_one_complete_stream_is_refused(data):
    assert statuslist.unpack(GOOD_STREAM) == bytes(100)
    with pytest.raises(MalformedError, match="status list"):
        statuslist.unpack(data)


def test_every_proper_prefix_of_a_stream_is_refused():
    packed = statuslist.pack(STATUSES, 4096)
    for end in range(len(packed)):
        with pytest.raises(MalformedError, match="status list"):
            statuslist.unpack(packed[:end])


# --- our claims


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.label)
def test_a_signed_list_comes_back(suite):
    token = statuslist.sign(listed(), signer_of(suite))
    envelope = cose.open_sealed(token, statuslist.PURPOSE)
    again = statuslist.read_claims(envelope.verify(signer_of(suite).public_key))
    assert again == listed()
    found = [again.status(index) for index in range(16)]
    assert found == [STATUSES.get(index, Status.VALID) for index in range(16)]
    with pytest.raises(MalformedError, match="outside the list"):
        again.status(16)


def test_the_claims_are_those_of_the_format_page():
    token = statuslist.sign(listed(), signer_of())
    claims = cbor2.loads(cose.parse(token).payload)
    inner = claims.pop(65533)
    assert claims == {
        1: ISSUER,
        2: f"elicense:status:{ISSUER}:2031",
        4: 1795910400,
        6: 1795305600,
        -65539: 2031,
        -65540: 7,
    }
    assert set(inner) == {"bits", "lst"}
    assert inner["bits"] == 2
    assert zlib.decompress(inner["lst"]) == listed().array
    assert cose.parse(token).protected[16] == "application/statuslist+cwt"


def test_the_four_statuses_have_the_numbers_of_the_format_page():
    assert {status.name: status.value for status in Status} == {
        "VALID": 0,
        "INVALID": 1,
        "SUSPENDED": 2,
        "SUPERSEDED": 3,
    }


def claims_with(changes, inner=None):
    """Return encoded claims of a good list with claims set, or removed by ``...``."""
    value = cbor2.loads(cose.parse(statuslist.sign(listed(), signer_of())).payload)
    value = dict(value) | {65533: dict(value[65533]) | (inner or {})} | changes
    body = value[65533]
    if isinstance(body, dict):
        value[65533] = {key: item for key, item in body.items() if item is not ...}
    return cbor.encode({key: item for key, item in value.items() if item is not ...})


def test_claims_without_a_change_are_read():
    assert statuslist.read_claims(claims_with({})) == listed()


BAD_CLAIMS = {
    "no issuer": ({1: ...}, {}),
    "an issuer as bytes": ({1: b"a"}, {}),
    "another issuer than the subject names": ({1: "119901000000000000"}, {}),
    "no subject": ({2: ...}, {}),
    "a subject of another number": ({2: f"elicense:status:{ISSUER}:2032"}, {}),
    "a subject with a leading zero": ({2: f"elicense:status:{ISSUER}:02031"}, {}),
    "a subject that is an address": ({2: "https://example.com/statuslists/1"}, {}),
    "no expiry": ({4: ...}, {}),
    "an expiry of null": ({4: None}, {}),
    "an expiry before the issue": ({4: 1795305599}, {}),
    "an expiry at the issue": ({4: 1795305600}, {}),
    "a negative expiry": ({4: -1}, {}),
    "an expiry beyond any date": ({4: 1 << 60}, {}),
    "no time of issue": ({6: ...}, {}),
    "a time of issue as a text": ({6: "2026-11-21"}, {}),
    "a time of issue of true": ({6: True}, {}),
    "no number": ({-65539: ...}, {}),
    "a negative number": ({-65539: -1, 2: f"elicense:status:{ISSUER}:-1"}, {}),
    "no sequence": ({-65540: ...}, {}),
    "a negative sequence": ({-65540: -1}, {}),
    "a time to live, which our profile does not use": ({65534: 3600}, {}),
    "an unknown claim": ({99: 0}, {}),
    "an unknown text claim": ({"extra": 0}, {}),
    "no list": ({65533: ...}, {}),
    "a list as bytes": ({65533: b""}, {}),
    "no bits": ({}, {"bits": ...}),
    "one bit": ({}, {"bits": 1}),
    "three bits": ({}, {"bits": 3}),
    "bits of true": ({}, {"bits": True}),
    "no array": ({}, {"lst": ...}),
    "an array in base64": ({}, {"lst": "eNrbuRgAAhcBXQ"}),
    "an array of null": ({}, {"lst": None}),
    "an aggregation address": ({}, {"aggregation_uri": "https://example.com"}),
}


@pytest.mark.parametrize(("changes", "inner"), BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_claims_that_are_not_exactly_ours_are_refused(changes, inner):
    with pytest.raises(MalformedError):
        statuslist.read_claims(claims_with(changes, inner))


# --- inflated when it is asked for


def unread(compressed):
    """Return a list as it is read from a token, its array not looked into."""
    return statuslist.read_claims(claims_with({}, {"lst": compressed}))


@pytest.mark.parametrize("data", BAD_STREAMS.values(), ids=BAD_STREAMS)
def test_a_bad_array_is_an_error_at_every_use_and_never_a_status(data):
    bad = unread(data)
    assert (bad.issuer, bad.number, bad.sequence) == (ISSUER, 2031, 7)
    for _ in range(2):
        with pytest.raises(MalformedError, match="status list"):
            bad.status(0)
        with pytest.raises(MalformedError, match="status list"):
            bad.array  # noqa: B018  reading is the use
    with pytest.raises(MalformedError, match="status list"):
        statuslist.sign(bad, signer_of())


def test_a_bomb_in_a_list_is_refused_when_used_in_bounded_memory():
    bomb = unread(zeros(1024))
    tracemalloc.start()
    try:
        for _ in range(20):
            with pytest.raises(MalformedError, match="too large"):
                bomb.status(0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * statuslist.MAX_LIST_BYTES


def test_reading_claims_does_not_inflate():
    payloads = [claims_with({}, {"lst": zeros(8)}) for _ in range(4)]
    tracemalloc.start()
    try:
        lists = [statuslist.read_claims(payload) for payload in payloads]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB
    assert lists[0].status(32 * MIB - 1) is Status.VALID
    with pytest.raises(MalformedError, match="outside the list"):
        lists[0].status(32 * MIB)


def test_what_stays_inflated_is_bounded_and_all_of_it_is_right():
    lists = [
        unread(statuslist.pack({number: 1}, 4 * MIB)) for number in range(0, 96 * 7, 7)
    ]
    tracemalloc.start()
    try:
        for turn in range(2):
            for number, item in zip(range(0, 96 * 7, 7), lists, strict=True):
                assert item.status(number) is Status.INVALID, turn
                assert item.status(number + 1) is Status.VALID, turn
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert MIB < kept < statuslist.CACHE_BYTES + MIB


def test_many_small_lists_do_not_pile_up():
    inflated = statuslist._Inflated(limit=100 * 1100)
    for number in range(1000):
        packed = statuslist.pack({number: 1}, 1000)
        assert inflated.array(packed) == statuslist.unpack(packed)
        with pytest.raises(MalformedError):
            inflated.array(packed + b"\0")
    assert 0 < inflated._size <= 100 * 1100
    assert 50 < len(inflated._kept) <= 110
    assert inflated._size == sum(
        statuslist._cost(*entry) for entry in inflated._kept.items()
    )


def test_what_was_used_last_is_kept_longest():
    inflated = statuslist._Inflated(limit=3 * 1100)
    used, *others = (statuslist.pack({number: 1}, 64) for number in range(12))
    for other in others:
        inflated.array(used)
        inflated.array(other)
    assert list(inflated._kept)[-2:] == [used, others[-1]]


def test_threads_agree_on_what_lists_say():
    lists = [unread(statuslist.pack({number: 1}, MIB)) for number in range(400)]

    def statuses(shift):
        order = [(number + shift) % 400 for number in range(400)]
        return {(n, k): lists[n].status(k) for n in order for k in (n, 401)}

    expected = {(n, n): Status.INVALID for n in range(400)} | {
        (n, 401): Status.VALID for n in range(400)
    }
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(statuses, (0, 0, 100, 200)):
            assert found == expected


def test_a_list_that_was_read_is_a_value_like_one_that_was_made():
    made, again = listed(), unread(zlib.compress(listed().array, 1))
    assert made == again
    assert hash(made) == hash(again)
    assert again != unread(statuslist.pack({0: 1}, 16))
    assert dataclasses.replace(again, sequence=8) == listed(sequence=8)
    assert dataclasses.replace(again, array=b"\x03").status(0) is Status.SUPERSEDED
    assert statuslist.sign(again, signer_of()) == statuslist.sign(made, signer_of())
    with pytest.raises(dataclasses.FrozenInstanceError):
        again.array = b""
    with pytest.raises(TypeError, match="array"):
        StatusList(ISSUER, 2031, 7, 1795305600, 1795910400)


def test_a_list_goes_to_another_process_as_it_was_read():
    compressed = statuslist.pack(STATUSES, MIB)
    data = pickle.dumps(unread(compressed))
    assert len(data) < 2 * len(compressed)
    assert pickle.loads(data).status(5) is Status.SUSPENDED  # noqa: S301  our own


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\xa0", b"\xf6", b"\xff"])
def test_a_payload_that_is_no_map_of_claims_is_refused(payload):
    with pytest.raises(MalformedError):
        statuslist.read_claims(payload)


def test_the_drafts_own_token_is_not_of_our_profile():
    data = bytes.fromhex(published()["cwt_status_list_token_hex"])
    with pytest.raises(MalformedError):
        cose.open_sealed(data, statuslist.PURPOSE)
    with pytest.raises(MalformedError):
        statuslist.read_claims(cose.parse(data).payload)


NEVER_SIGNED = {
    "an expiry before the issue": {"expires_at": 1795305599},
    "a negative number": {"number": -1},
    "a negative sequence": {"sequence": -1},
    "an issue before 1970": {"issued_at": -1},
    "more than the limit": {"array": bytes(16 * MIB + 1)},
    "an issuer that is no text": {"issuer": 119901},
}


@pytest.mark.parametrize("changes", NEVER_SIGNED.values(), ids=NEVER_SIGNED)
def test_a_list_that_nobody_would_read_is_never_signed(changes):
    with pytest.raises(ValueError, match="do not fit together"):
        statuslist.sign(listed(**changes), signer_of())
