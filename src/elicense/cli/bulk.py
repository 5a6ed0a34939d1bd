"""The command ``verify-bulk``."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from elicense import pins, snapshot_memory
from elicense.bulk import ArrowJudge, results, run, sources
from elicense.bulk.run import Parts, Question, Summary
from elicense.bulk.sources import Source
from elicense.cli import options, proofs, report
from elicense.cli.belief import Belief, believed
from elicense.cli.program import EXIT_INTERRUPTED
from elicense.cli.usage import WrongUsageError
from elicense.cli.verify import exit_code
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.policy import SEALED_ONLY
from elicense.snapshot import Refused, SeenSnapshot, Snapshots, named
from elicense.validating.evidence import Proof
from esign import clock
from esign.verdict import Indication


@click.command("verify-bulk")
@click.argument("given", metavar="INPUT", type=click.Path(path_type=Path))
@options.takes_bundle
@options.takes_at
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is found of each row (核验结果), .parquet, .csv or .jsonl.",
)
@click.option(
    "--snapshot",
    "manifests",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="MANIFEST",
    help="A department's manifest.cose (快照): what is inside needs no signature check."
    " May be repeated; one that cannot be used is told, and passed over.",
)
@proofs.takes_evidence
@click.option(
    "--claims",
    is_flag=True,
    help="Decode what a license says where a snapshot answers, too; that takes longer.",
)
@options.takes_workers("Processes that verify.")
@options.common
def verify_bulk_command(
    *,
    given: Path,
    trust_file: Path | None,
    root: str | None,
    at: datetime | None,
    out: Path,
    manifests: tuple[Path, ...],
    evidence_files: tuple[Path, ...],
    claims: bool,
    workers: int,
) -> None:
    """Verify many licenses at once (批量核验); one row of FILE for each, in order.

    INPUT is a .parquet, .csv, .xlsx or .jsonl file with a column qr_text, a .parquet
    file with a column document (bytes), or a folder of PDFs and pictures, whose printed
    pages are not read. Needs the extra bulk. A row that cannot be read is told in its
    place and stops nothing. The same command again goes on where it was broken off,
    and asks about the same instant.

    Exit code: 0 all PASSED, 1 one FAILED, 3 none FAILED and one INDETERMINATE, 2 wrong
    usage, or the run stopped, 130 broken off (Ctrl-C).
    """
    _check_places(given, out)
    source = sources.opened(given, SEALED_ONLY.max_input_bytes)
    earlier = run.begun(out)
    asked = at or (None if earlier is None else earlier.at)
    evidence = proofs.read(evidence_files)
    trusted = _Trusted(trust_file, root, manifests, evidence, claims)
    belief, judge, question = _asked(source, trusted, asked)
    if earlier is not None and at is None and earlier != question:
        belief, judge, question = _asked(source, trusted, None)
    if belief.remark is not None:
        report.note(belief.remark)
    if earlier is not None and earlier != question:
        report.note(_ANEW)
    with run.parts(out, question) as kept:
        with _going_on(kept):
            _run(source, judge, kept, workers)
            results.write(out, kept.tables())
        found = run.summary(kept.tables())
        run.remove(out)
    _tell(found, out)
    counts = Counter({Indication(key): n for key, n in found.indications.items()})
    click.get_current_context().exit(exit_code(counts))


_ANEW = Text(
    "上次未完成的运行所问不同（输入、信任包、时刻、选项或版本已变），重新开始",
    "the run that was broken off asked something else (another input, bundle, instant,"
    " option or version): beginning anew",
)


@dataclass(frozen=True, slots=True)
class _Trusted:
    """What a run was told to rest on."""

    trust_file: Path | None
    root: str | None
    manifests: tuple[Path, ...]
    evidence: tuple[Proof, ...]
    claims: bool


def _asked(
    source: Source, trusted: _Trusted, at: datetime | None
) -> tuple[Belief, ArrowJudge, Question]:
    belief = believed(trusted.trust_file, trusted.root, at)
    opened = _opened(trusted, belief)
    for refused in opened.refused:
        report.note(_refused(refused))
    evidence = (*trusted.evidence, *named(trusted.manifests, belief.state))
    judge = ArrowJudge(
        belief.state,
        belief.at,
        policy=SEALED_ONLY,
        evidence=evidence,
        snapshots=opened if len(opened) else None,
        claims=trusted.claims,
    )
    # With another snapshot, or claims, the rows of an earlier run have other columns.
    used = sorted(opened.digests)
    identity = run.identity(source, judge, used, trusted.claims)
    return belief, judge, Question(identity, belief.at)


def _opened(trusted: _Trusted, belief: Belief) -> Snapshots:
    """Open snapshots under what was seen of them, and remember what is seen now.

    As with a bundle, nothing is compared or kept under a root that is not pinned.
    """
    home = options.home()
    pinned = pins.read(home)
    named = trusted.root
    is_kept = pinned is not None and (named is None or named in pinned.roots)
    is_kept = is_kept and bool(trusted.manifests)
    seen = snapshot_memory.recall(home) if is_kept else snapshot_memory.NOTHING
    opened = Snapshots.open(
        trusted.manifests,
        belief.state,
        belief.at,
        policy=SEALED_ONLY,
        seen={code: SeenSnapshot(*item) for code, item in seen.items()},
    )
    if is_kept:
        snapshot_memory.keep(home, opened.seen)
    return opened


def _refused(refused: Refused) -> Text:
    """Say why a snapshot is not used."""
    path, error = refused.path, refused.error
    why = (
        error.message
        if isinstance(error, ElicenseError)
        else Text(str(error), str(error))
    )
    return Text(
        f"不使用快照 {path}：{why.zh}；其中的证照改验签名",
        f"the snapshot {path} is not used: {why.en}; signatures are verified instead",
    )


def _check_places(given: Path, out: Path) -> None:
    """Refuse, before anything is verified, what could not be written."""
    if out.suffix.lower() not in results.ENDINGS:
        known = ", ".join(results.ENDINGS)
        raise WrongUsageError(
            Text(f"--out 应为 {known} 文件", f"--out: expected a file of {known}")
        )
    if out.is_dir() or not os.access(out.parent, os.W_OK):
        raise WrongUsageError(
            Text(
                f"--out {out}：所在文件夹不存在或不可写",
                f"--out {out}: its folder is missing or not writable",
            )
        )
    if out.exists() and given.exists() and out.samefile(given):
        raise WrongUsageError(
            Text(
                f"--out {out}：会覆盖 INPUT，请换一个文件名",
                f"--out {out}: would replace INPUT; use another name",
            )
        )


def _run(source: Source, judge: ArrowJudge, kept: Parts, workers: int) -> None:
    """Answer what is not answered yet, and show how far it is."""
    if kept.rows:
        report.note(
            Text(
                f"接着上次的运行，已有 {kept.rows} 行",
                f"going on with an earlier run; {kept.rows} rows are done",
            )
        )
    begun, first = clock.now(), kept.rows
    for done in run.answer_all(source, judge, kept, workers=workers):
        _progress(done, done - first, begun)


@contextmanager
def _going_on(kept: Parts) -> Iterator[None]:
    """Tell of a run that is broken off how it goes on."""
    try:
        yield
    except BaseException as err:
        report.note(
            Text(
                f"未全部完成，已核验 {kept.rows} 行；用同一命令再次运行即可继续",
                f"not all is done; {kept.rows} rows are verified. The same command"
                " goes on",
            )
        )
        if isinstance(err, KeyboardInterrupt):
            click.get_current_context().exit(EXIT_INTERRUPTED)
        raise


def _progress(done: int, new: int, begun: datetime) -> None:
    """Show on a terminal that a long run goes on, and how fast."""
    if spent := report.long_run(begun):
        click.echo(f"\r{done} ({new / spent:.0f}/s) ", err=True, nl=False)


def _tell(found: Summary, out: Path) -> None:
    """Say what was found, by issuer and code."""
    for (issuer, name, code), count in sorted(found.by_issuer.items()):
        who = f"{name} {issuer}".strip()
        known = (
            Text(who, who) if who else Text("（发证机关未知）", "(issuer not known)")
        )
        report.note(
            Text(
                f"{count:>10}  {code:<15} {known.zh}",
                f"{count:>10}  {code:<15} {known.en}",
            )
        )
    parts = [
        f"{found.indications[each]} {each.value}"
        for each in Indication
        if found.indications[each]
    ]
    rows = f"{found.rows} {'row' if found.rows == 1 else 'rows'}"
    report.note(
        Text(
            f"{'：'.join([f'共 {found.rows} 行', *filter(None, ['，'.join(parts)])])}"
            f"；见 {out}",
            f"{': '.join([rows, *filter(None, [', '.join(parts)])])}; see {out}",
        )
    )
