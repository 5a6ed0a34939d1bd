import base64
import io

import pytest
from PIL import Image

from elicense import payload
from elicense.masking import contains_citizen_id
from tests.elicense.cli.department import PERSON, answers, run, sample
from tests.support import ROOT


def changed(type_name, **fields):
    """Return a sample with some fields replaced; None leaves a field out."""
    application = {**sample(type_name, 50), **fields}
    return {key: value for key, value in application.items() if value != "LEFT OUT"}


def holder(type_name, **members):
    application = sample(type_name, 50)
    application["holders"] = [{**application["holders"][0], **members}]
    return application


def tiny():
    out = io.BytesIO()
    Image.new("RGB", (20, 25)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


FOOD, PERSONS, BUSINESS = "food-business", "special-operation", "business-license"
WRONG = {
    "an unknown type": (
        "food",
        sample(FOOD, 50),
        "没有这种证照类型",
        "no license type",
    ),
    "a field missing": (
        FOOD,
        changed(FOOD, premises="LEFT OUT"),
        "premises",
        "missing",
    ),
    "a field too many": (FOOD, changed(FOOD, color="red"), "不认识该项", "unknown key"),
    "a wrong check digit of a USCC": (
        FOOD,
        holder(FOOD, code="92990101MA00000505"),
        "holders[0].code",
        "holders[0].code",
    ),
    "a wrong check digit of a citizen id": (
        PERSONS,
        holder(PERSONS, code="990101196001010001"),
        "holders[0].code",
        "holders[0].code",
    ),
    "a wrong check digit of the number": (
        FOOD,
        changed(FOOD, number="JY29901010000500"),
        "number",
        "number",
    ),
    "a day that does not exist": (
        FOOD,
        changed(FOOD, issue_date="2026-02-30"),
        "日历中没有这一天",
        "no such day",
    ),
    "a period that ends before it begins": (
        BUSINESS,
        changed(BUSINESS, valid_until="1999-01-01"),
        "valid_until",
        "valid_until",
    ),
    "a text too long for the face": (
        BUSINESS,
        changed(BUSINESS, address="示例路" * 60),
        "address",
        "address",
    ),
    "a character that no face has": (
        FOOD,
        changed(FOOD, premises="示例路\U00020bb7号"),
        "U+20BB7",
        "U+20BB7",
    ),
    "too many holders": (
        FOOD,
        changed(FOOD, holders=sample(FOOD, 50)["holders"] * 9),
        "holders",
        "holders",
    ),
    "a photo that is none": (
        PERSONS,
        changed(PERSONS, photo=base64.b64encode(b"GIF89a").decode()),
        "照片",
        "photo",
    ),
    "a photo too small": (PERSONS, changed(PERSONS, photo=tiny()), "太小", "must keep"),
    "a photo where there is none": (FOOD, changed(FOOD, photo=tiny()), "照片", "photo"),
    "not JSON": (
        FOOD,
        '{\n "secret": x}',
        "不是有效的 JSON：第 2 行第 12 列有误\n",
        "not JSON: wrong at line 2, column 12\n",
    ),
    "a comma before the end": (FOOD, '{"number": "1", }', "多余的逗号", "too many"),
    "a comma before the end of a list": (FOOD, "[1,\n]", "多余的逗号", "too many"),
    "an empty file": (FOOD, "", "申请数据为空", "application is empty"),
    "only white space": (FOOD, " \n", "申请数据为空", "application is empty"),
    "a file in GBK": (
        FOOD,
        '{"address": "示例"}'.encode("gbk"),
        "不是 UTF-8 编码；GBK、GB18030",
        "not UTF-8; a file in GBK",
    ),
    "a number that is none": (FOOD, '{"number": NaN}', "NaN", "NaN"),
    "a number without end": (FOOD, "9" * 9000, "数字过长", "number too long"),
    "a list": (FOOD, [], "JSON 对象", "one JSON object"),
    "a key twice": (FOOD, '{"number": "1", "number": "2"}', "重复", "twice"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_application_is_told_and_reserves_nothing(name, own):
    type_name, application, zh, en = WRONG[name]
    before = own.state()
    for lang, expected in (("zh", zh), ("en", en)):
        result = own.issue(type_name, application, "new.pdf", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
        assert "row id" not in result.stderr
        assert "行号" not in result.stderr
        assert "secret" not in result.stderr
        assert not contains_citizen_id(result.stderr)
        assert "Traceback" not in result.stderr
    assert own.state() == before


def test_values_too_long_for_the_qr_are_named_and_reserve_nothing(own):
    """Of a type of one's own, which does not cut what its token says."""
    page = (ROOT / "docs" / "formats" / "types.md").read_text(encoding="utf-8")
    text = page.split("```toml\n", 1)[1].split("```", 1)[0]
    assert text.count("in_qr") == 1
    text = text.replace("qr_length = 24\n", "")
    (own.place / "types" / "shop-sign.toml").write_text(text, encoding="utf-8")
    application = {
        "holders": [{"name": "示例市青禾区小禾面馆", "code": "92990101MA0000007E"}],
        "number": "示例招许〔2026〕1号",
        "place": "示" * 100,
        "lighting": "内光源",
    }
    before = own.state()
    told = {
        "zh": "二维码内容超出版本 20-M 的容量，占用最多的字段：place, ",
        "en": "does not fit version 20-M; the largest fields are: place, ",
    }
    for lang, expected in told.items():
        result = own.issue("shop-sign", application, "new.pdf", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
        assert result.stdout == ""
        assert "示" * 9 not in result.stderr
    assert own.state() == before


def test_a_long_name_and_long_people_are_cut_in_the_qr_and_whole_in_the_record(own):
    people = [f"示{'例' * 28}{n}" for n in "甲乙丙丁"]
    application = {**holder(BUSINESS, name="示" * 80), "principal": people}
    result = own.issue(BUSINESS, application, "long.pdf", "--case", "long")
    assert result.exit_code == 0, result.stderr
    (told,) = answers(result)
    assert told["verdict"]["code"] == "VALID"
    token = payload.open_token(payload.read_qr_text(told["qr_text"]))
    claims = payload.decode(token.unverified_payload)
    assert claims.holder == f"{'示' * 39}…"
    assert claims.fields["principal"] == f"{people[0][:23]}…"
    (shown,) = answers(own.run("show", told["identifier"], "--json"))
    assert shown["record"]["holders"][0]["name"] == "示" * 80
    assert shown["record"]["fields"]["principal"] == people


def test_all_problems_are_told_one_on_a_line_with_their_fields(own):
    application = changed(FOOD, premises="LEFT OUT", color="red", number="JY1")
    result = own.issue(FOOD, application, "new.pdf")
    lines = result.stderr.splitlines()
    for field in ("premises", "color", "number"):
        assert [line for line in lines if line.startswith(f"  {field}: ")]


def test_the_same_case_gives_the_same_bytes_and_other_data_is_refused(own):
    first = (own.folder / "food.pdf").read_bytes()
    application = sample(FOOD, 2)
    again = own.issue(FOOD, application, "again.pdf", "--case", "case-food")
    assert again.exit_code == 0, again.stderr
    assert answers(again)[0]["existed"] is True
    assert (own.folder / "again.pdf").read_bytes() == first
    same = own.issue(FOOD, application, "food.pdf", "--case", "case-food")
    assert same.exit_code == 0
    before = own.state()
    for lang in ("zh", "en"):
        other = own.issue(
            FOOD, sample(FOOD, 3), "other.pdf", "--case", "case-food", lang=lang
        )
        assert other.exit_code == 2
    assert own.state() == before


def test_a_file_with_other_content_is_refused_before_anything_is_issued(own):
    target = own.folder / "mine.pdf"
    target.write_text("mine")
    before = own.state()
    for lang, expected in (("zh", "未作任何更改"), ("en", "nothing was done")):
        result = own.issue(FOOD, sample(FOOD, 4), "mine.pdf", lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert own.state() == before
    assert target.read_text() == "mine"
    forced = own.issue(FOOD, sample(FOOD, 4), "mine.pdf", "--force")
    assert forced.exit_code == 0
    assert target.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("out", ["nowhere/new.pdf", "."])
def test_a_place_that_cannot_be_written_is_refused_first(out, own):
    before = own.state()
    for lang, expected in (("zh", "所在文件夹"), ("en", "folder is missing")):
        result = own.issue(FOOD, sample(FOOD, 4), out, lang=lang)
        assert result.exit_code == 2
        assert expected in result.stderr
    assert own.state() == before


def test_without_a_case_the_row_id_is_told_and_finishes_the_same_license(own):
    application = sample(FOOD, 5)
    first = own.issue(FOOD, application, "row.pdf")
    (told,) = answers(first)
    assert told["row"] in first.stderr
    assert "case" not in told
    again = own.issue(FOOD, application, "row2.pdf", "--row", told["row"])
    assert answers(again)[0]["identifier"] == told["identifier"]
    assert answers(again)[0]["existed"] is True
    refused = own.issue(FOOD, sample(FOOD, 6), "row4.pdf", "--row", told["row"])
    assert refused.exit_code == 2
    assert told["row"] in refused.stderr
    other = own.issue(FOOD, application, "row3.pdf")
    assert answers(other)[0]["row"] != told["row"]
    shown = answers(own.run("show", told["identifier"], "--json"))[0]
    assert "case" not in shown["record"]


def test_a_photo_is_read_from_a_file(own):
    application = sample(PERSONS, 8)
    photo = own.folder / "face.png"
    photo.write_bytes(base64.b64decode(application.pop("photo")))
    result = own.issue(PERSONS, application, "face.pdf", "--photo", photo)
    assert result.exit_code == 0, result.stderr
    assert answers(result)[0]["verdict"]["scope"] == "document"
    missing = own.issue(PERSONS, application, "x.pdf", "--photo", own.folder / "no.png")
    assert missing.exit_code == 2


def test_it_prints_what_the_license_is_with_persons_masked(own):
    result = own.issue(PERSONS, sample(PERSONS, PERSON + 1), "p.pdf", "--case", "p-1")
    (told,) = answers(result)
    assert told["number"].startswith("****")
    assert told["file"] == str(own.folder / "p.pdf")
    assert told["state"] == "ISSUED"
    assert told["verdict"]["code"] == "VALID"
    data = own.folder / "application.json"
    human = own.run(
        *("issue", PERSONS, "--data", data, "--out", own.folder / "p.pdf"),
        *("--case", "p-1"),
        lang="zh",
    )
    assert human.exit_code == 0
    assert told["identifier"] in human.stdout
    assert "已签发过" in human.stderr
    assert not contains_citizen_id(human.stdout + human.stderr)


def test_a_lost_publication_is_put_back(own):
    own.trust_file.unlink()
    result = own.issue(FOOD, sample(FOOD, 6), "new.pdf")
    assert result.exit_code == 0
    assert answers(result)[0]["published"] is None, "the last one serves"
    assert own.trust_file.is_file()
    assert own.trust_file.is_file()


def test_outside_a_workspace_it_says_how_to_make_one(own, tmp_path, monkeypatch):
    data = own.write("application.json", sample(FOOD, 4))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for lang in ("zh", "en"):
        result = run("issue", FOOD, "--data", data, "--out", "x.pdf", lang=lang)
        assert result.exit_code == 2
        assert "elicense init" in result.stderr
    assert list(elsewhere.iterdir()) == []
