"""The command ``init``."""

import shlex
from pathlib import Path

import click

from elicense import founding
from elicense.cli import options, report, suites
from elicense.cli.usage import WrongUsageError
from elicense.device import DeviceAccess
from elicense.device_settings import DeviceSettings
from elicense.model import Text
from elicense.workspace import Workspace
from esign.algorithms import Suite


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
    callback=suites.among(*suites.TOKENS),
    default=Suite.ES256.label,
    show_default=True,
    metavar=suites.metavar(*suites.TOKENS),
    help="Suite of the tokens in the QR; with SM2 (extra gm) of everything.",
)
@click.option(
    "--list-algorithm",
    callback=suites.among(*suites.LISTS),
    metavar=suites.metavar(*suites.LISTS),
    help="Suite of status lists and trust bundles; ES256, or SM2 with SM2.",
)
@click.option(
    "--device",
    "module",
    metavar="MODULE",
    help="Path of a device's PKCS #11 module: it makes the keys of tokens, lists and"
    " seal, and keeps them (密码设备).",
)
@click.option("--token", "label", metavar="LABEL", help="With --device: its token.")
@options.common
def init_command(
    *,
    folder: Path,
    name: str,
    code: str,
    algorithm: Suite,
    list_algorithm: Suite | None,
    module: str | None,
    label: str | None,
) -> None:
    """Make a workspace (建立工作区): settings, keys, test seal, first publication.

    Everything in it is for trial: software keys, a development CA, a test seal, pages
    printed 样张. Without a terminal and without a given passphrase a random one is made
    and kept in keys/passphrase.

    With --device the keys of tokens, lists and seal never leave the device. The root,
    the bundle key and the development CA stay files, under the passphrase.
    """
    device = _device(module, label)
    passphrase = options.new_passphrase()
    with Workspace.create(
        folder,
        name=name,
        code=code,
        passphrase=passphrase,
        suites=founding.suites_of(algorithm, list_algorithm),
        device=device,
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


def _device(module: str | None, label: str | None) -> DeviceAccess | None:
    """Return the device of the options; WrongUsageError for one without the other."""
    if not module and not label:
        return None
    if not module or not label:
        raise WrongUsageError(
            Text("--device 与 --token 应一起使用", "use --device and --token together")
        )
    return DeviceAccess(DeviceSettings(module=module, token=label), options.pin())


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
