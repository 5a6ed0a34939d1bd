"""What every strict reader of a TOML table has: a slip in a key is an error.

A reader takes the entries one by one, each by a key that it asks for. What was asked
for and what is left over are kept, so that the error can say which key was meant.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from difflib import get_close_matches

from elicense.errors import ElicenseError
from elicense.model import Text


class StrictTable(ABC):
    """The entries of one TOML table, taken out one by one."""

    def __init__(self, content: Mapping[str, object]) -> None:
        """Start with all entries."""
        self._left = dict(content)
        self._asked: dict[str, None] = {}

    @abstractmethod
    def wrong(self, key: str, what: Text) -> ElicenseError:
        """Return the error that names a key and says what is wrong with it."""

    def __contains__(self, key: str) -> bool:
        """Tell whether an entry is there and not yet taken."""
        self._asked[key] = None
        return key in self._left

    def _take(self, key: str, default: object = None) -> object:
        """Take what stands under a key."""
        self._asked[key] = None
        return self._left.pop(key, default)

    def flag(self, key: str, *, default: bool) -> bool:
        """Take true or false."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            what = Text("应为 true 或 false", "expected true or false")
            raise self.wrong(key, what)
        return value

    def _missing(self, key: str, what: Text) -> ElicenseError:
        """Return the error of an entry that is not there; a key like it is named."""
        zh, en = what.zh, what.en
        for other in get_close_matches(key, self._left, n=1):
            zh += f"（有 {other}，是否写错？）"
            en += f" (there is {other}: a slip?)"
        return self.wrong(key, Text(zh, en))

    def end(self) -> None:
        """Refuse what nobody took."""
        for key in self._left:
            names = get_close_matches(key, self._asked, n=1) or list(self._asked)
            what = Text(
                f"不认识该项，可用的有：{'、'.join(names)}",
                f"unknown key; there is: {', '.join(names)}",
            )
            raise self.wrong(key, what)
