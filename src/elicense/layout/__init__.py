"""Composing the page of a license: `compose`, `seal_box` and what a page is made of."""

from elicense.layout.compose import CARD_HEAD_MM, compose, seal_box
from elicense.layout.primitives import Box, Colour, Line, Ornament, Page, Run, Theme

__all__ = [
    "CARD_HEAD_MM",
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
