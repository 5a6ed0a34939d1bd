"""The verdicts of many QR texts at once: what is alike is decided once.

A text takes the short way where its token has the one layout of
:mod:`elicense.quick_token`, names a key of the trust, verifies with it and is what that
key was granted. Its other checks come from the functions that
:func:`elicense.validating.token.check_token` calls, each asked once for all licenses
that give it the same. Every other text is validated alone, by
:func:`elicense.validating.validate_text`, which names what is wrong with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from elicense import payload, quick_token
from elicense.bulk.base45 import decode_many
from elicense.bulk.columns import MEMO, ColumnReader, Columns, Groups, Terms
from elicense.bulk.keys import KnownKey, known_keys
from elicense.bulk.statuses import Listed, Statuses
from elicense.payload import MAX_QR_TEXT, OFFLINE_PREFIX
from elicense.policy import STANDARD, ValidationPolicy
from elicense.trust import TrustState
from elicense.validating import Scope, Verdict, validate_text
from elicense.validating.evidence import Proof
from elicense.validating.token import PASSED, check_authorization, check_validity
from esign.algorithms import Suite
from esign.errors import MalformedError, VerificationError
from esign.verdict import Check, Code, decide

_OFFLINE = len(OFFLINE_PREFIX)
_TYPE_CODE = 21  # characters of an identifier before its issuer
_SIGNATURE_BYTES = Suite.ES256.signature_bytes
_BEFORE = ("format", "issuer", "signature", "authorization")
_Candidate: TypeAlias = tuple[int, KnownKey, bytes, bytes, Groups]
_NOT_READ = (IndexError, OverflowError, ValueError, quick_token.NotThisLayoutError)


@dataclass(frozen=True, slots=True)
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
        keys: whose key signed each.
        columns: what each says.
        outcomes: what was found of each.
    """

    rows: Sequence[int]
    keys: Sequence[KnownKey]
    columns: Columns
    outcomes: Sequence[Outcome]

    def verdicts(self, judge: "Judge") -> Iterator[Verdict]:
        """Give the verdict of each row."""
        at, root = judge.at, judge.trust.root
        bundle = judge.trust.bundle
        number = None if bundle is None else bundle.number
        for place, (known, outcome) in enumerate(
            zip(self.keys, self.outcomes, strict=True)
        ):
            claims = self.columns.claims(place)
            yield Verdict(
                code=outcome.code,
                scope=Scope.QR,
                at=at,
                checks=outcome.checks,
                root=root,
                bundle_number=number,
                status_as_of=outcome.as_of,
                claims=claims,
                issuer_name=known.name_on(claims.issue_date),
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

    def verdicts(self, judge: "Judge") -> list[Verdict]:
        """Return the verdicts in order, as for texts that are validated alone."""
        found = dict(self.alone)
        if self.quick is not None:
            found |= zip(self.quick.rows, self.quick.verdicts(judge), strict=True)
        return [found[row] for row in range(self.count)]


class Judge:
    """Judges texts at one instant; keeps what many have in common, within bounds."""

    def __init__(
        self,
        trust: TrustState,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        evidence: tuple[Proof, ...] = (),
    ) -> None:
        """Take what is the same for all.

        Args:
            trust: what is believed.
            at: aware instant that is asked about.
            policy: limits of the validator.
            evidence: RFC 3161 timestamps over tokens, or snapshots under such.
        """
        if at.tzinfo is None:
            raise TypeError("at: expected an aware instant")
        self.trust, self.at, self.policy, self.evidence = trust, at, policy, evidence
        self._keys = known_keys(trust, at, policy)
        self._lists = Statuses(trust, at, policy)
        self._reader = ColumnReader()
        self._outcomes: dict[tuple[int, int, int, int], Outcome] = {}

    def judge(self, texts: Sequence[str]) -> Judged:
        """Return the verdicts of texts.

        Args:
            texts: what QR codes carry; a thousand to some ten thousands at a time.
        """
        rows, keys, parts = self._signed(texts)
        columns: Columns | None = None
        if parts:
            try:
                columns = self._reader.columns(parts)
            except _NOT_READ:
                rows, keys, parts = self._readable(rows, keys, parts)
                columns = self._reader.columns(parts) if parts else None
        quick = None if columns is None else self._found(rows, keys, columns)
        left = set(range(len(texts)))
        if quick is not None:
            left -= set(quick.rows)
        alone = [(row, self.alone(texts[row])) for row in sorted(left)]
        return Judged(len(texts), quick, alone)

    def alone(self, text: str) -> Verdict:
        """Return the verdict of one text, by the simple way."""
        return validate_text(
            text, self.trust, self.at, policy=self.policy, evidence=self.evidence
        )

    def _signed(
        self, texts: Sequence[str]
    ) -> tuple[list[int], list[KnownKey], list[Groups]]:
        """Return the rows whose signature holds, by a key that we know."""
        rows: list[int] = []
        keys: list[KnownKey] = []
        parts: list[Groups] = []
        for row, known, signature, signed, groups in self._candidates(texts):
            try:
                known.grant.key.verify(signature, signed)
            except VerificationError:
                continue
            rows.append(row)
            keys.append(known)
            parts.append(groups)
        return rows, keys, parts

    def _candidates(self, texts: Sequence[str]) -> list[_Candidate]:
        """Return the rows that name a key that we know, in the one layout."""
        found: list[_Candidate] = []
        find, split = self._keys.get, self._reader.split
        for row, token in enumerate(decode_many(list(map(_body, texts)))):
            frame = None if token is None else quick_token.frame(token)
            if frame is None or token is None:
                continue
            lead, start, end = frame
            known = find(lead)
            groups = None if known is None else split(token, start, end)
            if groups is None or known is None:
                continue
            signature = token[-_SIGNATURE_BYTES:]
            signed = quick_token.signed_bytes(known.signed_lead, token, end)
            found.append((row, known, signature, signed, groups))
        return found

    def _readable(
        self, rows: list[int], keys: list[KnownKey], parts: list[Groups]
    ) -> tuple[list[int], list[KnownKey], list[Groups]]:
        """Return the rows whose claims are in the one spelling, looking at each."""
        kept = []
        for place, groups in enumerate(parts):
            try:
                self._reader.columns([groups])
            except _NOT_READ:
                continue
            kept.append(place)
        return (
            [rows[place] for place in kept],
            [keys[place] for place in kept],
            [parts[place] for place in kept],
        )

    def _found(
        self, rows: Sequence[int], keys: Sequence[KnownKey], columns: Columns
    ) -> Quick | None:
        """Return what was found of rows whose signature holds.

        Rows that their key may not have signed are left out, as are those that evidence
        may rescue.
        """
        outcomes = self._outcomes_of(keys, columns)
        found = [outcome for outcome in outcomes if outcome is not None]
        if len(found) == len(outcomes):
            return Quick(rows, keys, columns, found)
        if not found:
            return None
        kept = [place for place, outcome in enumerate(outcomes) if outcome is not None]
        rows, keys = [rows[place] for place in kept], [keys[place] for place in kept]
        return Quick(rows, keys, columns.take(kept), found)

    def _outcomes_of(
        self, keys: Sequence[KnownKey], columns: Columns
    ) -> list[Outcome | None]:
        found: list[Outcome | None] = []
        known_outcomes, lists = self._outcomes, self._lists.of
        for place, (known, signed, identifier, terms, number, index) in enumerate(
            zip(
                keys,
                columns.signed,
                columns.identifiers,
                columns.terms,
                columns.lists,
                columns.indexes,
                strict=True,
            )
        ):
            if (
                not known.signs_from <= signed < known.signs_until
                or not identifier.startswith(known.issuer_part, _TYPE_CODE)
                or not self._is_granted(known, columns, place)
                or (self.evidence and known.checks[0].code is not None)
            ):
                found.append(None)
                continue
            listed = lists(known.grant.organization, number)
            status = listed.value(index)
            key = known.serial, terms.serial, listed.serial, status
            outcome = known_outcomes.get(key)
            if outcome is None:
                outcome = self._outcome(known, terms, listed, status)
                known_outcomes[key] = outcome
            found.append(outcome)
        if len(known_outcomes) > MEMO:
            known_outcomes.clear()
        return found

    def _is_granted(self, known: KnownKey, columns: Columns, place: int) -> bool:
        """Tell whether a key may sign a license of this type and legal date.

        Asked for a time at which the key signed and counted; the time of the token
        itself was looked at before.
        """
        key = columns.types[place], columns.issue_dates[place]
        granted = known.granted.get(key)
        if granted is None:
            if len(known.granted) > MEMO:
                known.granted.clear()
            claims = columns.claims(place)
            check = check_authorization(claims, known.grant, self.trust, self.at)
            granted = known.granted[key] = check.code is None
        return granted

    def _outcome(
        self, known: KnownKey, terms: Terms, listed: Listed, status: int
    ) -> Outcome:
        key_check, trust_check, clock_check = known.checks
        checks = (
            *(PASSED[name] for name in _BEFORE),
            key_check,
            listed.check(status),
            check_validity(terms.validity, terms.checkpoint, self.at),
            trust_check,
            clock_check,
        )
        code = decide(checks)
        as_of = listed.as_of
        return Outcome(
            code=code,
            text=code.text,
            indication=code.indication.value,
            reason=reason_of(checks, code),
            checks=checks,
            as_of=as_of,
            status_as_of=None if as_of is None else int(as_of.timestamp()),
        )


def reason_of(checks: Sequence[Check], code: Code) -> str:
    """Return why the code is what it is, empty for VALID; never personal data."""
    return next((check.detail for check in checks if check.code is code), "")


def _body(text: str) -> str:
    """Return the base45 of a text, and what is none where it carries none."""
    if text.startswith(OFFLINE_PREFIX) and len(text) <= MAX_QR_TEXT:
        return text[_OFFLINE:]
    try:
        return payload.body_of(text)
    except MalformedError:
        return ""
