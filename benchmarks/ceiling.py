"""What two processes gain on this machine that share nothing: P-256 verified alone.

No program with two processes can gain more here. So it is measured in turn with each
pair of one and two processes, and stands beside what that pair gained.
"""

import multiprocessing
from collections.abc import Mapping
from functools import partial

import measure
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

ALONE, BOTH = "  only verifying P-256, one process", "  the same, two processes"
_HASHED = ec.ECDSA(hashes.SHA256())


def jobs(count: int) -> dict[str, measure.Job]:
    """Return two jobs that each verify so many signatures, an even number."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, signature = key.public_key(), key.sign(b"the same", _HASHED)
    run = partial(_over, public, signature, count)
    return {ALONE: partial(run, 1), BOTH: partial(run, 2)}


def ratios(
    timings: Mapping[str, measure.Timing], gained: dict[str, object]
) -> list[dict[str, object]]:
    """Return what the machine gives, and which part of it was gained.

    Args:
        timings: with those of :func:`jobs`.
        gained: the ratio of one process to two.
    """
    ceiling = measure.ratio(timings, ALONE, BOTH, None)
    ceiling["name"] = "what this machine gives two processes that share nothing"
    parts = {
        part: round(gained[part] / ceiling[part], 3) for part in ("of_min", "of_median")
    }
    share = {"name": "gained, of what this machine gives", **parts, "target": None}
    return [ceiling, share]


def _over(
    public: ec.EllipticCurvePublicKey, signature: bytes, count: int, processes: int
) -> None:
    """Verify in as many processes of their own, and wait for them."""
    context = multiprocessing.get_context("fork")
    given = (public, signature, count // processes)
    children = [context.Process(target=_verify, args=given) for _ in range(processes)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise AssertionError("a process failed")


def _verify(public: ec.EllipticCurvePublicKey, signature: bytes, count: int) -> None:
    for _ in range(count):
        public.verify(signature, b"the same", _HASHED)
