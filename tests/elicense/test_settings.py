"""elicense.toml is read strictly and written whole."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import settings
from elicense.errors import WorkspaceError
from elicense.policy import ANY_KEYS, GOV
from elicense.settings import Predecessor, Settings, Successor

GOOD = Settings(
    name="示例市行政审批局",
    code="11990100000000027A",
    root="sha256:" + "0f" * 32,
    production=True,
    check_page="zz.example.cn",
    profile=GOV,
    faces=("faces/Rare-Regular.ttf", "罕用字.OTF"),
)
_TEXT = settings.write(GOOD).decode()
LONG = replace(
    GOOD,
    renamed=((date(2027, 1, 1), "示例市政务服务局"), (date(2029, 5, 1), "示例局")),
    predecessors=(
        Predecessor(
            code="119901000000000355",
            names=((date(2020, 1, 1), '示范市"甲"局'), (date(2021, 1, 1), "乙局")),
            since=date(2027, 1, 1),
            types=("food-business", "business-license"),
            earlier=(
                Successor(
                    code="119901000000000430",
                    since=date(2024, 3, 1),
                    types=("food-business",),
                ),
            ),
        ),
    ),
    successor=Successor(
        code="119901000000000430", since=date(2030, 1, 1), types=("one", "two")
    ),
)
_LONG_TEXT = settings.write(LONG).decode()
_NO_CONTROLS = st.characters(exclude_categories=["Cs", "Cc"])


@pytest.mark.parametrize("made", [GOOD, LONG], ids=["short", "long"])
def test_what_is_written_is_read(made):
    assert settings.read(settings.write(made)) == made


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(1999, 1, 1), GOOD.name),
        (date(2026, 12, 31), GOOD.name),
        (date(2027, 1, 1), "示例市政务服务局"),
        (date(2029, 5, 1), "示例局"),
    ],
)
def test_each_day_has_its_name(day, name):
    assert LONG.name_on(day) == name


def test_an_organ_that_was_taken_over_is_closed():
    with pytest.raises(WorkspaceError, match="119901000000000430 from 2030-01-01"):
        LONG.check_open()
    assert replace(LONG, successor=None).check_open() is None


def test_a_predecessor_names_all_who_succeeded_it():
    entry = LONG.predecessors[0].entry(GOOD.code)
    found = [(item.code, item.keeps_lists) for item in entry.successors]
    assert found == [("119901000000000430", False), (GOOD.code, True)]
    assert entry.names == LONG.predecessors[0].names


def test_a_file_without_a_profile_asks_for_no_special_keys():
    assert settings.read(_TEXT.encode()).profile is GOV
    without = _TEXT.replace('profile = "gov"\n', "")
    assert without != _TEXT
    assert settings.read(without.encode()).profile is ANY_KEYS


@pytest.mark.parametrize("value", ['"city"', "1", '["gov"]', '"GOV"', '""'])
def test_a_profile_that_is_not_known_is_refused(value):
    changed = _TEXT.replace('profile = "gov"', f"profile = {value}")
    assert changed != _TEXT
    with pytest.raises(WorkspaceError, match='profile must be one of "standard"'):
        settings.read(changed.encode())


DAMAGED_HISTORY = {
    "a later name without its day": ('from = "2029-05-01"', "", "renamed"),
    "a day that is none": ('from = "2029-05-01"', 'from = "2029-02-30"', "renamed"),
    "names that are not in order": ("2029-05-01", "2026-05-01", "oldest first"),
    "two names from one day": ("2029-05-01", "2027-01-01", "oldest first"),
    "a predecessor with a wrong code": ("000355", "000356", "not a USCC"),
    "a predecessor that is the organ itself": (
        "119901000000000355",
        GOOD.code,
        "own",
    ),
    "names without their days": (
        'names_from = ["2020-01-01", "2021-01-01"]',
        "names_from = []",
        "go together",
    ),
    "names that are no texts": ('"乙局"]', "1]", "texts"),
    "types that are no array": (
        'types = ["food-business", "business-license"]',
        'types = "food-business"',
        "types",
    ),
    "an earlier successor with a wrong code": (
        'code = "119901000000000430"\nfrom = "2024',
        'code = "119901000000000431"\nfrom = "2024',
        "[[predecessor.earlier]] code is not a USCC",
    ),
    "an earlier successor that is the organ itself": (
        'code = "119901000000000430"\nfrom = "2024',
        'code = "119901000000000355"\nfrom = "2024',
        "is its own",
    ),
    "an earlier successor without its day": (
        'from = "2024-03-01"',
        "",
        "[[predecessor.earlier]] must have exactly",
    ),
    "earlier successors that are no array": (
        "[[predecessor.earlier]]",
        "[predecessor.earlier]",
        "array of tables",
    ),
    "a successor that is the organ itself": (
        'code = "119901000000000430"\nfrom = "2030',
        f'code = "{GOOD.code}"\nfrom = "2030',
        "[successor] code is its own",
    ),
    "a successor from no day": ("2030-01-01", "2030-13-01", "[successor] from"),
    "a successor that is an array": ("[successor]", "[[successor]]", "[successor]"),
    "an unknown key": ("[[predecessor]]", "[[predecessor]]\ncolour = 1", "exactly"),
    "a table that is no array": ("[[predecessor]]", "[predecessor]", "array of tables"),
}


@pytest.mark.parametrize("case", DAMAGED_HISTORY)
def test_a_damaged_history_says_where(case):
    old, new, where = DAMAGED_HISTORY[case]
    assert old in _LONG_TEXT
    with pytest.raises(WorkspaceError, match=r"elicense\.toml") as caught:
        settings.read(_LONG_TEXT.replace(old, new).encode())
    assert where in caught.value.message.en


@given(name=st.text(_NO_CONTROLS), production=st.booleans())
def test_any_name_survives(name, production):
    made = Settings(name=name, code=GOOD.code, root=GOOD.root, production=production)
    assert settings.read(settings.write(made)) == made


@pytest.mark.parametrize("char", ["\n", "\x00", "\x7f"])
def test_a_control_character_is_never_written(char):
    with pytest.raises(ValueError, match="control"):
        settings.write(Settings(name=f"局{char}", code=GOOD.code, root=GOOD.root))


def test_a_file_without_faces_is_read():
    """Workspaces that were made before faces could be added have no such line."""
    old = "faces = "
    lines = [line for line in _TEXT.splitlines() if not line.startswith(old)]
    assert len(lines) == len(_TEXT.splitlines()) - 1
    assert settings.read("\n".join(lines).encode()) == replace(GOOD, faces=())


DAMAGED = {
    "faces that are no array": ("faces = [", 'faces = "a.ttf" # [', "array of texts"),
    "a face that is no text": ("faces = [", "faces = [1, ", "array of texts"),
    "a face from the root": ('["faces/', '["/faces/', "inside the workspace"),
    "a face above the workspace": ('["faces/', '["../', "inside the workspace"),
    "a face above a folder": ('["faces/', '["faces/../', "inside the workspace"),
    "a face on a drive": ('["faces/', '["C:/', "inside the workspace"),
    "a face with backslashes": (
        '["faces/',
        "['faces\\\\a.ttf', \"",
        "inside the workspace",
    ),
    "a face that is no font file": (".ttf", ".pdf", ".ttf or .otf"),
    "a face that is listed twice": ("罕用字.OTF", "faces/Rare-Regular.ttf", "twice"),
    "too many faces": (
        "faces = [",
        "faces = [" + "".join(f'"{number}.ttf", ' for number in range(15)),
        "at most 16",
    ),
    "no format": ('format = "elicense.workspace/1"', "", "format"),
    "another format": ("workspace/1", "workspace/2", "format"),
    "no name": ('name = "示例市行政审批局"', "", "organization"),
    "no code": ("code =", "colour =", "organization"),
    "a name that is no text": ('name = "示例市行政审批局"', "name = 1", "name"),
    "a code with a wrong check": ("27A", "27B", "code is not a USCC"),
    "a code that is no text": ('code = "11990100000000027A"', "code = []", "code"),
    "production as a text": ("= true", '= "true"', "production"),
    "production as a number": ("= true", "= 1", "production"),
    "no production": ("production = true", "", "issuing"),
    "a check page with a path": (".cn", ".cn/verify", "host name"),
    "a check page in Chinese": ("zz.example.cn", "核验.cn", "host name"),
    "a check page that is no text": ('= "zz.example.cn"', "= false", "check_page"),
    "a root cut short": ("0f0f", "0f", "root"),
    "a root in capital letters": ("0f", "0F", "root"),
    "a root that is no text": ("sha256:", '" # ', "root"),
    "no table of trust": ("[trust]", "[confidence]", "trust"),
    "an unknown key": ("[trust]", "[trust]\ncolour = 1", "trust"),
    "an unknown table": ("[trust]", "[colours]\n[trust]", "unknown"),
    "a table that is a value": ("[trust]", "trust = 1\n[other]", "issuing"),
    "no TOML": ("[trust]", "[trust", "not valid TOML"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_file_says_where(case):
    old, new, where = DAMAGED[case]
    assert old in _TEXT
    with pytest.raises(WorkspaceError, match=r"elicense\.toml") as caught:
        settings.read(_TEXT.replace(old, new).encode())
    assert where in caught.value.message.en


HOSTILE = {
    "nothing": b"",
    "not UTF-8": b"\xff\xfe",
    "deep nesting": b"a = " + b"[" * 100_000,
    "a number of 10,000 digits": b"a = " + b"9" * 10_000,
    "an impossible day": b"a = 2026-13-41",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_are_an_error(case):
    with pytest.raises(WorkspaceError):
        settings.read(HOSTILE[case])


@given(st.binary(max_size=200))
def test_any_bytes_are_settings_or_an_error(data):
    with pytest.raises(WorkspaceError):
        settings.read(data)


@given(st.integers(0, len(_TEXT.encode()) - 1), st.integers(0, 255))
def test_an_edited_file_is_settings_or_an_error(place, byte):
    data = bytearray(_TEXT.encode())
    data[place] = byte
    try:
        found = settings.read(bytes(data))
    except WorkspaceError:
        return
    assert settings.read(settings.write(found)) == found
