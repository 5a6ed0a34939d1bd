"""A hub's own place: a folder with its table, keys, memory and publication."""

from elicense.hub.folder import Hub, HubPublication
from elicense.hub.keys import HubError
from elicense.hub.refusals import Unmatched

__all__ = ["Hub", "HubError", "HubPublication", "Unmatched"]
