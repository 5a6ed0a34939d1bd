"""The columns of a register: those that are there, grown by what was issued, or new.

docs/formats/snapshot.md, section 3. What is there is believed by its manifest, under
the organ's own key, and by the register, which remembers how far it goes.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from elicense import files
from elicense.register import LIST_ID_MAX, Register, SnapshotMark
from elicense.snapshot.building import Built, build, grow
from elicense.snapshot.manifest import Manifest

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, and of how much."""
_TOLD_EACH = 1 << 12  # tokens; a quarter of a second


def silent(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def columns_of(
    register: Register, folder: Path, before: Manifest | None, progress: Progress
) -> Built:
    """Return columns of all that was issued, under the name that a manifest says.

    The register remembers how far they go before any manifest names them.

    Args:
        register: whose licenses.
        folder: where; no other process writes there.
        before: the manifest that is there, authenticated; None for none.
        progress: told how far it is.

    Raises:
        FileError, RegisterError, MalformedError: as for
            :func:`elicense.snapshot.publish`.
    """
    there = None if before is None else _kept(register, folder, before)
    reader = _Reader(register, progress)
    built = None if there is None else reader.grow(*there, folder)
    if built is None:
        built = reader.build(folder)
    if there is not None and built.path == there[1].path:
        return built
    built = _renamed(built, folder)
    register.keep_mark(SnapshotMark(built.sha256, reader.seq, reader.count))
    return built


def _kept(
    register: Register, folder: Path, before: Manifest
) -> tuple[SnapshotMark, Built] | None:
    """Return the columns that are there, and up to where they go.

    None where they are gone or damaged, or where this register, which may have been
    restored from a copy, does not remember them with as many licenses as it has.
    """
    mark = register.mark(before.sha256)
    if (
        mark is None
        or mark.issued != before.rows + before.left_out
        or mark.issued != register.issued_until(mark.event_seq)
    ):
        return None
    path = folder / before.columns_file
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None
    if digest != before.sha256:
        return None
    return mark, Built(
        path=path,
        rows=before.rows,
        left_out=before.left_out,
        size=before.size,
        sha256=before.sha256,
        classes=before.classes,
    )


@dataclass(slots=True)
class _Reader:
    """Reads tokens in the order of their issue, and counts them.

    Attributes:
        register: whose.
        progress: told how far it is: of tokens to be read and rows to be written.
        seq: event of the last token that was given.
        count: how many were issued up to it.
    """

    register: Register
    progress: Progress
    seq: int = 0
    count: int = 0
    _all: int = 0

    def build(self, folder: Path) -> Built:
        """Return the columns of all that was issued."""
        self._go_on(0, 0)
        return build(self._tokens(), folder, told=self._told)

    def grow(self, start: SnapshotMark, kept: Built, folder: Path) -> Built | None:
        """Return the columns with what was issued since: the same ones for nothing.

        None where a token since is in them already: whatever they are, they are not
        those of this register.

        Args:
            start: up to where the earlier columns go.
            kept: those columns.
            folder: where.
        """
        self._go_on(start.event_seq, start.issued)
        tokens = self._tokens()
        first = next(tokens, None)
        if first is None:
            return kept
        try:
            return grow(kept, chain((first,), tokens), folder, told=self._told)
        except ValueError:
            return None  # a register that has a token twice is told by the whole build

    def _go_on(self, seq: int, count: int) -> None:
        self.seq, self.count = seq, count
        # Tokens that are to be read, and all rows, which are to be written.
        issued = self.register.issued_until(LIST_ID_MAX)
        self._all = 2 * issued - count

    def _tokens(self) -> Iterator[bytes]:
        begun = self.count
        for seq, token in self.register.issued(self.seq):
            self.seq, self.count = seq, self.count + 1
            if not (self.count - begun) % _TOLD_EACH:
                self.progress(self.count - begun, self._all)
            yield token

    def _told(self, rows: int) -> None:
        self.progress(self._all - self.count + rows, self._all)


def _renamed(built: Built, folder: Path) -> Built:
    """Give built columns the name that a manifest says."""
    name = Manifest.name_of(built.sha256)
    try:
        built.path.replace(folder / name)
        files.sync(folder)
    except OSError as err:
        raise files.failed("写入", "write", folder / name, err) from err
    return built
