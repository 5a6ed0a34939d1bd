"""The command ``verify``."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from elicense import files
from elicense.cli import inputs, options, report
from elicense.cli.belief import believed
from elicense.cli.inputs import Inquiry
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.payload import Claims
from elicense.policy import SEALED_ONLY, STANDARD
from elicense.validating import MAX_TIMESTAMPS, Verdict
from elicense.validating.evidence import Proof
from elicense.validating.verdict import summary
from esign import clock, timestamps
from esign.errors import MalformedError, VerificationError
from esign.timestamps import MAX_TOKEN_BYTES
from esign.verdict import Indication

EXIT_FAILED = 1
EXIT_INDETERMINATE = 3
_SNAPSHOT_SUFFIX = ".cose"
MARKS = {
    Indication.PASSED: ("✔", "green"),
    Indication.FAILED: ("✘", "red"),
    Indication.INDETERMINATE: ("?", "yellow"),
    Indication.NOT_CHECKED: ("-", "white"),
}


@click.command("verify")
@click.argument("names", metavar="INPUT...", nargs=-1, required=True)
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(path_type=Path),
    multiple=True,
    callback=options.once,
    metavar="FILE",
    help="The department's trust bundle (信任包); else that of the workspace.",
)
@click.option(
    "--root",
    callback=options.fingerprint,
    metavar="FINGERPRINT",
    help="The only root to believe (信任根指纹), sha256: and 64 digits. Unless it is"
    " pinned as well, nothing is compared with earlier runs, and nothing is kept.",
)
@options.takes_at
@click.option(
    "--evidence",
    "evidence_files",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="An RFC 3161 timestamp (时间戳) over a license, where its key was withdrawn;"
    " or a kept snapshot's manifest.cose with its timestamp in manifest.cose.tsr; may"
    " be repeated.",
)
@click.option("--no-face", is_flag=True, help="Leave the printed page unread.")
@options.as_json
@options.common
def verify_command(
    *,
    names: tuple[str, ...],
    trust_file: Path | None,
    root: str | None,
    at: datetime | None,
    evidence_files: tuple[Path, ...],
    no_face: bool,
    as_json: bool,
) -> None:
    """Verify PDFs, pictures of a QR, or QR texts (核验).

    INPUT is a PDF, a PNG or JPEG picture, or - for QR texts on standard input, one on a
    line. Every input gives one answer, in order. A workspace believes its own root;
    elsewhere --trust needs a pinned root (elicense trust pin) or --root. What was seen
    under a pinned root is remembered, and an older bundle, or a clock that went back,
    is noticed. No network is used.

    Exit code: 0 all PASSED, 1 one FAILED, 3 none FAILED and one INDETERMINATE.
    """
    if names.count(inputs.STDIN) > 1:
        raise WrongUsageError(Text("- 只能出现一次", "- may be given once"))
    evidence = _evidence(evidence_files)
    belief = believed(trust_file, root, at)
    if belief.remark is not None:
        report.note(belief.remark)
    policy = SEALED_ONLY if no_face else STANDARD
    inquiry = Inquiry(belief.state, belief.at, policy, belief.catalog, evidence)
    counts = _verify(names, inquiry, as_json=as_json)
    click.get_current_context().exit(exit_code(counts))


def _evidence(paths: Sequence[Path]) -> tuple[Proof, ...]:
    """Read the timestamps; too many are refused, for the rest would not count."""
    if len(paths) > MAX_TIMESTAMPS:
        raise WrongUsageError(
            Text(
                f"--evidence 最多给出 {MAX_TIMESTAMPS} 次",
                f"--evidence may be given {MAX_TIMESTAMPS} times at most",
            )
        )
    return tuple(
        _archive(path) if path.suffix == _SNAPSHOT_SUFFIX else _timestamp(path)
        for path in paths
    )


def _archive(path: Path) -> Proof:
    """Return a kept snapshot with the timestamp that stands beside it."""
    if find_spec("numpy") is None:
        raise WrongUsageError(
            Text(
                "快照证据需要附加组件：pip install 'elicense[bulk]'",
                "a snapshot as evidence needs: pip install 'elicense[bulk]'",
            )
        )
    snapshot = import_module("elicense.snapshot")
    stamp = _timestamp(path.with_name(f"{path.name}.tsr"))
    opened: Proof = snapshot.Archive.open(path, [stamp])
    return opened


def _timestamp(path: Path) -> bytes:
    try:
        return timestamps.token_in(files.read(path, MAX_TOKEN_BYTES))
    except (MalformedError, VerificationError) as err:
        raise WrongUsageError(
            Text(
                f"--evidence {path}：不是 RFC 3161 时间戳（.tsr 或 TimeStampToken，"
                f"DER）：{err}",
                f"--evidence {path}: not an RFC 3161 timestamp (.tsr or a"
                f" TimeStampToken, DER): {err}",
            )
        ) from err


def exit_code(counts: Counter[Indication]) -> int:
    """Return the exit code of a run: 0 only if there was an input and all PASSED."""
    if counts[Indication.FAILED]:
        return EXIT_FAILED
    if counts[Indication.INDETERMINATE] or not counts[Indication.PASSED]:
        return EXIT_INDETERMINATE
    return 0


def _verify(
    names: Sequence[str], inquiry: Inquiry, *, as_json: bool
) -> Counter[Indication]:
    counts: Counter[Indication] = Counter()
    begun = clock.now()
    for item in inputs.each(names):
        verdict = item.validate(inquiry)
        counts[verdict.indication] += 1
        if as_json:
            report.json_line(verdict.to_json(item.name))
        else:
            _print(item.name, verdict, inquiry)
        _progress(counts.total(), begun)
    if not as_json and counts.total() > 1:
        _print_counts(counts)
    return counts


def _progress(done: int, begun: datetime) -> None:
    """Show on a terminal that a long run goes on, where the answers go elsewhere."""
    if not sys.stdout.isatty() and report.long_run(begun):
        click.echo(f"\r{done}", err=True, nl=False)


def _print_counts(counts: Counter[Indication]) -> None:
    parts = [f"{counts[each]} {each.value}" for each in Indication if counts[each]]
    total, listed = counts.total(), ", ".join(parts)
    report.note(Text(f"共 {total} 个：{listed}", f"{total} inputs: {listed}"))


def _print(name: str, verdict: Verdict, inquiry: Inquiry) -> None:
    mark, color = MARKS[verdict.indication]
    head = click.style(f"{mark} {verdict.code.text}", fg=color, bold=True)
    report.line(f"{head}  {report.plain(name)}")
    report.line(f"  {report.chosen(verdict.message)}")
    report.rows(_facts(verdict, inquiry), "  ")
    for check in verdict.checks:
        if check.code is not None:
            detail = report.plain(check.detail)
            report.line(f"  ✘ {check.id}: {check.code.text}  {detail}")


def _issuer(claims: Claims, inquiry: Inquiry) -> str:
    """Return the organ's code, and its name as the trust bundle has it."""
    entry = inquiry.trust.organizations.get(claims.issuer)
    name = "" if entry is None else entry.name_on(claims.issue_date)
    return f"{name} {claims.issuer}".lstrip()


def _facts(verdict: Verdict, inquiry: Inquiry) -> list[report.Row]:
    found: list[report.Row] = []
    if verdict.claims is not None:
        shown = summary(verdict.claims)
        until = shown["valid_until"] or "长期"
        found = [
            (Text("证照标识", "identifier"), str(shown["identifier"])),
            (Text("证照编号", "number"), str(shown["number"])),
            (Text("类型", "type"), str(shown["type"])),
            (Text("发证机关", "issuer"), _issuer(verdict.claims, inquiry)),
            (Text("持证主体", "holder"), str(shown["holder"])),
            (Text("有效期", "valid"), f"{shown['valid_from']} - {until}"),
        ]
        if verdict.claims.specimen:
            found.append(report.specimen())
    if verdict.scope is not None:
        found.append((Text("核验范围", "scope"), verdict.scope.value))
    if verdict.status_as_of is not None:
        as_of = report.moment(verdict.status_as_of)
        found.append((Text("状态截至", "status as of"), as_of))
    found.append((Text("核验时间", "at"), report.moment(verdict.at)))
    return found
