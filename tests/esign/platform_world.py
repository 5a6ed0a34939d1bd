"""A vault, and pages that wait for its seal."""

import functools
import hashlib
from datetime import timedelta

from examples.seal_platform import revision
from examples.seal_platform.vault import Vault

from esign import ses, sm2
from esign.pades import SealGrant, SealObject, SubFilter
from esign.pades.platform import validate_platform
from esign.pades.reserve import reserve
from tests.esign.pades_world import AT, CODE, page

BOX = (100.0, 40.0, 190.0, 130.0)
LATER = AT + timedelta(days=3)


@functools.cache
def vault():
    return Vault(at=AT - timedelta(days=1))


@functools.cache
def first():
    return reserve(page(), 0, BOX)


@functools.cache
def objects():
    """Return what a right platform adds, by number."""
    picture = ses.read_seal(vault().seal).picture.data
    return revision.seal_objects(first(), picture)


@functools.cache
def sealed():
    return vault().write(first(), objects(), AT)


def numbers():
    """Return the numbers of field, signature, form, image, mask."""
    return tuple(objects())


def seal_object(one=None, **changes):
    one = one or vault()
    values = {"digest": sm2.sm3(one.seal), "maker": (one.maker.certificate,)}
    return SealObject(**(values | changes))


def trust(one=None, **changes):
    one = one or vault()
    values = {
        "organization": CODE,
        "certificates": (one.signer.certificate,),
        "roots": (one.root.certificate,),
        "signs_from": AT - timedelta(days=1),
        "signs_until": None,
        "subfilter": SubFilter.GM_SEAL,
        "seals": (seal_object(one),),
    }
    key = hashlib.sha256(one.signer.certificate).digest()
    return {key: SealGrant(**(values | changes))}


def validate(pdf, believed=None, at=LATER, **options):
    known = trust() if believed is None else believed
    return validate_platform(pdf, known, at, **options)
