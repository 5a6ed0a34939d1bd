# ruff: noqa: INP001  a script beside what it makes, not a package
"""Make docs/api.md from the sources: public names, signatures, values, first sentences.

Usage: python docs/make_api.py
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "api.md"
HEAD = """# Library

Made by `python docs/make_api.py` from the docstrings; do not edit. The docstrings say
more: arguments with units, what is raised, what is not checked, and the clause that is
followed.

`from elicense import …` gives the names of the first part. What the other parts list is
imported from its module.
"""
MODULES = (
    "elicense.qr",
    "elicense.payload",
    "elicense.record",
    "elicense.gbt36903",
    "elicense.attachments",
    "elicense.trust",
    "elicense.trust.hub_model",
    "elicense.trust.merge",
    "elicense.pins",
    "elicense.memory",
    "elicense.issuing",
    "elicense.issuing.rows",
    "elicense.issuing.workers",
    "elicense.policy",
    "elicense.document",
    "elicense.fonts",
    "elicense.background",
    "elicense.changing",
    "elicense.publishing",
    "elicense.pending",
    "elicense.lifecycle",
    "elicense.events",
    "elicense.feed",
    "elicense.standing",
    "elicense.naming",
    "elicense.versions",
    "elicense.register",
    "elicense.register.sqlite",
    "elicense.identifiers",
    "elicense.office",
    "elicense.keychain",
    "elicense.grants",
    "elicense.hub",
    "elicense.catalog",
    "elicense.catalog.amounts",
    "elicense.catalog.examples",
    "elicense.catalog.schema",
    "elicense.samples",
    "elicense.testing",
    "esign.pades.seal",
    "esign.pades.one_pass",
    "esign.pades.stock",
    "esign.pades.validate",
    "esign.pades.read",
    "esign.seal_image",
    "esign.authority",
    "esign.signer",
    "esign.hsm",
    "esign.keys",
    "esign.algorithms",
    "esign.cose",
    "esign.cbor",
    "esign.encoding",
    "esign.statuslist",
    "esign.certificates",
    "esign.revocation",
    "esign.timestamps",
    "esign.cms",
    "esign.verdict",
    "esign.errors",
    "esign.clock",
)
PACKAGES = ("elicense", "esign")
MAX_VALUE = 100
"""Characters of a value that is shown; of a longer one only its type is."""
MAX_DEFAULT = 40
"""Characters of a field's default that is shown."""


@dataclass(frozen=True)
class Constant:
    """A public value or alias of a module: how it is written, and its docstring."""

    code: str
    note: str


Definition = ast.FunctionDef | ast.ClassDef | Constant


def public(module: str) -> Iterator[tuple[str, Definition | None]]:
    """Yield the public names of a module: its ``__all__``, else what it defines."""
    names = getattr(importlib.import_module(module), "__all__", None)
    if names is None:
        yield from definitions(module).items()
        return
    for name in names:
        place = home(module, name)
        yield name, definitions(place).get(name) if place else None


def tree_of(module: str) -> ast.Module:
    """Return the source of a module, parsed."""
    path = importlib.import_module(module).__file__ or ""
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def definitions(module: str) -> dict[str, Definition]:
    """Return the public functions, classes, values and aliases of a module."""
    found: dict[str, Definition] = {}
    # A docstring of a value stands behind it; the last node has none.
    for node, after in pairwise([*tree_of(module).body, ast.Pass()]):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            found.update(constant(node, node.value, after))
    return {name: node for name, node in found.items() if not name.startswith("_")}


def constant(
    node: ast.Assign | ast.AnnAssign, value: ast.expr, after: ast.AST
) -> dict[str, Definition]:
    """Return what one assignment to a name defines, if it is public by its spelling."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    text = ast.unparse(value)
    is_public = isinstance(target, ast.Name) and target.id[0].isupper()
    if not is_public or text.startswith("TypeVar("):
        return {}
    name, kind = ast.unparse(target), ""
    if isinstance(node, ast.AnnAssign):
        kind = ast.unparse(node.annotation)
    shown = f"{name}: {kind}" if kind not in ("", "TypeAlias") else name
    if len(text) <= MAX_VALUE:
        shown += f" = {text}"
    note = ""
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
        note = str(after.value.value)
    return {name: Constant(shown, " ".join(note.split("\n\n")[0].split()))}


def summary(node: ast.FunctionDef | ast.ClassDef) -> str:
    """Return the first paragraph of a docstring as one line."""
    text = ast.get_docstring(node) or ""
    return " ".join(text.split("\n\n")[0].split())


def signature(node: ast.FunctionDef) -> str:
    """Return name, arguments and result as they stand in the source."""
    arguments = ast.unparse(node.args).removeprefix("self, ").removeprefix("cls, ")
    if arguments in ("self", "cls"):
        arguments = ""
    result = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    return f"{node.name}({arguments}){result}"


def members(node: ast.ClassDef) -> Iterator[str]:
    """Yield one line for the fields of a class and one for each public method."""
    fields = [
        part.target.id + default(part.value)
        for part in node.body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and not part.target.id.startswith("_")
    ]
    values = [
        target.id
        for part in node.body
        if isinstance(part, ast.Assign)
        for target in part.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]
    if fields or values:
        yield "- " + ", ".join(f"`{name}`" for name in fields + values)
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in part.decorator_list}
            name = part.name if "property" in marks else signature(part)
            yield f"- `.{name}` {summary(part)}"


def default(value: ast.expr | None) -> str:
    """Return how a field's default is shown; nothing of one that is made or long."""
    text = "" if value is None else ast.unparse(value)
    is_shown = len(text) <= MAX_DEFAULT and not text.startswith("field(")
    return f" = {text}" if text and is_shown else ""


def entry(name: str, node: Definition | None) -> list[str]:
    """Return the lines of one name."""
    if node is None:
        return [f"`{name}`", ""]
    if isinstance(node, Constant):
        return [f"`{node.code}`", "", *([node.note, ""] if node.note else [])]
    if isinstance(node, ast.FunctionDef):
        return [f"`{signature(node)}`", "", summary(node), ""]
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    head = f"`class {name}({bases})`" if bases else f"`class {name}`"
    listed = list(members(node))
    return [head, "", summary(node), "", *listed, *([""] if listed else [])]


def home(package: str, name: str) -> str:
    """Return the module that defines a public name; empty for a part of a package."""
    value = getattr(importlib.import_module(package), name)
    module = str(getattr(value, "__module__", "")) if callable(value) else ""
    return module if module.split(".")[0] in PACKAGES else origin(package, name)


def origin(module: str, name: str) -> str:
    """Return the module in which a value stands, by following its imports."""
    if name in definitions(module):
        return module
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                if (alias.asname or alias.name) == name and node.module != module:
                    return origin(node.module, alias.name)
    return ""


def exported(package: str) -> Iterator[str]:
    """Yield the lines of the names in a package's ``__all__``."""
    for name in getattr(importlib.import_module(package), "__all__", ()):
        module = home(package, name)
        node = definitions(module).get(name) if module else None
        place = f" from `{module}`" if module else ""
        yield f"### {name}"
        yield ""
        for number, line in enumerate(entry(name, node)):
            yield line + (place if number == 0 else "")


def page() -> str:
    """Return the text of the page."""
    lines = [HEAD]
    for package in PACKAGES:
        lines += [f"## {package}", "", *exported(package)]
    for module in MODULES:
        lines += [f"## {module}", ""]
        for name, node in public(module):
            lines += entry(name, node)
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
