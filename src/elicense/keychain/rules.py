"""What may become of a key that is there: a wider backfill, a closing snapshot."""

from dataclasses import replace
from datetime import date

from elicense.errors import WorkspaceError
from elicense.keychain.records import KeyRecord
from elicense.model import Text


def widened(item: KeyRecord, first: date, last: date) -> KeyRecord:
    """Return a token key with a range of backfill that takes nothing away.

    Args:
        item: the key that signs now.
        first: the first legal date.
        last: the last one, inclusive; not before ``first``.

    Raises:
        WorkspaceError: the range leaves out days that were granted before, under which
            licenses may have been issued.
    """
    if item.backfill is not None:
        start, end = item.backfill
        if not first <= start <= end <= last:
            raise WorkspaceError(
                Text(
                    f"已授权补录 {start} 至 {end}，新范围 {first} 至 {last} 须包含它",
                    f"granted before: {start} to {end}; asked for: {first} to {last};"
                    " the new range must include the one before",
                )
            )
    return replace(item, backfill=(first, last))


def refuse_unclosable(item: KeyRecord) -> None:
    """Refuse to close a key by a snapshot that signs, or signed no licenses.

    Raises:
        WorkspaceError: says which it is, and what to do instead.
    """
    name = item.name
    if item.purpose != "token":
        raise WorkspaceError(
            Text(
                f"密钥 {name} 不签署证照，无需封存快照",
                f"the key {name} signs no licenses; no snapshot can close it",
            )
        )
    if item.signs:
        raise WorkspaceError(
            Text(
                f"密钥 {name} 正在使用，请先更换：elicense keys renew token",
                f"the key {name} signs; renew it first: elicense keys renew token",
            )
        )
    if item.destroyed:
        raise WorkspaceError(
            Text(
                f"密钥 {name} 已确认销毁，其签署的证照继续有效，无需封存",
                f"the key {name} is attested destroyed: what it signed stays good, and"
                " needs no closing snapshot",
            )
        )
