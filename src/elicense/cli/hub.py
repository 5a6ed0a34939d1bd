"""The commands ``trust hub``, ``grant``, ``merge`` and ``renew-key``."""

import shlex
from datetime import datetime
from pathlib import Path

import click

from elicense import dates, files, trust
from elicense.cli import confirming, options, report, suites
from elicense.cli.belief import claimed_roots
from elicense.cli.bundle_view import snapshot_json
from elicense.cli.trusted import trust_command
from elicense.dates import instant_text
from elicense.errors import ElicenseError
from elicense.hub import Hub, HubPublication
from elicense.model import Text
from elicense.trust.hub_model import (
    DepartmentGrant,
    Outcome,
    SourceReport,
    Withdrawal,
)
from elicense.trust.intake import MAX_SOURCE_BYTES
from esign import clock
from esign.algorithms import Suite
from esign.keys import KID_BYTES

__all__ = ["trust_command"]  # the group, with the commands of this module in it

EXIT_REFUSED, EXIT_KEPT = 1, 3
_NAMES_NOTHING = Text(
    "[[withdrawn]] 中的这一项与任何密钥或证书都不符，请核对",
    "this entry of [[withdrawn]] names no key and no certificate that was read;"
    " compare it",
)
_OUTCOMES = {
    Outcome.TAKEN: Text("已采纳", "taken"),
    Outcome.KEPT: Text("沿用旧包", "kept old"),
    Outcome.LEFT_OUT: Text("未纳入", "left out"),
    Outcome.SUSPENDED: Text("已停用", "suspended"),
}


@trust_command.command("hub")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--name", required=True, metavar="NAME", help="The hub's name, for people (名称)."
)
@click.option(
    "--algorithm",
    callback=suites.among(*suites.ALL_KEYS),
    default=Suite.ES256.label,
    show_default=True,
    metavar=suites.metavar(*suites.ALL_KEYS),
    help="Suite of its keys; SM2 needs the extra gm.",
)
@click.option(
    "--uscc",
    metavar="CODE",
    help="Who runs the hub (统一社会信用代码); else it countersigns no snapshots.",
)
@options.common
def hub(*, folder: Path, name: str, algorithm: Suite, uscc: str | None) -> None:
    """Make a hub (汇聚节点): it merges the bundles of departments under one root.

    Its table hub.toml grants nothing yet; see: elicense trust grant. The keys are for
    trial: software keys, the root beside the others; take root-*.pem away and keep it
    off line. Without a terminal and without a given passphrase a random one is made
    and kept in keys/passphrase.
    """
    passphrase = options.new_passphrase()
    made = Hub.create(
        folder, name=name, passphrase=passphrase, organization=uscc, suite=algorithm
    )
    grant_ = f"elicense trust grant {shlex.quote(str(folder))} FILE --types ..."
    report.rows(
        [
            (Text("汇聚节点", "hub"), str(folder)),
            (Text("信任根指纹", "root"), made.table.root),
            (Text("下一步", "next"), grant_),
        ]
    )
    if passphrase is None:
        kept = folder / options.KEPT_PASSPHRASE
        report.note(
            Text(
                f"已生成随机口令，保存在 {kept}（仅本人可读）",
                f"a random passphrase was made and is kept in {kept} (0600)",
            )
        )


@trust_command.command("grant")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--types",
    required=True,
    metavar="TYPE,...",
    help="License types that the department may issue (准予的证照类型).",
)
@click.option(
    "--root",
    callback=options.fingerprint,
    metavar="sha256:...",
    help="The fingerprint as you got it by another way; must be that of the file.",
)
@click.option(
    "--backfill",
    is_flag=True,
    help="Its keys may seal licenses granted on paper (存量补录).",
)
@options.common
def grant(
    *, folder: Path, path: Path, types: str, root: str | None, backfill: bool
) -> None:
    """Let a department speak in the hub DIR (准予), for the types named.

    FILE is the department's bundle. Compare its fingerprint with what the department
    gave you by another way. On a terminal you are asked; elsewhere --root must be
    given. Written into hub.toml, where it can be changed and taken back.
    """
    place = Hub(folder)
    granted, name, since = _department(path, types, backfill=backfill)
    report.rows(
        [
            (Text("信任根指纹", "root"), granted.root),
            (Text("机构", "organization"), f"{granted.organization} {name}"),
            (Text("准予类型", "types"), ", ".join(granted.types)),
            (Text("密钥起用", "signs from"), report.moment(since) if since else "-"),
        ]
    )
    if root not in (None, granted.root):
        raise ElicenseError(
            Text(
                f"文件的信任根与 --root 不同，未准予；--root 给出的是 {root}",
                "the file's root is not the one of --root; nothing was granted."
                f" --root says {root}",
            )
        )
    if root is None:
        confirming.fingerprint(
            Text(
                "是否与该机构经其他途径给出的指纹逐位一致？",
                "Is it, digit by digit, the fingerprint that the department gave you by"
                " another way?",
            ),
            refused=Text("未准予", "nothing was granted"),
        )
    place.grant(granted, name)
    report.note(Text("已写入 hub.toml", "written to hub.toml"))


@trust_command.command("merge")
@click.argument("paths", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--hub",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The hub's folder (汇聚节点).",
)
@click.option(
    "--snapshot",
    "snapshots",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="A manifest of a department's snapshot (快照清单), or a folder with such;"
    " the hub countersigns that it has seen it. May be repeated; needs the extra bulk.",
)
@options.as_json
@options.common
def merge(
    *,
    paths: tuple[Path, ...],
    folder: Path,
    snapshots: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Merge departments' bundles (合并) and publish DIR/public/trust.elt.

    A FILE that is refused stops no other one. A department whose FILE is refused, or
    not given, stays in with its last good bundle while that is in age. Exit code: 0
    every department was taken, 1 a FILE or a manifest was refused, 3 none was refused
    and a department is in with its last bundle or left out.
    """
    begun = clock.now()
    place = Hub(folder, options.passphrase(folder))
    made = place.merge(
        paths, progress=lambda done: _progress(done, begun), snapshots=snapshots
    )
    if as_json:
        report.json_line(_to_json(made))
    else:
        _print(made)
    click.get_current_context().exit(exit_code(made))


@trust_command.command("renew-key")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("use", metavar="root|bundle", type=click.Choice(["root", "bundle"]))
@options.common
def renew_key(*, folder: Path, use: str) -> None:
    """Renew the hub's root or its bundle key (更换密钥), as after a theft.

    Both need the root's private key; bring it where it is kept off line. The old
    private key is overwritten and removed. A new root is signed by the old one too:
    who pinned the old one follows. Published with the next: elicense trust merge.
    """
    place = Hub(folder, options.passphrase(folder))
    if use == "root":
        rows = [(Text("新的信任根指纹", "new root"), place.rotate_root())]
    else:
        rows = [(Text("新的密钥", "new key"), place.renew_bundle_key())]
    report.rows(rows)
    report.note(
        Text(
            "下次合并（elicense trust merge）时发布",
            "published with the next: elicense trust merge",
        )
    )


def exit_code(made: HubPublication) -> int:
    """Return 0 where every department was taken, else what the help says."""
    refused = [r for r in made.reports if r.given and r.refused is not None]
    if made.unmatched or refused or made.manifests_refused:
        return EXIT_REFUSED
    waiting = (Outcome.KEPT, Outcome.LEFT_OUT)
    return EXIT_KEPT if any(r.outcome in waiting for r in made.reports) else 0


def _department(
    path: Path, types: str, *, backfill: bool
) -> tuple[DepartmentGrant, str, datetime | None]:
    """Return what is granted under the root that a file claims, and to whom.

    With its name, and from when the first of its token keys signs.
    """
    data = files.read(path, MAX_SOURCE_BYTES)
    state = trust.admit(data, claimed_roots(data)[-1])
    assert state.seen is not None  # noqa: S101  an admitted state has a memory
    code = state.seen.scopes[state.root]
    if code is None or code not in state.organizations:
        raise ElicenseError(
            Text(
                "不是一个机构自己的信任包，不能准予",
                "not the bundle of one department; it cannot be granted",
            )
        )
    granted = DepartmentGrant(
        organization=code,
        root=state.root,
        types=tuple(name for name in types.split(",") if name),
        backfill=backfill,
    )
    keys = [key for key in state.token_keys.values() if key.organization == code]
    today = dates.day_of(clock.now())
    since = min((key.period.signs_from for key in keys), default=None)
    return granted, state.organizations[code].name_on(today), since


def _progress(done: int, begun: datetime) -> None:
    """Show on a terminal that a long run goes on."""
    if report.long_run(begun):
        click.echo(f"\r{done}", err=True, nl=False)


def _to_json(made: HubPublication) -> dict[str, object]:
    return {
        "number": made.number,
        "issued_at": instant_text(made.issued_at),
        "file": str(made.file),
        "sources": [_report_json(item) for item in made.reports],
        "unmatched": [
            {"file": item.file, "refused": _text_json(item.reason)}
            for item in made.unmatched
        ],
        "withdrawn_unmatched": [
            {_kind(item): item.name.hex()} for item in made.withdrawn_unmatched
        ],
        "snapshots": [snapshot_json(item) for item in made.snapshots],
        "manifests_refused": [
            {"file": item.file, "refused": _text_json(item.reason)}
            for item in made.manifests_refused
        ],
    }


def _kind(item: Withdrawal) -> str:
    """Return the word of the table for what a withdrawal names."""
    return "kid" if len(item.name) == KID_BYTES else "certificate"


def _report_json(item: SourceReport) -> dict[str, object]:
    source = item.source
    return {
        "organization": item.organization,
        "name": item.name,
        "outcome": item.outcome.value,
        "given": item.given,
        "refused": None if item.refused is None else _text_json(item.refused),
        "root": None if source is None else source.root,
        "statement": None if source is None else source.statement,
        "number": None if source is None else source.number,
        "issued_at": None if source is None else instant_text(source.issued_at),
        "types": list(item.types),
        "types_left_out": list(item.types_left_out),
        "backfill_left_out": item.backfill_left_out,
        "lists_left_out": [
            {"issuer": issuer, "number": number}
            for issuer, number in item.lists_left_out
        ],
        "keys_raised": list(item.keys_raised),
        "keys_left_out": list(item.keys_left_out),
        "signs_from": None
        if item.signs_from is None
        else instant_text(item.signs_from),
        "same_name": list(item.same_name),
    }


def _text_json(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _print(made: HubPublication) -> None:
    heads = (
        Text("机构", "organization"),
        Text("名称", "name"),
        Text("结果", "outcome"),
        Text("期号", "number"),
        Text("类型", "types"),
        Text("未准予的类型", "types left out"),
    )
    report.table(heads, [_cells(item) for item in made.reports])
    report.line("")
    report.rows(
        [
            (Text("期号", "number"), str(made.number)),
            (Text("签发时间", "issued at"), report.moment(made.issued_at)),
            (Text("文件", "file"), str(made.file)),
            (Text("见证快照", "snapshots seen"), str(len(made.snapshots))),
        ]
    )
    for item in made.reports:
        _note_left_out(item)
    for each in made.unmatched:
        _note(each.file, each.reason)
    for refused in made.manifests_refused:
        _note(refused.file, refused.reason)
    for withdrawal in made.withdrawn_unmatched:
        _note(withdrawal.name.hex(), _NAMES_NOTHING)


def _cells(item: SourceReport) -> list[str]:
    number = "" if item.source is None else str(item.source.number)
    return [
        item.organization,
        item.name,
        report.chosen(_OUTCOMES[item.outcome]),
        number,
        ", ".join(item.types),
        ", ".join(item.types_left_out),
    ]


def _note_left_out(item: SourceReport) -> None:
    """Tell why a file was refused, and what of a department is not in."""
    if item.refused is not None:
        _note(item.organization, item.refused)
    if item.backfill_left_out:
        _note(
            item.organization,
            Text("未准予补录存量证照", "a backfill is not granted and left out"),
        )
    if item.lists_left_out:
        numbers = ", ".join(str(number) for _, number in item.lists_left_out)
        _note(
            item.organization,
            Text(
                f"状态密钥已被本汇聚节点撤回，未纳入状态列表 {numbers}",
                f"the hub withdrew its status key; left out are the lists {numbers}",
            ),
        )
    _note_keys(item)
    if item.same_name:
        codes = ", ".join(item.same_name)
        _note(
            item.organization,
            Text(
                f"与 {codes} 同名，请核对", f"it has the name of {codes}; compare them"
            ),
        )


def _note_keys(item: SourceReport) -> None:
    """Tell which keys may not reach back as far as the department says."""
    if item.keys_raised:
        kids = ", ".join(item.keys_raised)
        _note(
            item.organization,
            Text(
                f"密钥 {kids} 的起用日期早于准予，已推后",
                f"the keys {kids} sign from a later day on than it says",
            ),
        )
    if item.keys_left_out:
        kids = ", ".join(item.keys_left_out)
        _note(
            item.organization,
            Text(
                f"密钥 {kids} 的期间全部早于准予的起用日期，未纳入",
                f"the keys {kids} ended before the day from which it may sign, and are"
                " left out",
            ),
        )


def _note(name: str, text: Text) -> None:
    report.note(Text(f"{name}：{text.zh}", f"{name}: {text.en}"))
