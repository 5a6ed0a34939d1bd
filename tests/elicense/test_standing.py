"""Where a license stands at an instant, by its events, its days and its duties."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elicense import dates, lifecycle
from elicense.events import Event, EventKind, Reason
from elicense.lifecycle import State
from elicense.model import Checkpoint, Validity
from elicense.standing import Standing, standing
from esign.verdict import Code
from tests.elicense.test_lifecycle import AT, DAY, UNTIL, happened

FIRST = dates.day_of(AT + DAY)
LAST = dates.day_of(AT + 30 * DAY)
REVIEW = Checkpoint("复审", dates.day_of(AT + 20 * DAY))
LATER_REVIEW = Checkpoint("复审", dates.day_of(AT + 25 * DAY))
SECOND = timedelta(seconds=1)
ISSUED = happened(EventKind.ISSUED)
BORN = [happened(EventKind.RESERVED), ISSUED]
HELD = happened(Reason.HELD, 2, until=UNTIL)
HELD_OPEN = happened(Reason.HELD, 0)
RENEWED = happened(Reason.RENEWED, 9)
REVOKED = happened(Reason.CANCELLED, 12)
RESTORED = happened(Reason.RESTORED, 13)

BEGIN = dates.start_of(FIRST)
OVER = dates.end_after(LAST)
MISSED = dates.end_after(REVIEW.due)


def at_instant(
    events: list[Event],
    at: datetime,
    checkpoints: tuple[Checkpoint, ...] = (),
    last: date | None = LAST,
) -> Standing:
    return standing(Validity(FIRST, last), checkpoints, events, at)


CASES = {
    "reserved": (BORN[:1], (), AT, None, None),
    "not issued yet": (BORN, (), AT - SECOND, None, None),
    "issued before its first day": (BORN, (), AT, Code.NOT_YET_VALID, ISSUED),
    "the last second before it": (BORN, (), BEGIN - SECOND, Code.NOT_YET_VALID, ISSUED),
    "its first second": (BORN, (), BEGIN, Code.VALID, ISSUED),
    "its last second": (BORN, (), OVER - SECOND, Code.VALID, ISSUED),
    "the second after its last day": (BORN, (), OVER, Code.EXPIRED, ISSUED),
    "the last second of a review's day": (
        BORN,
        (REVIEW,),
        MISSED - SECOND,
        Code.VALID,
        ISSUED,
    ),
    "a review that was missed": (BORN, (REVIEW,), MISSED, Code.LAPSED, ISSUED),
    "the earlier of two reviews": (
        BORN,
        (LATER_REVIEW, REVIEW),
        MISSED,
        Code.LAPSED,
        ISSUED,
    ),
    "expired after a missed review": (BORN, (REVIEW,), OVER, Code.EXPIRED, ISSUED),
    "held": ([*BORN, HELD], (), AT + 3 * DAY, Code.SUSPENDED, HELD),
    "held before its first day": (
        [*BORN, HELD_OPEN],
        (),
        AT,
        Code.NOT_YET_VALID,
        HELD_OPEN,
    ),
    "held and expired": ([*BORN, HELD_OPEN], (), OVER, Code.EXPIRED, HELD_OPEN),
    "held and lapsed": ([*BORN, HELD_OPEN], (REVIEW,), MISSED, Code.LAPSED, HELD_OPEN),
    "a suspension that is over": (
        [*BORN, HELD],
        (),
        dates.end_after(UNTIL),
        Code.VALID,
        ISSUED,
    ),
    "superseded": ([*BORN, RENEWED], (), AT + 9 * DAY, Code.SUPERSEDED, RENEWED),
    "superseded and expired": ([*BORN, RENEWED], (), OVER, Code.SUPERSEDED, RENEWED),
    "revoked": ([*BORN, REVOKED], (), AT + 12 * DAY, Code.REVOKED, REVOKED),
    "revoked and expired": ([*BORN, REVOKED], (REVIEW,), OVER, Code.REVOKED, REVOKED),
    "restored": ([*BORN, REVOKED, RESTORED], (), AT + 13 * DAY, Code.VALID, RESTORED),
}


@pytest.mark.parametrize(
    ("events", "checkpoints", "at", "code", "event"), CASES.values(), ids=CASES
)
def test_a_standing(events, checkpoints, at, code, event):
    found = at_instant(events, at, checkpoints)
    assert (found.code, found.event) == (code, event)
    assert found.state is lifecycle.state_at(lifecycle.plan(events), at)
    superseded = found.state is State.SUPERSEDED
    assert found.successor == (RENEWED.successor if superseded else None)


def test_a_license_without_end_never_expires():
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)  # has no day in UTC+8
    assert at_instant(BORN, end, last=None).code is Code.VALID


whats = st.sampled_from([EventKind.ISSUED, *Reason])
offsets = st.integers(-20, 40)


@given(
    st.lists(st.builds(happened, whats, offsets, offsets), max_size=8),
    st.datetimes(timezones=st.just(UTC)) | st.builds(lambda d: AT + d * DAY, offsets),
)
def test_any_instant_has_one_standing(events, at):
    found = at_instant(events, at, (REVIEW,))
    assert (found.code is None) == (found.state is State.RESERVED)
    assert (found.event is None) == (found.state is State.RESERVED)
    assert (found.successor is not None) == (found.state is State.SUPERSEDED)
    if found.code is Code.VALID:
        assert found.state is State.ISSUED
        assert BEGIN <= at < MISSED
