"""Public names that are loaded when they are first used (PEP 562)."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def loader(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package.

    A program that only verifies does not wait for the parts that draw and seal.

    Args:
        package: the package's name, for errors.
        homes: module -> the public names that stand in it.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> object:
        home = home_of.get(name)
        if home is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(home), name)

    def names() -> list[str]:
        return sorted(home_of)

    return load, names
