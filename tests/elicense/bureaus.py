"""Departments with roots of their own, and a hub that grants them something."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from elicense import identifiers, trust
from elicense.testing import CODE, NAME, SECOND_CODE, SECOND_NAME
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    Period,
    RootStatement,
    SealEntry,
)
from elicense.trust.hub_model import DepartmentGrant, HubGrants, HubMemory
from elicense.trust.merge import merge
from esign import statuslist
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.signer import SoftwareSigner
from esign.statuslist import BITS, StatusList

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
EARLY = AT - timedelta(days=400)
DAY = timedelta(days=1)
THIRD_CODE, THIRD_NAME = "119901000000000430", "示例市交通运输局"
TYPES = ("business-license", "food-business")
AUTHORITY = DevelopmentAuthority.create("示例电子认证", EARLY)


def new_key():
    return SoftwareSigner.generate(Suite.ES256)


@dataclass
class Bureau:
    """A department that publishes; every attribute may be changed by a test."""

    code: str = CODE
    name: str = NAME
    root: SoftwareSigner = field(default_factory=new_key)
    bundle_signer: SoftwareSigner = field(default_factory=new_key)
    token: SoftwareSigner = field(default_factory=new_key)
    status: SoftwareSigner = field(default_factory=new_key)
    seal: SoftwareSigner = field(default_factory=new_key)
    authority: DevelopmentAuthority = AUTHORITY
    types: tuple[str, ...] = TYPES
    number: int = 1
    sequence: int = 1
    statement: int = 1
    issued_at: datetime = AT
    max_age: timedelta = timedelta(days=30)
    lists: tuple[int, ...] = (0, 2031)
    list_size: int = 1 << 10

    def __post_init__(self):
        self.named = (self.bundle_signer.public_key,)
        self.speaks_for = self.code
        self.certificate = self.authority.issue_seal(
            self.seal.public_key, self.name, self.code, EARLY, 2000
        )

    @property
    def pin(self):
        return self.root.public_key.fingerprint

    def grant(self, **changes):
        grant = DepartmentGrant(organization=self.code, root=self.pin, types=TYPES)
        return replace(grant, **changes)

    def list_entry(self, number, *, issuer=None, signer=None):
        status_list = StatusList(
            issuer=issuer or self.code,
            number=number,
            sequence=self.sequence,
            issued_at=int(self.issued_at.timestamp()),
            expires_at=int((self.issued_at + 7 * DAY).timestamp()),
            array=statuslist.array({}, self.list_size, BITS),
        )
        token = statuslist.sign(status_list, signer or self.status)
        return ListEntry(issuer or self.code, number, 0, token)

    def bundle(self, **changes):
        period = Period(EARLY, None)
        made = Bundle(
            statement=self.statement,
            number=self.number,
            issued_at=self.issued_at,
            max_age=self.max_age,
            organizations=(OrganizationEntry(self.code, ((EARLY.date(), self.name),)),),
            keys=(
                KeyGrant(self.token.public_key, "token", self.code, self.types, period),
                KeyGrant(self.status.public_key, "status", self.code, (), period),
            ),
            seals=(
                SealEntry(
                    self.code,
                    (self.certificate, *self.authority.chain),
                    self.types,
                    period,
                ),
            ),
            roots=self.authority.roots,
            status_lists=tuple(self.list_entry(number) for number in self.lists),
        )
        return replace(made, **changes)

    def statements(self):
        statement = RootStatement(
            number=self.statement,
            issued_at=EARLY,
            speaks_for=self.speaks_for,
            bundle_keys=self.named,
        )
        return [trust.sign_root_statement(statement, self.root)]

    def file(self, **changes):
        return trust.sign_bundle(
            self.bundle(**changes), self.bundle_signer, self.statements()
        )

    def next(self, **changes):
        """Return the file of the next publication."""
        self.number += 1
        self.sequence += 1
        return self.file(**changes)


def second():
    return Bureau(code=SECOND_CODE, name=SECOND_NAME)


def merged(files, memory=None, at=AT, acceptable=lambda _: None, manifests=(), **table):
    """Merge (bureau or grant, file) pairs under a table that grants all of them."""
    grants = [
        owner.grant() if isinstance(owner, Bureau) else owner for owner, _ in files
    ]
    table.setdefault("departments", tuple(dict.fromkeys(grants)))
    sources = [(g, data) for g, (_, data) in zip(grants, files, strict=True)]
    granted = HubGrants(**table)
    return merge(sources, granted, memory or HubMemory(), at, acceptable, manifests)


def remembered(result, own=None):
    """Return what a hub remembers after a merge."""
    return HubMemory(
        own=own,
        departments=result.departments,
        sources=result.sources,
        floors=result.floors,
        snapshots=result.snapshots,
    )


def organization_code(number):
    """Return the code of an invented organ: its check characters are right."""
    unit = f"{number:08d}"
    body = "11990100" + unit + identifiers.organization_check_character(unit)
    return body + identifiers.uscc_check_character(body)


class Publisher:
    """A hub's keys, for admitting what was merged as a verifier does."""

    def __init__(self):
        self.root, self.signer = new_key(), new_key()

    @property
    def pin(self):
        return self.root.public_key.fingerprint

    def file(self, result, number=1):
        statement = RootStatement(
            number=1,
            issued_at=EARLY,
            speaks_for=None,
            bundle_keys=(self.signer.public_key,),
        )
        return trust.sign_bundle(
            result.bundle(statement=1, number=number, max_age=30 * DAY),
            self.signer,
            [trust.sign_root_statement(statement, self.root)],
        )

    def admit(self, result, number=1, seen=()):
        return trust.admit(self.file(result, number), self.pin, seen)
