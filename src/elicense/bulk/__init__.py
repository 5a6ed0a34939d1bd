"""Many QR texts at once (extra ``bulk``): one verdict for each, in order.

The answers are those of :func:`elicense.validating.validate_text`, one for one; what is
alike is decided once, and several processes may work. docs/bulk.md says how fast.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice

import numpy as np

from elicense.bulk.arrow import BATCH, SCHEMA, ArrowJudge
from elicense.bulk.judge import Judge
from elicense.bulk.pool import ordered
from elicense.bulk.texts import TEXT_COLUMN
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot import NO_ANSWER, Snapshots
from elicense.trust import TrustState
from elicense.validating import Verdict
from elicense.validating.evidence import Proof
from esign.verdict import Code

__all__ = [
    "BATCH",
    "SCHEMA",
    "TEXT_COLUMN",
    "ArrowJudge",
    "Judge",
    "Snapshots",
    "validate_many",
]


def validate_many(  # noqa: PLR0913  all but the first three by their names
    items: Iterable[str],
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    evidence: tuple[Proof, ...] = (),
    snapshots: Snapshots | None = None,
    workers: int = 1,
) -> Iterator[Verdict]:
    """Validate QR texts, in either carrier; one verdict for each, in order.

    Each is what :func:`elicense.validating.validate_text` gives, with ``evidence``
    ``snapshot`` where a snapshot said that the issuer signed it. Does NOT see any
    paper. Holds no more than :data:`BATCH` texts, and with workers some batches for
    each.

    Args:
        items: exactly what QR codes carry; read as they are needed.
        trust: what is believed.
        at: aware instant that is asked about, the same for all.
        policy: limits of the validator.
        evidence: RFC 3161 timestamps over tokens, or snapshots under such.
        snapshots: asked first; what they do not answer, and what evidence may rescue,
            is verified. Opened for this trust, instant and policy.
        workers: processes; 1 is this one alone. Verdicts are large for a pipe: where
            columns will do, :class:`ArrowJudge` over processes gains more.

    Raises:
        ValueError: there are no workers, or too many; or the snapshots were opened for
            something else.
        PoolError: a worker died; raised by the iterator, as is whatever ``items``
            raises.
    """
    judge = Judge(trust, at, policy=policy, evidence=evidence)
    if snapshots is not None and not snapshots.are_of(trust, at, policy):
        raise ValueError("snapshots: opened for another trust, instant or policy")

    def work(texts: list[str]) -> list[Verdict]:
        found = {} if snapshots is None else _attested(texts, snapshots, judge)
        left = [text for row, text in enumerate(texts) if row not in found]
        verified = iter(judge.judge(left).verdicts(trust, at))
        return [
            found[row] if row in found else next(verified) for row in range(len(texts))
        ]

    given = iter(items)
    batches = iter(lambda: list(islice(given, BATCH)), [])
    return chain.from_iterable(ordered(work, batches, workers))


def _attested(
    texts: list[str], snapshots: Snapshots, judge: Judge
) -> dict[int, Verdict]:
    """Return the verdicts of what snapshots answer, by its row.

    Where there is evidence, what a key in doubt signed is left to it.
    """
    codes = snapshots.answer(texts).codes
    rows = np.flatnonzero(codes != NO_ANSWER).tolist()
    verdicts = snapshots.verdicts([texts[row] for row in rows])
    return {
        row: verdict
        for row, verdict in zip(rows, verdicts, strict=True)
        if not judge.evidence
        or all(check.code is not Code.KEY_COMPROMISED for check in verdict.checks)
    }
