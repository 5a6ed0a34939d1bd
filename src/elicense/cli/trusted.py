"""The commands ``trust show`` and ``trust pin``; others join the group."""

from pathlib import Path

import click

from elicense import files, memory, trust
from elicense.cli import bundle_view, confirming, options, report
from elicense.cli.belief import claimed_roots, older, pinned_roots
from elicense.cli.bundle_view import View
from elicense.cli.usage import WrongUsageError
from elicense.errors import ElicenseError
from elicense.folder import published_file
from elicense.memory import Pinned
from elicense.model import Text
from elicense.trust import MAX_BUNDLE_BYTES, RollbackError, TrustState
from esign import clock


@click.group("trust")
@options.common
def trust_command() -> None:
    """Look into a trust bundle (信任包), or pin its root (固定信任根)."""


@trust_command.command("show")
@click.argument(
    "path", metavar="[FILE]", required=False, type=click.Path(path_type=Path)
)
@options.as_json
@options.common
def show(*, path: Path | None, as_json: bool) -> None:
    """Show what a trust bundle says: roots, organizations, keys, seals, status lists.

    Without FILE that of the workspace. The bundle is checked under the roots that it
    carries itself; whether one of them is pinned here is shown, and is what counts. So
    is the highest number that was seen here.
    """
    data = files.read(_path(path), MAX_BUNDLE_BYTES)
    state = trust.admit(data, claimed_roots(data))
    view = View(state, pinned_roots(), memory.recall(options.home()))
    if as_json:
        report.json_line(bundle_view.to_json(view))
    else:
        bundle_view.show(view)


@trust_command.command("pin")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--root",
    callback=options.fingerprint,
    metavar="sha256:...",
    help="The fingerprint as you got it by another way; must be one of the file's.",
)
@options.common
def pin(*, path: Path, root: str | None) -> None:
    """Pin the root of a bundle (固定信任根): licenses under it are believed here.

    Compare the fingerprint with what the department gave you by another way. On a
    terminal you are asked; elsewhere --root must be given. It is the root that speaks
    now unless --root names another of the file's. Kept in ELICENSE_HOME, or in the
    folder for settings of your system, together with what is seen under it: the numbers
    of bundles and the time of the clock, none of which may fall. Pinning the same root
    again forgets what was seen under it, and begins anew.
    """
    data = files.read(path, MAX_BUNDLE_BYTES)
    claimed = claimed_roots(data)
    chosen = root if root in claimed else claimed[-1]
    _show_root(trust.admit(data, claimed), chosen)
    if root not in (None, chosen):
        raise ElicenseError(
            Text(
                f"文件的信任根与 --root 不同，未固定；--root 给出的是 {root}",
                "the file's root is not the one of --root; nothing was pinned."
                f" --root says {root}",
            )
        )
    if root is None:
        confirming.fingerprint(
            Text(
                "是否与经其他途径得到的指纹逐位一致？",
                "Is it, digit by digit, the fingerprint that you got by another way?",
            ),
            refused=Text("未固定", "nothing was pinned"),
        )
    try:
        pinned = memory.pin(options.home(), data, chosen, clock.now())
    except RollbackError as err:
        raise ElicenseError(older(err)) from err
    _tell(pinned)


def _show_root(state: TrustState, root: str) -> None:
    """Show what a person decides about: the fingerprint, and what it may speak for."""
    if state.bundle is None or state.seen is None:
        raise TypeError("an admitted state has a bundle")
    scope = state.seen.scopes[root]
    rows = [
        (Text("信任根指纹", "root"), root),
        (Text("代表", "speaks for"), bundle_view.scope_text(state, scope)),
    ]
    if scope is None:
        label = Text("机构", "organization")
        rows += [
            (label, bundle_view.scope_text(state, entry.code))
            for entry in state.bundle.organizations
        ]
    report.rows(rows)


def _tell(pinned: Pinned) -> None:
    if pinned.lost:
        report.note(
            Text(
                "信任记忆已丢失，以下信任根不再固定，请逐一重新比对并固定：",
                "the memory of trust was lost, so these roots are no longer pinned;"
                " compare each again and pin it:",
            )
        )
        for root in pinned.lost:
            report.note(Text(f"  {root}", f"  {root}"))
    if pinned.again:
        report.note(
            Text(
                "此前已固定；对它的记忆（期号、状态列表序号、时钟）已重新开始",
                "was pinned already; the memory of it (numbers, status lists, the"
                " clock) began anew",
            )
        )
    else:
        report.note(Text("已固定", "pinned"))


def _path(path: Path | None) -> Path:
    if path is not None:
        return path
    folder = options.own_folder()
    if folder is None:
        raise WrongUsageError(
            Text(
                "这里不是工作区，请给出 FILE",
                "this is not a workspace: give a FILE",
            )
        )
    return published_file(folder)
