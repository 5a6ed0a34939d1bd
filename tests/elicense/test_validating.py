"""Any input gives a verdict, at the right second, and never a yes by absence."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from elicense import payload, qr, validating
from elicense.issuing import Issued
from elicense.model import Checkpoint, Validity
from elicense.policy import SEALED_ONLY, ValidationPolicy
from elicense.samples import variant
from elicense.testing import CODE, SECOND_CODE, START, Simulator, claims_of
from elicense.trust import Period, TrustState, no_trust
from elicense.validating import NotPassedError, Scope, Verdict
from esign.statuslist import Status
from esign.verdict import Check, Code, Indication
from tests.elicense.world import other_record, parts_of
from tests.support import vectors

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
HOST = "CHECK.EXAMPLE.CN"


@dataclass(frozen=True)
class Stage:
    world: Simulator
    issued: Issued
    other: Issued
    trust: TrustState

    def text(self, text: str, at: datetime = START) -> Verdict:
        return validating.validate_text(text, self.trust, at)

    def image(self, *texts: str) -> Verdict:
        return validating.validate(picture(*texts), self.trust, START)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Simulator() as world:
        issued = world.issue("special-operation")
        other = world.issue("special-operation", variant("special-operation", START, 3))
        yield Stage(world, issued, other, world.trust())


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def picture(*texts: str) -> bytes:
    """Return a PNG with the symbols of some texts side by side."""
    symbols = [qr.to_image(qr.encode(text)) for text in texts]
    width = sum(symbol.width + 40 for symbol in symbols) + 40
    paper = Image.new("1", (width, max(symbol.height for symbol in symbols) + 80), 1)
    left = 40
    for symbol in symbols:
        paper.paste(symbol, (left, 40))
        left += symbol.width + 40
    return png(paper)


# What is no license at all.


INPUTS: dict[str, tuple[bytes, Code]] = {
    "nothing": (b"", Code.UNREADABLE),
    "a text": ("证照".encode(), Code.UNSUPPORTED),
    "a zip file": (b"PK\x03\x04" + bytes(30), Code.UNSUPPORTED),
    "an OFD, which is a zip file": (b"PK\x03\x04OFD.xml", Code.UNSUPPORTED),
    "the bare mark of a PDF": (b"%PDF-", Code.UNREADABLE),
    "a PDF behind a line feed": (b"\n%PDF-1.7\n", Code.UNSUPPORTED),
    "a PDF cut short with our mark": (b"%PDF-1.7\npayload.cose", Code.MALFORMED),
    "the bare mark of a PNG": (b"\x89PNG\r\n\x1a\n", Code.UNREADABLE),
    "the bare mark of a JPEG": (b"\xff\xd8\xff", Code.UNREADABLE),
    "a bitmap": (b"BM" + bytes(60), Code.UNREADABLE),
    "a TIFF": (b"II*\0" + bytes(60), Code.UNREADABLE),
    "a white picture": (png(Image.new("L", (90, 90), 255)), Code.UNREADABLE),
}


@pytest.mark.parametrize(("data", "code"), INPUTS.values(), ids=INPUTS)
def test_what_is_no_license_never_passes(stage: Stage, data: bytes, code: Code) -> None:
    verdict = validating.validate(data, stage.trust, START)
    assert (verdict.code, verdict.scope, verdict.claims) == (code, None, None)
    assert verdict.checks[0].detail


def test_the_limit_of_the_policy_holds_for_every_kind_of_input(stage: Stage) -> None:
    pdf, image = stage.issued.pdf, picture(stage.issued.qr_text)
    exact = ValidationPolicy(max_input_bytes=len(pdf), check_face=False)
    less = replace(exact, max_input_bytes=len(pdf) - 1)
    small = ValidationPolicy(max_input_bytes=len(image) - 1)
    seen = {
        "exactly": validating.validate(pdf, stage.trust, START, policy=exact).code,
        "one more": validating.validate(pdf, stage.trust, START, policy=less).code,
        "PDF": validating.validate_pdf(pdf, stage.trust, START, policy=less).code,
        "image": validating.validate_image(
            image, stage.trust, START, policy=small
        ).code,
        "any": validating.validate(image, stage.trust, START, policy=small).code,
    }
    assert seen.pop("exactly") is Code.VALID
    assert set(seen.values()) == {Code.UNREADABLE}


def test_what_is_called_a_pdf_and_is_none_is_unreadable(stage: Stage) -> None:
    verdict = validating.validate_pdf(b"GIF89a", stage.trust, START)
    assert verdict.code is Code.UNREADABLE


FOREIGN: dict[str, tuple[str, str]] = {
    "a web address": ("https://www.gov.cn/a?b=c", "a web address"),
    "a web address in capitals": ("HTTP://WWW.GOV.CN/", "a web address"),
    "a COVID certificate": ("HC1:NCFOXN%TS3DH0YOJ58S", "COVID certificate"),
    "a health card": ("shc:/56762909524320603460292437", "SMART Health Card"),
    "a text of ours in small letters": ("el1-aqyz/.:$00", "changed on the way"),
    "a text of ours without its canary": ("EL1 00", "changed on the way"),
    "a bare number": ("6901234567892", "another kind"),
}


@pytest.mark.parametrize(("text", "said"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_code_is_unsupported_and_said_to_be_what_it_is(
    stage: Stage, text: str, said: str
) -> None:
    for verdict in (stage.text(text), stage.image(text)):
        assert verdict.code is Code.UNSUPPORTED
        assert said in verdict.checks[0].detail
        assert text not in verdict.checks[0].detail


def test_an_empty_text_is_unreadable(stage: Stage) -> None:
    assert stage.text("").code is Code.UNREADABLE


# Pictures.


def test_a_picture_of_the_code_is_valid(stage: Stage) -> None:
    verdict = stage.image(stage.issued.qr_text)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.QR)
    assert verdict.claims == claims_of(stage.issued)
    assert "Compare" not in verdict.message.en
    assert "compare it with what you see" in verdict.message.en


def test_two_licenses_in_one_picture_are_unreadable(stage: Stage) -> None:
    verdict = stage.image(stage.issued.qr_text, stage.other.qr_text)
    assert (verdict.code, verdict.claims) == (Code.UNREADABLE, None)
    assert verdict.checks[0].detail == "two different licenses"


def test_one_token_in_both_carriers_is_one_license(stage: Stage) -> None:
    text = stage.issued.qr_text
    online = payload.qr_text(payload.read_qr_text(text), check_page=HOST)
    assert stage.image(text, online).code is Code.VALID


def test_a_foreign_code_beside_ours_is_passed_over(stage: Stage) -> None:
    verdict = stage.image("https://example.cn/", stage.issued.qr_text)
    assert verdict.code is Code.VALID


def test_a_damaged_code_beside_a_good_one_is_unreadable(stage: Stage) -> None:
    text = stage.issued.qr_text
    damaged = text[:-1] + ("0" if text[-1] != "0" else "1")
    assert stage.image(text, payload.OFFLINE_PREFIX + "::").code is Code.UNREADABLE
    assert stage.image(text, damaged).code is Code.UNREADABLE


def test_a_picture_of_a_code_of_ours_that_is_not_canonical_is_malformed(
    stage: Stage,
) -> None:
    assert stage.image(payload.OFFLINE_PREFIX + "::").code is Code.MALFORMED
    assert stage.image(f"HTTPS://{HOST}/#EL1::").code is Code.MALFORMED


# Midnight in UTC+8 and the exact second.


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone(timedelta(hours=8)))


def code_at(world: Simulator, text: str, at: datetime) -> Code:
    """Return the answer at an instant, with a bundle of that instant."""
    kept, world.at = world.at, at.astimezone(UTC)
    try:
        return world.validate(text).code
    finally:
        world.at = kept


@pytest.mark.parametrize(
    "first", [date(2026, 12, 1), date(2028, 2, 29), date(2027, 1, 1)]
)
def test_a_license_begins_at_midnight_in_china(stage: Stage, first: date) -> None:
    text = stage.world.resign(stage.issued, validity=Validity(first, None))
    before, then = midnight(first) - SECOND, midnight(first)
    assert code_at(stage.world, text, before) is Code.NOT_YET_VALID
    assert code_at(stage.world, text, then) is Code.VALID


@pytest.mark.parametrize(
    "last",
    [date(2026, 11, 21), date(2028, 2, 29), date(2028, 2, 28), date(2026, 12, 31)],
)
def test_a_license_ends_at_midnight_after_its_last_day(
    stage: Stage, last: date
) -> None:
    validity = Validity(date(2026, 11, 21), last)
    text = stage.world.resign(stage.issued, validity=validity, checkpoint=None)
    end = midnight(last) + DAY
    assert code_at(stage.world, text, end - SECOND) is Code.VALID
    assert code_at(stage.world, text, end) is Code.EXPIRED


def test_a_checkpoint_ends_a_license_at_midnight_after_its_day(stage: Stage) -> None:
    due = date(2028, 2, 29)
    text = stage.world.resign(stage.issued, checkpoint=Checkpoint("复审", due))
    end = midnight(due) + DAY
    assert code_at(stage.world, text, end - SECOND) is Code.VALID
    assert code_at(stage.world, text, end) is Code.LAPSED


def test_a_license_without_an_end_is_valid_on_the_last_day_of_all(stage: Stage) -> None:
    validity = Validity(date(2026, 11, 21), None)
    text = stage.world.resign(stage.issued, validity=validity, checkpoint=None)
    assert code_at(stage.world, text, datetime(9999, 12, 1, tzinfo=UTC)) is Code.VALID


def test_a_token_counts_from_the_second_at_which_it_was_signed(stage: Stage) -> None:
    text = stage.issued.qr_text
    assert code_at(stage.world, text, START) is Code.VALID
    assert code_at(stage.world, text, START - SECOND) is Code.NOT_AUTHORIZED


def test_a_token_is_signed_inside_its_keys_period_to_the_second() -> None:
    with Simulator() as world:
        issued = world.issue()
        world.at = START + DAY
        answers = []
        for begin, end in (
            (START, START + SECOND),
            (START + SECOND, None),
            (START - DAY, START),
        ):
            world.department.token_period = Period(begin, end)
            world.department.destroyed = True
            answers.append(world.validate(issued.qr_text).code)
        assert answers == [Code.VALID, Code.NOT_AUTHORIZED, Code.NOT_AUTHORIZED]


def test_an_instant_may_be_given_in_any_zone(stage: Stage) -> None:
    at = START.astimezone(timezone(timedelta(hours=-7)))
    verdict = stage.text(stage.issued.qr_text, at)
    assert verdict.code is Code.VALID
    assert verdict.to_json("x")["at"] == "2026-11-21T02:00:00Z"


# Status and age, to the second.


def test_a_status_list_counts_from_its_first_second_to_before_its_last() -> None:
    with Simulator() as world:
        text = world.issue().qr_text
        world.at = START + DAY
        world.department.status_age = timedelta(hours=1)
        trust = world.trust()
        answers = {
            offset: validating.validate_text(text, trust, world.at + offset).code
            for offset in (-SECOND, 0 * SECOND, 3599 * SECOND, 3600 * SECOND)
        }
        assert list(answers.values()) == [
            Code.NO_STATUS,
            Code.VALID,
            Code.VALID,
            Code.STALE,
        ]


@pytest.mark.parametrize("limit", ["bundle", "policy"])
def test_a_bundle_is_stale_one_second_after_its_age(limit: str) -> None:
    with Simulator() as world:
        text = world.issue().qr_text
        week = timedelta(days=7)
        world.department.status_age = 40 * DAY
        world.bundle_age = week if limit == "bundle" else 30 * DAY
        policy = ValidationPolicy(
            max_bundle_age=30 * DAY if limit == "bundle" else week,
            max_status_age=40 * DAY,
        )
        trust = world.trust()
        on, after = (
            validating.validate_text(text, trust, START + week + late, policy=policy)
            for late in (0 * SECOND, SECOND)
        )
        assert (on.code, after.code) == (Code.VALID, Code.STALE)
        assert [c.code for c in after.checks if c.id == "trust"] == [Code.STALE]


def test_the_policys_own_limit_holds_for_a_status_list_too() -> None:
    with Simulator() as world:
        text = world.issue().qr_text
        world.department.status_age = 25 * DAY
        trust = world.trust()
        policy = ValidationPolicy(max_status_age=DAY)
        on, after = (
            validating.validate_text(text, trust, START + DAY + late, policy=policy)
            for late in (0 * SECOND, SECOND)
        )
        assert (on.code, after.code) == (Code.VALID, Code.STALE)
        assert after.status_as_of is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.INVALID, Code.REVOKED),
        (Status.SUSPENDED, Code.SUSPENDED),
        (Status.SUPERSEDED, Code.SUPERSEDED),
    ],
)
def test_the_list_speaks_of_one_license_alone(status: Status, code: Code) -> None:
    with Simulator() as world:
        first, second = world.issue(), world.issue()
        world.department.end(first, status)
        verdict = world.validate(first.qr_text)
        assert (verdict.code, verdict.status_as_of) == (code, START)
        assert verdict.claims is not None
        assert world.validate(second.qr_text).code is Code.VALID


def test_an_index_outside_the_list_is_no_status(stage: Stage) -> None:
    reference = claims_of(stage.issued).status
    text = stage.world.resign(stage.issued, status=replace(reference, index=1 << 20))
    verdict = stage.text(text)
    assert (verdict.code, verdict.status_as_of) == (Code.NO_STATUS, START)


def test_a_list_of_another_number_is_no_status(stage: Stage) -> None:
    reference = claims_of(stage.issued).status
    text = stage.world.resign(stage.issued, status=replace(reference, list_number=7))
    assert stage.text(text).code is Code.NO_STATUS


# Who signed.


def test_nothing_is_believed_without_trust(stage: Stage) -> None:
    for state in (TrustState(), no_trust("the bundle is damaged")):
        verdict = validating.validate_text(stage.issued.qr_text, state, START)
        assert verdict.code is Code.UNKNOWN_ISSUER
        assert verdict.checks[1].detail == state.why_empty
        assert verdict.to_json("x")["trust"] is None
        assert verdict.to_json("x")["license"] is None
        pdf = validating.validate_pdf(stage.issued.pdf, state, START)
        assert pdf.code is Code.UNKNOWN_ISSUER
        assert pdf.claims is None


def test_keys_without_a_bundle_to_vouch_for_them_are_unknown(stage: Stage) -> None:
    """A state put together by hand has no age that could be judged."""
    state = replace(stage.trust, bundle=None, why_empty="by hand")
    verdict = validating.validate_text(stage.issued.qr_text, state, START)
    assert verdict.code is Code.UNKNOWN_ISSUER
    assert [c.detail for c in verdict.checks if c.id == "trust"] == ["by hand"]


def test_a_key_of_a_listed_department_that_is_not_listed_is_unknown() -> None:
    with Simulator() as world:
        issued = world.issue()
        world.department.token_listed = False
        verdict = world.validate(issued.qr_text)
        assert verdict.code is Code.UNKNOWN_ISSUER
        assert "not this key of it" in verdict.checks[1].detail


def test_a_department_cannot_sign_in_anothers_name(stage: Stage) -> None:
    second = stage.world.departments[1]
    as_first = stage.world.resign(stage.issued, second)
    assert stage.text(as_first).code is Code.UNKNOWN_ISSUER
    as_second = stage.world.resign(stage.issued, second, issuer=SECOND_CODE)
    verdict = stage.text(as_second)
    assert verdict.code is Code.NOT_AUTHORIZED
    assert "identifier is another organization's" in verdict.checks[3].detail


def test_a_type_that_was_not_granted_is_not_authorized(stage: Stage) -> None:
    text = stage.world.resign(stage.issued, type_name="driving-license")
    assert stage.text(text).code is Code.NOT_AUTHORIZED


def test_a_changed_signature_hides_what_the_token_says(stage: Stage) -> None:
    token = bytearray(payload.read_qr_text(stage.issued.qr_text))
    token[-1] ^= 1
    verdict = stage.text(payload.qr_text(bytes(token)))
    assert (verdict.code, verdict.claims) == (Code.BAD_SIGNATURE, None)
    assert verdict.to_json("x")["license"] is None


# With a record.


def with_record(stage: Stage, text: str, data: bytes) -> Verdict:
    return validating.validate_text(text, stage.trust, START, record_bytes=data)


def test_a_record_that_belongs_to_the_token_widens_the_scope(stage: Stage) -> None:
    data = parts_of(stage.world, stage.issued).record
    verdict = with_record(stage, stage.issued.qr_text, data)
    assert (verdict.code, verdict.scope) == (Code.VALID, Scope.RECORD)
    assert verdict.message.en.startswith("Valid. The printed page was not checked")


def test_another_record_is_a_verdict_of_its_own(stage: Stage) -> None:
    parts = parts_of(stage.world, stage.issued)
    others = parts_of(stage.world, stage.other).record
    seen = {
        "another salt": with_record(stage, stage.issued.qr_text, other_record(parts)),
        "another license's": with_record(stage, stage.issued.qr_text, others),
    }
    assert {verdict.code for verdict in seen.values()} == {Code.ALTERED}
    broken = with_record(stage, stage.issued.qr_text, parts.record + b"\0")
    assert broken.code is Code.MALFORMED
    assert with_record(stage, stage.issued.qr_text, b"").code is Code.MALFORMED


def test_a_record_is_compared_by_what_it_says_as_well_as_by_its_digest(
    stage: Stage,
) -> None:
    data = parts_of(stage.world, stage.issued).record
    text = stage.world.resign(stage.issued, holder="李示例")
    verdict = with_record(stage, text, data)
    assert (verdict.code, verdict.scope) == (Code.ALTERED, Scope.QR)


def test_a_record_is_not_compared_with_a_token_that_did_not_hold(stage: Stage) -> None:
    data = parts_of(stage.world, stage.issued).record
    token = bytearray(payload.read_qr_text(stage.issued.qr_text))
    token[-1] ^= 1
    verdict = with_record(stage, payload.qr_text(bytes(token)), data)
    assert verdict.code is Code.BAD_SIGNATURE
    assert verdict.checks[-1].indication is Indication.NOT_CHECKED


# The verdict itself.


def test_a_verdict_is_no_boolean(stage: Stage) -> None:
    with pytest.raises(TypeError, match="three values"):
        bool(stage.text(stage.issued.qr_text))


def test_what_is_required_to_pass_and_does_not_raises_with_its_verdict(
    stage: Stage,
) -> None:
    good, bad = stage.text(stage.issued.qr_text), stage.text("x")
    assert good.require() is good
    with pytest.raises(NotPassedError) as caught:
        bad.require()
    assert caught.value.verdict is bad
    assert caught.value.message == bad.message


KEYS = [
    "format",
    "input",
    "indication",
    "code",
    "scope",
    "at",
    "status_as_of",
    "evidence",
    "trust",
    "message",
    "checks",
    "license",
]
LICENSE_KEYS = [
    "identifier",
    "number",
    "type",
    "issuer",
    "holder",
    "valid_from",
    "valid_until",
    "specimen",
    "issuer_name",
]


def test_the_json_of_a_pass_is_the_contract(stage: Stage) -> None:
    out = stage.text(stage.issued.qr_text).to_json("a.pdf")
    draft = stage.issued.license.draft
    assert json.loads(json.dumps(out)) == out
    assert list(out) == KEYS
    assert list(out["license"]) == LICENSE_KEYS
    assert out["license"]["holder"] == draft.holders[0].name[0] + "*"
    assert out["license"]["issuer"] == CODE
    assert out["license"]["specimen"] is stage.issued.license.specimen
    assert out["license"]["valid_from"] == draft.validity.valid_from.isoformat()
    assert (out["format"], out["input"]) == ("elicense.verdict/1", "a.pdf")
    assert (out["indication"], out["code"], out["scope"]) == ("PASSED", "VALID", "qr")
    assert (out["at"], out["status_as_of"]) == ("2026-11-21T02:00:00Z",) * 2
    assert out["evidence"] == "signature"
    assert out["trust"] == {"root": stage.world.pin, "number": 1}
    assert set(out["message"]) == {"zh", "en"}
    assert out["checks"][0] == {"id": "format", "indication": "PASSED"}


def test_the_json_of_what_cannot_be_read_has_nulls(stage: Stage) -> None:
    out = validating.validate(b"", stage.trust, START).to_json("x")
    assert list(out) == KEYS
    assert out["indication"] == "INDETERMINATE"
    assert [out[key] for key in ("scope", "status_as_of", "license")] == [None] * 3
    assert out["checks"] == [
        {
            "id": "input",
            "indication": "INDETERMINATE",
            "code": "UNREADABLE",
            "detail": "the input is empty",
        }
    ]


def test_the_json_of_an_organization_is_not_masked_and_of_no_end_is_null() -> None:
    with Simulator() as world:
        issued = world.issue("food-business")
        text = world.resign(issued, validity=Validity(date(2026, 11, 21), None))
        out = world.validate(text).to_json("x")["license"]
        assert out["holder"] == issued.license.draft.holders[0].name
        assert out["valid_until"] is None


def test_no_verdict_shows_a_persons_name_or_code(stage: Stage) -> None:
    holder = stage.issued.license.draft.holders[0]
    parts = parts_of(stage.world, stage.issued)
    verdicts = [
        stage.text(stage.issued.qr_text),
        with_record(stage, stage.issued.qr_text, other_record(parts)),
        validating.validate_pdf(
            stage.issued.pdf, stage.trust, START, policy=SEALED_ONLY
        ),
    ]
    for verdict in verdicts:
        shown = repr(verdict) + json.dumps(verdict.to_json("x"), ensure_ascii=False)
        assert holder.name not in shown
        assert holder.code not in shown
        assert holder.code[:-4] not in shown
        assert stage.issued.license.draft.number not in shown


def test_a_check_without_code_or_detail_has_neither_in_json() -> None:
    checks = (Check.passed("a"), Check.not_checked("b", "why"))
    verdict = Verdict(code=Code.VALID, scope=None, at=START, checks=checks)
    assert verdict.to_json("x")["checks"] == [
        {"id": "a", "indication": "PASSED"},
        {"id": "b", "indication": "NOT_CHECKED", "detail": "why"},
    ]


# Misuse, and totality.


NAIVE = datetime(2026, 11, 21)  # noqa: DTZ001  that is the point
CALLS: dict[str, Callable[[Stage], object]] = {
    "validate": lambda stage: validating.validate(b"", stage.trust, NAIVE),
    "validate_pdf": lambda stage: validating.validate_pdf(
        stage.issued.pdf, stage.trust, NAIVE
    ),
    "validate_image": lambda stage: validating.validate_image(b"", stage.trust, NAIVE),
    "validate_text": lambda stage: validating.validate_text("", stage.trust, NAIVE),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_instant_without_a_zone_is_misuse(
    stage: Stage, call: Callable[[Stage], object]
) -> None:
    with pytest.raises(TypeError, match="aware"):
        call(stage)


MARKS = st.sampled_from(
    [
        b"",
        b"%PDF-1.7\n",
        b"%PDF-1.7\n/payload.cose ",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"RIFF\x20\0\0\0WEBPVP8 ",
        b"BM",
        b"MM\0*",
    ]
)


@settings(max_examples=300, deadline=None)
@given(mark=MARKS, tail=st.binary(max_size=400))
def test_any_bytes_give_a_verdict_that_is_not_a_pass(
    stage: Stage, mark: bytes, tail: bytes
) -> None:
    verdict = validating.validate(mark + tail, stage.trust, START)
    assert verdict.indication is not Indication.PASSED
    assert verdict.claims is None


@settings(max_examples=300, deadline=None)
@given(
    prefix=st.sampled_from(["", payload.OFFLINE_PREFIX, f"HTTPS://{HOST}/#EL1"]),
    text=st.text(max_size=300) | st.text("0123456789ABCDEFGHIJ $%*+-./:", max_size=300),
)
def test_any_text_gives_a_verdict_that_is_not_a_pass(
    stage: Stage, prefix: str, text: str
) -> None:
    verdict = stage.text(prefix + text)
    assert verdict.indication is not Indication.PASSED
    assert verdict.claims is None


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_edited_token_gives_a_verdict_that_is_not_a_pass(
    stage: Stage, data: st.DataObject
) -> None:
    token = bytearray(payload.read_qr_text(stage.issued.qr_text))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(token) - 1))
        match data.draw(st.sampled_from(["set", "delete", "insert"])):
            case "set":
                token[at] = data.draw(st.integers(0, 255))
            case "delete":
                del token[at]
            case "insert":
                token.insert(at, data.draw(st.integers(0, 255)))
    text = payload.qr_text(bytes(token))
    if text != stage.issued.qr_text:
        assert stage.text(text).indication is not Indication.PASSED


def test_every_file_of_the_third_party_vectors_gives_a_verdict(stage: Stage) -> None:
    paths = [path for path in vectors("").rglob("*") if path.is_file()]
    assert paths
    for path in paths:
        data = path.read_bytes()
        for given_bytes in (data, b"%PDF-1.7\n" + data[: 1 << 16]):
            verdict = validating.validate(given_bytes, stage.trust, START)
            assert verdict.indication is not Indication.PASSED
        text = data[:5000].decode("latin-1")
        assert stage.text(text).indication is not Indication.PASSED


def test_a_verdict_is_the_same_for_the_same_question(stage: Stage) -> None:
    def ask() -> Verdict:
        return validating.validate_pdf(
            stage.issued.pdf, stage.trust, START, policy=SEALED_ONLY
        )

    assert ask() == ask()
