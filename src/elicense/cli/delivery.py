"""What a batch hands over: the PDF of each license, and a line of the report for it."""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from elicense import files
from elicense.issuing import Issued, Outcome
from elicense.lifecycle import State
from elicense.masking import contains_citizen_id, mask_code
from elicense.model import Text
from elicense.validating.verdict import summary

Line = Mapping[str, object]
_DRAFTS = ".new-batch-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_DIGEST = re.compile("[0-9a-f]{64}")
_SHOWN_DIGEST = 8  # characters that tell rows apart


@contextmanager
def drafts(folder: Path) -> Iterator[Path]:
    """Give a folder inside another one, for files that are not whole yet.

    It is locked while this process or one that was forked from it lives. So what killed
    runs left is known and removed first, and what another run needs now is not.

    Args:
        folder: where the files get their names; exists.

    Raises:
        FileError: the folder cannot be written.
    """
    for left in folder.glob(f"{_DRAFTS}*"):
        _remove_if_left(left)
    made, handle = _new_drafts(folder)
    try:
        yield made
    finally:
        files.remove_folder(made)
        os.close(handle)


def _new_drafts(folder: Path) -> tuple[Path, int]:
    while True:
        made = folder / f"{_DRAFTS}{secrets.token_hex(8)}"
        files.make_folder(made, 0o700)
        # Until it is locked another run may take it for left, and remove it.
        with suppress(FileNotFoundError):
            handle = os.open(made, _FOLDER)
            if not _is_taken(handle, made):
                return made, handle
            os.close(handle)


def _is_taken(handle: int, folder: Path) -> bool:
    """Lock a folder; tell whether another run did, or removed it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a disk without locks: there no run removes anything
        return False
    return not folder.exists()


def _remove_if_left(folder: Path) -> None:
    """Remove the drafts of a run that is dead; what cannot be locked is left alone."""
    try:
        handle = os.open(folder, _FOLDER)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    else:
        files.remove_folder(folder)
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Writes the PDFs of a chunk, and tells of each row what the report says.

    The bytes are safe in the register already. They are written as drafts, each is put
    on disk, and only then all get their names: neither a run that is killed nor a
    machine that stops leaves half of a file under its name. A license that is not in
    force any more is told and not handed over.

    Attributes:
        folder: where the PDFs get their names.
        drafts: a folder on the same disk, for what is not whole yet.
    """

    folder: Path
    drafts: Path

    def __call__(self, outcomes: Sequence[Outcome]) -> list[Line]:
        """Write the PDFs of a chunk and return a line for each row.

        Args:
            outcomes: of one chunk; what was issued is durable.

        Raises:
            FileError: the folder cannot be written; of the chunk nothing is half.
        """
        try:
            self._write([o.issued for o in outcomes if _is_good(o.issued)])
        except OSError as err:
            raise not_written(self.folder, err) from err
        return [self._line(outcome) for outcome in outcomes]

    def _write(self, good: Sequence[Issued | None]) -> None:
        waiting: list[tuple[Path, Path]] = []
        try:
            for issued in good:
                if issued is None or _holds(self._target(issued), issued.pdf):
                    continue
                target = self._target(issued)
                # Drafts of several processes stand side by side.
                waiting.append((self.drafts / f"{os.getpid()}-{target.name}", target))
                _write_draft(waiting[-1][0], issued.pdf)
            for draft, _ in waiting:
                files.sync(draft)
            renamed = bool(waiting)
            while waiting:
                draft, target = waiting[-1]
                draft.replace(target)
                waiting.pop()
            if renamed:
                files.sync(self.folder)
        finally:
            for draft, _ in waiting:
                draft.unlink(missing_ok=True)

    def _target(self, issued: Issued) -> Path:
        return self.folder / f"{issued.license.identifier}.pdf"

    def _line(self, outcome: Outcome) -> Line:
        issued, error = outcome.issued, outcome.error
        head = {"row": outcome.place, "key": _shown_key(outcome)}
        if issued is None:
            return {
                **head,
                "code": "refused" if error is None else type(error).__name__,
                "error_zh": "" if error is None else error.message.zh,
                "error_en": "" if error is None else error.message.en,
            }
        claims, good = issued.verdict.claims, _is_good(issued)
        return {
            **head,
            "identifier": issued.license.identifier,
            "number": "" if claims is None else summary(claims)["number"],
            "file": str(self._target(issued)) if good else "",
            "code": issued.verdict.code.text if good else issued.state.value,
            "state": issued.state.value,
            "existed": outcome.existed,
            "warnings_zh": "；".join(
                f"{item.field}：{item.message.zh}" for item in issued.warnings
            ),
            "warnings_en": "; ".join(
                f"{item.field}: {item.message.en}" for item in issued.warnings
            ),
        }


def _is_good(issued: Issued | None) -> bool:
    """Tell whether a license is handed over: it was issued, and nothing ended it."""
    return issued is not None and issued.state is State.ISSUED


def _shown_key(outcome: Outcome) -> str:
    """Return a case number or row id as a report may show it, without personal data.

    The digest that keys a row without case and id is cut: it has no salt, so that a
    guess at the row could be confirmed by it. What holds a citizen id, or the name or
    code of a person who is a holder, is masked.

    Args:
        outcome: of the row.
    """
    number = outcome.number
    if _DIGEST.fullmatch(number):
        return number[:_SHOWN_DIGEST]
    holders = outcome.issued.license.draft.holders if outcome.issued else ()
    persons = [holder for holder in holders if holder.is_person]
    # An id is also one with spaces or strokes between its parts.
    plain = "".join(filter(str.isalnum, number))
    if any(
        part in number for holder in persons for part in (holder.name, holder.code)
    ) or contains_citizen_id(plain):
        return mask_code(number)
    return number


def _holds(path: Path, pdf: bytes) -> bool:
    """Tell whether a file is there with these bytes."""
    try:
        return path.stat().st_size == len(pdf) and path.read_bytes() == pdf
    except FileNotFoundError:
        return False


def not_written(path: Path, err: OSError) -> files.FileError:
    """Return the error of a run that can not write, and must say what is safe."""
    reason = err.strerror or type(err).__name__
    return files.FileError(
        Text(
            f"无法写入 {path}：{reason}；已签发的都已入库，请重新运行",
            f"cannot write to {path}: {reason}; what was issued is stored:"
            " run the same again",
        )
    )


def _write_draft(path: Path, pdf: bytes) -> None:
    with path.open("wb") as file:
        file.write(pdf)
        os.fchmod(file.fileno(), files.PUBLIC)
