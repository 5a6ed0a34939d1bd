"""Issue, seal, verify and revoke electronic licenses (电子证照).

The names below are the public ones; each is loaded when it is first used, so that a
program that only verifies does not wait for the parts that draw and seal.
"""

from typing import TYPE_CHECKING

from esign.lazy import loader

if TYPE_CHECKING:
    from elicense.catalog import Catalog, LicenseType
    from elicense.changing import Changed, Grounds
    from elicense.device import DeviceAccess
    from elicense.device_settings import DeviceSettings
    from elicense.errors import (
        ApplicationError,
        ElicenseError,
        Problem,
        ProfileError,
    )
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
    from elicense.policy import (
        GOV,
        LEAN,
        SEALED_ONLY,
        STANDARD,
        IssuingProfile,
        ValidationPolicy,
    )
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
    "elicense.errors": (
        "ApplicationError",
        "ElicenseError",
        "Problem",
        "ProfileError",
    ),
    "elicense.device": ("DeviceAccess",),
    "elicense.device_settings": ("DeviceSettings",),
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
    "elicense.policy": (
        "GOV",
        "IssuingProfile",
        "LEAN",
        "SEALED_ONLY",
        "STANDARD",
        "ValidationPolicy",
    ),
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
    "GOV",
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
    "DeviceAccess",
    "DeviceSettings",
    "ElicenseError",
    "Event",
    "EventKind",
    "Grounds",
    "Holder",
    "Hub",
    "Identifier",
    "Indication",
    "Issued",
    "IssuingProfile",
    "License",
    "LicenseType",
    "MetadataKeys",
    "NotPassedError",
    "NotReleasedError",
    "Organization",
    "Outcome",
    "Problem",
    "ProfileError",
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
