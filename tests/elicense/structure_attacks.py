"""Attacks on the structure of a sealed license: lies, other spellings, loops, bombs.

Most need the seal's own key: its holder cheats, and every byte is properly signed.
"""

import functools
import re
import zlib
from collections.abc import Callable
from itertools import product

from tests.elicense.forger import Draft, Scene, gap
from tests.elicense.update_attacks import (
    CATALOG,
    FIELD,
    FORM,
    PAGE,
    Attack,
    contents_number,
    start_of_table,
    stream,
)

# Edits of the file that keep or move its structure.


def redrafted(mark: bytes, old: bytes, new: bytes) -> Attack:
    """Return an edit of one object, sealed anew with the genuine key."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.swap(mark, old, new)
        return scene.sealed(draft.write())

    return attack


def looped(mark: bytes, old: bytes, new: bytes) -> Attack:
    """Return the same where ``new`` names the object's own number."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.swap(mark, old, new % draft.number(mark))
        return scene.sealed(draft.write())

    return attack


def tabled(change: Callable[[list[bytes]], object]) -> Attack:
    """Return a file whose table has other rows, and whose objects are all there.

    All else is the license's own, so that a reader that knows its beginning from other
    licenses must not take the table on trust.
    """

    def attack(scene: Scene) -> bytes:
        pdf = Draft.of(scene.pdf).write()
        start = pdf.index(b" 65535 f \n", start_of_table(pdf)) + len(b" 65535 f \n")
        end = pdf.index(b"trailer", start)
        rows = [pdf[at : at + 20] for at in range(start, end, 20)]
        change(rows)
        assert sum(map(len, rows)) == end - start
        return scene.sealed(pdf[:start] + b"".join(rows) + pdf[end:])

    return attack


def lying(change: Callable[[int, int, int], tuple[int, int, int]]) -> Attack:
    """Return a ByteRange that lies, under a genuine signature over what it covers."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.numbers = lambda a, b, c: b"[0 %d %d %d]" % change(a, b, c)
        return scene.sealed(draft.write())

    return attack


def spelled(text: bytes) -> Attack:
    """Return a ByteRange in another spelling, under a genuine signature."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.numbers = lambda a, b, c: text % (a, b, c)
        return scene.sealed(draft.write())

    return attack


def wrong_number(at: int, step: int) -> Attack:
    """Return the file with one number of the ByteRange changed, without any key."""

    def attack(scene: Scene) -> bytes:
        found = re.findall(rb"/ByteRange \[(.*?)\]( *)\n", scene.pdf)[-1]
        numbers = [int(number) for number in found[0].split()]
        numbers[at] += step
        old = b"/ByteRange [%b]%b\n" % found
        new = b"/ByteRange [%d %d %d %d]" % tuple(numbers)
        return scene.pdf.replace(old, new.ljust(len(old) - 1) + b"\n")

    return attack


def gap_digits(change: Callable[[bytes], bytes]) -> Attack:
    """Return the file with other digits in its gap, of the same number."""

    def attack(scene: Scene) -> bytes:
        pdf = scene.sealed(Draft.of(scene.pdf).write())
        start, end = gap(pdf)
        digits = change(pdf[start + 1 : end - 1])
        assert len(digits) == end - start - 2
        return pdf[: start + 1] + digits + pdf[end - 1 :]

    return attack


def added(text: bytes) -> Attack:
    """Return the file with an object that nothing names, under a genuine seal."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.add(text)
        return scene.sealed(draft.write())

    return attack


def second_field(head: bytes) -> Attack:
    """Return a file with a second signature field in its form, under a genuine seal."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        number = draft.add(b"")
        value = b"/T (Second)\n/V %d 0 R\n>>\n" % len(draft.objects)
        draft.objects[number - 1] = b"<<\n" + head + value
        draft.swap(FORM, b"/Fields [ ", b"/Fields [ %d 0 R " % number)
        return scene.sealed(draft.write())

    return attack


def form_over_the_face(scene: Scene) -> bytes:
    """Return a page with a form field over it, sealed with the genuine key."""
    draft = Draft.of(scene.pdf)
    number = draft.add(
        b"<<\n/FT /Tx\n/Type /Annot\n/Subtype /Widget\n/T (Text)\n/F 4\n"
        b"/Rect [ 60 300 500 800 ]\n/V (VALID FOR EVER)\n>>\n"
    )
    draft.swap(PAGE, b"/Annots [ ", b"/Annots [ %d 0 R " % number)
    draft.swap(FORM, b"/Fields [ ", b"/Fields [ %d 0 R " % number)
    return scene.sealed(draft.write())


def streams_of(draft: Draft) -> dict[str, int]:
    """Return the number of one stream of each kind that anything may open."""
    page = draft.objects[draft.number(PAGE) - 1]
    font = _referred(page, b"/F1")
    descendant = _part(draft, font, b"/DescendantFonts")
    descriptor = _text(draft, _referred(descendant, b"/FontDescriptor"))
    return {
        "the page's operators": contents_number(draft),
        "the static art": _referred(page, b"/Art"),
        "the symbol": _referred(page, b"/QR"),
        "the photo": _referred(page, b"/Photo"),
        "the map to characters": _referred(_text(draft, font), b"/ToUnicode"),
        "the font file": _referred(descriptor, b"/FontFile2"),
        "the colour profile": draft.number(b"/N 3\n"),
        "the metadata": draft.number(b"/Type /Metadata\n"),
        "the seal's picture": _referred(_text(draft, draft.number(FIELD)), b"/N"),
        "the record": _attached(draft, b"cbor"),
        "the token": _attached(draft, b"cose"),
    }


def _text(draft: Draft, number: int) -> bytes:
    return draft.objects[number - 1]


def _referred(text: bytes, key: bytes) -> int:
    """Return the number that stands behind a key."""
    found = re.search(rb"%b \[? ?([0-9]+) 0 R" % key, text)
    assert found is not None, key
    return int(found[1])


def _part(draft: Draft, number: int, key: bytes) -> bytes:
    return _text(draft, _referred(_text(draft, number), key))


def _attached(draft: Draft, suffix: bytes) -> int:
    return draft.number(b"/Subtype /application#2F%b\n" % suffix)


def bombed(kind: str, data: bytes) -> Attack:
    """Return a file in which one stream inflates to very much, properly signed."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        at = streams_of(draft)[kind] - 1
        head, _, _ = draft.objects[at].partition(b"\n>>\nstream\n")
        head = re.sub(rb"\n/(Length|Filter) [^\n]+", b"", head)
        entries = head.removeprefix(b"<<\n") + b"\n/Filter /FlateDecode\n"
        draft.objects[at] = stream(entries, data)
        return scene.sealed(draft.write())

    return attack


@functools.cache
def bomb() -> bytes:
    """Return 40 KB that inflate to 40 MB: more than twice what a page may have."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(40)) + (
        packer.flush()
    )


NUMBERS: dict[str, Attack] = {
    f"number {at + 1} of the ByteRange off by {step}": wrong_number(at, step)
    for at, step in product(range(4), (-1, 1))
    if at or step > 0
}
"""A ByteRange that lies, in each number, without the key."""


def _with_junk_behind(digits: bytes) -> bytes:
    """Return the digits with a one behind the CMS, whose length its head says."""
    end = 2 * (4 + int(digits[4:8], 16))
    return digits[:end] + b"1" + digits[end + 1 :]


PADDING = {
    "junk at the end of the padding": gap_digits(lambda digits: digits[:-2] + b"01"),
    "junk right behind the CMS": gap_digits(_with_junk_behind),
    "one capital letter": gap_digits(
        lambda digits: digits[:90] + digits[90:].replace(b"a", b"A", 1)
    ),
    "all capital letters": gap_digits(bytes.upper),
    "a blank between digits": gap_digits(lambda digits: digits[:-2] + b" 0"),
    "a line feed in the digits": gap_digits(lambda digits: b"\n" + digits[:-1]),
    "a comment in the digits": gap_digits(lambda digits: digits[:-2] + b"%\n"),
    "no digits at all": gap_digits(lambda digits: b" " * len(digits)),
    "zeros alone": gap_digits(lambda digits: b"0" * len(digits)),
    "a second CMS in the padding": gap_digits(
        lambda digits: (
            digits.rstrip(b"0") + b"0" * (len(digits.rstrip(b"0")) % 2) + b"3000"
        ).ljust(len(digits), b"0")
    ),
}
"""What can be done to the gap's digits: all MALFORMED."""

KEYS = {
    "a name in an escape": (b"/ByteRange", b"/Byte#52ange"),
    "a name all in escapes": (b"/ByteRange", b"/#42#79#74#65#52#61#6e#67#65"),
    "a comment behind a name": (b"/ByteRange ", b"/ByteRange%x\n"),
    "another white space": (b"/ByteRange ", b"/ByteRange\t"),
    "Contents in an escape": (b"/Contents <", b"/Con#74ents <"),
    "a comment in front of Contents": (b"<<\n/Contents <", b"<<\n%\n/Contents <"),
    "a second Contents": (b"/Filter /Adobe", b"/Contents <00>\n/Filter /Adobe"),
    "a second ByteRange in front": (
        b"/Filter /Adobe",
        b"/ByteRange [0 1 2 3]\n/Filter /Adobe",
    ),
    "a second ByteRange in an escape": (
        b"/Filter /Adobe",
        b"/Byte#52ange [0 1 2 3]\n/Filter /Adobe",
    ),
    "a second SubFilter": (b"/M (", b"/SubFilter /adbe.pkcs7.detached\n/M ("),
    "a detached PKCS7": (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.detached"),
    "a PKCS7 over SHA-1": (b"/ETSI.CAdES.detached", b"/adbe.pkcs7.sha1"),
    "an RSA signature": (b"/ETSI.CAdES.detached", b"/adbe.x509.rsa_sha1"),
    "a timestamp": (b"/ETSI.CAdES.detached", b"/ETSI.RFC3161"),
    "a SubFilter that does not exist": (b"/ETSI.CAdES.detached", b"/ETSI.CAdES"),
    "no SubFilter": (b"/SubFilter /ETSI.CAdES.detached\n", b""),
    "another Filter": (b"/Adobe.PPKLite", b"/Entrust.PPKEF"),
    "no signature type": (b"/Type /Sig\n", b""),
    "a timestamp's type": (b"/Type /Sig\n", b"/Type /DocTimeStamp\n"),
    "permission to fill in": (b"/P 1\n", b"/P 2\n"),
    "permission to write notes": (b"/P 1\n", b"/P 3\n"),
    "a transform of some fields": (
        b"/TransformMethod /DocMDP",
        b"/TransformMethod /UR3",
    ),
    "a digest beside the transform": (
        b"/TransformMethod",
        b"/DigestMethod /MD5\n/TransformMethod",
    ),
    "a build dictionary": (b"/Filter /Adobe", b"/Prop_Build <<\n>>\n/Filter /Adobe"),
    "a certificate beside the CMS": (b"/Filter /Adobe", b"/Cert (x)\n/Filter /Adobe"),
    "an instant in another zone": (b"Z)\n", b"+08\\04700)\n"),
    "no instant": (b"/M (D\\072", b"/L (D\\072"),
}
"""Entries of the signature dictionary in other spellings, properly signed."""

RANGE_SPELLINGS = {
    "a sign": spelled(b"[0 +%d %d %d]"),
    "a leading zero": spelled(b"[0 0%d %d %d]"),
    "a fraction": spelled(b"[0 %d.0 %d %d]"),
    "a comment": spelled(b"[0 %%%%\n%d %d %d]"),
    "two blanks": spelled(b"[0  %d %d %d]"),
    "a number more": spelled(b"[0 %d %d %d 0]"),
    "two numbers more": spelled(b"[0 %d %d %d 0 0]"),
    "a beginning that is not 0": lying(lambda a, b, c: (a, b, c - 1)),
    "a gap that ends a byte too late": lying(lambda a, b, c: (a, b + 1, c - 1)),
    "a gap that begins a byte too late": lying(lambda a, b, c: (a + 1, b, c)),
    "a gap that begins a byte too early": lying(lambda a, b, c: (a - 1, b, c)),
    "a rest that overlaps": lying(lambda a, b, c: (a, 0, b + c)),
    "a rest beyond the end": lying(lambda a, b, c: (a, b, c + 1)),
}
"""A ByteRange that lies or is spelled otherwise, properly signed: all MALFORMED."""

STRUCTURES: dict[str, Attack] = {
    "a second signature in an object": added(
        b"<<\n/Type /Sig\n/ByteRange [0 1 2 3]\n/Contents <00>\n>>\n"
    ),
    "the same in an escape": added(
        b"<<\n/Type /Sig\n/Byte#52ange [0 1 2 3]\n/Contents <00>\n>>\n"
    ),
    "a second signature field": second_field(b"/FT /Sig\n"),
    "a second signature field in an escape": second_field(b"/FT /S#69g\n"),
    "a second signature field behind a comment": second_field(b"/FT /Sig%\n"),
    "a second signature field on one line": second_field(b"/FT/Sig\n"),
    "an object stream": added(b"<<\n/Type /ObjStm\n/N 0\n/First 0\n>>\n"),
    "an object stream in an escape": added(
        b"<<\n/Type /Obj#53tm\n/N 0\n/First 0\n>>\n"
    ),
    "a cross-reference stream": added(
        stream(b"/Type /XRef\n/W [ 1 4 1 ]\n/Size 1\n", b"")
    ),
    "a form field over the page": form_over_the_face,
    "the field's value is another object": redrafted(FIELD, b"/V ", b"/V 1 0 R\n/W "),
    "the field's kind in an escape": redrafted(FIELD, b"/FT /Sig", b"/FT /S#69g"),
    "permissions of another object": redrafted(
        CATALOG, b"/DocMDP ", b"/DocMDP 1 0 R\n/UR3 "
    ),
    "encryption in the catalog": redrafted(CATALOG, b"/AF ", b"/Encrypt 2 0 R\n/AF "),
    "a script in the catalog": redrafted(
        CATALOG, b"/AF ", b"/OpenAction <<\n/S /JavaScript\n/JS (app)\n>>\n/AF "
    ),
    "a form of another kind": redrafted(FORM, b"/Fields", b"/XFA (x)\n/Fields"),
    "appearances made anew": redrafted(
        FORM, b"/Fields", b"/NeedAppearances true\n/Fields"
    ),
}
"""Structures with the genuine key that no license has: all MALFORMED."""

TRAILERS = {
    "a previous table": lambda at: b"/Prev %d\n" % at,
    "a previous table that is this one": lambda at: b"/Prev %d\n" % (at + 9),
    "a table in a stream": lambda at: b"/XRefStm %d\n" % at,
    "encryption": lambda _: b"/Encrypt 2 0 R\n",
    "a second catalog": lambda _: b"/Root 2 0 R\n",
}
"""Entries of the trailer that lead a reader elsewhere: all MALFORMED."""


def trailing(entry: Callable[[int], bytes]) -> Attack:
    """Return a file with one entry more in its trailer, properly signed."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.trailer += entry(start_of_table(scene.pdf))
        return scene.sealed(draft.write())

    return attack


def two_tables(scene: Scene) -> bytes:
    """Return a file with its table twice, both right, properly signed."""
    pdf = Draft.of(scene.pdf).write()
    table = start_of_table(pdf)
    end = pdf.index(b"startxref\n", table)
    draft = Draft.of(scene.pdf)
    start, behind = gap(pdf)
    draft.numbers = lambda a, b, c: b"[0 %d %d %d]" % (a, b, c + end - table)
    twice = draft.write()
    assert (start, behind) == gap(twice)
    return scene.sealed(twice[:table] + twice[table:end] * 2 + twice[end:])


TABLES: dict[str, Attack] = {
    "two rows exchanged": tabled(lambda rows: rows.insert(1, rows.pop(2))),
    "a row that is another's": tabled(lambda rows: rows.__setitem__(1, rows[2])),
    "a row in the middle of an object": tabled(
        lambda rows: rows.__setitem__(1, b"%010d 00000 n \n" % (int(rows[1][:10]) + 1))
    ),
    "a row behind the end": tabled(
        lambda rows: rows.__setitem__(1, b"9999999999 00000 n \n")
    ),
    "a free row": tabled(
        lambda rows: rows.__setitem__(1, rows[1].replace(b" n ", b" f "))
    ),
    "a row of another generation": tabled(
        lambda rows: rows.__setitem__(1, rows[1].replace(b"00000 n", b"00001 n"))
    ),
}
"""Tables that name other places, properly signed: all MALFORMED."""

LOOPS: dict[str, Attack] = {
    "a page tree that is its own child": looped(
        b"/Type /Pages\n", b"/Kids [ ", b"/Kids [ %d 0 R "
    ),
    "names that are their own child": looped(
        CATALOG, b"/EmbeddedFiles <<\n", b"/EmbeddedFiles <<\n/Kids [ %d 0 R ]\n"
    ),
    "a page that is its own parent": looped(PAGE, b"/Parent ", b"/Parent %d 0 R\n/Q "),
    "a field that is its own child": looped(FIELD, b"/P ", b"/Kids [ %d 0 R ]\n/P "),
    "a field that is its own parent": looped(FIELD, b"/Rect", b"/Parent %d 0 R\n/Rect"),
    "a form that is its own field": looped(FORM, b"/Fields [ ", b"/Fields [ %d 0 R "),
    "attachments that are the catalog": looped(CATALOG, b"/AF [ ", b"/AF [ %d 0 R "),
    "a length that is its own object": looped(
        b"/Type /Metadata\n", b"/Length ", b"/Length %d 0 R\n/Q "
    ),
}
"""Objects that lead to themselves, properly signed."""

INFLATED = (
    "the page's operators",
    "the static art",
    "the symbol",
    "the photo",
    "the map to characters",
    "the font file",
    "the colour profile",
    "the metadata",
    "the seal's picture",
)
STORED = ("the record", "the token")
