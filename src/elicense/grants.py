"""The file ``hub.toml``: what people of a hub decided; read strictly.

docs/formats/hub.md. Bytes in, values out: the certificates that it names are files
beside it, which :mod:`elicense.hub` reads.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from elicense import dates, identifiers
from elicense.errors import ElicenseError, MalformedCodeError
from elicense.model import Text
from elicense.strict_table import StrictTable
from elicense.trust.hub_model import DepartmentGrant, Withdrawal
from elicense.trust.remembering import is_fingerprint

FORMAT = "elicense.hub/1"
FILE_NAME = "hub.toml"
MAX_BYTES = 1 << 20  # a department has some 300 bytes; a province has 275 of them
_KID_HEX, _DIGEST_HEX = re.compile("[0-9a-f]{16}"), re.compile("[0-9a-f]{64}")
_TYPE_NAME = re.compile("[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# A name in the hub's own folder, so that the table cannot point elsewhere.
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}")
_LINE = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,98}[^\s\x00-\x1f\x7f])?")

_SHOWN = 100  # characters of a name that an error repeats

T = TypeVar("T")


class GrantsError(ElicenseError):
    """The hub's table is wrong; the text names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityFiles:
    """A timestamp authority as the table has it: its certificates are files.

    Attributes:
        organization: USCC of its owner.
        name: the owner's name.
        certificates: names of files in ``authorities/``, its own first, no root.
        root: name of the CA root's file there.
        signs_from: first day.
        signs_until: last day; None for no end.
        compromised_from: since when its key may be in other hands; None for never.
    """

    organization: str
    name: str
    certificates: tuple[str, ...]
    root: str
    signs_from: date
    signs_until: date | None = None
    compromised_from: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What ``hub.toml`` says.

    Attributes:
        name: the hub's name, for people.
        root: fingerprint of the hub's own root.
        organization: USCC of who runs the hub; None where it is not said.
        departments: whose bundles are merged.
        authorities: timestamp authorities.
        withdrawn: keys and certificates known to be compromised.
    """

    name: str
    root: str
    organization: str | None = None
    departments: tuple[DepartmentGrant, ...] = ()
    authorities: tuple[AuthorityFiles, ...] = ()
    withdrawn: tuple[Withdrawal, ...] = ()


def read(data: bytes) -> Table:
    """Return what a table says.

    Total: any bytes give a table or this error.

    Raises:
        GrantsError: not TOML, another format, an item that is missing, unknown, of
            another kind or wrong, or something granted twice; names the place.
    """
    try:
        content = tomllib.loads(data.decode()) if len(data) <= MAX_BYTES else None
    except (ValueError, RecursionError) as err:  # numbers of 5000 digits, deep nesting
        raise _wrong("", "不是有效的 TOML", "not valid TOML") from err
    if content is None:
        raise _wrong("", f"超过 {MAX_BYTES} 字节", f"more than {MAX_BYTES} bytes")
    if content.pop("format", None) != FORMAT:
        raise _wrong("", f'缺少 format = "{FORMAT}"', f'format = "{FORMAT}" is missing')
    whole = _Items(content, "")
    hub = whole.table("hub")
    table = Table(
        name=hub.take("name", _NAME),
        root=hub.take("root", _FINGERPRINT),
        organization=hub.optional("organization", _CODE),
        departments=tuple(map(_department, whole.tables("department"))),
        authorities=tuple(map(_authority, whole.tables("timestamp_authority"))),
        withdrawn=tuple(map(_withdrawal, whole.tables("withdrawn"))),
    )
    hub.end()
    whole.end()
    _refuse_double(table)
    return table


def new(name: str, root: str, organization: str | None = None) -> bytes:
    """Return the bytes of a new table, which grants nothing yet.

    Args:
        name: the hub's name, for people.
        root: fingerprint of its root.
        organization: USCC of who runs it.

    Raises:
        GrantsError: the name has no character, too many, or control characters; or the
            code is no USCC.
    """
    if organization is not None and _code(organization) is None:
        raise _wrong("[hub] organization", _CODE.zh, _CODE.en)
    if not _LINE.fullmatch(name):
        raise _wrong("[hub] name", _NAME.zh, _NAME.en)
    lines = [
        f'format = "{FORMAT}"',
        "",
        "[hub]",
        f"name = {_quoted(name)}",
        "# 本汇聚节点信任根的指纹 / fingerprint of this hub's own root",
        f"root = {_quoted(root)}",
    ]
    if organization is not None:
        lines += [
            "# 运行本汇聚节点的机构 / who runs this hub",
            f"organization = {_quoted(organization)}",
        ]
    return ("\n".join(lines) + "\n").encode()


def with_department(data: bytes, grant: DepartmentGrant, name: str = "") -> bytes:
    """Return a table with one department more; what stands in it stays as it is.

    Args:
        data: the table's bytes.
        grant: what the department may say.
        name: the department's name, for people; it is not read back.

    Raises:
        GrantsError: the table is wrong, or would be: the department is in it already,
            or what is granted is empty.
    """
    read(data)
    lines = [
        "",
        "[[department]]" + (f"  # {name}" if _LINE.fullmatch(name) else ""),
        f"organization = {_quoted(grant.organization)}",
        f"root = {_quoted(grant.root)}",
        f"types = {_array(grant.types)}",
    ]
    if grant.predecessors:
        lines.append(f"predecessors = {_array(grant.predecessors)}")
    lines += [
        f"{key} = true" for key in ("backfill", "suspended") if getattr(grant, key)
    ]
    if grant.since is not None:
        lines.append(f"since = {grant.since.isoformat()}")
    if grant.kids:
        lines.append(f"kids = {_array(grant.kids)}")
    end = b"" if data.endswith(b"\n") else b"\n"
    made = data + end + ("\n".join(lines) + "\n").encode()
    read(made)
    return made


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """What an item can be: ``read`` gives None for anything else."""

    read: Callable[[object], T | None]
    zh: str
    en: str


class _Items(StrictTable):
    """The items of one table, each read as its kind."""

    def __init__(self, items: dict[str, object], place: str) -> None:
        super().__init__(items)
        self._place = place

    def take(self, key: str, kind: _Kind[T]) -> T:
        """Take an item; one that is missing or of another kind is an error."""
        if key not in self:
            raise self._missing(key, Text("缺少", "is missing"))
        value = kind.read(self._take(key))
        if value is None:
            raise self.wrong(key, Text(kind.zh, kind.en))
        return value

    def optional(self, key: str, kind: _Kind[T]) -> T | None:
        """Take an item that may be missing."""
        return self.take(key, kind) if key in self else None

    def table(self, key: str) -> "_Items":
        """Take a table."""
        found = self._take(key)
        if not isinstance(found, dict):
            raise self._missing(f"[{key}]", Text("缺少", "is missing"))
        return _Items(found, f"[{key}]")

    def tables(self, key: str) -> list["_Items"]:
        """Take an array of tables, which may be missing."""
        found = self._take(key, [])
        if not isinstance(found, list) or not all(isinstance(i, dict) for i in found):
            what = Text(f"应写作 [[{key}]]", f"expected tables [[{key}]]")
            raise self.wrong(key, what)
        return [_Items(item, f"[[{key}]] {n}") for n, item in enumerate(found, 1)]

    def wrong(self, key: str, what: Text) -> GrantsError:
        """Return an error that names a place in this table."""
        return _wrong(f"{self._place} {key[:_SHOWN]}".strip(), what.zh, what.en)


def _text(pattern: re.Pattern[str]) -> Callable[[object], str | None]:
    """Return a reader of texts of one form."""
    return lambda value: (
        value if isinstance(value, str) and pattern.fullmatch(value) else None
    )


def _texts(one: Callable[[object], str | None]) -> Callable[[object], "_Texts | None"]:
    """Return a reader of lists of such texts, in which none occurs twice."""

    def read(value: object) -> _Texts | None:
        items = value if isinstance(value, list) else [None]
        texts = tuple(text for item in items if (text := one(item)) is not None)
        return texts if len(set(texts)) == len(items) else None

    return read


_Texts = tuple[str, ...]


def _code(value: object) -> str | None:
    """Return a USCC; capital letters alone, as GB 32100 has them."""
    try:
        identifiers.check_uscc(value if isinstance(value, str) else "")
    except MalformedCodeError:
        return None
    return str(value)


def _root(value: object) -> str | None:
    return value if isinstance(value, str) and is_fingerprint(value) else None


def _yes_or_no(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _day(value: object) -> date | None:
    if isinstance(value, datetime) or not isinstance(value, date):
        return None
    return value if dates.FIRST_DAY <= value <= dates.LAST_DAY else None


def _instant(value: object) -> datetime | None:
    """Return an instant with its offset, whole seconds, in the years of the formats."""
    if not isinstance(value, datetime) or value.tzinfo is None or value.microsecond:
        return None
    try:
        day = dates.day_of(value)
    except ValueError:
        return None
    inside = dates.FIRST_DAY <= day <= dates.LAST_DAY
    return value.astimezone(UTC) if inside else None


_NAME = _Kind(
    _text(_LINE), "应为 1 至 100 个字，无控制字符", "expected 1 to 100 characters"
)
_FINGERPRINT = _Kind(
    _root,
    "应为 sha256: 加 64 位小写十六进制数字",
    "expected sha256: and 64 small hexadecimal digits",
)
_CODE = _Kind(
    _code, "应为统一社会信用代码", "expected a USCC (18 characters, GB 32100)"
)
_CODES = _Kind(
    _texts(_code),
    "应为统一社会信用代码的列表，各不相同",
    "expected a list of USCCs, each once",
)
_TYPES = _Kind(
    _texts(_text(_TYPE_NAME)),
    "应为证照类型名的列表，各不相同",
    "expected a list of names of license types, each once",
)
_FILE = _Kind(
    _text(_FILE_NAME),
    "应为 authorities 文件夹中的文件名",
    "expected the name of a file in the folder authorities",
)
_FILES = _Kind(
    _texts(_text(_FILE_NAME)),
    "应为 authorities 文件夹中文件名的列表",
    "expected a list of names of files in the folder authorities",
)
_BOOLEAN = _Kind(_yes_or_no, "应为 true 或 false", "expected true or false")
_DAY = _Kind(
    _day, "应为日期，如 2026-11-21", "expected a day without quotes, as 2026-11-21"
)
_INSTANT = _Kind(
    _instant,
    "应为带时区的时间，如 2026-11-21T08:00:00+08:00",
    "expected an instant with its offset, without quotes, as 2026-11-21T08:00:00+08:00",
)
_KID = _Kind(
    _text(_KID_HEX), "应为 16 位小写十六进制数字", "expected 16 hexadecimal digits"
)
_KIDS = _Kind(
    _texts(_text(_KID_HEX)),
    "应为密钥 kid 的列表，每个 16 位小写十六进制数字，各不相同",
    "expected a list of kids, 16 hexadecimal digits, each once",
)
_DIGEST = _Kind(
    _text(_DIGEST_HEX),
    "应为证书 SHA-256 的 64 位小写十六进制数字",
    "expected the 64 hexadecimal digits of a certificate's SHA-256",
)


def _department(items: _Items) -> DepartmentGrant:
    grant = DepartmentGrant(
        organization=items.take("organization", _CODE),
        root=items.take("root", _FINGERPRINT),
        types=items.take("types", _TYPES),
        predecessors=items.optional("predecessors", _CODES) or (),
        backfill=items.optional("backfill", _BOOLEAN) or False,
        suspended=items.optional("suspended", _BOOLEAN) or False,
        since=items.optional("since", _DAY),
        kids=items.optional("kids", _KIDS) or (),
    )
    items.end()
    if not grant.types:
        raise items.wrong("types", Text("没有准予任何类型", "grants nothing"))
    return grant


def _authority(items: _Items) -> AuthorityFiles:
    authority = AuthorityFiles(
        organization=items.take("organization", _CODE),
        name=items.take("name", _NAME),
        certificates=items.take("certificates", _FILES),
        root=items.take("root", _FILE),
        signs_from=items.take("signs_from", _DAY),
        signs_until=items.optional("signs_until", _DAY),
        compromised_from=items.optional("compromised_from", _INSTANT),
    )
    items.end()
    if not authority.certificates:
        raise items.wrong("certificates", Text("没有证书", "names no certificate"))
    until = authority.signs_until
    if until is not None and until < authority.signs_from:
        raise items.wrong(
            "signs_until", Text("早于 signs_from", "lies before signs_from")
        )
    return authority


def _withdrawal(items: _Items) -> Withdrawal:
    kid = items.optional("kid", _KID)
    digest = items.optional("certificate", _DIGEST)
    since = items.take("compromised_from", _INSTANT)
    items.end()
    if (kid is None) == (digest is None):
        raise items.wrong(
            "",
            Text(
                "应有 kid 或 certificate 之一",
                "expected kid or certificate, one of them",
            ),
        )
    return Withdrawal(bytes.fromhex(kid or digest or ""), since)


def _refuse_double(table: Table) -> None:
    """Refuse two entries that say something of one organization, root or key."""
    seen: dict[str, str] = {table.root: "[hub]"}
    for n, grant in enumerate(table.departments, 1):
        place = f"[[department]] {n}"
        for name in (grant.root, *grant.organizations, *grant.kids):
            if name in seen:
                raise _wrong(
                    place,
                    f"{name} 已在 {seen[name]} 中",
                    f"{name} stands in {seen[name]} already",
                )
            seen[name] = place
    names: dict[str, str] = {}
    for n, item in enumerate(table.authorities, 1):
        if names.setdefault(item.organization, item.name) != item.name:
            raise _wrong(
                f"[[timestamp_authority]] {n}",
                f"{item.organization} 有两个名称",
                f"{item.organization} has two names",
            )
    withdrawn = [item.name for item in table.withdrawn]
    for n, key in enumerate(withdrawn, 1):
        if key in withdrawn[: n - 1]:
            raise _wrong(f"[[withdrawn]] {n}", "重复", "occurs twice")


def _wrong(place: str, zh: str, en: str) -> GrantsError:
    where_zh = f"{FILE_NAME}：{place} " if place else f"{FILE_NAME}："
    where_en = f"{FILE_NAME}: {place} " if place else f"{FILE_NAME}: "
    return GrantsError(Text(where_zh + zh, where_en + en))


def _array(texts: Iterable[str]) -> str:
    return "[" + ", ".join(map(_quoted, texts)) + "]"


def _quoted(text: str) -> str:
    """Return a TOML basic string of a text without control characters."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
