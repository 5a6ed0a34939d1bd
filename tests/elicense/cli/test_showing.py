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
            (
                "Items 热食类食品制售；冷食类食品制售（不含凉拌菜）；"
                "自制饮品制售（不含自酿酒）"
            ),
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


def test_every_form_of_the_metadata_is_one_object_of_the_same_values(department):
    told = department.issued("food")
    for lang, worth in (("zh", "无法律效力"), ("en", "no legal effect")):
        values = []
        for keys, name in NAMED.items():
            args = ("show", told["identifier"], "--gbt36903", keys)
            result = department.run(*args, lang=lang)
            (shown,) = answers(result)
            assert shown[name] == told["identifier"]
            assert worth in result.stderr
            values.append(list(shown.values()))
            assert values[-1][-1] == "已签发"
        before_the_fields = {tuple(item[:19]) for item in values}
        assert len(before_the_fields) == 1


NAMED = {"zh": "证照标识", "pinyin": "ZZBS", "en": "certificate_identifier"}


def test_the_metadata_of_a_pdf_needs_no_workspace_and_has_no_state(
    department, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    path = shutil.copy(department.folder / "person.pdf", tmp_path)
    identifier = department.issued("person")["identifier"]
    result = run("show", path, "--gbt36903", "zh")
    assert "not verified" in result.stderr
    assert "no legal effect" in result.stderr
    (shown,) = answers(result)
    (known,) = answers(department.run("show", identifier, "--gbt36903", "zh"))
    assert known.pop("状态") == "已签发"
    assert shown == known
    assert len(shown["证照签章时间"]) == len("yyyyMMddHHmmss")


def test_a_number_that_names_several_gives_the_metadata_of_each(own):
    application = sample("special-operation", PERSON)
    number = "T" + application["holders"][0]["code"]
    own.issue("special-operation", application, "second.pdf", "--case", "2")
    found = answers(own.run("show", number, "--gbt36903", "pinyin"))
    assert len({shown["ZZBS"] for shown in found}) == 2
    assert [shown["ZZBH"] for shown in found] == [number] * 2


def test_the_metadata_tells_what_became_of_a_license(own):
    identifier = own.issued("food")["identifier"]
    own.run("revoke", identifier, "--reason", "cancelled")
    (shown,) = answers(own.run("show", identifier, "--gbt36903", "en"))
    assert shown["status"] == "已终止"


def test_options_that_do_not_go_together_are_refused(department):
    told, path = department.issued("food")["identifier"], department.folder / "food.pdf"
    cases = {
        ("show", told, "--gbt36903", "zh", "--json"): ("不能", "neither"),
        ("show", told, "--gbt36903", "zh", "--at", "2026-11-20"): ("不能", "neither"),
        ("show", path, "--at", "2026-11-20"): ("登记库", "asks the register"),
        ("show", told, "--gbt36903", "cn"): ("gbt36903", "gbt36903"),
    }
    for args, expected in cases.items():
        for lang, text in zip(("zh", "en"), expected, strict=True):
            result = department.run(*args, lang=lang)
            assert result.exit_code == 2
            assert result.stdout == ""
            assert text in result.stderr


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
    kind = own.place / "types" / "food-3.toml"
    text = (ROOT / "src" / "elicense" / "types" / "food-business.2.toml").read_text()
    kind.write_text(text.replace("\nversion = 2\n", "\nversion = 3\n"))
    made = own.issue("food-business", sample("food-business", 3), "three.pdf")
    assert made.exit_code == 0, made.stderr
    path = own.folder / "three.pdf"
    assert "Form of business" in own.run("show", path).stdout
    monkeypatch.chdir(tmp_path)
    assert "business_form" in run("show", path).stdout
