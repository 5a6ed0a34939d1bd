"""Composing the pages of a license: `compose`, `seal_box`, what pages are made of."""

from elicense.layout.compose import compose, seal_box
from elicense.layout.flow import MAX_PAGES
from elicense.layout.form import CARD_HEAD_MM, SMALL_CARD_HEAD_MM
from elicense.layout.plan import EXTERNAL_MM, QR_MM
from elicense.layout.primitives import (
    Box,
    Colour,
    Frame,
    Line,
    Ornament,
    Page,
    Run,
    Theme,
)

__all__ = [
    "CARD_HEAD_MM",
    "EXTERNAL_MM",
    "MAX_PAGES",
    "QR_MM",
    "SMALL_CARD_HEAD_MM",
    "Box",
    "Colour",
    "Frame",
    "Line",
    "Ornament",
    "Page",
    "Run",
    "Theme",
    "compose",
    "seal_box",
]
