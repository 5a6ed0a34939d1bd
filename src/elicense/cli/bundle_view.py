"""A trust bundle as ``trust show`` prints it, as JSON and for people."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from elicense import dates
from elicense.cli import report
from elicense.dates import instant_text
from elicense.memory import Memory
from elicense.model import Text
from elicense.trust import (
    Bundle,
    KeyGrant,
    OrganizationEntry,
    SealEntry,
    Seen,
    SnapshotSighting,
    Source,
    TimestampAuthority,
    TrustState,
)
from esign import certificates, clock
from esign.errors import MalformedError
from esign.revocation import CRL
from esign.statuslist import BITS, Status, StatusList

Owned = KeyGrant | SealEntry | TimestampAuthority
"""What signs for an organization in a period, and may be withdrawn."""
_HUB = Text("可代表任何机构（汇聚节点）", "may speak for every organization (a hub)")


@dataclass(frozen=True, slots=True)
class View:
    """What is shown.

    Attributes:
        state: the bundle, admitted under all the roots of its file.
        pinned: the roots that are pinned here.
        memory: what was seen here before.
    """

    state: TrustState
    pinned: Collection[str]
    memory: Memory

    @property
    def bundle(self) -> Bundle:
        """The bundle's content."""
        if self.state.bundle is None:
            raise TypeError("an admitted state has a bundle")
        return self.state.bundle

    @property
    def seen(self) -> Seen:
        """The file's own roots and numbers."""
        if self.state.seen is None:
            raise TypeError("an admitted state was seen")
        return self.state.seen

    @property
    def remembered(self) -> Seen | None:
        """The highest that was seen here under these roots; None for nothing yet."""
        roots = self.seen.scopes.keys()
        return next((s for s in self.memory.seen if roots & s.scopes.keys()), None)

    @property
    def is_pinned(self) -> bool:
        """Whether anything of the file is believed here."""
        return any(root in self.pinned for root in self.seen.scopes)

    @property
    def lists(self) -> list[StatusList]:
        """The status lists, by issuer and number."""
        found = self.state.lists.values()
        return sorted(found, key=lambda item: (item.issuer, item.number))


def scope_text(state: TrustState, scope: str | None) -> str:
    """Return what a root may speak for, for people: a hub, or code and name.

    Args:
        state: the bundle, for the name; the latest one counts.
        scope: USCC, None for a hub.
    """
    if scope is None:
        return report.chosen(_HUB)
    entry = state.organizations.get(scope)
    return (
        scope
        if entry is None
        else f"{scope} {entry.name_on(dates.day_of(clock.now()))}"
    )


def _instant(seconds: int) -> datetime:
    """Return the instant that lies so many seconds after 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def to_json(view: View) -> dict[str, object]:
    """Return everything as one JSON object."""
    bundle, latest = view.bundle, view.memory.latest
    return {
        "root": view.seen.root,
        "speaks_for": view.seen.scopes[view.seen.root],
        "pinned": view.is_pinned,
        "roots": [
            {"root": root, "speaks_for": scope, "pinned": root in view.pinned}
            for root, scope in view.seen.scopes.items()
        ],
        "statement": bundle.statement,
        "number": bundle.number,
        "issued_at": instant_text(bundle.issued_at),
        "max_age_days": bundle.max_age.days,
        "remembered": _remembered_json(view.remembered),
        "clock": None if latest is None else instant_text(latest),
        "organizations": [_organization_json(o) for o in bundle.organizations],
        "keys": [_key_json(grant) for grant in bundle.keys],
        "seals": [_seal_json(seal) for seal in view.state.seals.values()],
        "timestamp_authorities": [
            _owned_json(authority, _kid(authority.certificates))
            for authority in view.state.authorities
        ],
        "crls": [_crl_json(crl) for crl in view.state.revocation_lists],
        "sources": [_source_json(source) for source in bundle.sources],
        "countersigner": bundle.countersigner,
        "snapshots": [snapshot_json(item) for item in bundle.snapshots],
        "lists": [_list_json(item) for item in view.lists],
    }


def show(view: View) -> None:
    """Print everything for people."""
    _show_head(view)
    _show_keys(view)
    _show_authorities(view)
    _show_sources(view.bundle.sources)
    _show_snapshots(view)
    _show_lists(view.lists)


def _kid(chain: Sequence[bytes]) -> str:
    return certificates.key_mark(chain[0]).hex()


def _text_or_none(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _days_json(days: tuple[date, date] | None) -> dict[str, str] | None:
    if days is None:
        return None
    return {"from": days[0].isoformat(), "until": days[1].isoformat()}


def _remembered_json(seen: Seen | None) -> dict[str, object] | None:
    if seen is None:
        return None
    return {"root": seen.root, "statement": seen.statement, "number": seen.number}


def _organization_json(entry: OrganizationEntry) -> dict[str, object]:
    return {
        "code": entry.code,
        "names": [{"from": str(day), "name": name} for day, name in entry.names],
        "successors": [
            {
                "code": item.code,
                "from": instant_text(item.since),
                "types": list(item.types),
                "keeps_lists": item.keeps_lists,
            }
            for item in entry.successors
        ],
    }


def _owned_json(entry: Owned, kid: str) -> dict[str, object]:
    return {
        "kid": kid,
        "organization": entry.organization,
        "signs_from": instant_text(entry.period.signs_from),
        "signs_until": _text_or_none(entry.period.signs_until),
        "compromised_from": _text_or_none(entry.compromised_from),
    }


def _key_json(grant: KeyGrant) -> dict[str, object]:
    return {
        **_owned_json(grant, grant.key.kid.hex()),
        "suite": grant.key.suite.label,
        "purpose": grant.purpose,
        "types": list(grant.types),
        "backfill": _days_json(grant.backfill),
        "destroyed": grant.destroyed,
        "closing": None if grant.closing is None else grant.closing.hex(),
    }


def snapshot_json(item: SnapshotSighting) -> dict[str, object]:
    """Return what a hub saw of one snapshot, as JSON."""
    return {
        "organization": item.organization,
        "number": item.number,
        "sha256": item.sha256.hex(),
        "seen_at": instant_text(item.seen_at),
    }


def _seal_json(seal: SealEntry) -> dict[str, object]:
    return {
        **_owned_json(seal, _kid(seal.certificates)),
        "types": list(seal.types),
        "destroyed": seal.destroyed,
        "subfilter": seal.subfilter.label,
        "seals": [
            {
                "digest": f"sm3:{made.digest.hex()}",
                "maker_kid": _kid(made.maker),
                "maker_revoked_at": _text_or_none(made.maker_revoked_at),
                "withdrawn_at": _text_or_none(made.withdrawn_at),
            }
            for made in seal.seals
        ],
    }


def _crl_json(crl: CRL) -> dict[str, object]:
    return {
        "issuer": crl.issuer.rfc4514_string(),
        "issuer_kid": crl.issuer_key.kid.hex(),
        "this_update": instant_text(crl.this_update),
        "next_update": instant_text(crl.next_update),
        "revoked": len(crl.revoked),
    }


def _source_json(source: Source) -> dict[str, object]:
    return {
        "organization": source.organization,
        "root": source.root,
        "statement": source.statement,
        "number": source.number,
        "issued_at": instant_text(source.issued_at),
        "max_age_days": source.max_age.days,
    }


def _list_json(item: StatusList) -> dict[str, object]:
    return {
        "issuer": item.issuer,
        "number": item.number,
        "sequence": item.sequence,
        "issued_at": instant_text(_instant(item.issued_at)),
        "expires_at": instant_text(_instant(item.expires_at)),
        **_content_json(item),
    }


def _content_json(item: StatusList) -> dict[str, object]:
    """Return what stands in a list; None for one that cannot be inflated."""
    try:
        counts = _counts(item)
        return {
            "entries": len(item.array) * 8 // BITS,
            "counts": {
                status.name.lower(): count
                for status, count in counts.items()
                if status is not Status.VALID
            },
        }
    except MalformedError:
        return {"entries": None, "counts": None}


def _counts(item: StatusList) -> Counter[Status]:
    """Count the statuses of a list; places that no license has count as VALID."""
    found: Counter[Status] = Counter()
    for byte, times in Counter(item.array).items():
        for shift in range(0, 8, BITS):
            found[Status(byte >> shift & (1 << BITS) - 1)] += times
    return found


def _show_head(view: View) -> None:
    bundle, before = view.bundle, view.remembered
    days = Text(f"{bundle.max_age.days} 天", f"{bundle.max_age.days} days")
    rows = []
    for root, scope in view.seen.scopes.items():
        rows += [
            (Text("信任根指纹", "root"), root),
            (Text("  代表", "  speaks for"), scope_text(view.state, scope)),
            (
                Text("  本机已固定", "  pinned here"),
                report.yes_or_no(answer=root in view.pinned),
            ),
        ]
    rows += [
        (Text("根声明", "statement"), str(bundle.statement)),
        (Text("期号", "number"), str(bundle.number)),
        (Text("签发时间", "issued at"), report.moment(bundle.issued_at)),
        (Text("最长使用", "may be used for"), report.chosen(days)),
    ]
    if before is not None:
        highest = Text(
            f"根声明 {before.statement}，期号 {before.number}",
            f"statement {before.statement}, number {before.number}",
        )
        rows.append((Text("本机见过最高", "highest seen"), report.chosen(highest)))
    for entry in bundle.organizations:
        label = Text("机构", "organization")
        rows.append((label, scope_text(view.state, entry.code)))
        rows += [_successor_row(item.code, item.since) for item in entry.successors]
    rows += [
        (Text("吊销列表", "CRL"), _crl_text(crl)) for crl in view.state.revocation_lists
    ]
    report.rows(rows)


def _successor_row(code: str, since: datetime) -> report.Row:
    return Text("  承继机构", "  successor"), f"{code} {report.moment(since)}"


def _crl_text(crl: CRL) -> str:
    count = len(crl.revoked)
    revoked = report.chosen(Text(f"吊销 {count} 个", f"{count} revoked"))
    return f"{_span(crl.this_update, crl.next_update)}  {revoked}"


def _span(since: datetime, until: datetime | None) -> str:
    return f"{report.moment(since)} - {'' if until is None else report.moment(until)}"


def _show_keys(view: View) -> None:
    grants: list[tuple[str, str, KeyGrant | SealEntry]] = [
        (grant.purpose, grant.key.kid.hex(), grant) for grant in view.bundle.keys
    ]
    seals = view.state.seals.values()
    grants += [("seal", _kid(seal.certificates), seal) for seal in seals]
    heads = (
        Text("用途", "purpose"),
        Text("kid", "kid"),
        Text("机构", "organization"),
        Text("类型", "types"),
        Text("期间", "period"),
        Text("说明", "remarks"),
    )
    body = [
        [
            purpose,
            kid,
            entry.organization,
            ", ".join(entry.types),
            _span(entry.period.signs_from, entry.period.signs_until),
            _remarks(entry),
        ]
        for purpose, kid, entry in grants
    ]
    _show_table(heads, body)


def _remarks(entry: KeyGrant | SealEntry) -> str:
    found = []
    if entry.destroyed:
        found.append(Text("私钥已销毁", "destroyed"))
    if entry.compromised_from is not None:
        since = report.moment(entry.compromised_from)
        found.append(Text(f"自 {since} 起泄露", f"compromised from {since}"))
    found += (
        _seal_remarks(entry) if isinstance(entry, SealEntry) else _key_remarks(entry)
    )
    return report.chosen(Text("，", ", ")).join(map(report.chosen, found))


def _key_remarks(entry: KeyGrant) -> list[Text]:
    """Return what is said of a key alone."""
    found = []
    if entry.backfill is not None:
        first, last = entry.backfill
        found.append(Text(f"存量 {first} 至 {last}", f"backfill {first} to {last}"))
    if entry.closing is not None:
        name = entry.closing[:4].hex()
        found.append(Text(f"封存快照 {name}", f"closed by snapshot {name}"))
    return found


def _seal_remarks(entry: SealEntry) -> list[Text]:
    """Return what is said of a seal of the GM profile, and of its electronic seals."""
    found = []
    if entry.is_gm:
        found.append(Text(entry.subfilter.label, entry.subfilter.label))
    for made in entry.seals:
        name = made.digest[:4].hex()
        if made.withdrawn_at is not None:
            at = report.moment(made.withdrawn_at)
            found.append(Text(f"印章 {name} 自 {at} 起停用", f"seal {name} until {at}"))
        if made.maker_revoked_at is not None:
            at = report.moment(made.maker_revoked_at)
            found.append(
                Text(
                    f"印章 {name} 的制章者证书自 {at} 起吊销",
                    f"maker of seal {name} revoked at {at}",
                )
            )
    return found


def _show_authorities(view: View) -> None:
    heads = Text("时间戳服务", "timestamp authority"), Text("期间", "period")
    body = []
    for entry in view.state.authorities:
        shown = _span(entry.period.signs_from, entry.period.signs_until)
        if entry.compromised_from is not None:
            since = report.moment(entry.compromised_from)
            text = Text(f"自 {since} 起泄露", f"compromised from {since}")
            shown = f"{shown}  {report.chosen(text)}"
        body.append([scope_text(view.state, entry.organization), shown])
    _show_table(heads, body)


def _show_sources(sources: Sequence[Source]) -> None:
    heads = (
        Text("来源机构", "source"),
        Text("根声明", "statement"),
        Text("期号", "number"),
        Text("可用期间", "may be used"),
    )
    body = [
        [
            source.organization,
            str(source.statement),
            str(source.number),
            _span(source.issued_at, _end(source)),
        ]
        for source in sources
    ]
    _show_table(heads, body)


def _show_snapshots(view: View) -> None:
    bundle = view.bundle
    if bundle.countersigner is None:
        return
    report.line("")
    witness = scope_text(view.state, bundle.countersigner)
    report.rows([(Text("快照见证机构", "snapshots seen by"), witness)])
    heads = (
        Text("机构", "organization"),
        Text("快照期号", "snapshot"),
        Text("清单", "manifest"),
        Text("首见时间", "first seen"),
    )
    body = [
        [
            item.organization,
            str(item.number),
            item.sha256[:4].hex(),
            report.moment(item.seen_at),
        ]
        for item in bundle.snapshots
    ]
    _show_table(heads, body)


def _end(source: Source) -> datetime:
    """Return until when a source may be used, at most the last instant there is."""
    last = datetime.max.replace(tzinfo=UTC, microsecond=0) - timedelta(days=1)
    return min(last - source.max_age, source.issued_at) + source.max_age


def _show_lists(lists: Sequence[StatusList]) -> None:
    heads = (
        Text("机构", "organization"),
        Text("状态列表", "list"),
        Text("序号", "sequence"),
        Text("有效至", "expires"),
        Text("终止", "revoked"),
        Text("暂停", "suspended"),
        Text("替代", "superseded"),
    )
    body = []
    for item in lists:
        shown = [item.issuer, str(item.number), str(item.sequence)]
        shown.append(report.moment(_instant(item.expires_at)))
        order = (Status.INVALID, Status.SUSPENDED, Status.SUPERSEDED)
        try:
            counts = _counts(item)
            body.append([*shown, *(str(counts[status]) for status in order)])
        except MalformedError:
            body.append([*shown, *("?" for _ in order)])
    _show_table(heads, body)


def _show_table(heads: Sequence[Text], body: Sequence[Sequence[str]]) -> None:
    """Print a table after an empty line; nothing where it has no row."""
    if body:
        report.line("")
        report.table(heads, body)
