"""The options that say whom a seal is believed: --trust, --maker and the others."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from elicense import files
from elicense.cli.usage import WrongUsageError
from elicense.model import Text
from elicense.sealing import Pinned, read_trust
from elicense.sealing.pinned import MAX_FILE_BYTES
from esign.errors import MalformedError, VerificationError
from esign.ses import SesTrust

_FOLDERS = ("makers", "roots", "cas", "tsas", "crls")
_FILE = click.Path(path_type=Path)
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Given:
    """What the options name.

    Attributes:
        folder: of ``--trust``, None without one.
        bundle: the trust bundle of ``--trust``, None without one.
        paths: single files, in the order of the folders' names.
    """

    folder: Path | None
    bundle: Path | None
    paths: tuple[tuple[Path, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether neither a folder nor a single file is named."""
        return self.folder is None and not any(self.paths)

    def read(self) -> SesTrust:
        """Return whom these files make believed.

        Raises:
            WrongUsageError: one of them is not what its option says.
            FileError: one cannot be read.
        """
        groups = []
        for name, paths in zip(_FOLDERS, self.paths, strict=True):
            folder = self.folder
            kept = () if folder is None else sorted((folder / name).glob("*"))
            groups.append(tuple(map(_read, (*kept, *paths))))
        if self.folder is not None and not any(
            (self.folder / name).is_dir() for name in _FOLDERS
        ):
            listed = ", ".join(f"{name}/" for name in _FOLDERS)
            raise WrongUsageError(
                Text(
                    f"--trust {self.folder}：其中没有 {listed}",
                    f"--trust {self.folder}: there is none of {listed} in it",
                )
            )
        try:
            return read_trust(Pinned(*groups))
        except (MalformedError, VerificationError) as err:
            raise WrongUsageError(
                Text(f"给出的证书或吊销列表不能使用：{err}", f"what to believe: {err}")
            ) from err


def _read(path: Path) -> bytes:
    return files.read_whole(path, MAX_FILE_BYTES)


def _files(name: str, meaning: str) -> Callable[[Function], Function]:
    return click.option(
        f"--{name}",
        f"{name.replace('-', '_')}_files",
        type=_FILE,
        multiple=True,
        metavar="FILE",
        help=f"{meaning}, DER or PEM; may be repeated.",
    )


def takes_trust(meaning: str) -> Callable[[Function], Function]:
    """Add the options to a command, which gets ``given``: a :class:`Given`.

    Args:
        meaning: what ``--trust`` may name.
    """

    def add(function: Function) -> Function:
        @click.option(
            "--trust",
            "trust_paths",
            type=_FILE,
            multiple=True,
            metavar="PATH",
            help=meaning,
        )
        @_files("maker", "The certificate of a seal maker (制章者) to believe")
        @_files("ca-root", "The certificate of a root CA to believe")
        @_files("ca", "The certificate of a CA between them")
        @_files("tsa", "The certificate of a timestamp service to believe")
        @_files("crl", "A list of revoked certificates, one for each CA")
        @functools.wraps(function)
        def command(
            *,
            trust_paths: tuple[Path, ...],
            maker_files: tuple[Path, ...],
            ca_root_files: tuple[Path, ...],
            ca_files: tuple[Path, ...],
            tsa_files: tuple[Path, ...],
            crl_files: tuple[Path, ...],
            **rest: object,
        ) -> object:
            folder, bundle = _told_apart(trust_paths)
            paths = (maker_files, ca_root_files, ca_files, tsa_files, crl_files)
            return function(given=Given(folder, bundle, paths), **rest)

        return command  # type: ignore[return-value]  # click takes it for the function

    return add


def _told_apart(paths: tuple[Path, ...]) -> tuple[Path | None, Path | None]:
    """Return the folder and the bundle of ``--trust``."""
    folders = [path for path in paths if path.is_dir()]
    bundles = [path for path in paths if not path.is_dir()]
    if len(folders) > 1 or len(bundles) > 1:
        raise WrongUsageError(
            Text(
                "--trust 最多给出一个文件夹和一个信任包",
                "--trust: one folder and one trust bundle at most",
            )
        )
    return next(iter(folders), None), next(iter(bundles), None)
