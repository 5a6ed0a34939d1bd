"""QR text to a verdict with claims, against one bare P-256 verification.

Both work through the same tokens in the same run, taking turns. The peer is
`cryptography` alone: message, signature and key are ready in the form it wants.

Left out: reading a picture, admitting the trust bundle (once for all texts), writing
the verdict as JSON. The snapshot path is bench_snapshot.py's.
"""

from collections.abc import Sequence

import measure
import world
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from elicense import payload
from elicense.trust import TrustState
from elicense.validating import validate_text
from elicense.workspace import Workspace
from esign import algorithms, cose
from esign.verdict import Code

SIZES = {"tiny": (50, 3), "small": (400, 7), "full": (2000, 15)}
TARGET = 1.6


def prepared(tokens: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Return signature and message of each token, as `cryptography` wants them."""
    ready = []
    for token in tokens:
        message = cose.parse(token)
        body = message.payload or b""
        signed = message.to_be_signed(body, payload.PURPOSE.external_aad)
        ready.append((algorithms.ecdsa_to_der(message.signature), signed))
    return ready


def peer(place: Workspace, tokens: Sequence[bytes]) -> measure.Job:
    """Return a job that only verifies the signatures of ``tokens``."""
    key = place.keys.token.handle.public_key()
    hashed, ready = ec.ECDSA(hashes.SHA256()), prepared(tokens)

    def run() -> None:
        for signature, data in ready:
            key.verify(signature, data, hashed)

    return run


def ours(texts: list[str], trust: TrustState) -> measure.Job:
    """Return a job that validates every text and asks for the claims."""

    def run() -> None:
        for text in texts:
            verdict = validate_text(text, trust, world.AT)
            if verdict.code is not Code.VALID or verdict.claims is None:
                raise AssertionError(f"expected a valid license: {verdict}")

    return run


def measured(size: str) -> list[dict[str, object]]:
    """Return the result of this benchmark."""
    count, rounds = SIZES[size]
    with world.office() as place:
        tokens = world.tokens(place, count)
        texts = [payload.qr_text(token) for token in tokens]
        jobs = {
            "validate_text": ours(texts, place.trust()),
            "bare P-256 verify": peer(place, tokens),
        }
        timings = measure.interleaved(jobs, rounds, count)
    mine, bare = timings.values()
    result = {
        "job": "QR text -> verdict with claims, one core",
        "items": count,
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio": {
            "name": "validate_text / bare P-256 verify",
            "of_min": round(mine.least / bare.least, 3),
            "of_median": round(mine.median / bare.median, 3),
            "target": TARGET,
            "at_most": True,
        },
        "left_out": ("pictures, admitting the bundle, JSON output"),
    }
    return [result]
