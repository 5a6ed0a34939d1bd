"""Named attacks on genuine sealed licenses, under both policies and by every press.

Where a key is needed it is the seal's own: then its holder cheats, and the table shows
which check catches it.
"""

import json
import subprocess
import sys
import time
import tracemalloc

import pytest

from elicense import validating
from elicense.policy import MAX_INPUT_BYTES
from elicense.validating import Scope
from esign import pades
from esign.errors import MalformedError
from esign.verdict import Code, Indication
from tests.elicense import cms_attacks, face_attacks, structure_attacks, update_attacks
from tests.elicense.forger import POLICIES, Draft, gap, scene
from tests.elicense.pages import PRESSES
from tests.support import ROOT

FACED = [name for name, policy in POLICIES.items() if policy.check_face]
BLIND = [name for name, policy in POLICIES.items() if not policy.check_face]


@pytest.fixture(scope="module", params=PRESSES)
def stage(request):
    return scene(request.param)


def codes(stage, pdf):
    """Return the code under each policy, and see that nothing false is claimed."""
    verdicts = stage.verdicts(pdf)
    for verdict in verdicts.values():
        refused = verdict.code is not Code.VALID
        assert refused == (verdict.indication is not Indication.PASSED)
    return {name: verdict.code for name, verdict in verdicts.items()}


def assert_refused(stage, pdf, code):
    assert pdf != stage.pdf
    assert codes(stage, pdf) == dict.fromkeys(POLICIES, code)
    if code in {Code.MALFORMED, Code.BAD_SIGNATURE, Code.UNKNOWN_ISSUER}:
        assert stage.verdict(pdf).claims is None


def test_the_genuine_license_passes(stage):
    assert codes(stage, stage.pdf) == dict.fromkeys(POLICIES, Code.VALID)


def test_the_forger_of_these_tests_can_make_a_license_that_passes(stage):
    """Else an attack could fail for a fault of the forger's own."""
    plain = stage.sealed(Draft.of(stage.pdf).write())
    assert codes(stage, plain) == dict.fromkeys(POLICIES, Code.VALID)
    for change in (lambda *_: None, lambda opened, _: opened.sign()):
        pdf = cms_attacks.by_anybody(lambda *_: None)(stage)
        assert codes(stage, pdf) == dict.fromkeys(POLICIES, Code.VALID)
        pdf = cms_attacks.by_holder(change)(stage)
        assert codes(stage, pdf) == dict.fromkeys(POLICIES, Code.VALID)


TABLES = {
    **update_attacks.UPDATES,
    **structure_attacks.NUMBERS,
    **structure_attacks.PADDING,
    **structure_attacks.RANGE_SPELLINGS,
    **structure_attacks.STRUCTURES,
    **structure_attacks.TABLES,
    **{
        name: structure_attacks.redrafted(update_attacks.SIGNATURE, old, new)
        for name, (old, new) in structure_attacks.KEYS.items()
    },
    **{
        name: structure_attacks.trailing(entry)
        for name, entry in structure_attacks.TRAILERS.items()
    },
    "two tables": structure_attacks.two_tables,
}


UNSUPPORTED = {"a byte in front", "a name in an escape", "a name all in escapes"}
"""Files that are no PDF any more, or have no ByteRange by its plain name."""


@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_is_not_in_the_profile_never_passes(stage, name):
    code = Code.UNSUPPORTED if name in UNSUPPORTED else Code.MALFORMED
    assert_refused(stage, TABLES[name](stage), code)


@pytest.mark.parametrize("name", update_attacks.FORGERIES)
def test_a_signature_without_content_never_passes(stage, name):
    pdf = update_attacks.FORGERIES[name](stage)
    has_range = b"/ByteRange" in pdf
    code = Code.MALFORMED if has_range else Code.UNSUPPORTED
    assert_refused(stage, pdf, code)


@pytest.mark.parametrize("name", structure_attacks.LOOPS)
def test_an_object_that_leads_to_itself_never_passes(stage, name):
    assert_refused(stage, structure_attacks.LOOPS[name](stage), Code.MALFORMED)


def assert_seen_by_the_face_alone(stage, pdf):
    """Without the face a verdict says that nobody looked at the page: by its scope."""
    verdicts = stage.verdicts(pdf)
    assert {verdicts[name].code for name in FACED} == {Code.FACE_MISMATCH}
    assert {verdicts[name].code for name in BLIND} == {Code.VALID}
    assert {verdicts[name].scope for name in BLIND} == {Scope.SEALED}


@pytest.mark.parametrize("name", face_attacks.ON_THE_FACE)
def test_what_the_seals_holder_draws_is_a_mismatch_of_the_face(stage, name):
    assert_seen_by_the_face_alone(stage, face_attacks.ON_THE_FACE[name](stage))


@pytest.mark.parametrize("name", face_attacks.READ_OTHERWISE)
def test_what_readers_see_differently_never_passes(stage, name):
    verdicts = stage.verdicts(face_attacks.READ_OTHERWISE[name](stage))
    found = {verdicts[policy].code for policy in FACED}
    assert found <= {Code.FACE_MISMATCH, Code.MALFORMED}


@pytest.mark.parametrize("name", face_attacks.COSTLY)
def test_a_page_that_takes_long_to_draw_is_not_drawn(stage, name):
    pdf = face_attacks.COSTLY[name](stage)
    start = time.process_time()
    verdict = stage.verdict(pdf, POLICIES["plain with the face"])
    assert time.process_time() - start < 5
    assert verdict.code is Code.FACE_MISMATCH
    assert any("unreadable" in check.detail for check in verdict.checks if check.code)


def test_a_page_kept_in_store_shows_nothing(stage):
    """What a shadow attack prepares is harmless as long as no update counts."""
    pdf = update_attacks.shadow_prepared_to_replace(stage)
    assert codes(stage, pdf) == dict.fromkeys(POLICIES, Code.VALID)


@pytest.mark.parametrize("kind", structure_attacks.INFLATED)
def test_a_stream_that_inflates_to_very_much_is_a_mismatch_of_the_face(stage, kind):
    pdf = structure_attacks.bombed(kind, structure_attacks.bomb())(stage)
    assert_seen_by_the_face_alone(stage, pdf)


@pytest.mark.parametrize("kind", structure_attacks.STORED)
def test_an_attachment_that_inflates_to_very_much_is_malformed(stage, kind):
    pdf = structure_attacks.bombed(kind, structure_attacks.bomb())(stage)
    assert_refused(stage, pdf, Code.MALFORMED)


@pytest.mark.parametrize("name", cms_attacks.BY_ANYBODY)
def test_what_anybody_can_do_to_the_cms_never_passes(stage, name):
    change, code = cms_attacks.BY_ANYBODY[name]
    assert_refused(stage, cms_attacks.by_anybody(change)(stage), code)


@pytest.mark.parametrize("name", cms_attacks.BY_HOLDER)
def test_what_the_key_can_do_to_the_cms_never_passes(stage, name):
    change, code = cms_attacks.BY_HOLDER[name]
    assert_refused(stage, cms_attacks.by_holder(change)(stage), code)


def test_a_signature_without_attributes_is_malformed(stage):
    assert_refused(stage, cms_attacks.without_attributes(stage), Code.MALFORMED)


@pytest.mark.parametrize("name", cms_attacks.SIGNERS)
def test_whoever_else_signs_never_passes(stage, name):
    identity, code = cms_attacks.SIGNERS[name]
    assert_refused(stage, cms_attacks.signed_by(identity)(stage), code)


# What a hostile file costs.


LIMIT_SECONDS = 5  # DESIGN, section 2.11
LARGE = MAX_INPUT_BYTES - 100_000
"""Bytes of a piece that is repeated, so that the policy still lets the file in."""


def behind_the_header(piece, size=LARGE):
    """Return a file of ours by its header, and then one piece over and over."""
    head = b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\xc3\xab\n/ByteRange payload.cose "
    return head + piece * (size // len(piece)) + b"\nstartxref\n9\n%%EOF\n"


def inside_an_object(stage, piece, size):
    """Return a file that is sealed, with a piece over and over in an object."""
    draft = Draft.of(stage.pdf)
    draft.add(b"<<\n/A " + piece * (size // len(piece)) + b"\n>>\n")
    return stage.sealed(draft.write())


def inside_the_gap(stage, digits, size):
    pdf = Draft.of(stage.pdf).write()
    start, end = gap(pdf)
    return pdf[: start + 1] + digits * (size // len(digits)) + pdf[end - 1 :]


def many_objects(stage, count):
    draft = Draft.of(stage.pdf)
    last = draft.objects.pop()
    draft.objects += [b"<<\n>>\n"] * count
    old, new = len(draft.objects) - count + 1, len(draft.objects) + 1
    draft.objects = [
        text.replace(b" %d 0 R\n" % old, b" %d 0 R\n" % new) for text in draft.objects
    ]
    draft.objects.append(last)
    return stage.sealed(draft.write())


COSTLY = {
    "zeros behind the header": lambda _: behind_the_header(b"\0"),
    "open dictionaries": lambda _: behind_the_header(b"<<"),
    "open arrays in one object": lambda s: inside_an_object(s, b"[ ", 120_000),
    "open dictionaries in one object": lambda s: inside_an_object(s, b"<<\n", 120_000),
    "open texts in one object": lambda s: inside_an_object(s, b"(", 120_000),
    "open arrays in a very large object": lambda s: inside_an_object(s, b"[ ", LARGE),
    "references in one object": lambda s: inside_an_object(s, b"1 0 R ", 120_000),
    "escapes in one object": lambda s: inside_an_object(s, b"/#41 ", 120_000),
    "objects without a table": lambda _: behind_the_header(
        b"1 0 obj\n<<\n>>\nendobj\n"
    ),
    "ends of the file": lambda _: behind_the_header(b"startxref\n9\n%%EOF\n"),
    "tables": lambda _: behind_the_header(b"xref\n0 1\n0000000000 65535 f \n"),
    "signatures": lambda _: behind_the_header(
        b"/ByteRange [0 1 2 3]\n/Contents <00>\n"
    ),
    "marks of streams": lambda _: behind_the_header(b"\n>>\nstream\n\nendstream\n"),
    "a gap of many zeros": lambda s: inside_the_gap(s, b"0", LARGE),
    "a gap of many tags": lambda s: inside_the_gap(s, b"3080", 65_000),
    "as many objects as there may be": lambda s: many_objects(s, 9_900),
    "too many objects": lambda s: many_objects(s, 60_000),
    "page operators that inflate to very much": structure_attacks.bombed(
        "the page's operators", structure_attacks.bomb()
    ),
    "a symbol that inflates to very much": structure_attacks.bombed(
        "the symbol", structure_attacks.bomb()
    ),
    "a map that inflates to very much": structure_attacks.bombed(
        "the map to characters", structure_attacks.bomb()
    ),
    "names that are their own child": structure_attacks.LOOPS[
        "names that are their own child"
    ],
    "a page tree that is its own child": structure_attacks.LOOPS[
        "a page tree that is its own child"
    ],
    "a page that is its own parent": structure_attacks.LOOPS[
        "a page that is its own parent"
    ],
}


def test_a_hostile_file_costs_little_time_and_memory(stage, tmp_path):
    (tmp_path / "trust.elt").write_bytes(stage.bundle)
    (tmp_path / "pin").write_text(stage.pin)
    (tmp_path / "good.pdf").write_bytes(stage.pdf)
    for name, build in COSTLY.items():
        (tmp_path / f"{name}.bin").write_bytes(build(stage))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.elicense.costs", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr.decode()[-2000:]
    found = json.loads(ran.stdout)
    assert {code for code, _ in found.pop("good.pdf").values()} == {"VALID"}
    assert found.keys() == COSTLY.keys()
    for name, answers in found.items():
        assert answers.keys() == POLICIES.keys()
        for policy, (_, seconds) in answers.items():
            assert seconds < LIMIT_SECONDS, (name, policy)


def test_two_hundred_megabytes_are_refused_before_they_are_copied(stage):
    """Nor hashed, nor searched: the time is less than reading them once would cost."""
    data = stage.pdf + bytes(200 << 20)
    for policy in POLICIES.values():
        for validate in (validating.validate, validating.validate_pdf):
            tracemalloc.start()
            start = time.process_time()
            try:
                verdict = validate(data, stage.trust, stage.at, policy=policy)
                seconds = time.process_time() - start
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert verdict.code is Code.UNREADABLE
            assert seconds < 0.05
            assert peak < 1 << 20
    with pytest.raises(MalformedError, match="bytes"):
        pades.read(data)
