"""Make a workspace on a small disk and issue until it is full; say what is left.

python full_disk.py FOLDER
"""

import sys
from pathlib import Path

# The folder of this program is the first place for imports.
from killed import CODE, NAME, PASSPHRASE, START

from elicense import Workspace, sample
from elicense.errors import ElicenseError
from elicense.issuing import Request

_MANY = 100  # more licenses than the disk holds


def fill(workspace: Workspace) -> str:
    """Issue until it fails; return the kind of error and the states of all rows."""
    application = sample("food-business", START)
    for n in range(1, _MANY):
        try:
            workspace.issue("food-business", application, number=str(n), at=START)
        except ElicenseError as err:
            requests = [
                Request(type_name="food-business", application={}, number=str(i + 1))
                for i in range(n)
            ]
            rows = [workspace.known(request) for request in requests]
            states = [
                "absent" if row is None else row.state_at(START).value for row in rows
            ]
            return f"{type(err).__name__} {' '.join(states)}"
    return "never full"


def publish(workspace: Workspace) -> str:
    """Publish on the full disk; return the kind of error and the number in place."""
    try:
        workspace.publish(START)
    except ElicenseError as err:
        bundle = workspace.trust().bundle
        return f"{type(err).__name__} {bundle.number if bundle else 'no bundle'}"
    return "published"


def main(folder: Path) -> None:
    """Print one line for each step."""
    try:
        made = Workspace.create(
            folder / "ws", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
        )
    except ElicenseError as err:
        left = [path.name for path in folder.iterdir()]
        sys.stdout.write(f"create: {type(err).__name__} {left}\n")
        return
    sys.stdout.write(f"issue: {fill(made)}\npublish: {publish(made)}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
