"""How strict a validator is, as data. Named profiles are at the end of the file."""

from dataclasses import dataclass
from datetime import timedelta

MAX_INPUT_BYTES = 20 << 20  # a license with photo has about 100 KB; 20 MiB is hostile


@dataclass(frozen=True, slots=True)
class ValidationPolicy:
    """What a validator demands beyond the formats.

    Attributes:
        max_bundle_age: a trust bundle older than this is STALE, whatever it allows.
        max_status_age: likewise for a status list.
        check_face: whether the printed page is read and compared (scope ``document``).
        second_engine: whether pyHanko and pikepdf must agree with what was read of a
            PDF (docs/lean-validation.md); they can only add a refusal.
        max_input_bytes: a larger input is refused unread.
    """

    max_bundle_age: timedelta = timedelta(days=30)
    max_status_age: timedelta = timedelta(days=7)
    check_face: bool = True
    second_engine: bool = True
    max_input_bytes: int = MAX_INPUT_BYTES


@dataclass(frozen=True, slots=True)
class PublicationPolicy:
    """How long what a department publishes may be used.

    Attributes:
        bundle_age: ``max_age`` of its bundles.
        status_age: time from a status list's iat to its exp.
        years_ahead: lists exist from this year to this many years ahead, so that a
            license issued after a publication finds its list in it.
    """

    bundle_age: timedelta = timedelta(days=30)
    status_age: timedelta = timedelta(days=7)
    years_ahead: int = 20


STANDARD = ValidationPolicy()
SEALED_ONLY = ValidationPolicy(check_face=False)
LEAN = ValidationPolicy(check_face=False, second_engine=False)
PUBLISHING = PublicationPolicy()
