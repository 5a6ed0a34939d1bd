"""The command ``init``."""

import shlex
from pathlib import Path

import click

from elicense.cli import options, report
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.workspace import Workspace
from esign.algorithms import Suite, suite_by_label

TOKEN_SUITES = (Suite.ES256, Suite.ED25519)
LIST_SUITES = (Suite.ES256, Suite.ED25519, Suite.ML_DSA_44)


def _suite(_ctx: click.Context, param: click.Parameter, value: str) -> Suite:
    """Return the suite of a name; WrongUsageError for one that is not on offer."""
    offered = TOKEN_SUITES if param.name == "algorithm" else LIST_SUITES
    names = [suite.label for suite in offered]
    if value == "SM2":
        raise WrongUsageError(
            Text(
                f"SM2 由附加组件 gm 提供，本版本尚未包含；可用：{'、'.join(names)}",
                "SM2 comes with the extra gm, which is not in this version;"
                f" expected one of: {', '.join(names)}",
            )
        )
    if value not in names:
        raise WrongUsageError(
            Text(
                f"没有这种签名算法，可用：{'、'.join(names)}",
                f"unknown algorithm; expected one of: {', '.join(names)}",
            )
        )
    return suite_by_label(value)


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--org",
    "name",
    required=True,
    metavar="NAME",
    help="The organ's name, 4 to 24 characters (机构名称).",
)
@click.option(
    "--uscc",
    "code",
    required=True,
    metavar="CODE",
    help="Its code of 18 characters (统一社会信用代码).",
)
@click.option(
    "--algorithm",
    callback=_suite,
    default=Suite.ES256.label,
    show_default=True,
    metavar="ES256|Ed25519",
    help="Suite of the tokens in the QR.",
)
@click.option(
    "--list-algorithm",
    callback=_suite,
    default=Suite.ES256.label,
    show_default=True,
    metavar="ES256|Ed25519|ML-DSA-44",
    help="Suite of status lists and trust bundles.",
)
@options.common
def init_command(
    *, folder: Path, name: str, code: str, algorithm: Suite, list_algorithm: Suite
) -> None:
    """Make a workspace (建立工作区): settings, keys, test seal, first publication.

    Everything in it is for trial: software keys, a development CA, a test seal, pages
    printed 样张. Without a terminal and without a given passphrase a random one is made
    and kept in keys/passphrase.
    """
    passphrase = options.new_passphrase()
    suites = {"token": algorithm, "status": list_algorithm, "bundle": list_algorithm}
    with Workspace.create(
        folder, name=name, code=code, passphrase=passphrase, suites=suites
    ) as made:
        _print_made(made, folder)
    if passphrase is None:
        kept = folder / options.KEPT_PASSPHRASE
        report.note(
            Text(
                f"已生成随机口令，保存在 {kept}（仅本人可读）",
                f"a random passphrase was made and is kept in {kept} (0600)",
            )
        )


def _print_made(made: Workspace, folder: Path) -> None:
    start = f"elicense --workspace {shlex.quote(str(folder))}"
    report.rows(
        [
            (Text("工作区", "workspace"), str(folder)),
            (Text("机构", "organization"), made.settings.name),
            (Text("信任包", "trust bundle"), str(folder / "public" / "trust.elt")),
            (Text("信任根指纹", "root"), made.settings.root),
            (Text("下一步", "next"), f"{start} types"),
        ]
    )
