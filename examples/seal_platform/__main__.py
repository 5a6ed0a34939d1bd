"""Run the platform: ``python examples/seal_platform [--fault slow] [--port 8801]``."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from seal_platform.desk import Desk
from seal_platform.faults import Fault
from seal_platform.server import Server
from seal_platform.vault import ORGAN, SEAL_ID, Vault

APP_ID, SECRET = "trial", "not-a-secret"


def main() -> None:
    """Serve until the user interrupts."""
    parser = argparse.ArgumentParser(description="A small seal platform to try.")
    parser.add_argument("--port", type=int, default=8801, help="0 takes any")
    parser.add_argument("--organ", default=ORGAN, help="name on the test seal")
    parser.add_argument("--fault", type=Fault, choices=list(Fault), default=Fault.NONE)
    parser.add_argument(
        "--seal",
        type=Path,
        metavar="FOLDER",
        help="a new folder for seal.esl and its certificates",
    )
    given = parser.parse_args()
    if given.seal is not None and given.seal.exists():
        parser.error(
            f"{given.seal} is there already: its seal is needed as long as licenses"
            " that carry it; each start makes a new one, so name a new folder"
        )
    desk = Desk(Vault(given.organ), APP_ID, SECRET.encode())
    desk.fault = given.fault
    try:
        server = Server(desk, given.port)
    except OSError as err:
        parser.error(f"cannot listen on port {given.port}: {err.strerror}")
    if given.seal is not None:
        given.seal.mkdir(parents=True)
        for name, data in desk.files().items():
            (given.seal / name).write_bytes(data)
    with server:
        print("测试签章平台，印章无法律效力 / a test platform; its seal has no effect")
        print(f'url = "{server.url}"\napp_id = "{APP_ID}"\nseal_id = "{SEAL_ID}"')
        print(f"secret: {SECRET}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
