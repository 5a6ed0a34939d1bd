"""Options that several commands share, and what they stand for."""

import os
import re
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from elicense import dates, files
from elicense.cli.usage import WrongUsageError
from elicense.errors import MalformedCodeError, WorkspaceError
from elicense.model import Text
from elicense.trust.remembering import is_fingerprint

if TYPE_CHECKING:
    from esign.hsm import PinCallback, PinRequest

if TYPE_CHECKING:
    from elicense.sealing import Actors

SETTINGS_FILE = "elicense.toml"
KEPT_PASSPHRASE = Path("keys") / "passphrase"
_MAX_PASSPHRASE = 1024  # bytes
_ROW_BYTES = 8
_WORKSPACE, _PASSPHRASE = "elicense.workspace", "elicense.passphrase_file"
_PIN = "elicense.pin_file"
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"
)

Function = TypeVar("Function", bound=Callable[..., Any])


def _keep(ctx: click.Context, param: click.Parameter, value: Path | str | None) -> None:
    """Keep a common option where every command of this run finds it."""
    if value is not None:
        ctx.meta[f"elicense.{param.name}"] = value


def common(function: Function) -> Function:
    """Add the options that may stand before or after a command's name."""
    workspace = click.option(
        "--workspace",
        type=click.Path(path_type=Path),
        metavar="DIR",
        expose_value=False,
        callback=_keep,
        help="The workspace (工作区); else ELICENSE_WORKSPACE, else this folder.",
    )
    passphrase = click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_keep,
        help="A file with the keys' passphrase (口令); else ELICENSE_PASSPHRASE, else"
        " keys/passphrase, else a prompt.",
    )
    pin = click.option(
        "--pin-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_keep,
        help="A file with the PIN of the device (密码设备) that holds keys; else"
        " ELICENSE_PIN, else a prompt.",
    )
    return workspace(passphrase(pin(function)))


def seal_actors(function: Function) -> Function:
    """Add who puts the seal on and who approves it; see :func:`actors`."""
    operator = click.option(
        "--operator",
        metavar="ID",
        expose_value=False,
        callback=_keep,
        help="Your id, who puts the seal on (经办), where seals.toml asks for one.",
    )
    approver = click.option(
        "--approver",
        metavar="ID",
        expose_value=False,
        callback=_keep,
        help="The id of who approved it (审核), somebody else (一审一核).",
    )
    return operator(approver(function))


def actors() -> "Actors":
    """Return who puts the seal on in this run, and who approved it.

    Raises:
        SealIdError: an id is not one.
    """
    from elicense.sealing import Actors  # noqa: PLC0415  help does without it

    given = click.get_current_context().meta
    return Actors(
        given.get("elicense.operator", ""), given.get("elicense.approver", "")
    )


def as_json(function: Function) -> Function:
    """Add ``--json``: nothing but JSON on standard output."""
    option = click.option(
        "--json", "as_json", is_flag=True, help="JSON on standard output."
    )
    return option(function)


def chosen_folder() -> Path | None:
    """Return the workspace that the user named, None where there is none named."""
    named: Path | None = click.get_current_context().meta.get(_WORKSPACE)
    given = os.environ.get("ELICENSE_WORKSPACE", "")
    if named is None and given:
        return Path(given)
    return named


def own_folder() -> Path | None:
    """Return the named workspace, else this folder if it is one.

    Raises:
        WorkspaceError: the named folder is not a workspace.
    """
    named = chosen_folder()
    if named is None:
        here = Path()
        return here if (here / SETTINGS_FILE).is_file() else None
    if not (named / SETTINGS_FILE).is_file():
        raise WorkspaceError(
            Text(
                f"{named} 不是工作区（没有 {SETTINGS_FILE}）",
                f"{named} is not a workspace (no {SETTINGS_FILE})",
            )
        )
    return named


def home() -> Path:
    """Return the folder of what belongs to the user and to no workspace."""
    return Path(os.environ.get("ELICENSE_HOME") or click.get_app_dir("elicense"))


def given_passphrase() -> bytes | None:
    """Return the passphrase of ``--passphrase-file`` or ELICENSE_PASSPHRASE.

    Raises:
        FileError: the file cannot be read.
        WorkspaceError: the file is empty, or larger than any passphrase.
    """
    path: Path | None = click.get_current_context().meta.get(_PASSPHRASE)
    if path is None:
        return (
            os.environ.get("ELICENSE_PASSPHRASE", "").encode(errors="replace") or None
        )
    return _secret(path, Text("口令文件", "a passphrase file"))


def _secret(path: Path, what: Text) -> bytes:
    content = files.read(path, _MAX_PASSPHRASE).rstrip(b"\r\n")
    if not content or len(content) > _MAX_PASSPHRASE:
        raise WorkspaceError(
            Text(
                f"{what.zh}应有 1 至 {_MAX_PASSPHRASE} 字节",
                f"{what.en} has 1 to {_MAX_PASSPHRASE} bytes",
            )
        )
    return content


def pin() -> "PinCallback":
    """Return who gives the PIN of a device in this run; nobody is asked yet.

    What a person typed is kept for this run alone, because each worker process logs in
    for itself and cannot ask. It is typed again where the token refused it.

    The callback raises FileError where the file cannot be read, and WorkspaceError
    where it holds no PIN.
    """
    path: Path | None = click.get_current_context().meta.get(_PIN)
    typed: list[str] = []

    def give(request: "PinRequest") -> str | None:
        if path is not None:
            content = _secret(path, Text("PIN 文件", "a PIN file"))
            return content.decode(errors="replace")
        given = os.environ.get("ELICENSE_PIN", "")
        if given or not sys.stdin.isatty():
            return given or None
        if request.attempt > 1:
            typed.clear()
        if not typed:
            text = f"{request.token} PIN"
            typed.append(click.prompt(text, hide_input=True, err=True))
        return typed[0]

    return give


def passphrase(folder: Path) -> bytes | None:
    """Return the passphrase for a workspace's keys; asked for if there is a terminal.

    None where ``keys/passphrase`` is there, or nobody can be asked.
    """
    given = given_passphrase()
    if given is not None or (folder / KEPT_PASSPHRASE).is_file():
        return given
    return _asked(confirmed=False) if sys.stdin.isatty() else None


def new_passphrase() -> bytes | None:
    """Return the passphrase of a new workspace; None asks for a random one."""
    given = given_passphrase()
    if given is not None or not sys.stdin.isatty():
        return given
    return _asked(confirmed=True)


def _asked(*, confirmed: bool) -> bytes:
    text: str = click.prompt(
        "口令 / Passphrase",
        hide_input=True,
        confirmation_prompt="再次输入 / Once more" if confirmed else False,
        err=True,
    )
    return text.encode(errors="replace")


def random_row() -> str:
    """Return a random id for a row that has no case number."""
    return secrets.token_hex(_ROW_BYTES)


def fingerprint(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> str | None:
    """Check ``--root``: ``sha256:`` and 64 hexadecimal digits, no other spelling."""
    if value is not None and not is_fingerprint(value):
        raise WrongUsageError(
            Text(
                "--root 应为 sha256: 加 64 位小写十六进制数字",
                "--root: expected sha256: and 64 small hexadecimal digits",
            )
        )
    return value


def once(
    _ctx: click.Context, param: click.Parameter, values: tuple[Path, ...]
) -> Path | None:
    """Return the value of an option that may be given once.

    The parser alone would take the last one and drop the others without a word.
    """
    if len(values) > 1:
        name = param.opts[0]
        raise WrongUsageError(
            Text(
                f"{name} 只能给出一次：一次运行只采信一个信任包，多个机关请分别核验",
                f"{name} may be given once: a run believes one bundle; verify what"
                " other departments issued in runs of their own",
            )
        )
    return values[0] if values else None


def day(_ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Read a civil day, ``YYYY-MM-DD``."""
    return None if value is None else _day(value, _option(param))


def _option(param: click.Parameter) -> str:
    """Return what the user typed to give a parameter."""
    return param.opts[0]


def instant(
    _ctx: click.Context, param: click.Parameter, value: str | None
) -> datetime | None:
    """Read an instant with its offset, or a day, which stands for its 00:00 UTC+8."""
    if value is None:
        return None
    try:
        if _INSTANT.fullmatch(value):
            at = datetime.fromisoformat(value).astimezone(UTC)
        else:
            at = dates.start_of(dates.parse_day(value))
        _check_range(dates.day_of(at))
    except (ValueError, OverflowError, MalformedCodeError) as err:
        raise WrongUsageError(_instant_expected(_option(param))) from err
    return at


takes_at = click.option(
    "--at",
    callback=instant,
    metavar="TIME",
    help="The instant to ask about, with its offset; a day stands for 00:00 UTC+8.",
)


def takes_workers(what: str) -> Callable[[Function], Function]:
    """Return what adds ``--workers``.

    Args:
        what: the help, which says what the processes do.
    """
    from elicense.crew import MAX_WORKERS  # noqa: PLC0415  others do without it

    return click.option(
        "--workers",
        type=click.IntRange(1, MAX_WORKERS),
        default=1,
        show_default=True,
        metavar="N",
        help=what,
    )


def takes_bundle(function: Function) -> Function:
    """Add ``--trust`` and ``--root``: what a verifier believes in this run."""
    bundle = click.option(
        "--trust",
        "trust_file",
        type=click.Path(path_type=Path),
        multiple=True,
        callback=once,
        metavar="FILE",
        help="The trust bundle (信任包), a department's or a hub's; else that of the"
        " workspace.",
    )
    root = click.option(
        "--root",
        callback=fingerprint,
        metavar="FINGERPRINT",
        help="The only root to believe (信任根指纹), sha256: and 64 digits. Unless it"
        " is pinned as well, nothing is compared with earlier runs, and nothing is"
        " kept.",
    )
    return bundle(root(function))


def _instant_expected(option: str) -> Text:
    return Text(
        f"{option} 应为日期 YYYY-MM-DD（即该日北京时间零时），"
        "或带时区的 YYYY-MM-DDThh:mm:ss+08:00，在 1970 至 9999 年间",
        f"{option}: expected a day YYYY-MM-DD (00:00 UTC+8 of it), or an instant with"
        " its offset, such as 2026-11-21T08:00:00Z, in the years 1970 to 9999",
    )


def _day(value: str, name: str) -> date:
    try:
        return dates.parse_day(value)
    except MalformedCodeError as err:
        text = err.message
        raise WrongUsageError(Text(f"{name}：{text.zh}", f"{name}: {text.en}")) from err


def _check_range(day_: date) -> None:
    if not dates.FIRST_DAY <= day_ <= dates.LAST_DAY:
        raise ValueError("outside the years that licenses know")
