import shutil

from elicense import qr
from tests.elicense.cli.department import PERSON, answers, run, sample
from tests.support import ROOT

KEYS = {
    *("identifier", "number", "state", "previous", "successor", "published"),
    *("qr_text", "record", "history"),
}


def test_the_json_has_what_the_contract_says(department):
    told = department.issued("food")
    (shown,) = answers(department.run("show", told["identifier"], "--json"))
    assert set(shown) == KEYS
    assert shown["identifier"] == told["identifier"]
    assert shown["state"] == "ISSUED"
    assert shown["qr_text"] == told["qr_text"]
    assert "salt" not in shown["record"]
    assert shown["record"]["case"] == "case-food"
    assert [event["kind"] for event in shown["history"]] == ["RESERVED", "ISSUED"]


def test_people_see_fields_state_history_and_the_symbol(department):
    told = department.issued("food")
    symbol = qr.to_terminal(qr.encode(told["qr_text"]))
    wanted = {
        "zh": ("状态 已签发", "主体业态 餐饮服务经营者(小餐饮)", "样张 无法律效力"),
        "en": (
            "state issued",
            "Items 热食类食品制售；自制饮品制售",
            "specimen no legal effect",
        ),
    }
    for lang, expected in wanted.items():
        shown = department.run("show", told["identifier"], lang=lang).stdout
        lines = {" ".join(line.split()) for line in shown.splitlines()}
        assert [line for line in expected if line not in lines] == []
        assert " +08:00  " in shown
        assert "business_form" not in shown
        assert symbol in shown
        assert told["qr_text"] in shown
        assert "示例市青禾区小禾面馆" in shown


def test_a_number_that_names_several_shows_all_of_them(own):
    application = sample("special-operation", PERSON)
    number = "T" + application["holders"][0]["code"]
    second = own.issue("special-operation", application, "second.pdf", "--case", "2")
    assert second.exit_code == 0
    result = own.run("show", number, "--json")
    assert result.exit_code == 0
    shown = [item["identifier"] for item in answers(result)]
    first = own.issued("person")["identifier"]
    assert shown == [first, answers(second)[0]["identifier"]]


def test_what_the_register_does_not_hold_is_told(department):
    for lang, expected in (("zh", "没有这个证照标识"), ("en", "no such identifier")):
        result = department.run("show", "T990101196001010007X", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert "990101" not in result.stderr


def test_a_pdf_shows_what_it_says_without_a_workspace(
    department, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "license.pdf"
    shutil.copy(department.folder / "food.pdf", path)
    told = department.issued("food")
    for lang, expected in (("zh", "未经核验"), ("en", "not verified")):
        result = run("show", path, "--json", lang=lang)
        assert expected in result.stderr
        (shown,) = answers(result)
        assert shown["identifier"] == told["identifier"]
        assert shown["qr_text"] == told["qr_text"]
        assert shown["verified"] is False
        assert shown["state"] is None
    human = run("show", path)
    assert "示例市青禾区小禾面馆" in human.stdout
    assert human.exit_code == 0


def test_a_file_that_is_no_license_is_refused(tmp_path):
    path = tmp_path / "other.pdf"
    for content in (b"", b"%PDF-1.7", b"\x89PNG"):
        path.write_bytes(content)
        for lang in ("zh", "en"):
            result = run("show", path, lang=lang)
            assert result.exit_code == 2
            assert result.stdout == ""


def test_what_strangers_can_know_is_told_so(own):
    """A fresh license has its place in a list that is out; a change waits."""
    identifier = own.issued("food")["identifier"]

    def published():
        return answers(own.run("show", identifier, "--json"))[0]["published"]

    assert published() is True
    stranger = run(
        *("verify", own.folder / "food.pdf", "--json"),
        *("--trust", own.trust_file, "--root", own.root),
    )
    assert answers(stranger)[0]["code"] == "VALID"
    revoked = own.run("revoke", identifier, "--reason", "cancelled", lang="zh")
    assert "已终止" in revoked.stdout
    assert published() is False
    assert own.run("publish").exit_code == 0
    assert published() is True
    own.trust_file.unlink()
    assert answers(own.run("show", identifier, "--json"))[0]["published"] is False


def test_a_type_that_is_not_here_is_shown_by_its_keys(own, tmp_path, monkeypatch):
    kind = own.place / "types" / "food-2.toml"
    text = (ROOT / "src" / "elicense" / "types" / "food-business.toml").read_text()
    kind.write_text(text.replace("version = 1\n", "version = 2\n"))
    made = own.issue("food-business", sample("food-business", 3), "two.pdf")
    assert made.exit_code == 0, made.stderr
    path = own.folder / "two.pdf"
    assert "Form of business" in own.run("show", path).stdout
    monkeypatch.chdir(tmp_path)
    assert "business_form" in run("show", path).stdout
