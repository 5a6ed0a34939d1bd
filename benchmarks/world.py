"""An invented department in a temporary folder, for all benchmarks."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from elicense import dates, payload
from elicense.identifiers import Identifier
from elicense.issuing import Issued, Request
from elicense.payload import Claims, StatusReference
from elicense.samples import variant
from elicense.workspace import Workspace
from esign import seal_image
from esign.pades import SealIdentity
from esign.seal_image import SealSpec
from esign.signer import SoftwareSigner

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
TYPE = "food-business"


@contextmanager
def office() -> Iterator[Workspace]:
    """Yield a new trial workspace; it is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        made = Workspace.create(
            Path(folder) / "office",
            name="示例市行政审批局",
            code="11990100000000027A",
            at=AT,
        )
        with made:
            yield made


def request(number: int) -> Request:
    """Return the request of the invented holder ``number``."""
    return Request(
        type_name=TYPE,
        application=variant(TYPE, AT, number),
        number=f"9901002026{number:08d}",
    )


def issue(place: Workspace, number: int) -> Issued:
    """Issue the license of the invented holder ``number``."""
    return place.carry_out(request(number), AT)


def seal(place: Workspace) -> tuple[SealIdentity, bytes, SoftwareSigner]:
    """Return the office's seal: key and certificates, picture, and the bare key."""
    name = place.settings.name_on(dates.day_of(AT))
    identity = place.custody.parts.identity(place.keys)
    return identity, seal_image.draw(SealSpec(name)), place.keys.seal


def plain(claims: Claims, number: int) -> Claims:  # noqa: ARG001
    """Return the claims as they are."""
    return claims


def claims_of_one(place: Workspace) -> Claims:
    """Return the claims of a license that was issued."""
    claims = issue(place, 0).verdict.claims
    if claims is None:
        raise AssertionError("a license that was issued has claims")
    return claims


def tokens(
    place: Workspace,
    count: int,
    varied: Callable[[Claims, int], Claims] = plain,
) -> list[bytes]:
    """Return tokens of as many licenses, each with its own identifier and signature.

    Args:
        place: whose.
        count: how many; each has its number for its index in the status list.
        varied: what becomes of the claims of the license with a number.
    """
    claims = claims_of_one(place)
    part = Identifier.parse(claims.identifier)
    return [
        payload.sign_token(
            replace(
                varied(claims, number),
                identifier=Identifier.build(
                    part.type_code, part.issuer, f"2026{number:07d}"
                ).text,
                status=StatusReference(claims.status.list_number, number),
            ),
            place.keys.token,
        )
        for number in range(count)
    ]
