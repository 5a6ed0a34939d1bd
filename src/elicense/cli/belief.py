"""What a run of ``verify`` believes, from pins, options and the workspace around it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from elicense import files, memory, pins, trust
from elicense.catalog import Catalog
from elicense.cli import options, report
from elicense.errors import ElicenseError
from elicense.folder import load_catalog, load_settings, published_file
from elicense.model import Text
from elicense.trust import MAX_BUNDLE_BYTES, RollbackError, Seen, TrustState
from elicense.workspace import Workspace
from esign import clock
from esign.errors import ESignError, MalformedError


class NoBundleError(ElicenseError):
    """A file that was given as a trust bundle is none."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed, and why not more.

    Attributes:
        state: what every verdict of the run rests on.
        at: the instant that every input of the run is asked about.
        catalog: the types that faces are compared by.
        remark: what the user should know of it; None where there is nothing to say.
    """

    state: TrustState
    at: datetime
    catalog: Catalog
    remark: Text | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """The clock of a run, and which roots count in it.

    Attributes:
        now: the machine's clock.
        asked: the instant of ``--at``; None where the run answers at that clock.
        roots: those that count.
        named: that of ``--root``; None where the pins count.
    """

    now: datetime
    asked: datetime | None
    roots: tuple[str, ...]
    named: str | None


def pinned_roots() -> tuple[str, ...]:
    """Return the roots that are pinned here: by hand, and that of the workspace.

    Raises:
        PinError: the pins are damaged; they are never ignored.
        WorkspaceError: the named workspace is none, or its settings are wrong.
    """
    folder = options.own_folder()
    own = () if folder is None else (load_settings(folder).root,)
    return (*_pinned_by_hand(), *own)


def believed(trust_file: Path | None, root: str | None, at: datetime | None) -> Belief:
    """Return what this run believes, and remember what was seen.

    A file of ``--trust`` is compared with what was seen before (docs/formats/
    memory.md). A workspace's own publication is compared with its register instead,
    which also knows the status lists of an earlier day. What stands under a root of
    ``--root`` that is not pinned is compared with nothing, and nothing of it is kept.

    Args:
        trust_file: of ``--trust``; the workspace's own publication where None.
        root: of ``--root``: then no other root counts.
        at: of ``--at``; the machine's clock where None.

    Raises:
        FileError: the file of ``--trust`` cannot be read.
        PinError, MemoryLostError, UnwritableMemoryError: pins or memory cannot be used.
        WorkspaceError: as for :func:`pinned_roots`.
        RegisterError: the workspace's register cannot be used.
    """
    folder = options.own_folder()
    catalog = Catalog.builtin() if folder is None else load_catalog(folder)
    now = clock.now()
    if trust_file is None and folder is None:
        nothing = trust.no_trust("no trust bundle was given")
        return Belief(nothing, at or now, catalog, _NO_FILE)
    if trust_file is None and folder is not None and root is None:
        state, remark = _own(folder, now, at)
        return Belief(state, at or now, catalog, remark)
    roots = pinned_roots() if root is None else (root,)
    run = _Run(now, at, roots, root)
    path = trust_file or published_file(folder or Path())
    state, remark = _admitted(files.read(path, MAX_BUNDLE_BYTES), run)
    return Belief(state, at or now, catalog, remark)


_NO_FILE = Text(
    "没有信任包：请用 --trust 给出发证机关的 trust.elt，并固定其信任根"
    "（elicense trust pin FILE）或用 --root 给出指纹",
    "no trust bundle: give the department's trust.elt with --trust, and pin its root"
    " (elicense trust pin FILE) or give the fingerprint with --root",
)


def claimed_roots(data: bytes) -> tuple[str, ...]:
    """Return the fingerprints that a bundle file claims, oldest first; nothing more.

    Raises:
        NoBundleError: the file is no trust bundle.
    """
    try:
        return trust.fingerprints_in(data)
    except MalformedError as err:
        raise NoBundleError(
            Text(
                f"不是信任包（trust.elt）：{err}",
                f"not a trust bundle (trust.elt): {err}",
            )
        ) from err


def _pinned_by_hand() -> tuple[str, ...]:
    pinned = pins.read(options.home())
    return () if pinned is None else pinned.roots


def _own(
    folder: Path, now: datetime, at: datetime | None
) -> tuple[TrustState, Text | None]:
    """Return what a workspace's own publication makes believed at an instant."""
    with Workspace(folder) as own:
        state = own.trust_at(at or now)
    if at is None:
        state = memory.keep_time(options.home(), state, now)
    if state.bundle is None:
        reason = state.why_empty
        return state, Text(f"本工作区的发布不予采信：{reason}", reason)
    return state, _wrong_clock(state, now)


def _admit(data: bytes, run: _Run) -> TrustState:
    """Admit a file, under what was seen before where the run keeps anything."""
    if run.named is None or run.named in _pinned_by_hand():
        return memory.believe(
            options.home(), data, run.now, roots=run.roots, asked=run.asked
        )
    state = trust.admit(data, run.roots)
    return state.on_clock(None) if run.asked is None else state


def _admitted(data: bytes, run: _Run) -> tuple[TrustState, Text | None]:
    """Return what a file makes believed, and what to tell where that is not all."""
    try:
        claimed = claimed_roots(data)
        if set(claimed).isdisjoint(run.roots):
            return _stranger(claimed, run.named)
        state = _admit(data, run)
    except NoBundleError as err:
        return trust.no_trust(err.message.en), err.message
    except RollbackError as err:
        reason = f"the trust bundle says less than what was seen before: {err}"
        return trust.no_trust(reason), older(err)
    except ESignError as err:
        reason = f"the trust bundle is refused: {err}"
        return trust.no_trust(reason), Text(f"信任包被拒绝：{err}", reason)
    return state, _wrong_clock(state, run.now) or _of_that_day(state, run)


def _of_that_day(state: TrustState, run: _Run) -> Text | None:
    """Return what to tell of an older bundle that answers for the day asked about."""
    if run.asked is None or state.seen is None:
        return None
    mine = state.seen
    for seen in memory.recall(options.home()).seen:
        is_same = not seen.scopes.keys().isdisjoint(mine.scopes)
        if is_same and seen.issued_at > mine.issued_at:
            return _PAST
    return None


_PAST = Text(
    "这是以前的信任包，只回答当时；此后得知的密钥泄露和撤销不在其中",
    "this is a bundle of the past and answers for its time: what became known since of"
    " keys and licenses is not in it",
)


def older(err: RollbackError) -> Text:
    """Return what to tell of a bundle that says less than what was seen before."""
    return Text(
        f"信任包比本机见过的旧，可能隐瞒了后来的撤销，因此不予采信（{err}）。"
        "请向发证机关取得当前的信任包",
        "an older bundle than the one seen before, which could hide what was revoked"
        f" since, so nothing is believed ({err}): get the current one from the"
        " department",
    )


def _wrong_clock(state: TrustState, now: datetime) -> Text | None:
    floor = state.clock_floor
    if floor is None or now >= floor:
        return None
    seen = report.moment(floor + trust.CLOCK_TOLERANCE)
    return Text(
        f"本机时钟为 {report.moment(now)}，而此前见过 {seen}，请校准时间。"
        "如果时钟现在是对的，请重新固定信任根（elicense trust pin FILE）",
        f"this machine's clock reads {report.moment(now)}, and {seen} was seen before:"
        " set it right. If it is right now, pin the root again"
        " (elicense trust pin FILE)",
    )


def _stranger(roots: tuple[str, ...], named: str | None) -> tuple[TrustState, Text]:
    """Return what to tell of a file with none of the roots that count."""
    claimed = roots[-1]
    if any(root in seen.scopes for seen in _remembered() for root in roots):
        why = "the trust bundle's root was succeeded by another"
        return trust.no_trust(why), _SUCCEEDED
    if named is not None:
        return trust.no_trust("the trust bundle's root is not that of --root"), Text(
            f"信任包的信任根与 --root 不同，因此不予采信。文件中的是 {claimed}，"
            f"--root 给出的是 {named}",
            "the trust bundle's root is not the one of --root, so nothing is believed."
            f" The file has {claimed}, --root says {named}",
        )
    return trust.no_trust("the trust bundle's root is not pinned"), Text(
        f"信任包的信任根 {claimed} 未被固定，因此不予采信。"
        "请与经其他途径得到的指纹比对后，用"
        " elicense trust pin FILE 固定，或用 --root 给出",
        f"the trust bundle's root {claimed} is not pinned, so nothing is believed."
        " Compare it with the fingerprint that you got by another way, then pin it"
        " (elicense trust pin FILE) or give it with --root",
    )


def _remembered() -> tuple[Seen, ...]:
    return memory.recall(options.home()).seen


_SUCCEEDED = Text(
    "这是较旧的信任包：它的信任根此后已由新的信任根接替。请向发证机关取得当前的信任包",
    "an older bundle: its root was succeeded by another since; get the current one from"
    " the department",
)
