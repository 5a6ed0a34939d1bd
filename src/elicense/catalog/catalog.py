"""The catalog: every license type by name and version."""

import functools
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files

from elicense.catalog.kinds import LicenseType
from elicense.catalog.reader import Beside, read_type
from elicense.errors import CatalogError, UnknownTypeError
from elicense.model import License, Text

TYPE_ENDING = ".toml"
"""How the name of a type's file ends."""


class Catalog:
    """License types, immutable; several versions of one type stand side by side."""

    def __init__(self, types: Iterable[LicenseType]) -> None:
        """Collect the types.

        Raises:
            CatalogError: two of them have the same name and version, or one type code
                (证照类型代码) stands for two names.
        """
        self._types: dict[str, dict[int, LicenseType]] = {}
        owners: dict[str, str] = {}
        for entry in types:
            versions = self._types.setdefault(entry.name, {})
            if entry.version in versions:
                raise CatalogError(
                    Text(
                        f"证照类型 {entry.name} 的版本 {entry.version} 重复",
                        f"license type {entry.name}: version {entry.version} is there"
                        " twice",
                    )
                )
            if owners.setdefault(entry.code, entry.name) != entry.name:
                raise CatalogError(
                    Text(
                        f"证照类型 {entry.name} 与 {owners[entry.code]} 的类型代码相同",
                        f"license types {entry.name} and {owners[entry.code]} have the"
                        " same code",
                    )
                )
            versions[entry.version] = entry

    @classmethod
    @functools.cache
    def builtin(cls) -> "Catalog":
        """Return the types that come with the package.

        Raises:
            CatalogError: a file of the package is damaged.
        """
        folder = files("elicense") / "types"
        found = sorted(
            (entry for entry in folder.iterdir() if entry.name.endswith(TYPE_ENDING)),
            key=lambda entry: entry.name,
        )
        return cls(read_type(entry.read_bytes(), entry.name) for entry in found)

    def with_files(
        self, contents: Mapping[str, bytes], beside: Beside | None = None
    ) -> "Catalog":
        """Return this catalog and the types of other files, such as a workspace's.

        Args:
            contents: file name -> bytes; what ends in ``.toml`` is a type (UTF-8),
                the others are backgrounds that the types may name.
            beside: gives a background by its name instead, once a type names it;
                KeyError where there is none.

        Raises:
            CatalogError: a file is wrong, or repeats a type in the same version; or a
                background that a type names is not there or can not be read.
        """
        added = [
            read_type(data, name, beside or contents.__getitem__)
            for name, data in sorted(contents.items())
            if name.endswith(TYPE_ENDING)
        ]
        return Catalog([*self.types(), *added])

    def names(self) -> tuple[str, ...]:
        """Return the names of all types in alphabetical order."""
        return tuple(sorted(self._types))

    def types(self) -> tuple[LicenseType, ...]:
        """Return all types in all versions, by name and version."""
        return tuple(
            versions[version]
            for _, versions in sorted(self._types.items())
            for version in sorted(versions)
        )

    def get(self, name: str, version: int | None = None) -> LicenseType:
        """Return a type in one version, or in its newest.

        Raises:
            UnknownTypeError: there is none; the text says which names are close.
        """
        versions = self._types.get(name)
        if versions is None:
            raise UnknownTypeError(_unknown(name, self.names()))
        wanted = max(versions) if version is None else version
        if wanted not in versions:
            raise UnknownTypeError(
                Text(
                    f"证照类型 {name} 没有版本 {wanted}",
                    f"license type {name} has no version {wanted}",
                )
            )
        return versions[wanted]

    def describing(self, license_: License) -> LicenseType | None:
        """Return the type of a license in its version.

        None where it is not here, or what is here under its name is another type that
        does not describe the license.
        """
        draft = license_.draft
        found = self._types.get(draft.type_name, {}).get(draft.type_version)
        return found if found is not None and found.describes(license_) else None


def _unknown(name: str, names: tuple[str, ...]) -> Text:
    listed = ", ".join(get_close_matches(name[:40], names, n=1) or names)
    return Text(
        f"没有这种证照类型；可用的有：{listed}",
        f"there is no license type of this name; there is: {listed}",
    )
