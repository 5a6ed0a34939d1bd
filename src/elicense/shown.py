"""What a register says of one license: in full, or in names of GB/T 36903."""

from dataclasses import dataclass
from datetime import datetime

from elicense import gbt36903, publishing, record
from elicense.events import Event
from elicense.gbt36903 import MetadataKeys
from elicense.issuing.awaiting import instant_of
from elicense.lifecycle import State
from elicense.model import License
from elicense.office import Office
from elicense.payload import qr_text
from elicense.register import Row
from esign import pades


@dataclass(frozen=True, slots=True)
class Shown:
    """What a register says of one license.

    Attributes:
        license: what it says, in full; for the issuing organ's own eyes.
        state: what it is at the instant that was asked about.
        published: whether strangers can know it already.
        qr_text: what its QR carries; empty before it was issued.
        history: its events, oldest first.
        row: the register's row.
    """

    license: License
    state: State
    published: bool
    qr_text: str
    history: tuple[Event, ...]
    row: Row


def show(office: Office, identifier: str, at: datetime) -> Shown:
    """Return what the register says of a license.

    Args:
        office: whose register.
        identifier: of the license.
        at: the instant of the state.

    Raises:
        NotFoundError: no such license.
    """
    row = office.register.get(identifier)
    license_, _ = record.decode(row.record)
    history = office.register.history(identifier)
    latest = office.register.latest_publication()
    known = latest.event_seq if latest and office.board.is_out(latest) else 0
    host = office.settings.check_page or None
    listed = (license_.issuer.code, row.allocation.list_id) in office.trust().lists
    return Shown(
        license=license_,
        state=row.state_at(at),
        published=publishing.is_known(history, known, listed=listed),
        qr_text="" if row.token is None else qr_text(row.token, check_page=host),
        history=history,
        row=row,
    )


def metadata(
    office: Office,
    identifier: str,
    keys: MetadataKeys,
    at: datetime,
    *,
    masked: bool,
) -> dict[str, object]:
    """Return a license in names of GB/T 36903: :func:`elicense.gbt36903.metadata`.

    状态 is the Chinese word of our own for what the license is by effect. Nothing says
    that a license is a specimen.

    Args:
        office: whose register.
        identifier: of the license.
        keys: which names the elements have.
        at: the instant of the state.
        masked: hide what names a natural person; otherwise ids stand in clear.

    Raises:
        NotFoundError: no such license.
        MalformedCodeError: a holder's name contains the separator of holders.
    """
    row = office.register.get(identifier)
    license_, _ = record.decode(row.record)
    return gbt36903.metadata(
        license_,
        office.catalog.describing(license_),
        keys=keys,
        sealed_at=None if row.pdf is None else _sealed_at(row),
        state=row.state_at(at).text.zh,
        masked=masked,
    )


def _sealed_at(row: Row) -> datetime:
    """Return the sealing instant of a row's document, as its seal claims it."""
    if row.is_ordered:
        return instant_of(row)
    return pades.read(row.pdf or b"").sealed_at
