"""Merging departments' bundles into the content of a hub's bundle.

Every rule about it, and no files (docs/formats/hub.md, section 2). A hub adds nothing
to what a department says: it leaves out what its own table does not grant, and marks
what it knows to be compromised.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from elicense.dates import day_of
from elicense.model import Text
from elicense.trust.claims import (
    Claims,
    certified_claims,
    clashes,
    own_claims,
    usurped,
)
from elicense.trust.countersigning import (
    NOBODY_COUNTERSIGNS,
    Offered,
    RefusedManifest,
    Witnessed,
    published,
    witness,
)
from elicense.trust.granting import first_signing
from elicense.trust.hub_model import (
    DepartmentGrant,
    HubGrants,
    HubMemory,
    Merged,
    Outcome,
    SourceReport,
)
from elicense.trust.intake import Intake, Part, SourceRefusedError, is_in_age
from elicense.trust.model import (
    Bundle,
    OrganizationEntry,
)
from elicense.trust.withdrawing import Withdrawals

Acceptable: TypeAlias = Callable[[Bundle], str | None]
"""Why verifiers would refuse a hub's bundle of this content; None if they would not."""


def merge(
    sources: Iterable[tuple[DepartmentGrant, bytes]],
    grants: HubGrants,
    memory: HubMemory,
    at: datetime,
    acceptable: Acceptable = lambda _: None,
    manifests: Iterable[Offered] = (),
) -> Merged:
    """Put the bundles of departments together.

    The checks of each source, in order:

    1. it is the only one of its department, and of a size that leaves room for others;
    2. it is admitted under the root of the table, and no number of it fell;
    3. no key that could speak for it is withdrawn;
    4. it is a department's and not a hub's, and names only the department and those
       predecessors of it that the table gives it;
    5. it is not from the future and not out of age;
    6. of what the hub published, no number and no sequence falls;
    7. no key of it belongs to another source, to the hub or to a timestamp authority;
    8. verifiers take the hub's bundle with it in.

    A source that fails is refused as a whole; then the department's last good one
    stays in while it is in age. Who held a key in a last good source keeps it; where
    two new sources claim the same, both are refused. What the table does not grant is
    left out or limited (types, backfill ranges, first days of signing), and what it
    withdraws is marked.

    Args:
        sources: bundle files, each with the grant that it was found under; read one by
            one, so that a caller can show progress. Those of suspended departments are
            ignored.
        grants: the hub's table.
        memory: what the hub remembers.
        at: the merge's instant, whole seconds UTC.
        acceptable: tells whether verifiers would take a draft, for check 8; it is asked
            once, and more often to find which sources break it.
        manifests: of snapshots that were given beside the bundles; see
            :func:`elicense.trust.countersigning.witness`.

    Returns:
        What to sign, to remember and to tell. Where nothing can be taken its draft
        has no organization, and must not be signed.
    """
    merging = _Merging(grants, memory, at, tuple(manifests))
    merging.read(sources)
    merging.look_back()
    merging.settle_claims()  # (7)
    merging.fit(acceptable)  # (8)
    return merging.result()


class _Merging:
    """One merge: what holds for all of its sources, and what becomes of each."""

    def __init__(
        self,
        grants: HubGrants,
        memory: HubMemory,
        at: datetime,
        manifests: tuple[Offered, ...],
    ) -> None:
        self._grants, self._memory, self._at = grants, memory, at
        self._manifests = manifests
        self._withdrawals = Withdrawals(grants.withdrawn)
        self._withdrawals.meet_own(grants.keys)
        self._intake = Intake(grants, memory, self._withdrawals, at)
        self._active = [
            grant.organization for grant in grants.departments if not grant.suspended
        ]
        self._offered: dict[str, bytes] = {}
        self._fresh: dict[str, Part] = {}  # what was given and can be taken
        self._good: dict[str, Part] = {}  # the last good ones, be they in age or not
        self._refused: dict[str, Text] = {}  # why what was given is not taken
        self._lost: dict[str, Text] = {}  # why the last good one is good no more
        self._included: dict[str, Part] = {}

    def read(self, sources: Iterable[tuple[DepartmentGrant, bytes]]) -> None:
        """Take what can be taken of the sources that were given: checks 1 to 6."""
        for grant, data in sources:
            code = grant.organization
            if code not in self._active or self._offered.get(code) == data:
                continue
            if code in self._offered:  # (1)
                self._refused[code] = _GIVEN_TWICE
                self._fresh.pop(code, None)
                continue
            self._offered[code] = data
            try:
                self._fresh[code] = self._intake.take_new(grant, data)
            except SourceRefusedError as err:
                self._refused[code] = err.message

    def look_back(self) -> None:
        """Take the last good source of each department, be it in age or not."""
        for grant in self._grants.departments:
            code = grant.organization
            data = self._memory.sources.get(code)
            if data is None:
                continue
            if code in self._fresh and self._fresh[code].data == data:
                self._good[code] = self._fresh[code]
                continue
            try:
                self._good[code] = self._intake.take(grant, data)
            except SourceRefusedError as err:  # by what changed in the table
                self._lost[code] = err.message

    def settle_claims(self) -> None:
        """Leave out who claims a key of another's: check 7."""
        confirmed = {
            kid: grant.organization
            for grant in self._grants.departments
            for kid in grant.kids
        }
        certified = certified_claims(
            [item.entry for item in self._grants.authorities],
            [item.root for item in self._grants.authorities],
        )
        reserved = {**certified, **own_claims(self._grants.keys)}
        self._lost |= usurped(_claims(self._good), confirmed)
        self._good = _without(self._good, self._lost)
        found = clashes(_claims(self._fresh), _claims(self._good), reserved, confirmed)
        self._refused |= found
        self._fresh = _without(self._fresh, found)

    def fit(self, acceptable: Acceptable) -> None:
        """Include as much as verifiers take: check 8.

        Where they would not take all, the last good sources go first, then the new ones
        of the same departments, then those of departments that are new themselves.
        """
        kept = {c: part for c, part in self._good.items() if is_in_age(part, self._at)}
        kept = {code: kept[code] for code in self._active if code in kept}
        fresh = {c: self._fresh[c] for c in self._active if c in self._fresh}
        if self._try({**kept, **fresh}, acceptable) is None:
            return
        self._included = {}
        self._add({}, kept, self._lost, acceptable)
        known = {code: part for code, part in fresh.items() if code in self._good}
        self._add(self._included, known, self._refused, acceptable)
        new = _without(fresh, known)
        self._add(self._included, new, self._refused, acceptable)
        self._fresh = _without(self._fresh, self._refused)

    def _add(
        self,
        base: Mapping[str, Part],
        more: Mapping[str, Part],
        refused: dict[str, Text],
        acceptable: Acceptable,
    ) -> None:
        """Include more than a base, but for those with which it would be refused.

        As if they came one by one, in fewer steps: by halves.
        """
        if not more:
            return
        reason = self._try({**base, **more}, acceptable)
        if reason is None:
            return
        self._included = dict(base)
        codes = list(more)
        if len(codes) == 1:
            refused[codes[0]] = _unacceptable(reason)
            return
        half = len(codes) // 2
        for part in (codes[:half], codes[half:]):
            chosen = {code: more[code] for code in part}
            self._add(self._included, chosen, refused, acceptable)

    def _try(self, parts: Mapping[str, Part], acceptable: Acceptable) -> str | None:
        """Include just these if verifiers take them; else return why they do not."""
        reason = acceptable(self._draft(parts)) if parts else None
        if reason is None:
            self._included = dict(parts)
        return reason

    def result(self) -> Merged:
        """Return what to sign, to remember and to tell."""
        memory, taken = self._memory, self._fresh
        table = {grant.organization for grant in self._grants.departments}
        sources = {c: data for c, data in memory.sources.items() if c in table}
        floors: dict[str, datetime] = {}
        for part in taken.values():
            floors |= first_signing(part.bundle.keys)
        plain = self._plain(self._included)
        witnessed = self._witnessed(plain)
        return Merged(
            draft=self._with_snapshots(plain, witnessed),
            departments={**memory.departments, **{c: p.seen for c, p in taken.items()}},
            sources={**sources, **{c: p.data for c, p in taken.items()}},
            floors={**floors, **memory.floors},
            reports=_named(map(self._report, self._grants.departments)),
            withdrawn_unmatched=self._withdrawals.unmatched,
            snapshots=witnessed.sightings,
            manifests_refused=witnessed.refused,
        )

    def _draft(self, parts: Mapping[str, Part]) -> Bundle:
        plain = self._plain(parts)
        return self._with_snapshots(plain, self._witnessed(plain))

    def _witnessed(self, draft: Bundle) -> Witnessed:
        """Return what the hub saw, with what was given now."""
        known = self._memory.snapshots
        if self._grants.countersigner is not None:
            return witness(draft, self._manifests, known, self._at)
        refused = [
            RefusedManifest(item.file, NOBODY_COUNTERSIGNS) for item in self._manifests
        ]
        return Witnessed(known, tuple(refused))

    def _with_snapshots(self, draft: Bundle, witnessed: Witnessed) -> Bundle:
        countersigner = self._grants.countersigner
        chosen = published(draft, witnessed.sightings)
        if countersigner is None or not chosen:
            return draft
        return replace(draft, countersigner=countersigner, snapshots=chosen)

    def _plain(self, parts: Mapping[str, Part]) -> Bundle:
        """Return the content of some parts, without snapshots."""
        chosen = [parts[code].bundle for code in self._active if code in parts]
        return self._withdrawals.of_draft(_draft(chosen, self._grants, self._at))

    def _report(self, grant: DepartmentGrant) -> SourceReport:
        code = grant.organization
        given = code in self._offered
        if grant.suspended:
            return SourceReport(organization=code, outcome=Outcome.SUSPENDED)
        if code in self._fresh:
            return replace(self._fresh[code].report, given=True)
        if code in self._included:
            return replace(
                self._included[code].report,
                outcome=Outcome.KEPT,
                given=given,
                refused=self._refused.get(code),
            )
        last = _LAST_OUT_OF_AGE if code in self._good else _NEVER_GIVEN
        return SourceReport(
            organization=code,
            outcome=Outcome.LEFT_OUT,
            given=given,
            refused=self._refused.get(code) or self._lost.get(code) or last,
        )


def _without(parts: Mapping[str, Part], codes: Iterable[str]) -> dict[str, Part]:
    left_out = set(codes)
    return {code: part for code, part in parts.items() if code not in left_out}


def _named(reports: Iterable[SourceReport]) -> tuple[SourceReport, ...]:
    """Return reports, each with the other departments that have its name."""
    made = tuple(reports)
    codes: dict[str, list[str]] = {}
    for item in made:
        if item.name:
            codes.setdefault(item.name, []).append(item.organization)
    return tuple(
        replace(
            item,
            same_name=tuple(
                code for code in codes.get(item.name, ()) if code != item.organization
            ),
        )
        for item in made
    )


def _claims(parts: Mapping[str, Part]) -> dict[str, Claims]:
    return {code: part.claims for code, part in parts.items()}


def _draft(bundles: Sequence[Bundle], grants: HubGrants, at: datetime) -> Bundle:
    """Return the content of the hub's bundle, without number and age."""
    organizations = [entry for bundle in bundles for entry in bundle.organizations]
    listed = {entry.code for entry in organizations}
    for item in grants.authorities:
        if item.entry.organization not in listed:
            since = day_of(item.entry.period.signs_from)
            listed.add(item.entry.organization)
            organizations.append(
                OrganizationEntry(item.entry.organization, ((since, item.name),))
            )
    roots = [der for bundle in bundles for der in bundle.roots]
    return Bundle(
        statement=0,
        number=0,
        issued_at=at,
        max_age=timedelta(0),
        organizations=tuple(organizations) if bundles else (),
        keys=tuple(grant for bundle in bundles for grant in bundle.keys),
        seals=tuple(seal for bundle in bundles for seal in bundle.seals),
        authorities=tuple(item.entry for item in grants.authorities),
        roots=_unique([*roots, *(item.root for item in grants.authorities)]),
        crls=_unique([crl for bundle in bundles for crl in bundle.crls]),
        sources=tuple(source for bundle in bundles for source in bundle.sources),
        status_lists=tuple(e for bundle in bundles for e in bundle.status_lists),
    )


def _unique(items: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))


def _unacceptable(reason: str) -> Text:
    return Text(
        f"纳入后合并结果不会被采信（{reason}）",
        f"with it the hub's bundle would not be believed ({reason})",
    )


_GIVEN_TWICE = Text(
    "同一机构给出了两个不同的信任包", "two different bundles of this department"
)
_NEVER_GIVEN = Text(
    "没有给出其信任包，也没有可沿用的",
    "no bundle of it was given, and there is no last good one",
)
_LAST_OUT_OF_AGE = Text(
    "没有给出其信任包，最近一个有效的已超过其最长使用期限",
    "no bundle of it was given, and the last good one is out of age",
)
