"""The workspace that a command works in."""

from pathlib import Path

from elicense.cli import options
from elicense.workspace import Workspace


def open_workspace(*, signing: bool = False) -> Workspace:
    """Open the workspace of this run.

    Args:
        signing: whether keys are used; only then is a person asked for a passphrase.

    Raises:
        WorkspaceError: there is none, or it cannot be used.
        RegisterError: its register cannot be opened.
    """
    folder = options.own_folder() or Path()
    return Workspace(folder, options.passphrase(folder) if signing else None)
