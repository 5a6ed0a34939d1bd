"""The file ``elicense.toml`` of a workspace: read strictly, written whole.

docs/formats/workspace.md, section 2.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from elicense import dates, device_settings, identifiers, payload
from elicense.device_settings import DeviceSettings, quoted
from elicense.errors import MalformedCodeError, WorkspaceError
from elicense.model import Text
from elicense.policy import ANY_KEYS, PROFILES, IssuingProfile
from elicense.trust import OrganizationEntry, Succession
from elicense.trust.remembering import is_fingerprint

FORMAT = "elicense.workspace/1"
MAX_FACES = 16
"""Fallback faces of a workspace; each is kept in memory whole."""

_FACE = re.compile(r"(?!.*(?:^|/)\.{1,2}/)(?:[\w. +()-]+/)*[\w. +()-]+\.(?i:ttf|otf)")
"""A path inside the workspace: no root, no drive, no step upwards."""
_INSIDE = re.compile(r"(?!.*(?:^|/)\.{1,2}/)(?:[\w. +()-]+/)*[\w. +()-]+")
"""Any file inside the workspace, likewise."""
_PLATFORM_KEYS = ("url", "app_id", "seal_id", "operator", "secret_file", "ca_file")
_TYPES = {str: "a text", bool: "true or false", list: "an array of texts"}

Name = tuple[date, str]
"""A name, and the day from which an organ has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """An organ that took over from another.

    Attributes:
        code: its USCC.
        since: the first day on which it stands in the other's place, UTC+8.
        types: the license types that it took over.
    """

    code: str
    since: date
    types: tuple[str, ...]

    def entry(self, *, keeps_lists: bool) -> Succession:
        """Return it as a bundle lists it.

        Args:
            keeps_lists: whether it signs the other's status lists now.
        """
        since = dates.start_of(self.since)
        return Succession(self.code, since, self.types, keeps_lists)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """An organ whose licenses and lists were taken over (机构改革).

    Attributes:
        code: its USCC.
        names: its names over time, oldest first.
        since: the first day on which this organ stands in its place, UTC+8.
        types: the license types that were taken over.
        earlier: who stood in its place before this organ, oldest first.
    """

    code: str
    names: tuple[Name, ...]
    since: date
    types: tuple[str, ...]
    earlier: tuple[Successor, ...] = ()

    def entry(self, successor: str) -> OrganizationEntry:
        """Return it as a bundle lists it, with all who succeeded it.

        Args:
            successor: USCC of the organ whose settings these are; it keeps the lists.
        """
        last = Successor(code=successor, since=self.since, types=self.types)
        before = tuple(item.entry(keeps_lists=False) for item in self.earlier)
        return OrganizationEntry(
            self.code, self.names, (*before, last.entry(keeps_lists=True))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSettings:
    """A seal platform that seals in place of the workspace's own seal.

    Attributes:
        url: where it is.
        app_id: as the platform gave it.
        seal_id: which of its seals.
        operator: who is responsible, as the platform knows them; may be empty.
        secret_file: path of appSecret inside the workspace's folder; empty where the
            environment has it.
        ca_file: path of the PEM of the authorities that count for its address, inside
            the workspace's folder; empty for the system's.
    """

    url: str
    app_id: str
    seal_id: str
    operator: str
    secret_file: str
    ca_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a workspace is set to.

    Attributes:
        name: the issuing organ's name when the workspace was made.
        code: its USCC.
        root: fingerprint of the workspace's own root, which is pinned inside it.
        production: False prints 样张 on every page.
        check_page: host of a public check page; empty for the off-line carrier.
        profile: what the keys must be with which licenses are issued.
        faces: font files for characters that the built-in faces lack, in the order in
            which they are asked; paths inside the workspace's folder, with slashes.
        renamed: the names that it had later, oldest first.
        predecessors: the organs that it took over.
        successor: the organ that took it over; nothing is changed here any more.
        platform: who seals in place of the own seal; None for nobody.
        device: holds keys of the workspace; None where all of them are files.
    """

    name: str
    code: str
    root: str
    production: bool = False
    check_page: str = ""
    profile: IssuingProfile = ANY_KEYS
    faces: tuple[str, ...] = ()
    renamed: tuple[Name, ...] = ()
    predecessors: tuple[Predecessor, ...] = ()
    successor: Successor | None = None
    platform: PlatformSettings | None = None
    device: DeviceSettings | None = None

    def check_open(self) -> None:
        """Refuse to change anything for an organ that was taken over.

        Raises:
            WorkspaceError: it was; says by whom and from when.
        """
        if self.successor is not None:
            code, since = self.successor.code, self.successor.since
            raise WorkspaceError(
                Text(
                    f"本机构自 {since} 起已由 {code} 承接，请在承接机构的工作区办理",
                    f"this organ was taken over by {code} from {since} on; work in the"
                    " successor's workspace",
                )
            )

    def name_on(self, day: date) -> str:
        """Return the organ's name on a day."""
        names = [self.name, *(name for since, name in self.renamed if since <= day)]
        return names[-1]


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
    faces = _faces(table.pop("faces", []))
    profile = _profile(table.pop("profile", ANY_KEYS.name))
    organization = _table(table, "organization", {"name": str, "code": str})
    issuing = _table(table, "issuing", {"production": bool, "check_page": str})
    trust = _table(table, "trust", {"root": str})
    renamed = tuple(map(_name, _tables(table, "renamed")))
    predecessors = tuple(map(_predecessor, _tables(table, "predecessor")))
    successor = table.pop("successor", None)
    platform = _platform(table) if "platform" in table else None
    device = table.pop("device", None)
    if table:
        raise _wrong(f"未知的项 {sorted(table)}", f"unknown {sorted(table)}")
    found = Settings(
        name=str(organization["name"]),
        code=str(organization["code"]),
        root=str(trust["root"]),
        production=bool(issuing["production"]),
        check_page=str(issuing["check_page"]),
        profile=profile,
        faces=faces,
        renamed=renamed,
        predecessors=predecessors,
        successor=None if successor is None else _successor(successor, "[successor]"),
        platform=platform,
        device=None if device is None else device_settings.read(device),
    )
    _check(found)
    return found


def _profile(value: object) -> IssuingProfile:
    found = PROFILES.get(value) if isinstance(value, str) else None
    if found is None:
        names = ", ".join(f'"{name}"' for name in PROFILES)
        raise _wrong(f"profile 应为 {names} 之一", f"profile must be one of {names}")
    return found


def _platform(table: dict[str, object]) -> PlatformSettings:
    keys: dict[str, type[str | bool]] = dict.fromkeys(_PLATFORM_KEYS, str)
    found = {key: str(value) for key, value in _table(table, "platform", keys).items()}
    for key in ("secret_file", "ca_file"):
        if found[key] and not _INSIDE.fullmatch(found[key]):
            raise _wrong(
                f"[platform] {key} 应为工作区内文件的相对路径，可空",
                f"[platform] {key}: expected a path inside the workspace, or nothing",
            )
    if not (found["app_id"].isascii() and found["app_id"].isprintable()):
        raise _wrong("[platform] app_id 应为 ASCII 字符", "[platform] app_id: ASCII")
    return PlatformSettings(**found)


def _faces(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong("faces 应为字符串数组", "faces must be an array of texts")
    if not all(map(_FACE.fullmatch, value)):
        raise _wrong(
            "faces 应为工作区内 .ttf 或 .otf 文件的相对路径，如 faces/Some.ttf",
            "faces must be paths of .ttf or .otf files inside the workspace, such as"
            " faces/Some.ttf",
        )
    if len(set(value)) != len(value) or len(value) > MAX_FACES:
        raise _wrong(
            f"faces 至多 {MAX_FACES} 个，不得重复",
            f"faces are at most {MAX_FACES}, none of them twice",
        )
    return tuple(value)


def _name(table: dict[str, object]) -> Name:
    entry = _entry(table, "renamed", {"name": str, "from": str})
    return _day(entry["from"], "[[renamed]] from"), str(entry["name"])


def _predecessor(table: dict[str, object]) -> Predecessor:
    keys: dict[str, type[str | bool | list[str]]]
    keys = {"code": str, "names": list, "names_from": list, "from": str, "types": list}
    earlier = _tables(table, "earlier", "[[predecessor.earlier]]")
    entry = _entry(table, "predecessor", keys)
    names, days = _texts(entry["names"]), _texts(entry["names_from"])
    if not names or len(names) != len(days):
        raise _wrong(
            "[[predecessor]] names 与 names_from 应一一对应",
            "[[predecessor]] names and names_from must go together",
        )
    place = "[[predecessor]] names_from"
    return Predecessor(
        code=str(entry["code"]),
        names=tuple(
            (_day(day, place), name) for day, name in zip(days, names, strict=True)
        ),
        since=_day(entry["from"], "[[predecessor]] from"),
        types=_texts(entry["types"]),
        earlier=tuple(_successor(item, "[[predecessor.earlier]]") for item in earlier),
    )


def _successor(table: object, place: str) -> Successor:
    keys: dict[str, type[str | bool | list[str]]]
    keys = {"code": str, "from": str, "types": list}
    if not isinstance(table, dict):
        raise _keys_expected(place, keys)
    entry = _checked(table, place, keys)
    return Successor(
        code=str(entry["code"]),
        since=_day(entry["from"], f"{place} from"),
        types=_texts(entry["types"]),
    )


def _day(value: object, place: str) -> date:
    try:
        return dates.parse_day(str(value))
    except MalformedCodeError as err:
        text = err.message
        raise _wrong(f"{place}：{text.zh}", f"{place}: {text.en}") from err


def _texts(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else [None]
    if not all(isinstance(item, str) for item in found):
        raise _wrong("应为字符串数组", "expected an array of texts")
    return tuple(map(str, found))


def _check(settings: Settings) -> None:
    """Refuse values that nothing can be issued with; the name is the seal's affair."""
    try:
        identifiers.check_uscc(settings.code)
    except MalformedCodeError as err:
        raise _wrong(
            "[organization] code 不是统一社会信用代码",
            "[organization] code is not a USCC",
        ) from err
    _check_names(settings.renamed, "renamed")
    for item in settings.predecessors:
        _check_predecessor(item, settings)
    if settings.successor is not None:
        _check_other(settings.successor.code, settings.code, "[successor]")
    if not is_fingerprint(settings.root):
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


def _check_names(names: tuple[Name, ...], place: str) -> None:
    days = [day for day, _ in names]
    if days != sorted(set(days)):
        raise _wrong(
            f"[[{place}]] 名称应按日期先后排列，每日至多一个",
            f"[[{place}]] names stand oldest first, no two from one day",
        )


def _check_predecessor(item: Predecessor, settings: Settings) -> None:
    codes = [other.code for other in settings.predecessors]
    if item.code == settings.code or codes.count(item.code) > 1:
        raise _wrong(
            "[[predecessor]] code 重复，或是本机构自身",
            "[[predecessor]] code occurs twice, or is this organization's own",
        )
    _check_other(item.code, settings.code, "[[predecessor]]")
    for before in item.earlier:
        _check_other(before.code, item.code, "[[predecessor.earlier]]")
    _check_names(item.names, "predecessor")


def _check_other(code: str, own: str, place: str) -> None:
    """Refuse a code that is none, or that of the organ which it stands beside."""
    if code == own:
        raise _wrong(f"{place} code 是该机构自身", f"{place} code is its own")
    try:
        identifiers.check_uscc(code)
    except MalformedCodeError as err:
        raise _wrong(
            f"{place} code 不是统一社会信用代码", f"{place} code is not a USCC"
        ) from err


def _table(
    table: dict[str, object], name: str, keys: dict[str, type[str | bool]]
) -> dict[str, object]:
    found = table.pop(name, None)
    if not isinstance(found, dict):
        raise _keys_expected(f"[{name}]", keys)
    return _checked(found, f"[{name}]", {**keys})


def _tables(
    table: dict[str, object], name: str, place: str = ""
) -> list[dict[str, object]]:
    """Take an array of tables that may be missing."""
    found, place = table.pop(name, []), place or f"[[{name}]]"
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _wrong(f"{place} 应为表数组", f"{place} must be an array of tables")
    return found


def _entry(
    table: dict[str, object], name: str, keys: dict[str, type[str | bool | list[str]]]
) -> dict[str, object]:
    return _checked(table, f"[[{name}]]", keys)


def _checked(
    found: dict[str, object], place: str, keys: dict[str, type[str | bool | list[str]]]
) -> dict[str, object]:
    if found.keys() != keys.keys():
        raise _keys_expected(place, keys)
    for key, kind in keys.items():
        if not isinstance(found[key], kind):
            raise _wrong(
                f"{place} {key} 的类型不对", f"{place} {key} must be {_TYPES[kind]}"
            )
    return found


def _keys_expected(place: str, keys: Iterable[str]) -> WorkspaceError:
    expected = ", ".join(keys)
    return _wrong(
        f"{place} 应有且仅有：{expected}", f"{place} must have exactly: {expected}"
    )


def _wrong(zh: str, en: str) -> WorkspaceError:
    return WorkspaceError(Text(f"elicense.toml：{zh}", f"elicense.toml: {en}"))


def write(settings: Settings) -> bytes:
    """Return the bytes of the file, with a comment for each setting.

    Raises:
        ValueError: a text holds control characters.
    """
    lines = [
        f'format = "{FORMAT}"',
        "# 内置字体所缺字的字体文件 / font files for characters that ours lack",
        f"faces = {_array(settings.faces)}",
        "# 密钥要求 / what the keys must be: standard, gov (SM2, in a device)",
        f"profile = {quoted(settings.profile.name)}",
        "",
        "[organization]",
        f"name = {quoted(settings.name)}",
        f"code = {quoted(settings.code)}  # 统一社会信用代码 (USCC)",
        "",
        "[issuing]",
        "# false: 每页印“样张” / every page is printed 样张 (specimen)",
        f"production = {str(settings.production).lower()}",
        "# 公开核验网页的主机名，可空 / host of a public check page, may be empty",
        f"check_page = {quoted(settings.check_page)}",
        "",
        "[trust]",
        "# 本工作区信任根的指纹 / fingerprint of this workspace's own root",
        f"root = {quoted(settings.root)}",
    ]
    if settings.device is not None:
        lines += device_settings.lines(settings.device)
    for since, name in settings.renamed:
        lines += ["", "[[renamed]]  # 更名 / a later name", f"name = {quoted(name)}"]
        lines.append(f"from = {quoted(since.isoformat())}")
    for item in settings.predecessors:
        lines += _predecessor_lines(item)
    if settings.platform is not None:
        lines += ["", "[platform]  # 电子印章平台 / the seal platform"]
        for key in _PLATFORM_KEYS:
            lines.append(f"{key} = {quoted(getattr(settings.platform, key))}")
    if settings.successor is not None:
        title = "[successor]  # 承接本机构的机构 / the organ that took this one over"
        lines += _successor_lines(settings.successor, title)
    return ("\n".join(lines) + "\n").encode()


def _predecessor_lines(item: Predecessor) -> list[str]:
    lines = [
        "",
        "[[predecessor]]  # 已承接的机构 / an organ that was taken over",
        f"code = {quoted(item.code)}",
        f"names = {_array(name for _, name in item.names)}",
        f"names_from = {_array(day.isoformat() for day, _ in item.names)}",
        f"from = {quoted(item.since.isoformat())}",
        f"types = {_array(item.types)}",
    ]
    for before in item.earlier:
        lines += _successor_lines(before, "[[predecessor.earlier]]")
    return lines


def _successor_lines(item: Successor, title: str) -> list[str]:
    return [
        "",
        title,
        f"code = {quoted(item.code)}",
        f"from = {quoted(item.since.isoformat())}",
        f"types = {_array(item.types)}",
    ]


def _array(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(quoted, texts))}]"
