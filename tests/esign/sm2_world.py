"""What the tests of SM2 share: OpenSSL as the other party."""

import subprocess

from tests.support import require_tool


class OpenSSL:
    """The program, run in one folder."""

    def __init__(self, folder):
        self.program = require_tool("openssl", "openssl")
        self.folder = folder

    def __call__(self, line, *more):
        """Run one line of plain words, and after it words that may hold spaces."""
        return subprocess.run(
            [self.program, *line.split(), *more],
            cwd=self.folder,
            check=False,
            capture_output=True,
        )

    def write(self, name, data):
        (self.folder / name).write_bytes(data)

    def read(self, name):
        return (self.folder / name).read_bytes()
