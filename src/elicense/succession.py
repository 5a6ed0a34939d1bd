"""Succession: one organ takes over another's register, lists and keys (机构改革).

docs/formats/workspace.md, section 5. Each step may be done again, so that a run that
was cut off is finished by running it again. Nothing that strangers believe changes
before the last step, the publication.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec

from elicense import dates, files, trust, wiping
from elicense.errors import WorkspaceError
from elicense.folder import load_settings
from elicense.keychain import VIEWER_SEAL, KeyRecord
from elicense.model import Text
from elicense.office import KeysChanged, Office
from elicense.register import Adopted
from elicense.settings import Predecessor, Successor
from elicense.trust import RootStatement, SignedStatement


@dataclass(frozen=True, slots=True)
class Handover:
    """What was agreed.

    Attributes:
        since: the first day on which the successor stands in the other's place, UTC+8.
        types: the license types that it took over.
    """

    since: date
    types: tuple[str, ...]


def take_over(own: Office, other: Office, handover: Handover, at: datetime) -> int:
    """Let an organ go on with another's licenses, and with its names and lists.

    The caller publishes afterwards. Both roots are opened before anything is written.
    The steps:

    1. a change of the other's keys that was cut off is finished;
    2. its ``elicense.toml`` names the successor: nothing is changed there any more;
    3. the other's root says that the own root succeeds it; both sign;
    4. the other's licenses and events are copied into the own register;
    5. the other's private keys are overwritten, so that nobody signs with them;
    6. its keys are listed here as retired, and attested destroyed; the snapshots that
       close keys come along;
    7. its code, names and types are kept in the own ``elicense.toml``;
    8. the emptied key files are removed.

    Args:
        own: the successor's workspace.
        other: the predecessor's workspace, whose private keys are all there.
        handover: from which day, and which types.
        at: the run's instant, whole seconds UTC.

    Returns:
        How many licenses were new.

    Raises:
        WorkspaceError: the two do not go together, or the roots do not open; both go on
            as before.
        ConflictError: the registers contradict each other.
        FileError: a file cannot be written; run it again.
    """
    if own.settings.code == other.settings.code:  # and its lock would be waited for
        raise WorkspaceError(
            Text("不能承接自身", "an organ does not take over from itself")
        )
    # Of two runs at once that want the same two, none waits for the other for ever.
    first, second = sorted((own, other), key=lambda item: item.settings.code)
    with first.custody.changing(), second.custody.changing():
        for office in (own, other):
            office.custody.reload()
            office.settings = load_settings(office.folder)
        _check(own, other, handover, at)
        said = None if _is_succeeded(own, other) else _statements(own, other, at)
        other.custody.tidy()
        _close(own, other, handover)
        if said is not None:
            own.custody.speak(said)
        adopted = own.register.adopt(_entries(other))
        _silence(other)
        _take_closings(own, other)
        _list_keys(own, other, at)
        _keep(own, other, handover)
        for path in filter(wiping.is_wiped, other.custody.private_files()):
            wiping.remove(path)
    return adopted


def _check(own: Office, other: Office, handover: Handover, at: datetime) -> None:
    own.settings.check_open()
    _check_same(own, other, handover)
    if other.settings.device is not None:
        raise WorkspaceError(
            Text(
                "对方的密钥在密码设备中，无法在此销毁：请先在对方的工作区将 [device]"
                " keys 改为 []，更换其密钥（elicense keys renew），再去掉 [device]",
                "the other organ's keys are in a device and cannot be destroyed from"
                " here: in its workspace set [device] keys to [], renew its keys"
                " (elicense keys renew), and take [device] out",
            )
        )
    if dates.start_of(handover.since) > at:
        raise WorkspaceError(
            Text(
                "承接之日尚未到来，请在当日执行",
                "the day of the handover has not come; run this on that day",
            )
        )
    known = {name for item in _histories(other) for name in item.types or ()}
    if not handover.types or not known.issuperset(handover.types):
        raise WorkspaceError(
            Text(
                f"承接的证照类型应为对方被授权的类型：{'、'.join(sorted(known))}",
                "the types are those that the other organ was granted:"
                f" {', '.join(sorted(known))}",
            )
        )
    unfinished = other.register.count() - sum(other.register.counts().values())
    if unfinished and not _is_succeeded(own, other):
        raise WorkspaceError(
            Text(
                f"对方有 {unfinished} 个证照已预留而未签发完，请先完成",
                f"the other organ has {unfinished} license(s) reserved and not issued;"
                " issue them first",
            )
        )


def _check_same(own: Office, other: Office, handover: Handover) -> None:
    """Refuse what was agreed otherwise before, with this organ or with another."""
    begun = other.settings.successor
    if begun is not None and begun.code != own.settings.code:
        other.settings.check_open()
    kept = [i for i in own.settings.predecessors if i.code == other.settings.code]
    said = [(item.since, item.types) for item in kept]
    if begun is not None:
        said.append((begun.since, begun.types))
    for since, types in said:
        if since == handover.since and set(types) == set(handover.types):
            continue
        raise WorkspaceError(
            Text(
                f"该机构已自 {since} 起承接（{'、'.join(types)}），"
                "不能改为其他日期或类型",
                f"it was taken over from {since} on ({', '.join(types)}); another day"
                " or other types are not possible",
            )
        )


def _close(own: Office, other: Office, handover: Handover) -> None:
    """Let nothing be changed in the other's workspace from now on."""
    successor = Successor(
        code=own.settings.code, since=handover.since, types=handover.types
    )
    if other.settings.successor is None:
        other.rewrite(successor=successor)


def _is_succeeded(own: Office, other: Office) -> bool:
    """Tell whether the own root succeeded the other's already."""
    return other.custody.parts.roots.last.root.fingerprint in own.custody.pins


def _entries(other: Office) -> Iterator[Adopted]:
    for row in other.register.rows():
        if row.is_issued:
            yield row, other.register.history(row.identifier)


def _statements(own: Office, other: Office, at: datetime) -> list[SignedStatement]:
    """Return the statements with the other's, which ends by naming the own root."""
    ours, theirs = own.custody.parts.roots.last, other.custody.parts.roots.last
    old, new = other.custody.open_root(), own.custody.open_root()
    leaving = RootStatement(
        number=theirs.number + 1,
        issued_at=at,
        speaks_for=theirs.speaks_for,
        bundle_keys=theirs.bundle_keys,
        successor=new.public_key,
    )
    going_on = RootStatement(
        number=ours.number + 1,
        issued_at=at,
        speaks_for=ours.speaks_for,
        bundle_keys=ours.bundle_keys,
    )
    return [
        *own.custody.parts.statements,
        *other.custody.parts.statements,
        trust.sign_root_statement(leaving, old, new),
        trust.sign_root_statement(going_on, new),
    ]


def _silence(other: Office) -> None:
    """Overwrite the keys that sign; a file that is another thing stays as it is."""
    custody, last = other.custody, other.custody.parts.roots.last
    signing = [(i.purpose, i.key) for i in custody.parts.keychain.records if i.signs]
    signing_roots = [("root", last.root), *(("bundle", k) for k in last.bundle_keys)]
    # All are looked at before the first is gone: the passphrase is proven by them.
    mine = [item for item in (*signing, *signing_roots) if custody.holds(*item)]
    for path in (custody.path(use, key) for use, key in mine):
        if not wiping.is_wiped(path):
            wiping.overwrite(path)


def _histories(other: Office) -> tuple[KeyRecord, ...]:
    """Return the other's keys with the types that they were granted."""
    types = other.catalog.names()
    records = other.custody.parts.keychain.records
    return tuple(replace(item, types=item.granted(types)) for item in records)


def _list_keys(own: Office, other: Office, at: datetime) -> None:
    """List the other's keys as retired; destroyed where they were overwritten here."""
    chain = own.custody.parts.keychain
    roots = tuple(item.root for item in other.custody.parts.keychain.authorities)
    taken = [_retired(other, item, at) for item in _histories(other)]
    theirs = other.custody.parts.keychain.roots
    own.custody.keep(chain.adopting(taken, (*theirs, *roots)))


def _take_closings(own: Office, other: Office) -> None:
    """Copy the snapshots that close the other's keys; only the extra reads them."""
    if find_spec("numpy") is not None:
        closings = import_module("elicense.snapshot.closings")
        closings.take(other.snapshot_folder, own.snapshot_folder)


def _retired(other: Office, item: KeyRecord, at: datetime) -> KeyRecord:
    if not item.signs:
        return item
    path = other.custody.path(item.purpose, item.key)
    is_wiped = files.is_file(path) and wiping.is_wiped(path)  # by _silence
    return replace(item.retired(at), destroyed=is_wiped)


def _keep(own: Office, other: Office, handover: Handover) -> None:
    """Keep the other organ, and those that it had taken over, in the settings."""
    entry = other.listing().organization
    last = Predecessor(
        code=entry.code,
        names=entry.names,
        since=handover.since,
        types=handover.types,
    )
    before = [_handed_on(item, last) for item in other.settings.predecessors]
    found = [last, *before]
    current = own.settings.predecessors
    known = {item.code for item in current}
    new = [item for item in found if item.code not in known]
    own.rewrite(predecessors=(*current, *new))


def _handed_on(item: Predecessor, last: Predecessor) -> Predecessor:
    """Return who was taken over by the other organ before, with that succession."""
    stood_in = Successor(code=last.code, since=item.since, types=item.types)
    return replace(
        item,
        since=last.since,
        types=tuple(name for name in item.types if name in last.types),
        earlier=(*item.earlier, stood_in),
    )


def rename(own: Office, name: str, since: date, at: datetime) -> KeysChanged:
    """Give the organ a new name from a day on, and a seal that carries it.

    What was issued before keeps the name of its day. On a day to come the name is only
    announced; the seal is then renewed on that day. The same again is harmless.

    Args:
        own: whose.
        name: the new name; that a seal can carry it is the caller's to check.
        since: from which day, UTC+8; today or later.
        at: the run's instant; aware UTC.

    Raises:
        WorkspaceError: the day has passed, or is the organ's first one, licenses were
            issued or reserved on it under the old name, or a later name is known.
    """
    today = dates.day_of(at)
    with own.custody.changing():  # no license is reserved, and no other takes over
        own.check_open()
        if (since, name) not in own.settings.renamed:
            _check_day(own, since, at)
            own.rewrite(renamed=(*own.settings.renamed, (since, name)))
    if since <= today and own.custody.parts.seal_name != own.settings.name_on(today):
        if own.custody.parts.keychain.viewer_seal is not None:
            own.renew_key(VIEWER_SEAL, at)
        return own.renew_key("seal", at)
    return own.published(at)


def _check_day(own: Office, since: date, at: datetime) -> None:
    if since < dates.day_of(at) or any(day >= since for day, _ in own.settings.renamed):
        raise WorkspaceError(
            Text(
                "更名之日应为今日或以后，且晚于上次更名",
                "the day of a new name is today or later, and after the last one",
            )
        )
    entry = own.listing().organization
    founded = entry.names[0][0]
    if since <= founded:
        raise WorkspaceError(
            Text(
                f"更名之日应晚于本机构首日 {founded}",
                f"the day of a new name is after the organ's first day, {founded}",
            )
        )
    start = dates.start_of(since)
    if any(
        row.key.issuer == entry.code and row.allocation.instant >= start
        for row in own.register.rows()
    ):
        raise WorkspaceError(
            Text(
                f"{since} 已用原名称签发或预留证照，请改为次日起更名",
                f"licenses were issued or reserved under the old name on {since}; give"
                " the day after",
            )
        )
