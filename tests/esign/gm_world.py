"""Sealed PDFs in the GM profile: a grant for the world of seals, and files under it."""

import functools
import hashlib
import io
from dataclasses import replace
from datetime import timedelta

import pikepdf

from esign import ses, sm2
from esign.pades import (
    GmCmsIdentity,
    GmSealIdentity,
    OnePassSealer,
    SealGrant,
    SealObject,
    SubFilter,
    read,
    seal,
    stock_of,
    validate,
)
from tests.esign.pades_world import CODE, appearance, license_page, page, with_gap
from tests.esign.ses_world import SIGNED, world

AT = SIGNED
LATER = AT + timedelta(days=30)


@functools.cache
def seal_object():
    return world().seal()


def seal_identity(signer=None, made=None):
    signer = signer or world().signer
    return GmSealIdentity(signer, signer.certificate, made or seal_object())


def cms_identity(signer=None):
    signer = signer or world().signer
    return GmCmsIdentity(signer, signer.certificate, (world().ca.certificate,))


def object_of(made=None, **changes):
    own = world()
    chain = (own.maker.certificate, own.ca.certificate)
    return replace(SealObject(sm2.sm3(made or seal_object()), chain), **changes)


def grant(kind=SubFilter.GM_SEAL, **changes):
    own = world()
    values = {
        "organization": CODE,
        "certificates": (own.signer.certificate, own.ca.certificate),
        "roots": (own.root.certificate,),
        "signs_from": AT - timedelta(days=1),
        "signs_until": None,
        "subfilter": kind,
        "seals": (object_of(),) if kind is SubFilter.GM_SEAL else (),
    }
    return SealGrant(**(values | changes))


def trust(kind=SubFilter.GM_SEAL, signer=None, **changes):
    signer = signer or world().signer
    return {hashlib.sha256(signer.certificate).digest(): grant(kind, **changes)}


IDENTITIES = {
    SubFilter.GM_SEAL: seal_identity,
    SubFilter.GM_CMS: cms_identity,
}


@functools.cache
def sealed(kind=SubFilter.GM_SEAL):
    return seal(page(), IDENTITIES[kind](), at=AT)


def code_of(pdf, known=None, at=LATER, **options):
    return validate(pdf, trust() if known is None else known, at, **options).code


def check(report, name):
    return next(one for one in report.checks if one.id == name)


def one_pass(identity, at=AT):
    with pikepdf.open(io.BytesIO(license_page())) as document:
        stock = stock_of(document, [], appearance())
    return OnePassSealer(identity).seal(stock, [], at)


def with_content(pdf, content):
    """Return the file with another content in its gap."""
    start, end = read(pdf).gap
    return with_gap(pdf, content.hex().encode().ljust(end - start - 2, b"0"))


def with_whole_gap(pdf, content):
    """Return the file with any bytes in its gap, as many as it holds."""
    start, end = read(pdf).gap
    room = (end - start - 2) // 2
    return with_gap(pdf, content[:room].ljust(room, b"\0").hex().encode())


def resigned(pdf, signer=None, made=None, **changes):
    """Return the file with an SES_Signature that says something else, and holds."""
    found = read(pdf)
    draft = ses.SignatureDraft(
        made or seal_object(),
        found.sealed_at,
        found.digest,
        "/ByteRange " + found.byte_range.decode(),
    )
    signer = signer or world().signer
    content = ses.build_signature(replace(draft, **changes), signer.certificate, signer)
    return with_content(pdf, content)
