"""Which licenses a name means: an identifier, or a number that may be shared."""

from dataclasses import dataclass

from elicense import record
from elicense.changing import chain
from elicense.errors import AmbiguousNumberError, NotFoundError
from elicense.model import Text
from elicense.register import Named, Register, RequestKey


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to renew, as far as it is known by its key.

    Attributes:
        issuer: USCC of the issuing organ.
        source: where ``number`` comes from, such as ``case``.
        number: case number or row id.
    """

    issuer: str
    source: str
    number: str


def find(register: Register, name: str) -> tuple[str, ...]:
    """Return the identifiers of an identifier or a license number, oldest first.

    Args:
        register: where it is looked up.
        name: an identifier or a license number.

    Raises:
        NotFoundError: the register holds neither.
    """
    found = register.named(name)
    if found:
        return tuple(item.identifier for item in found)
    try:
        return (register.get(name).identifier,)
    except NotFoundError:
        raise NotFoundError(
            Text(
                "登记库中没有这个证照标识或证照编号",
                "the register has no such identifier or license number",
            )
        ) from None


def resolve(register: Register, name: str) -> str:
    """Return the one identifier of an identifier or a license number.

    What was reserved and never issued does not count beside what was issued.

    Args:
        register: where it is looked up.
        name: an identifier or a license number.

    Raises:
        NotFoundError: the register holds neither.
        AmbiguousNumberError: a number names several; lists them.
    """
    named = register.named(name)
    issued = [item.identifier for item in named if item.plan]
    found = tuple(issued) or find(register, name)
    if len(found) > 1:
        raise AmbiguousNumberError(found)
    return found[0]


def to_renew(register: Register, name: str, asked: Asked) -> str:
    """Return the version that a request for a new one supersedes.

    A request that was made before keeps the version that it named then. Else a license
    number whose licenses are the versions of one chain names the newest.

    Args:
        register: where it is looked up.
        name: an identifier or a license number.
        asked: the request.

    Raises:
        NotFoundError: the register holds neither.
        AmbiguousNumberError: a number names several that are not one chain.
    """
    named = register.named(name)
    known = _renewed_before(register, name, named, asked)
    if known is not None:
        return known
    issued = {item.identifier: item for item in named if item.plan}
    newest = [item for item in issued.values() if item.successor is None]
    if len(newest) == 1:
        row = register.get(newest[0].identifier)
        older = {item.identifier for item in chain.older(register, row)}
        if issued.keys() <= {row.identifier, *older}:
            return row.identifier
    return resolve(register, name)


def _renewed_before(
    register: Register, name: str, named: tuple[Named, ...], asked: Asked
) -> str | None:
    """Return the old version that a request made before names, None for none."""
    keys = [item.key for item in named]
    meant = {name, *(item.identifier for item in named)}
    if not keys:
        keys = [register.get(resolve(register, name)).key]
    for type_name in {key.type_name for key in keys}:
        key = RequestKey(asked.issuer, type_name, "renew", asked.source, asked.number)
        row = register.by_key(key)
        before = None if row is None else record.decode(row.record)[0].previous
        if before in meant:
            return before
    return None
