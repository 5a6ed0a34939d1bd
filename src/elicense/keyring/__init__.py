"""The key files of a workspace: made, kept encrypted, opened with its passphrase.

docs/formats/workspace.md. Two public files decide what counts: ``grants.cbor`` says
which keys sign, ``root-statements.cbor`` which root and bundle keys speak. Each private
key has a file of its own, named after its use and its kid, which is written before a
public file names it. So a run that is cut off leaves at most a file that nobody uses.
"""

from elicense.keyring.making import (
    SEAL_DAYS,
    NewKeys,
    certificates_of,
    keys_of,
    make,
    new_authority,
    new_key,
    seal_record,
)
from elicense.keyring.parts import AnyAuthority, Keyring, PublicParts
from elicense.keyring.private_files import (
    key_path,
    open_key,
    open_root,
    prove,
    save_keys,
    unlock,
)
from elicense.keyring.public_files import (
    GRANTS_FILE,
    STATEMENTS_FILE,
    parts_of,
    read_public,
    save_keychain,
    save_parts,
    save_statements,
)

__all__ = [
    "GRANTS_FILE",
    "SEAL_DAYS",
    "STATEMENTS_FILE",
    "AnyAuthority",
    "Keyring",
    "NewKeys",
    "PublicParts",
    "certificates_of",
    "key_path",
    "keys_of",
    "make",
    "new_authority",
    "new_key",
    "open_key",
    "open_root",
    "parts_of",
    "prove",
    "read_public",
    "save_keychain",
    "save_keys",
    "save_parts",
    "save_statements",
    "seal_record",
    "unlock",
]
