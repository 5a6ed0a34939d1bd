"""The commands ``keys``: a workspace's keys over time."""

from datetime import date, datetime
from importlib import import_module
from importlib.util import find_spec

import click

from elicense.cli import announced, options, report
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.dates import instant_text
from elicense.keychain import Keychain, KeyRecord
from elicense.model import Text
from elicense.office import KeysChanged
from elicense.workspace import Workspace
from esign import clock

_PURPOSES = {
    "token": Text("证照签名", "licenses"),
    "status": Text("状态列表", "status lists"),
    "seal": Text("印章", "seal"),
    "viewer-seal": Text("普通阅读器用印章", "seal for ordinary viewers"),
    "bundle": Text("信任包", "trust bundles"),
    "root": Text("信任根", "root"),
}
_RENEWED = ("token", "status", "bundle", "seal", "viewer-seal")
_NO_KEY = Text("密钥", "key")
_NEW = Text("新密钥", "new key")


@click.group("keys")
@options.common
def keys_command() -> None:
    """List the keys (密钥) of a workspace, and let new ones follow them.

    A change is published at once; the answer says whether that was done. Exit code 0:
    changed and published; 2: nothing changed; 3: changed and not published, so run
    elicense publish when what is in the way is gone.
    """


@keys_command.command("list")
@options.as_json
@options.common
def list_command(*, as_json: bool) -> None:
    """List every key that signs or signed, oldest first, and the root.

    Public parts only: nothing is opened, and no passphrase is asked for.
    """
    with open_workspace() as workspace:
        parts = workspace.custody.parts
    last = parts.roots.last
    if as_json:
        for item in parts.keychain.records:
            report.json_line(_key_json(item))
        for purpose, key in (("bundle", last.bundle_keys[-1]), ("root", last.root)):
            report.json_line(
                {
                    "purpose": purpose,
                    "key": key.kid.hex(),
                    "suite": key.suite.label,
                    "fingerprint": key.fingerprint,
                    "statement": last.number,
                }
            )
        return
    heads = (
        Text("用途", "purpose"),
        Text("密钥", "key"),
        Text("算法", "suite"),
        Text("启用", "signs from"),
        Text("停用", "signs until"),
        Text("说明", "remarks"),
    )
    since = report.moment(last.issued_at)
    report.table(
        heads,
        [
            *(_cells(item) for item in parts.keychain.records),
            *(
                (
                    report.chosen(_PURPOSES[name]),
                    key.kid.hex(),
                    key.suite.label,
                    since,
                    "",
                    "",
                )
                for name, key in (("bundle", last.bundle_keys[-1]), ("root", last.root))
            ),
        ],
    )


def _cells(item: KeyRecord) -> tuple[str, ...]:
    until = item.period.signs_until
    return (
        report.chosen(_PURPOSES[item.purpose]),
        item.name,
        item.key.suite.label,
        report.moment(item.period.signs_from),
        "" if until is None else report.moment(until),
        "; ".join(map(report.chosen, _remarks(item))),
    )


def _remarks(item: KeyRecord) -> list[Text]:
    found = []
    if item.compromised_from is not None:
        since = report.moment(item.compromised_from)
        found.append(Text(f"自 {since} 起可能失密", f"compromised from {since}"))
    if item.backfill is not None:
        first, last = item.backfill
        found.append(Text(f"可补录 {first} 至 {last}", f"backfill {first} to {last}"))
    if not item.signs:
        found.append(
            Text("私钥已销毁", "destroyed")
            if item.destroyed
            else Text("私钥未确认销毁", "not attested destroyed")
        )
    if item.closing is not None:
        name = item.closing[:4].hex()
        found.append(Text(f"封存快照 {name}", f"closed by snapshot {name}"))
    return found


@keys_command.command("renew")
@click.argument("purpose", type=click.Choice(_RENEWED))
@click.option(
    "--abandon",
    is_flag=True,
    help="Renew although licenses are reserved and not finished; they never will be.",
)
@options.as_json
@options.common
def renew_command(*, purpose: str, abandon: bool, as_json: bool) -> None:
    """Let a new key sign from now on, and destroy the one before it (更换密钥).

    What the old one signed stays good. Its file is overwritten and removed, as far as
    the file system allows, and it is attested destroyed; copies in backups are yours to
    destroy. A new bundle key needs the root's private key.
    """
    at = clock.now()
    with open_workspace(signing=True) as workspace:
        match purpose:
            case "token" | "status" | "seal" | "viewer-seal":
                done = workspace.renew_key(purpose, at, abandon=abandon)
                name = workspace.custody.parts.keychain.current(purpose).name
            case _:
                done = workspace.renew_bundle_key(at)
                name = workspace.custody.parts.roots.last.bundle_keys[-1].kid.hex()
    _print(done, [(_NEW, name)], {"new": name}, as_json=as_json)


@keys_command.command("viewer-seal")
@options.as_json
@options.common
def viewer_seal_command(*, as_json: bool) -> None:
    """Make a second seal, by PAdES, for ordinary viewers (普通阅读器).

    For a workspace of SM2, whose seal is an electronic one: ordinary PDF viewers cannot
    check that. elicense reprint --seal pades then prints a second file of a license.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.add_viewer_seal(clock.now())
    name = "" if done.record is None else done.record.name
    _print(done, [(_NEW, name)], {"new": name}, as_json=as_json)


@keys_command.command("retire")
@click.argument("key", metavar="KEY")
@options.as_json
@options.common
def retire_command(*, key: str, as_json: bool) -> None:
    """Attest that an earlier key was destroyed elsewhere (确认销毁).

    For a key whose file was taken away from this workspace. Until somebody attests it,
    what the key signed is KEY_COMPROMISED, because whoever finds it could back-date.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.attest_destroyed(key, clock.now())
    _print(done, [], {}, as_json=as_json)


@keys_command.command("close")
@click.argument("key", metavar="KEY")
@options.as_json
@options.common
def close_command(*, key: str, as_json: bool) -> None:
    """Close an earlier token key by a snapshot of all that was issued (封存).

    For a key that signs no more and that nobody can attest destroyed. The manifest is
    kept as public/snapshot/closing-KEY.cose with its columns, and its digest is
    published. What is inside stays good for whoever has these two files (elicense
    verify --evidence closing-KEY.cose); nothing else that the key signed does, for
    good. Needs the extra bulk.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.close_key(key, clock.now())
        kept = workspace.snapshot_folder / f"closing-{key}.cose"
    rows = [(Text("封存快照", "closing snapshot"), str(kept))]
    more: dict[str, object] = {"file": str(kept)}
    if find_spec("numpy") is not None:  # else it was closed before, and elsewhere
        closings = import_module("elicense.snapshot.closings")
        inside, left_out = closings.counted(kept)
        rows.append((Text("收入证照", "licenses inside"), str(inside)))
        more |= {"inside": inside, "left_out": left_out}
        _tell_left_out(left_out)
    _print(done, rows, more, as_json=as_json)


def _tell_left_out(count: int) -> None:
    if count:
        report.note(
            Text(
                f"有 {count} 个证照不能收入快照；其中由此密钥签署的，"
                "从此为 KEY_COMPROMISED，请换发",
                f"{count} license(s) can have no row in a snapshot; those of them that"
                " this key signed are KEY_COMPROMISED from now on: renew them",
            )
        )


@keys_command.command("compromised")
@click.argument("key", metavar="KEY|token|status|seal")
@click.option(
    "--from",
    "since",
    required=True,
    callback=options.instant,
    metavar="TIME",
    help="From when it may have been in other hands: a day, or an instant.",
)
@options.as_json
@options.common
def compromised_command(*, key: str, since: datetime, as_json: bool) -> None:
    """Mark a key that may have been in other hands (失密); it never signs again.

    KEY is its name in elicense keys list, or token, status or seal for the one that
    signs now. Given again, the command changes nothing more.

    A new key signs from now on. What the old one signed is KEY_COMPROMISED for
    strangers, unless a timestamp under another organization's key places it before.
    """
    at = clock.now()
    if since > at:
        raise WrongUsageError(
            Text("--from 不能晚于现在", "--from: expected an instant that has passed")
        )
    with open_workspace(signing=True) as workspace:
        _refuse_others(key, workspace)
        before = workspace.custody.parts.keychain
        done = workspace.compromise_key(key, since, at)
        concerned = 0 if done.record is None else workspace.concerned(done.record)
        new = _new_key(before, workspace.custody.parts.keychain)
    rows = [(Text("涉及证照", "licenses concerned"), str(concerned))]
    more: dict[str, object] = {"concerned": concerned, "new": new}
    if new is not None:
        rows.insert(0, (_NEW, new))
    _tell_concerned(concerned)
    _print(done, rows, more, as_json=as_json)


def _refuse_others(key: str, workspace: Workspace) -> None:
    """Say what to do instead for a root or a bundle key, which have no such mark."""
    last = workspace.custody.parts.roots.last
    names = {"root": "root", "bundle": "bundle", last.root.kid.hex(): "root"}
    names |= {item.kid.hex(): "bundle" for item in last.bundle_keys}
    commands = {
        "root": "elicense keys rotate-root",
        "bundle": "elicense keys renew bundle",
    }
    if key in names:
        command = commands[names[key]]
        raise WrongUsageError(
            Text(f"此密钥请直接更换：{command}", f"replace this key with: {command}")
        )


def _new_key(before: Keychain, after: Keychain) -> str | None:
    """Return the name of the key that signs since a change."""
    known = {item.name for item in before.records}
    return next((item.name for item in after.records if item.name not in known), None)


def _tell_concerned(concerned: int) -> None:
    if concerned:
        report.note(
            Text(
                "上述证照须逐一换发：elicense renew ID --reason reissued",
                "issue each of them again: elicense renew ID --reason reissued",
            )
        )


@keys_command.command("backfill")
@click.option("--from", "first", required=True, callback=options.day, metavar="DAY")
@click.option("--until", "last", required=True, callback=options.day, metavar="DAY")
@options.as_json
@options.common
def backfill_command(*, first: date, last: date, as_json: bool) -> None:
    """Let the token key seal licenses granted on paper in these days (存量补录)."""
    if last < first:
        raise WrongUsageError(
            Text("--until 不能早于 --from", "--until: not before --from")
        )
    with open_workspace(signing=True) as workspace:
        done = workspace.grant_backfill(first, last, clock.now())
    _print(done, [], {}, as_json=as_json)


@keys_command.command("rotate-root")
@options.as_json
@options.common
def rotate_root_command(*, as_json: bool) -> None:
    """Let a new root speak after the old one (轮换信任根), and destroy the old one.

    Both sign that it does: whoever pinned the old root goes on without doing anything.
    Needs the old root's private key; take the new one off line afterwards.
    """
    with open_workspace(signing=True) as workspace:
        done = workspace.rotate_root(clock.now())
        root, kept = workspace.settings.root, _root_file(workspace)
    rows = [(Text("信任根指纹", "root"), root), (Text("私钥", "private key"), kept)]
    _print(done, rows, {"root": root}, as_json=as_json)


def _root_file(workspace: Workspace) -> str:
    key = workspace.custody.parts.roots.last.root
    return str(workspace.custody.path("root", key))


def _print(
    done: KeysChanged,
    rows: list[report.Row],
    more: dict[str, object],
    *,
    as_json: bool,
) -> None:
    record = done.record
    answer = {"key": None if record is None else _key_json(record), **more}
    own = [] if record is None else _key_rows(record)
    announced.tell(done, [*own, *rows], answer, as_json=as_json)


def _key_rows(item: KeyRecord) -> list[report.Row]:
    label = _PURPOSES.get(item.purpose, _NO_KEY)
    remarks = "; ".join(map(report.chosen, _remarks(item)))
    rows = [(label, item.name)]
    return [*rows, (Text("说明", "remarks"), remarks)] if remarks else rows


def _key_json(item: KeyRecord) -> dict[str, object]:
    days = item.backfill
    return {
        "purpose": item.purpose,
        "key": item.name,
        "suite": item.key.suite.label,
        "organization": item.organization,
        "signs_from": instant_text(item.period.signs_from),
        "signs_until": _text_or_none(item.period.signs_until),
        "backfill": None if days is None else [day.isoformat() for day in days],
        "destroyed": item.destroyed,
        "compromised_from": _text_or_none(item.compromised_from),
        "closing": None if item.closing is None else item.closing.hex(),
    }


def _text_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)
