"""What was seen, as entries of a file: every other shape is refused."""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from elicense.testing import CODE, START
from elicense.trust import Seen
from elicense.trust.remembering import entries_of, read_seen, read_statements
from esign import cbor
from esign.errors import MalformedError

ROOT = "sha256:" + "a" * 64
SEEN = Seen(
    scopes=MappingProxyType({ROOT: CODE}),
    statement=1,
    number=2,
    digest=bytes(32),
    issued_at=START,
    lists=MappingProxyType({(CODE, 2031): 7}),
    sources=MappingProxyType({CODE: (ROOT, 3, 4)}),
)
CLOSED = replace(
    SEEN,
    closings=MappingProxyType({(CODE, bytes(8)): bytes(32)}),
    snapshots=MappingProxyType({bytes(32): START}),
)


def test_entries_are_read_back_from_cbor_as_they_were() -> None:
    again = cbor.decode(cbor.encode(entries_of(SEEN)))
    assert read_seen(again) == SEEN
    assert not {"closings", "snapshots"} & again.keys(), "as memories were before"
    again = cbor.decode(cbor.encode(entries_of(CLOSED)))
    assert read_seen(again) == CLOSED


def _set(key: str, value: object) -> Callable[[dict], None]:
    return lambda entries: entries.__setitem__(key, value)


WRONG: dict[str, Callable[[dict], None]] = {
    "a list number that is true": _set("lists", [[CODE, True, 1]]),
    "a sequence below zero": _set("lists", [[CODE, 1, -1]]),
    "a sequence that is a text": _set("lists", [[CODE, 1, "1"]]),
    "a list of two entries": _set("lists", [[CODE, 1]]),
    "a source without its root": _set("sources", [[CODE, 1, 2]]),
    "a source whose number is null": _set("sources", [[CODE, ROOT, 1, None]]),
    "no root": _set("roots", []),
    "a root in capitals": _set("roots", [{"root": ROOT.upper(), "speaks_for": None}]),
    "a root that speaks for no USCC": _set(
        "roots", [{"root": ROOT, "speaks_for": "x"}]
    ),
    "a digest that is short": _set("bundle", "00"),
    "a date after the year 9999": _set("issued_at", 1 << 50),
    "a closing digest that is short": _set("closings", [[CODE, "00" * 8, "00"]]),
    "a closing digest of no key": _set("closings", [[CODE, "", "00" * 32]]),
    "a snapshot without its instant": _set("snapshots", [["00" * 32]]),
    "a snapshot seen at a text": _set("snapshots", [["00" * 32, "1"]]),
    "a snapshot after the year 9999": _set("snapshots", [["00" * 32, 1 << 50]]),
    "an entry more": _set("note", ""),
    "an entry less": lambda entries: entries.__delitem__("statement"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_entries_of_another_shape_are_malformed(change: Callable[[dict], None]) -> None:
    entries = dict(entries_of(SEEN))
    change(entries)
    with pytest.raises(MalformedError):
        read_seen(entries)


@pytest.mark.parametrize("value", [[], [[]], [["x"]], [[b"x", 1]], {}, "x", [b"x"]])
def test_statements_of_another_shape_are_malformed(value: cbor.Value) -> None:
    with pytest.raises(MalformedError):
        read_statements(cbor.encode(value))


def test_statements_are_read_as_they_stand() -> None:
    assert read_statements(cbor.encode([[b"x"], [b"y", b"z"]])) == (
        (b"x",),
        (b"y", b"z"),
    )
