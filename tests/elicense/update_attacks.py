"""Attacks behind, between and around the sealed bytes: each makes a file for a scene.

Sources: Mladenov et al., "1 Trillion Dollar Refund" (CCS 2019: incremental saving,
signature wrapping, universal forgery); Mainka et al., "Shadow Attacks" (NDSS 2021);
Rohlmann et al., "Breaking the Specification" (S&P 2021: certification attacks).
"""

import re
import zlib
from collections.abc import Callable, Mapping
from itertools import product

from tests.elicense.forger import Draft, Scene, gap

Attack = Callable[[Scene], bytes]

CATALOG = b"/Type /Catalog\n"
PAGE = b"/Type /Page\n"
FIELD = b"/FT /Sig\n"
FORM = b"/SigFlags 3\n"
SIGNATURE = b"/Type /Sig\n"
NOTE = (
    b"<<\n/Type /Annot\n/Subtype /FreeText\n/Rect [ 60 300 500 800 ]\n/F 4\n"
    b"/Contents (VALID FOR EVER)\n/DA (0 g)\n>>\n"
)


# Updates behind the sealed bytes.


def start_of_table(pdf: bytes) -> int:
    """Return the offset that the file's last ``startxref`` states."""
    return int(re.findall(rb"startxref\n([0-9]+)\n", pdf)[-1])


def updated(pdf: bytes, objects: Mapping[int, bytes], kind: str = "table") -> bytes:
    """Return the file with an update of one of several kinds behind it."""
    before, size = start_of_table(pdf), len(Draft.of(pdf).objects) + 9
    out, rows = bytearray(pdf), b""
    for number, text in sorted(objects.items()):
        rows += b"%d 1\n%010d 00000 n \n" % (number, len(out))
        out += b"%d 0 obj\n" % number + text + b"endobj\n"
    at = len(out)
    trailer = b"trailer\n<<\n/Root 1 0 R\n/Size %d\n/Prev %d\n" % (size, before)
    stream = b"%d 0 obj\n<<\n/Type /XRef\n/Size %d\n/W [ 1 4 1 ]\n/Root 1 0 R\n" % (
        size - 1,
        size,
    ) + b"/Index [ 0 0 ]\n/Prev %d\n/Length 0\n>>\nstream\n\nendstream\nendobj\n" % (
        before
    )
    end = b"startxref\n%d\n%%%%EOF\n"
    return (
        bytes(out)
        + {
            "table": b"xref\n" + rows + trailer + b">>\n" + end % at,
            "stream": stream + end % at,
            "hybrid": stream
            + b"xref\n0 0\n"
            + trailer
            + b"/XRefStm %d\n>>\n" % at
            + end % (at + len(stream)),
            "trailer": trailer + b">>\n" + end % before,
            "loop": b"xref\n"
            + rows
            + trailer.replace(b"/Prev %d" % before, b"/Prev %d" % at)
            + b">>\n"
            + end % at,
            "nothing": b"",
        }[kind]
    )


def contents_number(draft: Draft) -> int:
    """Return the number of the page's content stream."""
    found = re.search(rb"/Contents ([0-9]+) 0 R", draft.objects[draft.number(PAGE) - 1])
    assert found is not None
    return int(found[1])


def other_page(scene: Scene) -> dict[int, bytes]:
    """Return the page of another license in the place of this one's."""
    theirs = Draft.of(scene.other.pdf)
    text = theirs.objects[contents_number(theirs) - 1]
    return {contents_number(Draft.of(scene.pdf)): text}


def saved_incrementally(kind: str) -> Attack:
    """Return an incremental saving attack: another page behind the sealed bytes."""
    return lambda scene: updated(scene.pdf, other_page(scene), kind)


def annotated(scene: Scene, *, also: bytes = b"") -> bytes:
    """Return an update that puts an annotation over the page."""
    draft = Draft.of(scene.pdf)
    page, new = draft.number(PAGE), len(draft.objects) + 1
    text = draft.objects[page - 1]
    text = re.sub(rb"/Annots \[ (.*?) \]", rb"/Annots [ \1 %d 0 R ]" % new, text)
    return updated(scene.pdf, {page: text, new: also or NOTE})


def signed_a_second_time(scene: Scene) -> bytes:
    """Return the sneaky signature attack: a second field whose picture hides much."""
    draft = Draft.of(scene.pdf)
    new = len(draft.objects) + 1
    field = b"<<\n/FT /Sig\n/Type /Annot\n/Subtype /Widget\n/T (Second)\n/F 4\n"
    field += b"/Rect [ 60 300 500 800 ]\n/V %d 0 R\n>>\n" % len(draft.objects)
    form = draft.number(FORM)
    text = re.sub(
        rb"/Fields \[ (.*?) \]",
        rb"/Fields [ \1 %d 0 R ]" % new,
        draft.objects[form - 1],
    )
    return updated(scene.pdf, {form: text, new: field})


# Signature wrapping: the signed bytes are whole, but stand elsewhere.


def wrapped(*, new_range: bool, own_table: bool) -> Attack:
    """Return a signature wrapping attack: the second signed part is moved back.

    The bytes that are moved in stand between the two signed parts, where the gap was.
    With ``own_table`` they hold a table at the very offset that the old, signed
    ``startxref`` names.
    """

    def attack(scene: Scene) -> bytes:
        pdf = scene.pdf
        start, end = gap(pdf)
        head, digits, tail = pdf[:start], pdf[start:end], pdf[end:]
        moved = digits + b"\n"
        room = start_of_table(pdf) + 400 - end
        if new_range:
            behind = start + len(moved) + room + 200
            moved += b"/ByteRange [0 %d %d %d]\n" % (start, behind, len(tail))
        moved += b">>\nendobj\n"
        for number, text in other_page(scene).items():
            place = len(head) + len(moved)
            moved += b"%d 0 obj\n" % number + text + b"endobj\n"
            table = b"xref\n%d 1\n%010d 00000 n \n" % (number, place)
            table += b"trailer\n<<\n/Root 1 0 R\n/Size 40\n>>\n"
        if own_table:
            moved = moved.ljust(start_of_table(pdf) - len(head), b" ") + table
        moved = moved.ljust(behind - start if new_range else room, b" ")
        return head + moved + tail

    return attack


# Universal forgery: a signature that has nothing to be checked.


RANGES = {
    "no ByteRange": b"",
    "a null ByteRange": b"/ByteRange null\n",
    "an empty ByteRange": b"/ByteRange []\n",
    "a ByteRange of zeros": b"/ByteRange [0 0 0 0]\n",
    "a ByteRange of half the numbers": b"/ByteRange [0 100]\n",
    "a negative ByteRange": b"/ByteRange [0 -1 -1 -1]\n",
    "an enormous ByteRange": b"/ByteRange [0 99999999999999999999 1 1]\n",
}
CONTENTS = {
    "no Contents": b"",
    "null Contents": b"/Contents null\n",
    "empty Contents": b"/Contents <>\n",
    "Contents of one zero": b"/Contents <00>\n",
    "Contents as a text": b"/Contents ()\n",
}
_RANGE_ENTRY = re.compile(rb"/ByteRange \[[0-9 ]+\] *\n")
_CONTENTS_ENTRY = re.compile(rb"/Contents <[0-9a-f]*>\n")


def universal(byte_range: bytes | None, contents: bytes | None) -> Attack:
    """Return a universal forgery: another page, and a signature without content."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.room = draft.numbers = None
        for number, text in other_page(scene).items():
            draft.objects[number - 1] = text
        last = draft.objects[-1]
        if byte_range is not None:
            last = _RANGE_ENTRY.sub(byte_range, last)
        if contents is not None:
            last = _CONTENTS_ENTRY.sub(contents, last)
        draft.objects[-1] = last
        return draft.write()

    return attack


# Shadow attacks: the seal's holder is given a file that was prepared.


def content_stream(draft: Draft) -> bytes:
    """Return the page's operators."""
    text = draft.objects[contents_number(draft) - 1]
    return zlib.decompress(text.partition(b"\nstream\n")[2])


def set_content_stream(draft: Draft, operators: bytes) -> None:
    """Set the page's operators."""
    data = zlib.compress(operators)
    draft.objects[contents_number(draft) - 1] = stream(b"/Filter /FlateDecode\n", data)


def stream(entries: bytes, data: bytes) -> bytes:
    """Return a stream object in our spelling."""
    return b"<<\n%b/Length %d\n>>\nstream\n%b\nendstream\n" % (entries, len(data), data)


def covered(scene: Scene) -> Draft:
    """Return a draft whose page is covered by a form, which an update may take away."""
    draft = Draft.of(scene.pdf)
    cover = draft.add(
        stream(
            b"/BBox [ 0 0 595 842 ]\n/Resources <<\n>>\n/Subtype /Form\n"
            b"/Type /XObject\n",
            b"1 1 1 rg 60 300 400 480 re f",
        )
    )
    draft.swap(PAGE, b"/XObject <<\n", b"/XObject <<\n/Aa %d 0 R\n" % cover)
    set_content_stream(draft, content_stream(draft) + b"\nq /Aa Do Q\n")
    return draft


def cover_number(pdf: bytes) -> int:
    """Return the number of the covering form."""
    found = re.search(rb"/Aa ([0-9]+) 0 R", pdf)
    assert found is not None
    return int(found[1])


def shadow_prepared(scene: Scene) -> bytes:
    """Return the covered page under a genuine seal."""
    return scene.sealed(covered(scene).write())


def shadow_hidden(scene: Scene) -> bytes:
    """Return the same after its cover was taken away."""
    pdf = shadow_prepared(scene)
    empty = stream(b"/BBox [ 0 0 1 1 ]\n/Subtype /Form\n/Type /XObject\n", b"")
    return updated(pdf, {cover_number(pdf): empty})


def shadow_replaced(scene: Scene) -> bytes:
    """Return a license whose seal has another picture by an update."""
    draft = Draft.of(scene.pdf)
    found = re.search(rb"/N ([0-9]+) 0 R", draft.objects[draft.number(FIELD) - 1])
    assert found is not None
    picture = stream(
        b"/BBox [ 0 0 119 119 ]\n/Subtype /Form\n/Type /XObject\n", b"0 0 119 119 re f"
    )
    return updated(scene.pdf, {int(found[1]): picture})


def with_a_spare_page(scene: Scene) -> Draft:
    """Return a draft with a page that nothing shows, and what shows it."""
    draft = Draft.of(scene.pdf)
    theirs = Draft.of(scene.other.pdf)
    spare = draft.add(theirs.objects[contents_number(theirs) - 1])
    page = draft.objects[draft.number(PAGE) - 1]
    old = b"/Contents %d 0 R" % contents_number(draft)
    draft.add(page.replace(old, b"/Contents %d 0 R" % spare))
    return draft


def shadow_prepared_to_replace(scene: Scene) -> bytes:
    """Return a license with a page that nothing shows, under a genuine seal."""
    return scene.sealed(with_a_spare_page(scene).write())


def shadow_hidden_and_replaced(scene: Scene) -> bytes:
    """Return the same after an update that shows the other page."""
    pdf = shadow_prepared_to_replace(scene)
    draft = Draft.of(pdf)
    spare = len(draft.objects) - 1
    mark = re.search(rb"/Kids \[ ([0-9]+) 0 R \]", pdf)
    assert mark is not None
    tree_number = draft.number(b"/Type /Pages\n")
    text = draft.objects[tree_number - 1]
    text = text.replace(mark[0], b"/Kids [ %d 0 R ]" % spare)
    return updated(pdf, {tree_number: text})


def edited(old: bytes, new: bytes) -> Attack:
    """Return an edit of the file's bytes, without any key."""

    def attack(scene: Scene) -> bytes:
        assert scene.pdf.count(old) == 1, old
        return scene.pdf.replace(old, new)

    return attack


# The tables.


def _regapped(scene: Scene, more: bytes, less: int) -> bytes:
    """Return the license with digits more or fewer at the end of its gap."""
    end = gap(scene.pdf)[1] - 1
    return scene.pdf[: end - less] + more + scene.pdf[end:]


UPDATES: dict[str, Attack] = {
    "an update with a table": saved_incrementally("table"),
    "an update with a cross-reference stream": saved_incrementally("stream"),
    "an update with a table and a stream": saved_incrementally("hybrid"),
    "an update with a trailer alone": saved_incrementally("trailer"),
    "an update with neither table nor trailer": saved_incrementally("nothing"),
    "an update whose table comes after itself": saved_incrementally("loop"),
    "a second end of the file": lambda scene: (
        scene.pdf + b"startxref\n%d\n%%%%EOF\n" % start_of_table(scene.pdf)
    ),
    "a line feed behind the end": lambda scene: scene.pdf + b"\n",
    "a comment behind the end": lambda scene: scene.pdf + b"%comment\n",
    "zeros behind the end": lambda scene: scene.pdf + bytes(64),
    "another license behind the end": lambda scene: scene.pdf + scene.other.pdf,
    "another license in front": lambda scene: scene.other.pdf + scene.pdf,
    "a byte in front": lambda scene: b"\n" + scene.pdf,
    "bytes between header and first object": edited(
        b"\n1 0 obj\n", b"\n% comment\n1 0 obj\n"
    ),
    "a note over the page by an update": annotated,
    "a second signature by an update": signed_a_second_time,
    "a seal with another picture by an update": shadow_replaced,
    "a page that was covered and is shown by an update": shadow_hidden,
    "a page that was kept in store and is shown by an update": (
        shadow_hidden_and_replaced
    ),
    "signed parts moved apart": wrapped(new_range=False, own_table=False),
    "signed parts moved apart, with a ByteRange of one's own": wrapped(
        new_range=True, own_table=False
    ),
    "signed parts moved apart, with a table of one's own": wrapped(
        new_range=False, own_table=True
    ),
    "signed parts moved apart, with both": wrapped(new_range=True, own_table=True),
    "the gap cut short": lambda scene: _regapped(scene, b"", 2),
    "the gap made longer": lambda scene: _regapped(scene, b"00", 0),
}
"""Incremental saving, shadow, certification and wrapping attacks: all MALFORMED."""

FORGERIES: dict[str, Attack] = {
    f"{first}, {second}": universal(byte_range, contents)
    for (first, byte_range), (second, contents) in product(
        ({"the old ByteRange": None} | RANGES).items(),
        ({"the old Contents": None} | CONTENTS).items(),
    )
    if byte_range is not None or contents is not None
}
"""Universal forgeries."""
