"""What tests of snapshots share: a world of licenses, and snapshots of its tokens."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from elicense import lifecycle, payload
from elicense.events import Event, EventKind
from elicense.identifiers import Identifier
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from elicense.register import Claim, Output, Register, RequestKey, ReserveRequest
from elicense.snapshot import MANIFEST_FILE, Manifest, build
from elicense.snapshot.manifest import sign
from elicense.testing import Department, Simulator, claims_of
from esign.keys import Signer
from esign.statuslist import Status

TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A snapshot that was put somewhere."""

    path: Path
    manifest: Manifest

    @property
    def columns(self) -> Path:
        return self.path.parent / self.manifest.columns_file


def put(
    folder: Path,
    tokens: Iterable[bytes],
    signer: Signer,
    organization: str,
    at: datetime,
    **changes: object,
) -> Made:
    """Put a snapshot of tokens into a folder, with a manifest changed at will."""
    folder.mkdir(exist_ok=True)
    built = build(tokens, folder)
    built.path.replace(folder / Manifest.name_of(built.sha256))
    manifest = Manifest(
        organization=organization,
        number=1,
        issued_at=at,
        next_update=at + timedelta(days=7),
        rows=built.rows,
        left_out=built.left_out,
        size=built.size,
        sha256=built.sha256,
        classes=built.classes,
    )
    manifest = replace(manifest, **changes)
    path = folder / MANIFEST_FILE
    path.write_bytes(sign(manifest, signer))
    return Made(path=path, manifest=manifest)


def variants(world: Simulator, owner: Department) -> list[Claims]:
    """Return claims of licenses that differ in all that a verdict asks for."""
    first = claims_of(world.issue(department=owner))
    made: list[Claims] = []

    def add(mark: Status = Status.VALID, **changes: object) -> None:
        index = len(made) + 100
        place = StatusReference(first.status.list_number, index)
        made.append(replace(first, **{"status": place, **changes}))
        if mark is not Status.VALID:
            owner.statuses.setdefault(place.list_number, {})[index] = mark

    for status in Status:
        add(status)
        add(status, validity=Validity(TODAY - 9 * DAY, TODAY))
        add(status, validity=Validity(TODAY + DAY, None))
    for near in (-1, 0, 1):
        last, due = TODAY + near * DAY, TODAY + (near + 1) * DAY
        add(validity=Validity(TODAY - 400 * DAY, last))
        add(validity=Validity(last, TODAY + 900 * DAY))
        add(checkpoint=Checkpoint("review", due))
        add(
            Status.SUSPENDED,
            validity=Validity(TODAY - 400 * DAY, last),
            checkpoint=Checkpoint("review", TODAY - DAY),
        )
    add(type_name="business-license", number="二")
    add(signed_at=world.at - timedelta(days=30))
    add(issue_date=TODAY - 4000 * DAY)
    add(status=StatusReference(1999, 4))  # a list that nobody publishes
    add(status=StatusReference(first.status.list_number, (1 << 20) - 1))
    return made


def tokens_of(owner: Department, claims: Iterable[Claims]) -> list[bytes]:
    """Return the claims signed by the department's token key."""
    return [payload.sign_token(item, owner.token) for item in claims]


def enter(register: Register, claims: Iterable[Claims], signer: Signer) -> list[bytes]:
    """Issue licenses with these claims in a register, at places of its own.

    Identifier and index are the register's; the tokens are real, the pages are not.

    Returns:
        The tokens, in the order of their issue.
    """
    outputs = reserve(register, claims, signer)
    release(register, [item.identifier for item in outputs])
    return [item.token for item in outputs]


def reserve(
    register: Register, claims: Iterable[Claims], signer: Signer
) -> list[Output]:
    """Do as :func:`enter`, and issue none of them."""
    wanted = [(item, Identifier.parse(item.identifier)) for item in claims]
    requests = [
        ReserveRequest(
            RequestKey(part.issuer, item.type_name, "issue", "test", uuid4().hex),
            bytes(32),
            item.number,
            item.status.list_number,
            item.signed_at,
        )
        for item, part in wanted
    ]
    places = register.offer(requests)
    outputs, made = [], []
    for (item, part), request, place in zip(wanted, requests, places, strict=True):
        name = Identifier.build(part.type_code, part.issuer, place.serial).text
        status = StatusReference(place.list_id, place.index)
        here = replace(item, identifier=name, status=status)
        outputs.append(Output(name, payload.sign_token(here, signer), b"%PDF-"))
        made.append(Claim(request, place, name, b"record"))
    register.claim(made)
    register.store_outputs(outputs)
    return outputs


def release(register: Register, identifiers: Iterable[str]) -> None:
    """Let licenses that have their output be issued."""
    rows = [register.get(identifier) for identifier in identifiers]
    events = [
        Event(
            identifier=row.identifier,
            kind=EventKind.ISSUED,
            effective_at=row.allocation.instant,
            recorded_at=row.allocation.instant,
        )
        for row in rows
    ]
    changes = [
        row.change(lifecycle.plan([*register.history(row.identifier), event]))
        for row, event in zip(rows, events, strict=True)
    ]
    register.commit(changes, events)
