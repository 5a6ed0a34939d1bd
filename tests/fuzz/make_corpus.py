"""Write the corpus of the PDF reader anew: python tests/fuzz/make_corpus.py.

Small sealed files with one fault each, from which a fuzzer starts and which every run
of the tests gives to the targets. They hold no certificate and no key: the gap is
empty, and the target seals what it is given with the key of its own world.
What once broke a target stands beside them as ``crash-...`` and is never removed.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "tests" / "fuzz" / "corpus"
TARGETS = frozenset(
    {"attachments", "pades", "pades-agreement", "pdf-agreement", "pdf-lean"}
)
"""The targets that are given the corpus."""
FAULTS = {
    "good": (b"", b""),
    "name-in-an-escape": (b"/ByteRange", b"/Byte#52ange"),
    "field-in-an-escape": (b"/FT /Sig", b"/FT /S#69g"),
    "field-on-one-line": (b"/FT /Sig", b"/FT/Sig"),
    "field-twice": (b"/Fields [ ", b"/Fields [ 5 0 R "),
    "field-of-itself": (b"/FT /Sig\n", b"/FT /Sig\n/Kids [ 5 0 R ]\n"),
    "field-without-value": (b"/FT /Sig\n", b"/FT /Sig\n/V null\n"),
    "form-not-closed": (b"/SigFlags 3\n>>", b"/SigFlags 3\n"),
    "form-without-fields": (b"/Fields", b"/Feilds"),
    "form-of-another-generation": (b"/AcroForm 2 0 R", b"/AcroForm 2 1 R"),
    "key-twice": (b"/SigFlags 3\n", b"/SigFlags 3\n/SigFlags 0\n"),
    "number-with-a-letter": (b"/Rect [ 0", b"/Rect [ 0G"),
    "comment": (b"/SigFlags 3\n", b"/SigFlags 3\n%\n"),
    "text-not-closed": (b"/SigFlags 3\n", b"/SigFlags 3\n/A (\n"),
    "hexadecimal-not-closed": (b"/SigFlags 3\n", b"/SigFlags 3\n/A <\n"),
    "page-of-itself": (b"/Kids [ ", b"/Kids [ 3 0 R "),
    "another-version": (b"/Type /Catalog\n", b"/Type /Catalog\n/Version /2.0\n"),
    "second-signature": (b"/SigFlags 3\n", b"/SigFlags 3\n/Type /Sig\n"),
    "byte-range-twice": (b"/Filter /Ad", b"/ByteRange [0 1 2 3]\n/Filter /Ad"),
    "permissions-elsewhere": (b"/DocMDP ", b"/DocMDP 1 0 R\n/UR3 "),
}


def main() -> int:
    """Write every file."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.seeds import layout  # noqa: PLC0415  the path is set just above

    CORPUS.mkdir(exist_ok=True)
    start = layout()
    for name, (old, new) in FAULTS.items():
        if old not in start:
            raise ValueError(f"{name}: the layout has no {old!r}")
        data = start.replace(old, new, 1)
        CORPUS.joinpath(f"{name}.pdf").write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
