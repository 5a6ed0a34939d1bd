"""The commands ``seal certificate`` and ``seal use``: a licensed maker's own seal."""

from pathlib import Path

import click

from elicense import files, own_seal
from elicense.cli import announced, options, release, report, seal_view
from elicense.cli.place import open_workspace
from elicense.cli.seal_making import by_option
from elicense.cli.seal_trust import Given, takes_trust
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from esign import clock
from esign.ses import MAX_SEAL_BYTES


@click.command("certificate")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.cer",
    help="Where to write it, DER.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@options.as_json
@options.common
def certificate_command(*, out: Path, force: bool, as_json: bool) -> None:
    """Write the certificate of the own seal's key (签章人证书).

    A maker of seals lists it in the seal that he makes; elicense seal use then takes
    that seal. Public: no passphrase is asked for.
    """
    release.check_out(out, None, force=force)
    with open_workspace() as workspace:
        der = own_seal.certificate(workspace)
        key = workspace.custody.parts.seal.name
    files.write(out, der)
    if as_json:
        report.json_line({"key": key, "file": str(out)})
    else:
        report.rows([(Text("密钥", "key"), key), (Text("文件", "file"), str(out))])


@click.command("use")
@click.argument("path", metavar="FILE.esl", type=click.Path(path_type=Path))
@takes_trust(
    "A folder with makers/, roots/, cas/ and crls/, in place of the options below."
)
@click.option(
    "--seal-name",
    default="",
    metavar="TEXT",
    help="The seal's whole name, where it does not contain the organization's.",
)
@click.option(
    "--abandon",
    is_flag=True,
    help="Use it although licenses are reserved and not finished; they never will be.",
)
@by_option
@options.as_json
@options.common
def use_command(
    *,
    path: Path,
    given: Given,
    seal_name: str,
    abandon: bool,
    by: str,
    as_json: bool,
) -> None:
    """Let a seal that a licensed maker made seal licenses from now on (启用正式印章).

    It lists the certificate of the workspace's own seal key (elicense seal
    certificate), passes elicense seal check by the certificates that you name, is the
    organization's, and has a picture that can be drawn: that picture is on every
    license, in the size that the seal states. It takes the place of the test seal, and
    is published; what was sealed before stays good. For workspaces of SM2. Needs the
    extra gm.

    Exit code 0: in use and published; 2: nothing changed; 3: in use, not published.
    """
    if given.bundle is not None:
        raise WrongUsageError(
            Text(
                "--trust 应为文件夹：信任包不能说明制章者是否可信",
                "--trust: a folder; a trust bundle does not say whom you believe",
            )
        )
    at = clock.now()
    data = files.read_whole(path, MAX_SEAL_BYTES)
    trust = given.read()
    with open_workspace(signing=True) as workspace:
        found = own_seal.use(
            workspace, data, trust, at, own_seal.Terms(by, seal_name, abandon)
        )
    _tell_room(found.no_room)
    answer = {
        **seal_view.to_json(found.seal, at),
        "no_room": [{"type": name, "page": page} for name, page in found.no_room],
    }
    announced.tell(found.done, seal_view.rows(found.seal, at), answer, as_json=as_json)


def _tell_room(pages: tuple[tuple[str, str], ...]) -> None:
    if not pages:
        return
    listed = ", ".join(f"{name} {page}".strip() for name, page in pages)
    report.note(
        Text(
            f"以下版面的用印位置小于印模，不能用此印章签发：{listed}",
            "these pages have no room for the seal at its size, and are not printed"
            f" with it: {listed}",
        )
    )
