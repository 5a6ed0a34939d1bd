"""What ``verify`` is given: files, and QR texts on standard input, one on a line."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from elicense import files, validating
from elicense.catalog import Catalog
from elicense.files import FileError
from elicense.policy import ValidationPolicy
from elicense.trust import TrustState
from elicense.validating import Verdict
from elicense.validating.evidence import Proof
from esign.verdict import Check, Code

STDIN = "-"
_MAX_LINE = 1 << 16  # bytes kept of a line; a text over 4096 characters is refused


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What every input of one run is asked; one instant and one evidence for all."""

    trust: TrustState
    at: datetime
    policy: ValidationPolicy
    catalog: Catalog
    evidence: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """One input: what it is called, and how it is validated."""

    name: str
    validate: Callable[[Inquiry], Verdict]


def each(names: Sequence[str]) -> Iterator[Input]:
    """Give the inputs in their order.

    ``-`` gives one input for each line of standard input, called ``-:1``, ``-:2`` and
    on. Nothing of a line is trimmed but its end; an empty line is an empty input, and
    no line at all is one empty input, so that nothing is no success.

    Args:
        names: paths and ``-``.
    """
    for name in names:
        if name != STDIN:
            yield Input(name, _file(Path(name)))
            continue
        count = 0
        for text in _lines(sys.stdin.buffer):
            count += 1
            yield Input(f"{STDIN}:{count}", _text(text))
        if not count:
            yield Input(STDIN, _text(""))


def _file(path: Path) -> Callable[[Inquiry], Verdict]:
    def check(inquiry: Inquiry) -> Verdict:
        try:
            data = files.read(path, inquiry.policy.max_input_bytes)
        except FileError as err:
            return _unreadable(err, inquiry)
        return validating.validate(
            data,
            inquiry.trust,
            inquiry.at,
            policy=inquiry.policy,
            catalog=inquiry.catalog,
            evidence=inquiry.evidence,
        )

    return check


def _text(text: str) -> Callable[[Inquiry], Verdict]:
    def check(inquiry: Inquiry) -> Verdict:
        return validating.validate_text(
            text,
            inquiry.trust,
            inquiry.at,
            policy=inquiry.policy,
            evidence=inquiry.evidence,
        )

    return check


def _unreadable(err: FileError, inquiry: Inquiry) -> Verdict:
    """Return the verdict of a file that the world does not let us read."""
    bundle = inquiry.trust.bundle
    return Verdict(
        code=Code.UNREADABLE,
        scope=None,
        at=inquiry.at,
        checks=(Check.failed("input", Code.UNREADABLE, err.message.en),),
        root=inquiry.trust.root,
        bundle_number=None if bundle is None else bundle.number,
    )


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Give the lines without their ends; of a very long one only the beginning."""
    while line := stream.readline(_MAX_LINE):
        kept = line
        while len(line) == _MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(_MAX_LINE)
        end = b"\r\n" if kept.endswith(b"\r\n") else b"\n"
        yield kept.removesuffix(end).decode(errors="replace")
