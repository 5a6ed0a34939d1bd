"""A maker of seals that a department takes a seal from, as a licensed one: for trial.

Its keys are those of another development CA, so nothing of the department's workspace
believes it until a person names its certificates.
"""

import io
from dataclasses import dataclass, field
from datetime import timedelta

from PIL import Image

from elicense.sealing import Pinned, read_trust
from esign import ses
from esign.gm_authority import GmAuthority
from esign.ses import Picture, SealDraft
from esign.sm2.lists import Revoked, issue_list

DAYS = timedelta(days=365)
WEEK = timedelta(days=7)
INK = (12, 80, 200)
"""Blue, so that it is told from the red of the test seal."""


def picture(kind="PNG", side=40, **options):
    """A blue square of so many millimetres, with a hole in the middle."""
    image = Image.new("RGB", (side * 4, side * 4), INK)
    image.paste("white", (side, side, 3 * side, 3 * side))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return Picture(kind, out.getvalue(), side, side)


@dataclass
class LicensedMaker:
    """Makes seals of whatever it is told."""

    at: object
    authority: GmAuthority = field(init=False)

    def __post_init__(self):
        self.authority = GmAuthority.create("示范市印章制作中心", self.at)

    def make(self, *signers, name, by=None, **changes):
        """Return an SESeal that lists signers."""
        given = {
            "version": 4,
            "vendor": "maker",
            "identifier": "99010000000042",
            "kind": 1,
            "name": name,
            "signers": signers,
            "created": self.at,
            "valid_from": self.at,
            "valid_until": self.at + DAYS,
            "picture": picture(),
        }
        made = by or (self.authority.maker_certificate, self.authority.maker)
        return ses.build_seal(SealDraft(**(given | changes)), *made)

    def pinned(self, revoked=(), at=None):
        """Return the files that a person takes from the maker, another way."""
        own = self.authority
        since = at or self.at
        period = since, since + WEEK
        listed = [Revoked(der, when, is_compromise=False) for der, when in revoked]
        return Pinned(
            makers=(own.maker_certificate,),
            roots=(own.root_certificate,),
            intermediates=(own.issuing_certificate,),
            lists=(
                issue_list(own.root_certificate, own.root, period, []),
                issue_list(own.issuing_certificate, own.issuing, period, listed),
            ),
        )

    def trust(self, revoked=(), at=None):
        return read_trust(self.pinned(revoked, at))

    def write(self, folder, **given):
        """Write the same as the options of the command line take them."""
        found = self.pinned(**given)
        files = {
            "makers/maker.der": found.makers[0],
            "roots/root.der": found.roots[0],
            "cas/issuing.der": found.intermediates[0],
            "crls/root.crl": found.lists[0],
            "crls/issuing.crl": found.lists[1],
        }
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder
