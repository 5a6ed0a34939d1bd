"""Pages that a reader follows: their console blocks, and the files that they write.

A block whose first line is a comment with a path writes a file:

- ``# PATH`` begins a whole file,
- ``# >> PATH`` begins what is added at the end of one, of the page or of a command,
- ``--- PATH`` in a block of the language ``diff`` changes lines of one: what stands in
  it with a blank or a minus is found exactly once and replaced by what stands with a
  blank or a plus. A line ``@@`` parts two changes.
"""

import re
from dataclasses import dataclass

from tests.support import ROOT

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WHOLE = re.compile(r"# (>> )?([\w./-]+\.[a-z]+)\n")
CHANGED = re.compile(r"--- ([\w./-]+)\n")
_END = "END-OF-FILE"


@dataclass(frozen=True)
class Step:
    """One thing that a reader does.

    Attributes:
        command: for a shell; a file is written by one.
        shown: the output that the page shows; empty for none.
    """

    command: str
    shown: str = ""


def blocks(page):
    """Return language and text of the fenced blocks of a page."""
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def steps(page):
    """Return what a reader of a page does, in order."""
    files = {}
    return [
        step
        for language, text in blocks(page)
        for step in (
            _commands(text) if language == "console" else _file(files, language, text)
        )
    ]


def files_of(page):
    """Return the files that a page writes, by their paths, as they are at its end."""
    files = {}
    for language, text in blocks(page):
        _file(files, language, text)
    return files


def _commands(text):
    """Return the commands of a console block with the outputs shown."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        else:
            found[-1][1] += line + "\n"
    return [Step(command, shown) for command, shown in found]


def _file(files, language, text):
    """Return the step of a block that writes or changes a file; none for others."""
    whole, changed = WHOLE.match(text), CHANGED.match(text)
    if language == "diff" and changed:
        path = changed[1]
        files[path] = _patched(files[path], text[changed.end() :])
    elif whole and whole[1] and whole[2] not in files:
        added = text[whole.end() :]
        return [Step(f"cat >> '{whole[2]}' <<'{_END}'\n\n{added}{_END}")]
    elif language in ("toml", "python") and whole:
        path = whole[2]
        files[path] = f"{files[path]}\n{text[whole.end() :]}" if whole[1] else text
    else:
        return []
    assert _END not in files[path]
    return [Step(f"cat > '{path}' <<'{_END}'\n{files[path]}{_END}")]


def _patched(text, diff):
    """Return a text with the changes of a diff made in it."""
    for hunk in diff.split("@@\n"):
        lines = [(line[:1], line[1:]) for line in hunk.splitlines(keepends=True)]
        assert {mark for mark, _ in lines} <= set(" +-"), hunk
        old = "".join(line for mark, line in lines if mark in " -")
        new = "".join(line for mark, line in lines if mark in " +")
        assert text.count(old) == 1, f"not there once: {old}"
        text = text.replace(old, new)
    return text
