"""Errors by culprit: their bytes, their claim, or the world.

Misuse of the API is ``ValueError`` or ``TypeError``, never one of these.
"""


class ESignError(Exception):
    """Base of every error that esign raises about its input or the world."""


class MalformedError(ESignError):
    """Their bytes: the input does not follow the format it claims."""


class VerificationError(ESignError):
    """Their claim: the input is well-formed, and what it asserts does not hold."""


class UnavailableError(ESignError):
    """The world: something needed could not be reached or opened."""
