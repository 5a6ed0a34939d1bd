"""What a verifier remembers of trust between runs, so that nothing of it may fall.

docs/formats/memory.md. Two files lie in one folder: the pins, which a person decided,
and the memory, which this module writes. The memory carries an HMAC under the key of
the pins. Memory that is missing, cut off, edited or another's is an error once a root
was pinned, never an empty memory: an old bundle would hide revocations.

Does NOT notice that an older state of both files was put back together.
"""

import fcntl
import json
import re
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from elicense import files, pins, trust
from elicense.errors import ElicenseError
from elicense.files import FileError
from elicense.model import Text
from elicense.pins import Pin, Pins
from elicense.trust import (
    CLOCK_TOLERANCE,
    Bundle,
    RollbackError,
    Seen,
    TrustState,
)
from elicense.trust.remembering import entries_of, is_fingerprint, read_seen
from esign.errors import MalformedError, VerificationError
from esign.shape import Fields

FORMAT = "elicense.memory/1"
FILE_NAME = "memory.json"
MAX_BYTES = 8 << 20  # a list has 40 bytes in the file; 275 departments have 10,000
CLOCK_STEP = timedelta(minutes=1)  # the time is not written for each scan of a kiosk
_LOCK = "memory.lock"
_PRIVATE_FOLDER = 0o700
_MAX_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime knows
_EPOCH = datetime.fromtimestamp(0, UTC)
_DIGEST = re.compile("[0-9a-f]{64}")


class MemoryLostError(ElicenseError):
    """A root was pinned, and what was seen since then is missing or damaged."""


class UnwritableMemoryError(ElicenseError):
    """The world: what was seen cannot be kept, so that nothing is believed."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What was seen.

    Attributes:
        seen: the highest numbers, one entry for each chain of roots.
        latest: the latest time of the machine's own clock, UTC; None for none yet.
    """

    seen: tuple[Seen, ...] = ()
    latest: datetime | None = None

    def without(self, root: str) -> "Memory":
        """Return the memory of everything but one root's chain, and of no time."""
        return Memory(tuple(seen for seen in self.seen if root not in seen.scopes))

    def after(self, state: TrustState, now: datetime, *, on_clock: bool) -> "Memory":
        """Return the memory after a bundle was admitted under it.

        A bundle dated after ``now`` is not remembered. The time rises by steps, and
        never where the clock reads too little.

        Args:
            state: what was admitted, with this memory as ``seen``.
            now: the machine's clock.
            on_clock: whether the run answers at that clock (no ``--at``).

        Raises:
            TypeError: nothing was admitted.
        """
        (bundle, seen), kept, latest = _parts(state), self.seen, self.latest
        if bundle.issued_at <= now + CLOCK_TOLERANCE:
            others = (item for item in kept if not item.scopes.keys() & seen.scopes)
            kept = tuple(sorted((*others, seen), key=lambda item: item.root))
        floor = state.on_clock(latest).clock_floor
        if on_clock and (floor is None or now >= floor):
            latest = _later(latest, now)
        return Memory(kept, latest)


@dataclass(frozen=True, slots=True)
class Pinned:
    """What pinning did.

    Attributes:
        pin: the root, and what it may speak for.
        again: whether it was pinned before; then its memory, and the time, began anew.
        lost: roots that are no longer pinned, because the memory of them was lost.
    """

    pin: Pin
    again: bool
    lost: tuple[str, ...]


def recall(folder: Path) -> Memory:
    """Return what was seen in a home; nothing where no root was ever pinned.

    Args:
        folder: the home of pins and memory.

    Raises:
        PinError, MemoryLostError: the files are damaged.
        FileError: a file is there and cannot be read.
    """
    pinned = pins.read(folder)
    return Memory() if pinned is None else read(folder, pinned)


def read(folder: Path, pinned: Pins) -> Memory:
    """Return what was seen under some pins.

    Args:
        folder: where ``memory.json`` is, beside the pins.
        pinned: the pins as they stand there.

    Raises:
        MemoryLostError: it is missing, damaged, or not the memory of these pins.
        FileError: it is there and cannot be read.
    """
    path = folder / FILE_NAME
    if not files.is_file(path):
        raise _lost()
    return decode(files.read(path, MAX_BYTES), pinned.key)


def decode(data: bytes, key: bytes) -> Memory:
    """Return the memory that a file holds.

    Total: any bytes give a value or an error.

    Args:
        data: bytes of the file.
        key: that of the pins, 32 bytes.

    Raises:
        MemoryLostError: anything but exactly the form that :func:`encode` writes.
    """
    try:
        memory = _read(data)
    except (ValueError, RecursionError, MalformedError) as err:
        raise _lost() from err
    if not constant_time.bytes_eq(encode(memory, key), data):
        raise _lost()
    return memory


def encode(memory: Memory, key: bytes) -> bytes:
    """Return the bytes of the file, for the one spelling that :func:`decode` takes.

    Args:
        memory: what was seen.
        key: that of the pins, 32 bytes.
    """
    latest = memory.latest
    value: dict[str, object] = {
        "format": FORMAT,
        "clock": None if latest is None else int(latest.timestamp()),
        "seen": [entries_of(seen) for seen in memory.seen],
    }
    code = HMAC(key, SHA256())
    code.update(_json(value))
    return _json({**value, "hmac": code.finalize().hex()})


def believe(
    folder: Path,
    data: bytes,
    now: datetime,
    *,
    roots: Collection[str],
    asked: datetime | None = None,
) -> TrustState:
    """Admit a bundle under what was seen before, and remember what is seen now.

    Where nothing was ever pinned nothing is compared and nothing is kept. An older
    bundle than the one that was seen is believed only for an instant that was asked for
    and lies before the date of that one: it is the bundle of that day.

    Args:
        folder: the home of pins and memory.
        data: bytes of a file ``trust.elt``.
        now: the machine's clock.
        roots: those that count: the pinned ones, and the caller's own.
        asked: the instant that the caller asked for, which is neither compared nor
            kept; None where the run answers at ``now``.

    Raises:
        MalformedError, VerificationError: as :func:`elicense.trust.admit`; also where
            a pinned root no longer speaks for what it was pinned for.
        RollbackError: something that was seen before has fallen.
        PinError, MemoryLostError: the files are damaged.
        UnwritableMemoryError: something rose and cannot be kept.
        FileError: a file is there and cannot be read.
    """
    pinned, on_clock = pins.read(folder), asked is None
    if pinned is None:
        state = trust.admit(data, roots)
        return state.on_clock(None) if on_clock else state
    memory = read(folder, pinned)
    try:
        state = _admit(data, roots, pinned, memory)
    except RollbackError:
        if asked is None:
            raise
        past = _admit(data, roots, pinned, Memory())
        if not _is_of_that_day(past, memory, asked):
            raise
        return past
    if memory.after(state, now, on_clock=on_clock) != memory:
        with _locked(folder):
            fresh = read(folder, pinned)
            if fresh != memory:  # another run saw something meanwhile
                state = _admit(data, roots, pinned, fresh)
            _write(folder, pinned, fresh.after(state, now, on_clock=on_clock))
    return state.on_clock(memory.latest) if on_clock else state


def _is_of_that_day(past: TrustState, memory: Memory, asked: datetime) -> bool:
    """Tell whether an older bundle answers for its time, and is older in nothing else.

    A root that handed over speaks of no day any more, and none changes its scope:
    whoever holds it can date a bundle as he likes.
    """
    mine = _parts(past)[1]
    return all(
        seen.root in mine.scopes
        and all(mine.scopes.get(r, s) == s for r, s in seen.scopes.items())
        and max(asked, mine.issued_at) < seen.issued_at
        for seen in memory.seen
        if not seen.scopes.keys().isdisjoint(mine.scopes)
    )


def keep_time(folder: Path, state: TrustState, now: datetime) -> TrustState:
    """Return a state for answers at the machine's clock, and remember that time.

    For a bundle that is not compared with what was seen, such as a workspace's own.

    Args:
        folder: the home of pins and memory.
        state: what is believed.
        now: the machine's clock.

    Raises:
        Whatever :func:`believe` raises but the errors of the bundle.
    """
    pinned = pins.read(folder)
    if pinned is None:
        return state.on_clock(None)
    memory = read(folder, pinned)
    timed = state.on_clock(memory.latest)
    floor = timed.clock_floor
    if floor is not None and now < floor:
        return timed
    if _later(memory.latest, now) != memory.latest:
        with _locked(folder):
            fresh = read(folder, pinned)
            latest = _later(fresh.latest, now)
            _write(folder, pinned, replace(fresh, latest=latest))
    return timed


def pin(folder: Path, data: bytes, root: str, now: datetime) -> Pinned:
    """Pin a root of a bundle, and remember that bundle.

    A root that is pinned again begins a new memory of its chain, and of the time: it is
    how a person recovers. Where the memory is lost, only this root stays pinned.

    Args:
        folder: the home of pins and memory; made if need be, for this user alone.
        data: bytes of a file ``trust.elt``.
        root: ``sha256:`` and 64 digits, compared by a person; one of the file's.
        now: the machine's clock.

    Raises:
        ValueError: not a fingerprint.
        MalformedError, VerificationError: the file is refused; nothing was changed.
        RollbackError: a root that is new here, and the file older than what was seen of
            its chain; nothing was changed.
        PinError: the pins are damaged or full; they are left as they are.
        UnwritableMemoryError, FileError: the files cannot be read or written.
    """
    if not is_fingerprint(root):
        raise ValueError("expected sha256: and 64 hexadecimal digits")
    scopes = _parts(trust.admit(data, root))[1].scopes
    files.make_folder(folder, _PRIVATE_FOLDER)
    with _locked(folder):
        before, memory, lost = _before_pinning(folder, root)
        again = root in before.roots
        after = before.with_pin(Pin(root, scopes[root]))
        if again:
            memory = memory.without(root)
        state = _admit(data, (root,), after, memory)
        # The memory comes first: a cut between the two leaves pins whose memory is
        # there, or whose memory is refused, and never one that is forgotten.
        _write(folder, after, memory.after(state, now, on_clock=True))
        pins.write(folder, after)
    return Pinned(Pin(root, scopes[root]), again, lost)


def _before_pinning(folder: Path, root: str) -> tuple[Pins, Memory, tuple[str, ...]]:
    """Return pins and memory to go on from, and the roots whose memory is lost."""
    new = Pins(secrets.token_bytes(pins.KEY_BYTES), ())
    before = pins.read(folder)
    if before is None:
        return new, Memory(), ()
    try:
        return before, read(folder, before), ()
    except MemoryLostError:
        kept = tuple(item for item in before.entries if item.root == root)
        lost = tuple(item for item in before.roots if item != root)
        return replace(new, entries=kept), Memory(), lost


def _admit(
    data: bytes, roots: Collection[str], pinned: Pins, memory: Memory
) -> TrustState:
    state = trust.admit(data, roots, memory.seen)
    scopes = _parts(state)[1].scopes
    for entry in pinned.entries:
        if scopes.get(entry.root, entry.speaks_for) != entry.speaks_for:
            raise VerificationError(
                "trust bundle: a root speaks for something else than it was pinned for"
            )
    return state


def _parts(state: TrustState) -> tuple[Bundle, Seen]:
    if state.bundle is None or state.seen is None:
        raise TypeError("expected an admitted bundle")
    return state.bundle, state.seen


def _later(latest: datetime | None, now: datetime) -> datetime:
    """Return the time to remember: whole seconds, in steps, never an earlier one."""
    if latest is not None and now - latest < CLOCK_STEP:
        return latest
    return max(now.replace(microsecond=0), _EPOCH)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the memory for this process alone; others wait.

    The lock is a file of its own: the memory itself is replaced by each write. Readers
    take no lock, for they see the old bytes or the new ones.
    """
    path = folder / _LOCK
    try:
        path.touch(files.PRIVATE)
        file = path.open("rb")
    except OSError as err:
        raise _unwritable(err.strerror or type(err).__name__) from err
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as err:
            raise _unwritable(err.strerror or type(err).__name__) from err
        yield


def _write(folder: Path, pinned: Pins, memory: Memory) -> None:
    data = encode(memory, pinned.key)
    if len(data) > MAX_BYTES:
        raise _unwritable(f"{len(data)} > {MAX_BYTES} bytes")
    try:
        files.write(folder / FILE_NAME, data, files.PRIVATE)
    except FileError as err:
        raise _unwritable(err.message.en) from err


def _json(value: dict[str, object]) -> bytes:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return (text + "\n").encode()


def _read(data: bytes) -> Memory:
    if len(data) > MAX_BYTES:
        raise MalformedError("memory: too large")
    fields = Fields(json.loads(data.decode()), "memory")
    if fields.text("format") != FORMAT:
        raise MalformedError("memory: of another format")
    seconds = fields.nullable("clock", lambda key: fields.uint(key, _MAX_SECONDS))
    seen = tuple(read_seen(item) for item in fields.array("seen"))
    fields.text("hmac")
    fields.end()
    return Memory(
        seen, None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    )


def _lost() -> MemoryLostError:
    return MemoryLostError(
        Text(
            f"信任记忆（{FILE_NAME}）缺失或已损坏：被人删除或改动，或磁盘故障。"
            "请重新比对指纹并重新固定（elicense trust pin FILE）",
            f"the memory of trust ({FILE_NAME}) is missing or damaged: someone removed"
            " or changed it, or a disk failed; compare the fingerprint again and pin"
            " again (elicense trust pin FILE)",
        )
    )


def _unwritable(reason: str) -> UnwritableMemoryError:
    return UnwritableMemoryError(
        Text(
            f"信任记忆（{FILE_NAME}）无法写入，因此不予采信：{reason}",
            f"the memory of trust ({FILE_NAME}) cannot be written, so nothing is"
            f" believed: {reason}",
        )
    )
