"""The ladder of validating one sealed PDF: pyHanko, the plain path, the lean path.

All rungs work on the same files in the same run, taking turns. pyHanko validates the
seal alone, warm, with one shared context. Both of ours also read record and token,
verify the token, its status and period, and compare the two. The plain path asks
pikepdf and pyHanko for a second opinion; the lean path trusts the strict reader alone
(docs/lean-validation.md).

Left out: imports, admitting the trust bundle, revocation lists, the page (its time is
printed beside), files on disk.
"""

from functools import partial

import measure
import world
from bench_issue import contents, peer_of

from elicense import attachments, record
from elicense.policy import LEAN, SEALED_ONLY, STANDARD, ValidationPolicy
from elicense.trust import TrustState
from elicense.validating import validate_pdf
from elicense.validating.token import check_token
from elicense.workspace import Workspace
from esign import pades
from esign.verdict import Code

SIZES = {"tiny": (1, 2), "small": (9, 100), "full": (40, 100)}
TARGET = 25
STAGED = 10  # files whose stages are timed in each round, one after the other
PEER = "peer: pyHanko, warm, shared context, the seal alone"
PLAIN = "plain: pikepdf and pyHanko too, scope sealed"
LEAN_PATH = "fast: the lean path, scope sealed"
DOCUMENT = "plain with the drawn page, scope document"


def valid(
    pdf: bytes, place: Workspace, trust: TrustState, policy: ValidationPolicy
) -> None:
    """Validate a license that must be valid."""
    verdict = validate_pdf(pdf, trust, world.AT, policy=policy, catalog=place.catalog)
    if verdict.code is not Code.VALID:
        raise AssertionError(f"expected a valid license: {verdict}")


def by_stages(pdf: bytes, trust: TrustState, stages: measure.Stages) -> None:
    """Validate one PDF in the stages of the lean path, and time each."""
    grants = trust.seal_grants
    sealed = stages.timed("  read the structure, digest", lambda: pades.read(pdf))
    stages.timed(
        "  seal: all checks (with the line above)",
        lambda: pades.validate(pdf, grants, world.AT, second_engine=False),
    )
    found = stages.timed("  attachments", lambda: attachments.read_sealed(sealed))
    stages.timed(
        "  token: nine checks",
        lambda: check_token(found.token, trust, world.AT, LEAN),
    )
    stages.timed("  record: read", lambda: record.decode(found.record))


def measured(size: str) -> list[dict[str, object]]:
    """Return the result of this benchmark."""
    rounds, count = SIZES[size]
    with world.office() as place:
        trust, desk = place.trust(), place.desk(world.AT)
        peer = peer_of(place, desk, contents(place, 1))
        files = [world.issue(place, number).pdf for number in range(count)]
        stages = measure.Stages()
        for number in range(rounds + 1):
            pdf = files[number % count]
            stages.timed(PEER, partial(peer.validate, pdf))
            stages.timed(PLAIN, partial(valid, pdf, place, trust, SEALED_ONLY))
            spent = stages.clock(
                [partial(valid, one, place, trust, LEAN) for one in files]
            )
            stages.add(LEAN_PATH, spent / count)
            for one in files[:STAGED]:
                by_stages(one, trust, stages)
            stages.timed(DOCUMENT, partial(valid, pdf, place, trust, STANDARD))
        timings = stages.timings()
    return [
        {
            "job": "validate one sealed PDF, one core",
            "items": count,
            "timings": {name: one.to_json() for name, one in timings.items()},
            "ratio": measure.ratio(timings, PEER, LEAN_PATH, TARGET),
            "more_ratios": [
                measure.ratio(timings, PEER, PLAIN, None),
                measure.ratio(timings, PLAIN, LEAN_PATH, None),
            ],
            "left_out": (
                "imports, admitting the bundle, revocation lists, disk; the peer looks"
                " at the seal alone, ours at record, token, status and period too"
            ),
        }
    ]
