"""The commands ``seal make`` and ``seal import``."""

from dataclasses import replace
from pathlib import Path

import click

from elicense import files, seals
from elicense.cli import options, release, seal_view
from elicense.cli.place import open_workspace
from elicense.cli.usage import WrongUsageError
from elicense.errors import MalformedCodeError
from elicense.model import Text
from elicense.sealing import SealEvent, SealEventKind
from elicense.sealing.pinned import MAX_FILE_BYTES, objects_in
from elicense.sealmaker import VERSIONS, SealOrder
from esign import clock
from esign.errors import MalformedError
from esign.seal_image import RANKS, SealSpec
from esign.ses import MAX_SEAL_BYTES

by_option = click.option(
    "--by", default="", metavar="ID", help="Your id, which goes on record (经办人)."
)


@click.command("make")
@click.option("--org", metavar="NAME", help="The owner's name; else the workspace's.")
@click.option("--uscc", metavar="CODE", help="The owner's USCC; else the workspace's.")
@click.option(
    "--rank",
    type=click.Choice(list(RANKS)),
    default="department",
    show_default=True,
    help="Whose seal it is, which gives its size and form (国发〔1999〕25号).",
)
@click.option(
    "--purpose",
    metavar="TEXT",
    help="The horizontal line, such as 证照专用章; else that of the rank.",
)
@click.option(
    "--seal-version",
    type=click.Choice([str(one) for one in VERSIONS]),
    default="4",
    show_default=True,
    help="4: GB/T 38540-2020; 5: GM/T 0031-2025.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path),
    metavar="FILE.cer",
    help="List this certificate, whose key is kept elsewhere (elicense seal"
    " certificate); else that of a new key.",
)
@click.option(
    "--by-digest", is_flag=True, help="List the certificate by its SM3 digest."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.esl",
    help="Write the seal to a file too.",
)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@by_option
@options.as_json
@options.common
def make_command(
    *,
    org: str | None,
    uscc: str | None,
    rank: str,
    purpose: str | None,
    seal_version: str,
    certificate: Path | None,
    by_digest: bool,
    out: Path | None,
    force: bool,
    by: str,
    as_json: bool,
) -> None:
    """Make a test seal (制作测试印章) with an SM2 key of its own.

    Name and picture say 测试印章，无法律效力. It is registered as made; enable it with:
    elicense seal enable ID. The maker is one of the workspace, for trial; seals/trust
    is what elicense seal check --trust believes it by. Needs the extra gm.
    """
    if out is not None:
        release.check_out(out, None, force=force)
    at = clock.now()
    with open_workspace(signing=True) as workspace:
        name = org or workspace.settings.name
        order = replace(
            _order(uscc or workspace.settings.code, (name, purpose, rank)),
            version=int(seal_version),
            by_digest=by_digest,
            signer=None if certificate is None else _signer(certificate),
        )
        made = seals.make_seal(workspace, order, at, by)
    if out is not None:
        files.write(out, made.content)
    seal_view.show(made, at, as_json=as_json)


def _signer(path: Path) -> bytes:
    try:
        (der,) = objects_in(files.read_whole(path, MAX_FILE_BYTES))
    except (MalformedError, ValueError) as err:
        raise WrongUsageError(
            Text(
                f"--certificate {path}：应为一张证书（DER 或 PEM）",
                f"--certificate {path}: expected one certificate, DER or PEM",
            )
        ) from err
    return der


def _order(owner: str, drawn: tuple[str, str | None, str]) -> SealOrder:
    name, purpose, rank = drawn
    try:
        spec = SealSpec(name, purpose, rank=rank)
        return SealOrder(owner=owner, spec=spec)
    except MalformedCodeError:
        raise
    except ValueError as err:
        raise WrongUsageError(
            Text(f"无法制作该印章：{err}", f"no such seal can be made: {err}")
        ) from err


@click.command("import")
@click.argument("path", metavar="FILE.esl", type=click.Path(path_type=Path))
@click.option("--uscc", metavar="CODE", help="The owner's USCC; else the workspace's.")
@click.option("--filed", is_flag=True, help="It is filed (备案) with the authority.")
@by_option
@options.as_json
@options.common
def import_command(
    *, path: Path, uscc: str | None, filed: bool, by: str, as_json: bool
) -> None:
    """Register a seal that a licensed maker made (导入印章), with its own picture.

    The maker's signature must hold. Whether the maker is one to believe, say
    elicense seal check and whoever checks a document. Enable it with: elicense seal
    enable ID. Needs the extra gm.
    """
    at = clock.now()
    data = files.read_whole(path, MAX_SEAL_BYTES)
    kinds = [SealEventKind.REQUEST, SealEventKind.MAKE]
    events = [
        SealEvent(kind=kind, effective_at=at, recorded_at=at, by=by)
        for kind in (*kinds, *([SealEventKind.FILE] if filed else []))
    ]
    with open_workspace() as workspace:
        owner = uscc or workspace.settings.code
        kept = seals.import_seal(workspace, data, owner, events)
    seal_view.show(kept, at, as_json=as_json)
