"""Read the QR in a picture of a license and verify it, off line.

Usage: python qr_from_picture.py TRUST_FILE ROOT_FINGERPRINT PICTURE

The picture is a PNG, JPEG or WebP: a photo of the paper, a screenshot, a scan. What the
QR says is proven; that the paper around it says the same is for your eyes.
"""

import sys
from pathlib import Path

from elicense import admit, qr, validate_image
from esign import clock


def main(trust_file: str, root: str, picture: str) -> int:
    """Print the verdict and what to compare with the paper."""
    data = Path(picture).read_bytes()
    for text in qr.read_image(data):
        print(f"a symbol of {len(text)} characters, begins with {text[:12]}")
    state = admit(Path(trust_file).read_bytes(), root)
    verdict = validate_image(data, state, clock.now())
    print(verdict.code.text, "-", verdict.message.zh, "-", verdict.message.en)
    if verdict.claims is None:
        return 1
    for name, value in verdict.to_json(picture)["license"].items():
        print(f"  {name}: {value}")
    return 0 if verdict.indication.value == "PASSED" else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:  # noqa: PLR2004  this program, bundle, root, picture
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
