"""A background that a type's pages are drawn on: the first page of any PDF.

The file is the issuing organ's own, but made by any program. What a license may not
carry is refused; the rest is written anew, object by object, from closed tables, so
that nothing comes along that nobody looked at (docs/formats/art.md).
"""

from elicense.background.digest import digest
from elicense.background.reading import MAX_FILE, take

__all__ = ["MAX_FILE", "digest", "take"]
