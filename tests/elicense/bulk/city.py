"""Many departments under one root, and texts with faults that are planted in them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from elicense import identifiers, payload, trust
from elicense.identifiers import Identifier
from elicense.model import Checkpoint, Validity
from elicense.payload import Claims, StatusReference
from elicense.trust import (
    Bundle,
    KeyGrant,
    ListEntry,
    OrganizationEntry,
    Period,
    RootStatement,
    TrustState,
)
from esign import cbor, cose, statuslist
from esign.algorithms import Suite
from esign.encoding import BASE45_ALPHABET
from esign.errors import MalformedError
from esign.signer import SoftwareSigner
from esign.statuslist import BITS, Status, StatusList
from esign.verdict import Code

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
TYPE, OTHER_TYPE = "food-business", "special-operation"
LIST_SIZE, OPEN, STALE_LIST, FUTURE_LIST = 1 << 12, 0, 2040, 2041
HOST = "CHECK.EXAMPLE.CN"
_HEAD = len(payload.OFFLINE_PREFIX)
_TYPE_CODE = "11990000000000019A002"
_ORDER = int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16)


def code_of(number: int) -> str:
    """Return the USCC of an organ that does not exist."""
    organ = f"{number:08d}"
    weighed = sum(
        int(digit) * weight
        for digit, weight in zip(organ, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)
    )
    check = "0X987654321"[weighed % 11]
    body = f"11990100{organ}{check}"
    return body + identifiers.uscc_check_character(body)


def _key(suite: Suite = Suite.ES256) -> SoftwareSigner:
    return SoftwareSigner.generate(suite)


@dataclass
class Bureau:
    """One department: its keys by name, and what its lists say."""

    number: int
    keys: dict[str, SoftwareSigner] = field(
        default_factory=lambda: {
            "now": _key(),
            "destroyed": _key(),
            "retired": _key(),
            "compromised": _key(),
            "narrow": _key(),
            "edwards": _key(Suite.ED25519),
            "sm2": _key(Suite.SM2),
            "stranger": _key(),
        }
    )
    status: SoftwareSigner = field(default_factory=_key)
    statuses: dict[int, Status] = field(default_factory=dict)
    issued: int = 0

    @property
    def code(self) -> str:
        return code_of(self.number)

    def entry(self) -> OrganizationEntry:
        old = date(2020, 1, 1), f"示例市第{self.number}局"
        return OrganizationEntry(self.code, (old, (TODAY, f"{old[1]}（新）")))

    def grants(self) -> list[KeyGrant]:
        early = AT - 400 * DAY
        always, past = Period(early, None), Period(early, AT - 10 * DAY)
        periods = dict.fromkeys(self.keys, always)
        periods |= {"destroyed": past, "retired": past}
        found = [
            KeyGrant(
                signer.public_key,
                "token",
                self.code,
                (OTHER_TYPE,) if name == "narrow" else (TYPE, OTHER_TYPE),
                periods[name],
                destroyed=name == "destroyed",
                compromised_from=AT - 9 * DAY if name == "compromised" else None,
            )
            for name, signer in self.keys.items()
            if name != "stranger"
        ]
        status = KeyGrant(self.status.public_key, "status", self.code, (), always)
        return [*found, status]

    def lists(self) -> list[ListEntry]:
        made = {
            OPEN: (AT, self.statuses),
            2031: (AT, {}),
            STALE_LIST: (AT - 20 * DAY, {}),
            FUTURE_LIST: (AT + timedelta(seconds=60), {}),
        }
        found = []
        for number, (at, statuses) in made.items():
            begun = int(at.timestamp())
            item = StatusList(
                issuer=self.code,
                number=number,
                sequence=5,
                issued_at=begun,
                expires_at=begun + 7 * 86400,
                array=statuslist.array(statuses, LIST_SIZE, BITS),
            )
            token = statuslist.sign(item, self.status)
            found.append(ListEntry(self.code, number, 5, token))
        return found

    def claims(self, **changes: object) -> Claims:
        self.issued += 1
        serial = f"2026{self.issued:07d}"
        made = Claims(
            issuer=self.code,
            signed_at=AT - 3 * DAY,
            validity=Validity(TODAY - 30 * DAY, TODAY + 300 * DAY),
            status=StatusReference(OPEN, 100 + self.issued % 3000),
            identifier=Identifier.build(_TYPE_CODE, self.code, serial).text,
            number=f"JY2990101{self.issued:07d}",
            type_name=TYPE,
            type_version=2,
            holder=f"示例市青禾区小禾面馆{self.issued}号店",
            holder_count=1,
            holder_code="92990101MA0000007E",
            issue_date=TODAY - 30 * DAY,
            checkpoint=None,
            case_digest=bytes(16) if self.issued % 2 else None,
            fields={"premises": f"示例路{self.issued}号", "business_form": "餐饮服务"},
            record_digest=self.issued.to_bytes(32),
            specimen=bool(self.issued % 3),
        )
        return replace(made, **changes)

    def token(self, key: str = "now", **changes: object) -> bytes:
        return payload.sign_token(self.claims(**changes), self.keys[key])

    def text(self, key: str = "now", **changes: object) -> str:
        return payload.qr_text(self.token(key, **changes))


@dataclass
class City:
    """Departments, and what a verifier believes of them."""

    bureaus: list[Bureau]
    at: datetime = AT

    @classmethod
    def of(cls, count: int) -> "City":
        city = cls([Bureau(number) for number in range(1, count + 1)])
        for bureau in city.bureaus:
            bureau.statuses = {
                1: Status.INVALID,
                2: Status.SUSPENDED,
                3: Status.SUPERSEDED,
                LIST_SIZE - 1: Status.INVALID,
            }
        return city

    def trust(self) -> TrustState:
        state = trust.admit(*self.published())
        assert state.bundle is not None, state.why_empty
        return state

    def published(self) -> tuple[bytes, str]:
        """Return the bytes of a trust bundle, and the fingerprint of its root."""
        root, signer = _key(), _key()
        bundle = Bundle(
            statement=1,
            number=7,
            issued_at=AT,
            max_age=30 * DAY,
            organizations=tuple(bureau.entry() for bureau in self.bureaus),
            keys=tuple(grant for b in self.bureaus for grant in b.grants()),
            seals=(),
            roots=(),
            status_lists=tuple(entry for b in self.bureaus for entry in b.lists()),
        )
        statement = RootStatement(
            number=1, issued_at=AT, speaks_for=None, bundle_keys=(signer.public_key,)
        )
        signed = trust.sign_root_statement(statement, root)
        return trust.sign_bundle(bundle, signer, [signed]), root.public_key.fingerprint


# What is planted.


def high_s(token: bytes) -> bytes:
    """Return the twin of a token whose signature has the larger s."""
    s = _ORDER - int.from_bytes(token[-32:])
    return token[:-32] + s.to_bytes(32)


def forged(token: bytes) -> bytes:
    """Return a token that says something else than was signed: another record."""
    at = token.rindex(b"\x0c\x58\x20") + 10
    return token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]


def respelled(text: str) -> str:
    """Return the twin of a text that a reader of base45 without bounds takes for it.

    The first group of three characters that can be is spelled as its value and 65536.
    """
    head, body = text[:_HEAD], text[_HEAD:]
    for at in range(0, len(body) - 2, 3):
        digits = [BASE45_ALPHABET.index(character) for character in body[at : at + 3]]
        value = (1 << 16) + digits[0] + 45 * digits[1] + 2025 * digits[2]
        if value < 45**3:
            rest, first = divmod(value, 45)
            spelled = (BASE45_ALPHABET[n] for n in (first, rest % 45, rest // 45))
            return head + body[:at] + "".join(spelled) + body[at + 3 :]
    raise AssertionError("no group of this text has another spelling")


def online(text: str) -> str:
    return payload.qr_text(payload.read_qr_text(text), check_page=HOST)


def signed_otherwise(
    bureau: Bureau, change: Callable[[bytes], bytes], key: str = "now"
) -> str:
    """Return a text whose payload was changed before it was properly signed."""
    body = change(payload.encode(bureau.claims()))
    token = cose.sign(body, bureau.keys[key], payload.PURPOSE)
    return payload.qr_text(token)


def _backwards(body: bytes) -> bytes:
    """Return the same claims with two fields of the license in the other order."""
    members = cbor.decode(body)
    raw = cbor.encode(members[-65538][11])
    first, second = (
        cbor.encode(key) + cbor.encode(members[-65538][11][key])
        for key in ("premises", "business_form")
    )
    return body.replace(raw, raw[:1] + second + first)


def _of_another(bureau: Bureau) -> str:
    other = Identifier.build(_TYPE_CODE, code_of(bureau.number + 1), "20260000001")
    return bureau.text(identifier=other.text)


def _checks(text: str) -> dict[str, str]:
    """Return the check characters that an identifier may have, by their dialect."""
    found = {}
    for check in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        try:
            found[check] = Identifier.parse(text[:-1] + check).dialect.name
        except MalformedError:
            found[check] = ""
    return {dialect: check for check, dialect in found.items()}


def _unchecked(bureau: Bureau) -> str:
    return _with_check(bureau, "")


def _of_the_other_dialect(bureau: Bureau) -> str:
    return _with_check(bureau, "NON_STANDARD")


def _with_check(bureau: Bureau, dialect: str) -> str:
    """Return a text whose identifier has a check character of some dialect."""
    claims = bureau.claims()
    text = claims.identifier
    # Once in a while both dialects have the same one.
    changed = text[:-1] + _checks(text).get(dialect, text[-1])
    part = len("1.2.156.3005.2.")
    body = payload.encode(claims)
    body = body.replace(text[part:].encode(), changed[part:].encode())
    return payload.qr_text(cose.sign(body, bureau.keys["now"], payload.PURPOSE))


Kind = tuple[Callable[[Bureau], str], Code]
KINDS: dict[str, Kind] = {
    "good": (lambda b: b.text(), Code.VALID),
    "good, of unlimited validity": (
        lambda b: b.text(validity=Validity(TODAY - DAY, None)),
        Code.VALID,
    ),
    "good, on line": (lambda b: online(b.text()), Code.VALID),
    "good, on its first day": (
        lambda b: b.text(validity=Validity(TODAY, TODAY + DAY)),
        Code.VALID,
    ),
    "good, on its last day": (
        lambda b: b.text(validity=Validity(TODAY - DAY, TODAY)),
        Code.VALID,
    ),
    "good, with a checkpoint today": (
        lambda b: b.text(checkpoint=Checkpoint("复审", TODAY)),
        Code.VALID,
    ),
    "good, of several holders": (lambda b: b.text(holder_count=30), Code.VALID),
    "good, of a person": (
        lambda b: b.text(holder="张示例", holder_code="****0019"),
        Code.VALID,
    ),
    "good, with a longer text than the quick reader knows": (
        lambda b: b.text(fields={"premises": "示" * 100}),
        Code.VALID,
    ),
    "good, with no fields": (lambda b: b.text(fields={}), Code.VALID),
    "good, by a key that was destroyed": (
        lambda b: b.text("destroyed", signed_at=AT - 40 * DAY),
        Code.VALID,
    ),
    "good, Ed25519": (lambda b: b.text("edwards"), Code.VALID),
    "good, SM2": (lambda b: b.text("sm2"), Code.VALID),
    "good, SM2, on line": (lambda b: online(b.text("sm2")), Code.VALID),
    "expired": (
        lambda b: b.text(validity=Validity(TODAY - 9 * DAY, TODAY - DAY)),
        Code.EXPIRED,
    ),
    "not yet valid": (
        lambda b: b.text(validity=Validity(TODAY + DAY, TODAY + 9 * DAY)),
        Code.NOT_YET_VALID,
    ),
    "lapsed": (
        lambda b: b.text(checkpoint=Checkpoint("复审", TODAY - DAY)),
        Code.LAPSED,
    ),
    "expired and lapsed": (
        lambda b: b.text(
            validity=Validity(TODAY - 9 * DAY, TODAY - DAY),
            checkpoint=Checkpoint("复审", TODAY - 2 * DAY),
        ),
        Code.EXPIRED,
    ),
    "revoked": (lambda b: b.text(status=StatusReference(OPEN, 1)), Code.REVOKED),
    "revoked, on line": (
        lambda b: online(b.text(status=StatusReference(OPEN, 1))),
        Code.REVOKED,
    ),
    "revoked, at the last index": (
        lambda b: b.text(status=StatusReference(OPEN, LIST_SIZE - 1)),
        Code.REVOKED,
    ),
    "revoked and expired": (
        lambda b: b.text(
            status=StatusReference(OPEN, 1),
            validity=Validity(TODAY - 9 * DAY, TODAY - DAY),
        ),
        Code.REVOKED,
    ),
    "suspended": (lambda b: b.text(status=StatusReference(OPEN, 2)), Code.SUSPENDED),
    "superseded": (lambda b: b.text(status=StatusReference(OPEN, 3)), Code.SUPERSEDED),
    "of no list": (lambda b: b.text(status=StatusReference(77, 1)), Code.NO_STATUS),
    "outside its list": (
        lambda b: b.text(status=StatusReference(OPEN, LIST_SIZE)),
        Code.NO_STATUS,
    ),
    "of a stale list": (
        lambda b: b.text(status=StatusReference(STALE_LIST, 1)),
        Code.STALE,
    ),
    "of a list of the future": (
        lambda b: b.text(status=StatusReference(FUTURE_LIST, 1)),
        Code.NO_STATUS,
    ),
    "forged": (
        lambda b: payload.qr_text(forged(b.token())),
        Code.BAD_SIGNATURE,
    ),
    "forged, Ed25519": (
        lambda b: payload.qr_text(forged(b.token("edwards"))),
        Code.BAD_SIGNATURE,
    ),
    "forged, SM2": (
        lambda b: payload.qr_text(forged(b.token("sm2"))),
        Code.BAD_SIGNATURE,
    ),
    "revoked, SM2": (
        lambda b: b.text("sm2", status=StatusReference(OPEN, 1)),
        Code.REVOKED,
    ),
    "expired, SM2": (
        lambda b: b.text("sm2", validity=Validity(TODAY - 9 * DAY, TODAY - DAY)),
        Code.EXPIRED,
    ),
    "an SM2 license signed in another spelling": (
        lambda b: signed_otherwise(b, _backwards, "sm2"),
        Code.MALFORMED,
    ),
    "cut short, SM2": (lambda b: b.text("sm2")[:-3], Code.MALFORMED),
    "a high-s twin": (lambda b: payload.qr_text(high_s(b.token())), Code.MALFORMED),
    "a high-s twin of a revoked one": (
        lambda b: payload.qr_text(high_s(b.token(status=StatusReference(OPEN, 1)))),
        Code.MALFORMED,
    ),
    "in base45 without bounds": (lambda b: respelled(b.text()), Code.MALFORMED),
    "a revoked one in base45 without bounds": (
        lambda b: respelled(b.text(status=StatusReference(OPEN, 1))),
        Code.MALFORMED,
    ),
    "a revoked one in lower case": (
        lambda b: b.text(status=StatusReference(OPEN, 1)).lower(),
        Code.UNSUPPORTED,
    ),
    "cut short": (lambda b: b.text()[:-3], Code.MALFORMED),
    "with a character more": (lambda b: f"{b.text()}000", Code.MALFORMED),
    "with a space behind": (lambda b: f"{b.text()} ", Code.MALFORMED),
    "with a group above 65535": (lambda b: f"{b.text()[:12]}:::", Code.MALFORMED),
    "in lower case": (lambda b: b.text().lower(), Code.UNSUPPORTED),
    "its body in lower case": (
        lambda b: b.text()[:12] + b.text()[12:].lower(),
        Code.MALFORMED,
    ),
    "percent-encoded more than it must": (
        lambda b: online(b.text()).replace("/#EL1", "/#EL1%36", 1),
        Code.MALFORMED,
    ),
    "longer than any": (lambda b: b.text() + "0" * 4096, Code.MALFORMED),
    "signed in another spelling": (
        lambda b: signed_otherwise(b, _backwards),
        Code.MALFORMED,
    ),
    "signed with bytes behind": (
        lambda b: signed_otherwise(b, lambda body: body + b"\0"),
        Code.MALFORMED,
    ),
    "signed with a text that is no UTF-8": (
        lambda b: signed_otherwise(b, lambda body: body.replace(b"JY2", b"J\xff2")),
        Code.MALFORMED,
    ),
    "signed with a longer head than needed": (
        lambda b: signed_otherwise(
            b, lambda body: body.replace(b"\x70JY", b"\x78\x10JY")
        ),
        Code.MALFORMED,
    ),
    "signed with a longer integer than needed": (
        lambda b: signed_otherwise(
            b, lambda body: body.replace(body[33:39], b"\x06\x1a\0\0\0\x09", 1)
        ),
        Code.MALFORMED,
    ),
    "signed with a head that counts wrong": (
        lambda b: signed_otherwise(
            b,
            lambda body: re.sub(
                b"\x3a\0\1\0\1(.)",
                lambda found: found[0][:-1] + bytes([found[1][0] ^ 1]),
                body,
                count=1,
                flags=re.DOTALL,
            ),
        ),
        Code.MALFORMED,
    ),
    "signed with a wrong check character": (_unchecked, Code.MALFORMED),
    "signed with one of the other dialect": (_of_the_other_dialect, Code.VALID),
    "of an organ that is not listed": (
        lambda b: Bureau(b.number + 5000, keys=b.keys).text(),
        Code.UNKNOWN_ISSUER,
    ),
    "by a key that is not listed": (lambda b: b.text("stranger"), Code.UNKNOWN_ISSUER),
    "of a type that was not granted": (lambda b: b.text("narrow"), Code.NOT_AUTHORIZED),
    "signed before the key's period": (
        lambda b: b.text(signed_at=AT - 401 * DAY),
        Code.NOT_AUTHORIZED,
    ),
    "signed after the key's period": (
        lambda b: b.text("destroyed", signed_at=AT - 10 * DAY),
        Code.NOT_AUTHORIZED,
    ),
    "signed in the future": (
        lambda b: b.text(signed_at=AT + timedelta(seconds=1)),
        Code.NOT_AUTHORIZED,
    ),
    "with an identifier of another organ": (_of_another, Code.NOT_AUTHORIZED),
    "of a day before the organ's keys": (
        lambda b: b.text(issue_date=TODAY - 500 * DAY),
        Code.NOT_AUTHORIZED,
    ),
    "by a compromised key": (lambda b: b.text("compromised"), Code.KEY_COMPROMISED),
    "by a retired key": (
        lambda b: b.text("retired", signed_at=AT - 40 * DAY),
        Code.KEY_COMPROMISED,
    ),
    "by a compromised key, and revoked": (
        lambda b: b.text("compromised", status=StatusReference(OPEN, 1)),
        Code.REVOKED,
    ),
    "a web address": (lambda b: f"https://example.cn/{b.number}", Code.UNSUPPORTED),
    "Han text": (lambda b: f"证照{b.number}", Code.UNSUPPORTED),
    "Han text behind our prefix": (lambda _: "EL1-AQYZ/.:$证照", Code.MALFORMED),
    "nothing": (lambda _: "", Code.UNREADABLE),
    "only our prefix": (lambda _: "EL1-AQYZ/.:$", Code.MALFORMED),
}
"""What a text is -> how a bureau makes one, and what every verdict on it is."""
