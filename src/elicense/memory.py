"""What a verifier remembers of trust between runs, so that nothing of it may fall.

docs/formats/memory.md. Beside the pins, which a person decided, lies the memory, which
this module writes, protected as :mod:`elicense.state_file` says: memory that is lost is
an error and never an empty one, for an old bundle would hide revocations.

Does NOT notice that an older state of both files was put back together.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from elicense import files, pins, snapshot_memory, trust
from elicense.model import Text
from elicense.pins import Pin, Pins
from elicense.snapshot_memory import SeenSnapshots
from elicense.state_file import MemoryLostError, StateFile
from elicense.trust import (
    CLOCK_TOLERANCE,
    Bundle,
    RollbackError,
    Seen,
    TrustState,
)
from elicense.trust.remembering import entries_of, is_fingerprint, read_seen
from esign.errors import VerificationError
from esign.shape import Fields

FORMAT = "elicense.memory/1"
FILE_NAME = "memory.json"
MAX_BYTES = 8 << 20  # a list has 40 bytes in the file; 275 departments have 10,000
CLOCK_STEP = timedelta(minutes=1)  # the time is not written for each scan of a kiosk
_PRIVATE_FOLDER = 0o700
_MAX_SECONDS = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that datetime knows
_EPOCH = datetime.fromtimestamp(0, UTC)


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
    return Memory() if pinned is None else _FILE.read(folder, pinned.key)


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
    memory = _FILE.read(folder, pinned.key)
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
        with _FILE.locked(folder):
            fresh = _FILE.read(folder, pinned.key)
            if fresh != memory:  # another run saw something meanwhile
                state = _admit(data, roots, pinned, fresh)
            risen = fresh.after(state, now, on_clock=on_clock)
            _FILE.write(folder, risen, pinned.key)
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
    memory = _FILE.read(folder, pinned.key)
    timed = state.on_clock(memory.latest)
    floor = timed.clock_floor
    if floor is not None and now < floor:
        return timed
    if _later(memory.latest, now) != memory.latest:
        with _FILE.locked(folder):
            fresh = _FILE.read(folder, pinned.key)
            latest = _later(fresh.latest, now)
            _FILE.write(folder, replace(fresh, latest=latest), pinned.key)
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
    with _FILE.locked(folder):
        before, memory, snapshots, lost = _before_pinning(folder, root)
        again = root in before.roots
        after = before.with_pin(Pin(root, scopes[root]))
        if again:
            memory = memory.without(root)
            snapshots = snapshot_memory.without(snapshots, scopes[root])
        state = _admit(data, (root,), after, memory)
        # The memory comes first: a cut before the pins leaves pins whose memory is
        # there, or whose memory is refused, and never one that is forgotten.
        _FILE.write(folder, memory.after(state, now, on_clock=True), after.key)
        snapshot_memory.FILE.write(folder, snapshots, after.key)
        pins.write(folder, after)
    return Pinned(Pin(root, scopes[root]), again, lost)


def _before_pinning(
    folder: Path, root: str
) -> tuple[Pins, Memory, SeenSnapshots, tuple[str, ...]]:
    """Return pins and memory to go on from, and the roots whose memory is lost."""
    new = Pins(secrets.token_bytes(pins.KEY_BYTES), ())
    before = pins.read(folder)
    if before is None:
        return new, Memory(), snapshot_memory.NOTHING, ()
    try:
        memory = _FILE.read(folder, before.key)
        return before, memory, snapshot_memory.FILE.read(folder, before.key), ()
    except MemoryLostError:
        kept = tuple(item for item in before.entries if item.root == root)
        lost = tuple(item for item in before.roots if item != root)
        return replace(new, entries=kept), Memory(), snapshot_memory.NOTHING, lost


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


def _entries(memory: Memory) -> dict[str, object]:
    latest = memory.latest
    return {
        "clock": None if latest is None else int(latest.timestamp()),
        "seen": [entries_of(seen) for seen in memory.seen],
    }


def _value(fields: Fields) -> Memory:
    seconds = fields.nullable("clock", lambda key: fields.uint(key, _MAX_SECONDS))
    seen = tuple(read_seen(item) for item in fields.array("seen"))
    latest = None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return Memory(seen, latest)


_FILE = StateFile(
    name=FILE_NAME,
    format=FORMAT,
    what=Text("信任记忆", "memory of trust"),
    max_bytes=MAX_BYTES,
    entries=_entries,
    value=_value,
)
decode, encode = _FILE.decode, _FILE.encode
