"""The command ``publish``."""

import click

from elicense.cli import options, report
from elicense.cli.place import open_workspace
from elicense.cli.trusted import instant
from elicense.model import Text
from elicense.validating.verdict import instant_text
from esign import clock


@click.command("publish")
@options.as_json
@options.common
def publish_command(*, as_json: bool) -> None:
    """Sign status lists and trust bundle (发布状态列表与信任包) and write the file.

    The file is public/trust.elt of the workspace; strangers take it from there. What
    was revoked or suspended since the last time is known to them from now on.
    """
    at = clock.now()
    with open_workspace(signing=True) as workspace:
        publication = workspace.publish(at)
        lists = sorted(workspace.trust().lists.values(), key=lambda item: item.number)
        path = workspace.trust_file
    expires = min(instant(item.expires_at) for item in lists)
    if as_json:
        report.json_line(
            {
                "number": publication.number,
                "issued_at": instant_text(at),
                "expires_at": instant_text(expires),
                "lists": [item.number for item in lists],
                "file": str(path),
            }
        )
        return
    report.rows(
        [
            (Text("期号", "number"), str(publication.number)),
            (Text("状态列表", "status lists"), str(len(lists))),
            (Text("下次发布不迟于", "publish again by"), report.moment(expires)),
            (Text("文件", "file"), str(path)),
        ]
    )
