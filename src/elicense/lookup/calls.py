"""The call log: one line for each question, on disk before it is answered.

docs/formats/lookup.md, section 4.
"""

import fcntl
import json
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from elicense import files, masking
from elicense.dates import instant_text
from elicense.lookup.model import Question

FORMAT = "elicense.call/1"
_END = b"\n"
Outcome = Literal["found", "none", "refused"]


class CallLog:
    """A file that only grows."""

    def __init__(self, path: Path) -> None:
        """Name the file; it is made with the first line."""
        self._path = path

    def add(
        self,
        question: Question,
        outcome: Outcome,
        licenses: Sequence[str],
        at: datetime,
    ) -> None:
        """Put one line on disk; two runs at once write one after the other.

        Args:
            question: its number is masked where it contains a citizen id; its holder
                is left out.
            outcome: what came of it.
            licenses: identifiers that are told.
            at: when it was asked.

        Raises:
            FileError: it cannot be written; then nobody is to be answered.
        """
        number = question.number
        if holds_citizen_id(number):
            number = masking.mask_code(number)
        line = json.dumps(
            {
                "format": FORMAT,
                "at": instant_text(at),
                "caller": question.caller,
                "purpose": question.purpose,
                "number": number,
                "outcome": outcome,
                "licenses": list(licenses),
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        try:
            self._append(f"{line}\n".encode())
        except OSError as err:
            raise files.failed("写入", "write", self._path, err) from err

    def _append(self, line: bytes) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        handle = os.open(self._path, flags, files.PRIVATE)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            if not size:
                files.sync(self._path.parent)
            elif os.pread(handle, 1, size - 1) != _END:
                line = _END + line  # what a machine that went down left of the last
            try:
                while line:
                    line = line[os.write(handle, line) :]
                os.fsync(handle)
            except OSError:
                file.truncate(size)
                raise


def holds_citizen_id(text: str) -> bool:
    """Tell whether a citizen id stands in a text, blanks and hyphens in it or not."""
    return masking.contains_citizen_id(text.replace(" ", "").replace("-", ""))
