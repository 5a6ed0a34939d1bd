"""What many texts came to: rows that took the short way, and those judged alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from elicense.bulk.columns import Columns
from elicense.bulk.keys import KnownKey
from elicense.trust import TrustState
from elicense.validating import Scope, Verdict
from esign.verdict import Check, Code


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the checks after the signature come to; one value for all that share it.

    Attributes:
        code: the first cause, or VALID.
        text: the same, as it is written.
        indication: which the code implies, as it is written.
        reason: detail of that cause.
        checks: all nine.
        as_of: when the status list that was used was signed.
        status_as_of: the same, seconds since 1970.
    """

    code: Code
    text: str
    indication: str
    reason: str
    checks: tuple[Check, ...]
    as_of: datetime | None
    status_as_of: int | None


@dataclass(frozen=True, slots=True)
class Quick:
    """Rows that took the short way.

    Attributes:
        rows: their places among the texts.
        keys: whose key each names.
        columns: what each says.
        faults: what is wrong with its signature, or "".
        outcomes: what was found of each.
    """

    rows: Sequence[int]
    keys: Sequence[KnownKey]
    columns: Columns
    faults: Sequence[str]
    outcomes: Sequence[Outcome]

    def verdicts(self, trust: TrustState, at: datetime) -> Iterator[Verdict]:
        """Give the verdict of each row."""
        root, bundle = trust.root, trust.bundle
        number = None if bundle is None else bundle.number
        for known, fault, outcome, claims in zip(
            self.keys, self.faults, self.outcomes, self.columns.claims(), strict=True
        ):
            yield Verdict(
                code=outcome.code,
                scope=Scope.QR,
                at=at,
                checks=outcome.checks,
                root=root,
                bundle_number=number,
                status_as_of=outcome.as_of,
                claims=None if fault else claims,
                issuer_name="" if fault else known.name_on(claims.issue_date),
            )


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts of a sequence of texts.

    Attributes:
        count: of texts.
        quick: those that took the short way; None where none did.
        alone: the others, by their place.
    """

    count: int
    quick: Quick | None
    alone: Sequence[tuple[int, Verdict]]

    def verdicts(self, trust: TrustState, at: datetime) -> list[Verdict]:
        """Return the verdicts in order, as for texts that are validated alone.

        Args:
            trust: under which they were judged.
            at: the instant that was asked about.
        """
        found = dict(self.alone)
        if self.quick is not None:
            found |= zip(self.quick.rows, self.quick.verdicts(trust, at), strict=True)
        return [found[row] for row in range(self.count)]


def kept_of(
    rows: list[int],
    keys: list[KnownKey],
    columns: Columns,
    faults: list[str],
    outcomes: list[Outcome | None],
) -> Quick | None:
    """Return the rows that have an outcome, None for none."""
    found = [outcome for outcome in outcomes if outcome is not None]
    if len(found) == len(rows):
        return Quick(rows, keys, columns, faults, found)
    kept = [place for place, outcome in enumerate(outcomes) if outcome is not None]
    if not kept:
        return None
    return Quick(
        rows=[rows[place] for place in kept],
        keys=[keys[place] for place in kept],
        columns=columns.take(kept),
        faults=[faults[place] for place in kept],
        outcomes=found,
    )
