"""Issue and verify where every use of the network ends the program.

    python offline.py FOLDER

Prints one line for each thing done. An audit hook of the interpreter sees every socket
and every look-up of a name, whoever asks for it; it writes the event to standard error
and ends the process at once, so that no caller can pass over it.
"""

import os
import socket
import sys
from pathlib import Path

_FORBIDDEN = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.")


def refuse(event: str, arguments: tuple[object, ...]) -> None:
    """End the process where it touches the network."""
    if event == "socket.__new__" and arguments[1] == socket.AF_UNIX:
        return  # an event loop wakes itself up with a pair of them
    if event.startswith(_FORBIDDEN):
        os.write(2, f"network: {event}\n".encode())
        os._exit(70)


def main(folder: Path) -> None:
    """Make a workspace, issue, and verify a PDF, a text, a picture and a revocation."""
    # Imports are watched too. The folder of this program is the first place for them.
    from killed import (  # noqa: PLC0415
        CODE,
        LATER,
        NAME,
        PASSPHRASE,
        START,
        revoke_only,
    )

    from elicense import (  # noqa: PLC0415
        Workspace,
        qr,
        sample,
        validate_image,
        validate_text,
    )

    made = Workspace.create(
        folder / "ws", name=NAME, code=CODE, passphrase=PASSPHRASE, at=START
    )
    with made as workspace:
        trust = workspace.trust()
        for type_name in workspace.catalog.names():
            issued = workspace.issue(
                type_name, sample(type_name, START), number="1", at=START
            )
            png = qr.to_png(qr.encode(issued.qr_text))
            verdicts = {
                "pdf": workspace.validate(issued.pdf, START),
                "text": validate_text(issued.qr_text, trust, START),
                "image": validate_image(png, trust, START),
            }
            for name, verdict in verdicts.items():
                sys.stdout.write(f"{type_name} {name} {verdict.code.text}\n")
            revoke_only(workspace, issued.license.identifier)
        workspace.publish(LATER)
        sys.stdout.write(f"revoked {workspace.validate(issued.pdf, LATER).code.text}\n")


if __name__ == "__main__":
    sys.addaudithook(refuse)
    if sys.argv[1] == "--probe":
        socket.getaddrinfo("localhost", 80)
    main(Path(sys.argv[1]))
