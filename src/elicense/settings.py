"""The file ``elicense.toml`` of a workspace: read strictly, written whole."""

import re
import tomllib
from dataclasses import dataclass

from elicense import identifiers, payload
from elicense.errors import MalformedCodeError, WorkspaceError
from elicense.model import Text

FORMAT = "elicense.workspace/1"
_FINGERPRINT = re.compile("sha256:[0-9a-f]{64}")  # docs/formats/trust.md
_TYPES = {str: "a text", bool: "true or false"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a workspace is set to.

    Attributes:
        name: the issuing organ's name.
        code: its USCC.
        root: fingerprint of the workspace's own root, which is pinned inside it.
        production: False prints 样张 on every page.
        check_page: host of a public check page; empty for the off-line carrier.
    """

    name: str
    code: str
    root: str
    production: bool = False
    check_page: str = ""


def read(data: bytes) -> Settings:
    """Return the settings of a file.

    Total: any bytes give settings or this error.

    Raises:
        WorkspaceError: not TOML, another format, or a key that is missing, unknown, of
            another type or holds what it cannot; says which.
    """
    try:
        table = tomllib.loads(data.decode())
    except (ValueError, RecursionError) as err:  # numbers of 5000 digits, deep nesting
        raise _wrong("不是有效的 TOML", "not valid TOML") from err
    if table.pop("format", None) != FORMAT:
        raise _wrong(f'缺少 format = "{FORMAT}"', f'format = "{FORMAT}" is missing')
    organization = _table(table, "organization", {"name": str, "code": str})
    issuing = _table(table, "issuing", {"production": bool, "check_page": str})
    trust = _table(table, "trust", {"root": str})
    if table:
        raise _wrong(f"未知的项 {sorted(table)}", f"unknown {sorted(table)}")
    found = Settings(
        name=str(organization["name"]),
        code=str(organization["code"]),
        root=str(trust["root"]),
        production=bool(issuing["production"]),
        check_page=str(issuing["check_page"]),
    )
    _check(found)
    return found


def _check(settings: Settings) -> None:
    """Refuse values that nothing can be issued with; the name is the seal's affair."""
    try:
        identifiers.check_uscc(settings.code)
    except MalformedCodeError as err:
        raise _wrong(
            "[organization] code 不是统一社会信用代码",
            "[organization] code is not a USCC",
        ) from err
    if not _FINGERPRINT.fullmatch(settings.root):
        raise _wrong(
            "[trust] root 应为 sha256: 和 64 位小写十六进制",
            "[trust] root must be sha256: and 64 lower-case hexadecimal digits",
        )
    try:
        payload.qr_text(b"", check_page=settings.check_page or None)
    except ValueError as err:
        raise _wrong(
            "[issuing] check_page 应为主机名，只含字母、数字、点和连字符",
            "[issuing] check_page must be a host name of letters, digits, . and -",
        ) from err


def _table(
    table: dict[str, object], name: str, keys: dict[str, type[str | bool]]
) -> dict[str, object]:
    found = table.pop(name, None)
    if not isinstance(found, dict) or found.keys() != keys.keys():
        expected = ", ".join(keys)
        raise _wrong(
            f"[{name}] 应有且仅有：{expected}",
            f"[{name}] must have exactly: {expected}",
        )
    for key, kind in keys.items():
        if not isinstance(found[key], kind):
            raise _wrong(
                f"[{name}] {key} 的类型不对", f"[{name}] {key} must be {_TYPES[kind]}"
            )
    return found


def _wrong(zh: str, en: str) -> WorkspaceError:
    return WorkspaceError(Text(f"elicense.toml：{zh}", f"elicense.toml: {en}"))


def write(settings: Settings) -> bytes:
    """Return the bytes of the file, with a comment for each setting."""
    lines = [
        f'format = "{FORMAT}"',
        "",
        "[organization]",
        f"name = {_quoted(settings.name)}",
        f"code = {_quoted(settings.code)}  # 统一社会信用代码 (USCC)",
        "",
        "[issuing]",
        "# false: 每页印“样张” / every page is printed 样张 (specimen)",
        f"production = {str(settings.production).lower()}",
        "# 公开核验网页的主机名，可空 / host of a public check page, may be empty",
        f"check_page = {_quoted(settings.check_page)}",
        "",
        "[trust]",
        "# 本工作区信任根的指纹 / fingerprint of this workspace's own root",
        f"root = {_quoted(settings.root)}",
    ]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    """Return a TOML basic string; its escapes are those of JSON for plain text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if any(ord(char) < ord(" ") or ord(char) == 0x7F for char in text):  # noqa: PLR2004
        raise ValueError("a setting holds no control characters")
    return f'"{escaped}"'
