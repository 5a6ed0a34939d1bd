"""Where to look a text up: its digest, and the snapshots of the key that it names.

docs/formats/snapshot.md, section 2.2. No snapshot is looked into.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from elicense import payload
from elicense.snapshot.layout import DIGEST_BYTES, WORDS
from elicense.snapshot.manifest import Manifest
from elicense.snapshot.texts import Texts, encoded
from esign import cbor
from esign.encoding import base45_encode
from esign.errors import MalformedError

ONLINE = "HTTPS://"
"""What texts of the on-line carrier begin with."""
_HEAD = 7  # bytes of a token before its kid, apart from its algorithm


def halves_of(digests: bytes) -> tuple[WORDS, WORDS]:
    """Return the halves of SHA-256 digests that are looked up (format, section 2.2).

    Args:
        digests: one behind the other.
    """
    words = np.frombuffer(digests, ">u8").reshape(-1, 4)
    return words[:, 0].astype("<u8"), words[:, 1].astype("<u8")


def digest(text: str) -> bytes:
    """Return the digest of one text of either carrier, 16 bytes."""
    return hashlib.sha256(encoded(offline(text))).digest()[:DIGEST_BYTES]


def offline(text: str) -> str:
    """Return the off-line text of the same token; what is no text of ours stays."""
    if not text.startswith(ONLINE):
        return text
    try:
        return payload.OFFLINE_PREFIX + payload.body_of(text)
    except MalformedError:
        return text


class Routes:
    """Which snapshots may hold a text: those with a class of the key that it names.

    A kid stands at one place of a token for each length of its algorithm, and so does
    its base45 in a text.
    """

    def __init__(self, manifests: Sequence[Manifest]) -> None:
        """Arrange the kids of all classes of snapshots."""
        groups: dict[tuple[int, str], list[int]] = {}
        self._all = len(manifests)
        for number, item in enumerate(manifests):
            for one in item.classes:
                name = _place(one.alg), base45_encode(one.kid)
                found = groups.setdefault(name, [])
                if number not in found:
                    found.append(number)
        self._groups = [(), *dict.fromkeys(map(tuple, groups.values()))]
        ids = {group: number for number, group in enumerate(self._groups)}
        self._of: dict[int, dict[str | bytes, int]] = {}
        for (place, kid), numbers in groups.items():
            known = self._of.setdefault(place, {})
            known[kid] = known[kid.encode()] = ids[tuple(numbers)]

    def spread(
        self, texts: Texts
    ) -> Iterator[tuple[npt.NDArray[np.int64] | None, int]]:
        """Give rows, None for all, and the snapshot in which to look them up."""
        if self._all == 1:
            yield None, 0
            return
        group = np.zeros(len(texts), np.int64)
        for place, kids in self._of.items():
            get = kids.get
            named = [get(kid, 0) for kid in texts.named(place)]
            group = np.maximum(group, np.array(named, np.int64))
        order = np.argsort(group, kind="stable")
        cuts = np.searchsorted(group[order], np.arange(len(self._groups) + 1))
        for number, parts in enumerate(self._groups):
            rows = order[cuts[number] : cuts[number + 1]]
            for part in parts if len(rows) else ():
                yield rows, part


def _place(alg: int) -> int:
    """Return where the base45 of a kid stands in an off-line text.

    Tokens are signed with algorithms of one or of five bytes, so that the kid begins
    with a group of three characters.
    """
    begin = _HEAD + len(cbor.encode(alg))
    return len(payload.OFFLINE_PREFIX) + begin // 2 * 3
