"""What a hub remembers, as the bytes of one file (docs/formats/hub.md, section 3).

One file, so that what was seen, which bundles are good and which number was published
change together or not at all.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from elicense.trust import MAX_BUNDLE_BYTES, Seen, SnapshotSighting
from elicense.trust.entries import MAX_SECONDS
from elicense.trust.hub_model import HubMemory
from elicense.trust.remembering import entries_of, read_seen
from esign import cbor
from esign.errors import MalformedError
from esign.shape import Fields

FORMAT = "elicense.hub-memory/1"
MAX_BYTES = 2 * MAX_BUNDLE_BYTES  # the sources of the largest bundle, and room
_DIGEST_BYTES = 32

_Entry = dict[int | str, cbor.Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The content of the memory file.

    Attributes:
        number: number of the last bundle; 0 before the first.
        published: SHA-256 of its file; 32 zero bytes before the first.
        memory: what a merge needs of it.
    """

    number: int = 0
    published: bytes = bytes(_DIGEST_BYTES)
    memory: HubMemory = field(default_factory=HubMemory)


def encode(remembered: Remembered) -> bytes:
    """Return the bytes of the file, the one spelling that :func:`decode` takes."""
    memory = remembered.memory
    snapshots: _Entry = {}
    if memory.snapshots:
        seen = sorted(memory.snapshots, key=_place)
        snapshots = {"snapshots": list(map(_sighting_value, seen))}
    return cbor.encode(
        {
            "format": FORMAT,
            "number": remembered.number,
            "published": remembered.published,
            "own": None if memory.own is None else entries_of(memory.own),
            "departments": [
                {
                    "organization": code,
                    "seen": entries_of(seen),
                    "source": memory.sources.get(code),
                }
                for code, seen in sorted(memory.departments.items())
            ],
            "signs_from": [
                [code, int(at.timestamp())]
                for code, at in sorted(memory.floors.items())
            ],
            **snapshots,
        }
    )


def _place(item: SnapshotSighting) -> tuple[str, datetime, int]:
    return item.organization, item.seen_at, item.number


def _sighting_value(item: SnapshotSighting) -> list[cbor.Value]:
    seconds = int(item.seen_at.timestamp())
    return [item.organization, item.number, item.sha256, seconds]


def decode(data: bytes) -> Remembered:
    """Return what a memory file holds.

    Total: any bytes give a value or this error.

    Raises:
        MalformedError: anything but what :func:`encode` writes.
    """
    if len(data) > MAX_BYTES:
        raise MalformedError(f"hub memory: more than {MAX_BYTES} bytes")
    fields = Fields(cbor.decode(data), "hub memory")
    if fields.text("format") != FORMAT:
        raise MalformedError(f"hub memory: not of format {FORMAT}")
    departments: dict[str, Seen] = {}
    sources: dict[str, bytes] = {}
    for item in fields.array("departments"):
        entry = Fields(item, "hub memory: department")
        code = entry.text("organization")
        departments[code] = read_seen(entry.take("seen"))
        source = entry.nullable("source", entry.bytes)
        if source is not None:
            sources[code] = source
        entry.end()
    remembered = Remembered(
        number=fields.uint("number"),
        published=fields.bytes("published", _DIGEST_BYTES),
        memory=HubMemory(
            own=fields.nullable("own", lambda key: read_seen(fields.take(key))),
            departments=MappingProxyType(departments),
            sources=MappingProxyType(sources),
            floors=MappingProxyType(dict(map(_floor, fields.array("signs_from")))),
            snapshots=tuple(
                map(_sighting, fields.optional("snapshots", fields.array) or ())
            ),
        ),
    )
    fields.end()
    if encode(remembered) != data:
        raise MalformedError("hub memory: not in its one spelling")
    return remembered


def _sighting(item: cbor.Value) -> SnapshotSighting:
    match item:
        case [str() as code, int() as number, bytes() as digest, int() as seconds] if (
            not isinstance(number, bool)
            and number >= 0
            and len(digest) == _DIGEST_BYTES
            and 0 <= seconds <= MAX_SECONDS
        ):
            at = datetime.fromtimestamp(seconds, UTC)
            return SnapshotSighting(code, number, digest, at)
        case _:
            raise MalformedError("hub memory: an organ, a number, a digest, an instant")


def _floor(item: cbor.Value) -> tuple[str, datetime]:
    match item:
        case [str() as code, int() as seconds] if 0 <= seconds <= MAX_SECONDS:
            return code, datetime.fromtimestamp(seconds, UTC)
        case _:
            raise MalformedError("hub memory: a code and from when its keys sign")
