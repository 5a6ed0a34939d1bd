"""Fuzz one target: python tests/fuzz/run.py cbor --seconds 30.

Needs atheris, which the extra ``fuzz`` brings. An input that breaks the invariant is
left in the current folder as crash-<digest>; move one of a PDF into tests/fuzz/corpus,
where every run of the tests tries it again. With --keep the inputs that led somewhere
new are kept in a folder, and the next run starts from them.
"""

import argparse
import resource
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MIB = 2048
"""What the fuzzer may take beyond what it starts with."""
HOW_TO_GET_IT = "atheris is not installed; get it with: pip install -e '.[fuzz]'"


def main() -> int:
    """Read the command line and fuzz until the time is over or an input breaks."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz import decoders  # noqa: PLC0415  the path is set just above

    parser = argparse.ArgumentParser(description="Fuzz one decoder.")
    parser.add_argument("target", choices=decoders.names())
    parser.add_argument("--seconds", type=int, default=60, help="how long at most")
    parser.add_argument("--keep", type=Path, help="folder of what led somewhere new")
    options = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415  an extra, not needed to read this file
    except ModuleNotFoundError:
        print(HOW_TO_GET_IT, file=sys.stderr)  # noqa: T201  a command's own message
        return 2
    with atheris.instrument_imports(include=["esign", "elicense"]):
        for module in decoders.MODULES:
            __import__(module)
    fuzz(options.target, options.seconds, options.keep)
    return 0


def fuzz(target: str, seconds: int, keep: Path | None) -> None:
    """Fuzz from the valid input, the corpus, and what was kept before."""
    import atheris  # noqa: PLC0415  see main

    from tests.fuzz import decoders, make_corpus  # noqa: PLC0415  after the imports
    from tests.fuzz.seeds import seeds  # noqa: PLC0415  were instrumented

    with tempfile.TemporaryDirectory() as scratch:
        found = keep or Path(scratch)
        found.mkdir(exist_ok=True)
        found.joinpath("valid").write_bytes(seeds()[target])
        folders = [str(found)]
        if target in make_corpus.TARGETS:
            folders.append(str(make_corpus.CORPUS))
        # libFuzzer goes by the peak, and a process inherits that of whoever started it.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={peak + MEMORY_MIB}"]
        arguments = [sys.argv[0], *limits, *folders]
        atheris.Setup(arguments, lambda data: decoders.holds(target, data))
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
