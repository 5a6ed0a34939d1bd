"""The command ``seal check``."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from elicense import files, messages, validating
from elicense.cli import options, report
from elicense.cli.belief import Belief, believed
from elicense.cli.seal_trust import Given, takes_trust
from elicense.cli.usage import WrongUsageError
from elicense.cli.verify import MARKS, exit_code
from elicense.files import FileError
from elicense.model import Text
from elicense.sealing import Kind, SealInquiry, SealVerdict, check
from elicense.sealing.bundled import trust_of
from elicense.sealing.checking import MAX_FILE_BYTES, is_pades
from elicense.sealing.verdict import owner_of, shown_name
from esign import clock
from esign.verdict import Check, Code, Indication

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FILE = click.Path(path_type=Path)


@click.command("check")
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@takes_trust(
    "A folder with makers/, roots/, cas/, tsas/ and crls/; or a trust bundle"
    " (信任包) for PDFs of this system. One of each."
)
@click.option(
    "--root",
    callback=options.fingerprint,
    metavar="FINGERPRINT",
    help="The only root of a trust bundle to believe, as for elicense verify.",
)
@options.takes_at
@click.option(
    "--document",
    type=_FILE,
    metavar="FILE",
    help="What a bare signature signs; of an OFD its Signature.xml.",
)
@click.option("--digest", metavar="HEX", help="SM3 of it, 64 hexadecimal digits.")
@options.as_json
@options.common
def check_command(
    *,
    names: tuple[str, ...],
    given: Given,
    root: str | None,
    at: datetime | None,
    document: Path | None,
    digest: str | None,
    as_json: bool,
) -> None:
    """Check seals and sealed documents (验章): .esl, SignedValue.dat, PDF, OFD.

    Every file gives one answer, in order; no network and no workspace is needed.
    Nothing is believed that is not pinned: a seal maker by its own certificate, and its
    and the signer's root. Without them a seal whose signatures hold is INDETERMINATE,
    UNKNOWN_ISSUER; without a list of revoked certificates of each CA, NO_STATUS. A PDF
    that this system sealed with PAdES is validated as by elicense verify. Where no
    maker is given, those of the trust bundle, or of the workspace, are believed.

    Exit code: 0 all PASSED, 1 one FAILED, 3 none FAILED and one INDETERMINATE.
    """
    trust = given.read()
    own = _Own(given.bundle, root, at)
    known = given.bundle is not None or options.own_folder() is not None
    if given.is_empty and known:
        trust = trust_of(own.believe().state)
    inquiry = SealInquiry(trust, at or clock.now(), *_document(document, digest))
    counts: Counter[Indication] = Counter()
    for name in names:
        verdict = _checked(Path(name), inquiry, own)
        counts[verdict.indication] += 1
        if as_json:
            report.json_line(verdict.to_json())
        else:
            _print(name, verdict, inquiry.at)
    click.get_current_context().exit(exit_code(counts))


def _document(
    path: Path | None, digest: str | None
) -> tuple[bytes | None, bytes | None]:
    if path is not None and digest is not None:
        raise WrongUsageError(
            Text(
                "--document 与 --digest 只能给出一个",
                "--document or --digest, not both",
            )
        )
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise WrongUsageError(
            Text(
                "--digest 应为 64 位小写十六进制数字（SM3）",
                "--digest: expected 64 small hexadecimal digits (SM3)",
            )
        )
    content = None if path is None else files.read_whole(path, MAX_FILE_BYTES)
    return content, None if digest is None else bytes.fromhex(digest)


@dataclass(slots=True)
class _Own:
    """What is believed of PDFs that this system sealed; asked for when one comes."""

    bundle: Path | None
    root: str | None
    at: datetime | None
    belief: Belief | None = None

    def believe(self) -> Belief:
        if self.belief is None:
            self.belief = believed(self.bundle, self.root, self.at)
            if self.belief.remark is not None:
                report.note(self.belief.remark)
        return self.belief

    def validate(self, data: bytes) -> SealVerdict:
        belief = self.believe()
        found = validating.validate(
            data, belief.state, belief.at, catalog=belief.catalog
        )
        return SealVerdict(Kind.PDF, found.checks, answer=found.code)


def _checked(path: Path, inquiry: SealInquiry, own: _Own) -> SealVerdict:
    try:
        data = files.read(path, MAX_FILE_BYTES)
    except FileError as err:
        unread = Check.failed("input", Code.UNREADABLE, err.message.en)
        return SealVerdict(Kind.SEAL, (unread,))
    return own.validate(data) if is_pades(data) else check(data, inquiry)


def _print(name: str, verdict: SealVerdict, at: datetime) -> None:
    mark, color = MARKS[verdict.indication]
    head = click.style(f"{mark} {verdict.code.text}", fg=color, bold=True)
    report.line(f"{head}  {report.plain(name)}")
    report.line(f"  {report.chosen(messages.seal_message(verdict.code))}")
    report.rows(list(_facts(verdict, at)), "  ")
    for one in verdict.checks:
        if one.code is not None or one.indication is Indication.NOT_CHECKED:
            shown = "-" if one.code is None else one.code.text
            report.line(f"  ✘ {one.id}: {shown}  {report.plain(one.detail)}")


def _facts(verdict: SealVerdict, at: datetime) -> Iterable[report.Row]:
    version = "" if verdict.version is None else f" {verdict.version}"
    yield Text("种类", "kind"), f"{verdict.kind}{version}"
    seal = verdict.seal
    if seal is not None:
        picture = seal.picture
        size = f"{picture.type} {picture.width_mm} mm x {picture.height_mm} mm"
        yield Text("印章编号", "seal"), seal.identifier
        yield Text("印章名称", "name"), shown_name(seal)
        yield Text("所有者", "owner"), owner_of(seal, verdict.signer) or ""
        first, last = map(report.moment, (seal.valid_from, seal.valid_until))
        yield Text("有效期", "valid"), f"{first} - {last}"
        yield Text("印模", "picture"), size
    if verdict.signed_at is not None:
        yield Text("签章时间", "signed at"), report.moment(verdict.signed_at)
    if verdict.oddities:
        yield Text("不规范之处", "oddities"), ", ".join(verdict.oddities)
    yield Text("核验时间", "at"), report.moment(at)
