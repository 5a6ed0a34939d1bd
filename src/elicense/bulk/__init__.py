"""Many QR texts at once (extra ``bulk``): one verdict for each, in order.

The answers are those of :func:`elicense.validating.validate_text`, one for one; what is
alike is decided once, and several processes may work. docs/bulk.md says how fast.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice

from elicense.bulk.arrow import BATCH, SCHEMA, TEXT_COLUMN, ArrowJudge
from elicense.bulk.judge import Judge
from elicense.bulk.pool import ordered
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot import Snapshots
from elicense.trust import TrustState
from elicense.validating import Verdict
from elicense.validating.evidence import Proof

__all__ = [
    "BATCH",
    "SCHEMA",
    "TEXT_COLUMN",
    "ArrowJudge",
    "Judge",
    "Snapshots",
    "validate_many",
]


def validate_many(
    items: Iterable[str],
    trust: TrustState,
    at: datetime,
    *,
    policy: ValidationPolicy = STANDARD,
    evidence: tuple[Proof, ...] = (),
    workers: int = 1,
) -> Iterator[Verdict]:
    """Validate QR texts, in either carrier; one verdict for each, in order.

    Each is what :func:`elicense.validating.validate_text` gives. Does NOT see any
    paper. Holds no more than :data:`BATCH` texts, and with workers some batches for
    each.

    Args:
        items: exactly what QR codes carry; read as they are needed.
        trust: what is believed.
        at: aware instant that is asked about, the same for all.
        policy: limits of the validator.
        evidence: RFC 3161 timestamps over tokens, or snapshots under such.
        workers: processes; 1 is this one alone. Verdicts are large for a pipe: where
            columns will do, :class:`ArrowJudge` over processes gains more.

    Raises:
        ValueError: there are no workers, or too many.
        PoolError: a worker died; raised by the iterator, as is whatever ``items``
            raises.
    """
    judge = Judge(trust, at, policy=policy, evidence=evidence)

    def work(texts: list[str]) -> list[Verdict]:
        return judge.judge(texts).verdicts(judge)

    given = iter(items)
    batches = iter(lambda: list(islice(given, BATCH)), [])
    return chain.from_iterable(ordered(work, batches, workers))
