"""``verify-bulk --snapshot``: the same answers; what is refused is told."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from elicense import memory, payload, snapshot_memory
from elicense.bulk import validate_many
from elicense.snapshot import CODES, NO_ANSWER, Snapshots
from elicense.validating import validate_text
from esign.verdict import Code
from tests.elicense.bulk.city import KINDS, City
from tests.elicense.cli.department import run
from tests.elicense.snapshots import put

AT = "2026-11-21T02:00:00Z"
UNSIGNED = {
    *(Code.MALFORMED, Code.UNREADABLE, Code.UNSUPPORTED, Code.UNKNOWN_ISSUER),
    *(Code.BAD_SIGNATURE, Code.NOT_AUTHORIZED),
}


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Texts of every kind from five departments, and a snapshot of each."""
    made = City.of(5)
    folder = tmp_path_factory.mktemp("city")
    made.file, made.pin = made.published()
    (folder / "trust.elt").write_bytes(made.file)
    made.options = ("--trust", folder / "trust.elt", "--root", made.pin)
    made.state, made.texts, made.paths = made.trust(), [], []
    for bureau in made.bureaus:
        texts = [make(bureau) for make, _ in KINDS.values()]
        codes = [validate_text(text, made.state, made.at).code for text in texts]
        signed = {
            payload.read_qr_text(text)
            for text, code in zip(texts, codes, strict=True)
            if code not in UNSIGNED
        }
        place = folder / bureau.code
        snapshot = put(place, signed, bureau.keys["now"], bureau.code, made.at)
        made.paths.append(snapshot.path)
        made.texts += texts
    made.codes = [code for _, code in KINDS.values()] * len(made.bureaus)
    made.table = folder / "in.jsonl"
    lines = [json.dumps({"qr_text": text}) + "\n" for text in made.texts]
    made.table.write_text("".join(lines))
    return made


@pytest.mark.parametrize("hours", [0, -1, 1, 13, 14, 15, 38, 100])
def test_one_by_one_many_and_snapshots_agree(city, hours):
    at = city.at + timedelta(hours=hours)
    alone = [validate_text(text, city.state, at) for text in city.texts]
    many = list(validate_many(city.texts, city.state, at))
    assert [verdict.code for verdict in many] == [verdict.code for verdict in alone]
    snapshots = Snapshots.open(city.paths, city.state, at)
    assert not snapshots.refused
    answers = snapshots.answer(city.texts)
    answered = 0
    for verdict, number, kind in zip(alone, answers.codes, answers.kinds, strict=True):
        if number == NO_ANSWER:
            assert kind == -1
            continue
        answered += 1
        assert CODES[number] is verdict.code
        assert verdict.claims is not None
        assert snapshots.kinds[kind].issuer == verdict.claims.issuer
        assert snapshots.kinds[kind].type_name == verdict.claims.type_name
    assert answered > len(city.bureaus) * 10
    quick = list(validate_many(city.texts, city.state, at, snapshots=snapshots))
    assert quick == [
        verdict if number == NO_ANSWER else replace(verdict, evidence="snapshot")
        for verdict, number in zip(alone, answers.codes, strict=True)
    ]


def answered(city, out, *more, codes=True):
    args = ("verify-bulk", city.table, *city.options, "--at", AT, "--out", out)
    result = run(*args, *more)
    assert result.exit_code == 1, result.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    if codes:
        assert [Code[row["code"]] for row in rows] == city.codes
    return rows, result.stderr


def test_the_command_asks_snapshots_first(city, tmp_path):
    given = [part for path in city.paths for part in ("--snapshot", path)]
    plain, told = answered(city, tmp_path / "a.jsonl")
    quick, again = answered(city, tmp_path / "b.jsonl", *given, "--workers", 2)
    full, _ = answered(city, tmp_path / "c.jsonl", *given, "--claims")
    used = [row["evidence"] == "snapshot" for row in quick]
    assert sum(used) > 50
    assert "(issuer not known)" in told
    for one, other, third, snapshot in zip(plain, quick, full, used, strict=True):
        assert third == {**one, "evidence": third["evidence"]}
        assert other["type"] == one["type"]
        assert other["issuer"] == one["issuer"]
        assert (other["identifier"] is None) == (snapshot or one["identifier"] is None)
    total = told.splitlines()[-1].partition(";")[0]
    assert total == again.splitlines()[-1].partition(";")[0]


@pytest.mark.parametrize(("lang", "word"), [("zh", "不使用快照"), ("en", "not used")])
def test_a_snapshot_that_is_refused_is_told(city, tmp_path, lang, word):
    broken = tmp_path / "manifest.cose"
    broken.write_bytes(b"\xd2")
    args = ("verify-bulk", city.table, *city.options, "--at", AT)
    out = tmp_path / "out.jsonl"
    more = ("--snapshot", broken, "--snapshot", tmp_path / "missing.cose")
    result = run(*args, "--out", out, *more, lang=lang)
    assert result.exit_code == 1
    assert result.stderr.count(word) == 2
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [Code[row["code"]] for row in rows] == city.codes


def test_a_number_that_fell_is_noticed_where_something_is_pinned(city, tmp_path):
    home, bare = tmp_path / "home", tmp_path / "bare"
    bare.mkdir()
    memory.pin(home, city.file, city.pin, city.at)
    bureau = city.bureaus[0]
    tokens = [payload.read_qr_text(city.texts[0])]
    given = (tokens, bureau.keys["now"], bureau.code, city.at)
    new = put(tmp_path / "new", *given, number=8)
    old = put(tmp_path / "old", *given, number=7)
    trust_file, bundle, root_option, pin = city.options
    args = ("verify-bulk", city.table, trust_file, bundle, "--at", AT)

    def told(made, where=home, *root):
        out = tmp_path / "out.jsonl"
        more = ("--out", out, "--snapshot", made.path, *root)
        result = run(*args, *more, env={"ELICENSE_HOME": str(where)})
        return result.exit_code, "not used" in result.stderr

    for root in ((), (root_option, pin)):
        assert told(old, home, *root) == (1, bool(root))
        assert told(new, home, *root) == (1, False)
        assert told(old, home, *root) == (1, True)
        assert told(new, home, *root) == (1, False)
    assert snapshot_memory.recall(home)[bureau.code][0] == 8
    path = home / snapshot_memory.FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    # Where nothing is pinned, or not this root, nothing is compared and nothing kept.
    assert told(new, bare, root_option, pin) == (1, False)
    assert told(old, bare, root_option, pin) == (1, False)
    assert [*bare.iterdir()] == []
    # A file that is gone or damaged is an error once something was pinned.
    kept = path.read_bytes()
    for data in (b"", kept + b" ", kept.replace(b",8,", b",7,"), None):
        path.unlink() if data is None else path.write_bytes(data)
        code, _ = told(new)
        assert code == 2
    memory.pin(home, city.file, city.pin, city.at)
    assert told(old) == (1, False)
