"""The command ``seal check``."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from elicense import files, messages, validating
from elicense.cli import options, report
from elicense.cli.belief import Belief, believed
from elicense.cli.usage import WrongUsageError
from elicense.cli.verify import MARKS, exit_code
from elicense.files import FileError
from elicense.model import Text
from elicense.sealing import Kind, Pinned, SealInquiry, SealVerdict, check, read_trust
from elicense.sealing.bundled import trust_of
from elicense.sealing.checking import MAX_FILE_BYTES, is_pades
from elicense.sealing.pinned import MAX_FILE_BYTES as MAX_TRUST_BYTES
from elicense.sealing.verdict import owner_of, shown_name
from esign import clock
from esign.errors import MalformedError, VerificationError
from esign.ses import SesTrust
from esign.verdict import Check, Code, Indication

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FOLDERS = ("makers", "roots", "cas", "tsas", "crls")
Function = TypeVar("Function", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)


def _files(name: str, meaning: str) -> Callable[[Function], Function]:
    return click.option(
        f"--{name}",
        f"{name.replace('-', '_')}_files",
        type=_FILE,
        multiple=True,
        metavar="FILE",
        help=f"{meaning}, DER or PEM; may be repeated.",
    )


@click.command("check")
@click.argument("names", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--trust",
    "trust_paths",
    type=_FILE,
    multiple=True,
    metavar="PATH",
    help="A folder with makers/, roots/, cas/, tsas/ and crls/; or a trust bundle"
    " (信任包) for PDFs of this system. One of each.",
)
@_files("maker", "The certificate of a seal maker (制章者) to believe")
@_files("ca-root", "The certificate of a root CA to believe")
@_files("ca", "The certificate of a CA between them")
@_files("tsa", "The certificate of a timestamp service to believe")
@_files("crl", "A list of revoked certificates, one for each CA")
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
    trust_paths: tuple[Path, ...],
    maker_files: tuple[Path, ...],
    ca_root_files: tuple[Path, ...],
    ca_files: tuple[Path, ...],
    tsa_files: tuple[Path, ...],
    crl_files: tuple[Path, ...],
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
    folder, bundle = _told_apart(trust_paths)
    given = (maker_files, ca_root_files, ca_files, tsa_files, crl_files)
    trust = _trust(folder, given)
    own = _Own(bundle, root, at)
    is_free = not any(given) and folder is None
    if is_free and (bundle is not None or options.own_folder() is not None):
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


def _told_apart(paths: tuple[Path, ...]) -> tuple[Path | None, Path | None]:
    """Return the folder and the bundle of ``--trust``."""
    folders = [path for path in paths if path.is_dir()]
    bundles = [path for path in paths if not path.is_dir()]
    if len(folders) > 1 or len(bundles) > 1:
        raise WrongUsageError(
            Text(
                "--trust 最多给出一个文件夹和一个信任包",
                "--trust: one folder and one trust bundle at most",
            )
        )
    return next(iter(folders), None), next(iter(bundles), None)


def _trust(folder: Path | None, given: tuple[tuple[Path, ...], ...]) -> SesTrust:
    groups = []
    for name, paths in zip(_FOLDERS, given, strict=True):
        kept = () if folder is None else sorted((folder / name).glob("*"))
        groups.append(tuple(map(_read, (*kept, *paths))))
    if folder is not None and not any((folder / name).is_dir() for name in _FOLDERS):
        listed = ", ".join(f"{name}/" for name in _FOLDERS)
        raise WrongUsageError(
            Text(
                f"--trust {folder}：其中没有 {listed}",
                f"--trust {folder}: there is none of {listed} in it",
            )
        )
    try:
        return read_trust(Pinned(*groups))
    except (MalformedError, VerificationError) as err:
        raise WrongUsageError(
            Text(f"给出的证书或吊销列表不能使用：{err}", f"what to believe: {err}")
        ) from err


def _read(path: Path) -> bytes:
    return files.read_whole(path, MAX_TRUST_BYTES)


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
