"""The commands ``trust show`` and ``trust pin``."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

from elicense import files, pins, trust
from elicense.cli import options, report
from elicense.cli.belief import claimed_root, pinned_roots
from elicense.cli.usage import WrongUsageError
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.trust import MAX_BUNDLE_BYTES, Bundle, KeyGrant, SealEntry, TrustState
from elicense.validating.verdict import instant_text
from elicense.workspace import published_file
from esign import certificates
from esign.statuslist import BITS, Status, StatusList


@click.group("trust")
@options.common
def trust_command() -> None:
    """Look into a trust bundle (信任包), or pin its root (固定信任根)."""


@trust_command.command("show")
@click.argument(
    "path", metavar="[FILE]", required=False, type=click.Path(path_type=Path)
)
@options.as_json
@options.common
def show(*, path: Path | None, as_json: bool) -> None:
    """Show what a trust bundle says: organizations, keys, seals, status lists.

    Without FILE that of the workspace. The bundle is checked under the root that it
    carries itself; whether that root is pinned here is shown, and is what counts.
    """
    state = _admit(_path(path))
    shown = _to_json(state, pinned=state.root in pinned_roots())
    if as_json:
        report.json_line(shown)
    else:
        _print(state, pinned=bool(shown["pinned"]))


@trust_command.command("pin")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--root",
    callback=options.fingerprint,
    metavar="sha256:...",
    help="The fingerprint as you got it by another way; must be that of the file.",
)
@options.common
def pin(*, path: Path, root: str | None) -> None:
    """Pin the root of a bundle (固定信任根): licenses under it are believed here.

    Compare the fingerprint with what the department gave you by another way. On a
    terminal you are asked; elsewhere --root must be given. Kept in ELICENSE_HOME, or
    in the folder for settings of your system.
    """
    state = _admit(path)
    report.rows([(Text("信任根指纹", "root"), state.root), *_organizations(state)])
    if root is not None and root != state.root:
        raise ElicenseError(
            Text(
                f"文件的信任根与 --root 不同，未固定；--root 给出的是 {root}",
                "the file's root is not the one of --root; nothing was pinned."
                f" --root says {root}",
            )
        )
    if root is None:
        _confirm()
    new = pins.add(options.home(), state.root)
    report.note(
        Text("已固定", "pinned") if new else Text("此前已固定", "was pinned already")
    )


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise WrongUsageError(
            Text(
                "没有终端可供确认：请用 --root 给出经其他途径得到的指纹",
                "no terminal to confirm on: give the fingerprint that you got by"
                " another way with --root",
            )
        )
    question = Text(
        "是否与经其他途径得到的指纹逐位一致？",
        "Is it, digit by digit, the fingerprint that you got by another way?",
    )
    if not click.confirm(report.chosen(question), err=True):
        report.note(Text("未固定", "nothing was pinned"))
        click.get_current_context().exit(1)


def _path(path: Path | None) -> Path:
    if path is not None:
        return path
    folder = options.own_folder()
    if folder is None:
        raise WrongUsageError(
            Text(
                "这里不是工作区，请给出 FILE",
                "this is not a workspace: give a FILE",
            )
        )
    return published_file(folder)


def _admit(path: Path) -> TrustState:
    data = files.read(path, MAX_BUNDLE_BYTES)
    return trust.admit(data, claimed_root(data))


def _bundle(state: TrustState) -> Bundle:
    if state.bundle is None:
        raise TypeError("an admitted state has a bundle")
    return state.bundle


def _to_json(state: TrustState, *, pinned: bool) -> dict[str, object]:
    bundle = _bundle(state)
    lists = sorted(state.lists.values(), key=lambda item: (item.issuer, item.number))
    return {
        "root": state.root,
        "pinned": pinned,
        "number": bundle.number,
        "issued_at": instant_text(bundle.issued_at),
        "max_age_days": bundle.max_age.days,
        "organizations": [
            {
                "code": entry.code,
                "names": [
                    {"from": str(day), "name": name} for day, name in entry.names
                ],
            }
            for entry in bundle.organizations
        ],
        "keys": [
            {
                "kid": grant.key.kid.hex(),
                "suite": grant.key.suite.label,
                "purpose": grant.purpose,
                **_grant(grant),
            }
            for grant in bundle.keys
        ],
        "seals": [
            {
                "kid": certificates.read_certificate(
                    seal.certificates[0]
                ).public_key.kid.hex(),
                **_grant(seal),
            }
            for seal in bundle.seals
        ],
        "lists": [_list_json(item) for item in lists],
    }


def _grant(entry: KeyGrant | SealEntry) -> dict[str, object]:
    until = entry.period.signs_until
    return {
        "organization": entry.organization,
        "types": list(entry.types),
        "signs_from": instant_text(entry.period.signs_from),
        "signs_until": None if until is None else instant_text(until),
    }


def _list_json(item: StatusList) -> dict[str, object]:
    return {
        "issuer": item.issuer,
        "number": item.number,
        "sequence": item.sequence,
        "issued_at": instant_text(instant(item.issued_at)),
        "expires_at": instant_text(instant(item.expires_at)),
        "entries": len(item.array) * 8 // BITS,
        "counts": {
            status.name.lower(): count
            for status, count in _counts(item).items()
            if status is not Status.VALID
        },
    }


def _counts(item: StatusList) -> Counter[Status]:
    """Count the statuses of a list; places that no license has count as VALID."""
    found: Counter[Status] = Counter()
    for byte, times in Counter(item.array).items():
        for shift in range(0, 8, BITS):
            found[Status(byte >> shift & (1 << BITS) - 1)] += times
    return found


def instant(seconds: int) -> datetime:
    """Return the instant that lies so many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _organizations(state: TrustState) -> list[tuple[Text, str]]:
    return [
        (Text("机构", "organization"), f"{entry.code} {entry.names[-1][1]}")
        for entry in _bundle(state).organizations
    ]


def _print(state: TrustState, *, pinned: bool) -> None:
    bundle = _bundle(state)
    days = Text(f"{bundle.max_age.days} 天", f"{bundle.max_age.days} days")
    report.rows(
        [
            (Text("信任根指纹", "root"), state.root),
            (Text("本机已固定", "pinned here"), report.yes_or_no(answer=pinned)),
            (Text("期号", "number"), str(bundle.number)),
            (Text("签发时间", "issued at"), report.moment(bundle.issued_at)),
            (Text("最长使用", "may be used for"), report.chosen(days)),
            *_organizations(state),
        ]
    )
    report.line("")
    grants: list[tuple[str, str, KeyGrant | SealEntry]] = [
        (grant.purpose, grant.key.kid.hex(), grant) for grant in bundle.keys
    ]
    for seal in bundle.seals:
        facts = certificates.read_certificate(seal.certificates[0])
        grants.append(("seal", facts.public_key.kid.hex(), seal))
    heads = ("用途", "purpose"), ("kid", "kid"), ("类型", "types"), ("期间", "period")
    report.table(
        [Text(*head) for head in heads],
        [
            [purpose, kid, ", ".join(entry.types), _period(entry)]
            for purpose, kid, entry in grants
        ],
    )
    report.line("")
    _print_lists(state)


def _period(entry: KeyGrant | SealEntry) -> str:
    until = entry.period.signs_until
    last = "" if until is None else report.moment(until)
    return f"{report.moment(entry.period.signs_from)} - {last}"


def _print_lists(state: TrustState) -> None:
    heads = (
        Text("状态列表", "list"),
        Text("序号", "sequence"),
        Text("有效至", "expires"),
        Text("终止", "revoked"),
        Text("暂停", "suspended"),
        Text("替代", "superseded"),
    )
    body = []
    for item in sorted(state.lists.values(), key=lambda item: item.number):
        counts = _counts(item)
        shown = [str(item.number), str(item.sequence)]
        shown.append(report.moment(instant(item.expires_at)))
        order = (Status.INVALID, Status.SUSPENDED, Status.SUPERSEDED)
        body.append([*shown, *(str(counts[status]) for status in order)])
    report.table(heads, body)
