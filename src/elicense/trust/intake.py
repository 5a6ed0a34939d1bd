"""Taking one department's bundle into a hub's.

docs/formats/hub.md, section 2: all that is judged of one source by itself. Who holds a
key, and whether all fit together, is decided in :mod:`elicense.trust.merge`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from elicense.dates import day_of
from elicense.errors import ElicenseError
from elicense.model import Text
from elicense.trust.admit import admit
from elicense.trust.claims import Claims, claims_of
from elicense.trust.granting import first_signing, granted, strangers
from elicense.trust.hub_model import (
    DepartmentGrant,
    HubGrants,
    HubMemory,
    Outcome,
    SourceReport,
)
from elicense.trust.model import Bundle, KeyGrant, ListEntry, Source
from elicense.trust.reading import open_file
from elicense.trust.roots import RootChain, verify_chain
from elicense.trust.seen import Seen
from elicense.trust.state import CLOCK_TOLERANCE
from elicense.trust.withdrawing import Withdrawals
from esign import cose, statuslist
from esign.errors import ESignError

MAX_SOURCE_BYTES = 8 << 20  # 22 lists of 256 KB, which no compression makes smaller


class SourceRefusedError(ElicenseError):
    """A department's bundle is not merged; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is taken of one department's bundle.

    Attributes:
        data: the bundle file.
        bundle: what the table grants of its content.
        seen: what to remember of it.
        claims: every key in it.
        report: what is told of it.
    """

    data: bytes
    bundle: Bundle
    seen: Seen
    claims: Claims
    report: SourceReport


class Intake:
    """What a hub takes of one source, under its table and its memory."""

    def __init__(
        self,
        grants: HubGrants,
        memory: HubMemory,
        withdrawals: Withdrawals,
        at: datetime,
    ) -> None:
        """Take what holds for every source of a merge."""
        self._grants, self._memory, self._at = grants, memory, at
        self._withdrawals = withdrawals

    def take_new(self, grant: DepartmentGrant, data: bytes) -> Part:
        """Return what is taken of a source that was given.

        Args:
            grant: what the table says of the department.
            data: its bundle file.

        Raises:
            SourceRefusedError: one of the checks 1 to 6 of a merge fails; says which.
        """
        part = self.take(grant, data)
        if part.bundle.issued_at > self._at + CLOCK_TOLERANCE:  # (5)
            raise SourceRefusedError(_FROM_THE_FUTURE)
        if not is_in_age(part, self._at):
            raise SourceRefusedError(_OUT_OF_AGE)
        self._check_published(part.bundle)  # (6)
        return part

    def take(self, grant: DepartmentGrant, data: bytes) -> Part:
        """Return what is taken of a source, be it new or in age or not.

        Args:
            grant: what the table says of the department.
            data: its bundle file.

        Raises:
            SourceRefusedError: one of the checks 1 to 4 of a merge fails; says which.
        """
        if len(data) > MAX_SOURCE_BYTES:  # (1)
            raise SourceRefusedError(_TOO_LARGE)
        known = self._memory.departments.get(grant.organization)
        try:  # (2)
            state = admit(data, grant.root, () if known is None else (known,))
            chain = verify_chain(open_file(data).statements)
        except ESignError as err:
            reason = str(err)
            raise SourceRefusedError(
                Text(f"信任包无法采信（{reason}）", f"it is not believed ({reason})")
            ) from err
        assert state.bundle is not None  # noqa: S101  an admitted state has both
        assert state.seen is not None  # noqa: S101
        self._withdrawals.meet(chain, state.bundle)
        if (kid := self._withdrawals.speaker(chain, grant.root)) is not None:  # (3)
            raise SourceRefusedError(_withdrawn(kid))
        self._check_scope(grant, chain, state.bundle)  # (4)
        bundle, report = self._granted(grant, chain, state.bundle)
        sequences = state.seen.lists
        entries = tuple(
            replace(entry, sequence=sequences[entry.issuer, entry.number])
            for entry in bundle.status_lists
        )
        return Part(
            data=data,
            bundle=replace(bundle, status_lists=entries),
            seen=state.seen,
            claims=claims_of(chain, state.bundle),
            report=report,
        )

    def _check_scope(
        self, grant: DepartmentGrant, chain: RootChain, bundle: Bundle
    ) -> None:
        if None in chain.scopes.values():
            raise SourceRefusedError(_A_HUB)
        listed = {entry.code for entry in bundle.organizations}
        foreign = listed.difference(grant.organizations)
        if foreign or chain.last.speaks_for != grant.organization:
            names = ", ".join(sorted(foreign or {str(chain.last.speaks_for)}))
            raise SourceRefusedError(
                Text(
                    f"该信任包代表了未经本汇聚节点准予的机构：{names}",
                    f"it speaks for what this hub does not grant it: {names}",
                )
            )
        if grant.organization not in listed:
            raise SourceRefusedError(_NOT_ITSELF)
        for entry in bundle.organizations:
            if entry.successors and entry.code == grant.organization:
                raise SourceRefusedError(_SUCCEEDED)
        if strange := ", ".join(strangers(bundle, grant.organization)):
            raise SourceRefusedError(_not_succeeded(strange))
        self._check_names(bundle, listed)

    def _check_names(self, bundle: Bundle, listed: Iterable[str]) -> None:
        named = {a.entry.organization: a.name for a in self._grants.authorities}
        for code in listed:
            current = _name(bundle, code, self._at)
            if named.get(code, current) != current:
                raise SourceRefusedError(_TWO_NAMES)

    def _check_published(self, bundle: Bundle) -> None:
        """Refuse what verifiers of the hub would take for a fall of numbers."""
        own = self._memory.own
        if own is None:
            return
        risen: dict[str, bool] = {}
        for source in bundle.sources:
            root, *before = own.sources.get(source.organization, (source.root, 0, 0))
            is_new = source.root != root
            risen[source.organization] = is_new or source.statement > before[0]
            if not is_new and [source.statement, source.number] < before:
                raise SourceRefusedError(
                    Text(
                        f"{source.organization} 的声明号或期号低于本汇聚节点已发布的"
                        f" {before}",
                        f"statement and number of {source.organization} are below"
                        f" {before}, which this hub published",
                    )
                )
        for entry in bundle.status_lists:
            known = own.lists.get((entry.issuer, entry.number), 0)
            if entry.sequence < known and not risen[entry.issuer]:
                raise SourceRefusedError(
                    Text(
                        f"状态列表 {entry.number}（{entry.issuer}）的序号低于本汇聚节点"
                        f"已发布的 {known}",
                        f"status list {entry.number} of {entry.issuer} is below"
                        f" sequence {known}, which this hub published",
                    )
                )

    def _granted(
        self, grant: DepartmentGrant, chain: RootChain, bundle: Bundle
    ) -> tuple[Bundle, SourceReport]:
        """Return the content that the table grants, and what is told of it."""
        limited = granted(bundle, grant, self._memory.floors)
        keys = tuple(map(self._withdrawals.of_key, limited.bundle.keys))
        lists = _good_lists(bundle.status_lists, keys)
        sources = tuple(
            _source(entry.code, grant, chain, bundle) for entry in bundle.organizations
        )
        kept = {(entry.issuer, entry.number) for entry in lists}
        listed = [(entry.issuer, entry.number) for entry in bundle.status_lists]
        report = SourceReport(
            organization=grant.organization,
            outcome=Outcome.TAKEN,
            name=_name(bundle, grant.organization, self._at),
            source=next(s for s in sources if s.organization == grant.organization),
            types=limited.types,
            types_left_out=limited.types_left_out,
            backfill_left_out=limited.backfill_left_out,
            lists_left_out=tuple(name for name in listed if name not in kept),
            keys_raised=limited.keys_raised,
            keys_left_out=limited.keys_left_out,
            signs_from=first_signing(keys).get(grant.organization),
        )
        content = replace(
            limited.bundle, keys=keys, sources=sources, status_lists=lists
        )
        return content, report


def _good_lists(
    entries: Iterable[ListEntry], keys: Iterable[KeyGrant]
) -> tuple[ListEntry, ...]:
    """Return admitted status lists but for those under a key that is compromised now.

    An admitted list names its key by kid, and its owner had nothing against the key.
    """
    withdrawn = {
        item.key.kid
        for item in keys
        if item.purpose == "status" and item.compromised_from is not None
    }
    if not withdrawn:
        return tuple(entries)
    return tuple(
        entry
        for entry in entries
        if cose.open_sealed(entry.token, statuslist.PURPOSE).kid not in withdrawn
    )


def is_in_age(part: Part, at: datetime) -> bool:
    """Tell whether a part may be used by the maximum age of its bundle."""
    return at <= part.bundle.issued_at + part.bundle.max_age


def _name(bundle: Bundle, code: str, at: datetime) -> str:
    (entry,) = (entry for entry in bundle.organizations if entry.code == code)
    return entry.name_on(day_of(at))


def _source(
    code: str, grant: DepartmentGrant, chain: RootChain, bundle: Bundle
) -> Source:
    """Return where an organ comes from: its own bundle, or its successor's."""
    return Source(
        organization=code,
        root=grant.root,
        statement=chain.last.number,
        number=bundle.number,
        issued_at=bundle.issued_at,
        max_age=bundle.max_age,
    )


def _withdrawn(kid: bytes) -> Text:
    return Text(
        f"可代表该机构签发的密钥 {kid.hex()} 已被本汇聚节点撤回",
        f"the hub withdrew the key {kid.hex()}, which may sign for it",
    )


def _not_succeeded(names: str) -> Text:
    return Text(
        f"信任包列出 {names}，但没有说明由该机构承接",
        f"it lists {names} and does not say that the department succeeded it",
    )


_TOO_LARGE = Text(
    f"信任包超过 {MAX_SOURCE_BYTES} 字节",
    f"the bundle has more than {MAX_SOURCE_BYTES} bytes",
)
_A_HUB = Text(
    "是汇聚节点的信任包，汇聚节点之间不合并", "a hub's bundle, and hubs are not merged"
)
_NOT_ITSELF = Text("信任包中没有该机构自己", "it does not list the department itself")
_SUCCEEDED = Text(
    "该机构自称已被其他机构承接，请改为准予承接机构",
    "it says that others succeeded it; grant its successor instead",
)
_TWO_NAMES = Text(
    "该机构的名称与 hub.toml 中时间戳机构的名称不同",
    "it has another name than as a timestamp authority of hub.toml",
)
_FROM_THE_FUTURE = Text(
    "签发时间晚于本机时钟，请核对时钟", "it is dated after this machine's clock"
)
_OUT_OF_AGE = Text(
    "已超过其最长使用期限，请取新的", "it is out of age; get a newer one"
)
