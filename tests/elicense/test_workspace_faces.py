"""The faces of a workspace: named in its settings, opened when first asked for."""

import pytest

from elicense import Workspace, samples
from elicense.errors import ElicenseError, MissingGlyphError
from elicense.files import FileError
from elicense.fonts import Face, FaceError, FontSet, Typeface
from elicense.validating import validate_pdf
from elicense.validating.verdict import Scope
from esign.verdict import Code
from tests.elicense import foundry
from tests.elicense.crash.killed import CODE, NAME, PASSPHRASE, START


@pytest.fixture
def folder(tmp_path):
    """A workspace with one more face."""
    place = tmp_path / "ws"
    with Workspace.create(
        place, name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
    ) as workspace:
        workspace.rewrite(faces=("faces/rare.ttf",))
    (place / "faces").mkdir()
    (place / "faces" / "rare.ttf").write_bytes(foundry.truetype())
    return place


def test_a_face_of_the_settings_is_asked_after_the_built_in_ones(folder):
    with Workspace(folder) as workspace:
        text = f"示{foundry.RARE}"
        pieces = workspace.faces.pieces(text, Typeface.SERIF)
        assert [face.name for face, _ in pieces] == [
            "NotoSerifSC-Regular",
            "Rare-Regular",
        ]
        assert workspace.faces is workspace.faces


def test_a_workspace_has_no_further_faces_unless_it_says_so(folder):
    with Workspace(folder) as workspace:
        workspace.rewrite(faces=())
        assert workspace.faces.fallbacks == ()


def forbidden():
    def change(builder):
        builder.font["OS/2"].fsType = 0x0002

    return foundry.truetype(change=change)


WRONG_FILES = {
    "a file that is not there": (lambda: None, FileError, "cannot read"),
    "a file that is no font": (lambda: b"%PDF-1.7", FaceError, "not an OpenType"),
    "a face that forbids embedding": (forbidden, FaceError, "embedding"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_font_file_stops_issuing_and_nothing_else(folder, case):
    make, kind, reason = WRONG_FILES[case]
    path = folder / "faces" / "rare.ttf"
    path.unlink()
    if (data := make()) is not None:
        path.write_bytes(data)
    with Workspace(folder) as workspace:  # opens all the same
        with pytest.raises(kind) as caught:
            _ = workspace.faces
        assert isinstance(caught.value, ElicenseError)
        assert reason in caught.value.message.en
        assert "rare.ttf" in caught.value.message.zh
        path.write_bytes(foundry.truetype())
        assert workspace.faces.fallbacks, "once it is put right, it works"


def issued(workspace, principal):
    """Issue a license to an organization with this person at its head."""
    application = samples.sample("food-business", START)
    application["principal"] = principal
    return workspace.issue(
        "food-business", application, number="9901002026000001", at=START
    )


SEEN = {
    "an ideograph of Extension B": (foundry.RARE, Scope.DOCUMENT),
    "a letter of its own width": (foundry.LATIN, Scope.SEALED),
}


@pytest.mark.parametrize("case", SEEN)
def test_a_stranger_without_the_face_finds_the_license_valid(folder, case):
    char, scope = SEEN[case]
    with Workspace(folder, PASSPHRASE) as workspace:
        pdf = issued(workspace, f"示{char}").pdf
        verdict = validate_pdf(pdf, workspace.trust(), START)
        assert (verdict.code, verdict.scope) == (Code.VALID, scope)


def test_whoever_has_the_faces_checks_the_page_with_them(folder):
    with Workspace(folder, PASSPHRASE) as workspace:
        pdf = issued(workspace, f"示{foundry.LATIN}例").pdf
        trust = workspace.trust()
        verdict = validate_pdf(pdf, trust, START, faces=workspace.faces)
        assert (verdict.code, verdict.scope) == (Code.VALID, Scope.DOCUMENT)
        other = FontSet((Face(foundry.truetype(change=wider), "other.ttf"),))
        verdict = validate_pdf(pdf, trust, START, faces=other)
        assert verdict.code is Code.FACE_MISMATCH


def wider(builder):
    """Make the letter wider than on the page: what follows it stands elsewhere."""
    builder.font["hmtx"].metrics["latin"] = (2 * foundry.EM, 205)


BEYOND = {
    "an ascent that no font can say": (
        lambda builder: (
            setattr(builder.font["head"], "unitsPerEm", 500),
            setattr(builder.font["hhea"], "ascent", 20_000),
        ),
        foundry.RARE,
    ),
    "an advance that no font can say": (
        lambda builder: (
            setattr(builder.font["head"], "unitsPerEm", 1000),
            builder.font["hmtx"].metrics.__setitem__("latin", (65_535, 205)),
        ),
        foundry.LATIN,
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_nothing_is_reserved_with_a_face_that_can_not_be_embedded(folder, case):
    change, char = BEYOND[case]
    (folder / "faces" / "rare.ttf").write_bytes(foundry.truetype(change=change))
    with Workspace(folder, PASSPHRASE) as workspace:
        with pytest.raises(FaceError, match=r"rare\.ttf"):
            issued(workspace, f"示{char}")
        assert workspace.register.count() == 0


def test_nothing_is_reserved_for_a_character_that_no_face_has(folder):
    with Workspace(folder, PASSPHRASE) as workspace:
        with pytest.raises(MissingGlyphError):
            issued(workspace, f"示{foundry.TIBETAN}")
        assert workspace.register.count() == 0
        assert issued(workspace, f"示{foundry.RARE}").pdf
