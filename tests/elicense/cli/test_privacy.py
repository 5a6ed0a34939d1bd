import shutil

import pypdfium2
import pytest

from elicense import payload
from elicense.masking import contains_citizen_id
from tests.elicense.cli.department import PERSON, Department, answers, sample

TYPE = "special-operation"


class Story:
    """What was said about one person, by every command but ``show``."""

    def __init__(self, own, application, picture):
        self.own = own
        self.code = application["holders"][0]["code"]
        self.number = f"T{self.code}"
        self.data = own.write("person-application.json", application)
        self.out = own.folder / "x.pdf"
        self.picture = picture
        self.said = []

    def run(self, *args, exit_code=0, **options):
        for lang in ("zh", "en"):
            result = self.own.run(*args, lang=lang, **options)
            assert result.exit_code == exit_code, result.stderr
            self.said.append(result.stdout + result.stderr)
        return result

    def issue(self, *more, data=None, exit_code=0):
        data = data or self.data
        return self.run(
            *("issue", TYPE, "--data", data, "--out", self.out, *more),
            exit_code=exit_code,
        )


@pytest.fixture(scope="module")
def story(department, tmp_path_factory):
    """One license of a person, issued, changed, verified, and tried wrongly."""
    tmp_path = tmp_path_factory.mktemp("story")
    shutil.copytree(department.folder, tmp_path / "own")
    own = Department(tmp_path / "own")
    application = sample(TYPE, PERSON + 1)
    told = Story(own, application, tmp_path / "paper.png")
    told.issue("--case", "c-1")
    told.issued = answers(told.issue("--case", "c-1", "--json"))[0]
    told.issue(exit_code=2)
    holder = {"name": "张示例", "code": told.code[:-1] + "?"}
    wrong = own.write("wrong.json", {**application, "holders": [holder]})
    told.issue("--case", "c-2", data=wrong, exit_code=2)
    wrong.unlink()
    document = pypdfium2.PdfDocument(told.out.read_bytes())
    document[0].render(scale=200 / 72).to_pil().save(told.picture)
    document.close()
    text = told.issued["qr_text"]
    told.run("verify", told.out, told.picture, "-", stdin=text)
    told.run("suspend", told.number, "--reason", "held", "--note", "x", exit_code=2)
    told.run("revoke", told.number, "--reason", "cancelled")
    told.run("revoke", told.number, "--reason", "withdrawn", exit_code=2)
    told.run("revoke", told.number[:-1], "--reason", "cancelled", exit_code=2)
    told.run("publish")
    told.run("verify", told.out, told.picture, "--json", exit_code=1)
    told.run("trust", "show", "--json")
    told.data.unlink()
    return told


def test_no_command_but_show_says_a_citizen_id(story):
    for text in story.said:
        assert not contains_citizen_id(text)
        assert story.code[:-1] not in text
    assert any('"REVOKED"' in text for text in story.said)


def test_the_token_holds_no_citizen_id(story):
    token = payload.read_qr_text(story.issued["qr_text"])
    assert story.code[:-1].encode() not in token
    assert story.code[-4:].encode() in token


def test_no_file_but_pdf_and_register_holds_a_citizen_id(story):
    for path in story.own.folder.rglob("*"):
        assert not contains_citizen_id(str(path.relative_to(story.own.folder)))
        if path.is_file() and path.suffix != ".pdf" and "register" not in path.name:
            assert story.code.encode() not in path.read_bytes(), path.name
    assert story.code.encode() in story.out.read_bytes()


def test_show_says_it_so_that_the_tests_above_can_fail(story):
    result = story.own.run("show", story.issued["identifier"], "--json")
    assert contains_citizen_id(result.stdout)
