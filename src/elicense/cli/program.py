"""The program: its commands, loaded when they are used, and what an error looks like.

Exit codes: 0 done, or all inputs PASSED; 1 an input FAILED; 2 wrong usage, wrong data,
or a place that cannot be used; 3 no input FAILED and one is INDETERMINATE; 130 broken
off by the user; 141 the reader of the output went away.
"""

import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

import click

from elicense.cli import options, report
from elicense.cli.usage import usage_text
from elicense.errors import ApplicationError, ElicenseError
from elicense.model import Text
from esign.errors import ESignError, UnavailableError

EXIT_WRONG = 2
HELP_OPTIONS = ("-h", "--help")
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells have it
EXIT_BROKEN_PIPE = 141  # 128 + SIGPIPE

# Name -> module and one line of help. A command's module is imported when it is used,
# so that help and the catalog do not wait for PDF engines.
COMMANDS = {
    "init": ("founding", "Make a workspace (建立工作区): settings, keys, test seal."),
    "types": ("catalog", "List, show and check license types (证照类型)."),
    "issue": ("issuing", "Issue one license (签发证照) as a sealed PDF."),
    "issue-batch": ("batch", "Issue many licenses (批量签发) from a file of rows."),
    "show": ("showing", "Show what a license says, its history and its QR."),
    "revoke": ("changes", "End a license (撤销、撤回、吊销、注销、作废)."),
    "suspend": ("changes", "Hold a license (暂扣)."),
    "reinstate": ("changes", "Give a license back or restore it (发还、恢复)."),
    "reprint": ("reprinting", "Print a license once more (重印), as 正本 or 副本."),
    "renew": ("renewing", "Issue a new version of a license (延续、变更、补发、更正)."),
    "import": ("importing", "Issue what was granted on paper long ago (存量补录)."),
    "reconcile": ("reconciling", "Collect seals from the seal platform (签章对账)."),
    "publish": (
        "publication",
        "Sign status lists and trust bundle (发布状态与信任包).",
    ),
    "lookup": ("lookup", "Say what the register has of a number (按编号查询)."),
    "events": ("events", "Print what happened (事件流), for a supervisor's system."),
    "seal": ("seal", "Make, import and manage seals (印章); check others' (验章)."),
    "keys": ("keys", "List the keys (密钥), renew them, mark one as compromised."),
    "adopt": ("succession", "Take over another organ's workspace (机构改革)."),
    "rename": ("succession", "Give the organ a new name (机构更名) from a day on."),
    "trust": ("hub", "Look into trust bundles (信任包), pin roots, merge for a hub."),
    "verify": ("verify", "Verify PDFs, pictures of a QR, or QR texts (核验)."),
    "verify-bulk": ("bulk", "Verify many licenses at once (批量核验) from a table."),
    "demo": ("demo", "Tell the whole story on invented data (演示)."),
}


_EXTRAS = {"numpy": "bulk", "pyarrow": "bulk"}


def _module(name: str) -> ModuleType:
    """Import a command's module; ElicenseError where its extra is not installed."""
    try:
        return importlib.import_module(f"elicense.cli.{name}")
    except ModuleNotFoundError as err:
        extra = _EXTRAS.get(err.name or "")
        if extra is None:
            raise
        raise ElicenseError(
            Text(
                f"该命令需要附加组件：pip install 'elicense[{extra}]'",
                f"this command needs an extra: pip install 'elicense[{extra}]'",
            )
        ) from err


class Program(click.Group):
    """The group of all commands."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order of a license's life."""
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import and return a command, None for an unknown name."""
        if name not in COMMANDS:
            return None
        module = _module(COMMANDS[name][0])
        command = getattr(module, f"{name.replace('-', '_')}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{name} is not a command")
        return command

    def format_commands(
        self, _ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that went away (``| head``) is not an error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # What is still buffered has nowhere to go; without this the interpreter
            # would complain of it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(EXIT_BROKEN_PIPE)
        return result

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "elicense",
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT002  click's own signature
        **extra: Any,
    ) -> NoReturn:
        """Run the command line and exit; errors are told in the user's language."""
        del standalone_mode
        report.prepare_streams()
        try:
            code = super().main(
                args, prog_name, complete_var, standalone_mode=False, **extra
            )
        except click.Abort:
            report.error(
                Text(
                    "已中断。已预留的证照会保留，用同一命令再次运行即可完成",
                    "interrupted; what was reserved is kept: run the same command"
                    " again to finish it",
                )
            )
            sys.exit(EXIT_INTERRUPTED)
        except click.exceptions.NoArgsIsHelpError as err:
            err.show()  # the help, which is no error's text
            sys.exit(EXIT_WRONG)
        except click.ClickException as err:
            report.error(usage_text(err))
            sys.exit(EXIT_WRONG)
        except ApplicationError as err:
            report.problems(err)
            sys.exit(EXIT_WRONG)
        except (ElicenseError, ESignError, OSError) as err:
            report.error(_told(err))
            sys.exit(EXIT_WRONG)
        sys.exit(code if isinstance(code, int) else 0)


def _told(err: ElicenseError | ESignError | OSError) -> Text:
    """Return what an error of the library, or of the system, says to people."""
    match err:
        case ElicenseError():
            return err.message
        case UnavailableError():  # a device, a service, a package
            from elicense import device  # noqa: PLC0415  only where one is in use

            return device.told(err)
        case ESignError():
            return Text(f"数据无法使用（{err}）", str(err))
        case _:
            reason = err.strerror or type(err).__name__
            return Text(f"系统错误：{reason}", f"the system says: {reason}")


@click.command(
    "elicense",
    cls=Program,
    context_settings={"help_option_names": list(HELP_OPTIONS)},
    epilog="Messages follow ELICENSE_LANG, LC_ALL or LANG: zh or en. Exit codes: 0 done"
    " or all PASSED, 1 FAILED, 2 wrong usage or data, 3 INDETERMINATE.",
)
@click.version_option(package_name="elicense", message="%(prog)s %(version)s")
@options.common
def program() -> None:
    """Issue, seal, verify and revoke electronic licenses (电子证照)."""


def main() -> NoReturn:
    """Run the program; the entry point of the script ``elicense``."""
    program.main()
