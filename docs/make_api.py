# ruff: noqa: INP001  a script beside what it makes, not a package
"""Make docs/api.md from the sources: public names, signatures, first sentences.

Usage: python docs/make_api.py
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import elicense
import esign

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
    "elicense.attachments",
    "elicense.trust",
    "elicense.trust.hub_model",
    "elicense.trust.merge",
    "elicense.pins",
    "elicense.memory",
    "elicense.issuing",
    "elicense.issuing.workers",
    "elicense.document",
    "elicense.fonts",
    "elicense.changing",
    "elicense.publishing",
    "elicense.pending",
    "elicense.lifecycle",
    "elicense.events",
    "elicense.feed",
    "elicense.standing",
    "elicense.versions",
    "elicense.register",
    "elicense.register.sqlite",
    "elicense.identifiers",
    "elicense.office",
    "elicense.keychain",
    "elicense.grants",
    "elicense.hub",
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
Definition = ast.FunctionDef | ast.ClassDef


def public(module: str) -> Iterator[tuple[str, Definition | None]]:
    """Yield the public names of a module: its ``__all__``, else what it defines."""
    names = getattr(importlib.import_module(module), "__all__", None)
    if names is None:
        yield from definitions(module).items()
        return
    for name in names:
        place = home(importlib.import_module(module), name)
        yield name, definitions(place).get(name) if place else None


def definitions(module: str) -> dict[str, Definition]:
    """Return the public functions and classes that a module defines."""
    path = importlib.import_module(module).__file__ or ""
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    return {
        node.name: node
        for node in tree.body
        if isinstance(node, Definition) and not node.name.startswith("_")
    }


def summary(node: Definition) -> str:
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
        part.target.id
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
        if isinstance(target, ast.Name)
    ]
    if fields or values:
        yield "- " + ", ".join(f"`{name}`" for name in fields + values)
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
            marks = {ast.unparse(mark) for mark in part.decorator_list}
            name = part.name if "property" in marks else signature(part)
            yield f"- `.{name}` {summary(part)}"


def entry(name: str, node: Definition | None) -> list[str]:
    """Return the lines of one name."""
    if node is None:
        return [f"`{name}`", ""]
    if isinstance(node, ast.FunctionDef):
        return [f"`{signature(node)}`", "", summary(node), ""]
    bases = ", ".join(ast.unparse(base) for base in node.bases)
    head = f"`class {name}({bases})`" if bases else f"`class {name}`"
    listed = list(members(node))
    return [head, "", summary(node), "", *listed, *([""] if listed else [])]


def home(package: object, name: str) -> str:
    """Return the module that defines a public name; empty for a plain value."""
    value = getattr(package, name)
    module = str(getattr(value, "__module__", "")) if callable(value) else ""
    return module if module.split(".")[0] in PACKAGES else ""


def exported(package: object) -> Iterator[str]:
    """Yield the lines of the names in a package's ``__all__``."""
    for name in getattr(package, "__all__", ()):
        module = home(package, name)
        node = definitions(module).get(name) if module else None
        place = f" from `{module}`" if module else ""
        yield f"### {name}"
        yield ""
        for number, line in enumerate(entry(name, node)):
            yield line + (place if number == 0 else "")


def page() -> str:
    """Return the text of the page."""
    lines = [HEAD, "## elicense", "", *exported(elicense)]
    if getattr(esign, "__all__", ()):
        lines += ["## esign", "", *exported(esign)]
    for module in MODULES:
        lines += [f"## {module}", ""]
        for name, node in public(module):
            lines += entry(name, node)
    return "\n".join(lines).rstrip("\n") + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
