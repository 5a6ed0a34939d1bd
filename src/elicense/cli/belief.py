"""What a run of ``verify`` believes, from pins, options and the workspace around it."""

from dataclasses import dataclass
from pathlib import Path

from elicense import files, pins, trust
from elicense.catalog import Catalog
from elicense.cli import options
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.trust import MAX_BUNDLE_BYTES, TrustState
from elicense.workspace import load_catalog, load_settings, published_file
from esign.errors import ESignError, MalformedError


class NoBundleError(ElicenseError):
    """A file that was given as a trust bundle is none."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed, and why not more.

    Attributes:
        state: what every verdict of the run rests on.
        catalog: the types that faces are compared by.
        remark: what the user should know of it; None where there is nothing to say.
    """

    state: TrustState
    catalog: Catalog
    remark: Text | None = None


def pinned_roots() -> tuple[str, ...]:
    """Return the roots that are pinned here: by hand, and that of the workspace.

    Raises:
        PinError: the pins are damaged; they are never ignored.
        WorkspaceError: the named workspace is none, or its settings are wrong.
    """
    folder = options.own_folder()
    own = () if folder is None else (load_settings(folder).root,)
    return (*pins.read(options.home()), *own)


def believed(trust_file: Path | None, root: str | None) -> Belief:
    """Return what this run believes.

    Args:
        trust_file: of ``--trust``; the workspace's own publication where None.
        root: of ``--root``: then no other root counts.

    Raises:
        FileError: the file of ``--trust`` cannot be read.
        PinError, WorkspaceError: as for :func:`pinned_roots`.
    """
    folder = options.own_folder()
    catalog = Catalog.builtin() if folder is None else load_catalog(folder)
    roots = pinned_roots() if root is None else (root,)
    if trust_file is not None:
        data = files.read(trust_file, MAX_BUNDLE_BYTES)
    elif folder is None:
        return Belief(trust.no_trust("no trust bundle was given"), catalog, _NO_FILE)
    else:
        try:
            data = files.read(published_file(folder), MAX_BUNDLE_BYTES)
        except files.FileError as err:
            return Belief(trust.no_trust("no publication"), catalog, err.message)
    state, remark = _admitted(data, roots, root)
    return Belief(state, catalog, remark)


_NO_FILE = Text(
    "没有信任包：请用 --trust 给出发证机关的 trust.elt，并固定其信任根"
    "（elicense trust pin FILE）或用 --root 给出指纹",
    "no trust bundle: give the department's trust.elt with --trust, and pin its root"
    " (elicense trust pin FILE) or give the fingerprint with --root",
)


def claimed_root(data: bytes) -> str:
    """Return the fingerprint of the root that a bundle file claims; nothing more.

    Raises:
        NoBundleError: the file is no trust bundle.
    """
    try:
        return trust.fingerprint_in(data)
    except MalformedError as err:
        raise NoBundleError(
            Text(
                f"不是信任包（trust.elt）：{err}",
                f"not a trust bundle (trust.elt): {err}",
            )
        ) from err


def _admitted(
    data: bytes, roots: tuple[str, ...], named: str | None
) -> tuple[TrustState, Text | None]:
    """Return what a file makes believed, and what to tell where that is nothing.

    Args:
        data: the bundle file.
        roots: those that count.
        named: the root of ``--root``, None where the pins count.
    """
    try:
        claimed = claimed_root(data)
        if claimed in roots:
            return trust.admit(data, claimed), None
    except NoBundleError as err:
        return trust.no_trust(err.message.en), err.message
    except ESignError as err:
        reason = f"the trust bundle is refused: {err}"
        return trust.no_trust(reason), Text(f"信任包被拒绝：{err}", reason)
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
