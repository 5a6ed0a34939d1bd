"""OFD (GB/T 33190-2016) as far as a seal's picture needs it: paths and one image."""

from esign.seal_image.ofd.page import read
from esign.seal_image.ofd.painting import MAX_OPERATORS, Drawing

__all__ = ["MAX_OPERATORS", "Drawing", "read"]
