"""Many tokens at once are read as each of them alone, whatever stands beside it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import payload, quick_token
from elicense.bulk.base45 import decode_joined
from elicense.bulk.columns import ColumnReader
from elicense.bulk.leads import Leads
from elicense.bulk.scan import SIGNATURE_BYTES, SLACK, scan
from elicense.quick_token import NotThisLayoutError
from esign import cbor, cose
from esign.algorithms import P256_HALF_ORDER, Suite
from esign.encoding import base45_encode
from esign.signer import SoftwareSigner
from tests.elicense.test_quick_token import (
    EXAMPLE,
    NOT_CANONICAL,
    SIGNER,
    claims,
    edited,
    short,
)

ISSUER = EXAMPLE.issuer
OTHER = SoftwareSigner.generate(Suite.ES256)
KIDS = (SIGNER.public_key.kid, OTHER.public_key.kid)
LEADS = Leads(
    {
        lead: number
        for number, kid in enumerate(KIDS)
        for lead in quick_token.leads(kid, ISSUER)
    }
)


def read_many(tokens):
    """Return row -> (claims, key, signature, signed bytes) of what is in the layout."""
    joined = decode_joined([base45_encode(token) for token in tokens], SLACK)
    data = joined.data.tobytes()
    scanned = scan(joined, LEADS)
    found = {}
    for place, row in enumerate(scanned.rows.tolist()):
        one = scanned.take([place])
        try:
            columns = ColumnReader().columns(data, joined.data, one, [ISSUER])
        except (NotThisLayoutError, ValueError):
            continue
        (said,) = columns.claims()
        key, begin, end = int(one.keys[0]), int(one.begins[0]), int(one.ends[0])
        lead = quick_token.signed_lead(KIDS[key])
        signed = quick_token.signed_bytes(lead, data, end, begin)
        found[row] = said, key, data[end + 2 : end + 2 + SIGNATURE_BYTES], signed
    return found


def agree(tokens):
    """Compare what many say with what each says; return the rows that were read."""
    found = read_many(tokens)
    for row, (said, key, signature, signed) in found.items():
        alone = quick_token.read(tokens[row])
        assert alone is not None, "read among many what is not read alone"
        envelope, expected = alone
        assert said == expected
        assert (envelope.kid, envelope.suite) == (KIDS[key], Suite.ES256)
        assert (envelope.signature, envelope.signed) == (signature, signed)
    return set(found)


SIGNERS = st.sampled_from([SIGNER, OTHER])
TOKENS = st.builds(payload.sign_token, claims(), SIGNERS)


@given(st.lists(st.tuples(claims(), SIGNERS), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_all_of_the_layout_are_read_as_each_is(given_claims):
    tokens = [payload.sign_token(said, signer) for said, signer in given_claims]
    expected = {row for row, (said, _) in enumerate(given_claims) if short(said)}
    read = agree(tokens)
    assert expected <= read
    assert read == {row for row, one in enumerate(tokens) if quick_token.read(one)}


@given(st.lists(TOKENS, min_size=2, max_size=5), st.data())
@settings(max_examples=300, deadline=None)
def test_an_edited_token_is_read_as_alone_and_spoils_none_beside_it(tokens, data):
    row = data.draw(st.integers(0, len(tokens) - 1))
    good = agree(tokens)
    tokens[row] = edited(tokens[row], data)
    assert agree(tokens) - {row} == good - {row}


@pytest.mark.parametrize("byte", range(256))
def test_any_byte_in_any_place_of_one_token_is_read_as_alone(byte):
    token = payload.sign_token(EXAMPLE, SIGNER)
    places = range(byte % 3, len(token) - SIGNATURE_BYTES, 3)
    tokens = [token[:at] + bytes([byte]) + token[at + 1 :] for at in places]
    read = agree([token, *tokens, token])
    assert {0, len(tokens) + 1} <= read


def test_what_is_short_or_has_a_large_s_is_no_row():
    token = payload.sign_token(EXAMPLE, SIGNER)
    half = token[:-32] + P256_HALF_ORDER
    large = token[:-32] + bytes([0xFF]) * 32
    assert agree([b"", b"\x00", token[:60], token[:90], half, large, token]) == {6}
    assert read_many([]) == {}


def test_no_lead_is_known_without_keys():
    token = payload.sign_token(EXAMPLE, SIGNER)
    joined = decode_joined([base45_encode(token)], SLACK)
    assert not len(scan(joined, Leads({})).rows)


def test_leads_with_one_kid_are_told_apart_by_their_issuer():
    kid = KIDS[0]
    names = [f"1199010000000{number:04d}A" for number in range(50)]
    leads = {
        lead: number
        for number, name in enumerate([*names, ISSUER])
        for lead in quick_token.leads(kid, name)
    }
    joined = decode_joined([base45_encode(payload.sign_token(EXAMPLE, SIGNER))], SLACK)
    assert scan(joined, Leads(leads)).keys.tolist() == [50]


def test_maps_of_fields_with_keys_out_of_order_are_no_rows():
    token = payload.sign_token(EXAMPLE, SIGNER)
    keys = sorted(EXAMPLE.fields, key=len)
    parts = [payload_item(key) + payload_item(EXAMPLE.fields[key]) for key in keys]
    whole = b"".join(parts)
    assert whole in token
    twice = token.replace(whole, parts[0] + parts[0])
    swapped = token.replace(whole, b"".join(reversed(parts)))
    assert agree([swapped, token, twice]) == {1}


def payload_item(text):
    raw = text.encode()
    return (
        bytes([0x60 + len(raw)]) if len(raw) < 24 else bytes([0x78, len(raw)])
    ) + raw


def test_the_copy_for_texts_differs_in_heads_of_fields_alone():
    token = payload.sign_token(EXAMPLE, SIGNER)
    joined = decode_joined([base45_encode(token)], SLACK)
    before = joined.data.copy()
    (row,) = scan(joined, LEADS).bounds
    changed = np.flatnonzero(before != joined.data)
    assert len(changed) == 1 + 2 * len(EXAMPLE.fields)
    assert row[-2] <= changed.min() <= changed.max() < row[-1]


@pytest.mark.parametrize("data", NOT_CANONICAL.values(), ids=NOT_CANONICAL)
def test_a_payload_that_is_not_canonical_is_no_row(data):
    token = payload.sign_token(EXAMPLE, SIGNER)
    assert agree([token, cose.sign(data, SIGNER, payload.PURPOSE), token]) == {0, 2}


@pytest.mark.parametrize("days", [0, 2_932_896, 2_932_897, (1 << 32) - 1])
def test_a_day_outside_the_calendar_is_no_row(days):
    for members in ({8: days}, {9: ["x", days]}):
        outer = dict(cbor.decode(payload.encode(EXAMPLE)))
        outer[-65538] = {**outer[-65538], **members}
        token = cose.sign(cbor.encode(outer), SIGNER, payload.PURPOSE)
        assert bool(agree([token])) == (days <= 2_932_896)


def test_texts_that_are_no_utf_8_or_hold_controls_are_no_rows():
    token = payload.sign_token(EXAMPLE, SIGNER)
    for old, new in (("张示例", b"\xff"), ("电工作业", b"\xff"), ("张示例", b"\x1f")):
        raw = old.encode()
        spoilt = token.replace(raw, new + raw[1:], 1)
        assert agree([token, spoilt, token]) == {0, 2}
    # One text ends within a character, and what follows would go on with it.
    at = token.index("低压电工作业".encode())
    torn = token[: at - 1] + b"\x71\xe4" + token[at + 1 :]
    assert agree([torn, token]) == {1}
