"""The table ``[device]`` of ``elicense.toml``: read strictly, written whole.

docs/formats/workspace.md, sections 2 and 7.
"""

import re
from dataclasses import dataclass

from elicense.errors import WorkspaceError
from elicense.model import Text

_MECHANISM = re.compile(r"0x[0-9a-f]{1,8}")
DEVICE_USES = ("token", "status", "seal")
"""What a device may hold the keys of; root and bundle keys are files."""
_TEXTS = ("module", "token", "serial", "sm2_mechanism")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """The device that holds keys (docs/formats/workspace.md, section 7).

    Attributes:
        module: path of its PKCS #11 module.
        token: label of the token.
        serial: its serial number; empty for any.
        keys: whose new keys are made there, of :data:`DEVICE_USES`.
        sm2_mechanism: number of the vendor's mechanism for SM2; None for none.
    """

    module: str
    token: str
    serial: str = ""
    keys: tuple[str, ...] = DEVICE_USES
    sm2_mechanism: int | None = None


def read(table: object) -> DeviceSettings:
    """Return what the table says; total over any value of TOML.

    Raises:
        WorkspaceError: a key is missing, unknown, of another type, or holds what it
            cannot; says which.
    """
    expected = (*_TEXTS[:3], "keys", _TEXTS[3])
    if not isinstance(table, dict) or set(table) != set(expected):
        listed = ", ".join(expected)
        raise _wrong(f"应有且仅有：{listed}", f"must have exactly: {listed}")
    for key in _TEXTS:
        if not isinstance(table[key], str):
            raise _wrong(f"{key} 的类型不对", f"{key} must be a text")
    module, token, serial, number = (table[key] for key in _TEXTS)
    if number and not _MECHANISM.fullmatch(number):
        raise _wrong(
            "sm2_mechanism 应为 0x 和至多 8 位小写十六进制，或为空",
            "sm2_mechanism must be 0x and at most 8 lower-case hexadecimal digits,"
            " or empty",
        )
    if not module or not (token or serial):
        raise _wrong(
            "应写明 module，以及 token 或 serial",
            "must name its module, and token or serial",
        )
    return DeviceSettings(
        module=module,
        token=token,
        serial=serial,
        keys=_uses(table["keys"]),
        sm2_mechanism=int(number, 16) if number else None,
    )


def _uses(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [None]
    uses = tuple(item for item in DEVICE_USES if item in found)
    if len(uses) != len(found):
        listed = ", ".join(DEVICE_USES)
        raise _wrong(
            f"keys 应为数组，取自 {listed}，不得重复",
            f"keys must be an array of {listed}, none of them twice",
        )
    return uses


def _wrong(zh: str, en: str) -> WorkspaceError:
    return WorkspaceError(
        Text(f"elicense.toml：[device] {zh}", f"elicense.toml: [device] {en}")
    )


def lines(item: DeviceSettings) -> list[str]:
    """Return the lines of the table, an empty one first."""
    number = "" if item.sm2_mechanism is None else f"{item.sm2_mechanism:#x}"
    return [
        "",
        "[device]  # 密码设备保管的密钥 / keys that a device (HSM) holds",
        f"module = {quoted(item.module)}",
        f"token = {quoted(item.token)}",
        f"serial = {quoted(item.serial)}",
        f"keys = [{', '.join(map(quoted, item.keys))}]",
        f"sm2_mechanism = {quoted(number)}",
    ]


def quoted(text: str) -> str:
    """Return a TOML basic string; its escapes are those of JSON for plain text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    if any(ord(char) < ord(" ") or ord(char) == 0x7F for char in text):  # noqa: PLR2004
        raise ValueError("a setting holds no control characters")
    return f'"{escaped}"'
