"""Issue, seal, verify and revoke electronic licenses (电子证照).

The names below are the public ones; each is loaded when it is first used, so that a
program that only verifies does not wait for the parts that draw and seal.
"""

from typing import TYPE_CHECKING

from esign.lazy import loader

if TYPE_CHECKING:
    from elicense.catalog import Catalog, LicenseType
    from elicense.changing import Changed, Grounds
    from elicense.errors import ApplicationError, ElicenseError, Problem
    from elicense.events import Decision, Event, EventKind, Reason
    from elicense.gbt36903 import MetadataKeys, metadata
    from elicense.hub import Hub
    from elicense.identifiers import Identifier
    from elicense.issuing import (
        BatchPolicy,
        Issued,
        NotReleasedError,
        Outcome,
        Request,
    )
    from elicense.lifecycle import State
    from elicense.model import Holder, License, Organization, Text, Validity
    from elicense.payload import Claims
    from elicense.policy import LEAN, SEALED_ONLY, STANDARD, ValidationPolicy
    from elicense.samples import sample
    from elicense.standing import Standing
    from elicense.trust import Seen, TrustState, admit
    from elicense.validating import (
        NotPassedError,
        Scope,
        Verdict,
        validate,
        validate_image,
        validate_pdf,
        validate_text,
    )
    from elicense.workspace import Shown, Workspace
    from esign.verdict import Check, Code, Indication

_HOMES = {
    "elicense.catalog": ("Catalog", "LicenseType"),
    "elicense.changing": ("Changed", "Grounds"),
    "elicense.errors": ("ApplicationError", "ElicenseError", "Problem"),
    "elicense.events": ("Decision", "Event", "EventKind", "Reason"),
    "elicense.gbt36903": ("MetadataKeys", "metadata"),
    "elicense.hub": ("Hub",),
    "elicense.identifiers": ("Identifier",),
    "elicense.issuing": (
        "BatchPolicy",
        "Issued",
        "NotReleasedError",
        "Outcome",
        "Request",
    ),
    "elicense.lifecycle": ("State",),
    "elicense.model": ("Holder", "License", "Organization", "Text", "Validity"),
    "elicense.payload": ("Claims",),
    "elicense.policy": ("LEAN", "SEALED_ONLY", "STANDARD", "ValidationPolicy"),
    "elicense.samples": ("sample",),
    "elicense.standing": ("Standing",),
    "elicense.trust": ("Seen", "TrustState", "admit"),
    "elicense.validating": (
        "NotPassedError",
        "Scope",
        "Verdict",
        "validate",
        "validate_image",
        "validate_pdf",
        "validate_text",
    ),
    "elicense.workspace": ("Shown", "Workspace"),
    "esign.verdict": ("Check", "Code", "Indication"),
}
__all__ = [
    "LEAN",
    "SEALED_ONLY",
    "STANDARD",
    "ApplicationError",
    "BatchPolicy",
    "Catalog",
    "Changed",
    "Check",
    "Claims",
    "Code",
    "Decision",
    "ElicenseError",
    "Event",
    "EventKind",
    "Grounds",
    "Holder",
    "Hub",
    "Identifier",
    "Indication",
    "Issued",
    "License",
    "LicenseType",
    "MetadataKeys",
    "NotPassedError",
    "NotReleasedError",
    "Organization",
    "Outcome",
    "Problem",
    "Reason",
    "Request",
    "Scope",
    "Seen",
    "Shown",
    "Standing",
    "State",
    "Text",
    "TrustState",
    "ValidationPolicy",
    "Validity",
    "Verdict",
    "Workspace",
    "admit",
    "metadata",
    "sample",
    "validate",
    "validate_image",
    "validate_pdf",
    "validate_text",
]

__getattr__, __dir__ = loader(__name__, _HOMES)
