"""Any bytes give a value or our error: arbitrary, foreign, and mutated valid input."""

import platform
import subprocess
import sys
import time
import tracemalloc
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esign.errors import MalformedError
from esign.verdict import Code
from tests.fuzz.decoders import DECODERS, holds, holds_for, names
from tests.fuzz.make_corpus import CORPUS, FAULTS, TARGETS
from tests.fuzz.seeds import seeds
from tests.support import ROOT, VECTORS, missing, vectors

# A mutated certificate may have faults that cryptography only warns of today.
pytestmark = pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)

LIMIT_SECONDS = 5  # DESIGN, section 2.11
LIMIT_BYTES = 512 << 20
HAS_WHEEL = (
    sys.platform == "linux"
    and platform.machine() == "x86_64"
    and sys.version_info < (3, 14)
)
"""Whether atheris can be had, as requirements/fuzz.txt says."""
EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def mutations(draw, original):
    """Return ``original`` with one to four edits of a hostile editor."""
    data = bytearray(original)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 8)))
        match draw(st.sampled_from(["replace", "cut", "repeat", "truncate", "flip"])):
            case "replace":
                data[start:end] = draw(st.binary(max_size=8))
            case "cut":
                del data[start:end]
            case "repeat":
                data[start:start] = data[start:end] * draw(st.integers(1, 40))
            case "truncate":
                del data[start:]
            case _ if start < len(data):
                data[start] ^= 1 << draw(st.integers(0, 7))
            case _:
                data.append(draw(st.integers(0, 255)))
    return bytes(data)


@pytest.mark.parametrize("name", names())
def test_a_valid_input_gives_a_value(name):
    assert DECODERS[name](seeds()[name]) is not None


def test_the_valid_evidence_rescues_a_license_that_is_in_doubt_without_it():
    target = DECODERS["validate-evidence"]
    assert target(seeds()["validate-evidence"]).code is Code.VALID
    assert target(b"").code is Code.KEY_COMPROMISED


@pytest.mark.parametrize("name", names())
@given(data=st.binary(max_size=2000))
@EXAMPLES
def test_arbitrary_bytes_give_a_value_or_our_error(name, data):
    holds(name, data)


@pytest.mark.parametrize("name", names())
@given(data=st.data())
@EXAMPLES
def test_a_mutated_valid_input_gives_a_value_or_our_error(name, data):
    holds(name, data.draw(mutations(seeds()[name])))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("other", sorted({"cose", "cms", "pades", "key-file"}))
def test_a_valid_input_of_another_kind_gives_a_value_or_our_error(name, other):
    holds(name, seeds()[other])


def foreign_files():
    return sorted(path for path in VECTORS.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", names())
def test_every_published_file_gives_a_value_or_our_error_in_bounded_time(name):
    assert vectors("README.md").is_file()
    files = foreign_files()
    assert len(files) > 70
    for path in files:
        data = path.read_bytes()
        start = time.perf_counter()
        holds(name, data)
        assert time.perf_counter() - start < LIMIT_SECONDS, path.name


PIECES_BYTES = 500_000
REPEATED = {
    "zeros": b"\0",
    "ones": b"\xff",
    "arrays in arrays": b"\x81",
    "arrays of unknown length": b"\x9f",
    "arrays as long as the rest": b"\x9a\x00\x00\x40\x00",
    "tags": b"\xd2",
    "DER sequences": b"\x30\x80",
    "open dictionaries": b"<<",
    "open objects": b"1 0 obj ",
    "references to a revision": b"startxref\n0\n%%EOF\n",
    "the label of a key": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
    "digits": b"0",
    "white space": b" \n",
}


@pytest.mark.parametrize("piece", REPEATED.values(), ids=REPEATED)
def test_half_a_megabyte_of_one_piece_costs_bounded_time_and_memory(piece):
    data = piece * (PIECES_BYTES // len(piece))
    for name in names():
        tracemalloc.start()
        start = time.perf_counter()
        try:
            holds(name, data)
            seconds = time.perf_counter() - start
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert seconds < LIMIT_SECONDS, name
        assert peak < LIMIT_BYTES, name


def test_a_list_of_as_many_items_as_bytes_costs_bounded_time_and_memory():
    count = 100_000
    data = b"\x9a" + count.to_bytes(4, "big") + b"\x80" * count
    tracemalloc.start()
    try:
        assert len(DECODERS["cbor"](data)) == count
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < LIMIT_BYTES


def test_an_error_that_is_not_ours_comes_out_and_ours_does_not():
    def ours(data):
        raise MalformedError(str(len(data)))

    def not_ours(data):
        return data[len(data)]

    holds_for(ours, b"abc")
    with pytest.raises(IndexError):
        holds_for(not_ours, b"abc")


def corpus():
    return sorted(CORPUS.iterdir())


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_the_corpus_gives_values_or_our_error(name):
    assert len(corpus()) >= len(FAULTS)
    for path in corpus():
        data = path.read_bytes()
        start = time.perf_counter()
        holds(name, data)
        assert time.perf_counter() - start < LIMIT_SECONDS, path.name


def test_of_the_corpus_only_files_without_a_fault_pass():
    """And one does: else the target would refuse all of them for its own fault."""
    target = DECODERS["pades-agreement"]
    codes = {path.stem: target(path.read_bytes()) for path in corpus()}
    assert codes.pop("good") == "VALID"
    assert set(codes.values()) == {"MALFORMED", "UNSUPPORTED"}, codes


def test_an_agreement_is_between_licenses_that_pass():
    assert DECODERS["pades-agreement"](seeds()["pades-agreement"]) == "VALID"
    assert DECODERS["pdf-agreement"](seeds()["pdf-agreement"]) == "VALID"


def run(*arguments, folder=None):
    script = ROOT / "tests" / "fuzz" / "run.py"
    return subprocess.run(
        [sys.executable, script, *arguments],
        cwd=folder,  # what breaks the invariant is left there
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_fuzzer_names_its_targets():
    shown = run("--help")
    assert shown.returncode == 0
    assert all(name in shown.stdout for name in names())
    assert run("nothing").returncode == 2


def test_the_fuzzer_runs_or_says_how_to_get_atheris():
    shown = run("cbor", "--seconds", "1")
    if find_spec("atheris") is None:
        assert shown.returncode == 2
        assert "pip install -e '.[fuzz]'" in shown.stderr
    else:
        assert shown.returncode == 0


@pytest.mark.skipif(not HAS_WHEEL, reason="atheris has no wheel for this machine")
@pytest.mark.parametrize(
    "name", ["pades-agreement", "pdf-agreement", "pdf-lean", "pades"]
)
def test_the_reader_of_pdfs_is_fuzzed_for_a_while(name, tmp_path):
    if find_spec("atheris") is None:
        missing("atheris", "pip install -e '.[fuzz]'")
    shown = run(
        name, "--seconds", "8", "--keep", str(tmp_path / "kept"), folder=tmp_path
    )
    assert shown.returncode == 0, shown.stderr[-2000:]
    assert len(list((tmp_path / "kept").iterdir())) > 1


@pytest.mark.parametrize(
    "name", ["pades-gm-seal", "pades-gm-cms", "gap-gm-seal", "gap-gm-cms"]
)
def test_the_valid_files_of_the_gm_profile_pass(name):
    assert DECODERS[name](seeds()[name]) == "VALID"
    assert DECODERS[name](b"") == "MALFORMED"
