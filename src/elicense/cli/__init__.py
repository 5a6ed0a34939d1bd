"""The command line: parse, call the library, print, exit code. No rule lives here."""

from elicense.cli.program import main, program

__all__ = ["main", "program"]
