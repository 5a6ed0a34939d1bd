"""Finished bytes, and changes of rows with their events, in a SQLite register.

Each function runs inside a transaction of its caller.
"""

from collections.abc import Sequence

from elicense.errors import ConflictError, NotFoundError
from elicense.events import Event
from elicense.model import Text
from elicense.register import Change, Output, columns
from elicense.register.sqlite_file import SqliteFile
from elicense.register.sqlite_places import ADD_EVENT, is_taken, last_seqs

SEQ = "SELECT MAX(seq) FROM event WHERE event.identifier = license.identifier"
_SWAP = f"""UPDATE license SET issued_at = ?, successor = ?
    WHERE identifier = ? AND ({SEQ}) = ?
    AND (successor IS NULL OR ? IS NULL OR successor = ?)
    AND EXISTS (SELECT 1 FROM output WHERE output.identifier = license.identifier)
    RETURNING issuer, list_id, list_index"""  # noqa: S608  constants only
_HAS_OUTPUT = """SELECT output.identifier FROM license
    LEFT JOIN output USING (identifier) WHERE license.identifier = ?"""
_OUTPUT = "SELECT token, pdf FROM output WHERE identifier = ?"


def store(file: SqliteFile, outputs: Sequence[Output]) -> None:
    """Keep finished bytes (:meth:`elicense.register.Register.store_outputs`)."""
    if len({item.identifier for item in outputs}) != len(outputs):
        raise ValueError("each output of a set is of another license")
    new = [item for item in outputs if not _has_same(file, item)]
    file.run_all(
        "INSERT INTO output VALUES (?, ?, ?)",
        ((item.identifier, item.token, item.pdf) for item in new),
    )


def _has_same(file: SqliteFile, item: Output) -> bool:
    """Tell whether these very bytes are stored, or none are.

    A row leaves RESERVED only with its output (_SWAP), so that a row without one is
    RESERVED, and needs no further check.
    """
    found = file.run(_HAS_OUTPUT, (item.identifier,))
    if not found:
        raise not_found()
    if found[0][0] is None:
        return False
    if file.run(_OUTPUT, (item.identifier,)) != [(item.token, item.pdf)]:
        raise ConflictError(
            Text("该证照已存有不同的成品", "other bytes are stored already")
        )
    return True


def commit(
    file: SqliteFile, changes: Sequence[Change], events: Sequence[Event]
) -> tuple[int, ...]:
    """Change rows, record events (:meth:`elicense.register.Register.commit`)."""
    for change in changes:
        _swap(file, change)
    file.run_all(ADD_EVENT, map(columns.event_values, events))
    return tuple(last_seqs(file, len(events)))


def not_found() -> NotFoundError:
    """Return the error of an identifier that no license has."""
    return NotFoundError(
        Text("登记库中没有此证照标识", "the register has no license of this identifier")
    )


def _swap(file: SqliteFile, change: Change) -> None:
    """Change one row if it is as expected; else say why not."""
    _check_successor(file, change)
    issued_at, spans = columns.plan_values(change.plan)
    values = (
        *(issued_at, change.successor),
        *(change.identifier, change.seq),
        *(change.successor, change.successor),
    )
    found = file.run(_SWAP, values)
    if not found:
        raise _why_not(file, change)
    place = tuple(found[0])
    file.run(
        "DELETE FROM span WHERE issuer = ? AND list_id = ? AND list_index = ?", place
    )
    file.run_all(
        "INSERT INTO span VALUES (?, ?, ?, ?, ?)", ((*place, *span) for span in spans)
    )


def _check_successor(file: SqliteFile, change: Change) -> None:
    if change.successor is None:
        return
    if change.successor == change.identifier or not is_taken(file, change.successor):
        raise NotFoundError(
            Text("登记库中没有新证照标识", "the register has no such successor")
        )
    sql = "SELECT 1 FROM license WHERE successor = ? AND identifier != ?"
    if file.run(sql, (change.successor, change.identifier)):
        raise ConflictError(
            Text("该新证照已替代另一证照", "the successor supersedes another license")
        )


def _why_not(file: SqliteFile, change: Change) -> ConflictError | NotFoundError:
    """Return the error of a row that could not be swapped."""
    found = file.run(
        f"SELECT ({SEQ}), successor FROM license WHERE identifier = ?",  # noqa: S608  constants only
        (change.identifier,),
    )
    if not found:
        return not_found()
    seq, successor = found[0]
    if seq != change.seq:
        return ConflictError(
            Text(
                "该证照在此期间已有新的变动，请重新查看后再操作",
                "something happened to the license meanwhile; look at it again",
            )
        )
    if None not in (successor, change.successor) and successor != change.successor:
        return ConflictError(
            Text("该证照已有另一新版本", "the license has another successor already")
        )
    return ConflictError(
        Text("证照成品尚未入库，不能签发", "the output is not stored yet")
    )
