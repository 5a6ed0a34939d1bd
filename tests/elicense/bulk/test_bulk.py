"""Many at once say what each says alone: verdict for verdict, in order."""

import hashlib
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import bulk, payload
from elicense.bulk.arrow import batch_of
from elicense.bulk.judge import Judge
from elicense.model import Validity
from elicense.payload import StatusReference
from elicense.policy import ValidationPolicy
from elicense.snapshot import NEVER, NO_ANSWER, Snapshots
from elicense.trust import no_trust
from elicense.validating import validate_text
from esign import cose
from esign.verdict import Code
from tests.elicense.bulk.city import (
    AT,
    DAY,
    HOST,
    KINDS,
    OPEN,
    TODAY,
    City,
    forged,
    high_s,
    respelled,
)
from tests.elicense.snapshots import put

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module", autouse=True)
def _short_way():
    """Few texts take the short way here, too, which is what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("elicense.bulk.judge.FEW", 1)
        yield


@pytest.fixture(scope="module")
def city():
    return City.of(3)


@pytest.fixture(scope="module")
def trust(city):
    return city.trust()


@pytest.fixture(scope="module")
def planted(city):
    """Every kind from every bureau: (kind, text)."""
    return [
        (kind, make(bureau))
        for bureau in city.bureaus
        for kind, (make, _) in KINDS.items()
    ]


def table_of(texts):
    return pa.RecordBatch.from_pydict({"qr_text": pa.array(texts, pa.string())})


def same(texts, trust, at=AT, **how):
    """Return the verdicts of many, having compared them with those of each."""
    found = list(bulk.validate_many(texts, trust, at, **how))
    alone = [validate_text(text, trust, at, **how) for text in texts]
    assert found == alone
    answers = bulk.ArrowJudge(trust, at, **how).answer(table_of(texts))
    answers.validate(full=True)
    assert answers == batch_of(alone)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_planted_is_found(city, trust, kind):
    make, code = KINDS[kind]
    (verdict,) = same([make(city.bureaus[0])], trust)
    assert verdict.code is code, verdict.checks


def test_a_mixture_is_judged_as_each_of_it(planted, trust):
    texts = [text for _, text in planted]
    for verdict, (kind, _) in zip(same(texts, trust), planted, strict=True):
        assert verdict.code is KINDS[kind][1], kind


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_any_mixture_is_judged_as_each_of_it(planted, trust, data):
    """In any order, with duplicates, at instants around every boundary of a day."""
    chosen = data.draw(st.lists(st.sampled_from(planted), min_size=0, max_size=40))
    days = data.draw(st.sampled_from([0, 1, -1, 300, 301, -11, -10, 8]))
    seconds = data.draw(st.sampled_from([0, -1, 14 * 3600, 14 * 3600 - 1]))
    at = AT + days * DAY + seconds * SECOND
    same([text for _, text in chosen], trust, at)


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_an_edited_character_is_judged_as_alone(planted, trust, data):
    _, text = data.draw(st.sampled_from(planted[:20]))
    at = data.draw(st.integers(0, 9999)) % (len(text) or 1)
    other = data.draw(st.sampled_from("0AZ :%a证\0\ud800"))
    edited = text[:at] + other + text[at + data.draw(st.integers(0, 1)) :]
    verdicts = list(bulk.validate_many([text, edited, text], trust, AT))
    assert verdicts == [validate_text(each, trust, AT) for each in (text, edited, text)]
    if verdicts[1].code is Code.VALID:  # another host of the on-line carrier
        assert payload.read_qr_text(edited) == payload.read_qr_text(text)


def test_the_borders_of_a_day_are_those_of_one_by_one(city, trust):
    bureau = city.bureaus[0]
    midnight = datetime.fromisoformat("2026-11-21T00:00:00+08:00")
    texts = [
        bureau.text(validity=Validity(TODAY + first * DAY, TODAY + last * DAY))
        for first, last in [(-1, -1), (-1, 0), (0, 0), (0, 1), (1, 1)]
    ]
    policy = ValidationPolicy(max_status_age=30 * DAY)
    codes = {
        seconds: [
            verdict.code.text
            for verdict in same(
                texts, trust, midnight + seconds * SECOND, policy=policy
            )
        ]
        for seconds in (10 * 3600, 86400 - 1, 86400)
    }
    assert codes[10 * 3600] == ["EXPIRED", "VALID", "VALID", "VALID", "NOT_YET_VALID"]
    assert codes[86400 - 1] == codes[10 * 3600]
    assert codes[86400] == ["EXPIRED", "EXPIRED", "EXPIRED", "VALID", "VALID"]


def test_without_trust_nothing_passes(planted):
    texts = [text for _, text in planted[:60]]
    codes = {verdict.code for verdict in same(texts, no_trust("nothing"))}
    assert Code.VALID not in codes
    assert Code.UNKNOWN_ISSUER in codes


def test_a_clock_that_went_back_is_told(planted, trust):
    texts = [text for _, text in planted[:60]]
    later = trust.on_clock(AT + 30 * DAY)
    codes = Counter(verdict.code for verdict in same(texts, later))
    assert codes[Code.CLOCK_ROLLBACK] > 10
    assert Code.VALID not in codes


def test_an_old_bundle_is_stale(planted, trust):
    policy = ValidationPolicy(max_bundle_age=DAY, max_status_age=30 * DAY)
    texts = [text for _, text in planted[:60]]
    verdicts = same(texts, trust, AT + 2 * DAY, policy=policy)
    assert Code.VALID not in {verdict.code for verdict in verdicts}
    assert verdicts[0].code is Code.STALE


def test_evidence_is_asked_for_rows_of_keys_in_doubt(planted, trust):
    texts = [text for _, text in planted]
    same(texts, trust, evidence=(b"no timestamp",))


def test_another_carrier_or_spelling_of_a_revoked_token_is_never_valid(city, trust):
    token = city.bureaus[1].token(status=StatusReference(OPEN, 1))
    text = payload.qr_text(token)
    forms = [
        text,
        payload.qr_text(token, check_page=HOST),
        payload.qr_text(high_s(token)),
        respelled(text),
        text.lower(),
        text[:12] + text[12:].lower(),
        f"{text}0",
        f" {text}",
        text.replace("EL1", "EL2", 1),
    ]
    codes = [verdict.code for verdict in same(forms, trust)]
    assert codes[:4] == [Code.REVOKED] * 2 + [Code.MALFORMED] * 2
    assert Code.VALID not in codes


def test_no_text_gives_no_verdict(city, trust, tmp_path):
    assert list(bulk.validate_many([], trust, AT)) == []
    bureau = city.bureaus[0]
    tokens = [bureau.token()]
    made = put(tmp_path / "snapshot", tokens, bureau.keys["now"], bureau.code, AT)
    for snapshots in (None, Snapshots.open([made.path], trust, AT)):
        judge = bulk.ArrowJudge(trust, AT, snapshots=snapshots)
        answers = judge.answer(table_of([]))
        assert (answers.num_rows, answers.schema) == (0, bulk.SCHEMA)


def test_texts_are_read_as_they_are_needed(city, trust):
    text, asked = city.bureaus[0].text(), []

    def endless():
        while True:
            asked.append(1)
            yield text

    verdicts = bulk.validate_many(endless(), trust, AT)
    assert next(verdicts).code is Code.VALID
    assert len(asked) == bulk.BATCH


def test_several_processes_say_the_same_in_order(planted, trust):
    texts = [text for _, text in planted] * 8
    alone = list(bulk.validate_many(texts, trust, AT))
    assert list(bulk.validate_many(texts, trust, AT, workers=2)) == alone
    with pytest.raises(ValueError, match="workers"):
        bulk.validate_many(texts, trust, AT, workers=0)


def test_an_instant_without_a_zone_is_a_mistake(trust):
    with pytest.raises(TypeError, match="aware"):
        bulk.validate_many([], trust, datetime(2026, 1, 1))  # noqa: DTZ001


def signed_anyhow(bureau, said, old, new):
    """Return the text of a token that its key signed, with other bytes than ours."""
    data = payload.encode(said)
    assert data.count(old) == 1
    spoilt = data.replace(old, new)
    return payload.qr_text(cose.sign(spoilt, bureau.keys["now"], payload.PURPOSE))


def test_what_a_good_key_signed_in_no_spelling_spoils_none_beside_it(city, trust):
    bureau = city.bureaus[0]
    said = bureau.claims()
    holder = said.holder.encode()
    torn = signed_anyhow(bureau, said, holder, b"\xff" * len(holder))
    last = said.identifier.encode()[-1:]
    wrong = bytes([ord("0") if last != b"0" else ord("1")])
    part = said.identifier.split(".", 5)[5].encode()
    unchecked = signed_anyhow(bureau, said, part, part[:-1] + wrong)
    verdicts = same([bureau.text(), torn, bureau.text(), unchecked], trust)
    assert [verdict.code for verdict in verdicts[::2]] == [Code.VALID] * 2
    assert verdicts[1].code is Code.MALFORMED
    assert verdicts[3].code is not Code.VALID
    assert same([torn, torn], trust)[0].code is Code.MALFORMED


def test_forged_rows_take_the_short_way_and_say_what_each_says_alone(city, trust):
    texts = [
        payload.qr_text(forged(bureau.token(status=StatusReference(OPEN, index))))
        for bureau in city.bureaus
        for index in range(4)
    ]
    verdicts = same([*texts, city.bureaus[0].text(), *texts], trust)
    codes = Counter(verdict.code for verdict in verdicts)
    assert codes == {Code.BAD_SIGNATURE: 2 * len(texts), Code.VALID: 1}
    judged = Judge(trust, AT).judge(texts)
    assert not judged.alone
    assert all(verdict.claims is None for verdict in judged.verdicts(trust, AT))


def test_few_texts_are_judged_each_alone(city, trust, monkeypatch):
    monkeypatch.setattr("elicense.bulk.judge.FEW", 3)
    texts = [city.bureaus[0].text() for _ in range(3)]
    same(texts, trust)
    same(texts[:2], trust)
    judge = Judge(trust, AT)
    assert [len(judge.judge(texts[:n]).alone) for n in (0, 1, 2, 3)] == [0, 1, 2, 0]


def test_more_than_so_many_at_a_time_are_refused(trust, monkeypatch):
    monkeypatch.setattr("elicense.bulk.judge.MOST", 2)
    with pytest.raises(ValueError, match="at most 2"):
        Judge(trust, AT).judge(["x"] * 3)


def test_what_is_kept_of_a_judge_has_bounds(city, trust, monkeypatch):
    monkeypatch.setattr("elicense.bulk.judge.MEMO", 0)
    monkeypatch.setattr("elicense.bulk.keys._NAMES", 1)
    bureau = city.bureaus[0]
    texts = [bureau.text(issue_date=TODAY - days * DAY) for days in range(3)]
    judge = Judge(trust, AT)
    for _ in range(2):
        judged = judge.judge(texts)
        assert not judge._contexts
        assert len(judge._granted) <= 1
        assert judged.verdicts(trust, AT) == [
            validate_text(text, trust, AT) for text in texts
        ]


def test_forged_rows_of_one_context_fill_nothing_without_end(city, trust, monkeypatch):
    monkeypatch.setattr("elicense.bulk.judge.MEMO", 50)
    token = city.bureaus[0].token(status=StatusReference(OPEN, 1 << 20))
    place = token.index((1 << 20).to_bytes(4))
    judge = Judge(trust, AT)
    for start in range(0, 400, 40):
        numbers = range((1 << 20) + start, (1 << 20) + start + 40)
        tokens = [
            token[:place] + number.to_bytes(4) + token[place + 4 :]
            for number in numbers
        ]
        texts = list(map(payload.qr_text, tokens))
        judged = judge.judge(texts)
        assert not judged.alone
        alone = [validate_text(text, trust, AT) for text in texts]
        assert judged.verdicts(trust, AT) == alone
        held = sum(len(one.outcomes) for one in judge._contexts.values())
        assert len(judge._outcomes) <= held <= 50


# The Arrow function.


def test_columns_may_be_large_encoded_sliced_or_null(city, trust):
    good = city.bureaus[0].text()
    judge = bulk.ArrowJudge(trust, AT)
    columns = [
        pa.array([good, None, good], pa.string()),
        pa.array([good, None, good], pa.large_string()),
        pa.array([good, None, good]).dictionary_encode(),
        pa.array(["x", good, None, good]).slice(1),
    ]
    for column in columns:
        batch = pa.RecordBatch.from_arrays([column], names=["qr_text"])
        found = judge.answer(batch).column("code").to_pylist()
        assert found == ["VALID", "UNREADABLE", "VALID"]


RAW = [b"EL1-AQYZ/.:$\xff", None, b"HTTPS://A.CN/#EL1\xe8\xaf", b"\xed\xa0\x80", b"ok"]


@pytest.mark.parametrize("how", ["alone", "snapshots", "snapshots and claims"])
def test_bytes_that_are_no_utf_8_are_rows_and_stop_nothing(city, trust, tmp_path, how):
    """Strings of Arrow are what somebody wrote; nobody looked whether they are any."""
    bureau = city.bureaus[0]
    token = bureau.token()
    good = [payload.qr_text(token), payload.qr_text(token, check_page=HOST)]
    spoilt = [one.encode().replace(b"#EL1", b"#EL1\xff") for one in good[1:]]
    raw = [*(one.encode() for one in good), *RAW, *spoilt, good[0].encode()]
    data = pa.array(raw, pa.binary())
    column = pa.Array.from_buffers(pa.string(), len(raw), data.buffers())
    made = put(tmp_path / "snapshot", [token], bureau.keys["now"], bureau.code, AT)
    opened = None if how == "alone" else Snapshots.open([made.path], trust, AT)
    judge = bulk.ArrowJudge(trust, AT, snapshots=opened, claims="claims" in how)
    batch = pa.RecordBatch.from_arrays([column], names=["qr_text"])
    answers = judge.answer(batch)
    answers.validate(full=True)
    texts = [(one or b"").decode(errors="replace") for one in raw]
    each = [validate_text(text, trust, AT).code.text for text in texts]
    codes = answers.column("code").to_pylist()
    assert codes == each
    odd = ["MALFORMED", "UNREADABLE", "MALFORMED", "UNSUPPORTED", "UNSUPPORTED"]
    assert codes == ["VALID", "VALID", *odd, "MALFORMED", "VALID"]
    used = answers.column("evidence").to_pylist().count("snapshot")
    assert used == (0 if opened is None else 3)


def test_a_batch_without_texts_is_a_mistake(trust):
    judge = bulk.ArrowJudge(trust, AT)
    with pytest.raises(KeyError):
        judge.answer(pa.RecordBatch.from_pydict({"text": ["x"]}))
    with pytest.raises(TypeError, match="strings"):
        judge.answer(pa.RecordBatch.from_pydict({"qr_text": [1]}))


def digest(text):
    return hashlib.sha256(text.encode()).digest()


class Known(NamedTuple):
    """Snapshots that know some texts, and say that all of them are revoked."""

    texts: list[str]
    kinds: tuple[()] = ()

    def answer_each(self, texts):
        found, known = texts.digests(), list(map(digest, self.texts))
        each = [found[at : at + 32] for at in range(0, len(found), 32)]
        codes = [9 if one in known else NO_ANSWER for one in each]
        as_of = [1_000 if one == known[0] else NEVER for one in each]
        kinds = np.full(len(texts), -1)
        return Told(np.array(codes, np.uint8), np.array(as_of, np.int64), kinds)


class Told(NamedTuple):
    codes: object
    as_of: object
    kinds: object


def test_what_snapshots_do_not_know_is_verified(city, trust):
    texts = [city.bureaus[0].text() for _ in range(4)]
    texts[2] = texts[2].lower()
    batch = table_of(texts)
    seen = {}
    for known in ([], texts[:1], [texts[0], texts[3]], texts):
        judge = bulk.ArrowJudge(trust, AT, snapshots=Known(known or ["none"]))
        answers = judge.answer(batch)
        assert answers.schema.names == bulk.SCHEMA.names
        answers.validate(full=True)
        seen[len(known)] = answers.select(["code", "evidence"]).to_pylist()
        times = answers.column("status_as_of").to_pylist()
        assert (times[0].timestamp() == 1_000) is bool(known)
        assert (answers.column("identifier").to_pylist()[0] is None) is bool(known)
    signature = {"code": "VALID", "evidence": "signature"}
    lower = {"code": "UNSUPPORTED", "evidence": "signature"}
    snapshot = {"code": "REVOKED", "evidence": "snapshot"}
    assert seen[0] == [signature, signature, lower, signature]
    assert seen[1] == [snapshot, signature, lower, signature]
    assert seen[2] == [snapshot, signature, lower, snapshot]
    assert seen[4] == [snapshot] * 4


# At size.


@pytest.mark.slow
def test_a_hundred_thousand_of_275_issuers_are_as_planted():
    city = City.of(275)
    trust = city.trust()
    dice = random.Random(7)
    kinds = list(KINDS)
    planted = [
        (kind, KINDS[kind][0](bureau)) for bureau in city.bureaus for kind in kinds
    ]
    good = [("good", city.bureaus[number % 275].text()) for number in range(12_000)]
    pool = planted + good
    mixed = pool + [dice.choice(pool) for _ in range(100_000 - len(pool))]
    dice.shuffle(mixed)
    verdicts = bulk.validate_many((text for _, text in mixed), trust, AT)
    count = 0
    for (kind, _), verdict in zip(mixed, verdicts, strict=True):
        assert verdict.code is KINDS[kind][1], kind
        count += 1
    assert count == 100_000
    assert len({code for _, code in KINDS.values()}) >= 12
