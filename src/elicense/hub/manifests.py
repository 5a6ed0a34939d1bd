"""Reading the snapshot manifests that are given to a hub."""

import hashlib
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from elicense import files
from elicense.files import FileError
from elicense.hub.keys import HubError
from elicense.hub.refusals import Unmatched
from elicense.model import Text
from elicense.trust.countersigning import Offered
from esign.errors import MalformedError

_PATTERN = "*.cose"


def read(given: Iterable[Path], unmatched: list[Unmatched]) -> tuple[Offered, ...]:
    """Return what can be read of manifests; none is verified.

    Args:
        given: files, or folders with such files (``public/snapshot``).
        unmatched: gets those that cannot be read.

    Raises:
        HubError: the extra ``bulk`` is not installed.
    """
    paths = [path for one in given for path in _within(one)]
    if not paths:
        return ()
    if find_spec("numpy") is None:
        raise HubError(
            Text(
                "见证快照需要附加组件：pip install 'elicense[bulk]'",
                "countersigning snapshots needs: pip install 'elicense[bulk]'",
            )
        )
    offered = []
    for path in paths:
        try:
            offered.append(_offered(path))
        except FileError as err:
            unmatched.append(Unmatched(str(path), err.message))
        except MalformedError as err:
            reason = Text(f"不是快照清单：{err}", f"not a snapshot manifest: {err}")
            unmatched.append(Unmatched(str(path), reason))
    return tuple(offered)


def _within(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(path.glob(_PATTERN))
    else:
        yield path


def _offered(path: Path) -> Offered:
    manifests = import_module("elicense.snapshot.manifest")
    data = files.read(path, manifests.MAX_MANIFEST_BYTES)
    envelope, manifest = manifests.open_manifest(data)
    return Offered(
        file=str(path),
        organization=manifest.organization,
        number=manifest.number,
        issued_at=manifest.issued_at,
        sha256=hashlib.sha256(data).digest(),
        envelope=envelope,
    )
