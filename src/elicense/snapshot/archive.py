"""A snapshot that was kept: evidence for the tokens inside.

docs/formats/evidence.md, sections 1 and 6. Nothing of the manifest itself is believed
here: what counts is who names its digest, in a timestamp or in the trust bundle.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from elicense import files, payload
from elicense.snapshot.columns import Columns
from elicense.snapshot.layout import DIGEST_BYTES
from elicense.snapshot.manifest import MAX_MANIFEST_BYTES, open_manifest


@dataclass(frozen=True, slots=True)
class Archive:
    """A kept snapshot as :mod:`elicense.validating` takes evidence.

    Attributes:
        digest: SHA-256 of its whole manifest, 32 bytes.
        timestamps: RFC 3161 tokens over the manifest, DER; may be empty.
        columns: what the manifest names.
    """

    digest: bytes
    timestamps: tuple[bytes, ...]
    columns: Columns

    @classmethod
    def open(cls, path: Path, timestamps: Iterable[bytes] = ()) -> Self:
        """Open a kept snapshot; its age and its signature do not matter.

        Args:
            path: the manifest; its columns are beside it.
            timestamps: RFC 3161 tokens over the whole manifest, DER.

        Raises:
            FileError: a file cannot be read.
            MalformedError: the manifest is none, or the columns are cut off.
            VerificationError: the columns are not those of the manifest.
        """
        data = files.read(path, MAX_MANIFEST_BYTES)
        _, manifest = open_manifest(data)
        where = path.parent / manifest.columns_file
        columns = Columns.open(where, manifest.rows, manifest.sha256)
        return cls(hashlib.sha256(data).digest(), tuple(timestamps), columns)

    def holds(self, thing: bytes) -> bool:
        """Tell whether a token is inside; nothing else ever is.

        Args:
            thing: any bytes.
        """
        if len(thing) > payload.MAX_TOKEN_BYTES:
            return False
        text = payload.qr_text(thing).encode("ascii")
        digest = hashlib.sha256(text).digest()[:DIGEST_BYTES]
        return self.columns.find(digest) is not None
