"""Identifiers and codes with check characters: GB/T 36904, GB 32100, GB 11643.

Every function is total on any text: it gives a value or a MalformedCodeError whose text
never repeats the input. Divisions (GB/T 2260) are not looked up: development zones have
none, and old ones stay in old codes.
"""

from elicense.identifiers.check_characters import (
    MOD_37_36_STEPS,
    check_mod_11_10,
    check_mod_37_36,
)
from elicense.identifiers.citizens import (
    check_citizen_id,
    check_old_citizen_id,
    citizen_id_birth,
    citizen_id_check_character,
    citizen_id_sex,
    is_old_code,
)
from elicense.identifiers.license_identifier import (
    LAST_VERSION,
    MAX_SERIAL,
    ROOT,
    Dialect,
    Identifier,
    check_type_code,
    is_standard,
    issuer_part,
    type_part,
)
from elicense.identifiers.organizations import (
    check_old_organization,
    check_old_registration,
    check_uscc,
    organization_check_character,
    uscc_check_character,
)

__all__ = [
    "LAST_VERSION",
    "MAX_SERIAL",
    "MOD_37_36_STEPS",
    "ROOT",
    "Dialect",
    "Identifier",
    "check_citizen_id",
    "check_mod_11_10",
    "check_mod_37_36",
    "check_old_citizen_id",
    "check_old_organization",
    "check_old_registration",
    "check_type_code",
    "check_uscc",
    "citizen_id_birth",
    "citizen_id_check_character",
    "citizen_id_sex",
    "is_old_code",
    "is_standard",
    "issuer_part",
    "organization_check_character",
    "type_part",
    "uscc_check_character",
]
