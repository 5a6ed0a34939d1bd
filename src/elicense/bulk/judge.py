"""The verdicts of many QR texts at once: what is alike is decided once.

A text takes the short way where its token has the one layout of
:mod:`elicense.quick_token`, names a key of the trust, verifies with it and is what that
key was granted. Its other checks come from the functions that
:func:`elicense.validating.token.check_token` calls, each asked once for all licenses
that give it the same. Every other text is validated alone, by
:func:`elicense.validating.validate_text`, which names what is wrong with it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from elicense import payload, quick_token
from elicense.bulk.base45 import decode_joined
from elicense.bulk.columns import MEMO, ColumnReader, Columns, Terms
from elicense.bulk.judged import Judged, Outcome, Quick, kept_of
from elicense.bulk.keys import KnownKey, known_keys
from elicense.bulk.leads import Leads
from elicense.bulk.scan import SIGNATURE_BYTES, SLACK, Scanned, scan
from elicense.bulk.statuses import Listed, Statuses
from elicense.payload import MAX_QR_TEXT, OFFLINE_PREFIX
from elicense.policy import STANDARD, ValidationPolicy
from elicense.trust import TrustState
from elicense.validating import Verdict, validate_text
from elicense.validating.evidence import Proof
from elicense.validating.token import PASSED, check_authorization, check_validity
from esign.errors import MalformedError
from esign.verdict import Check, Code, decide

MOST = 1 << 16
"""Texts that are judged at a time, at most."""
FEW = 40
"""Texts below which each is judged alone: the calls for all together cost more."""
_OFFLINE = len(OFFLINE_PREFIX)
_HEAD = len(quick_token.SIGNATURE_HEAD)
_TAIL = _HEAD + SIGNATURE_BYTES
_IN_A_ROW = 256  # signatures of one key
_NOT_READ = (OverflowError, ValueError, quick_token.NotThisLayoutError)


class _Context(NamedTuple):
    """What rows of one key, list and so on have in common.

    Attributes:
        listed: their status list.
        outcomes: (status, what is wrong with the signature) -> what the checks come to.
    """

    listed: Listed
    outcomes: dict[tuple[int, str], Outcome]


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
        self._known = list(dict.fromkeys(self._keys.values()))
        numbers = {known: number for number, known in enumerate(self._known)}
        self._leads = Leads(
            {lead: numbers[known] for lead, known in self._keys.items()}
        )
        self._froms = np.array([known.signs_from for known in self._known], np.int64)
        self._untils = np.array([known.signs_until for known in self._known], np.int64)
        self._lists = Statuses(trust, at, policy)
        self._reader = ColumnReader()
        self._granted: dict[tuple[int, str, date], bool] = {}
        self._contexts: dict[tuple[object, ...], _Context | None] = {}
        self._outcomes: dict[tuple[object, ...], Outcome] = {}
        self._told = 0  # outcomes that contexts hold

    def judge(self, texts: Sequence[str]) -> Judged:
        """Return the verdicts of texts.

        Args:
            texts: what QR codes carry; a thousand to some ten thousands at a time.

        Raises:
            ValueError: more than :data:`MOST`.
        """
        if len(texts) > MOST:
            raise ValueError(f"at most {MOST} texts at a time")
        quick = self._quick(texts) if len(texts) >= FEW else None
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

    def _quick(self, texts: Sequence[str]) -> Quick | None:
        """Return what was found of the rows that take the short way, if any.

        Those are left out that their key may not have signed, and those that evidence
        may rescue.
        """
        joined = decode_joined(list(map(_body, texts)), SLACK)
        data = joined.data.tobytes()
        scanned = scan(joined, self._leads)
        keys = scanned.keys
        signs = self._froms[keys] <= scanned.signed
        scanned = scanned.take(signs & (scanned.signed < self._untils[keys]))
        if not len(scanned.rows):
            return None
        scanned, columns = self._readable(data, joined.data, scanned)
        if columns is None:
            return None
        faults = self._faults(data, scanned)
        outcomes = self._outcomes_of(columns, faults)
        known = [self._known[key] for key in scanned.keys.tolist()]
        return kept_of(scanned.rows.tolist(), known, columns, faults, outcomes)

    def _faults(self, data: bytes, scanned: Scanned) -> list[str]:
        """Verify the signatures of rows; give what is wrong with each, or ""."""
        found = [""] * len(scanned.rows)
        for key in np.unique(scanned.keys).tolist():
            places = np.flatnonzero(scanned.keys == key)
            known = self._known[key]
            for start in range(0, len(places), _IN_A_ROW):
                some = places[start : start + _IN_A_ROW]
                ends = scanned.ends[some].tolist()
                errors = known.grant.key.verify_many(
                    [data[end + _HEAD : end + _TAIL] for end in ends],
                    [
                        quick_token.signed_bytes(known.signed_lead, data, end, begin)
                        for begin, end in zip(
                            scanned.begins[some].tolist(), ends, strict=True
                        )
                    ],
                )
                for place, error in zip(some.tolist(), errors, strict=True):
                    found[place] = "" if error is None else str(error)
        return found

    def _readable(
        self, data: bytes, plain: npt.NDArray[np.uint8], scanned: Scanned
    ) -> tuple[Scanned, Columns | None]:
        """Return the columns of rows in the one spelling, and which those are."""
        try:
            return scanned, self._columns(data, plain, scanned)
        except _NOT_READ:
            kept = []
        for place in range(len(scanned.rows)):
            try:
                self._columns(data, plain, scanned.take([place]))
            except _NOT_READ:
                continue
            kept.append(place)
        scanned = scanned.take(kept)
        return scanned, self._columns(data, plain, scanned) if kept else None

    def _columns(
        self, data: bytes, plain: npt.NDArray[np.uint8], scanned: Scanned
    ) -> Columns:
        issuers = [self._known[key].issuer for key in scanned.keys.tolist()]
        return self._reader.columns(data, plain, scanned, issuers)

    def _outcomes_of(
        self, columns: Columns, faults: Sequence[str]
    ) -> list[Outcome | None]:
        found: list[Outcome | None] = []
        scanned, contexts = columns.scanned, self._contexts
        for place, (key, terms, number, index, type_name, day, fault) in enumerate(
            zip(
                scanned.keys.tolist(),
                columns.terms,
                scanned.lists.tolist(),
                scanned.indexes.tolist(),
                columns.types.to_pylist(),
                scanned.issued.tolist(),
                faults,
                strict=True,
            )
        ):
            name = key, terms.serial, number, type_name, day
            if name not in contexts:
                known = self._known[key]
                contexts[name] = self._context(known, columns, place, number)
            context = contexts[name]
            if context is None:
                found.append(None)
                continue
            status = context.listed.value(index)
            outcome = context.outcomes.get((status, fault))
            if outcome is None:
                outcome = self._outcome(
                    self._known[key], terms, context.listed, status, fault
                )
                context.outcomes[status, fault] = outcome
                self._told += 1
            found.append(outcome)
        # Rows that nobody signed may name a new index each, all under one context.
        if len(contexts) + self._told > MEMO:
            contexts.clear()
            self._outcomes.clear()
            self._told = 0
        return found

    def _context(
        self, known: KnownKey, columns: Columns, place: int, number: int
    ) -> _Context | None:
        """Return what rows like one have in common; None for those that stand alone."""
        if not self._is_granted(known, columns, place) or (
            self.evidence and known.checks[0].code is not None
        ):
            return None
        return _Context(self._lists.of(known.grant.organization, number), {})

    def _is_granted(self, known: KnownKey, columns: Columns, place: int) -> bool:
        """Tell whether a key may sign a license of this type and legal date.

        Asked for a time at which the key signed and counted; the time of the token
        itself was looked at before.
        """
        type_name, day = columns.types[place].as_py(), columns.issue_dates[place]
        name = known.serial, type_name, day
        granted = self._granted.get(name)
        if granted is None:
            if len(self._granted) > MEMO:
                self._granted.clear()
            claims = next(columns.take([place]).claims())
            check = check_authorization(claims, known.grant, self.trust, self.at)
            granted = self._granted[name] = check.code is None
        return granted

    def _outcome(
        self, known: KnownKey, terms: Terms, listed: Listed, status: int, fault: str
    ) -> Outcome:
        name = known.serial, terms.serial, listed.serial, status, fault
        outcome = self._outcomes.get(name)
        if outcome is None:
            outcome = self._outcomes[name] = self._decided(
                known, terms, listed, status, fault
            )
        return outcome

    def _decided(
        self, known: KnownKey, terms: Terms, listed: Listed, status: int, fault: str
    ) -> Outcome:
        key_check, trust_check, clock_check = known.checks
        checks = (
            PASSED["format"],
            PASSED["issuer"],
            _bad_signature(fault) if fault else PASSED["signature"],
            PASSED["authorization"],
            key_check,
            listed.check(status),
            check_validity(terms.validity, terms.checkpoint, self.at),
            trust_check,
            clock_check,
        )
        code = decide(checks)
        as_of = None if fault else listed.as_of
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


def _bad_signature(fault: str) -> Check:
    return Check.failed("signature", Code.BAD_SIGNATURE, fault)


def _body(text: str) -> str:
    """Return the base45 of a text, and what is none where it carries none."""
    if text.startswith(OFFLINE_PREFIX) and len(text) <= MAX_QR_TEXT:
        return text[_OFFLINE:]
    try:
        return payload.body_of(text)
    except MalformedError:
        return ""
