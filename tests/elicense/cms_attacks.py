"""The attacks on a license's CMS: by anybody, since most of it is not signed itself,
and by whoever holds the seal's key.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from esign import cms, der
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.pades import SealIdentity
from esign.signer import SoftwareSigner
from esign.verdict import Code
from tests.elicense.forger import (
    Cms,
    Draft,
    Node,
    Scene,
    content_of,
    flat,
    gap,
    tree,
    with_gap,
)

CONTENT_TYPE = "06092a864886f70d010903"
MESSAGE_DIGEST = "06092a864886f70d010904"
SIGNING_CERTIFICATE = "060b2a864886f70d010910020c"
SIGNING_CERTIFICATE_V2 = "060b2a864886f70d010910022f"
SIGNING_TIME = "06092a864886f70d010905"
SHA256 = "300d06096086480165030402010500"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

Change = Callable[[Cms, Scene], None]


def own_file(scene: Scene) -> bytes:
    """Return the license with a gap that has room for every CMS of these attacks."""
    return scene.sealed(Draft.of(scene.pdf).write())


def by_anybody(change: Change) -> Callable[[Scene], bytes]:
    """Return an attack that changes what of the CMS is not signed."""

    def attack(scene: Scene) -> bytes:
        pdf = own_file(scene)
        opened = Cms(tree(content_of(pdf)))
        change(opened, scene)
        return with_gap(pdf, flat(opened.root))

    return attack


def by_holder(change: Change) -> Callable[[Scene], bytes]:
    """Return an attack that changes the attributes and signs them with the seal."""

    def attack(scene: Scene) -> bytes:
        def change_and_sign(opened: Cms) -> None:
            change(opened, scene)
            opened.sign()

        return scene.sealed(Draft.of(scene.pdf).write(), change=change_and_sign)

    return attack


# What is not signed.


def raw(data: bytes) -> Node:
    """Return a node that is written as it is."""
    return [None, data]


def indefinite(node: Node) -> None:
    """Write a constructed element with an indefinite length (X.690, 8.1.3.6)."""
    inner = b"".join(map(flat, node[1]))
    node[:] = raw(bytes((node[0], 0x80)) + inner + b"\0\0")


def long_length(node: Node) -> None:
    """Write an element's length in more bytes than it needs."""
    content = node[1]
    inner = b"".join(map(flat, content)) if isinstance(content, list) else content
    node[:] = raw(bytes((node[0], 0x84)) + len(inner).to_bytes(4, "big") + inner)


def in_pieces(node: Node) -> None:
    """Write an octet string as a constructed one (X.690, 8.7.3)."""
    tag, content = node
    parts = [der.tlv(tag, content[:9]), der.tlv(tag, content[9:])]
    node[:] = raw(der.tlv(tag | 0x20, *parts))


def put_content(opened: Cms, scene: Scene) -> None:
    start, end = gap(own_file(scene))
    pdf = own_file(scene)
    page = (pdf[:start] + pdf[end:])[:500]
    opened.signed_data[2][1].append([0xA0, [[der.OCTETS, page]]])


def put_empty_content(opened: Cms, _: Scene) -> None:
    opened.signed_data[2][1].append([0xA0, [[der.OCTETS, b""]]])


def other_content_type(opened: Cms, _: Scene) -> None:
    opened.signed_data[2][1][0] = raw(bytes.fromhex("060b2a864886f70d0109100104"))


def two_signers(opened: Cms, _: Scene) -> None:
    opened.signers.append(opened.signers[0])


def stranger_first(opened: Cms, scene: Scene) -> None:
    """Put the second department's signer info beside the first."""
    digest = bytes(32)
    theirs = Cms(tree(_content(scene.second, digest)))
    opened.signers.insert(0, theirs.signers[0])


def no_signer(opened: Cms, _: Scene) -> None:
    opened.signers.clear()


def add_root(opened: Cms, scene: Scene) -> None:
    opened.certificates.append(tree(scene.authority.root_certificate))
    opened.certificates.sort(key=flat)


def add_stranger(opened: Cms, scene: Scene) -> None:
    opened.certificates.append(tree(scene.second.certificate))
    opened.certificates.sort(key=flat)


def unsorted_certificates(opened: Cms, _: Scene) -> None:
    opened.certificates.reverse()


def twice_the_same(opened: Cms, _: Scene) -> None:
    opened.certificates.append(opened.certificates[0])
    opened.certificates.sort(key=flat)


def remove(which: str) -> Change:
    def change(opened: Cms, scene: Scene) -> None:
        gone = {"leaf": scene.seal.certificate, "ca": scene.seal.chain[0]}[which]
        opened.certificates[:] = [
            one for one in opened.certificates if flat(one) != gone
        ]

    return change


def no_certificates(opened: Cms, _: Scene) -> None:
    opened.certificates.clear()


def other_ca(opened: Cms, scene: Scene) -> None:
    """Put another CA of the same name in the place of the real one."""
    own = DevelopmentAuthority.create("示例电子认证", scene.at)
    remove("ca")(opened, scene)
    opened.certificates.append(tree(own.issuing_certificate))
    opened.certificates.sort(key=flat)


def edited_ca(opened: Cms, scene: Scene) -> None:
    """Change one bit of the CA certificate's own signature."""
    data = bytearray(scene.seal.chain[0])
    data[-1] ^= 1
    remove("ca")(opened, scene)
    opened.certificates.append(tree(bytes(data)))
    opened.certificates.sort(key=flat)


def with_crl(opened: Cms, scene: Scene) -> None:
    crl = scene.authority.crl(scene.at, 30, {})
    opened.signed_data.insert(4, [0xA1, [tree(crl)]])


def unsigned_attribute(opened: Cms, _: Scene) -> None:
    opened.signer_info.append([0xA1, [attribute("06032a0304", b"\x05\x00")]])


def other_name(opened: Cms, scene: Scene) -> None:
    """Name another certificate as the signer's, by issuer and serial number."""
    theirs = Cms(tree(_content(scene.second, bytes(32))))
    opened.signer_info[1] = theirs.signer_info[1]


def name_by_key(opened: Cms, _: Scene) -> None:
    opened.signer_info[0] = [der.INTEGER, b"\x03"]
    opened.signer_info[1] = [0x80, bytes(20)]


def high_s(opened: Cms, _: Scene) -> None:
    raw_signature = opened.signature()
    s = P256_ORDER - int.from_bytes(raw_signature[32:], "big")
    parts = (int.from_bytes(raw_signature[:32], "big"), s)
    values = [
        der.tlv(der.INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in parts
    ]
    opened.signer_info[5] = [der.OCTETS, der.tlv(der.SEQUENCE, *values)]


def padded_r(opened: Cms, _: Scene) -> None:
    """Write r with a zero byte more than it needs."""
    signature = tree(opened.signer_info[5][1])
    signature[1][0][1] = b"\0" + signature[1][0][1]
    opened.signer_info[5] = [der.OCTETS, flat(signature)]


def zeros_as_signature(opened: Cms, _: Scene) -> None:
    opened.signer_info[5] = [der.OCTETS, bytes.fromhex("3006020100020100")]


def flipped_signature(opened: Cms, _: Scene) -> None:
    signature = bytearray(opened.signature())
    signature[5] ^= 1
    opened.put(bytes(signature))


def flipped_digest(opened: Cms, _: Scene) -> None:
    value = opened.attribute(MESSAGE_DIGEST)[1][1][0]
    value[1] = bytes((value[1][0] ^ 1,)) + value[1][1:]


def without_null(opened: Cms, _: Scene) -> None:
    opened.signer_info[2][1].pop()


def sha1(opened: Cms, _: Scene) -> None:
    opened.signer_info[2] = raw(bytes.fromhex("300906052b0e03021a0500"))


def plain_ecdsa(opened: Cms, _: Scene) -> None:
    opened.signer_info[4] = raw(bytes.fromhex("300906072a8648ce3d0201"))


def version_three(opened: Cms, _: Scene) -> None:
    opened.signed_data[0] = [der.INTEGER, b"\x03"]


def no_digest_algorithm(opened: Cms, _: Scene) -> None:
    opened.signed_data[1] = [der.SET, []]


def applied(rule: Callable[[Node], None], *path: int) -> Change:
    """Return a change of the spelling of one element, named by its place."""

    def change(opened: Cms, _: Scene) -> None:
        node = opened.root
        for place in path:
            node = node[1][place]
        rule(node)

    return change


_SIGNER_INFO = (1, 0, 4, 0)
BY_ANYBODY: dict[str, tuple[Change, Code]] = {
    "an indefinite length of the whole": (applied(indefinite), Code.MALFORMED),
    "an indefinite length inside": (applied(indefinite, 1, 0), Code.MALFORMED),
    "an indefinite length of the certificates": (
        applied(indefinite, 1, 0, 3),
        Code.MALFORMED,
    ),
    "an indefinite length of the attributes": (
        applied(indefinite, *_SIGNER_INFO, 3),
        Code.MALFORMED,
    ),
    "a length in more bytes than it needs": (applied(long_length), Code.MALFORMED),
    "the same inside": (applied(long_length, *_SIGNER_INFO), Code.MALFORMED),
    "the same of the version": (applied(long_length, 1, 0, 0), Code.MALFORMED),
    "a signature in pieces": (applied(in_pieces, *_SIGNER_INFO, 5), Code.MALFORMED),
    "a content inside": (put_content, Code.MALFORMED),
    "an empty content inside": (put_empty_content, Code.MALFORMED),
    "a content of another type": (other_content_type, Code.MALFORMED),
    "two signers": (two_signers, Code.MALFORMED),
    "another department's signer beside it": (stranger_first, Code.MALFORMED),
    "no signer": (no_signer, Code.MALFORMED),
    "the root added": (add_root, Code.NOT_AUTHORIZED),
    "another department's certificate added": (add_stranger, Code.NOT_AUTHORIZED),
    "certificates in another order": (unsorted_certificates, Code.MALFORMED),
    "a certificate twice": (twice_the_same, Code.MALFORMED),
    "the signer's certificate removed": (remove("leaf"), Code.MALFORMED),
    "the CA's certificate removed": (remove("ca"), Code.NOT_AUTHORIZED),
    "all certificates removed": (no_certificates, Code.MALFORMED),
    "another CA of the same name": (other_ca, Code.NOT_AUTHORIZED),
    "a CA certificate with a bit changed": (edited_ca, Code.NOT_AUTHORIZED),
    "a revocation list": (with_crl, Code.MALFORMED),
    "an unsigned attribute": (unsigned_attribute, Code.MALFORMED),
    "the name of another signer": (other_name, Code.MALFORMED),
    "a name by key identifier": (name_by_key, Code.MALFORMED),
    "the high twin of s": (high_s, Code.MALFORMED),
    "a zero before r": (padded_r, Code.MALFORMED),
    "a signature of zeros": (zeros_as_signature, Code.MALFORMED),
    "a bit of the signature changed": (flipped_signature, Code.BAD_SIGNATURE),
    "a bit of the message digest changed": (flipped_digest, Code.BAD_SIGNATURE),
    "a digest algorithm without its NULL": (without_null, Code.MALFORMED),
    "SHA-1": (sha1, Code.MALFORMED),
    "a key's algorithm in place of a signature's": (plain_ecdsa, Code.MALFORMED),
    "version 3": (version_three, Code.MALFORMED),
    "no digest algorithm": (no_digest_algorithm, Code.MALFORMED),
}
"""What anybody can do to the CMS of a genuine license."""


# What is signed.


def _content(identity: SealIdentity, digest: bytes) -> bytes:
    signature = identity.signer.sign(
        cms.signed_attributes(identity.certificate, digest)
    )
    members = (identity.certificate, *identity.chain)
    return cms.build(cms.SignedData(identity.certificate, members, digest, signature))


def without(oid: str) -> Change:
    def change(opened: Cms, _: Scene) -> None:
        kept = [a for a in opened.attributes if flat(a[1][0]).hex() != oid]
        assert len(kept) == len(opened.attributes) - 1
        opened.attributes[:] = kept

    return change


def attribute(oid: str, value: bytes) -> Node:
    kind = bytes.fromhex(oid)
    return tree(der.tlv(der.SEQUENCE, kind, der.tlv(der.SET, value)))


def plus(oid: str, value: bytes) -> Change:
    def change(opened: Cms, _: Scene) -> None:
        opened.attributes.append(attribute(oid, value))
        opened.attributes.sort(key=flat)

    return change


def twice(oid: str) -> Change:
    def change(opened: Cms, _: Scene) -> None:
        (found,) = (a for a in opened.attributes if flat(a[1][0]).hex() == oid)
        opened.attributes.append(found)
        opened.attributes.sort(key=flat)

    return change


def unsorted_attributes(opened: Cms, _: Scene) -> None:
    opened.attributes.reverse()


def two_digests(opened: Cms, _: Scene) -> None:
    values = opened.attribute(MESSAGE_DIGEST)[1][1]
    values.append([der.OCTETS, b"\xff" * 32])


def other_digest(opened: Cms, _: Scene) -> None:
    opened.attribute(MESSAGE_DIGEST)[1][1][0][1] = bytes(32)


def _certificate_id(opened: Cms) -> list[Node]:
    return opened.attribute(SIGNING_CERTIFICATE_V2)[1][1][0][1][0][1][0][1]


def name_of_nothing(opened: Cms, _: Scene) -> None:
    _certificate_id(opened)[0][1] = hashlib.sha256(b"nothing").digest()


def name_of_the_ca(opened: Cms, scene: Scene) -> None:
    _certificate_id(opened)[0][1] = hashlib.sha256(scene.seal.chain[0]).digest()


def default_hash_written(opened: Cms, _: Scene) -> None:
    _certificate_id(opened).insert(0, tree(bytes.fromhex(SHA256)))


def no_issuer_and_serial(opened: Cms, _: Scene) -> None:
    _certificate_id(opened).pop()


def first_version(opened: Cms, scene: Scene) -> None:
    """Name the certificate by SHA-1, as the first version of the attribute does."""
    without(SIGNING_CERTIFICATE_V2)(opened, scene)
    digest = hashlib.sha1(scene.seal.certificate).digest()  # noqa: S324  the attack
    names = der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, der.tlv(der.OCTETS, digest)))
    value = der.tlv(der.SEQUENCE, names)
    opened.attributes.append(attribute(SIGNING_CERTIFICATE, value))
    opened.attributes.sort(key=flat)


BY_HOLDER: dict[str, tuple[Change, Code]] = {
    "no content type": (without(CONTENT_TYPE), Code.MALFORMED),
    "no message digest": (without(MESSAGE_DIGEST), Code.MALFORMED),
    "no signing certificate": (without(SIGNING_CERTIFICATE_V2), Code.MALFORMED),
    "a signing certificate of the first version": (first_version, Code.MALFORMED),
    "a signing certificate of the first version beside it": (
        plus(SIGNING_CERTIFICATE, b"\x30\x00"),
        Code.MALFORMED,
    ),
    "a signing certificate that is none": (name_of_nothing, Code.MALFORMED),
    "the CA's certificate as the signing one": (name_of_the_ca, Code.MALFORMED),
    "the default hash written out": (default_hash_written, Code.MALFORMED),
    "a signing certificate without issuer": (no_issuer_and_serial, Code.MALFORMED),
    "a signing time": (
        plus(SIGNING_TIME, der.tlv(0x17, b"261121020000Z")),
        Code.MALFORMED,
    ),
    "a second message digest": (two_digests, Code.MALFORMED),
    "the message digest twice": (twice(MESSAGE_DIGEST), Code.MALFORMED),
    "attributes in another order": (unsorted_attributes, Code.MALFORMED),
    "the digest of another file": (other_digest, Code.BAD_SIGNATURE),
}
"""What only the seal's key can do to the CMS."""


def without_attributes(scene: Scene) -> bytes:
    """Return a license whose bytes themselves are signed (RFC 5652, section 5.4)."""
    pdf = Draft.of(scene.pdf).write()
    start, end = gap(pdf)

    def change(opened: Cms) -> None:
        opened.put(scene.seal.signer.sign(pdf[:start] + pdf[end:]))
        opened.signer_info.pop(3)

    return scene.sealed(pdf, change=change)


# Who signs.


def signed_by(identity: Callable[[Scene], SealIdentity]) -> Callable[[Scene], bytes]:
    return lambda scene: scene.sealed(Draft.of(scene.pdf).write(), identity(scene))


def root_itself(scene: Scene) -> SealIdentity:
    authority = scene.authority
    return SealIdentity(authority.root, authority.root_certificate, authority.chain)


def ca_itself(scene: Scene) -> SealIdentity:
    authority = scene.authority
    return SealIdentity(authority.issuing, authority.issuing_certificate, ())


def namesake(scene: Scene) -> SealIdentity:
    """Return a seal of a CA of one's own, with every name of the real ones."""
    own = DevelopmentAuthority.create("示例电子认证", scene.at)
    signer = SoftwareSigner.generate(Suite.ES256)
    leaf = own.issue_seal(signer.public_key, scene.name, scene.code, scene.at, 90)
    return SealIdentity(signer, leaf, own.chain)


def namesake_in_the_real_chain(scene: Scene) -> SealIdentity:
    return replace(namesake(scene), chain=scene.seal.chain)


def unlisted(scene: Scene) -> SealIdentity:
    """Return a seal of the real CA that no bundle lists."""
    signer = SoftwareSigner.generate(Suite.ES256)
    key = signer.public_key
    leaf = scene.authority.issue_seal(key, scene.name, scene.code, scene.at, 90)
    return SealIdentity(signer, leaf, scene.seal.chain)


def other_key(scene: Scene) -> SealIdentity:
    """Return the real certificate beside a key that is not its own."""
    return replace(scene.seal, signer=SoftwareSigner.generate(Suite.ES256))


SIGNERS: dict[str, tuple[Callable[[Scene], SealIdentity], Code]] = {
    "the root": (root_itself, Code.UNKNOWN_ISSUER),
    "the CA": (ca_itself, Code.UNKNOWN_ISSUER),
    "a certificate of one's own with the same names": (namesake, Code.UNKNOWN_ISSUER),
    "the same above the real CA": (namesake_in_the_real_chain, Code.UNKNOWN_ISSUER),
    "a certificate that nobody listed": (unlisted, Code.UNKNOWN_ISSUER),
    "another key under the real certificate": (other_key, Code.BAD_SIGNATURE),
    "another department": (lambda scene: scene.second, Code.NOT_AUTHORIZED),
}
"""Who signs a license that is genuine in all else."""
