"""Why a foreign picture of a seal is not drawn."""

from esign.errors import MalformedError


class PictureError(MalformedError):
    """The picture is not what its seal says, is damaged, or is beyond a limit."""


class UnsupportedPictureError(PictureError):
    """The picture may be in order, but is of a kind that is not drawn here."""
