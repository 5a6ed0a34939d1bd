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
        "--seal", type=Path, metavar="FOLDER", help="write seal.esl and certificates"
    )
    given = parser.parse_args()
    desk = Desk(Vault(given.organ), APP_ID, SECRET.encode())
    desk.fault = given.fault
    if given.seal is not None:
        given.seal.mkdir(parents=True, exist_ok=True)
        for name, data in desk.files().items():
            (given.seal / name).write_bytes(data)
    with Server(desk, given.port) as server:
        print("测试签章平台，印章无法律效力 / a test platform; its seal has no effect")
        print(f'url = "{server.url}"\napp_id = "{APP_ID}"\nseal_id = "{SEAL_ID}"')
        print(f"secret: {SECRET}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
