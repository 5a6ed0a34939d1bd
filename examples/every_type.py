"""Issue and verify licenses of all built-in types, and draw contact sheets of them.

Usage: python every_type.py FOLDER [--count 1000] [--seed 1] [--workers 2]
           [--face FILE --rare CHARACTERS] [--overview FILE]

Invents applications (examples/invention), makes a workspace, issues one license for
each, prints some again in their other presentations, publishes, and verifies every PDF
as a stranger would, page and all. Exits with 0 where all are VALID with the scope
`document`. Run again in the same folder, it goes on where it stopped.

FOLDER gets `rows` (the applications), `office` (the workspace), `pdf` (a folder for
each type) and `sheets` (thumbnails). FILE of --face is a font for CHARACTERS that the
built-in faces lack.
"""

import argparse
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import pypdfium2
from contact import Sheet, contact_sheet, thumbnails
from invention import applications, write

from elicense import (
    BatchPolicy,
    Catalog,
    License,
    Outcome,
    Request,
    Scope,
    TrustState,
    Workspace,
    admit,
    validate_pdf,
)
from elicense.dates import day_of
from esign import clock

ORGAN = {"name": "示例市行政审批局", "code": "11990100000000027A"}
AGAIN = 8
"""Every eighth license of a type is printed in its other presentations too."""
ON_A_SHEET = 16
"""Licenses of a type on its contact sheet."""
ON_THE_OVERVIEW = 4
"""Licenses of each type and presentation on the sheet of all types."""
OVERVIEW = Sheet(height=176)
CHUNK = 50
"""Licenses that a process issues at a time."""
ENGLISH = {"正本": "original", "副本": "duplicate", "电子版": "sheet", "卡片": "card"}
ALL = "all"
STEP = 50
"""Of so many the progress is told."""

T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """One printed license, or one that was refused.

    Attributes:
        type_name: catalog name.
        identifier: of the license; empty where it was refused.
        error: why it was refused.
        presentation: its name; empty where the type is printed in one way.
    """

    type_name: str
    identifier: str
    error: str = ""
    presentation: str = ""

    @property
    def kind(self) -> str:
        """Return type and presentation."""
        return f"{self.type_name} {self.presentation}".strip()

    def path(self, folder: Path) -> Path:
        """Return where the PDF is."""
        end = f".{self.presentation}.pdf" if self.presentation else ".pdf"
        return folder / "pdf" / self.type_name / f"{self.identifier}{end}"


@dataclass(frozen=True)
class Found:
    """What a stranger found of one PDF.

    Attributes:
        good: whether it is VALID, page and all.
        verdict: code and scope.
        pages: of the PDF.
        seconds: that it took.
    """

    good: bool
    verdict: str
    pages: int
    seconds: float


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{os.getpid()}.new")
    draft.write_bytes(data)
    draft.replace(path)


def told(items: Iterable[T], what: str, count: int) -> Iterator[T]:
    """Yield items and tell on stderr how far it is."""
    for done, item in enumerate(items, 1):
        if done % STEP == 0 or done == count:
            print(f"{what}: {done} of {count}", file=sys.stderr, flush=True)
        yield item


def requests(given: argparse.Namespace) -> list[Request]:
    """Return what is asked for; an earlier run's applications again."""
    folder = given.folder / "rows"
    if not folder.exists():
        draft = given.folder / ".rows.new"
        shutil.rmtree(draft, ignore_errors=True)
        made = applications(given.seed, given.count, day_of(clock.now()), given.rare)
        write(draft, made)
        draft.rename(folder)
    found = []
    for path in folder.iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            case = row.pop("case")
            found.append(Request(type_name=path.stem, application=row, number=case))
    return sorted(found, key=lambda request: request.number)


def opened(given: argparse.Namespace) -> Workspace:
    """Return the workspace, made if need be, with a further face if one is given."""
    folder = given.folder / "office"
    office = Workspace(folder) if folder.exists() else Workspace.create(folder, **ORGAN)
    if given.face is None or office.settings.faces:
        return office
    office.close()
    put(folder / "faces" / given.face.name, given.face.read_bytes())
    settings = folder / "elicense.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("faces = []", f'faces = ["faces/{given.face.name}"]')
    put(settings, text.encode())
    return Workspace(folder)


def presentations(license_: License) -> list[str]:
    """Return how a license is printed; the first is what it is issued in."""
    draft = license_.draft
    kind = Catalog.builtin().get(draft.type_name, draft.type_version)
    return [item.name for item in kind.presentations_of(draft.copy)]


def written(folder: Path, outcomes: Sequence[Outcome]) -> list[Line]:
    """Write a chunk's PDFs: what is given here is durable in the register already."""
    lines = []
    for outcome in outcomes:
        if outcome.issued is None:
            lines.append(Line("", outcome.number, str(outcome.error)))
            continue
        license_ = outcome.issued.license
        name, shown = license_.draft.type_name, presentations(license_)
        line = Line(name, license_.identifier, "", shown[0])
        put(line.path(folder), outcome.issued.pdf)
        lines.append(line)
    return lines


def printed_again(office: Workspace, lines: Sequence[Line], folder: Path) -> list[Line]:
    """Print every eighth license in its other presentations; return these prints."""
    seen: Counter[str] = Counter()
    found = []
    for line in lines:
        others = presentations(office.show(line.identifier).license)[1:]
        seen[line.type_name] += bool(others)
        if seen[line.type_name] % AGAIN == 1:
            found += [replace(line, presentation=name) for name in others]
    for line in told(found, "printed again", len(found)):
        if not line.path(folder).exists():
            again = office.reprint(line.identifier, line.presentation)
            put(line.path(folder), again.pdf)
    return found


_believed: list[TrustState] = []
"""What a verifying process believes: the publication, under the pinned root."""


def believe(bundle: bytes, root: str) -> None:
    """Begin a verifying process."""
    _believed.append(admit(bundle, root))


def verified(at: datetime, path: Path) -> Found:
    """Verify one PDF."""
    begun = perf_counter()
    data = path.read_bytes()
    verdict = validate_pdf(data, _believed[0], at)
    seconds = perf_counter() - begun
    document = pypdfium2.PdfDocument(data)
    pages = len(document)
    document.close()
    good = verdict.code.text == "VALID" and verdict.scope is Scope.DOCUMENT
    return Found(good, f"{verdict.code.text} {verdict.scope}", pages, seconds)


def summary(results: Mapping[Line, Found]) -> Iterator[str]:
    """Yield what came of each type and presentation."""
    yield f"{'':36}{'VALID':>7}{'of':>6}{'pages':>7}{'most':>6}{'seconds':>9}"
    kinds: dict[str, list[Found]] = {ALL: list(results.values())}
    for line, found in results.items():
        kinds.setdefault(line.kind, []).append(found)
    for kind in (*sorted(kinds.keys() - {ALL}), ALL):
        here = kinds[kind]
        good = sum(item.good for item in here)
        pages = [item.pages for item in here]
        seconds = sum(item.seconds for item in here)
        numbers = f"{good:7}{len(here):6}{sum(pages):7}{max(pages):6}{seconds:9.1f}"
        yield f"{kind:36}{numbers}"


def evenly(items: Sequence[T], count: int) -> list[T]:
    """Return so many of the items, from all over."""
    step = max(len(items) / count, 1)
    return [items[int(place * step)] for place in range(min(count, len(items)))]


def chosen(results: Mapping[Line, Found], count: int) -> dict[str, list[Line]]:
    """Return which prints of each kind are shown: some, and the one of most pages."""
    kinds: dict[str, list[Line]] = {}
    for line in results:
        kinds.setdefault(line.kind, []).append(line)
    shown = {}
    for kind, here in sorted(kinds.items()):
        most = max(here, key=lambda line: results[line].pages)
        shown[kind] = list(dict.fromkeys((*evenly(here, count), most)))
    return shown


def in_english(kind: str) -> str:
    """Return the name of a kind in ASCII, for a picture."""
    name, _, presentation = kind.partition(" ")
    return f"{name} {ENGLISH.get(presentation, presentation)}".strip()


def draw(
    kinds: Mapping[str, Sequence[Line]], folder: Path, look: Sheet, crew: Executor
) -> bytes:
    """Return a contact sheet of prints."""
    paths = [line.path(folder) for here in kinds.values() for line in here]
    small = crew.map(partial(thumbnails, height=look.height), paths)
    pages = {
        in_english(kind): [page for _ in here for page in next(small)]
        for kind, here in kinds.items()
    }
    return contact_sheet(pages, look)


def sheets(
    given: argparse.Namespace, results: Mapping[Line, Found], crew: Executor
) -> None:
    """Draw a sheet for each type, and one of all."""
    many = chosen(results, ON_A_SHEET)
    for name in told({line.type_name: 0 for line in results}, "sheets", 8):
        kinds = {kind: here for kind, here in many.items() if here[0].type_name == name}
        data = draw(kinds, given.folder, Sheet(), crew)
        put(given.folder / "sheets" / f"{name}.png", data)
    few = chosen(results, ON_THE_OVERVIEW)
    overview = given.overview or given.folder / "sheets" / "overview.png"
    put(overview, draw(few, given.folder, OVERVIEW, crew))


def issue(given: argparse.Namespace) -> tuple[list[Line], str]:
    """Issue all, print some again and publish; return the prints, and the root."""
    asked = requests(given)
    deliver = partial(written, given.folder)
    begun = perf_counter()
    with opened(given) as office:
        policy = BatchPolicy(chunk=CHUNK)
        made = office.issue_many(asked, deliver, policy=policy, workers=given.workers)
        lines = list(told(made, "issued", len(asked)))
        print(f"issued in {perf_counter() - begun:.1f} s", file=sys.stderr)
        good = [line for line in lines if not line.error]
        again = printed_again(office, good, given.folder)
        office.publish()
        return [*lines, *again], office.settings.root


def main(given: argparse.Namespace) -> int:
    """Do all of it, and return 0 where every license is good."""
    given.folder.mkdir(parents=True, exist_ok=True)
    lines, root = issue(given)
    refused = [line for line in lines if line.error]
    printed = [line for line in lines if not line.error]
    bundle = given.folder / "office" / "public" / "trust.elt"
    look = partial(verified, clock.now())
    paths = [line.path(given.folder) for line in printed]
    begun = perf_counter()
    with ProcessPoolExecutor(
        given.workers, initializer=believe, initargs=(bundle.read_bytes(), root)
    ) as crew:
        seen = told(crew.map(look, paths, chunksize=8), "verified", len(paths))
        results = dict(zip(printed, seen, strict=True))
        print(f"verified in {perf_counter() - begun:.1f} s", file=sys.stderr)
        sheets(given, results, crew)
    print(*summary(results), sep="\n")
    for line in refused:
        print(f"refused: {line.type_name} {line.identifier}: {line.error}")
    for line, found in results.items():
        if not found.good:
            print(f"{found.verdict}: {line.path(given.folder)}")
    return 0 if not refused and all(item.good for item in results.values()) else 1


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--count", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--face", type=Path, metavar="FILE")
    parser.add_argument("--rare", default="", metavar="CHARACTERS")
    parser.add_argument("--overview", type=Path, metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(arguments()))
