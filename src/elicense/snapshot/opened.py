"""Opened snapshots: many look-ups at once, or one, under one trust and one instant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, chain
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from elicense import files
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot.admitting import (
    NOTHING_SEEN,
    Admitted,
    SeenSnapshot,
    admit_manifest,
)
from elicense.snapshot.columns import Columns
from elicense.snapshot.judging import NEVER, NO_ANSWER, Judged, Ranks, judge
from elicense.snapshot.layout import INDEX_BITS, WORDS
from elicense.snapshot.manifest import MAX_MANIFEST_BYTES
from elicense.snapshot.routes import ONLINE, Routes, digest, halves_of, offline
from elicense.snapshot.texts import Strings, Texts
from elicense.trust import TrustState
from elicense.validating import Verdict, validate_attested
from esign.errors import ESignError

AT_ONCE = 1 << 12
"""Texts that are looked up at a time in one snapshot: what they touch stays in a
processor's cache. Where there are several, so many for each."""
_AT_MOST = 1 << 17
_LOOKS = 20  # at a folder that is being published; each waits for no one
_NO_ROWS = np.zeros(0, np.int64)


class Answers(NamedTuple):
    """What snapshots say of texts, row by row.

    Attributes:
        codes: number in :data:`elicense.snapshot.CODES`, or
            :data:`elicense.snapshot.NO_ANSWER`: ask the signature.
        as_of: seconds since 1970 of the status list, :data:`elicense.snapshot.NEVER`
            where none was used.
        kinds: number in :attr:`Snapshots.kinds`, -1 where there is no answer.
    """

    codes: Ranks
    as_of: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]

    def part(self, rows: slice | list[int]) -> "Answers":
        """Return some rows: of a slice the same memory, of a list a copy."""
        return Answers(self.codes[rows], self.as_of[rows], self.kinds[rows])

    def put(self, rows: npt.NDArray[np.int64] | list[int], found: "Answers") -> None:
        """Put answers into some rows."""
        self.codes[rows], self.as_of[rows] = found.codes, found.as_of
        self.kinds[rows] = found.kinds


@dataclass(frozen=True, slots=True)
class Refused:
    """A snapshot that is not used, and why; all its rows take the signature path."""

    path: Path
    error: ESignError | files.FileError


class Snapshot:
    """One snapshot, believed at an instant; use :meth:`open`."""

    def __init__(self, data: bytes, columns: Columns, admitted: Admitted) -> None:
        """Keep what was authenticated."""
        self._data = data
        self.columns = columns
        self.admitted = admitted

    @classmethod
    def open(
        cls,
        path: Path,
        trust: TrustState,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        seen: Mapping[str, SeenSnapshot] = NOTHING_SEEN,
    ) -> Self:
        """Open a snapshot, and authenticate it once.

        Where another run publishes meanwhile it is the one before or the new one.

        Args:
            path: the file ``manifest.cose``; its columns are beside it.
            trust: what is believed.
            at: aware instant that is asked about.
            policy: limits of the validator.
            seen: organization -> what is remembered of its snapshots.

        Raises:
            FileError: the manifest or its columns cannot be read.
            MalformedError, VerificationError: as for
                :func:`elicense.snapshot.admit_manifest` and :meth:`Columns.open`.
        """
        before, looks = b"", _LOOKS
        while True:
            data = files.read(path, MAX_MANIFEST_BYTES)
            admitted = admit_manifest(data, trust, at, policy, seen)
            manifest = admitted.manifest
            where = path.parent / manifest.columns_file
            try:
                columns = Columns.open(where, manifest.rows, manifest.sha256)
            except files.FileError:
                looks -= 1
                if data == before or not looks:
                    raise
                before = data  # published anew since: look at the manifest again
                continue
            return cls(data, columns, admitted)

    def under(
        self, trust: TrustState, at: datetime, policy: ValidationPolicy = STANDARD
    ) -> "Snapshot":
        """Return the same columns believed under another trust or instant.

        Raises:
            MalformedError, VerificationError: as for :meth:`open`.
        """
        again = admit_manifest(self._data, trust, at, policy)
        return Snapshot(self._data, self.columns, again)


class Snapshots:
    """Snapshots of any number of organs, opened for one trust and one instant.

    Attributes:
        refused: those that are not used, each with its reason.
        seen: what to remember, by organization: of several the highest number.
        digests: SHA-256 of the manifests of those that are used.
        kinds: all classes of all snapshots.
    """

    def __init__(
        self,
        opened: Iterable[Snapshot],
        trust: TrustState,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        refused: tuple[Refused, ...] = (),
    ) -> None:
        """Judge the classes of opened snapshots.

        Args:
            opened: each admitted under this trust at this instant.
            trust: what is believed.
            at: aware instant that is asked about.
            policy: limits of the validator.
            refused: those that could not be opened.
        """
        self._trust, self._at, self._policy = trust, at, policy
        self._parts = tuple(
            (item, judge(item.admitted, trust, at, policy)) for item in opened
        )
        self.refused = refused
        rising = sorted((item.admitted for item, _ in self._parts), key=_number)
        self.seen = {item.manifest.organization: item.seen for item in rising}
        self.digests = frozenset(item.seen.digest for item in rising)
        classes = [item.admitted.manifest.classes for item, _ in self._parts]
        self.kinds = tuple(chain.from_iterable(classes))
        self._begins = [0, *accumulate(map(len, classes))]
        self._routes = Routes([item.admitted.manifest for item, _ in self._parts])

    @classmethod
    def open(
        cls,
        paths: Iterable[Path],
        trust: TrustState,
        at: datetime,
        *,
        policy: ValidationPolicy = STANDARD,
        seen: Mapping[str, SeenSnapshot] = NOTHING_SEEN,
    ) -> Self:
        """Open snapshots; one that cannot be used stops none of the others.

        Args:
            paths: files ``manifest.cose``.
            trust: what is believed.
            at: aware instant that is asked about.
            policy: limits of the validator.
            seen: organization -> what is remembered of its snapshots.
        """
        opened: list[Snapshot] = []
        refused: list[Refused] = []
        for path in paths:
            try:
                opened.append(Snapshot.open(path, trust, at, policy=policy, seen=seen))
            except (ESignError, files.FileError) as err:
                refused.append(Refused(path, err))
        return cls(opened, trust, at, policy=policy, refused=tuple(refused))

    def __len__(self) -> int:
        """Return how many snapshots are used."""
        return len(self._parts)

    def are_of(self, trust: TrustState, at: datetime, policy: ValidationPolicy) -> bool:
        """Tell whether they were opened for this trust, instant and policy."""
        return (self._trust, self._at, self._policy) == (trust, at, policy)

    def answer(self, texts: Sequence[str]) -> Answers:
        """Look texts up; what is not answered is to be asked by its signature.

        A code is what :func:`elicense.validate_text` says of the same text under the
        same trust, instant and policy, apart from evidence that a caller has.

        Args:
            texts: QR texts of either carrier, any strings; some thousands at a time,
                and tens of thousands where there are many snapshots.
        """
        return self.answer_each(Strings(texts))

    def answer_each(self, texts: Texts) -> Answers:
        """Look texts up as :meth:`answer` does, as they stand in memory.

        Args:
            texts: those of a column, which need not become strings, or of a list.
        """
        codes = np.full(len(texts), NO_ANSWER, np.uint8)
        as_of = np.full(len(texts), NEVER, np.int64)
        answers = Answers(codes, as_of, np.full(len(texts), -1, np.int64))
        size = min(AT_ONCE * len(self._parts), _AT_MOST)
        for start in range(0, len(texts) if self._parts else 0, size or 1):
            end = min(start + size, len(texts))
            self._answer(texts.part(start, end), answers.part(slice(start, end)))
        # Few texts are of the on-line carrier, and none of those was found as it is.
        missed = np.flatnonzero(codes == NO_ANSWER) if self._parts else _NO_ROWS
        again = texts.beginning(missed, ONLINE)
        for start in range(0, len(again), size or 1):
            some = again[start : start + size]
            rows = [row for row, _ in some]
            found = answers.part(rows)
            self._answer(Strings([offline(text) for _, text in some]), found)
            answers.put(rows, found)
        return answers

    def _answer(self, texts: Texts, answers: Answers) -> None:
        """Answer a few off-line texts in place."""
        hi, lo = halves_of(texts.digests())
        for rows, part in self._routes.spread(texts):
            opened, judged = self._parts[part]
            asked = (hi, lo) if rows is None else (hi[rows], lo[rows])
            there, found = _look_up(opened.columns, judged, asked)
            found.kinds[:] += self._begins[part]
            answers.put(there if rows is None else rows[there], found)

    def validate_text(self, text: str) -> Verdict | None:
        """Return the verdict of one QR text with its claims, None for no answer.

        Args:
            text: exactly what the QR carries.
        """
        sought = digest(text)
        for opened, judged in self._parts:
            row = opened.columns.find(sought)
            if row is not None and judged.usable[row.place >> INDEX_BITS]:
                return self.verdicts([text])[0]
        return None

    def verdicts(self, texts: Iterable[str]) -> list[Verdict]:
        """Return verdicts with claims of texts that :meth:`answer` has answered.

        Does NOT look them up again.

        Args:
            texts: each with an answer that is not :data:`NO_ANSWER`.

        Raises:
            MalformedError: a text that no snapshot can hold.
        """
        return [
            validate_attested(text, self._trust, self._at, policy=self._policy)
            for text in texts
        ]


def _number(admitted: Admitted) -> int:
    return admitted.seen.number


def _look_up(
    columns: Columns, judged: Judged, keys: tuple[WORDS, WORDS]
) -> tuple[npt.NDArray[np.int64], Answers]:
    """Return the places that one snapshot answers, and the answers."""
    row = columns.rows_of(*keys)
    there = np.flatnonzero(row >= 0)
    rows = row if len(there) == len(row) else row[there]
    places = columns.places_at(rows)
    number = (places >> np.uint32(INDEX_BITS)).astype(np.int64)
    usable = judged.usable[number]
    if not usable.all():
        there, rows = there[usable], rows[usable]
        places, number = places[usable], number[usable]
    codes = judged.codes(columns.days_at(rows), places, number)
    return there, Answers(codes, judged.as_of[number], number)
