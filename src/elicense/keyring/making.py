"""Making keys, CAs and seals: all of a trial workspace, or one that follows another."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from elicense import keychain, seal_picture, trust
from elicense.device import DeviceKeys, check_suite
from elicense.keychain import (
    Authority,
    ElectronicSeal,
    Keychain,
    KeyRecord,
    Purpose,
)
from elicense.keyring.parts import AnyAuthority, PublicParts
from elicense.model import Organization
from elicense.trust import Period, RootStatement
from esign import sm2
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.gm_authority import GmAuthority
from esign.keys import PublicKey, Signer
from esign.signer import SoftwareSigner

SEAL_DAYS = 5 * 365  # a licensed CA gives one to five years (field notes, D.4)
NewKeys = Iterable[tuple[str, Signer]]
"""Uses and keys: the use is the first part of the file's name, or of the label."""


def make(
    organization: Organization,
    suites: Mapping[str, Suite],
    at: datetime,
    device: DeviceKeys | None = None,
) -> tuple[NewKeys, PublicParts]:
    """Make every key and certificate of a trial workspace.

    Args:
        organization: whose seal it is, and for whom its root speaks.
        suites: suites of ``root``, ``bundle``, ``token``, ``status`` and ``seal``;
            ES256 where not named. A seal of SM2 is an electronic one (GB/T 38540).
        at: first instant of the keys and certificates; whole seconds UTC.
        device: makes and keeps the keys of its uses; None for software keys alone.

    Returns:
        The private keys, to be kept by :func:`save_keys`, and what is public of them.

    Raises:
        WorkspaceError: no seal can carry the organ's name, or the device makes no key
            of a suite that is asked for.
        UnavailableError: it cannot be used; or SM2, and the extra ``gm`` is not
            installed.
    """
    for use in keychain.PURPOSES:
        if device is not None and device.makes(use):
            check_suite(use, suites.get(use, Suite.ES256))
    authority = new_authority(suites.get("seal", Suite.ES256), organization, at)
    signers = {
        name: new_key(name, suites.get(name, Suite.ES256), device)
        for name in ("root", "bundle", "token", "status", "seal")
    }
    records = [
        KeyRecord(
            purpose=purpose,
            organization=organization.code,
            key=signers[purpose].public_key,
            period=Period(at, None),
        )
        for purpose in ("token", "status")
    ]
    records.append(seal_record(organization, authority, signers["seal"].public_key, at))
    first = RootStatement(
        number=1,
        issued_at=at,
        speaks_for=organization.code,
        bundle_keys=(signers["bundle"].public_key,),
    )
    chain = Keychain(
        organization=organization.code,
        authorities=(certificates_of(authority),),
        records=tuple(records),
    )
    statements = (trust.sign_root_statement(first, signers["root"]),)
    return (*signers.items(), *keys_of(authority)), PublicParts(chain, statements)


def new_authority(
    suite: Suite, organization: Organization, at: datetime
) -> AnyAuthority:
    """Return a new development CA for seals of a suite.

    Args:
        suite: SM2, or ES256.
        organization: who runs the trial.
        at: first instant of its certificates; whole seconds UTC.
    """
    if suite is Suite.SM2:
        return GmAuthority.create(organization.name, at)
    return DevelopmentAuthority.create(organization.name, at)


def new_key(use: str, suite: Suite, device: DeviceKeys | None) -> Signer:
    """Make a key: in the device that makes those of its use, else in memory.

    Raises:
        WorkspaceError: the device makes no key of the suite.
        UnavailableError: it cannot be used.
    """
    if device is not None and device.makes(use):
        return device.make(use, suite)
    return SoftwareSigner.generate(suite)


def seal_record(
    organization: Organization,
    authority: AnyAuthority,
    key: PublicKey,
    at: datetime,
    purpose: Purpose = "seal",
) -> KeyRecord:
    """Return the record of a new seal with a certificate of a development CA.

    Args:
        organization: the name and code that stand in it.
        authority: who issues it, for :data:`SEAL_DAYS`.
        key: the seal's key.
        at: from when it signs; whole seconds UTC.
        purpose: which of the seals.

    Raises:
        ValueError: the CA's own certificate ends before.
        WorkspaceError: no seal can carry the organ's name.
    """
    certificate = authority.issue_seal(
        key, organization.name, organization.code, at, SEAL_DAYS
    )
    seal = None
    if isinstance(authority, GmAuthority):
        picture = seal_picture.picture(organization.name)
        name = f"{organization.name}电子证照专用章"
        made = authority.make_seal(name, picture, certificate)
        maker = (authority.maker_certificate, *authority.chain)
        seal = ElectronicSeal(sm2.sm3(made), maker, made)
    return KeyRecord(
        purpose=purpose,
        organization=organization.code,
        key=key,
        certificates=(certificate, *authority.chain),
        period=Period(at, None),
        seal=seal,
    )


def certificates_of(authority: AnyAuthority) -> Authority:
    """Return what is public of a development CA."""
    maker = None
    if isinstance(authority, GmAuthority):
        maker = authority.maker_certificate
    return Authority(authority.root_certificate, authority.issuing_certificate, maker)


def keys_of(authority: AnyAuthority) -> NewKeys:
    """Return the private keys of a development CA with their uses."""
    own = ("ca-root", authority.root), ("ca-issuing", authority.issuing)
    if isinstance(authority, GmAuthority):
        return *own, ("ca-maker", authority.maker)
    return own
