"""Closing a key that was taken away, and a hub that has seen a snapshot."""

import json
import shutil
import time

import pytest

from elicense.hub import Hub
from elicense.snapshot.manifest import open_manifest
from elicense.trust import FORMAT_CLOSING
from elicense.trust.reading import open_file
from tests.elicense.cli.department import answers, run, sample

HUB_CODE = "119901000000000430"


def token_key(own):
    found = answers(own.run("keys", "list", "--json"))
    return [item["key"] for item in found if item["purpose"] == "token"][-1]


def verified(own, *more, pdf="food.pdf"):
    done = own.run(
        "verify",
        own.folder / pdf,
        *("--trust", own.trust_file, "--root", own.root, "--json", *more),
    )
    (answer,) = answers(done)
    return answer


@pytest.fixture
def taken(own):
    """A department whose first token key was taken away before it was renewed."""
    own.old = token_key(own)
    file = own.place / "keys" / f"token-{own.old}.pem"
    file.rename(own.folder / file.name)
    time.sleep(1.1)  # a key signs for a second at least
    done = own.run("keys", "renew", "token", "--json")
    assert done.exit_code == 0, done.stderr
    assert answers(done)[0]["key"]["destroyed"] is False
    own.snapshots = own.place / "public" / "snapshot"
    own.closing = own.snapshots / f"closing-{own.old}.cose"
    return own


def test_a_key_that_was_taken_away_is_closed_by_a_snapshot(taken):
    own = taken
    assert verified(own)["code"] == "KEY_COMPROMISED"
    done = own.run("keys", "close", own.old, "--json")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    assert answer["published"] is True
    assert answer["file"] == str(own.closing)
    assert (answer["inside"], answer["left_out"]) == (3, 0)
    digest = answer["key"]["closing"]
    assert open_file(own.trust_file.read_bytes()).format == FORMAT_CLOSING

    missing = verified(own)
    assert missing["code"] == "KEY_COMPROMISED"
    (check,) = (item for item in missing["checks"] if item["id"] == "key")
    assert digest in json.dumps(missing), check
    evidence = ("--evidence", own.closing)
    for case in ("food", "business", "person"):
        assert verified(own, *evidence, pdf=f"{case}.pdf")["code"] == "VALID"

    # The manifest that stands there now is another one, signed anew.
    assert own.run("publish").exit_code == 0
    assert verified(own, "--evidence", own.snapshots / "manifest.cose")["code"] == (
        "KEY_COMPROMISED"
    )
    assert verified(own, *evidence)["code"] == "VALID"


def test_what_has_no_row_is_told_for_it_is_lost(taken, monkeypatch):
    own, evidence = taken, ("--evidence", taken.closing)
    with monkeypatch.context() as patch:
        patch.setattr("elicense.snapshot.rows.MAX_INDEX", -1)
        own.run("publish")
        (own.snapshots / "manifest.cose").unlink()  # all is built anew
        done = own.run("keys", "close", own.old)
    assert done.exit_code == 0, done.stderr
    assert "3 license(s) can have no row" in done.stderr
    assert verified(own, *evidence)["code"] == "KEY_COMPROMISED"


def test_its_files_stay_when_others_are_tidied_away(taken):
    own = taken
    assert own.run("keys", "close", own.old).exit_code == 0
    _, manifest = open_manifest(own.closing.read_bytes())
    for n in range(3):
        done = own.issue(
            "food-business", sample("food-business", n + 10), f"more-{n}.pdf"
        )
        assert done.exit_code == 0, done.stderr
        assert own.run("publish").exit_code == 0
    assert (own.snapshots / manifest.columns_file).is_file()
    assert len(list(own.snapshots.glob("*.columns"))) == 3
    evidence = ("--evidence", own.closing)
    assert verified(own, *evidence)["code"] == "VALID"
    assert verified(own, pdf="more-0.pdf")["code"] == "VALID", "of the new key"
    own.closing.write_bytes(b"damaged")
    before = set(own.snapshots.iterdir())
    own.issue("food-business", sample("food-business", 20), "last.pdf")
    assert own.run("publish").exit_code == 0
    assert before <= set(own.snapshots.iterdir()), "then nothing is removed"


def test_a_key_is_closed_once(taken):
    own = taken
    first = answers(own.run("keys", "close", own.old, "--json"))[0]["key"]
    kept = own.closing.read_bytes()
    again = answers(own.run("keys", "close", own.old, "--json"))[0]
    assert again["key"] == first
    assert again["published"] is True
    assert own.closing.read_bytes() == kept
    for lang, words in (("zh", "封存"), ("en", "closed")):
        for args in (("keys", "list"), ("trust", "show", own.trust_file)):
            shown = own.run(*args, lang=lang)
            assert words in shown.stdout
            assert first["closing"][:8] in shown.stdout
    shown = answers(own.run("trust", "show", own.trust_file, "--json"))[0]
    closings = {item["kid"]: item["closing"] for item in shown["keys"]}
    assert closings.pop(own.old) == first["closing"]
    assert set(closings.values()) == {None}


def test_a_key_that_is_attested_later_is_good_without_its_snapshot(taken):
    own = taken
    assert own.run("keys", "close", own.old).exit_code == 0
    assert own.run("keys", "retire", own.old).exit_code == 0
    assert verified(own)["code"] == "VALID"


WRONG = {
    "the key that signs": ("renew it first", "请先更换"),
    "a key that signs no licenses": ("signs no licenses", "不签署证照"),
    "a key that was destroyed": ("attested destroyed", "已确认销毁"),
    "a key that is none": ("no key", "没有密钥"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_closed(own, case):
    key = token_key(own)
    listed = answers(own.run("keys", "list", "--json"))
    if case == "a key that is none":
        key = "0" * 16
    if case == "a key that signs no licenses":
        key = next(item["key"] for item in listed if item["purpose"] == "status")
    if case == "a key that was destroyed":
        time.sleep(1.1)
        assert own.run("keys", "renew", "token").exit_code == 0
    for lang, words in zip(("en", "zh"), WRONG[case], strict=True):
        done = own.run("keys", "close", key, lang=lang)
        assert done.exit_code == 2
        assert words in done.stderr
    assert not list((own.place / "public" / "snapshot").glob("closing-*"))


def bulk(own, *more):
    table = own.folder / "in.jsonl"
    texts = [own.issued(case)["qr_text"] for case in ("food", "business")]
    table.write_text("".join(json.dumps({"qr_text": t}) + "\n" for t in texts))
    out = own.folder / "out.jsonl"
    done = run(
        *("verify-bulk", table, "--trust", own.trust_file, "--root", own.root),
        *("--out", out, *more),
    )
    assert done.exit_code in (0, 3), done.stderr
    return [json.loads(line)["code"] for line in out.read_text().splitlines()]


def test_many_at_once_are_told_the_same(taken):
    own = taken
    assert own.run("keys", "close", own.old).exit_code == 0
    current = ("--snapshot", own.snapshots / "manifest.cose")
    assert bulk(own) == ["KEY_COMPROMISED"] * 2
    assert bulk(own, "--evidence", own.closing) == ["VALID"] * 2
    assert bulk(own, "--snapshot", own.closing) == ["VALID"] * 2
    assert bulk(own, *current, "--evidence", own.closing) == ["VALID"] * 2
    # Nothing was published since: it is the same manifest, which the bundle names.
    assert own.run("publish").exit_code == 0
    assert bulk(own, *current) == ["KEY_COMPROMISED"] * 2


@pytest.fixture
def hub(own, tmp_path):
    """Make a hub that countersigns, and has the department granted."""
    hub = tmp_path / "hub"
    made = run("trust", "hub", hub, "--name", "示例市数据局", "--uscc", HUB_CODE)
    assert made.exit_code == 0, made.stderr
    assert Hub(hub).table.organization == HUB_CODE
    granted = run(
        *("trust", "grant", hub, own.trust_file, "--root", own.root),
        *("--types", "food-business,business-license"),
    )
    assert granted.exit_code == 0, granted.stderr
    assert own.run("publish").exit_code == 0, "with the licenses"
    return hub


def merged(own, hub, *more):
    return run("trust", "merge", own.trust_file, "--hub", hub, "--json", *more)


def test_a_hub_countersigns_what_a_department_publishes(own, hub):
    done = merged(own, hub, "--snapshot", own.place / "public" / "snapshot")
    assert done.exit_code == 0, done.stderr
    (answer,) = answers(done)
    (seen,) = answer["snapshots"]
    assert (answer["manifests_refused"], seen["number"]) == ([], 2)
    published = hub / "public" / "trust.elt"
    shown = answers(run("trust", "show", published, "--json"))[0]
    assert shown["countersigner"] == HUB_CODE
    assert shown["snapshots"] == [seen]
    for lang, words in (("zh", "快照见证机构"), ("en", "snapshots seen by")):
        text = run("trust", "show", published, lang=lang).stdout
        assert words in text
        assert HUB_CODE in text


def test_what_a_hub_saw_before_a_theft_stays_good(own, hub, tmp_path):
    kept = tmp_path / "kept"
    shutil.copytree(own.place / "public" / "snapshot", kept)
    snapshot = ("--snapshot", kept / "manifest.cose")
    (seen,) = answers(merged(own, hub, *snapshot))[0]["snapshots"]
    time.sleep(1.1)
    later = answers(merged(own, hub, *snapshot))[0]
    assert later["snapshots"] == [seen]
    assert later["issued_at"] > seen["seen_at"]

    since = later["issued_at"]
    compromised = own.run("keys", "compromised", "token", "--from", since)
    assert compromised.exit_code == 0, compromised.stderr
    assert answers(merged(own, hub))[0]["snapshots"] == [seen]
    verify = (
        *("verify", own.folder / "food.pdf", "--json"),
        *("--trust", hub / "public" / "trust.elt"),
        *("--root", Hub(hub).table.root),
    )
    assert answers(run(*verify))[0]["code"] == "KEY_COMPROMISED"
    evidence = ("--evidence", kept / "manifest.cose")
    assert answers(run(*verify, *evidence))[0]["code"] == "VALID"


def test_a_manifest_that_a_hub_does_not_countersign_is_told(own, tmp_path):
    hub = tmp_path / "hub"
    assert run("trust", "hub", hub, "--name", "示例市数据局").exit_code == 0
    granted = run(
        *("trust", "grant", hub, own.trust_file, "--root", own.root),
        *("--types", "food-business"),
    )
    assert granted.exit_code == 0, granted.stderr
    snapshots = own.place / "public" / "snapshot"
    junk = tmp_path / "junk.cose"
    junk.write_bytes(b"junk")
    for lang, words in (
        ("zh", ("没有 organization", "不是快照清单", "missing.cose")),
        ("en", ("has no organization", "not a snapshot manifest", "missing.cose")),
    ):
        done = run(
            *("trust", "merge", own.trust_file, "--hub", hub),
            *("--snapshot", snapshots, "--snapshot", junk),
            *("--snapshot", tmp_path / "missing.cose"),
            lang=lang,
        )
        assert done.exit_code == 1
        for text in words:
            assert text in done.stderr
    refused = run(
        *("trust", "merge", own.trust_file, "--hub", hub, "--json"),
        *("--snapshot", snapshots),
    )
    (answer,) = answers(refused)
    assert answer["snapshots"] == []
    assert answer["manifests_refused"][0]["file"].endswith("manifest.cose")


def test_a_hub_of_a_code_that_is_none_is_not_made(tmp_path):
    for code in ("x", HUB_CODE.lower() + "1"):
        done = run("trust", "hub", tmp_path / "h", "--name", "示例", "--uscc", code)
        assert done.exit_code == 2
        assert "USCC" in done.stderr
        assert not (tmp_path / "h").exists()
