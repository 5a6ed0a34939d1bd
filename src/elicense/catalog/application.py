"""Checks an application for a license against the rules of its type.

Pure: the application is a flat object as JSON gives it, the answer a draft, or all
problems at once. Nothing is guessed; what is derived by a rule may be left out.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Never

from elicense.catalog.external_code import check_external_code
from elicense.catalog.fields import check_fields
from elicense.catalog.holders import check_holders
from elicense.catalog.kinds import (
    ORIGINS,
    LicenseType,
    PhotoRule,
)
from elicense.catalog.numbers import Around, check_number
from elicense.catalog.periods import check_checkpoints, check_days
from elicense.catalog.values import Findings, check_photo, check_text
from elicense.errors import ApplicationError, Problem
from elicense.model import Draft, Text

COMMON_KEYS = (
    *("holders", "number", "issue_date", "valid_from", "valid_until"),
    *("origin", "copy", "photo", "external_qr"),
)
MAX_APPLICATION = 16 << 20  # bytes of JSON; a photo of 8 MiB has 11 in base64
MAX_CASE_NUMBER = 64  # characters
_MAX_UNKNOWN = 20  # unknown keys that are named one by one
_MAX_KEY = 40  # characters of a key that is named, or compared with the known ones
_PLAIN_KEY = re.compile(f"[a-z_.]{{1,{_MAX_KEY}}}[0-9]{{0,3}}")
_JSON_SPACE = " \t\r\n"  # RFC 8259, section 2
_DERIVED = {
    "checkpoints": Text("由规则推算，请勿填写", "is derived by rule; leave it out"),
    "case_number": Text("办件编号请单独提供", "the case number is given beside"),
    "title": Text("由证照类型决定，请勿填写", "comes from the type; leave it out"),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """An application that follows the rules.

    Attributes:
        draft: what it decides; without a photo's digest, which the caller adds.
        photo: the photo's bytes as given, not looked into; None where there is none.
        warnings: what a person should look at.
    """

    draft: Draft
    photo: bytes | None
    warnings: tuple[Problem, ...]


def parse_application(data: bytes) -> dict[str, object]:
    """Return the object in a JSON file (RFC 8259), for :func:`check_application`.

    Args:
        data: UTF-8, with or without a byte order mark.

    Raises:
        ApplicationError: empty, not UTF-8, not JSON (by line and column), not one
            object, or a key stands there twice. Nothing of the content is repeated.
    """
    if len(data) > MAX_APPLICATION:
        raise _root("申请数据过大", "the application is too large")
    value = _parsed(_decoded(data))
    if not isinstance(value, dict):
        raise _root("应为一个 JSON 对象", "expected one JSON object")
    return value


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise _root(
            "不是 UTF-8 编码；GBK、GB18030 或 UTF-16 的文件请先转换为 UTF-8",
            "not UTF-8; a file in GBK, GB18030 or UTF-16 has to be converted first",
        ) from err
    if not text.strip():
        raise _root("申请数据为空", "the application is empty")
    return text


def _parsed(text: str) -> object:
    try:
        value: object = json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except json.JSONDecodeError as err:
        hint = _comma_hint(err)
        raise _root(
            f"不是有效的 JSON：第 {err.lineno} 行第 {err.colno} 列有误{hint.zh}",
            f"not JSON: wrong at line {err.lineno}, column {err.colno}{hint.en}",
        ) from err
    except (ValueError, RecursionError) as err:  # int() has a limit, and so has depth
        raise _root(
            "不是可用的 JSON：数字过长或嵌套过深",
            "not JSON that can be used: a number too long, or nested too deep",
        ) from err
    return value


def _comma_hint(err: json.JSONDecodeError) -> Text:
    """Return what to say of a comma before a closing bracket; else nothing.

    Parsers differ in whether they name the place of the comma or of the bracket.
    """
    before = err.doc[: err.pos + 1].rstrip(_JSON_SPACE + "}]")
    after = err.doc[err.pos :].lstrip(_JSON_SPACE + ",")
    if before.endswith(",") and after.startswith(("}", "]")):
        return Text("（多余的逗号）", " (a comma too many)")
    return Text("", "")


def _root(zh: str, en: str) -> ApplicationError:
    return ApplicationError([Problem("(data)", Text(zh, en))])


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise _root("有重复的项", "a key stands there twice")
    return out


def _no_constant(_name: str) -> Never:
    raise _root(
        "NaN 和 Infinity 不是 JSON 的值", "NaN and Infinity are no values of JSON"
    )


def check_application(
    license_type: LicenseType,
    application: Mapping[str, object],
    at: datetime,
    case_number: str | None = None,
) -> Checked:
    """Return the draft of a license that an application asks for.

    1. Only known keys occur, and no required one is missing.
    2. The holders' names and codes are right (GB 32100, GB 11643).
    3. The days exist, lie in order, and the license has not ended already.
    4. The type's fields follow their rules and agree with the holder's id.
    5. Reviews that are due are done; the next ones are derived.
    6. The number follows the type's rule, or is derived by it.
    7. Origin, copy and case number are such.
    8. A photo is there where the type shows one.
    9. A code of another system is a text that a QR can carry, and not one of ours.

    Does NOT look into the photo and does not ask any register.

    Args:
        license_type: the rules.
        application: a flat object: ``holders``, ``number``, ``issue_date``,
            ``valid_from``, ``valid_until``, ``origin``, ``copy``, ``photo``,
            ``external_qr`` and the type's fields. Days are ISO 8601 texts, civil days
            in UTC+8.
        at: the instant of issuing, aware.
        case_number: number of the concluded case, None for a row without one.

    Raises:
        ApplicationError: with all problems that were found.
    """
    found = Findings()
    given = {key: value for key, value in application.items() if value is not None}
    _check_keys(found, license_type, application)
    origin = _choice(found, given, "origin", ORIGINS)
    holders = check_holders(
        found, license_type.holders, given.get("holders"), at, origin
    )
    days = check_days(found, license_type, application, at, origin)
    fields = check_fields(found, license_type, given, holders, days)
    checkpoints = check_checkpoints(found, license_type, fields, days)
    around = Around(holders, fields, days, origin)
    number = check_number(found, license_type, given.get("number"), around)
    copy = _choice(found, given, "copy", license_type.copies)
    if case_number is not None:
        case_number = check_text(found, "case_number", case_number, MAX_CASE_NUMBER)
    photo = _photo(found, license_type, given)
    external = check_external_code(found, "external_qr", given.get("external_qr"))
    if found.problems or days.issue is None or days.validity is None:
        raise ApplicationError(found.problems)
    draft = Draft(
        type_name=license_type.name,
        type_version=license_type.version,
        title=license_type.title.zh,
        number=number,
        holders=holders,
        issue_date=days.issue,
        validity=days.validity,
        checkpoints=checkpoints,
        origin=origin,
        copy=copy,
        case_number=case_number,
        fields=MappingProxyType(fields),
        external_qr=external,
    )
    return Checked(draft, photo, tuple(found.warnings))


def _check_keys(
    found: Findings, license_type: LicenseType, application: Mapping[str, object]
) -> None:
    known = (*COMMON_KEYS, *(rule.key for rule in license_type.fields))
    unknown = [key for key in application if key not in known]
    for key in unknown[:_MAX_UNKNOWN]:
        name = _shown(key)
        if key in _DERIVED:
            found.problem(name, _DERIVED[key].zh, _DERIVED[key].en)
            continue
        close = _meant(key, known)
        zh, en = (
            (f"，是否应为 {close[0]}？", f"; did you mean {close[0]}?")
            if close
            else (f"，可用的项：{'、'.join(known)}", f"; known are: {', '.join(known)}")
        )
        found.problem(name, f"不认识该项{zh}", f"unknown key{en}")
    rest = len(unknown) - _MAX_UNKNOWN
    if rest > 0:
        found.problem(
            "(data)", f"另有 {rest} 个不认识的项", f"{rest} more unknown keys"
        )


def _shown(key: object) -> str:
    """Return a key as it may stand in an error: a plain word, no personal data.

    Where a row of values was taken for keys, those are names and codes of persons.
    """
    return key if isinstance(key, str) and _PLAIN_KEY.fullmatch(key) else "(?)"


def _meant(key: object, known: tuple[str, ...]) -> list[str]:
    """Return the known key that is like an unknown one, if there is one."""
    if not isinstance(key, str) or len(key) > _MAX_KEY:
        return []
    return get_close_matches(key, known, n=1)


def _choice(
    found: Findings, given: Mapping[str, object], key: str, allowed: tuple[str, ...]
) -> str:
    """Return one of the allowed texts; the first is the default."""
    value = given.get(key, allowed[0])
    if isinstance(value, str) and value in allowed:
        return value
    found.problem(
        key, f"只能取：{'、'.join(allowed)}", f"expected one of: {', '.join(allowed)}"
    )
    return allowed[0]


def _photo(
    found: Findings, license_type: LicenseType, given: Mapping[str, object]
) -> bytes | None:
    if "photo" in given:
        if license_type.has_photo:
            return check_photo(found, "photo", given["photo"])
        found.problem("photo", "该证照类型没有照片", "this type shows no photo")
    elif license_type.photo is PhotoRule.REQUIRED:
        found.problem(
            "photo",
            "缺少照片（JPEG 或 PNG 的 base64 文本）",
            "the photo is missing (a JPEG or PNG in base64)",
        )
    return None
