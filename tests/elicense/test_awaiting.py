"""Issuing with a seal platform: one license, rightly sealed, or one that waits."""

import os
import signal
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from examples.seal_platform.desk import Desk
from examples.seal_platform.faults import Fault
from examples.seal_platform.server import Server
from examples.seal_platform.vault import Vault

from elicense import changing, issuing, samples
from elicense.changing import Grounds
from elicense.errors import (
    ConflictError,
    ElicenseError,
    IllegalTransitionError,
    RegisterError,
)
from elicense.events import EventKind, Reason
from elicense.issuing import AwaitingSealError, Request, awaiting, reconcile
from elicense.lifecycle import State
from elicense.model import Text
from elicense.register import RequestKey
from elicense.sealing import (
    NOBODY,
    Actors,
    Scenario,
    SealDesk,
    SealPolicy,
    SealReason,
    SealStore,
)
from elicense.sealing.local import LocalSealer
from elicense.sealing.platform import Address, PlatformSealer
from elicense.sealing.policy import Grant
from elicense.sealing.sealers import (
    Profile,
    Sealed,
    Unknown,
)
from elicense.sealing.wire import Credentials
from elicense.testing import START
from esign import pades, seal_image
from esign.errors import UnavailableError
from esign.seal_image import SealSpec
from esign.verdict import Code
from tests.elicense import platform_world
from tests.elicense.platform_world import vault
from tests.elicense.seal_world import ENABLED, event, life, seal

APP, SECRET = "trial", b"a secret of a test"
TYPE = "food-business"


class Bureau:
    """A department whose seal is on a platform, and the platform."""

    def __init__(self, world, desk, url):
        self.world, self.platform, self.url = world, desk, url
        self.timeout = 5.0

    @property
    def sealer(self):
        asked_by = Credentials(APP, SECRET, "99010000001721", "窗口01")
        return PlatformSealer(
            Address.parse(self.url),
            asked_by,
            timeout=self.timeout,
            now=lambda: self.world.at,
        )

    @property
    def desk(self):
        return replace(self.world.desk(), sealer=self.sealer)

    @property
    def register(self):
        return self.world.department.register

    def request(self, number="A1", **changes):
        sample = samples.sample_of(self.world.catalog.get(TYPE), START)
        return Request(type_name=TYPE, application=sample, number=number, **changes)

    def issue(self, number="A1", **changes):
        return issuing.issue(self.desk, self.request(number, **changes), self.world.at)

    def row(self, number="A1"):
        key = RequestKey(self.world.department.code, TYPE, "issue", "case", number)
        row = self.register.by_key(key)
        assert row is not None
        return row

    def later(self, **delta):
        self.world.at += timedelta(**(delta or {"minutes": 1}))


@contextmanager
def served(desk):
    with Server(desk) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def bureau():
    with platform_world.world() as world:
        desk = Desk(vault(), APP, SECRET, now=lambda: world.at)
        with served(desk) as url:
            yield Bureau(world, desk, url)


def kinds(bureau, identifier):
    return [event.kind for event in bureau.register.history(identifier)]


LIFE = [EventKind.RESERVED, EventKind.SEAL_REQUESTED, EventKind.ISSUED]


def check_one_license(bureau, number="A1"):
    """Assert that there is one license, rightly sealed, and return its row."""
    row = bureau.row(number)
    assert bureau.register.count() == 1
    assert row.is_issued
    assert kinds(bureau, row.identifier) == LIFE
    verdict = bureau.world.validate(row.pdf)
    assert verdict.code is Code.VALID
    assert verdict.claims.identifier == row.identifier
    assert bureau.register.awaiting_seal() == ()
    assert bureau.register.seal_order(row.identifier).pdf is None
    return row


def check_pending(bureau, number="A1"):
    """Assert that the license clearly waits, and nothing went out; return its row."""
    row = bureau.row(number)
    assert (row.is_issued, row.pdf, row.token) == (False, None, None)
    assert row.state_at(bureau.world.at) is State.AWAITING_SEAL
    assert kinds(bureau, row.identifier) == LIFE[:2]
    assert bureau.register.awaiting_seal() == (row.identifier,)
    return row


def test_a_platform_that_is_well_seals_at_once(bureau):
    issued = bureau.issue()
    assert (issued.state, issued.verdict.code) == (State.ISSUED, Code.VALID)
    row = check_one_license(bureau)
    assert row.pdf == issued.pdf
    # The same again is the same, and nobody is asked.
    bureau.platform.fault = Fault.LOST
    bureau.later(days=1)
    assert bureau.issue().pdf == issued.pdf
    assert bureau.platform.sealings == 1


FAULTS = (
    Fault.SLOW,
    Fault.LOST,
    Fault.ERROR,
    Fault.GARBAGE,
    Fault.REDIRECT,
    Fault.HUGE,
    Fault.UNSEALED,
    Fault.REFUSING,
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_gives_a_pending_license_and_then_one(bureau, fault):
    bureau.platform.fault = fault
    for _ in range(2):  # and it stays so
        with pytest.raises(AwaitingSealError) as caught:
            bureau.issue()
        row = check_pending(bureau)
        assert caught.value.identifier == row.identifier
        assert row.identifier in caught.value.message.zh
    bureau.platform.fault = Fault.NONE
    bureau.later()
    issued = bureau.issue()
    assert check_one_license(bureau).pdf == issued.pdf
    assert bureau.platform.sealings == 1
    assert len(bureau.platform.entries) == 1


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.BROKEN])
def test_what_was_sealed_without_an_answer_is_queried(bureau, fault):
    bureau.platform.fault = fault
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    check_pending(bureau)
    bureau.issue()  # the fault is still there, and sealing again would meet it
    check_one_license(bureau)
    assert bureau.platform.sealings == 1


def test_a_platform_that_answers_twice_makes_one_license(bureau):
    bureau.platform.fault = Fault.TIMEOUT
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    bureau.platform.fault = Fault.TWICE
    first = bureau.issue()
    again = bureau.issue()
    assert first.pdf == again.pdf
    check_one_license(bureau)
    assert bureau.platform.sealings == 2


def test_another_document_is_not_released(bureau):
    other = bureau.issue("A0")
    bureau.platform.fault = Fault.OTHER
    with pytest.raises(AwaitingSealError) as caught:
        bureau.issue()
    assert "not the document" in caught.value.message.en
    waiting = check_pending(bureau)
    assert bureau.row("A0").pdf == other.pdf
    bureau.platform.fault = Fault.NONE
    assert bureau.issue().license.identifier == waiting.identifier
    assert bureau.register.count() == 2


def test_a_platform_with_another_seal_is_not_believed(bureau):
    bureau.platform.vault = Vault(at=bureau.world.at - timedelta(days=1))
    with pytest.raises(AwaitingSealError, match="UNKNOWN_ISSUER"):
        bureau.issue()
    check_pending(bureau)


def test_a_platform_whose_clock_runs_ahead_has_to_wait(bureau):
    world = bureau.world
    bureau.platform._now = lambda: world.at + timedelta(minutes=2)
    with pytest.raises(AwaitingSealError, match="NOT_AUTHORIZED"):
        bureau.issue()
    check_pending(bureau)
    bureau.later(minutes=5)
    bureau.issue()
    row = check_one_license(bureau)
    sealed = row.plan[0].since
    assert sealed == row.allocation.instant + timedelta(minutes=2)


def test_the_wrong_secret_is_a_refusal(bureau):
    bureau.platform.secret = b"another"
    with pytest.raises(AwaitingSealError, match="HTTP 403"):
        bureau.issue()
    check_pending(bureau)


def test_a_platform_that_is_away_is_asked_later(bureau):
    bureau.url = "http://127.0.0.1:9"
    with pytest.raises(AwaitingSealError, match="connection broke"):
        bureau.issue()
    check_pending(bureau)


def test_without_a_platform_an_ordered_license_waits(bureau):
    bureau.platform.fault = Fault.LOST
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    with pytest.raises(AwaitingSealError, match="no seal platform"):
        issuing.issue(bureau.world.desk(), bureau.request(), bureau.world.at)
    check_pending(bureau)


def test_a_new_version_supersedes_when_it_is_sealed(bureau):
    old = bureau.issue()
    bureau.later(hours=1)
    bureau.platform.fault = Fault.SLOW
    grounds = Grounds(reason=Reason.CHANGED, note="示例")
    renewal = {
        "operation": "renew",
        "previous": old.license.identifier,
        "grounds": grounds,
    }
    with pytest.raises(AwaitingSealError):
        bureau.issue("A2", **renewal)
    assert bureau.row().state_at(bureau.world.at) is State.ISSUED
    bureau.platform.fault = Fault.NONE
    bureau.later(hours=1)
    done = reconcile(bureau.desk, bureau.world.at)  # without the application
    assert (len(done.issued), done.waiting, done.is_settled) == (1, (), True)
    assert bureau.row().successor == done.issued[0]
    history = bureau.register.history(old.license.identifier)
    assert (history[-1].reason, history[-1].note) == (Reason.CHANGED, "示例")
    assert bureau.register.get(done.issued[0]).previous == old.license.identifier


def test_a_sealed_version_whose_predecessor_changed_is_kept_and_told(bureau):
    old = bureau.issue()
    bureau.platform.fault = Fault.SLOW
    renewal = {
        "operation": "renew",
        "previous": old.license.identifier,
        "grounds": Grounds(reason=Reason.CHANGED),
    }
    with pytest.raises(AwaitingSealError):
        bureau.issue("A2", **renewal)
    bureau.later()
    ground = Grounds(reason=Reason.CANCELLED, note="示例")
    changing.revoke(bureau.register, old.license.identifier, ground, bureau.world.at)
    bureau.platform.fault = Fault.NONE
    done = reconcile(bureau.desk, bureau.world.at)
    assert (done.issued, len(done.waiting), done.is_settled) == ((), 1, False)
    assert "old version" in done.waiting[0].why.en
    again = reconcile(bureau.desk, bureau.world.at)
    assert again.waiting == done.waiting
    with pytest.raises(ConflictError):
        issuing.issue(bureau.desk, bureau.request("A2", **renewal), bureau.world.at)


def test_a_reconciliation_finishes_and_lists_both_sides(bureau):
    bureau.platform.fault = Fault.TIMEOUT
    for number in ("A1", "A2"):
        with pytest.raises(AwaitingSealError):
            bureau.issue(number)
    bureau.platform.fault = Fault.LOST
    with pytest.raises(AwaitingSealError):
        bureau.issue("A3")
    done = reconcile(bureau.desk, bureau.world.at)
    assert len(done.issued) == 2
    lost = bureau.row("A3").identifier
    assert [one.identifier for one in done.waiting] == [lost]
    assert done.differences.unknown_there == (lost,)
    bureau.platform.fault = Fault.NONE
    stranger = bureau.platform.entries.pop(next(iter(bureau.platform.entries)))
    bureau.platform.entries["0" * 32] = stranger
    done = reconcile(bureau.desk, bureau.world.at)
    assert (done.issued, done.waiting) == ((lost,), ())
    assert done.differences.unknown_here == {"0" * 32: "sealed"}
    assert not done.is_settled
    del bureau.platform.entries["0" * 32]
    assert reconcile(bureau.desk, bureau.world.at).is_settled
    assert bureau.platform.sealings == 3


@pytest.fixture
def kept(bureau, tmp_path):
    """Give the register of seals of the bureau's department, with its own seal."""
    with SealStore.open(tmp_path / "seals.db") as store:
        own = seal(1, "own", owner=bureau.world.department.code)
        store.add(own, life(*ENABLED))
        yield store


def asking(bureau, store, *actors, policy=None):
    """Return the bureau's desk, for people who ask for its own seal."""
    return replace(
        bureau.desk, seals=SealDesk(store, policy, "own", Actors(*(actors or ("c-1",))))
    )


def ordered(bureau, desk, number="A1"):
    """Order a license that is lost on its way."""
    bureau.platform.fault = Fault.LOST
    with pytest.raises(AwaitingSealError):
        issuing.issue(desk, bureau.request(number), bureau.world.at)
    bureau.platform.fault = Fault.NONE
    return check_pending(bureau, number)


def told(store):
    """Return what the seal-use log says: outcome, operator and license."""
    return [
        (one.refusal or "used", one.use.operator, one.identifier) for one in store.log()
    ]


def test_a_reconciliation_sends_nothing_for_a_seal_that_was_disabled(bureau, kept):
    desk = asking(bureau, kept)
    name = ordered(bureau, desk).identifier
    at = bureau.world.at
    kept.record("own", [event("disable", at, reason=SealReason.HELD)])
    nobody = replace(desk, seals=replace(desk.seals, actors=NOBODY))
    done = reconcile(nobody, at)
    assert [one.identifier for one in done.waiting] == [name]
    assert "not-enabled" in done.waiting[0].why.en
    assert bureau.platform.sealings == 0
    check_pending(bureau)
    assert told(kept) == [("used", "c-1", name), ("not-enabled", "c-1", "")]
    kept.record("own", [event("enable", at)])
    assert reconcile(nobody, at).issued == (name,)
    check_one_license(bureau)
    assert [one for one in told(kept) if one[0] == "used"] == [("used", "c-1", name)]


def test_a_reconciliation_asks_for_those_who_ordered(bureau, kept):
    grant = Grant(
        name="one day",
        seal="own",
        types=frozenset({TYPE}),
        scenarios=frozenset({Scenario.ISSUE}),
        operators=frozenset({"c-1"}),
        approvers=frozenset({"c-2"}),
        last=START.date(),
    )
    desk = asking(bureau, kept, "c-1", "c-2", policy=SealPolicy((grant,)))
    name = ordered(bureau, desk).identifier
    nobody = replace(desk, seals=replace(desk.seals, actors=NOBODY))
    bureau.later(days=2)
    done = reconcile(nobody, bureau.world.at)
    assert "period" in done.waiting[0].why.en
    assert bureau.platform.sealings == 0
    bureau.world.at -= timedelta(days=2)
    assert reconcile(nobody, bureau.world.at).issued == (name,)


def test_an_order_without_a_line_is_asked_for_by_nobody_and_logged(bureau, kept):
    name = ordered(bureau, bureau.desk).identifier
    assert reconcile(asking(bureau, kept), bureau.world.at).issued == (name,)
    assert told(kept) == [("used", "c-1", name)]


def test_who_sends_an_order_again_is_logged_too(bureau, kept):
    name = ordered(bureau, asking(bureau, kept, "c-1")).identifier
    issuing.issue(asking(bureau, kept, "c-2"), bureau.request(), bureau.world.at)
    check_one_license(bureau)
    assert told(kept) == [("used", "c-1", name), ("used", "c-2", name)]


def test_a_reconciliation_with_nobody_says_so(bureau):
    assert reconcile(bureau.world.desk(), bureau.world.at).why_unknown is not None
    bureau.platform.fault = Fault.GARBAGE
    done = reconcile(bureau.desk, bureau.world.at)
    assert (done.differences, done.is_settled) == (None, False)
    assert done.why_unknown is not None


# Races and deaths


def test_two_runs_that_order_at_once_make_one_license(bureau, monkeypatch):
    first, unsealed = [], awaiting._unsealed

    def overtaken(*given):
        if not first:
            first.append(b"")
            first[0] = bureau.issue().pdf
        return unsealed(*given)

    monkeypatch.setattr(awaiting, "_unsealed", overtaken)
    assert bureau.issue().pdf == first[0]
    check_one_license(bureau)
    assert bureau.platform.sealings == 1


def test_what_was_ended_is_not_ordered(bureau, monkeypatch):
    def refused(*_):
        raise IllegalTransitionError(Text("不行", "no"))

    monkeypatch.setattr(awaiting, "step", refused)
    with pytest.raises(IllegalTransitionError):
        bureau.issue()
    assert not bureau.row().is_ordered


def test_a_seal_that_another_run_stored_is_the_license(bureau):
    bureau.platform.fault = Fault.TIMEOUT
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    row = check_pending(bureau)
    order = bureau.register.seal_order(row.identifier)
    desk = bureau.desk

    class Racing:
        """Stores what another run got, while this one asks."""

        profile = Profile.PLATFORM

        def query(self, request_id):
            other = desk.sealer.query(request_id)
            bureau.register.store_output(row.identifier, order.token, other.pdf)
            bureau.platform.fault = Fault.TWICE
            return desk.sealer.query(request_id)

    bureau.platform.fault = Fault.NONE
    racing = replace(desk, sealer=Racing())
    issued = issuing.issue(racing, bureau.request(), bureau.world.at)
    stored = check_one_license(bureau)
    assert issued.pdf == stored.pdf
    assert bureau.platform.sealings == 2


DEATHS = {
    "after the order was kept": "mark_sent",
    "after it was sent": "note_task",
    "before the sealed file is stored": "store_output",
    "before it is marked issued": "commit",
    "before the bytes are let go": "finish_order",
}


@pytest.mark.parametrize("name", DEATHS)
def test_a_process_that_is_killed_is_resumed(bureau, name):
    """A forked child is killed at one call of the register; the parent goes on."""
    where = DEATHS[name]
    if where == "note_task":
        bureau.platform.fault = Fault.SLOW
    bureau.register.let_go()
    desk, request, at = bureau.desk, bureau.request(), bureau.world.at
    child = os.fork()
    if child == 0:
        register = _Mortal(desk.register, where)
        try:
            issuing.issue(replace(desk, register=register), request, at)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
    row = bureau.row()
    assert not (row.is_issued and where != "finish_order")
    bureau.platform.fault = Fault.NONE
    bureau.later()
    done = reconcile(bureau.desk, bureau.world.at)
    assert done.is_settled
    issued = bureau.issue()
    assert issued.state is State.ISSUED
    assert bureau.platform.sealings == 1
    if where != "finish_order":
        check_one_license(bureau)


class _Mortal:
    """A register whose process dies when one of its calls is about to be made."""

    def __init__(self, register, where):
        self._register, self._where = register, where

    def __getattr__(self, name):
        if name == self._where:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._register, name)


# The local sealer


def test_a_local_sealer_makes_native_licenses(bureau):
    owner = bureau.world.department
    sealer = LocalSealer(owner.seal, seal_image.draw(SealSpec(owner.name)))
    desk = replace(bureau.world.desk(), sealer=sealer)
    issued = issuing.issue(desk, bureau.request(), bureau.world.at)
    row = bureau.row()
    assert kinds(bureau, row.identifier) == LIFE
    assert bureau.world.validate(issued.pdf).code is Code.VALID
    assert pades.read(issued.pdf).sealed_at == row.allocation.instant
    assert sealer.query("x") == Unknown()
    assert sealer.requests() == {}
    bureau.later(days=1)
    assert issuing.issue(desk, bureau.request(), bureau.world.at).pdf == issued.pdf


def test_a_local_sealer_that_seals_another_license_releases_nothing(bureau):
    owner = bureau.world.department
    good = bureau.world.issue()

    class Mistaken(LocalSealer):
        def seal(self, *_):
            return Sealed(good.pdf)

    sealer = Mistaken(owner.seal, b"")
    desk = replace(bureau.world.desk(), sealer=sealer)
    with pytest.raises(AwaitingSealError, match=r"another license|NO_STATUS"):
        issuing.issue(desk, bureau.request(), bureau.world.at)


def test_a_key_device_that_is_lost_loses_nothing(bureau):
    class Away(LocalSealer):
        def seal(self, *_):
            raise UnavailableError("the device is away")

    owner = bureau.world.department
    desk = replace(bureau.world.desk(), sealer=Away(owner.seal, b""))
    with pytest.raises(AwaitingSealError, match="device is away"):
        issuing.issue(desk, bureau.request(), bureau.world.at)
    check_pending(bureau)


def test_a_damaged_order_is_told(bureau):
    bureau.platform.fault = Fault.SLOW
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    row = bureau.row()
    file = bureau.register._file
    with file.transaction():
        file.run("UPDATE seal_order SET grounds = '{}'")
    bureau.platform.fault = Fault.NONE
    with pytest.raises(RegisterError, match="damaged"):
        bureau.issue()
    with file.transaction():
        file.run("DELETE FROM seal_order")
    stale = replace(row, is_ordered=True)
    with pytest.raises(RegisterError, match="lost"):
        issuing.awaiting.settle(bureau.desk, stale, bureau.world.at)


def test_a_batch_does_not_go_on_with_what_awaits_its_seal(bureau):
    bureau.platform.fault = Fault.SLOW
    with pytest.raises(AwaitingSealError):
        bureau.issue()
    own = replace(bureau.world.desk(), sealer=None)
    (outcome,) = issuing.issue_many(own, [bureau.request()], bureau.world.at)
    assert isinstance(outcome.error, ElicenseError)
    assert "elicense reconcile" in str(outcome.error)
    check_pending(bureau)
