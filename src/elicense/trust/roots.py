"""Root statements: who may sign bundles, and how a root hands over to the next.

docs/formats/trust.md, sections 2 and 5.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from elicense.trust.entries import code_of, instant
from esign import cbor
from esign.cose import Envelope
from esign.errors import MalformedError, VerificationError
from esign.keys import PublicKey
from esign.shape import Fields

MAX_STATEMENT_ITEMS = 1000  # of a statement: a dozen, and one for each bundle key


@dataclass(frozen=True, slots=True)
class Statement:
    """A root statement whose signatures hold; whether it counts is another question.

    Attributes:
        number: rises along a file.
        issued_at: UTC.
        root: the key that signed it.
        speaks_for: USCC of a department; None for a hub.
        bundle_keys: who may sign bundles.
        successor: the next root, None while this one goes on.
    """

    number: int
    issued_at: datetime
    root: PublicKey
    speaks_for: str | None
    bundle_keys: tuple[PublicKey, ...]
    successor: PublicKey | None


@dataclass(frozen=True, slots=True)
class RootChain:
    """The statements of one file, oldest first; every signature and link holds.

    Each root but the last one handed over to another, and all ways lead to the last.
    """

    statements: tuple[Statement, ...]

    @property
    def last(self) -> Statement:
        """The statement whose bundle keys count."""
        return self.statements[-1]

    @property
    def scopes(self) -> dict[str, str | None]:
        """Each root's fingerprint with what it speaks for; the one that speaks last."""
        scopes = {item.root.fingerprint: item.speaks_for for item in self.statements}
        speaker = self.last.root.fingerprint
        return {**_without(scopes, speaker), speaker: self.last.speaks_for}

    @property
    def lineage(self) -> frozenset[str]:
        """The roots whose numbers go on in those of the last one: its rotations.

        A root that handed over to one that spoke already has numbers of its own.
        """
        roots = [self.last.root]
        while (before := self._rotated_to(roots[-1])) is not None:
            roots.append(before)
        return frozenset(root.fingerprint for root in roots)

    def _rotated_to(self, root: PublicKey) -> PublicKey | None:
        """Return the root whose rotation a root's first statement follows."""
        places = [n for n, item in enumerate(self.statements) if item.root == root]
        before = self.statements[: places[0]]
        return next((item.root for item in before if item.successor == root), None)

    def speaks_for(self, organization: str) -> bool:
        """Tell whether any root of the file, pinned or not, speaks for an organ."""
        return any(scope in (None, organization) for scope in self.scopes.values())

    def pinned(self, pins: Collection[str]) -> tuple[str, ...]:
        """Return those of the file's roots that are pinned, oldest first."""
        return tuple(root for root in self.scopes if root in pins)


def _without(scopes: dict[str, str | None], root: str) -> dict[str, str | None]:
    return {key: scope for key, scope in scopes.items() if key != root}


def fingerprints(statements: Iterable[tuple[Envelope, ...]]) -> tuple[str, ...]:
    """Return the roots that a file claims, oldest first; nothing is verified.

    Raises:
        MalformedError: a statement has another shape.
    """
    return tuple(
        _read(item[0].unverified_payload).root.fingerprint for item in statements
    )


def verify_chain(statements: Iterable[tuple[Envelope, ...]]) -> RootChain:
    """Verify every signature and every link of a file's root statements.

    1. Every statement is signed by its root, and a handover by the successor too.
    2. A root that handed over says nothing more; its numbers rise, and those of a root
       that first speaks after it was named go on from there.
    3. A root keeps what it speaks for.
    4. One root did not hand over, the last one, and every handover leads to it.

    Does NOT ask whether a root is pinned: a chain of strangers holds as well.

    Raises:
        MalformedError: a statement has another shape.
        VerificationError: one of the checks does not hold.
    """
    verified: list[Statement] = []
    for signatures in statements:
        statement = _verify(signatures)  # (1)
        _check_place(statement, verified)  # (2) and (3)
        verified.append(statement)
    chain = RootChain(tuple(verified))
    _check_end(chain)  # (4)
    return chain


def _check_place(statement: Statement, before: Sequence[Statement]) -> None:
    own = [item for item in before if item.root == statement.root]
    if any(item.successor is not None for item in own):
        raise VerificationError("root statement: a root speaks after it handed over")
    if any(item.speaks_for != statement.speaks_for for item in own):
        raise VerificationError("root statement: a root changed what it speaks for")
    naming = [item for item in before if item.successor == statement.root]
    if any(item.number >= statement.number for item in (own or naming)):
        raise VerificationError("root statement: the numbers do not rise")


def _check_end(chain: RootChain) -> None:
    handovers = {
        item.root.fingerprint: item.successor.fingerprint
        for item in chain.statements
        if item.successor is not None
    }
    last = chain.last.root.fingerprint
    for root in chain.scopes:
        passed = {root}
        while root != last:
            if root not in handovers or handovers[root] in passed:
                raise VerificationError(
                    "root statement: not every root leads to the last"
                )
            root = handovers[root]  # noqa: PLW2901  walks along the handovers
            passed.add(root)
    if last in handovers:
        raise VerificationError("root statement: the successor says nothing")


def _verify(signatures: tuple[Envelope, ...]) -> Statement:
    statement = _read(signatures[0].unverified_payload)
    signatures[0].verify(statement.root)
    if (len(signatures) > 1) != (statement.successor is not None):
        raise VerificationError("root statement: a rotation is signed by both roots")
    if statement.successor is not None:
        if signatures[1].unverified_payload != signatures[0].unverified_payload:
            raise VerificationError("root statement: the roots sign different things")
        signatures[1].verify(statement.successor)
    return statement


def _read(payload: bytes) -> Statement:
    fields = Fields(
        cbor.decode(payload, max_items=MAX_STATEMENT_ITEMS), "root statement"
    )
    statement = Statement(
        number=fields.uint("number"),
        issued_at=instant(fields, "issued_at"),
        root=PublicKey.from_cose(fields.bytes("root")),
        speaks_for=fields.nullable("speaks_for", lambda key: code_of(fields, str(key))),
        bundle_keys=tuple(
            map(
                PublicKey.from_cose,
                fields.byte_strings("bundle_keys"),
            )
        ),
        successor=fields.nullable(
            "successor", lambda key: PublicKey.from_cose(fields.bytes(key))
        ),
    )
    fields.end()
    if statement.successor == statement.root:
        raise MalformedError("root statement: a root succeeds itself")
    return statement
