"""What is asked for: a first license, a new version, or one granted on paper."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias

from elicense.catalog.application import MAX_CASE_NUMBER
from elicense.catalog.kinds import BACKFILL
from elicense.catalog.values import Findings, check_text
from elicense.changing import Grounds
from elicense.dates import day_of
from elicense.errors import ApplicationError, Problem
from elicense.events import EventKind
from elicense.model import Text
from elicense.register import RequestKey
from elicense.trust import KeyGrant
from elicense.versions import ORIGIN_OF

Operation: TypeAlias = Literal["issue", "renew", "import"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for.

    Attributes:
        type_name: catalog name.
        application: the fields, as ``elicense types TYPE --sample`` shows them.
        number: case number, or the id of a row that has none.
        is_case: whether ``number`` is a case number and belongs on record.
        operation: ``issue`` a license, ``renew`` one by a new version that supersedes
            it, or ``import`` one that was granted on paper (存量).
        previous: identifier of the version that is superseded; to renew.
        grounds: why it is superseded; to renew.
        scan: the scanned paper; to import, and there it may be missing.
    """

    type_name: str
    application: Mapping[str, object] = field(repr=False)
    number: str
    is_case: bool = True
    operation: Operation = "issue"
    previous: str | None = None
    grounds: Grounds | None = field(default=None, repr=False)
    scan: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Check that the parts go with the operation; ValueError where not."""
        given = {self.previous is not None, self.grounds is not None}
        if given != {self.operation == "renew"}:
            raise ValueError("a previous version and its grounds go with renew alone")
        if self.grounds and self.grounds.reason.kind is not EventKind.SUPERSEDED:
            raise ValueError("the grounds of a new version have a reason to supersede")
        if self.operation == "import" and self.is_case:
            raise ValueError("what was granted on paper is imported without a case")
        if self.operation != "import" and self.scan is not None:
            raise ValueError("a scan of the paper goes with import alone")
        check_number(self.number)

    @property
    def source(self) -> str:
        """What kind of number it is."""
        return source_of(is_case=self.is_case)

    def key(self, organization: str) -> RequestKey:
        """Return what makes it the same request at an organ, by its USCC."""
        return RequestKey(
            organization, self.type_name, self.operation, self.source, self.number
        )

    @property
    def digest(self) -> bytes:
        """SHA-256 of all that decides the license, whatever the order of keys.

        Raises:
            TypeError: the application holds what JSON cannot.
        """
        parts: list[object] = [self.type_name, self.application, self.previous]
        parts.append(_grounds_json(self.grounds))
        parts.append(
            None if self.scan is None else hashlib.sha256(self.scan).hexdigest()
        )
        text = json.dumps(
            parts, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    @property
    def origin(self) -> str | None:
        """The one origin that fits, None where the application may choose."""
        if self.operation == "import":
            return BACKFILL
        return ORIGIN_OF[self.grounds.reason] if self.grounds else None


def source_of(*, is_case: bool) -> str:
    """Return the word for where a request's number comes from.

    Args:
        is_case: whether it is a case number.
    """
    return "case" if is_case else "row"


def check_number(number: str) -> None:
    """Check a case number or row id: one line of 1 to 64 printable characters.

    Args:
        number: as it was given.

    Raises:
        ValueError: it is empty or too long, has space at an end, or a character that
            cannot be printed and stored; it is not repeated.
    """
    found = Findings()
    if check_text(found, "number", number, MAX_CASE_NUMBER) is None:
        causes = "; ".join(problem.message.en for problem in found.problems)
        raise ValueError(f"not a case number or row id: {causes}")


def _grounds_json(grounds: Grounds | None) -> object:
    if grounds is None:
        return None
    decision = grounds.decision
    decided = None if decision is None else decision.to_json()
    return [grounds.reason.code, decided, grounds.note]


def completed(request: Request) -> Mapping[str, object]:
    """Return the application with the origin that its operation and reason give.

    Raises:
        ApplicationError: it names another origin, or 存量补录 and nothing is
            imported.
    """
    given, origin = request.application.get("origin"), request.origin
    if origin is None:
        if given == BACKFILL:
            raise _refused(
                "origin",
                f"{BACKFILL}须以存量导入方式办理",
                f"{BACKFILL} is what an import makes, and nothing else",
            )
        return request.application
    if given is not None and given != origin:
        raise _refused(
            "origin", f"应为{origin}，可不填写", f"expected {origin}, or nothing"
        )
    return {**request.application, "origin": origin}


def check_backfill(issue_date: date, grant: KeyGrant | None, at: datetime) -> None:
    """Check that a key may seal now what was granted on paper on a day in the past.

    Args:
        issue_date: the legal date on the paper.
        grant: what the trust bundle grants the desk's token key, None for nothing.
        at: the instant of sealing, aware.

    Raises:
        ApplicationError: the day is not in the past, or no backfill range has it.
    """
    if issue_date >= day_of(at):
        raise _refused(
            "issue_date",
            "存量补录应填写纸质证照上的发证日期，须早于今天",
            "an import needs the date on the paper, which lies before today",
        )
    span = None if grant is None else grant.backfill
    if span is None:
        raise _refused(
            "issue_date",
            "本机关的签发密钥未获存量补录授权，请先执行：elicense keys backfill",
            "the token key was not granted a backfill range; run first:"
            " elicense keys backfill",
        )
    if not span[0] <= issue_date <= span[1]:
        raise _refused(
            "issue_date",
            f"不在签发密钥获准补录的发证日期范围内（{span[0]} 至 {span[1]}）",
            f"outside of the token key's backfill range, {span[0]} to {span[1]}",
        )


def check_own_time(issue_date: date, first_day: date | None) -> None:
    """Check that a first license is not dated before its organ could issue it.

    Args:
        issue_date: the legal date that it shall have.
        first_day: the first one that the organ's keys may seal, None for no key.

    Raises:
        ApplicationError: it lies before; what was granted on paper then is imported.
    """
    if first_day is not None and issue_date < first_day:
        raise _refused(
            "issue_date",
            f"早于本机关电子签发的首日 {first_day}；此前的纸质证照请用"
            " elicense import 补录",
            f"lies before {first_day}, the first day of this organ's keys; what was"
            " granted on paper before is taken over with: elicense import",
        )


def _refused(where: str, zh: str, en: str) -> ApplicationError:
    return ApplicationError([Problem(where, Text(zh, en))])
