"""A small world for tests: departments, a CA, a publisher, and a time of its own.

Everything in it is real: keys, signatures, bundles, pages. Its knobs are plain
attributes; turn one and ask for :meth:`Simulator.trust` again. Shipped for users, so
that their tests need no certificates of their own.

    with Simulator() as world:
        issued = world.issue("food-business")
        world.department.end(issued, Status.INVALID)
        verdict = world.validate(issued.pdf)      # REVOKED
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from elicense import issuing, payload, samples, trust, validating
from elicense.catalog import Catalog
from elicense.closing import Closing
from elicense.document import OnePassPress
from elicense.issuing import Issued, IssuingDesk, Request
from elicense.list_numbers import OPEN_ENDED
from elicense.payload import Claims
from elicense.policy import STANDARD, ValidationPolicy
from elicense.register.sqlite import SqliteRegister
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    Period,
    RootStatement,
    SealEntry,
    SignedStatement,
    SnapshotSighting,
    Source,
    Succession,
    TimestampAuthority,
    TrustState,
)
from elicense.validating import Verdict
from elicense.validating.evidence import Proof
from esign import seal_image, sm2, statuslist
from esign.algorithms import Suite
from esign.authority import DevelopmentAuthority
from esign.gm_authority import GmAuthority
from esign.pades import (
    AnyIdentity,
    GmCmsIdentity,
    GmSealIdentity,
    SealIdentity,
    SealObject,
    SubFilter,
)
from esign.seal_image import SealSpec
from esign.ses import Picture
from esign.signer import SoftwareSigner
from esign.statuslist import BITS, Status, StatusList

if TYPE_CHECKING:
    from esign.keys import Signer

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
CODE, NAME = "11990100000000027A", "示例市行政审批局"
SECOND_CODE, SECOND_NAME = "119901000000000355", "示范市应急管理局"
"""Organizations that do not exist; their codes pass the check of GB 32100."""
LIST_SIZE = 1 << 20
"""Statuses of each simulated list: as many as a register's."""
_FOR_EVER = Period(START - timedelta(days=400), None)


@dataclass(kw_only=True)
class Department:
    """An issuing organ with its keys; every attribute may be changed by a test.

    Attributes:
        code: its USCC.
        name: its name.
        token: signs licenses.
        status: signs status lists.
        seal: signs PDFs; of the GM profile after :meth:`Simulator.seal_by_gm`.
        seal_chain: CA certificates above the seal's, without the root, DER.
        seal_kind: of which kind the seal is listed.
        seal_objects: the electronic seals that are listed with it.
        register: its licenses.
        types: what token key and seal are granted.
        names: its names over time; the one name from the start where empty.
        successors: who came after it.
        token_period: when the token key signs.
        seal_period: when the seal signs.
        backfill: legal dates of licenses on paper that the token key may seal.
        destroyed: whether token key and seal are attested destroyed.
        token_compromised_from: from when the token key is compromised.
        closing: SHA-256 of the manifest of the snapshot that closes the token key.
        seal_compromised_from: likewise the seal.
        more_keys: earlier token and status keys, with their grants.
        more_seals: earlier seals.
        statuses: list number -> index -> status, published as they stand here.
        lists: numbers of the lists that are published.
        status_age: time from a list's iat to its exp.
        listed: whether the bundle names the department at all.
        token_listed: whether the bundle names its token key.
        seal_listed: whether the bundle names its seal.
    """

    code: str
    name: str
    token: SoftwareSigner
    status: SoftwareSigner
    seal: AnyIdentity
    seal_chain: tuple[bytes, ...]
    register: SqliteRegister
    types: tuple[str, ...]
    seal_kind: SubFilter = SubFilter.PADES
    seal_objects: list[SealObject] = field(default_factory=list)
    names: tuple[tuple[date, str], ...] = ()
    successors: tuple[Succession, ...] = ()
    token_period: Period = _FOR_EVER
    seal_period: Period = _FOR_EVER
    backfill: tuple[date, date] | None = None
    destroyed: bool = False
    token_compromised_from: datetime | None = None
    closing: bytes | None = None
    seal_compromised_from: datetime | None = None
    more_keys: list[KeyGrant] = field(default_factory=list)
    more_seals: list[SealEntry] = field(default_factory=list)
    statuses: dict[int, dict[int, Status]] = field(default_factory=dict)
    lists: set[int] = field(default_factory=set)
    status_age: timedelta = timedelta(days=7)
    listed: bool = True
    token_listed: bool = True
    seal_listed: bool = True

    def end(self, issued: Issued, status: Status) -> None:
        """Give a license a status in the next publication."""
        reference = claims_of(issued).status
        self.statuses.setdefault(reference.list_number, {})[reference.index] = status

    def status_lists(self, at: datetime, sequence: int) -> tuple[ListEntry, ...]:
        """Return the department's lists, signed."""
        return tuple(
            list_entry(self.status_list(number, at, sequence), self.status)
            for number in sorted(self.lists)
        )

    def status_list(self, number: int, at: datetime, sequence: int) -> StatusList:
        """Return one list as it is published at an instant."""
        return StatusList(
            issuer=self.code,
            number=number,
            sequence=sequence,
            issued_at=int(at.timestamp()),
            expires_at=int((at + self.status_age).timestamp()),
            array=statuslist.array(self.statuses.get(number, {}), LIST_SIZE, BITS),
        )


class Simulator(Closing):
    """The world. A context manager: its registers live in a temporary folder."""

    def __init__(self, at: datetime = START, algorithm: Suite = Suite.ES256) -> None:
        """Make two departments under one root, at an instant.

        Args:
            at: the world's instant at first.
            algorithm: of root, bundle, token and status keys. With SM2 (extra ``gm``)
                the seals are those of the GM profile.

        Attributes:
            at: the world's instant; issuing and validating use it.
            statement: number of the root statement that it is made under.
            number: number of the next bundle.
            bundle_age: its ``max_age``.
            speaks_for: what the root may speak for; None makes it a hub's.
            statements: the whole chain of root statements; the root's one statement
                where it is empty.
            timestamp_authorities, crls, sources, more_roots: as in the bundle.
            countersigner, snapshots: likewise, where there are snapshots.
            issued_at: when it is published; the world's instant where None.
            bundle_signer: who signs it.
        """
        self.at = at
        self.statement = 1
        self.number = 1
        self.speaks_for: str | None = None
        self.statements: list[SignedStatement] = []
        self.timestamp_authorities: list[TimestampAuthority] = []
        self.more_roots: list[bytes] = []
        self.crls: list[bytes] = []
        self.sources: list[Source] = []
        self.countersigner: str | None = None
        self.snapshots: list[SnapshotSighting] = []
        self.bundle_age = timedelta(days=30)
        self.issued_at: datetime | None = None
        self.catalog = Catalog.builtin()
        self.algorithm = algorithm
        self.root = SoftwareSigner.generate(algorithm)
        self.bundle_signer: Signer = SoftwareSigner.generate(algorithm)
        self.bundle_keys = (self.bundle_signer.public_key,)
        self.authority = DevelopmentAuthority.create(
            "示例电子认证", _FOR_EVER.signs_from
        )
        self._gm_authority: GmAuthority | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="elicense-simulator-")
        self._issued = 0
        self.departments = [
            self.add_department(CODE, NAME),
            self.add_department(SECOND_CODE, SECOND_NAME),
        ]

    def close(self) -> None:
        """Close the registers and remove them."""
        for department in self.departments:
            department.register.close()
        self._folder.cleanup()

    @property
    def department(self) -> Department:
        """The first department."""
        return self.departments[0]

    @property
    def pin(self) -> str:
        """The fingerprint that a verifier pins."""
        return self.root.public_key.fingerprint

    def add_department(
        self, code: str, name: str, suite: Suite | None = None
    ) -> Department:
        """Return a new department; append it to ``departments`` to have it listed.

        Args:
            code: its USCC.
            name: its name.
            suite: of its token and status keys; the world's algorithm where None.
        """
        suite = suite or self.algorithm
        seal = SoftwareSigner.generate(Suite.ES256)
        certificate = self.authority.issue_seal(
            seal.public_key, name, code, _FOR_EVER.signs_from, 2000
        )
        year = self.at.year
        made = Department(
            code=code,
            name=name,
            token=SoftwareSigner.generate(suite),
            status=SoftwareSigner.generate(suite),
            seal=SealIdentity(seal, certificate, self.authority.chain),
            seal_chain=self.authority.chain,
            register=SqliteRegister.create(Path(self._folder.name) / f"{code}.db"),
            types=self.catalog.names(),
            lists={OPEN_ENDED, *range(year, year + 8)},
        )
        if self.algorithm is Suite.SM2:
            self.seal_by_gm(made)
            made.more_seals.clear()  # it never had another one
        return made

    @property
    def gm_authority(self) -> GmAuthority:
        """The CA of SM2 keys, with a seal maker; made when it is first asked for.

        Its root is then one of the bundle's.
        """
        if self._gm_authority is None:
            self._gm_authority = GmAuthority.create(
                "示例电子认证", _FOR_EVER.signs_from
            )
            self.more_roots.extend(self._gm_authority.roots)
        return self._gm_authority

    def seal_by_gm(
        self, department: Department | None = None, *, with_seal: bool = True
    ) -> None:
        """Give a department a new seal of the GM profile; the one before stays listed.

        Args:
            department: the first one where None.
            with_seal: an electronic seal of GB/T 38540 (GM.sm2seal); without it a bare
                signature (GM.sm2cms.detached).
        """
        owner, ca = department or self.department, self.gm_authority
        owner.more_seals = list(_seals(owner))
        signer = SoftwareSigner.generate(Suite.SM2)
        certificate = ca.issue_seal(
            signer.public_key, owner.name, owner.code, _FOR_EVER.signs_from, 2000
        )
        owner.seal_chain, owner.seal_objects = ca.chain, []
        if with_seal:
            drawn = Picture("PDF", seal_image.draw(SealSpec(owner.name)), 42, 42)
            seal = ca.make_seal(owner.name, drawn, certificate)
            maker = (ca.maker_certificate, *ca.chain)
            owner.seal_objects.append(SealObject(sm2.sm3(seal), maker))
            owner.seal = GmSealIdentity(signer, certificate, seal)
            owner.seal_kind = SubFilter.GM_SEAL
        else:
            owner.seal = GmCmsIdentity(signer, certificate, ca.chain)
            owner.seal_kind = SubFilter.GM_CMS

    def bundle_file(self) -> bytes:
        """Return the bytes of ``trust.elt`` as the knobs stand."""
        at = self.issued_at or self.at
        listed = [entry for entry in self.departments if entry.listed]
        bundle = Bundle(
            statement=self.statement,
            number=self.number,
            issued_at=at,
            max_age=self.bundle_age,
            organizations=tuple(map(_organization, listed)),
            keys=tuple(grant for entry in listed for grant in _keys(entry)),
            seals=tuple(seal for entry in listed for seal in _seals(entry)),
            authorities=tuple(self.timestamp_authorities),
            roots=(*self.authority.roots, *self.more_roots),
            crls=tuple(self.crls),
            sources=tuple(self.sources),
            countersigner=self.countersigner,
            snapshots=tuple(self.snapshots),
            status_lists=tuple(
                token for d in listed for token in d.status_lists(at, self.number)
            ),
        )
        statements = self.statements or [self.root_statement()]
        return trust.sign_bundle(bundle, self.bundle_signer, statements)

    def root_statement(self) -> SignedStatement:
        """Return the root's statement as the knobs stand."""
        statement = RootStatement(
            number=self.statement,
            issued_at=_FOR_EVER.signs_from,
            speaks_for=self.speaks_for,
            bundle_keys=self.bundle_keys,
        )
        return trust.sign_root_statement(statement, self.root)

    def trust(self) -> TrustState:
        """Return what a verifier believes who pinned the root and took the bundle."""
        return trust.admit(self.bundle_file(), self.pin)

    def desk(self, department: Department | None = None) -> IssuingDesk:
        """Return what a department issues with now."""
        owner = department or self.department
        return IssuingDesk(
            register=owner.register,
            catalog=self.catalog,
            organization=owner.code,
            token_signer=owner.token,
            press=OnePassPress(owner.seal, seal_image.draw(SealSpec(owner.name))),
            trust=self.trust(),
        )

    def issue(
        self,
        type_name: str = "food-business",
        application: Mapping[str, object] | None = None,
        *,
        number: str | None = None,
        department: Department | None = None,
    ) -> Issued:
        """Issue a license at the world's instant: a new one unless ``number`` is known.

        Args:
            type_name: catalog name.
            application: the fields; the type's sample where None.
            number: case number; a fresh one where None.
            department: who issues; the first one where None.
        """
        self._issued += 1
        request = Request(
            type_name=type_name,
            application=application or self._sample(type_name),
            number=number or f"990100{self._issued:012d}",
        )
        return issuing.issue(self.desk(department), request, self.at)

    def _sample(self, type_name: str) -> dict[str, object]:
        return samples.sample_of(self.catalog.get(type_name), self.at)

    def validate(
        self,
        data: bytes | str,
        policy: ValidationPolicy = STANDARD,
        evidence: tuple[Proof, ...] = (),
    ) -> Verdict:
        """Validate a file or a QR text now, with the bundle as the knobs stand."""
        return self.validate_under(self.trust(), data, policy, evidence)

    def validate_under(
        self,
        trust: TrustState,
        data: bytes | str,
        policy: ValidationPolicy = STANDARD,
        evidence: tuple[Proof, ...] = (),
    ) -> Verdict:
        """Validate a file or a QR text now, under a trust that was admitted before."""
        if isinstance(data, str):
            return validating.validate_text(
                data, trust, self.at, policy=policy, evidence=evidence
            )
        return validating.validate(
            data,
            trust,
            self.at,
            policy=policy,
            catalog=self.catalog,
            evidence=evidence,
        )

    def resign(
        self, issued: Issued, department: Department | None = None, **changes: object
    ) -> str:
        """Return a QR text of the same license with other claims, properly signed.

        Args:
            issued: the license.
            department: whose token key signs; the first department's where None.
            changes: claims to replace, by their name in :class:`Claims`.
        """
        claims = replace(claims_of(issued), **changes)  # type: ignore[arg-type]  # knobs
        token = payload.sign_token(claims, (department or self.department).token)
        return payload.qr_text(token)


def claims_of(issued: Issued) -> Claims:
    """Return the claims of a license that was just issued."""
    return payload.decode(
        payload.open_token(payload.read_qr_text(issued.qr_text)).unverified_payload
    )


def list_entry(item: StatusList, signer: "Signer") -> ListEntry:
    """Return a list as a bundle carries it, signed."""
    token = statuslist.sign(item, signer)
    return ListEntry(item.issuer, item.number, item.sequence, token)


def _organization(entry: Department) -> OrganizationEntry:
    names = entry.names or ((START.date(), entry.name),)
    return OrganizationEntry(entry.code, names, entry.successors)


def _keys(entry: Department) -> tuple[KeyGrant, ...]:
    status = KeyGrant(entry.status.public_key, "status", entry.code, (), _FOR_EVER)
    token = KeyGrant(
        entry.token.public_key,
        "token",
        entry.code,
        entry.types,
        entry.token_period,
        backfill=entry.backfill,
        destroyed=entry.destroyed,
        compromised_from=entry.token_compromised_from,
        closing=entry.closing,
    )
    listed = (token, status) if entry.token_listed else (status,)
    return (*listed, *entry.more_keys)


def _seals(entry: Department) -> tuple[SealEntry, ...]:
    seal = SealEntry(
        entry.code,
        (entry.seal.certificate, *entry.seal_chain),
        entry.types,
        entry.seal_period,
        destroyed=entry.destroyed,
        compromised_from=entry.seal_compromised_from,
        subfilter=entry.seal_kind,
        seals=tuple(entry.seal_objects),
    )
    listed = (seal,) if entry.seal_listed else ()
    return (*listed, *entry.more_seals)
