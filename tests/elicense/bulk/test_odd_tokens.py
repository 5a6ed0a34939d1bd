"""Tokens that a good key signed with odd content: many at once say what each says."""

import random

import pyarrow as pa
import pytest

from elicense import bulk, payload
from elicense.bulk.arrow import batch_of
from elicense.validating import validate_text
from esign import cbor, cose
from tests.elicense.bulk.city import AT, DAY, City

TEXTS = (
    *("", "a", "证", "\x7f", "\u0085", "\u2028", "\U0001f600", "\x00", "\x1f", " "),
    *("\u202e反", "*", "e\u0301", "\ufeff", "a" * 23, "a" * 24, "a" * 255, "a" * 256),
    *("证" * 8, "证" * 85, "证" * 86),
)
NUMBERS = (
    *(0, 1, 2, 23, 24, 255, 256, 65535, 65536, 4095, 4096, 1 << 20, 20_778),
    *(2_932_896, 2_932_897, 2**31, 2**32 - 1, 2**32, 2**53, 2**64 - 1, -1),
)
MIDNIGHTS = tuple(day * 86400 - 8 * 3600 for day in (1, 20_700, 20_800, 49_710))
LICENSE, STATUS = -65538, -65537
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NUMBERS_OF_SIGNATURES = (0, 1, _ORDER // 2, _ORDER // 2 + 1, _ORDER - 1, _ORDER)
KEYS = ("now", "now", "now", "destroyed", "retired", "compromised", "narrow")


def value(dice):
    match dice.randrange(5):
        case 0:
            return dice.choice(NUMBERS)
        case 1:
            return dice.choice(TEXTS)
        case 2:
            return dice.choice((True, False, None))
        case 3:
            return bytes(dice.choice((0, 15, 16, 31, 32, 33)))
        case _:
            return [dice.choice(TEXTS), dice.choice(NUMBERS)]


def change_claims(said, dice):
    """Change one member of a token's claims."""
    held = said[LICENSE]
    match dice.randrange(8):
        case 0:
            of_all = value(dice), dice.choice(MIDNIGHTS)
            said[dice.choice((1, 4, 5, 6, STATUS))] = dice.choice(of_all)
        case 1:
            said[STATUS] = [dice.choice(NUMBERS), dice.choice(NUMBERS)]
        case 2:
            held.pop(dice.randrange(1, 14), None)
        case 3:
            held[dice.randrange(16)] = value(dice)
        case 4:
            held[dice.choice((1, 2, 3, 5, 7))] = dice.choice(TEXTS)
        case 5:
            held[dice.choice((4, 6, 8))] = dice.choice(NUMBERS)
        case 6:
            held[9] = [dice.choice(TEXTS), dice.choice(NUMBERS)]
        case _:
            count = dice.choice((0, 1, 2, 5, 22, 23, 24))
            held[11] = {
                f"{dice.choice(TEXTS)}{n}": dice.choice(TEXTS) for n in range(count)
            }


def change_bytes(data, dice):
    """Change, take out, put in or exchange bytes."""
    spoilt = bytearray(data)
    at, other = dice.randrange(len(spoilt)), dice.randrange(len(spoilt))
    match dice.randrange(4):
        case 0:
            spoilt[at] = dice.choice(
                b"\x00\x1f\x60\x77\x78\x18\x19\x1a\x1b\xa0\xb7\xff"
            )
        case 1:
            del spoilt[at : at + dice.choice((1, 2, 5))]
        case 2:
            spoilt[at:at] = dice.randbytes(1)
        case _:
            spoilt[at], spoilt[other] = spoilt[other], spoilt[at]
    return bytes(spoilt)


def odd_text(city, dice):
    bureau = dice.choice(city.bureaus)
    said = cbor.decode(payload.encode(bureau.claims()))
    for _ in range(dice.choice((0, 1, 1, 2))):
        change_claims(said, dice)
    body = cbor.encode(said)
    if not dice.randrange(3):
        body = change_bytes(body, dice)
    token = cose.sign(body, bureau.keys[dice.choice(KEYS)], payload.PURPOSE)
    match dice.randrange(6):
        case 0:
            token = change_bytes(token, dice)
        case 1:
            both = (dice.choice(NUMBERS_OF_SIGNATURES) for _ in range(2))
            token = token[:-64] + b"".join(number.to_bytes(32) for number in both)
    return payload.qr_text(token)


@pytest.mark.parametrize("seed", range(6))
def test_odd_tokens_are_judged_together_as_each_alone(seed, monkeypatch):
    monkeypatch.setattr("elicense.bulk.judge.FEW", 1)
    dice, city = random.Random(seed), City.of(2)
    trust = city.trust()
    good = city.bureaus[0].text()
    judges = {at: bulk.ArrowJudge(trust, at) for at in (AT, AT + DAY)}
    quick = 0
    for at, judge in judges.items():
        for _ in range(8):
            texts = [good, *(odd_text(city, dice) for _ in range(30)), good]
            alone = [validate_text(text, trust, at) for text in texts]
            judged = judge.judge.judge(texts)
            assert judged.verdicts(trust, at) == alone
            quick += 0 if judged.quick is None else len(judged.quick.rows)
            column = pa.RecordBatch.from_pydict({"qr_text": pa.array(texts)})
            assert judge.answer(column) == batch_of(alone)
    assert quick > 50  # odd or not, many take the short way
