"""Attacks on the page: what the holder of the seal may draw, and how it is read.

Every byte is properly signed with the genuine key.
"""

import zlib
from collections.abc import Mapping

from tests.elicense.forger import Draft, Scene
from tests.elicense.structure_attacks import bombed, redrafted, streams_of
from tests.elicense.update_attacks import (
    NOTE,
    PAGE,
    Attack,
    contents_number,
    other_page,
    shadow_prepared,
    stream,
)


def over_the_face(scene: Scene) -> bytes:
    """Return a page with a note over it, sealed with the genuine key."""
    draft = Draft.of(scene.pdf)
    number = draft.add(NOTE)
    draft.swap(PAGE, b"/Annots [ ", b"/Annots [ %d 0 R " % number)
    return scene.sealed(draft.write())


def with_contents(data: bytes, entries: bytes = b"/Filter /FlateDecode\n") -> Attack:
    """Return a page with other operators, sealed with the genuine key."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        draft.objects[contents_number(draft) - 1] = stream(entries, data)
        return scene.sealed(draft.write())

    return attack


def _sealed_with(scene: Scene, objects: Mapping[int, bytes]) -> bytes:
    draft = Draft.of(scene.pdf)
    for number, text in objects.items():
        draft.objects[number - 1] = text
    return scene.sealed(draft.write())


def appended(operators: bytes) -> Attack:
    """Return a page that draws more at its end, sealed with the genuine key."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        at = contents_number(draft) - 1
        _, _, data = draft.objects[at].partition(b"\nstream\n")
        before = zlib.decompress(data.removesuffix(b"\nendstream\n"))
        packed = zlib.compress(before + operators, 9)
        draft.objects[at] = stream(b"/Filter /FlateDecode\n", packed)
        return scene.sealed(draft.write())

    return attack


def with_entries(kind: str, entries: bytes) -> Attack:
    """Return a file with more entries in front of a stream's own."""

    def attack(scene: Scene) -> bytes:
        draft = Draft.of(scene.pdf)
        at = streams_of(draft)[kind] - 1
        draft.objects[at] = draft.objects[at].replace(b"<<\n", b"<<\n" + entries, 1)
        return scene.sealed(draft.write())

    return attack


def with_art(operators: bytes) -> Attack:
    """Return a file with other static art."""
    return bombed("the static art", zlib.compress(operators, 9))


def _shown(operand: bytes) -> Attack:
    return appended(b"BT\n/F1 9 Tf 1 0 0 1 80 300 Tm " + operand + b" Tj\nET\n")


ON_THE_FACE: dict[str, Attack] = {
    "a note over the page": over_the_face,
    "a page that a form covers": shadow_prepared,
    "another license's page": lambda scene: _sealed_with(scene, other_page(scene)),
    "a page without operators": with_contents(zlib.compress(b"")),
    "operators that are no stream of zlib": with_contents(b"BT ET"),
    "operators that end too soon": with_contents(zlib.compress(b"q " * 999)[:-9]),
    "operators under another filter": with_contents(b"q", b"/Filter /LZWDecode\n"),
}
"""What the seal's holder may draw: only the check of the face sees it."""

READ_OTHERWISE: dict[str, Attack] = {
    "a text that engines cut off": _shown(b"<" + b"0001" * 16_383 + b"0020>"),
    "a text just longer than ours": _shown(b"<" + b"0001" * 2_049 + b">"),
    "a literal text": _shown(b"(\\000\\001)"),
    "a comment": appended(b"% ET\n"),
    "an inline image": appended(b"q BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q\n"),
    "a font that the page does not name": appended(
        b"BT\n/F9 9 Tf 1 0 0 1 80 300 Tm <0001> Tj\nET\n"
    ),
    "a photo under two names": redrafted(PAGE, b"/Photo ", b"/Photo 1 0 R\n/Photo "),
    "two filters of the photo": with_entries("the photo", b"/Filter /FlateDecode\n"),
    "two colour spaces of it": with_entries("the photo", b"/ColorSpace /DeviceGray\n"),
    "two kinds of it": with_entries("the photo", b"/Subtype /Form\n"),
    "two lengths of the operators": with_entries(
        "the page's operators", b"/Length 9\n"
    ),
    "operators in another file": with_entries(
        "the page's operators", b"/F (evil\\056bin)\n/FFilter /FlateDecode\n"
    ),
    "a font in another file": with_entries("the font file", b"/F (x)\n"),
}
"""What readers see differently, with the genuine key."""

COSTLY: dict[str, Attack] = {
    "a path of very many segments": appended(
        b"q 0.1 w 0 0 m " + b"600 800 l 0 0 l " * 600_000 + b"S Q\n"
    ),
    "a short path, painted again and again": appended(
        b"q 9 w " + b"0 0 m 600 800 l S " * 400 + b"Q\n"
    ),
    "dashes without end": appended(
        b"q 0.1 w [0.5] 0 d " + b"0 0 m 99999 0 l S " * 9 + b"Q\n"
    ),
    "type of the page's size": appended(
        b"BT\n/F1 900 Tf 1 0 0 1 9 9 Tm " + b"<0009000a> Tj " * 99 + b"ET\n"
    ),
    "art of very many thick curves": with_art(
        b"50 w 1 J 1 j " + (b"0 0 m " + b"600 800 0 800 600 0 c " * 80 + b"S ") * 270
    ),
    "art that is scaled up": with_art(
        b"9999 0 0 9999 0 0 cm 0 0 m " + b"1 1 0 1 1 0 c " * 9_000 + b"S "
    ),
    "a seal of very many curves": bombed(
        "the seal's picture",
        zlib.compress(b"50 w 0 0 m " + b"60 80 0 80 60 0 c " * 300_000 + b"S"),
    ),
}
"""Small files that take long to draw, with the genuine key."""
