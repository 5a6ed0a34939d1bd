"""Licenses that wait for a platform's seal, and a world that believes it."""

import functools
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from examples.seal_platform.vault import Vault

from elicense import document
from elicense.document import DocumentParts
from elicense.testing import START, Simulator
from elicense.trust import Period, SealEntry
from esign import sm2
from esign.pades import SealObject, SubFilter
from esign.pades.reserve import reserve
from tests.elicense.pages import seal_place


@functools.cache
def vault():
    return Vault(at=START - timedelta(days=1))


def entry(owner, one=None, **changes):
    """Return what a bundle says of a vault's seal."""
    one = one or vault()
    made = SealObject(sm2.sm3(one.seal), (one.maker.certificate,))
    listed = SealEntry(
        owner.code,
        (one.signer.certificate,),
        owner.types,
        Period(START - timedelta(days=1), None),
        subfilter=SubFilter.GM_SEAL,
        seals=(made,),
    )
    return replace(listed, **changes)


def first_revision(world, parts):
    """Return what a platform gets to seal, of a license's parts."""
    license_ = parts.face.license
    license_type = world.catalog.get(license_.draft.type_name)
    sheet = document.lay_out(license_, license_type, parts.face.qr_text)
    page, box = seal_place(license_type)
    at = parts.face.verdict.at
    whole = DocumentParts(
        sheet=sheet, photo=parts.photo, record=parts.record, token=parts.token, at=at
    )
    return reserve(document.render(whole), page, box)


@contextmanager
def world():
    """Give a world whose bundle lists the vault's seal as the first department's."""
    with Simulator() as made:
        made.more_roots.append(vault().root.certificate)
        made.department.more_seals.append(entry(made.department))
        yield made
