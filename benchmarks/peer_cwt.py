"""The peer python-cwt: from a QR text to verified claims, as its users write it.

A program of its own, run by the Python of an environment of its own: python-cwt wants
an older cbor2 than the tests. So a bare P-256 verification is measured beside it, with
the `cryptography` that is there, and only the ratio of the two is compared with others.

The `base45` package decodes the text; `COSE.decode` verifies the token, with the
external_aad that our tokens have; `CWT.decode` reads the claims and compares exp and
nbf with the clock, given a leeway of a century, since the invented licenses have dates
of their own. It knows no issuers, no grants and no status: it does less than we do.

Usage: python peer_cwt.py FILE, a JSON object as `ladder.cwt` writes it. Prints one.
"""

import json
import sys
from importlib import metadata
from pathlib import Path

import measure
from base45 import b45decode
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cwt import COSE, CWT, COSEKey

CENTURY = 100 * 365 * 86_400


def from_texts(given: dict[str, object]) -> measure.Job:
    """Return a job that verifies every text and reads its claims."""
    key = COSEKey.from_pem(given["key"], kid=bytes.fromhex(given["kid"]))
    cose, claims = COSE.new(), CWT.new(leeway=CENTURY)
    aad, begin = bytes.fromhex(given["aad"]), len(given["prefix"])
    texts, issuer = given["texts"], given["issuer"]

    def run() -> None:
        for text in texts:
            token = b45decode(text[begin:])
            payload = cose.decode(token, key, external_aad=aad)
            if claims.decode(payload, key)[1] != issuer:
                raise AssertionError("expected claims of the issuer")

    return run


def bare(given: dict[str, object]) -> measure.Job:
    """Return a job that only verifies their signatures."""
    key = serialization.load_pem_public_key(given["key"].encode())
    hashed = ec.ECDSA(hashes.SHA256())
    ready = [tuple(map(bytes.fromhex, pair)) for pair in given["ready"]]

    def run() -> None:
        for signature, data in ready:
            key.verify(signature, data, hashed)

    return run


def main() -> None:
    """Measure both in turn."""
    given = json.loads(Path(sys.argv[1]).read_text(encoding="ascii"))
    jobs = {given["cwt"]: from_texts(given), given["bare"]: bare(given)}
    timings = measure.interleaved(jobs, given["rounds"], len(given["texts"]))
    names = ("cwt", "base45", "cbor2", "cryptography")
    versions = {name: metadata.version(name) for name in names}
    # Not rounded: whoever reads it makes ratios of it.
    parts = {
        name: [timing.least, timing.median, timing.rounds]
        for name, timing in timings.items()
    }
    print(json.dumps({"timings": parts, "versions": versions}))


if __name__ == "__main__":
    main()
