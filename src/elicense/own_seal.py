"""Letting a seal that a licensed maker made seal in place of the test seal.

Wiring only: whether it may is asked in :mod:`elicense.sealing.fitness`, what it looks
like in :mod:`elicense.seal_picture`, and the key that uses it stays where it is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from elicense import dates, layout, seal_picture, seals
from elicense.document import SealArt
from elicense.errors import ConflictError, WorkspaceError
from elicense.keychain import ElectronicSeal
from elicense.model import Text
from elicense.office import KeysChanged, Office
from elicense.sealing import SealEvent, SealEventKind, SealForm, SealRecord, SealState
from elicense.sealing.fitness import Bearer, UnfitSealError, require_fit
from elicense.sealing.use import check_id
from esign import ses, sm2
from esign.errors import MalformedError
from esign.ses import Seal, SesTrust

_STEPS = {
    None: ("request", "make", "file", "enable"),
    SealState.REQUESTED: ("make", "file", "enable"),
    SealState.MADE: ("file", "enable"),
    SealState.FILED: ("enable",),
    SealState.ENABLED: (),
}
"""What a seal in each state has before it to be enabled; the others cannot be used."""


@dataclass(frozen=True, slots=True)
class SealInUse:
    """What became of it.

    Attributes:
        seal: as the register of seals has it now.
        done: what became of the change and its publication.
        no_room: pages of the catalog that have no room for the seal at its own size:
            license type and presentation, which may be empty.
    """

    seal: SealRecord
    done: KeysChanged
    no_room: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person says with it.

    Attributes:
        by: id of who does it.
        seal_name: the seal's whole name, where it does not contain the organ's.
        abandon: use it although licenses are reserved and not finished.
    """

    by: str = ""
    seal_name: str = ""
    abandon: bool = False


_PLAIN = Terms()


def certificate(office: Office) -> bytes:
    """Return the certificate of the own seal's key, DER: what a maker lists."""
    return office.custody.reload().seal.certificates[0]


def use(
    office: Office,
    data: bytes,
    trust: SesTrust,
    at: datetime,
    terms: Terms = _PLAIN,
) -> SealInUse:
    """Let a seal that lists the own key's certificate seal from now on, and publish.

    1. The workspace's seal is of SM2 (GB/T 38540).
    2. The checks of :func:`elicense.sealing.fitness.require_fit`.
    3. Its picture can be drawn, and a page of the catalog has room for it at the size
       that it states.
    4. The register of seals has it as the organ's own, neither disabled nor revoked nor
       expired, or not yet at all.
    5. No license is reserved and not finished.
    6. A reader of the publication would admit it.

    What the seal before it has sealed stays good; from now on nobody may use that one.
    The same seal again finishes a run that was cut off.

    Args:
        office: the workspace.
        data: the SESeal, any bytes.
        trust: whom to believe of its maker: what a person pinned.
        at: the run's instant, whole seconds UTC.
        terms: what the person says who does it.

    Raises:
        UnfitSealError: 2 or 3 does not hold. Nothing is changed.
        SealIdError: ``by`` is no id, or the seal's own is none.
        ConflictError: 4 does not hold. Nothing is changed.
        WorkspaceError: 1, 5 or 6 does not hold, or the keys do not open; the seal that
            seals is the one before.
        FileError, RegisterError: a file cannot be written.
        UnavailableError: the extra ``gm`` is not installed.
    """
    check_id("by", terms.by)
    office.settle_keys()
    office.check_open()
    key = office.custody.reload().seal
    if key.seal is None:
        raise WorkspaceError(
            Text(
                "本工作区的印章不是国密印章（GB/T 38540）；电子印章须配 SM2 密钥"
                "（elicense init --algorithm SM2）",
                "the workspace's seal is not one of GB/T 38540; a seal of a maker needs"
                " an SM2 key (elicense init --algorithm SM2)",
            )
        )
    if data == key.seal.der and key.seal.id:
        return _finished(office, ses.read_seal(data), at, terms.by)
    owner = Bearer(
        organization=office.settings.code,
        name=office.settings.name_on(dates.day_of(at)),
        certificate=key.certificates[0],
        seal_name=terms.seal_name,
    )
    fit = require_fit(data, trust, at, owner)
    no_room = _rooms(office, _drawn(fit.seal))
    seals.join_own(office, at)
    _require_usable(office, fit.seal, at)
    made = ElectronicSeal(sm2.sm3(data), fit.maker, data, fit.seal.identifier)
    done = office.use_seal(
        made, fit.root, at, listed=owner.certificate, abandon=terms.abandon
    )
    return SealInUse(_registered(office, fit.seal, at, terms.by), done, no_room)


def _finished(office: Office, seal: Seal, at: datetime, by: str) -> SealInUse:
    """Go on with a seal that is used already: a run may have been cut off."""
    _require_usable(office, seal, at)
    kept = _registered(office, seal, at, by)
    return SealInUse(kept, office.published(at, office.custody.parts.seal))


def _drawn(seal: Seal) -> SealArt:
    """Return what is to be seen of a seal; refuse a picture that cannot be drawn."""
    try:
        return seal_picture.art_of(seal.der)
    except (MalformedError, ValueError) as err:
        picture = seal.picture
        told = f"{picture.type[:16]!r}, {picture.width_mm} mm x {picture.height_mm} mm"
        raise UnfitSealError(
            Text(
                f"印模不能使用（{told}）：{err}",
                f"the seal's picture ({told}) cannot be used: {err}",
            )
        ) from err


def _rooms(office: Office, art: SealArt) -> tuple[tuple[str, str], ...]:
    """Return the pages that have no room for a seal; refuse one that fits none."""
    pages = [
        (found, page)
        for found in map(office.catalog.get, office.catalog.names())
        for page in found.presentations
    ]
    boxes = [layout.seal_box(*page) for page in pages]
    if not any(map(art.fits, boxes)):
        size = f"{art.width_mm:g} mm x {art.height_mm:g} mm"
        raise UnfitSealError(
            Text(
                f"印模为 {size}，没有一种证照版面的用印位置容得下（seal_size）",
                f"the seal's picture has {size}; no page of the catalog has room for it"
                " (seal_size)",
            )
        )
    return tuple(
        (found.name, page.name)
        for (found, page), box in zip(pages, boxes, strict=True)
        if not art.fits(box)
    )


def _require_usable(office: Office, seal: Seal, at: datetime) -> None:
    """Refuse a seal that the register knows as something else than one to be used."""
    name, owner = seal.identifier, office.settings.code
    if not name:
        raise UnfitSealError(Text("印章没有编号（esID）", "the seal has no esID"))
    _record(office, seal)
    known = office.seals.find(name)
    if known is None:
        return
    if known.content != seal.der:
        raise ConflictError(
            Text(
                f"印章编号 {name} 已登记为另一枚印章",
                f"the id {name} is registered for another seal",
            )
        )
    if known.owner != owner:
        raise ConflictError(
            Text(
                f"印章 {name} 在印章库中属于其他机构（{known.owner}）",
                f"the register has seal {name} as another organization's,"
                f" {known.owner}",
            )
        )
    state = known.state_at(at)
    if state is not None and state not in _STEPS:
        raise ConflictError(
            Text(
                f"印章 {name} {state.text.zh}，不能使用",
                f"seal {name} is {state.text.en} and cannot be used",
            )
        )


def _registered(office: Office, seal: Seal, at: datetime, by: str) -> SealRecord:
    """Let the register have the seal as enabled, and the one before it as replaced."""
    known = office.seals.find(seal.identifier)
    state = None if known is None else known.state_at(at)
    events = [
        SealEvent(kind=SealEventKind(kind), effective_at=at, recorded_at=at, by=by)
        for kind in _STEPS[state]
    ]
    if known is None:
        office.seals.add(_record(office, seal), events)
    elif events:
        office.seals.record(seal.identifier, events)
    seals.join_own(office, at)
    return office.seals.get(seal.identifier)


def _record(office: Office, seal: Seal) -> SealRecord:
    return SealRecord(
        id=seal.identifier,
        owner=office.settings.code,
        name=seal.name,
        form=SealForm.SES,
        valid_from=seal.valid_from,
        valid_until=seal.valid_until,
        content=seal.der,
        signers=(hashlib.sha256(certificate(office)).digest(),),
    )
