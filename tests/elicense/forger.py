"""What a forger has: a licence of each press, taken apart and put together again.

With the seal's key everything is signed anew, so that only what was changed can be what
is wrong; without it the old signature stays where it is.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from elicense import validating
from elicense.catalog import Catalog
from elicense.issuing import Issued, IssuingDesk
from elicense.policy import LEAN, STANDARD, ValidationPolicy
from elicense.samples import variant
from elicense.testing import START, Department, Simulator
from elicense.trust import TrustState
from elicense.validating import Verdict
from esign import algorithms, cms, der, seal_image
from esign.authority import DevelopmentAuthority
from esign.keys import Signer
from esign.pades import SealIdentity
from esign.seal_image import SealSpec
from tests.elicense.pages import PRESSES

TYPE = "special-operation"  # it has a photo
ROOM = 6000
"""Bytes for the CMS in a file that is put together anew: enough for every forgery."""
POLICIES = {
    "lean": LEAN,
    "plain": replace(LEAN, second_engine=True),
    "lean with the face": replace(STANDARD, second_engine=False),
    "plain with the face": STANDARD,
}
_HEADER = b"%PDF-1.7\n%\xc2\xa5\xc2\xb1\xc3\xab\n"
_END = re.compile(
    rb"trailer\n<<\n(.*)/Size [0-9]+\n>>\nstartxref\n[0-9]+\n%%EOF\n", re.DOTALL
)
_RANGE = re.compile(rb"(\[0 [0-9]+ [0-9]+ [0-9]+\] +)\n")  # whatever its name
_GAP = re.compile(rb"<[0-9a-f]{256,}>")
_OBJECT = re.compile(rb"(?m)^[0-9]{1,5} 0 obj\n")
_TRAILER = re.compile(rb"trailer\n<<\n(.*?)/Size", re.DOTALL)
_WIDTH = 62


@dataclass(frozen=True, kw_only=True, repr=False)
class Scene:
    """One world with a license by one press, and who else has a key in it.

    Attributes:
        issued: the license under attack.
        other: another license of the same type and department.
        foreign: a license of the second department.
        seal: the department's seal.
        second: the second department's seal.
        authority: the CA of both.
        trust: what a verifier believes.
        bundle: the file that it comes from.
        pin: the root's fingerprint.
        name: the department's name.
        code: its USCC.
        at: the world's instant.
    """

    issued: Issued
    other: Issued
    foreign: Issued
    seal: SealIdentity
    second: SealIdentity
    authority: DevelopmentAuthority
    trust: TrustState
    bundle: bytes
    pin: str
    name: str
    code: str
    at: datetime = START

    @property
    def pdf(self) -> bytes:
        """The license under attack."""
        return self.issued.pdf

    def verdict(self, pdf: bytes, policy: ValidationPolicy = STANDARD) -> Verdict:
        """Return what a stranger says of a file."""
        return validating.validate(
            pdf, self.trust, self.at, policy=policy, catalog=_catalog()
        )

    def verdicts(self, pdf: bytes) -> dict[str, Verdict]:
        """Return what each policy says of a file."""
        return {name: self.verdict(pdf, policy) for name, policy in POLICIES.items()}

    def sealed(
        self,
        pdf: bytes,
        identity: SealIdentity | None = None,
        change: "Callable[[Cms], None] | None" = None,
    ) -> bytes:
        """Return a file of this layout with a new signature in its gap.

        Args:
            pdf: the file, with a gap whose content does not matter.
            identity: who signs; the department where None.
            change: what happens to the CMS before its attributes are signed.
        """
        return resealed(pdf, identity or self.seal, change)


@functools.cache
def _catalog() -> Catalog:
    return Catalog.builtin()


class PressRoom(Simulator):
    """A simulator whose departments all print with one press."""

    def __init__(self, press: str) -> None:
        """Remember the press, by its name in :data:`PRESSES`."""
        super().__init__()
        self._press = PRESSES[press]

    def desk(self, department: Department | None = None) -> IssuingDesk:
        """Return what a department issues with now."""
        owner = department or self.department
        art = seal_image.draw(SealSpec(owner.name))
        return replace(super().desk(owner), press=self._press(owner.seal, art))


@functools.cache
def scene(name: str) -> Scene:
    """Return the world whose licenses one press prints, made once."""
    with PressRoom(name) as world:
        first, second = world.departments
        return Scene(
            issued=world.issue(TYPE),
            other=world.issue(TYPE, variant(TYPE, START, 5)),
            foreign=world.issue(TYPE, department=second),
            seal=first.seal,
            second=second.seal,
            authority=world.authority,
            trust=world.trust(),
            bundle=world.bundle_file(),
            pin=world.pin,
            name=first.name,
            code=first.code,
        )


# The file.


class NoGapError(Exception):
    """A file has no gap and byte range in its last object, or too small a gap."""


def gap(pdf: bytes) -> tuple[int, int]:
    """Return the offset of the signature's ``<`` and the one behind its ``>``."""
    found = _GAP.search(pdf, pdf.rindex(b" 0 obj\n"))
    if found is None:
        raise NoGapError("no gap behind the head of the last object")
    return found.span()


def content_of(pdf: bytes) -> bytes:
    """Return the CMS in the gap."""
    start, end = gap(pdf)
    held = bytes.fromhex(pdf[start + 1 : end - 1].decode())
    return held[: der.element_length(held)]


def resealed(
    pdf: bytes, identity: SealIdentity, change: "Callable[[Cms], None] | None" = None
) -> bytes:
    """Return a file with a gap under a new signature, see :meth:`Scene.sealed`."""
    start, end = gap(pdf)
    digest = hashlib.sha256(pdf[:start] + pdf[end:]).digest()
    return with_gap(pdf, signed_content(identity, digest, change))


def with_gap(pdf: bytes, content: bytes) -> bytes:
    """Return the file with another CMS in its gap, padded with zeros."""
    start, end = gap(pdf)
    room = end - start - 2
    digits = content.hex().encode()
    if len(digits) > room:
        raise NoGapError(f"a gap of {room} digits for {len(digits)}")
    return pdf[: start + 1] + digits.ljust(room, b"0") + pdf[end - 1 :]


@dataclass
class Draft:
    """A sealed file in parts, each of which may be changed.

    Attributes:
        objects: what stands between ``n 0 obj`` and ``endobj``, from object 1.
        trailer: the trailer's entries but ``/Size``.
        room: bytes for the CMS; None leaves the gap as it is.
        numbers: the ByteRange to state for gap start, gap end and length of the rest;
            None leaves it as it is.
    """

    objects: list[bytes]
    trailer: bytes
    room: int | None = ROOM
    numbers: Callable[[int, int, int], bytes] | None = lambda a, b, c: (
        b"[0 %d %d %d]" % (a, b, c)
    )

    @classmethod
    def of(cls, pdf: bytes) -> "Draft":
        """Take a sealed file apart, without asking whether it is in the profile."""
        table = pdf.rindex(b"\nxref\n0 ") + 1
        rows = re.findall(rb"([0-9]{10}) 00000 n \n", pdf[table:])
        starts = [*map(int, rows), table]
        bodies = [pdf[a:b] for a, b in pairwise(starts)]
        found = _END.search(pdf, table)
        assert found is not None
        trailer = found[1]
        inner = [
            re.sub(rb"^\d+ 0 obj\n", b"", body)[: -len(b"endobj\n")] for body in bodies
        ]
        return cls(inner, trailer)

    @classmethod
    def guessed(cls, data: bytes) -> "Draft | None":
        """Take any bytes for a file that was damaged; None where it has no signature.

        Written again, its table and its ByteRange are right: so a fuzzer's edits are
        those of somebody who holds the seal's key.
        """
        inner = [text.rpartition(b"endobj")[0] for text in _OBJECT.split(data)[1:]]
        if not inner or _GAP.search(inner[-1]) is None:
            return None
        if _RANGE.search(inner[-1], _GAP.search(inner[-1]).end()) is None:
            return None
        found = _TRAILER.search(data)
        return cls(inner, found[1] if found else b"")

    def number(self, mark: bytes) -> int:
        """Return the number of the one object whose dictionary has ``mark``."""
        found = [
            number
            for number, text in enumerate(self.objects, 1)
            if mark in text.split(b"\nstream\n")[0]
        ]
        assert len(found) == 1, (mark, found)
        return found[0]

    def swap(self, mark: bytes, old: bytes, new: bytes) -> None:
        """Replace text that occurs once, in the one object that has ``mark``."""
        at = self.number(mark) - 1
        assert self.objects[at].count(old) == 1, (mark, old)
        self.objects[at] = self.objects[at].replace(old, new)

    def add(self, text: bytes) -> int:
        """Add an object before the signature, which moves; return its number."""
        last = len(self.objects)
        for at, body in enumerate(self.objects):
            head, mark, rest = body.partition(b"\nstream\n")
            head = re.sub(rb"\b%d 0 R\b" % last, b"%d 0 R" % (last + 1), head)
            self.objects[at] = head + mark + rest
        self.objects.insert(last - 1, text)
        return last

    def write(self) -> bytes:
        """Return the file, with a ByteRange that is right, or as ``numbers`` lie."""
        body, starts = bytearray(_HEADER), []
        for number, text in enumerate(self._with_room(), 1):
            starts.append(len(body))
            body += b"%d 0 obj\n" % number + text + b"endobj\n"
        table = len(body)
        body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(starts) + 1)
        body += b"".join(b"%010d 00000 n \n" % start for start in starts)
        body += b"trailer\n<<\n" + self.trailer + b"/Size %d\n>>\n" % (len(starts) + 1)
        body += b"startxref\n%d\n%%%%EOF\n" % table
        return self._with_range(bytes(body))

    def _with_room(self) -> Iterator[bytes]:
        *others, last = self.objects
        yield from others
        if self.room is not None:
            digits = b"0" * (2 * self.room)
            last = re.sub(
                rb"/Contents <[0-9a-f]*>", b"/Contents <" + digits + b">", last
            )
        yield last

    def _with_range(self, pdf: bytes) -> bytes:
        if self.numbers is None:
            return pdf
        start, end = gap(pdf)
        found = _RANGE.search(pdf, end)
        if found is None:
            raise NoGapError("no byte range behind the gap")
        stated = self.numbers(start, end, len(pdf) - end).ljust(_WIDTH)
        return pdf[: found.start(1)] + stated + pdf[found.end(1) :]


# The CMS.


Node = list  # [tag, bytes of a primitive | list of nodes]; [None, bytes] goes as it is


def tree(data: bytes) -> Node:
    """Return a DER element as a tree that may be changed."""
    tag, content = data[0], der.inner(data, data[0])
    if tag & 0x20:
        return [tag, [tree(part) for part in der.elements(content)]]
    return [tag, content]


def flat(node: Node) -> bytes:
    """Return the bytes of a tree."""
    tag, content = node
    if tag is None:
        return content
    if isinstance(content, list):
        return der.tlv(tag, *map(flat, content))
    return der.tlv(tag, content)


@dataclass
class Cms:
    """A ContentInfo as a tree, and whoever can sign its attributes anew."""

    root: Node
    signer: Signer | None = None

    @property
    def signed_data(self) -> list[Node]:
        """Version, digest algorithms, content, certificates, signer infos."""
        return self.root[1][1][1][0][1]

    @property
    def certificates(self) -> list[Node]:
        """The certificates."""
        return self.signed_data[3][1]

    @property
    def signers(self) -> list[Node]:
        """The signer infos."""
        return self.signed_data[-1][1]

    @property
    def signer_info(self) -> list[Node]:
        """Version, name, digest algorithm, attributes, algorithm, signature."""
        return self.signers[0][1]

    @property
    def attributes(self) -> list[Node]:
        """The signed attributes."""
        return self.signer_info[3][1]

    def attribute(self, oid: str) -> list[Node]:
        """Return the kind and the values of one signed attribute, by the OID's hex."""
        (found,) = (a for a in self.attributes if flat(a[1][0]).hex() == oid)
        return found[1]

    def sign(self) -> None:
        """Sign the attributes as they are now (RFC 5652, section 5.4)."""
        assert self.signer is not None
        message = der.tlv(der.SET, *map(flat, self.attributes))
        self.put(self.signer.sign(message))

    def put(self, signature: bytes) -> None:
        """Put a raw signature into the signer info."""
        self.signer_info[5] = [der.OCTETS, algorithms.ecdsa_to_der(signature)]

    def signature(self) -> bytes:
        """Return the raw signature."""
        return algorithms.ecdsa_from_der(self.signer_info[5][1])


def signed_content(
    identity: SealIdentity, digest: bytes, change: Callable[[Cms], None] | None = None
) -> bytes:
    """Return a CMS over a digest, changed before its attributes are signed."""
    leaf = identity.certificate
    signature = identity.signer.sign(cms.signed_attributes(leaf, digest))
    members = cms.certificate_set((leaf, *identity.chain))
    content = cms.build(cms.SignedData(leaf, members, digest, signature))
    if change is None:
        return content
    opened = Cms(tree(content), identity.signer)
    assert flat(opened.root) == content
    change(opened)
    return flat(opened.root)
