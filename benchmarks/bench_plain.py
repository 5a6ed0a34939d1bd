"""Issuing and validating one sealed license, stage by stage, beside the obvious parts.

The stages are those of `elicense.issuing` and `elicense.validating`; the whole is the
public call. The peer (peer_issue.py) works in the same run, taking turns.

Left out: opening a workspace, imports, licenses with a photo, a device that signs, the
publication, and batches, which do not exist yet.
"""

from dataclasses import replace
from functools import partial

import measure
import world
from peer_issue import Peer

from elicense import (
    attachments,
    document,
    face,
    issuing,
    layout,
    list_numbers,
    payload,
    record,
)
from elicense.issuing import IssuingDesk, Request
from elicense.lifecycle import State
from elicense.policy import SEALED_ONLY, STANDARD, ValidationPolicy
from elicense.register import RequestKey, Reservation, ReserveRequest
from elicense.samples import variant
from elicense.trust import TrustState
from elicense.validating import validate_pdf
from elicense.validating.token import check_token
from elicense.workspace import Workspace
from esign import pades
from esign.pades import second_engine
from esign.verdict import Code

ROUNDS = {"tiny": 1, "small": 9, "full": 40}
WHOLE_ISSUE = "whole: issue, scope sealed"
WHOLE_SEALED = "whole: scope sealed"
PEER_ISSUE = "peer: reportlab + qrcode + pyHanko"
PEER_VALIDATE = "peer: pyHanko validates, warm"
_STAGED, _DOCUMENT, _SEALED = (
    1_000,
    2_000,
    3_000,
)  # numbers of the invented holders of each job


def request_of(number: int) -> Request:
    """Return the request of an invented holder."""
    return Request(
        type_name=world.TYPE,
        application=variant(world.TYPE, world.AT, number),
        number=f"9901002026{number:08d}",
    )


def issue_whole(desk: IssuingDesk, number: int) -> None:
    """Issue one license with the public call."""
    issued = issuing.issue(desk, request_of(number), world.AT)
    if issued.state is not State.ISSUED:
        raise AssertionError("expected an issued license")


def issue_by_stages(desk: IssuingDesk, number: int, stages: measure.Stages) -> None:
    """Issue one license as `issuing.issue` does, and time each stage of it."""
    request = request_of(number)
    prepared = stages.timed(
        "check the application",
        lambda: issuing._prepare(desk, request, world.AT),  # noqa: SLF001  the stages of the job itself
    )
    key = RequestKey(
        desk.organization, world.TYPE, "issue", request.source, request.number
    )
    wanted = ReserveRequest(
        key,
        request.digest,
        prepared.draft.number,
        list_numbers.first_list(prepared.draft.validity),
        world.AT,
    )
    reservation = stages.timed(
        "reserve (with the next line in it)",
        lambda: desk.register.reserve(
            wanted,
            lambda allocation: stages.timed(
                "  record, trial token, symbol and page",
                lambda: issuing._draw_up(desk, request, prepared, allocation),  # noqa: SLF001  as above
            ),
        ),
    )
    finish_by_stages(desk, request, reservation, stages)


def finish_by_stages(
    desk: IssuingDesk,
    request: Request,
    reservation: Reservation,
    stages: measure.Stages,
) -> None:
    """Finish a reserved license, and time each stage of it."""
    allocation = reservation.allocation
    license_, _ = record.decode(reservation.record)
    kind = desk.catalog.get(license_.draft.type_name, license_.draft.type_version)
    token = stages.timed(
        "sign the token",
        lambda: issuing._token(desk, license_, kind, reservation.record, allocation),  # noqa: SLF001  as above
    )
    parts = document.DocumentParts(
        license=license_,
        license_type=kind,
        qr_text=payload.qr_text(token),
        photo=None,
        record=reservation.record,
        token=token,
        at=allocation.instant,
    )
    page = stages.timed("page: layout, fonts, PDF", lambda: document.render(parts))
    look = pades.SealAppearance(*document.seal_box(kind), desk.seal_art)
    pdf = stages.timed(
        "seal",
        lambda: pades.seal(page, desk.seal, at=allocation.instant, appearance=look),
    )
    verdict = stages.timed(
        "own validation, scope document",
        lambda: issuing.validate_own(desk, pdf, allocation),
    )
    quick = replace(desk, policy=SEALED_ONLY)
    stages.timed(
        "  the same at scope sealed (not in the whole)",
        lambda: issuing.validate_own(quick, pdf, allocation),
    )
    if verdict.code is not Code.VALID:
        raise AssertionError(f"expected a valid license: {verdict}")
    row = desk.register.get(reservation.identifier)
    stages.timed(
        "store the output",
        lambda: desk.register.store_output(row.identifier, token, pdf),
    )
    row = stages.timed(
        "mark as issued",
        lambda: issuing._mark_issued(desk, request, row, license_.draft, world.AT),  # noqa: SLF001  as above
    )
    if not row.is_issued:
        raise AssertionError("expected an issued license")


def issuing_result(place: Workspace, rounds: int) -> dict[str, object]:
    """Measure issuing: stages, the whole, and the peer."""
    desk = place.desk(world.AT)
    quick = replace(desk, policy=SEALED_ONLY)
    peer = Peer.create(desk, place.keys.seal)
    sample = world.issue(place, 0)
    fields = sample.license.draft.fields
    lines = [f"{key}: {value}" for key, value in fields.items()]
    data = record.encode(sample.license, bytes(16))
    stages = measure.Stages()
    for number in range(rounds + 1):
        issue_by_stages(desk, _STAGED + number, stages)
        stages.timed(
            "whole: issue, scope document",
            partial(issue_whole, desk, _DOCUMENT + number),
        )
        stages.timed(WHOLE_ISSUE, partial(issue_whole, quick, _SEALED + number))
        stages.timed(
            PEER_ISSUE,
            lambda: peer.issue(lines, sample.qr_text, data),
        )
    timings = stages.timings()
    return {
        "job": "issue one sealed license, one core",
        "items": 1,
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio": ratio(timings, PEER_ISSUE, WHOLE_ISSUE),
        "left_out": "photos, devices, publication, batches (not there yet)",
    }


def validate_by_stages(
    pdf: bytes, place: Workspace, trust: TrustState, stages: measure.Stages
) -> None:
    """Validate one PDF in the stages of `validating.sealed`, and time each."""
    grants = trust.seal_grants
    found = stages.timed("open, read attachments", lambda: attachments.read(pdf))
    token, data = found.token or b"", found.record or b""
    report = stages.timed(
        "seal, our own checks",
        lambda: pades.validate(pdf, grants, world.AT, second_engine=False),
    )
    if report.seal is None:
        raise AssertionError("expected a seal that holds")
    grant = next(iter(grants.values()))
    stages.timed(
        "seal, second engine (pyHanko)",
        lambda: second_engine.confirm(
            pdf, (*grant.certificates, *grant.roots), report.seal.sealed_at
        ),
    )
    stages.timed(
        "token: seven checks", lambda: check_token(token, trust, world.AT, STANDARD)
    )
    license_, _ = stages.timed("record", lambda: record.decode(data))
    kind = place.catalog.get(license_.draft.type_name, license_.draft.type_version)
    seen = stages.timed("face: draw and read the page", lambda: face.read(pdf))
    differences = stages.timed(
        "face: compose and compare",
        lambda: face.compare(seen, layout.compose(license_, kind), license_, token),
    )
    if differences:
        raise AssertionError(f"expected no difference: {differences}")


def validating_result(place: Workspace, rounds: int) -> dict[str, object]:
    """Measure validating: stages, the whole in both scopes, and the peer."""
    trust = place.trust()
    peer = Peer.create(place.desk(world.AT), place.keys.seal)
    pdf = world.issue(place, 0).pdf
    stages = measure.Stages()
    jobs = {
        WHOLE_SEALED: lambda: valid(pdf, place, trust, SEALED_ONLY),
        "whole: scope document": lambda: valid(pdf, place, trust, STANDARD),
        PEER_VALIDATE: lambda: peer.validate(pdf),
    }
    for _ in range(rounds + 1):
        validate_by_stages(pdf, place, trust, stages)
        for name, job in jobs.items():
            stages.timed(name, job)
    timings = stages.timings()
    return {
        "job": "validate one sealed PDF, one core",
        "items": 1,
        "timings": {name: timing.to_json() for name, timing in timings.items()},
        "ratio": ratio(timings, PEER_VALIDATE, WHOLE_SEALED),
        "left_out": "imports, admitting the trust bundle, revocation lists",
    }


def valid(
    pdf: bytes, place: Workspace, trust: TrustState, policy: ValidationPolicy
) -> None:
    """Validate a license that must be valid."""
    verdict = validate_pdf(pdf, trust, world.AT, policy=policy, catalog=place.catalog)
    if verdict.code is not Code.VALID:
        raise AssertionError(f"expected a valid license: {verdict}")


def ratio(
    timings: dict[str, measure.Timing], peer: str, ours: str
) -> dict[str, object]:
    """Return how many times faster ours is than the peer; below 1 it is slower."""
    theirs, mine = timings[peer], timings[ours]
    return {
        "name": f"time of the peer / {ours}",
        "of_min": round(theirs.least / mine.least, 3),
        "of_median": round(theirs.median / mine.median, 3),
        "target": 25,
    }


def measured(size: str) -> list[dict[str, object]]:
    """Return the results of both jobs."""
    rounds = ROUNDS[size]
    with world.office() as place:
        return [issuing_result(place, rounds), validating_result(place, rounds)]
