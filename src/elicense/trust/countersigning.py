"""When a hub first saw snapshots, and what of it stands in its bundle.

docs/formats/hub.md, sections 2.12 and 2.13. A hub is a witness of time: it reads a
manifest, never its columns, and what it saw once keeps its instant.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from elicense.model import Text
from elicense.trust.model import Bundle, KeyGrant, SnapshotSighting
from elicense.trust.reading import MAX_SNAPSHOTS
from elicense.trust.state import CLOCK_TOLERANCE
from esign.cose import Envelope
from esign.errors import VerificationError

MAX_REMEMBERED = 256  # of one organization: five years of weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A manifest that is given to a hub; its signature is not verified yet.

    Attributes:
        file: where it was, for the report.
        organization: USCC of the organ that it says made it.
        number: its number.
        issued_at: its date.
        sha256: of the whole file.
        envelope: its signature.
    """

    file: str
    organization: str
    number: int
    issued_at: datetime
    sha256: bytes
    envelope: Envelope


class RefusedManifest(NamedTuple):
    """A manifest that a hub does not countersign, and why."""

    file: str
    reason: Text


class Witnessed(NamedTuple):
    """What a hub saw up to now.

    Attributes:
        sightings: all that it remembers, by organization and instant.
        refused: what was offered and is none of them.
    """

    sightings: tuple[SnapshotSighting, ...]
    refused: tuple[RefusedManifest, ...]


def witness(
    draft: Bundle,
    offered: Iterable[Offered],
    known: Iterable[SnapshotSighting],
    at: datetime,
) -> Witnessed:
    """See manifests, each for the first time or again.

    The checks of one that was not seen before, in order:

    1. its organization has its key in the hub's bundle, for tokens;
    2. the key signed at its date, and is in no doubt;
    3. the signature holds;
    4. it is not from the future;
    5. no other manifest has its number.

    Args:
        draft: the hub's bundle, whose keys count.
        offered: what was given.
        known: what was seen before.
        at: the merge's instant.
    """
    found = {item.sha256: item for item in known}
    new = {item.sha256: item for item in offered if item.sha256 not in found}
    keys = {
        (grant.organization, grant.key.kid): grant
        for grant in draft.keys
        if grant.purpose == "token"
    }
    reasons = {
        item.sha256: _why_not(
            item, keys.get((item.organization, item.envelope.kid)), at
        )
        for item in new.values()
    }
    # What is refused takes no number: else anybody's file could refuse an organ's own.
    good = [item for item in new.values() if reasons[item.sha256] is None]
    taken = Counter((item.organization, item.number) for item in found.values())
    taken.update((item.organization, item.number) for item in good)
    refused = []
    for item in new.values():
        reason = reasons[item.sha256]
        if reason is None and taken[item.organization, item.number] > 1:  # (5)
            reason = _SAME_NUMBER
        if reason is None:
            found[item.sha256] = SnapshotSighting(
                item.organization, item.number, item.sha256, at
            )
        else:
            refused.append(RefusedManifest(item.file, reason))
    chosen = {item.sha256 for item in published(draft, found.values())}
    return Witnessed(_thinned(found.values(), chosen), tuple(refused))


def _why_not(item: Offered, grant: KeyGrant | None, at: datetime) -> Text | None:
    if grant is None:  # (1)
        return _foreign(item.organization)
    if not grant.period.covers(item.issued_at) or grant.doubtful_from(at):  # (2)
        return _DOUBTED
    try:
        item.envelope.verify(grant.key)  # (3)
    except VerificationError:
        return _FORGED
    return _FROM_THE_FUTURE if item.issued_at > at + CLOCK_TOLERANCE else None  # (4)


def published(
    draft: Bundle, sightings: Iterable[SnapshotSighting]
) -> tuple[SnapshotSighting, ...]:
    """Return what of a hub's sightings stands in its bundle.

    Of each organization of the bundle: the last one, those that close a key, and the
    last one before each end of a key of its source.

    Args:
        draft: the hub's bundle without them.
        sightings: what the hub saw.
    """
    listed = {entry.code for entry in draft.organizations}
    root_of = {source.organization: source.root for source in draft.sources}
    keys: dict[str, list[KeyGrant]] = {}
    for grant in draft.keys:
        root = root_of.get(grant.organization)
        if grant.purpose == "token" and root is not None:
            keys.setdefault(root, []).append(grant)
    found: list[SnapshotSighting] = []
    # A clock that went back does not bring what it saw later.
    past = (item for item in sightings if item.seen_at <= draft.issued_at)
    for code, seen in _grouped(past).items():
        if code in listed and code in root_of:
            found += _chosen(seen, keys.get(root_of[code], ()))
    return tuple(found)


def _chosen(
    seen: Sequence[SnapshotSighting], keys: Iterable[KeyGrant]
) -> list[SnapshotSighting]:
    """Choose from what was seen of one organ, oldest first."""
    closings = {grant.closing for grant in keys}
    ends = {
        end
        for grant in keys
        for end in (grant.period.signs_until, grant.compromised_from)
        if end is not None
    }
    before = [
        next((item for item in reversed(seen) if item.seen_at < end), None)
        for end in sorted(ends, reverse=True)
    ]
    closed = [item for item in seen if item.sha256 in closings]
    wanted = dict.fromkeys([seen[-1], *closed, *before])
    kept = [item for item in wanted if item is not None][:MAX_SNAPSHOTS]
    return sorted(kept, key=_place)


def _thinned(
    sightings: Iterable[SnapshotSighting], kept: Iterable[bytes]
) -> tuple[SnapshotSighting, ...]:
    """Return what to remember; what goes leaves the smallest gap in time."""
    needed = set(kept)
    found: list[SnapshotSighting] = []
    for seen in _grouped(sightings).values():
        while len(seen) > MAX_REMEMBERED:
            gaps = {
                number: seen[number + 1].seen_at - seen[number - 1].seen_at
                for number in range(1, len(seen) - 1)
                if seen[number].sha256 not in needed
            }
            del seen[min(gaps, key=gaps.__getitem__)]
        found += seen
    return tuple(found)


def _grouped(
    sightings: Iterable[SnapshotSighting],
) -> Mapping[str, list[SnapshotSighting]]:
    """Return sightings by organization, both in order."""
    groups: dict[str, list[SnapshotSighting]] = {}
    for item in sorted(sightings, key=_place):
        groups.setdefault(item.organization, []).append(item)
    return groups


def _place(item: SnapshotSighting) -> tuple[str, datetime, int]:
    return item.organization, item.seen_at, item.number


def _foreign(organization: str) -> Text:
    return Text(
        f"不是由合并结果中 {organization} 的证照签名密钥签署",
        f"not signed by a token key that {organization} has in the hub's bundle",
    )


NOBODY_COUNTERSIGNS = Text(
    "hub.toml 的 [hub] 没有 organization，或本汇聚节点的密钥已撤回，不见证快照",
    "[hub] of hub.toml has no organization, or the hub's own key is withdrawn: it"
    " countersigns no snapshot",
)
_DOUBTED = Text(
    "签署密钥已停用、可能失密或不在期间内",
    "its key had ended, or may be in other hands",
)
_FORGED = Text("签名不符", "its signature does not hold")
_FROM_THE_FUTURE = Text(
    "签发时间晚于本机时钟，请核对时钟", "it is dated after this machine's clock"
)
_SAME_NUMBER = Text(
    "同一机构的另一份清单有相同的期号",
    "another manifest of the organization has the same number",
)
