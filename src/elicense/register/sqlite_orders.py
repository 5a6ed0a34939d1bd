"""What seal platforms are asked to seal, in a SQLite register.

Each function that writes runs inside a transaction of its caller.
"""

from collections.abc import Mapping
from datetime import datetime

from elicense.errors import ConflictError, NotFoundError
from elicense.events import Event
from elicense.model import Text
from elicense.register import SealOrder, columns
from elicense.register.sqlite_commit import not_found
from elicense.register.sqlite_file import SqliteFile
from elicense.register.sqlite_places import ADD_EVENT, is_taken

_ORDER = """SELECT identifier, request_id, token, pdf, grounds, sent_at, task
    FROM seal_order WHERE identifier = ?"""
_AWAITING = """SELECT identifier FROM seal_order JOIN license USING (identifier)
    WHERE issued_at IS NULL ORDER BY position"""
_FINISH = """UPDATE seal_order SET pdf = NULL WHERE identifier = ?
    AND identifier IN (SELECT identifier FROM license WHERE issued_at IS NOT NULL)"""


def add(file: SqliteFile, order: SealOrder, event: Event) -> SealOrder:
    """Keep an order (:meth:`elicense.register.Register.order_seal`)."""
    if not is_taken(file, order.identifier):
        raise not_found()
    known = find(file, order.identifier)
    if known is not None:
        return known
    if file.run("SELECT 1 FROM output WHERE identifier = ?", (order.identifier,)):
        raise ConflictError(
            Text("证照成品已入库，不能再送签章", "its output is stored already")
        )
    file.run(
        "INSERT INTO seal_order VALUES (?, ?, ?, ?, ?, NULL, '')",
        (order.identifier, order.request_id, order.token, order.pdf, order.grounds),
    )
    file.run(ADD_EVENT, columns.event_values(event))
    return order


def mark_sent(file: SqliteFile, identifier: str, at: datetime) -> bool:
    """Keep that it is sent (:meth:`elicense.register.Register.mark_sent`)."""
    first = file.run(
        "UPDATE seal_order SET sent_at = ? WHERE identifier = ? AND sent_at IS NULL"
        " RETURNING identifier",
        (columns.seconds(at), identifier),
    )
    if not first and find(file, identifier) is None:
        raise _no_order()
    return bool(first)


def note_task(file: SqliteFile, identifier: str, task: str) -> None:
    """Keep the platform's task (:meth:`elicense.register.Register.note_task`)."""
    sql = "UPDATE seal_order SET task = ? WHERE identifier = ? RETURNING identifier"
    if not file.run(sql, (task, identifier)):
        raise _no_order()


def find(file: SqliteFile, identifier: str) -> SealOrder | None:
    """Return the order of a license, None where it has none."""
    rows = file.run(_ORDER, (identifier,))
    return columns.decoded(columns.seal_order, rows[0]) if rows else None


def awaiting(file: SqliteFile) -> tuple[str, ...]:
    """Return identifiers of all that await their seal, oldest first."""
    return tuple(columns.text(row[0]) for row in file.run(_AWAITING))


def ordered(file: SqliteFile) -> Mapping[str, str]:
    """Return request id -> identifier of all orders."""
    rows = file.run("SELECT request_id, identifier FROM seal_order")
    return {columns.text(row[0]): columns.text(row[1]) for row in rows}


def finish(file: SqliteFile, identifier: str) -> None:
    """Let go of bytes (:meth:`elicense.register.Register.finish_order`)."""
    file.run(_FINISH, (identifier,))


def _no_order() -> NotFoundError:
    return NotFoundError(
        Text(
            "该证照没有送签章的记录", "no seal platform was asked to seal this license"
        )
    )
