"""Many tokens go through the one layout together: where what stands in each.

The fence is that of :mod:`elicense.quick_token`, step for step: what is not that one
layout, with heads in the one spelling, is no row of what is found here, and the simple
readers decide. What texts hold is not looked at. All rows take each step at once, so
that it costs a few calls for a thousand tokens.
"""

from typing import NamedTuple

import numpy as np

from elicense.bulk.base45 import Joined
from elicense.bulk.leads import Leads, lead_of
from elicense.bulk.walk import Mask, Places, Walk, Words, words_of
from elicense.quick_token import (
    ENVELOPE_BYTES,
    LARGEST_PAYLOAD,
    LEAD_BYTES,
    LEAST_PAYLOAD,
    REQUIRED,
    SIGNATURE_HEAD,
)
from esign.algorithms import P256_HALF_ORDER, Suite

SLACK = 1 << 14
"""Zeros wanted behind the tokens: a step of a row that is none reads beyond its end, by
at most 46 texts of a map and 7 others, of 257 bytes each."""
SIGNATURE_BYTES = Suite.ES256.signature_bytes
TEXTS = ("identifier", "number", "type", "holder", "holder_code", "kind", "fields")
"""What :attr:`Scanned.bounds` bounds, in this order."""
_TAIL = len(SIGNATURE_HEAD) + SIGNATURE_BYTES
_LONGEST_SHORT = ENVELOPE_BYTES + 2 + 255  # end of a payload whose head has two bytes
_SMALLEST_LONG = 1 << 16
MIDNIGHT, DAY = 8 * 3600, 86400
"""Seconds by which a day in UTC+8 begins before one in UTC; those of a day."""
_LAST_DAY = 2_932_896  # of the year 9999, days since 1970
_HALF_TOP = int.from_bytes(P256_HALF_ORDER[:8], "big")
_LEAST_TOKEN = ENVELOPE_BYTES + 2 + LEAST_PAYLOAD + _TAIL
_OWN_BEGINS, _OWN_ENDS, _DOT = 22, 40, ord(".")  # the issuer in an identifier


class Scanned(NamedTuple):
    """Rows in the one layout that name a key that is known, one entry for each.

    Attributes:
        rows: their places among the texts.
        keys: number of the key.
        begins: where the token begins.
        ends: where its payload ends; two bytes on, its signature begins.
        signed: when it was signed, seconds since 1970.
        nbf: seconds since 1970 at which its first day begins.
        exp: those at which its last day ends; 0 for 长期.
        lists: number of the status list.
        indexes: in that list.
        versions: of the type.
        counts: of holders.
        issued: legal date, days since 1970.
        due: day of the checkpoint, days since 1970; only where there is one.
        checked: whether there is a checkpoint.
        cases: where the digest of the case begins; 0 for none.
        records: where the digest of the record begins.
        specimens: whether it is one.
        bounds: where each of :data:`TEXTS` begins and ends, shape (n, 14).
    """

    rows: Places
    keys: Places
    begins: Places
    ends: Places
    signed: Places
    nbf: Places
    exp: Places
    lists: Places
    indexes: Places
    versions: Places
    counts: Places
    issued: Places
    due: Places
    checked: Mask
    cases: Places
    records: Places
    specimens: Mask
    bounds: Places

    def take(self, rows: "Places | Mask | list[int]") -> "Scanned":
        """Return some of the rows."""
        return Scanned._make(part[rows] for part in self)


def scan(joined: Joined, leads: Leads) -> Scanned:
    """Return the rows that are in the one layout.

    Puts zeros in place of the heads of the members of their maps of fields, so that
    what is left of a map is UTF-8 if each text of it is. Does NOT verify a signature,
    nor look into texts.

    Args:
        joined: tokens, with :data:`SLACK` zeros behind them.
        leads: what tokens of the keys that are known begin with.
    """
    data, begins, ends, good = joined
    words = words_of(data)
    rows = np.flatnonzero(good & (ends - begins >= _LEAST_TOKEN))
    begins, ends = begins[rows], ends[rows] - _TAIL
    starts, framed = _frames(words, begins, ends)
    found = lead_of(words, begins, starts)
    keys = leads.keys_of(found)
    walk = Walk(data, words, starts + LEAD_BYTES)
    walk.good &= framed & (keys >= 0)
    return _walked(walk, rows, keys, begins, ends, starts)


def _frames(words: Words, begins: Places, ends: Places) -> tuple[Places, Mask]:
    """Return where payloads begin, and whether heads around them and s are right."""
    short = ends - begins <= _LONGEST_SHORT
    starts = begins + np.where(short, ENVELOPE_BYTES + 2, ENVELOPE_BYTES + 3)
    sizes = ends - starts
    head = words[begins + ENVELOPE_BYTES].byteswap()
    told = np.where(short, head >> np.uint64(48), head >> np.uint64(40))
    wanted = np.where(short, 0x58 << 8 | sizes, 0x59 << 16 | sizes)
    s_top = words[ends + len(SIGNATURE_HEAD) + 32].byteswap()
    return starts, (
        (sizes >= LEAST_PAYLOAD)
        & (sizes <= LARGEST_PAYLOAD)
        & (told == wanted.astype(np.uint64))
        & (words[ends].astype("<u2") == int.from_bytes(SIGNATURE_HEAD, "little"))
        & (s_top < np.uint64(_HALF_TOP))
    )


def _walked(  # noqa: PLR0915  one step for each member of the layout
    walk: Walk,
    rows: Places,
    keys: Places,
    begins: Places,
    ends: Places,
    starts: Places,
) -> Scanned:
    """Take all steps of the payload's layout behind its lead."""
    has_exp = walk.data[starts] == 0xA6  # noqa: PLR2004  head of a map of six
    exp = np.where(has_exp, walk.word(b"\x04\x1a", has_exp), 0)
    nbf, signed = walk.word(b"\x05\x1a"), walk.word(b"\x06\x1a")
    walk.good &= (nbf >= _SMALLEST_LONG) & (signed >= _SMALLEST_LONG)
    walk.good &= ((nbf + MIDNIGHT) % DAY == 0) & ((exp + MIDNIGHT) % DAY * exp == 0)
    walk.good &= ~has_exp | ((exp >= _SMALLEST_LONG) & (exp > nbf))
    walk.expect(b"\x3a\x00\x01\x00\x00\x82")
    lists, indexes = walk.uint(), walk.uint()
    walk.expect(b"\x3a\x00\x01\x00\x01")
    count = walk.data[walk.at].astype(np.int64)
    walk.skip(1)
    bounds: list[Places] = []
    identifier = walk.text(1)
    bounds += [*identifier, *walk.text(2), *walk.text(3)]
    _own(walk, identifier, starts)
    walk.expect(b"\x04")
    versions = walk.uint()
    bounds += walk.text(5)
    several = walk.there(0x06)
    walk.expect(b"\x06", several)
    counts = np.where(several, walk.uint(several), 1)
    walk.good &= ~several | (counts > 1)
    bounds += walk.text(7)
    walk.expect(b"\x08")
    issued = walk.uint()
    checked = walk.there(0x09)
    walk.expect(b"\x09", checked)
    bounds += walk.text(0x82, checked)
    due = walk.uint(checked)
    walk.good &= (issued <= _LAST_DAY) & (~checked | (due <= _LAST_DAY))
    has_case = walk.there(0x0A)
    walk.expect(b"\x0a\x50", has_case)
    cases = np.where(has_case, walk.skip(16, has_case), 0)
    has_fields = walk.there(0x0B)
    walk.expect(b"\x0b", has_fields)
    bounds += [walk.at]
    walk.fields(has_fields)
    bounds += [walk.at]
    walk.expect(b"\x0c\x58\x20")
    records = walk.skip(32)
    specimens = walk.there(0x0D) & (walk.at < ends)
    walk.expect(b"\x0d\xf5", specimens)
    optional = (several, checked, has_case, has_fields, specimens)
    members = sum(
        (has.astype(np.int64) for has in optional), start=np.full(len(rows), REQUIRED)
    )
    good = walk.good & (walk.at == ends) & (count == members)
    found = Scanned(
        rows=rows,
        keys=keys,
        begins=begins,
        ends=ends,
        signed=signed,
        nbf=nbf,
        exp=exp,
        lists=lists,
        indexes=indexes,
        versions=versions,
        counts=counts,
        issued=issued,
        due=due,
        checked=checked,
        cases=cases,
        records=records,
        specimens=specimens,
        bounds=np.stack(bounds, axis=1),
    )
    walk.clear_heads(good)
    return found if good.all() else found.take(good)


def _own(walk: Walk, identifier: tuple[Places, Places], starts: Places) -> None:
    """Ask that an identifier is its issuer's own: "type code.issuer." and more."""
    begin, end = identifier
    words, data = walk.words, walk.data
    walk.good &= (end - begin > _OWN_ENDS + 1) & (data[begin + _OWN_ENDS] == _DOT)
    walk.good &= data[begin + _OWN_BEGINS - 1] == _DOT
    for at in (0, 8, 10):  # 18 characters
        theirs = words[starts + LEAD_BYTES - 18 + at]
        walk.good &= words[begin + _OWN_BEGINS + at] == theirs
