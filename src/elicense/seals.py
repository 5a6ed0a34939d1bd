"""The seals of a workspace: its own keys' in the register, those imported and made.

Wiring only: the rules are in :mod:`elicense.sealing`.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from elicense import dates, files
from elicense.errors import ConflictError, IllegalTransitionError, WorkspaceError
from elicense.folder import SEALS_FOLDER, load_seal_policy
from elicense.keychain import SEALS, ElectronicSeal, KeyRecord
from elicense.model import Text
from elicense.office import KeysChanged, Office
from elicense.sealing import (
    NOBODY,
    Actors,
    SealDesk,
    SealEvent,
    SealEventKind,
    SealForm,
    SealReason,
    SealRecord,
    SealState,
)
from elicense.sealing.verdict import VERSION_2014
from elicense.sealmaker import SealMaker, SealOrder
from esign import ses
from esign.certificates import read_any
from esign.errors import MalformedError
from esign.ses import Oddity

_BORN = (
    SealEventKind.REQUEST,
    SealEventKind.MAKE,
    SealEventKind.FILE,
    SealEventKind.ENABLE,
)


@dataclass(frozen=True, slots=True)
class SealChanged:
    """What became of a change of a seal.

    Attributes:
        seal: as it is now.
        published: the publication that it needed; None where it needed none.
    """

    seal: SealRecord
    published: KeysChanged | None = None


def desk(office: Office, at: datetime, actors: Actors = NOBODY) -> SealDesk:
    """Return where the seals of a workspace are asked for.

    Args:
        office: the workspace.
        at: the instant of the run, aware.
        actors: who operates and approves.

    Raises:
        CatalogError: ``seals.toml`` is wrong.
        RegisterError: the register of seals cannot be used.
    """
    join_own(office, at)
    policy = load_seal_policy(office.folder, office.catalog.names())
    return SealDesk(office.seals, policy, own_id(office), actors)


def own_id(office: Office) -> str:
    """Return the id of the own seal that signs now: its key's kid, or its esID."""
    return office.custody.parts.keychain.current("seal").seal_id


def join_own(office: Office, at: datetime) -> None:
    """Let the seals of the own keys join the register, with what became of them.

    Total and repeatable: what is there already stays.

    Args:
        office: the workspace.
        at: when it is recorded, aware.
    """
    known = {one.id: one for one in office.seals.seals()}
    for key in office.custody.parts.keychain.records:
        for seal in _of(key):
            record = known.get(seal.id)
            if record is None:
                record = _joined(office, seal, at)
            ended = _ended(seal, at)
            if ended is not None and _is_new(record, ended):
                with suppress(IllegalTransitionError):  # then another run was first
                    office.seals.record(record.id, [ended])


@dataclass(frozen=True, slots=True)
class _OwnSeal:
    """One of the seals of an own key.

    Attributes:
        key: the key.
        made: its electronic seal; None where it has none.
        since: from when it was used.
    """

    key: KeyRecord
    made: ElectronicSeal | None
    since: datetime

    @property
    def id(self) -> str:
        """The esID of one that a maker made, else the key's kid."""
        return self.key.name if self.made is None else self.made.id or self.key.name

    @property
    def until(self) -> datetime | None:
        """First instant at which it is not used any more; None for not known."""
        replaced = None if self.made is None else self.made.until
        return replaced or self.key.period.signs_until


def _of(key: KeyRecord) -> Iterator[_OwnSeal]:
    """Give the seals of a key, oldest first; none where it is no seal's."""
    if key.purpose not in SEALS:
        return
    since = key.period.signs_from
    for made in key.seals or (None,):
        yield _OwnSeal(key, made, since)
        since = since if made is None or made.until is None else made.until


def _is_new(record: SealRecord, ended: SealEvent) -> bool:
    withdrawn = record.withdrawn
    if withdrawn is None:
        return True
    return ended.reason is SealReason.COMPROMISED and not withdrawn.compromised


def _joined(office: Office, seal: _OwnSeal, at: datetime) -> SealRecord:
    events = [
        SealEvent(kind=kind, effective_at=seal.since, recorded_at=max(at, seal.since))
        for kind in _BORN
    ]
    with suppress(ConflictError):  # then another run was first
        office.seals.add(_own(office, seal), events)
    return office.seals.get(seal.id)


def _own(office: Office, seal: _OwnSeal) -> SealRecord:
    key, made = seal.key, seal.made
    content = b"" if made is None else made.der or b""
    certificate = key.certificates[0]
    since, until = seal.since, read_any(certificate).not_after
    read = ses.read_seal(content) if content else None
    if read is not None:
        since, until = read.valid_from, read.valid_until
    return SealRecord(
        id=seal.id,
        owner=key.organization,
        name=_name_of(office, key) if read is None else read.name,
        form=SealForm.PADES if made is None else SealForm.SES,
        valid_from=since,
        valid_until=until,
        content=content,
        signers=(hashlib.sha256(certificate).digest(),),
        is_test=not (office.settings.production or (made is not None and made.id)),
    )


def _name_of(office: Office, key: KeyRecord) -> str:
    name = office.settings.name_on(dates.day_of(key.period.signs_from))
    for before in office.settings.predecessors:
        if before.code == key.organization:
            name = before.names[-1][1]
    return f"{name}电子证照专用章（测试印章，无法律效力）"


def _ended(seal: _OwnSeal, at: datetime) -> SealEvent | None:
    """Return the revocation that follows from what became of a seal and its key."""
    since, reason = seal.until, SealReason.REPLACED
    if seal.key.compromised_from is not None:
        since, reason = seal.key.compromised_from, SealReason.COMPROMISED
    if since is None:
        return None
    return SealEvent(
        kind=SealEventKind.REVOKE,
        effective_at=since,
        recorded_at=max(at, since),
        reason=reason,
    )


def import_seal(
    office: Office, data: bytes, owner: str, events: Sequence[SealEvent]
) -> SealRecord:
    """Register a seal that a maker made (.esl), with its own picture.

    Its maker's signature must hold, whoever the maker is: what may be sealed with it is
    judged by its certificates, and by whoever checks it.

    Args:
        office: the workspace.
        data: the SESeal, DER.
        owner: USCC of its owner.
        events: what happened to it until now, in their order.

    Raises:
        WorkspaceError: not a seal in its strict form, or its signature does not hold.
        ConflictError: a seal of this id is registered, or an own key is called so.
        MalformedCodeError: the owner is no USCC.
        UnavailableError: the extra ``gm`` is not installed.
    """
    try:
        seal = ses.read_seal(data, lenient=True)
    except MalformedError as err:
        raise WorkspaceError(
            Text(f"不是电子印章（.esl）：{err}", f"not a seal (.esl): {err}")
        ) from err
    report = ses.validate_seal(data, ses.SesTrust((), ()), seal.created, lenient=True)
    if report.held("seal-signature") is not True:
        raise WorkspaceError(
            Text(
                "印章的制章签名不成立，未导入",
                "the maker's signature does not hold; nothing was imported",
            )
        )
    if Oddity.CRITICAL_EXTENSION in seal.oddities or seal.version == VERSION_2014:
        raise WorkspaceError(
            Text(
                "只能导入版本 4、5 且没有关键扩展的印章",
                "imported are seals of version 4 and 5 without critical extensions",
            )
        )
    if not (seal.identifier and seal.name):
        raise WorkspaceError(
            Text("印章没有编号或名称，未导入", "the seal has no id or no name")
        )
    if seal.identifier in {one.name for one in office.custody.parts.keychain.records}:
        raise ConflictError(
            Text(
                f"印章编号 {seal.identifier} 已用于本机构的密钥",
                f"{seal.identifier} is the id of a key of the workspace",
            )
        )
    record = SealRecord(
        id=seal.identifier,
        owner=owner,
        name=seal.name,
        form=SealForm.SES,
        valid_from=seal.valid_from,
        valid_until=seal.valid_until,
        content=data,
        signers=tuple(hashlib.sha256(one).digest() for one in seal.certificates),
    )
    return office.seals.add(record, events)


def make_seal(
    office: Office, wanted: SealOrder, at: datetime, by: str = ""
) -> SealRecord:
    """Make a test seal of GB/T 38540 with a key of its own, and register it as made.

    The development maker of the workspace is made with the first one. The seal says
    测试印章，无法律效力 in its name and its picture.

    Args:
        office: the workspace.
        wanted: what the seal is to be.
        at: the instant of making, whole seconds UTC.
        by: id of who does it.

    Raises:
        WorkspaceError: the keys do not open, or no seal can say that.
        UnavailableError: the extra ``gm`` is not installed.
        FileError: a file cannot be written.
    """
    with office.custody.changing():
        office.check_open()
        name = office.settings.name_on(dates.day_of(at))
        maker = SealMaker.open(
            office.folder / SEALS_FOLDER, office.custody.secret(), name, at
        )
        made = maker.make(wanted, at)
        seal = ses.read_seal(made)
        events = [
            SealEvent(kind=kind, effective_at=at, recorded_at=at, by=by)
            for kind in (SealEventKind.REQUEST, SealEventKind.MAKE)
        ]
        record = SealRecord(
            id=seal.identifier,
            owner=wanted.owner,
            name=seal.name,
            form=SealForm.SES,
            valid_from=seal.valid_from,
            valid_until=seal.valid_until,
            content=made,
            signers=tuple(hashlib.sha256(one).digest() for one in seal.certificates),
            is_test=True,
        )
        return office.seals.add(record, events)


def enable(office: Office, name: str, at: datetime, by: str = "") -> SealRecord:
    """Enable a seal; one that was made is filed in the same step.

    Args:
        office: the workspace.
        name: id of the seal.
        at: from when; also when it is recorded.
        by: id of who does it.

    Raises:
        NotFoundError, IllegalTransitionError: nothing was changed.
    """
    join_own(office, at)
    kinds = [SealEventKind.ENABLE]
    found = office.seals.get(name)
    if found.state_at(at) is SealState.EXPIRED:
        raise IllegalTransitionError(
            Text(
                f"印章 {name} 的有效期已过，不能启用",
                f"the period of seal {name} is over: it cannot be enabled",
            )
        )
    if found.state_at(at) is SealState.MADE:
        kinds = [SealEventKind.FILE, SealEventKind.ENABLE]
    return office.seals.record(name, [_now(kind, at, by) for kind in kinds])


def disable(
    office: Office, name: str, reason: SealReason, at: datetime, by: str = ""
) -> SealRecord:
    """Disable a seal until it is enabled again; see :func:`enable`."""
    join_own(office, at)
    event = replace(
        _now(SealEventKind.ENABLE, at, by), kind=SealEventKind.DISABLE, reason=reason
    )
    return office.seals.record(name, [event])


def _now(kind: SealEventKind, at: datetime, by: str) -> SealEvent:
    return SealEvent(kind=kind, effective_at=at, recorded_at=at, by=by)


def revoke(office: Office, name: str, event: SealEvent) -> SealChanged:
    """Revoke a seal for ever, and publish what strangers must know.

    The own seal that signs now is renewed first, or marked where it may have been in
    other hands; what it sealed before stays good, as the bundle tells. One that was
    made here is put on its maker's list of revoked certificates.

    Args:
        office: the workspace.
        name: id of the seal.
        event: a revocation.

    Raises:
        NotFoundError, IllegalTransitionError: nothing was changed.
        WorkspaceError, FileError: the keys do not open, or cannot be written.
    """
    at = event.recorded_at
    join_own(office, at)
    before = office.seals.get(name)
    key = office.custody.parts.keychain.current("seal")
    is_stolen = event.reason is SealReason.COMPROMISED
    if name == key.seal_id or (is_stolen and name in {one.id for one in _of(key)}):
        return _revoke_own(office, before, key, event)
    found = office.seals.record(name, [event])
    folder = office.folder / SEALS_FOLDER
    if found.is_test and found.content and files.is_file(folder / SealMaker.MARK):
        with office.custody.changing():
            said = office.settings.name_on(dates.day_of(at))
            maker = SealMaker.open(folder, office.custody.secret(), said, at)
            maker.publish(office.seals.seals(), at)
    if not office.is_outdated(office.trust(), at):
        return SealChanged(found)
    return SealChanged(found, office.published(at))


def _revoke_own(
    office: Office, seal: SealRecord, key: KeyRecord, event: SealEvent
) -> SealChanged:
    at = event.recorded_at
    if event.reason is SealReason.COMPROMISED:
        done = office.compromise_key(key.name, event.effective_at, at)
    else:
        done = office.renew_key("seal", at)
        event = replace(event, effective_at=at)
    found = office.seals.record(seal.id, [event])
    join_own(office, at)
    return SealChanged(found, done)
