"""The timestamp authorities of a hub's table, with the certificates that it names."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from elicense import dates, files
from elicense.grants import AuthorityFiles, GrantsError, Table
from elicense.model import Text
from elicense.trust import Period, TimestampAuthority
from elicense.trust.hub_model import AuthorityGrant
from esign import certificates
from esign.errors import MalformedError

_MAX_FILE_BYTES = 1 << 20
_PEM = b"-----BEGIN"


def read(folder: Path, table: Table) -> tuple[AuthorityGrant, ...]:
    """Return the authorities that a table grants.

    Args:
        folder: of their certificates, DER or PEM.
        table: the hub's.

    Raises:
        GrantsError: a file is not a certificate.
        FileError: a file cannot be read.
    """
    return tuple(_authority(folder, item) for item in table.authorities)


def _authority(folder: Path, item: AuthorityFiles) -> AuthorityGrant:
    until = item.signs_until
    entry = TimestampAuthority(
        organization=item.organization,
        certificates=tuple(_certificate(folder / name) for name in item.certificates),
        period=Period(
            dates.start_of(item.signs_from),
            None if until is None else dates.end_after(until),
        ),
        compromised_from=item.compromised_from,
    )
    return AuthorityGrant(
        name=item.name, entry=entry, root=_certificate(folder / item.root)
    )


def _certificate(path: Path) -> bytes:
    data = files.read_whole(path, _MAX_FILE_BYTES)
    try:
        if data.startswith(_PEM):
            data = x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        certificates.key_mark(data)
    except (ValueError, MalformedError) as err:
        name = f"{path.parent.name}/{path.name}"
        raise GrantsError(
            Text(
                f"{name} 不是可用的证书：{err}",
                f"{name} is not a certificate for here: {err}",
            )
        ) from err
    return data
