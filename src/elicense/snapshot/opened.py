"""Opened snapshots: many look-ups at once, or one, under one trust and one instant."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, chain
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from elicense import files, payload
from elicense.policy import STANDARD, ValidationPolicy
from elicense.snapshot.admitting import (
    NOTHING_SEEN,
    Admitted,
    SeenSnapshot,
    admit_manifest,
)
from elicense.snapshot.columns import Columns
from elicense.snapshot.judging import NEVER, NO_ANSWER, Judged, Ranks, judge
from elicense.snapshot.layout import DIGEST_BYTES, INDEX_BITS, WORDS
from elicense.snapshot.manifest import MAX_MANIFEST_BYTES
from elicense.trust import TrustState
from elicense.validating import Verdict, validate_attested
from esign import cbor
from esign.encoding import base45_encode
from esign.errors import ESignError, MalformedError

AT_ONCE = 1 << 12
"""Texts that are looked up at a time in one snapshot: what they touch stays in a
processor's cache. Where there are several, so many for each."""
_AT_MOST = 1 << 17
_LOOKS = 20  # at a folder that is being published; each waits for no one
_ONLINE = "HTTPS://"
_ANYWHERE = 0


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
        seen: what to remember, by organization.
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
        self.seen = {
            item.admitted.manifest.organization: item.admitted.seen
            for item, _ in self._parts
        }
        classes = [item.admitted.manifest.classes for item, _ in self._parts]
        self.kinds = tuple(chain.from_iterable(classes))
        self._begins = [0, *accumulate(map(len, classes))]
        self._routes = _Routes([item for item, _ in self._parts])

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

    def answer(self, texts: Sequence[str]) -> Answers:
        """Look texts up; what is not answered is to be asked by its signature.

        A code is what :func:`elicense.validate_text` says of the same text under the
        same trust, instant and policy, apart from evidence that a caller has.

        Args:
            texts: QR texts of either carrier, any strings; some thousands at a time,
                and tens of thousands where there are many snapshots.
        """
        codes = np.full(len(texts), NO_ANSWER, np.uint8)
        as_of = np.full(len(texts), NEVER, np.int64)
        answers = Answers(codes, as_of, np.full(len(texts), -1, np.int64))
        size = min(AT_ONCE * len(self._parts), _AT_MOST)
        for start in range(0, len(texts) if self._parts else 0, size or 1):
            span = slice(start, start + size)
            self._answer(texts[span], answers.part(span))
        # Few texts are of the on-line carrier, and none of those was found as it is.
        missed = np.flatnonzero(codes == NO_ANSWER).tolist() if self._parts else []
        again = [row for row in missed if texts[row].startswith(_ONLINE)]
        for start in range(0, len(again), size or 1):
            rows = again[start : start + size]
            found = answers.part(rows)
            self._answer([_offline(texts[row]) for row in rows], found)
            answers.put(rows, found)
        return answers

    def _answer(self, texts: Sequence[str], answers: Answers) -> None:
        """Answer a few off-line texts in place."""
        hi, lo = digests(texts)
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
        digest = hashlib.sha256(_encoded(_offline(text))).digest()[:DIGEST_BYTES]
        for opened, judged in self._parts:
            row = opened.columns.find(digest)
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


def _look_up(
    columns: Columns, judged: Judged, keys: tuple[WORDS, WORDS]
) -> tuple[npt.NDArray[np.int64], Answers]:
    """Return the places that one snapshot answers, and the answers."""
    row = columns.rows_of(*keys)
    there = np.flatnonzero(row >= 0)
    places = columns.places_at(row[there])
    usable = judged.usable[places >> np.uint32(INDEX_BITS)]
    if not usable.all():
        there, places = there[usable], places[usable]
    codes = judged.codes(columns.days_at(row[there]), places)
    number = (places >> np.uint32(INDEX_BITS)).astype(np.int64)
    return there, Answers(codes, judged.as_of[number], number)


def digests(texts: Sequence[str]) -> tuple[WORDS, WORDS]:
    """Return the halves of the digests of off-line QR texts (format, section 2.2).

    Args:
        texts: any strings.
    """
    sha256 = hashlib.sha256
    try:
        joined = b"".join([sha256(text.encode()).digest() for text in texts])
    except UnicodeEncodeError:  # a lone surrogate, which is in no text of ours
        joined = b"".join([sha256(_encoded(text)).digest() for text in texts])
    words = np.frombuffer(joined, ">u8").reshape(-1, 4)
    return words[:, 0].astype("<u8"), words[:, 1].astype("<u8")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _offline(text: str) -> str:
    """Return the off-line text of the same token; what is no text of ours stays."""
    if not text.startswith(_ONLINE):
        return text
    try:
        return payload.OFFLINE_PREFIX + payload.body_of(text)
    except MalformedError:
        return text


class _Routes:
    """Which snapshots may hold a text: those with a class of the key that it names.

    A kid stands at one place of a token for each length of its algorithm, and so does
    its base45 in a text.
    """

    def __init__(self, opened: Sequence[Snapshot]) -> None:
        """Arrange the kids of all classes."""
        groups: dict[tuple[int, str], list[int]] = {}
        self._all = len(opened)
        for number, item in enumerate(opened):
            for one in item.admitted.manifest.classes:
                name = _place(one.alg), base45_encode(one.kid)
                found = groups.setdefault(name, [])
                if number not in found:
                    found.append(number)
        self._groups = [(), *dict.fromkeys(map(tuple, groups.values()))]
        ids = {group: number for number, group in enumerate(self._groups)}
        self._of: dict[int, dict[str, int]] = {}
        for (place, kid), numbers in groups.items():
            self._of.setdefault(place, {})[kid] = ids[tuple(numbers)]

    def spread(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[npt.NDArray[np.int64] | None, int]]:
        """Give rows, None for all, and the snapshot in which to look them up."""
        if self._all == 1:
            yield None, 0
            return
        group = np.zeros(len(texts), np.int64)
        for place, kids in self._of.items():
            end = place + _KID_CHARACTERS
            get = kids.get
            named = [get(text[place:end], 0) for text in texts]
            group = np.maximum(group, np.array(named, np.int64))
        order = np.argsort(group, kind="stable")
        cuts = np.searchsorted(group[order], np.arange(len(self._groups) + 1))
        for number, parts in enumerate(self._groups):
            rows = order[cuts[number] : cuts[number + 1]]
            for part in parts if len(rows) else ():
                yield rows, part


_KID_CHARACTERS = 12  # base45 of 8 bytes
_HEAD = 7  # bytes of a token before its kid, apart from its algorithm


def _place(alg: int) -> int:
    """Return where the base45 of a kid stands in an off-line text.

    Tokens are signed with algorithms of one or of five bytes, so that the kid begins
    with a group of three characters.
    """
    begin = _HEAD + len(cbor.encode(alg))
    return len(payload.OFFLINE_PREFIX) + begin // 2 * 3
