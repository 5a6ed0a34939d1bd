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
from elicense.lookup.model import Question
from elicense.validating.verdict import instant_text

FORMAT = "elicense.call/1"
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
        if masking.contains_citizen_id(number):
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
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        handle = os.open(self._path, flags, files.PRIVATE)
        with os.fdopen(handle, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
