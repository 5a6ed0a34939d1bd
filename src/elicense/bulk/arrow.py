"""Arrow in, Arrow out: a column of QR texts, and a column for each part of an answer.

What verifies columns in bulk calls :meth:`ArrowJudge.answer`: the process pool, the
command line and a cluster. Rows come from the same :class:`elicense.bulk.judge.Judge`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from elicense import dates, masking
from elicense.bulk.columns import Columns
from elicense.bulk.judge import Judge, reason_of
from elicense.bulk.judged import Quick
from elicense.bulk.scan import DAY, MIDNIGHT
from elicense.bulk.texts import encoded, strings, texts_of
from elicense.bulk.walk import Mask, Places
from elicense.identifiers import ROOT
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot import CODES, NEVER, NO_ANSWER, Answers, Snapshots
from elicense.trust import TrustState
from elicense.validating import Scope, Verdict
from elicense.validating.evidence import Proof
from elicense.validating.verdict import summary
from esign.verdict import Code

BATCH = 4096
"""Texts that are judged together: fewer cost more each, and more hold more memory."""
_DOUBTED = CODES.index(Code.KEY_COMPROMISED)
_SECONDS = pa.timestamp("s", "UTC")
SCHEMA = pa.schema(
    [
        pa.field("indication", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("scope", pa.string()),
        pa.field("evidence", pa.string(), nullable=False),
        pa.field("status_as_of", _SECONDS),
        pa.field("identifier", pa.string()),
        pa.field("number", pa.string()),
        pa.field("type", pa.string()),
        pa.field("issuer", pa.string()),
        pa.field("issuer_name", pa.string()),
        pa.field("holder", pa.string()),
        pa.field("valid_from", pa.date32()),
        pa.field("valid_until", pa.date32()),
        pa.field("specimen", pa.bool_()),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
"""Columns of answers. From ``identifier`` to ``specimen`` they are null unless the
signature held; ``valid_until`` is null for 长期 too. Holders are masked."""

Row = tuple[object, ...]
T = TypeVar("T")


class ArrowJudge:
    """The Arrow function, at one instant and under one trust."""

    def __init__(
        self,
        trust: TrustState,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        evidence: tuple[Proof, ...] = (),
        snapshots: Snapshots | None = None,
        claims: bool = False,
    ) -> None:
        """Take what is the same for all.

        Args:
            trust: what is believed.
            at: aware instant that is asked about.
            policy: limits of the validator.
            evidence: RFC 3161 timestamps over tokens, or snapshots under such.
            snapshots: asked first; what they do not answer is verified. Opened for
                this trust, instant and policy.
            claims: whether what a license says is decoded from its token where a
                snapshot answers, at many times the cost; else only issuer and type are
                told.
        """
        self.judge = Judge(trust, at, policy=policy, evidence=evidence)
        self.snapshots, self._claims = snapshots, claims
        kinds = () if snapshots is None else snapshots.kinds
        self._kinds = {
            "issuer": pa.array([item.issuer for item in kinds], pa.string()),
            "type": pa.array([item.type_name for item in kinds], pa.string()),
        }

    def answer(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return one answer of :data:`SCHEMA` for each row, in order.

        A null is an empty input, which is UNREADABLE; bytes that are no UTF-8 are of no
        text of ours.

        Args:
            batch: with a column ``qr_text`` of strings; others are passed over.

        Raises:
            KeyError: there is no such column.
            TypeError: it does not hold strings.
        """
        column = texts_of(batch)
        if self.snapshots is None:
            return self._verified(strings(column))
        found = self.snapshots.answer_each(encoded(column))
        if self.judge.evidence:  # which a snapshot does not ask
            found.codes[found.codes == _DOUBTED] = NO_ANSWER
        missed = np.flatnonzero(found.codes == NO_ANSWER)
        if len(missed) == len(column):
            return self._verified(strings(column))
        if self._claims:
            answered = _decoded(self.snapshots, strings(column), found)
        else:
            answered = _of_snapshots(found, self._kinds)
        if not len(missed):
            return answered
        verified = self._verified(strings(column.take(pa.array(missed))))
        order = np.arange(len(column))
        order[missed] = len(column) + np.arange(len(missed))
        both = pa.Table.from_batches([answered, verified])
        return _one_batch(both.take(pa.array(order)))

    def _verified(self, texts: Sequence[str]) -> pa.RecordBatch:
        """Return the answers to texts, judged some at a time."""
        parts = [
            self._judged(texts[start : start + BATCH])
            for start in range(0, len(texts), BATCH)
        ]
        if len(parts) == 1:
            return parts[0]
        return _one_batch(pa.Table.from_batches(parts, SCHEMA))

    def _judged(self, texts: Sequence[str]) -> pa.RecordBatch:
        judged = self.judge.judge(texts)
        if judged.quick is not None and not judged.alone:
            return _of_quick(judged.quick)
        alone = batch_of([verdict for _, verdict in judged.alone])
        if judged.quick is None:
            return alone
        quick = _of_quick(judged.quick)
        rows = [*judged.quick.rows, *(row for row, _ in judged.alone)]
        order = np.empty(len(rows), np.int64)
        order[rows] = np.arange(len(rows))
        return _one_batch(pa.Table.from_batches([quick, alone]).take(pa.array(order)))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    if not batches:
        return pa.RecordBatch.from_pylist([], schema=SCHEMA)
    return pa.RecordBatch.from_arrays(batches[0].columns, schema=SCHEMA)


def _of_quick(quick: Quick) -> pa.RecordBatch:
    """Return the columns of rows that took the short way."""
    columns, scanned = quick.columns, quick.columns.scanned
    first = pa.array(np.zeros(len(quick.rows), np.uint8))
    outcomes, shared = _shared(quick.outcomes)
    as_of = pa.array([one.status_as_of for one in outcomes], pa.int64())
    last = (scanned.exp + MIDNIGHT) // DAY - 1
    told = {
        "indication": pa.array([one.indication for one in outcomes]).take(shared),
        "code": pa.array([one.text for one in outcomes]).take(shared),
        "scope": _SCOPE.take(first),
        "evidence": _SIGNATURE.take(first),
        "status_as_of": as_of.take(shared).view(_SECONDS),
        "identifier": pc.binary_join_element_wise(ROOT, columns.identifiers, "."),
        "number": columns.numbers,
        "type": columns.types,
        **_issuers(quick),
        "holder": _masked(columns),
        "valid_from": _days((scanned.nbf + MIDNIGHT) // DAY),
        "valid_until": _days(last, scanned.exp == 0),
        "specimen": pa.array(scanned.specimens),
        "reason": pa.array([one.reason for one in outcomes]).take(shared),
    }
    if any(quick.faults):
        held = pa.array([not fault for fault in quick.faults])
        told |= {name: pc.if_else(held, told[name], None) for name in _CLAIMED}
    return pa.RecordBatch.from_arrays(
        [told[name] for name in SCHEMA.names], schema=SCHEMA
    )


def _shared(items: Sequence[T]) -> tuple[list[T], pa.Array]:
    """Return what many rows share, once, and which each row has."""
    places = {item: place for place, item in enumerate(dict.fromkeys(items))}
    return list(places), pa.array(map(places.__getitem__, items), pa.int64())


def _issuers(quick: Quick) -> dict[str, pa.StringArray]:
    """Return the columns of issuers and of how they were called."""
    scanned = quick.columns.scanned
    both = scanned.keys << 32 | scanned.issued  # key and legal date
    _, rows, shared = np.unique(both, return_index=True, return_inverse=True)
    some = [(quick.keys[row], quick.columns.issue_dates[row]) for row in rows.tolist()]
    names = pa.array([known.name_on(day) for known, day in some], pa.string())
    codes = pa.array([known.issuer for known, _ in some], pa.string())
    places = pa.array(shared)
    return {"issuer": codes.take(places), "issuer_name": names.take(places)}


def _masked(columns: Columns) -> pa.StringArray:
    """Return the holders, masked where a person's code is."""
    person = pc.match_substring(columns.holder_codes, "*")
    if not person.true_count:
        return columns.holders
    names = zip(columns.holders.to_pylist(), person.to_pylist(), strict=True)
    return pa.array(
        [masking.mask_name(name) if is_masked else name for name, is_masked in names],
        pa.string(),
    )


def _days(numbers: Places, nulls: Mask | None = None) -> pa.Array:
    return pa.array(numbers.astype(np.int32), mask=nulls).view(pa.date32())


_CODES = pa.array([code.text for code in Code])
_INDICATIONS = pa.array([code.indication.value for code in Code])
_SCOPE, _NO_REASON = pa.array([Scope.QR.value]), pa.array([""])
_SIGNATURE, _SNAPSHOT = pa.array(["signature"]), pa.array(["snapshot"])
_CLAIMED = SCHEMA.names[SCHEMA.get_field_index("identifier") : -1]


def _decoded(
    snapshots: Snapshots, texts: Sequence[str], found: Answers
) -> pa.RecordBatch:
    """Return verdicts with claims; a row without answer has that of another one."""
    rows = np.flatnonzero(found.codes != NO_ANSWER)
    verdicts = snapshots.verdicts([texts[row] for row in rows.tolist()])
    place = np.zeros(len(texts), np.int64)
    place[rows] = np.arange(len(rows))
    return batch_of(verdicts).take(pa.array(place))


def _of_snapshots(
    found: Answers, kinds: Mapping[str, pa.StringArray]
) -> pa.RecordBatch:
    """Return the columns of what snapshots say; those without are MALFORMED.

    Other claims are null: a snapshot holds none.
    """
    number = pa.array(found.kinds, mask=found.kinds < 0)
    count = len(found.codes)
    # What has no answer is replaced by the caller; any code serves until then.
    ranks = pa.array(np.where(found.codes == NO_ANSWER, 0, found.codes))
    first = pa.array(np.zeros(count, np.uint8))  # a third of the time of pa.repeat
    told = {
        "indication": _INDICATIONS.take(ranks),
        "code": _CODES.take(ranks),
        "scope": _SCOPE.take(first),
        "evidence": _SNAPSHOT.take(first),
        "status_as_of": pa.array(found.as_of, mask=found.as_of == NEVER).view(_SECONDS),
        "reason": _NO_REASON.take(first),
        **{name: values.take(number) for name, values in kinds.items()},
    }
    arrays = [told.get(field.name, pa.nulls(count, field.type)) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def batch_of(verdicts: Sequence[Verdict]) -> pa.RecordBatch:
    """Return answers of :data:`SCHEMA` that say what verdicts say."""
    rows = [_row(verdict) for verdict in verdicts]
    return _batch(
        **{name: [row[name] for row in rows] for name in SCHEMA.names},
    )


def _row(verdict: Verdict) -> dict[str, object]:
    as_of, claims = verdict.status_as_of, verdict.claims
    row: dict[str, object] = {
        **dict.fromkeys(SCHEMA.names),
        "indication": verdict.indication.value,
        "code": verdict.code.text,
        "scope": None if verdict.scope is None else verdict.scope.value,
        "evidence": verdict.evidence,
        "status_as_of": None if as_of is None else int(as_of.timestamp()),
        "reason": reason_of(verdict.checks, verdict.code),
    }
    if claims is None:
        return row
    last = claims.validity.valid_until
    return {
        **row,
        **{name: value for name, value in summary(claims).items() if name in row},
        "issuer_name": verdict.issuer_name,
        "valid_from": dates.epoch_day(claims.validity.valid_from),
        "valid_until": None if last is None else dates.epoch_day(last),
    }


# Name, type, and the integers that a column of days or instants is given as.
_COLUMNS = tuple(
    (
        field.name,
        field.type,
        {pa.date32(): pa.int32(), _SECONDS: pa.int64()}.get(field.type),
    )
    for field in SCHEMA
)


def _batch(**columns: Sequence[object]) -> pa.RecordBatch:
    arrays = [
        pa.array(columns[name], kind)
        if given is None
        else pa.array(columns[name], given).view(kind)
        for name, kind, given in _COLUMNS
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)
