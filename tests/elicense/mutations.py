"""Random edits of sealed licenses: by anybody, and by whoever holds the seal's key."""

import re
from collections.abc import Callable
from random import Random

from tests.elicense.forger import Draft, Scene, gap

PIECES = (
    b"",
    b"\n",
    b" ",
    b"\0",
    b"%",
    b"#4a",
    b"<<",
    b">>",
    b"[ ",
    b" ]",
    b"(",
    b"endobj\n",
    b"stream\n",
    b"endstream\n",
    b"%%EOF\n",
    b"0000000017 00000 n \n",
    b"0000000000 00001 f \n",
    b"startxref\n9\n%%EOF\n",
    b"xref\n0 1\n",
    b"trailer\n<<\n>>\n",
    b"/ByteRange [0 1 2 3]\n",
    b"/XRef",
)
LINES = (
    b"/Type /Sig",
    b"/FT /Sig",
    b"/FT /Tx",
    b"/FT/Sig",
    b"/F#54 /Sig",
    b"/V 1 0 R",
    b"/Kids [ 1 0 R ]",
    b"/Kids [ 8 0 R ]",
    b"/Parent 8 0 R",
    b"/AF [ 2 0 R ]",
    b"/Fields [ ]",
    b"/Names 1 0 R",
    b"/Length 0",
    b"/Filter /FlateDecode",
    b"/Version /2.0",
    b"/Extensions <<\n>>",
    b"/Type /Catalog",
    b"/Encrypt 2 0 R",
    b"/Perms <<\n>>",
    b"/Perms <<\n/DocMDP 1 0 R\n>>",
    b"/DSS <<\n>>",
    b"/SigFlags 0",
    b"/MK <<\n>>",
    b"/Lock 1 0 R",
    b"/SV 1 0 R",
    b"/Dests 1 0 R",
    b"/EF <<\n/F 1 0 R\n>>",
    b"/F 5",
    b"% comment",
    b"/A null",
    b"/A true",
    b"/A -1.5e3",
    b"/A (\\)\\()",
    b"/A <",
    b"/A 99999 0 R",
    b"/A 1 1 R",
)
MARK = re.compile(rb"obj|stream|/[A-Z]|xref|trailer|[0-9]{10} 00000")


def anybodys(rng: Random, scene: Scene) -> bytes:
    """Return the license after one to three edits without any key."""
    pdf = scene.pdf
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        pdf = rng.choice(EDITS)(rng, pdf, scene)
    return pdf


def _place(rng: Random, pdf: bytes) -> int:
    """Return a place anywhere, or in the structure, or in the gap."""
    if not pdf:
        return 0
    match rng.randrange(4):
        case 0:
            return rng.randrange(len(pdf))
        case 1:
            marks = [found.start() for found in MARK.finditer(pdf)] or [0]
            return min(rng.choice(marks) + rng.randrange(12), len(pdf) - 1)
        case 2:
            return max(0, len(pdf) - 1 - rng.randrange(2000))
        case _:
            found = pdf.rfind(b"/Contents <")
            return min(max(found, 0) + rng.randrange(5000), len(pdf) - 1)


def _flip(rng: Random, pdf: bytes, _: Scene) -> bytes:
    at = _place(rng, pdf)
    return (
        pdf[:at]
        + bytes(b ^ 1 << rng.randrange(8) for b in pdf[at : at + 1])
        + (pdf[at + 1 :])
    )


def _digit(rng: Random, pdf: bytes, _: Scene) -> bytes:
    """Change one digit, as one changes an offset, a length or a reference."""
    at = _place(rng, pdf)
    found = re.compile(rb"[0-9a-f]").search(pdf, at)
    if found is None:
        return pdf + b"0"
    digit = b"%d" % rng.randrange(10)
    return pdf[: found.start()] + digit + pdf[found.end() :]


def _insert(rng: Random, pdf: bytes, _: Scene) -> bytes:
    at = _place(rng, pdf)
    return pdf[:at] + rng.choice(PIECES) + pdf[at:]


def _overwrite(rng: Random, pdf: bytes, _: Scene) -> bytes:
    at, piece = _place(rng, pdf), rng.choice(PIECES)
    return pdf[:at] + piece + pdf[at + len(piece) :]


def _cut(rng: Random, pdf: bytes, _: Scene) -> bytes:
    at = _place(rng, pdf)
    return pdf[:at] + pdf[at + rng.choice((1, 1, 2, 20, 200, len(pdf))) :]


def _move(rng: Random, pdf: bytes, _: Scene) -> bytes:
    """Exchange two neighbouring pieces."""
    first, second, third = sorted(_place(rng, pdf) for _ in range(3))
    return pdf[:first] + pdf[second:third] + pdf[first:second] + pdf[third:]


def _graft(rng: Random, pdf: bytes, scene: Scene) -> bytes:
    """Put a piece of another license in the same place, or somewhere else."""
    theirs = rng.choice((scene.other.pdf, scene.foreign.pdf))
    start = _place(rng, theirs)
    piece = theirs[start : start + rng.choice((1, 8, 64, 900, 5000))]
    at = start if rng.random() < 0.5 else _place(rng, pdf)
    return pdf[:at] + piece + pdf[at + len(piece) :]


def _swap_objects(rng: Random, pdf: bytes, _: Scene) -> bytes:
    """Exchange two objects; table and signature stay as they are."""
    starts = [m.start() for m in re.finditer(rb"(?m)^[0-9]+ 0 obj\n", pdf)]
    if len(starts) < 4:
        return pdf + b"\n"
    first, second = sorted(rng.sample(range(len(starts) - 1), 2))
    a, b, c, d = starts[first], starts[first + 1], starts[second], starts[second + 1]
    return pdf[:a] + pdf[c:d] + pdf[b:c] + pdf[a:b] + pdf[d:]


def _swap_rows(rng: Random, pdf: bytes, _: Scene) -> bytes:
    """Exchange two rows of the table."""
    rows = [m.span() for m in re.finditer(rb"[0-9]{10} 00000 n \n", pdf)]
    if len(rows) < 2:
        return pdf + b"\n"
    (a, b), (c, d) = sorted(rng.sample(rows, 2))
    return pdf[:a] + pdf[c:d] + pdf[b:c] + pdf[a:b] + pdf[d:]


Edit = Callable[[Random, bytes, Scene], bytes]
EDITS: tuple[Edit, ...] = (
    _flip,
    _flip,
    _digit,
    _insert,
    _overwrite,
    _cut,
    _move,
    _graft,
    _swap_objects,
    _swap_rows,
)


def holders(rng: Random, scene: Scene) -> bytes:
    """Return the license after one to three edits of its parts, sealed anew.

    Nothing is wrong with its signature, so that only what a reader looks at can refuse
    it: this is where two readers would differ.
    """
    draft = Draft.of(scene.pdf)
    for _ in range(rng.choice((1, 1, 2, 3))):
        rng.choice(REDRAFTS)(rng, draft, scene)
    if rng.random() < 0.9:
        return scene.sealed(draft.write())
    return scene.sealed(_loosened(rng, draft))


def _loosened(rng: Random, draft: Draft) -> bytes:
    """Return the file with a piece between its objects, and a right ByteRange."""
    pdf = draft.write()
    found = rng.choice([m.start() for m in re.finditer(rb"(?m)^[0-9]+ 0 obj\n", pdf)])
    piece = rng.choice(PIECES)
    start, end = gap(pdf)
    old = b"[0 %d %d %d]" % (start, end, len(pdf) - end)
    more = len(piece)
    new = b"[0 %d %d %d]" % (start + more, end + more, len(pdf) - end)
    return (pdf[:found] + piece + pdf[found:]).replace(old.ljust(62), new.ljust(62))


def _object(rng: Random, draft: Draft) -> int:
    """Return the place of an object, mostly of those that a validator looks at."""
    places = range(len(draft.objects) - 1)
    marks = (b"/Catalog", b"/AcroForm", b"/Filespec", b"/EmbeddedFile", b"/FT /Sig")
    looked_at = [
        place
        for place in places
        if any(mark in draft.objects[place][:400] for mark in (*marks, b"/SigFlags"))
    ]
    return rng.choice(looked_at) if rng.random() < 0.7 else rng.choice(places)


def _change_text(rng: Random, draft: Draft, change: Callable[[bytes], bytes]) -> None:
    place = _object(rng, draft)
    text, mark, rest = draft.objects[place].partition(b"\nstream\n")
    draft.objects[place] = change(text) + mark + rest


def _text_byte(rng: Random, draft: Draft, _: Scene) -> None:
    def change(text: bytes) -> bytes:
        at = rng.randrange(len(text))
        return text[:at] + bytes((rng.randrange(256),)) + text[at + 1 :]

    _change_text(rng, draft, change)


def _text_digit(rng: Random, draft: Draft, _: Scene) -> None:
    def change(text: bytes) -> bytes:
        digits = [m.start() for m in re.finditer(rb"[0-9]", text)]
        if not digits:
            return text
        at = rng.choice(digits)
        return text[:at] + b"%d" % rng.randrange(30) + text[at + 1 :]

    _change_text(rng, draft, change)


def _text_piece(rng: Random, draft: Draft, _: Scene) -> None:
    def change(text: bytes) -> bytes:
        at = rng.randrange(len(text))
        gone = rng.choice((0, 0, 1, 3))
        return text[:at] + rng.choice(PIECES) + text[at + gone :]

    _change_text(rng, draft, change)


def _line(rng: Random, draft: Draft, _: Scene) -> None:
    """Add, take away, repeat or exchange whole lines of a dictionary."""

    def change(text: bytes) -> bytes:
        lines = text.split(b"\n")
        at = rng.randrange(len(lines))
        match rng.randrange(4):
            case 0:
                lines.insert(at, rng.choice(LINES))
            case 1:
                del lines[at]
            case 2:
                lines.insert(rng.randrange(len(lines)), lines[at])
            case _:
                other = rng.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
        return b"\n".join(lines)

    _change_text(rng, draft, change)


def _stream_byte(rng: Random, draft: Draft, _: Scene) -> None:
    place = _object(rng, draft)
    text, mark, rest = draft.objects[place].partition(b"\nstream\n")
    if mark:
        at = rng.randrange(len(rest))
        rest = rest[:at] + bytes((rng.randrange(256),)) + rest[at + 1 :]
    draft.objects[place] = text + mark + rest


def _exchange(rng: Random, draft: Draft, _: Scene) -> None:
    first, second = _object(rng, draft), _object(rng, draft)
    objects = draft.objects
    objects[first], objects[second] = objects[second], objects[first]


def _others_object(rng: Random, draft: Draft, scene: Scene) -> None:
    theirs = Draft.of(rng.choice((scene.other, scene.foreign)).pdf)
    place = min(_object(rng, draft), len(theirs.objects) - 2)
    draft.objects[place] = theirs.objects[place]


def _new_object(rng: Random, draft: Draft, _: Scene) -> None:
    draft.add(b"<<\n%b\n>>\n" % rng.choice(LINES))


def _trailer(rng: Random, draft: Draft, _: Scene) -> None:
    at = rng.randrange(len(draft.trailer))
    draft.trailer = draft.trailer[:at] + rng.choice(PIECES) + draft.trailer[at:]


Redraft = Callable[[Random, Draft, Scene], None]
REDRAFTS: tuple[Redraft, ...] = (
    _text_byte,
    _text_digit,
    _text_piece,
    _line,
    _line,
    _line,
    _stream_byte,
    _exchange,
    _others_object,
    _new_object,
    _trailer,
)
