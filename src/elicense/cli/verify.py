"""The command ``verify``."""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from elicense.cli import inputs, options, proofs, report
from elicense.cli.belief import believed
from elicense.cli.inputs import Inquiry
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.payload import Claims
from elicense.policy import SEALED_ONLY, STANDARD
from elicense.validating import Verdict
from elicense.validating.verdict import summary
from esign import clock
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
@options.takes_bundle
@options.takes_at
@proofs.takes_evidence
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
    evidence = proofs.read(evidence_files)
    belief = believed(trust_file, root, at)
    if belief.remark is not None:
        report.note(belief.remark)
    policy = SEALED_ONLY if no_face else STANDARD
    inquiry = Inquiry(belief.state, belief.at, policy, belief.catalog, evidence)
    counts = _verify(names, inquiry, as_json=as_json)
    click.get_current_context().exit(exit_code(counts))


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
