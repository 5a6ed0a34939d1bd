"""Fuzz one target: python tests/fuzz/run.py cbor --seconds 30.

Needs atheris, which the extra ``fuzz`` brings. An input that breaks the invariant is
left in the current folder as crash-<digest>.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOW_TO_GET_IT = "atheris is not installed; get it with: pip install -e '.[fuzz]'"


def main() -> int:
    """Read the command line and fuzz until the time is over or an input breaks."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz import decoders  # noqa: PLC0415  the path is set just above

    parser = argparse.ArgumentParser(description="Fuzz one decoder.")
    parser.add_argument("target", choices=decoders.names())
    parser.add_argument("--seconds", type=int, default=60, help="how long at most")
    options = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415  an extra, not needed to read this file
    except ModuleNotFoundError:
        print(HOW_TO_GET_IT, file=sys.stderr)  # noqa: T201  a command's own message
        return 2
    with atheris.instrument_imports(include=["esign", "elicense"]):
        for module in decoders.MODULES:
            __import__(module)
    from tests.fuzz.seeds import seeds  # noqa: PLC0415  after the instrumentation

    with tempfile.TemporaryDirectory() as corpus:
        Path(corpus, "valid").write_bytes(seeds()[options.target])
        arguments = [sys.argv[0], f"-max_total_time={options.seconds}", corpus]
        atheris.Setup(arguments, lambda data: decoders.holds(options.target, data))
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
