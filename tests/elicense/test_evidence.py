"""Whose timestamps count: the kin of an issuer, and services that send their root."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256

import pytest

from elicense.testing import CODE, Simulator
from elicense.trust import (
    OrganizationEntry,
    Period,
    Source,
    Succession,
    TimestampAuthority,
    TrustState,
)
from elicense.validating.evidence import Evidence
from tests.esign.timestamp_service import OwnAuthority

DAY = timedelta(days=1)
TSA_CODE = "119901000000000355"
OTHERS = ("11990100000000043X", "119901000000000517", "119901000000000598")
THING = b"a license"
SERVICE = OwnAuthority()
STAMP_AT = SERVICE.at
STAMP = SERVICE.stamp(sha256(THING).digest())
ROOT, OTHER_ROOT = "sha256:" + "0" * 64, "sha256:" + "1" * 64


def source(code: str, root: str = ROOT) -> Source:
    return Source(code, root, 1, 1, STAMP_AT, DAY)


def organization(code: str, *successors: str) -> OrganizationEntry:
    return OrganizationEntry(
        code,
        ((STAMP_AT.date(), "organ"),),
        tuple(Succession(item, STAMP_AT, (), keeps_lists=False) for item in successors),
    )


@dataclass
class Scene:
    """What is believed: one timestamp authority, organs and sources."""

    organizations: Iterable[OrganizationEntry] = ()
    sources: Iterable[Source] = ()

    @property
    def trust(self) -> TrustState:
        with Simulator() as world:
            believed = world.trust()
        bundle = believed.bundle
        assert bundle is not None
        return replace(
            believed,
            bundle=replace(
                bundle,
                organizations=tuple(self.organizations),
                roots=(*bundle.roots, SERVICE.root),
            ),
            sources={item.organization: item for item in self.sources},
            authorities=(
                TimestampAuthority(
                    TSA_CODE, SERVICE.certificates, Period(STAMP_AT - DAY, None)
                ),
            ),
        )

    def counts(self, token: bytes = STAMP) -> bool:
        evidence = Evidence((token,), (THING,))
        return evidence.existed_by(CODE, self.trust) is not None


STRANGERS = {
    "nobody else": Scene(),
    "organs without successors": Scene([organization(CODE), organization(TSA_CODE)]),
    "sources of two roots": Scene(sources=[source(CODE), source(TSA_CODE, OTHER_ROOT)]),
    "one successor each": Scene(
        [organization(CODE, OTHERS[0]), organization(TSA_CODE, OTHERS[1])]
    ),
    "a root that speaks for others as well": Scene(
        sources=[source(OTHERS[0]), source(TSA_CODE), source(CODE, OTHER_ROOT)]
    ),
}
KIN = {
    "the successor": Scene([organization(CODE, TSA_CODE)]),
    "the predecessor": Scene([organization(TSA_CODE, CODE)]),
    "the successor's successor": Scene(
        [organization(OTHERS[0], TSA_CODE), organization(CODE, OTHERS[0])]
    ),
    "another successor of one predecessor": Scene(
        [organization(OTHERS[0], CODE, TSA_CODE)]
    ),
    "an organ that the same source root speaks for": Scene(
        sources=[source(CODE), source(TSA_CODE)]
    ),
    "an organ of the successor's source root": Scene(
        [organization(CODE, OTHERS[0])], [source(OTHERS[0]), source(TSA_CODE)]
    ),
    "a successor of an organ of the same source root": Scene(
        [organization(OTHERS[0], OTHERS[1]), organization(OTHERS[1], TSA_CODE)],
        [source(CODE), source(OTHERS[0])],
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_timestamp_of_a_stranger_counts(name: str) -> None:
    assert STRANGERS[name].counts()


@pytest.mark.parametrize("name", KIN)
def test_a_timestamp_of_kin_does_not_count(name: str) -> None:
    assert not KIN[name].counts()


def test_a_service_that_puts_its_root_into_its_tokens_counts() -> None:
    sends = OwnAuthority(SERVICE.chain, sent=(*SERVICE.certificates, SERVICE.root))
    assert Scene().counts(sends.stamp(sha256(THING).digest()))
    foreign = OwnAuthority()
    sends.sent = (*SERVICE.certificates, foreign.root)
    assert not Scene().counts(sends.stamp(sha256(THING).digest()))


def test_without_a_bundle_nothing_counts() -> None:
    believed = replace(Scene().trust, bundle=None)
    assert Evidence((STAMP,), (THING,)).existed_by(CODE, believed) is None


def test_a_long_line_of_successors_costs_little() -> None:
    codes = [f"{number:018}" for number in range(20_000)]
    line = [organization(CODE, codes[0])]
    line += [organization(one, other) for one, other in itertools.pairwise(codes)]
    line += [organization(codes[-1], TSA_CODE)]
    assert not Scene(line[::-1]).counts()
