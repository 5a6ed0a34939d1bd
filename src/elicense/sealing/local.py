"""A sealer with a key of ours: profile ``native``, at once."""

from collections.abc import Mapping

from elicense.sealing.sealers import (
    Profile,
    Sealed,
    SealingRequest,
    Unknown,
)
from esign import pades
from esign.pades import SealAppearance, SealIdentity


class LocalSealer:
    """Seals with one seal; it may be used from several threads if its signer may.

    It remembers nothing. Asked for a request it says :class:`Unknown`, and sealing the
    same document again does no harm: what left the house is in the register.
    """

    def __init__(self, identity: SealIdentity, seal_art: bytes) -> None:
        """Keep the seal.

        Args:
            identity: key and certificates of the seal.
            seal_art: one-page PDF with the seal's picture.
        """
        self._identity = identity
        self._seal_art = seal_art

    @property
    def profile(self) -> Profile:
        """NATIVE."""
        return Profile.NATIVE

    def seal(self, pdf: bytes, request: SealingRequest) -> Sealed:
        """Seal a document (:meth:`elicense.sealing.sealers.DocumentSealer.seal`).

        Raises:
            MalformedError: the document cannot be sealed.
            ValueError: page or box are not there.
            UnavailableError: the signer's device did not answer; nothing was sealed.
        """
        place = SealAppearance(request.page, request.box, self._seal_art)
        return Sealed(pades.seal(pdf, self._identity, at=request.at, appearance=place))

    def query(self, request_id: str) -> Unknown:
        """Return that nothing is known of any request."""
        del request_id
        return Unknown()

    def requests(self) -> Mapping[str, str]:
        """Return no requests."""
        return {}
