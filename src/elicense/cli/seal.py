"""The commands ``seal``: each in a module of its own."""

import click

from elicense.cli import options
from elicense.cli.seal_check import check_command
from elicense.cli.seal_keeping import (
    disable_command,
    enable_command,
    list_command,
    revoke_command,
    show_command,
)
from elicense.cli.seal_log import log_command
from elicense.cli.seal_making import import_command, make_command
from elicense.cli.seal_using import certificate_command, use_command


@click.group("seal")
@options.common
def seal_command() -> None:
    """Make, import and manage seals (印章), and check those of others (验章).

    A seal is requested, made, filed, enabled, disabled and revoked, and expires with
    its period. Who may put which seal on what stands in seals.toml of the workspace;
    each use and each refusal has its line in the seal-use log (用印日志).
    """


for _command in (
    make_command,
    import_command,
    certificate_command,
    use_command,
    list_command,
    show_command,
    enable_command,
    disable_command,
    revoke_command,
    log_command,
    check_command,
):
    seal_command.add_command(_command)
