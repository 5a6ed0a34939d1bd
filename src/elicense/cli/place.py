"""The workspace that a command works in."""

import os
from pathlib import Path

from elicense.cli import options
from elicense.workspace import Workspace

PLATFORM_SECRET = "ELICENSE_PLATFORM_SECRET"  # noqa: S105  the name of a variable


def open_workspace(*, signing: bool = False) -> Workspace:
    """Open the workspace of this run.

    Args:
        signing: whether keys are used; only then is a person asked for a passphrase
            or a PIN.

    Raises:
        WorkspaceError: there is none, or it cannot be used.
        RegisterError: its register cannot be opened.
    """
    folder = options.own_folder() or Path()
    passphrase = options.passphrase(folder) if signing else None
    workspace = Workspace(folder, passphrase, options.pin())
    secret = os.environ.get(PLATFORM_SECRET)
    workspace.platform_secret = None if secret is None else secret.encode()
    return workspace
