"""The option ``--evidence``: timestamps and kept snapshots, from files."""

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import click

from elicense import files
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.validating import MAX_TIMESTAMPS
from elicense.validating.evidence import Proof
from esign import timestamps
from esign.errors import MalformedError, VerificationError
from esign.timestamps import MAX_TOKEN_BYTES

_SNAPSHOT_SUFFIX = ".cose"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def takes_evidence(command: _Command) -> _Command:
    """Give a command the option; it comes as ``evidence_files``."""
    return click.option(
        "--evidence",
        "evidence_files",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="An RFC 3161 timestamp (时间戳) over a license, where its key was"
        " withdrawn; or the manifest of a snapshot that was kept (.cose), with its"
        " columns beside it and a timestamp in FILE.tsr if there is one; may be"
        " repeated.",
    )(command)


def read(paths: Sequence[Path]) -> tuple[Proof, ...]:
    """Read the evidence; too much is refused, for the rest would not count.

    Raises:
        WrongUsageError: too many files, or one is no timestamp.
        FileError: one cannot be read.
        MalformedError, VerificationError: a snapshot is damaged.
    """
    if len(paths) > MAX_TIMESTAMPS:
        raise WrongUsageError(
            Text(
                f"--evidence 最多给出 {MAX_TIMESTAMPS} 次",
                f"--evidence may be given {MAX_TIMESTAMPS} times at most",
            )
        )
    return tuple(
        _archive(path) if path.suffix == _SNAPSHOT_SUFFIX else _timestamp(path)
        for path in paths
    )


def _archive(path: Path) -> Proof:
    """Return a kept snapshot, with the timestamp that may stand beside it."""
    if find_spec("numpy") is None:
        raise WrongUsageError(
            Text(
                "快照证据需要附加组件：pip install 'elicense[bulk]'",
                "a snapshot as evidence needs: pip install 'elicense[bulk]'",
            )
        )
    snapshot = import_module("elicense.snapshot")
    beside = path.with_name(f"{path.name}.tsr")
    stamps = [_timestamp(beside)] if files.is_file(beside) else []
    opened: Proof = snapshot.Archive.open(path, stamps)
    return opened


def _timestamp(path: Path) -> bytes:
    try:
        return timestamps.token_in(files.read(path, MAX_TOKEN_BYTES))
    except (MalformedError, VerificationError) as err:
        raise WrongUsageError(
            Text(
                f"--evidence {path}：不是 RFC 3161 时间戳（.tsr 或 TimeStampToken，"
                f"DER）：{err}",
                f"--evidence {path}: not an RFC 3161 timestamp (.tsr or a"
                f" TimeStampToken, DER): {err}",
            )
        ) from err
