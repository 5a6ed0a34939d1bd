"""Composing the page of a license: `compose`, `seal_box` and what a page is made of."""

from elicense.layout.compose import compose, seal_box
from elicense.layout.form import CARD_HEAD_MM, QR_MM
from elicense.layout.primitives import Box, Colour, Line, Ornament, Page, Run, Theme

__all__ = [
    "CARD_HEAD_MM",
    "QR_MM",
    "Box",
    "Colour",
    "Line",
    "Ornament",
    "Page",
    "Run",
    "Theme",
    "compose",
    "seal_box",
]
