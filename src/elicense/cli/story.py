"""The story that ``demo`` tells: a department, its licenses, and a stranger.

Acts in order: found a department, issue, write what a person would hold, verify inside;
revoke, suspend, reinstate, renew early; publish; verify outside with nothing but the
published bundle and the pinned root; go on for some weeks without anyone acting; and
show what forged and changed inputs get. Every step says what answer it expects, so that
the story is a test of itself.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pypdfium2
from PIL import Image

from elicense import (
    dates,
    files,
    founding,
    payload,
    qr,
    samples,
    trust,
    validating,
)
from elicense.changing import Grounds
from elicense.cli.grounds import read_decision
from elicense.events import Reason
from elicense.issuing import Issued, Request
from elicense.model import Text
from elicense.trust import TrustState
from elicense.validating import Verdict
from elicense.workspace import Workspace
from esign.algorithms import Suite
from esign.verdict import Code

NAME = "示例市行政审批局"
USCC = "11990100000000027A"  # an invented organ of a division that does not exist
PAPER_DPI = 200
_THUMBNAIL_DPI = 60
_JPEG_QUALITY = 88
_TILT = 1.5  # degrees; nobody holds a camera straight
_HELD_DAYS = 30
_RENEWED_DAYS = 20  # until the first day of the version that was granted early

Tell = Callable[[Text], None]


@dataclass(frozen=True, slots=True)
class Copy:
    """One license as its holder has it: file, QR text, picture of the page."""

    name: str
    issued: Issued
    photo: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the story, the answer that is right, and the one that came."""

    act: Text
    subject: Text
    expected: Code
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Tell whether the answer is the right one."""
        return self.verdict.code is self.expected


@dataclass(slots=True)
class Story:
    """What was told so far.

    Attributes:
        folder: where everything is written; it exists and is empty.
        at: the one instant of the whole story.
        tell: takes a line of progress.
    """

    folder: Path
    at: datetime
    tell: Tell
    root: str = ""
    copies: list[Copy] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


_PLAN = (
    ("business-license", 1),
    ("business-license", 2),
    ("food-business", 1),
    ("food-business", 2),
    ("special-operation", 1),
    ("special-operation", 2),
)
_BEFORE = Text("发证机关内：刚签发", "inside: just issued")
_CHAIN = Text("机关外：延续，新旧版本衔接", "outside: renewed early, no gap")
_LATER = Text("机关外：数周之后，无人办理", "outside: weeks later, nobody acted")
_OUTSIDE = Text("机关外：变更并发布后", "outside: after the changes were published")
_TIME = Text("机关外：换一个时间问", "outside: asked at another time")
_FORGED = Text("机关外：伪造与改动", "outside: forged and changed")


def tell(
    folder: Path, at: datetime, tell_line: Tell, algorithm: Suite = Suite.ES256
) -> Story:
    """Tell the whole story.

    Args:
        folder: exists and is empty.
        at: the instant of every step.
        tell_line: takes the progress.
        algorithm: with SM2 every key and the seal are of SM2.
    """
    story = Story(folder, at, tell_line)
    for name in ("licenses", "qr", "photos", "decisions", "forged", "outside"):
        files.make_folder(folder / name)
    tell_line(Text(f"建立工作区：{NAME}", f"found the department {NAME}"))
    place = folder / "workspace"
    suites = founding.suites_of(algorithm)
    with Workspace.create(
        place, name=NAME, code=USCC, suites=suites, at=at
    ) as workspace:
        story.root = workspace.settings.root
        _issue(story, workspace)
        _verify_inside(story, workspace.trust())
        _change(story, workspace)
        renewed = _renew(story, workspace)
        tell_line(Text("发布状态与信任包", "publish status lists and trust bundle"))
        bundle = workspace.publish(at).bundle
    files.write(folder / "outside" / "trust.elt", bundle)
    files.write(folder / "outside" / "root.txt", f"{story.root}\n".encode())
    state = trust.admit(bundle, story.root)
    _verify_outside(story, state)
    _verify_chain(story, state, renewed)
    _verify_later(story, place, renewed)
    for subject, expected, verdict in _forged(story, state):
        _add(story, _FORGED, subject, expected, verdict)
    return story


def thumbnail(pdf: bytes) -> bytes:
    """Return a small PNG of a license's page."""
    out = io.BytesIO()
    _rendered(pdf, _THUMBNAIL_DPI).quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _issue(story: Story, workspace: Workspace) -> None:
    story.tell(Text(f"签发 {len(_PLAN)} 个证照", f"issue {len(_PLAN)} licenses"))
    for number, (type_name, variant) in enumerate(_PLAN, 1):
        issued = workspace.issue(
            type_name,
            samples.variant(type_name, story.at, variant),
            number=f"demo-{number:02}",
            at=story.at,
        )
        _hand_out(story, f"{number:02}-{type_name}", issued)


def _hand_out(story: Story, name: str, issued: Issued) -> None:
    """Write what the holder gets: the file, the symbol, a photo of the paper."""
    copy = Copy(name, issued, _photo(issued.pdf))
    story.copies.append(copy)
    symbol = qr.to_png(qr.encode(issued.qr_text), 6)
    folder = story.folder
    files.write(folder / "licenses" / f"{name}.pdf", issued.pdf)
    files.write(folder / "qr" / f"{name}.png", symbol)
    files.write(folder / "qr" / f"{name}.txt", f"{issued.qr_text}\n".encode())
    files.write(folder / "photos" / f"{name}.jpg", copy.photo)


def _rendered(pdf: bytes, dpi: int) -> Image.Image:
    document = pypdfium2.PdfDocument(pdf)
    try:
        image: Image.Image = document[0].render(scale=dpi / 72).to_pil()
        return image.convert("RGB")
    finally:
        document.close()


def _photo(pdf: bytes) -> bytes:
    """Return what a phone would make of the printed page: tilted, as JPEG."""
    page = _rendered(pdf, PAPER_DPI)
    desk = page.rotate(
        _TILT, Image.Resampling.BICUBIC, expand=True, fillcolor=(112, 98, 84)
    )
    out = io.BytesIO()
    desk.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()


def _name(copy: Copy) -> Text:
    """Return what a license is called in the story."""
    number, title = copy.name[:2], copy.issued.license.draft.title
    return Text(f"{number} {title}", copy.name)


def _verify_inside(story: Story, state: TrustState) -> None:
    story.tell(Text("核验 PDF、二维码文本和图片", "verify PDFs, QR texts and pictures"))
    for copy in story.copies:
        _ask(story, _BEFORE, _name(copy), Code.VALID, _of_file(copy.issued.pdf, state))
    first = story.copies[0]
    symbol = (story.folder / "qr" / f"{first.name}.png").read_bytes()
    ways = {
        Text("01 二维码文本", "01 as QR text"): _of_text(first.issued.qr_text, state),
        Text("01 二维码图片", "01 as a picture of the QR"): _of_file(symbol, state),
        Text("01 纸面照片", "01 as a photo of the paper"): _of_file(first.photo, state),
    }
    for subject, question in ways.items():
        _ask(story, _BEFORE, subject, Code.VALID, question)


def _of_file(data: bytes, state: TrustState) -> Callable[[datetime], Verdict]:
    return lambda at: validating.validate(data, state, at)


def _of_text(text: str, state: TrustState) -> Callable[[datetime], Verdict]:
    return lambda at: validating.validate_text(text, state, at)


def _ask(
    story: Story,
    act: Text,
    subject: Text,
    expected: Code,
    question: Callable[[datetime], Verdict],
) -> None:
    _add(story, act, subject, expected, question(story.at))


def _add(
    story: Story, act: Text, subject: Text, expected: Code, verdict: Verdict
) -> None:
    story.steps.append(Step(act, subject, expected, verdict))


def _change(story: Story, workspace: Workspace) -> None:
    story.tell(
        Text(
            "吊销 02，作废 06，暂扣 03 和 04，发还 04",
            "revoke 02, void 06, hold 03 and 04, release 04",
        )
    )
    ids = [copy.issued.license.identifier for copy in story.copies]
    penalty = read_decision(_write_decision(story, "02", "示例处罚字〔2026〕2号"))
    held = read_decision(_write_decision(story, "03", "示例处罚字〔2026〕3号"))
    until = dates.day_of(story.at) + timedelta(days=_HELD_DAYS)
    forfeit = Grounds(reason=Reason.FORFEITED, decision=penalty)
    hold = Grounds(reason=Reason.HELD, decision=held, until=until)
    release = Grounds(reason=Reason.RELEASED, note="已改正")
    error = Grounds(reason=Reason.ISSUED_IN_ERROR, note="重复签发")
    workspace.revoke(ids[1], forfeit, story.at)
    workspace.suspend(ids[2], hold, story.at)
    workspace.suspend(ids[3], hold, story.at)
    workspace.reinstate(ids[3], release, story.at)
    workspace.revoke(ids[5], error, story.at)


def _renew(story: Story, workspace: Workspace) -> Copy:
    """Renew 04 early: the new version, 07, is valid from a later day."""
    story.tell(
        Text(
            f"04 提前延续，新版本 07 在 {_RENEWED_DAYS} 天后生效",
            f"renew 04 early; its new version 07 is valid in {_RENEWED_DAYS} days",
        )
    )
    type_name, variant = _PLAN[3]
    first_day = dates.day_of(story.at) + timedelta(days=_RENEWED_DAYS)
    request = Request(
        type_name=type_name,
        application={
            **samples.variant(type_name, story.at, variant),
            "valid_from": first_day.isoformat(),
        },
        number="demo-07",
        operation="renew",
        previous=story.copies[3].issued.license.identifier,
        grounds=Grounds(reason=Reason.RENEWED, note="提前申请延续"),
    )
    issued = workspace.carry_out(request, story.at)
    _hand_out(story, f"07-{type_name}", issued)
    return story.copies[-1]


def _verify_chain(story: Story, state: TrustState, renewed: Copy) -> None:
    old = story.copies[3]
    _ask(story, _CHAIN, _name(old), Code.VALID, _of_file(old.issued.pdf, state))
    given = _of_file(renewed.issued.pdf, state)
    _ask(story, _CHAIN, _name(renewed), Code.NOT_YET_VALID, given)


def _verify_later(story: Story, place: Path, renewed: Copy) -> None:
    """Let time pass in a copy of the workspace, which publishes and does no more.

    The workspace itself stays in the present, for whoever wants to go on with it.
    """
    at = story.at + timedelta(days=_HELD_DAYS + 1)
    story.tell(
        Text(
            f"{_HELD_DAYS + 1} 天后再次发布：暂扣期满，新版本接替",
            f"publish {_HELD_DAYS + 1} days later: the suspension is over, and the"
            " new version took over",
        )
    )
    later = story.folder / "outside" / "later"
    shutil.copytree(place, later)
    try:
        with Workspace(later) as workspace:
            bundle = workspace.publish(at).bundle
    finally:
        shutil.rmtree(later)
    files.write(story.folder / "outside" / "trust-later.elt", bundle)
    state = trust.admit(bundle, story.root)
    held, old = story.copies[2], story.copies[3]
    answers = ((held, Code.VALID), (old, Code.SUPERSEDED), (renewed, Code.VALID))
    for copy, expected in answers:
        verdict = validating.validate(copy.issued.pdf, state, at)
        _add(story, _LATER, _name(copy), expected, verdict)


def _write_decision(story: Story, name: str, number: str) -> Path:
    """Write a decision (决定文书) as the command line takes it."""
    decision = {
        "document": "行政处罚决定书",
        "number": number,
        "organ": "示例市市场监督管理局",
        "legal_basis": "《中华人民共和国行政处罚法》第九条",
        "date": dates.day_of(story.at).isoformat(),
        "effective_at": None,
        "handler": "经办示例",
        "reviewer": "审核示例",
    }
    path = story.folder / "decisions" / f"{name}.json"
    text = json.dumps(decision, ensure_ascii=False, indent=1)
    files.write(path, f"{text}\n".encode())
    return path


def _verify_outside(story: Story, state: TrustState) -> None:
    story.tell(
        Text(
            "在机关外核验：只有信任包和固定的根",
            "verify outside, with the bundle and the pinned root alone",
        )
    )
    answers = (
        *(Code.VALID, Code.REVOKED, Code.SUSPENDED),
        *(Code.VALID, Code.VALID, Code.REVOKED),
    )
    for copy, expected in zip(story.copies[: len(answers)], answers, strict=True):
        given = _of_file(copy.issued.pdf, state)
        _ask(story, _OUTSIDE, _name(copy), expected, given)
    _verify_in_time(story, state)


def _verify_in_time(story: Story, state: TrustState) -> None:
    """Ask of the same license at other instants, and without any trust."""
    person = story.copies[4].issued.qr_text
    years = timedelta(days=366)
    moments = {
        Text("05 八天后，信任包未更新", "05 in eight days, bundle not renewed"): (
            timedelta(days=8),
            Code.STALE,
        ),
        Text("05 四年后，未复审", "05 in four years, review missed"): (
            4 * years,
            Code.LAPSED,
        ),
        Text("05 七年后", "05 in seven years"): (7 * years, Code.EXPIRED),
    }
    for subject, (later, expected) in moments.items():
        verdict = validating.validate_text(person, state, story.at + later)
        _add(story, _TIME, subject, expected, verdict)
    nobody = trust.no_trust("no root is pinned")
    subject = Text("05 未固定信任根", "05 without a pinned root")
    _ask(story, _TIME, subject, Code.UNKNOWN_ISSUER, _of_text(person, nobody))


def _forged(story: Story, state: TrustState) -> Iterator[tuple[Text, Code, Verdict]]:
    """Make forgeries, keep them in ``forged/``, and ask of each."""
    first, folder = story.copies[0].issued, story.folder / "forged"
    changed = _forged_pdf(first.pdf)
    files.write(folder / "changed-capital.pdf", changed)
    yield (
        Text("01 改过注册资本的 PDF", "01, the capital in the PDF changed"),
        Code.BAD_SIGNATURE,
        validating.validate(changed, state, story.at),
    )
    text = _forged_text(first.qr_text)
    files.write(folder / "changed-qr.txt", f"{text}\n".encode())
    yield (
        Text("01 改过名称的二维码", "01, the holder in the QR changed"),
        Code.BAD_SIGNATURE,
        validating.validate_text(text, state, story.at),
    )
    cut = first.qr_text[:-3]
    files.write(folder / "cut-qr.txt", f"{cut}\n".encode())
    yield (
        Text("01 截短的二维码", "01, the QR text cut short"),
        Code.MALFORMED,
        validating.validate_text(cut, state, story.at),
    )
    scan = _scanned(first.pdf)
    files.write(folder / "scan.pdf", scan)
    yield (
        Text("01 扫描另存的 PDF，没有印章", "01 scanned into a PDF without a seal"),
        Code.UNSUPPORTED,
        validating.validate(scan, state, story.at),
    )


def _forged_pdf(pdf: bytes) -> bytes:
    """Return a PDF whose record says nine millions of capital instead of one."""
    return pdf.replace(b"1000000 CNY", b"9000000 CNY")


def _forged_text(text: str) -> str:
    """Return the QR text of a token whose holder was changed, in its one spelling."""
    token = payload.read_qr_text(text)
    return payload.qr_text(token.replace("青禾".encode(), "青苗".encode()))


def _scanned(pdf: bytes) -> bytes:
    out = io.BytesIO()
    _rendered(pdf, PAPER_DPI).save(out, "PDF")
    return out.getvalue()
