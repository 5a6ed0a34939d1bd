"""The desk at which a workspace issues: its publication, its press and its seals."""

from contextlib import suppress
from datetime import datetime

from elicense import dates, platforms, seal_picture, seals
from elicense.custody import Custody
from elicense.document import OnePassPress, SealArt
from elicense.errors import ConflictError, WorkspaceError
from elicense.issuing import IssuingDesk
from elicense.model import Text
from elicense.office import Office
from elicense.sealing import Actors
from elicense.sealing.sealers import DocumentSealer
from elicense.trust import TrustState
from esign.pades import SubFilter


class WarmPress:
    """The press of the seal that seals now, kept from one desk to the next."""

    def __init__(self) -> None:
        """Begin cold."""
        self._warm: tuple[object, OnePassPress] | None = None

    def of(self, custody: Custody, name: str) -> tuple[OnePassPress, bytes | SealArt]:
        """Return the press, a warm one while it lasts, and what its seal looks like.

        An electronic seal has its own picture.

        Args:
            custody: the keys, as they were read last.
            name: the organ's name, for a seal that has no picture.

        Raises:
            WorkspaceError: the keys do not open.
        """
        sealed, art = custody.parts.seal, _art(custody, name)
        of = (sealed.certificates, sealed.seal, art)
        if self._warm is None or self._warm[0] != of:
            identity = custody.parts.identity(custody.keys)
            self._warm = of, OnePassPress(identity, art)
        return self._warm[1], art


def _art(custody: Custody, name: str) -> bytes | SealArt:
    seal = custody.parts.seal.seal
    if seal is None or seal.der is None:
        return seal_picture.draw(name)
    return seal_picture.art_of(seal.der, is_test=not seal.id)


def desk(
    office: Office,
    press: WarmPress,
    at: datetime,
    actors: Actors,
    secret: bytes | None,
) -> IssuingDesk:
    """Return what licenses are issued with, under a publication good at an instant.

    Args:
        office: the workspace; ``custody.signing()`` is held.
        press: that of the workspace.
        at: the instant of issuing.
        actors: who puts the seal on, and who approves it.
        secret: appSecret of the seal platform, where no file of the workspace has it.

    Raises:
        OldRegisterError, OldKeysError: what was published is newer than this workspace,
            so that serials and indexes would be used twice.
        WorkspaceError: the keys do not open, or ``at`` is wrong.
    """
    office.check_open()
    office.custody.reload()
    office.refuse_older()
    office.board.put_out()
    state = _published(office, at)
    settings, today = office.settings, dates.day_of(at)
    sealing, art = press.of(office.custody, settings.name_on(today))
    return IssuingDesk(
        register=office.register,
        catalog=office.catalog,
        organization=settings.code,
        token_signer=office.keys.token,
        press=sealing,
        seal_art=art if isinstance(art, SealArt) else None,
        faces=office.faces,
        trust=state,
        specimen=not settings.production,
        check_page=settings.check_page or None,
        profile=settings.profile,
        sealer=_sealer(office, secret),
        seals=seals.desk(office, at, actors),
        predecessors=tuple(
            item.code for item in settings.predecessors if item.since <= today
        ),
    )


def _published(office: Office, at: datetime) -> TrustState:
    """Return the newest publication; where it is out of date, make another one."""
    state = office.board.newest(office.pins)
    if office.is_outdated(state, at):
        with suppress(ConflictError):  # then another run published, and that serves
            office.publish_now(at)
        state = office.board.newest(office.pins)
    return state


def _sealer(office: Office, secret: bytes | None) -> DocumentSealer | None:
    """Return who seals in place of the press, None for the press itself."""
    wanted = office.settings.platform
    if wanted is None:
        return None
    return platforms.sealer(office.folder, wanted, secret)


def sealing_by(
    office: Office, by: SubFilter | None, plain: IssuingDesk, at: datetime
) -> IssuingDesk:
    """Return a desk that seals by one kind of seal.

    Args:
        office: the workspace.
        by: the kind; the one that seals new licenses where None.
        plain: the desk for new licenses.
        at: the sealing instant.

    Raises:
        WorkspaceError: there is no such seal.
    """
    parts, pades = office.custody.parts, SubFilter.PADES
    own = pades if parts.seal.seal is None else SubFilter.GM_SEAL
    if by in (None, own):
        return plain
    record = parts.keychain.viewer_seal if by is pades else None
    identity = parts.viewer_identity(office.keys)
    if record is None or identity is None:
        raise WorkspaceError(
            Text(
                "本工作区没有这种印章；国密工作区可用 elicense keys viewer-seal"
                " 增设普通阅读器可验的印章",
                "the workspace has no such seal; where it is of SM2, elicense keys"
                " viewer-seal makes one for ordinary viewers",
            )
        )
    art = seal_picture.draw(office.settings.name_on(dates.day_of(at)))
    return plain.sealing_with(OnePassPress(identity, art), record.name)
