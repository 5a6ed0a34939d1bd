"""Keys in a device: SoftHSM2, made by the test, lost and found by the test."""

import os
import pickle
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from esign import algorithms, cose, hsm, pades
from esign.algorithms import Suite
from esign.errors import UnavailableError
from esign.hsm import Trouble
from esign.hsm import device as opened
from esign.hsm import keys as device_keys
from esign.hsm.module import module_of, package
from esign.pades import OnePassSealer, SealIdentity
from esign.signer import SoftwareSigner
from tests.esign.pades_world import AT, World, page
from tests.softhsm import PIN, module, new_token

pytestmark = pytest.mark.tool("softhsm2-util")

MESSAGE = b"what is signed"


@pytest.fixture(scope="module")
def token():
    return new_token("esign")


@pytest.fixture(scope="module")
def signer(token):
    return hsm.DeviceSigner.make(token.open(), "token")


@pytest.fixture
def lost(token):
    """The token, taken away for the test."""
    token.lose()
    yield token
    if token.away.exists():
        token.bring_back()


def trouble_of(call, *args):
    with pytest.raises(UnavailableError) as caught:
        call(*args)
    assert isinstance(caught.value, hsm.DeviceError)
    assert PIN not in str(caught.value)
    return caught.value.trouble


def pair(device, *, curve=device_keys.P256, label="pair", half=None, **changed):
    """Make a pair as a vendor's tool might, with other attributes than ours."""
    pkcs11 = package()
    attribute = pkcs11.Attribute
    private = {
        attribute.PRIVATE: True,
        attribute.SENSITIVE: True,
        attribute.EXTRACTABLE: False,
    } | {attribute[name]: value for name, value in changed.items()}

    def generate(session):
        made = session.create_domain_parameters(
            pkcs11.KeyType.EC, {attribute.EC_PARAMS: curve}, local=True
        ).generate_keypair(
            label=label,
            store=True,
            mechanism=pkcs11.Mechanism.EC_KEY_PAIR_GEN,
            public_template={attribute.PRIVATE: False},
            private_template=private,
        )
        if half is not None:
            made[half].destroy()

    device.write(generate)
    return hsm.KeyName(label)


# Signing


def test_a_key_of_a_device_signs_as_any_signer_does(signer):
    assert signer.in_device
    assert signer.was_never_outside
    assert signer.public_key.suite is Suite.ES256
    assert signer.name.label == f"token-{signer.public_key.kid.hex()}"
    for number in range(20):  # half of them have the larger s before it is turned
        message = MESSAGE + bytes([number])
        signature = signer.sign(message)
        algorithms.require_canonical(Suite.ES256, signature)
        signer.public_key.verify(signature, message)


def test_a_software_key_is_not_in_a_device():
    assert not SoftwareSigner.generate(Suite.ES256).in_device


def test_a_message_of_cose_is_signed(signer):
    purpose = cose.Purpose("test", b"test/1", None)
    data = cose.sign(b"payload", signer, purpose)
    assert cose.open_sealed(data, purpose).verify(signer.public_key) == b"payload"


def sealing_world(signer):
    """A department whose seal is in the device."""
    made = World()
    made.certificate = made.authority.issue_seal(
        signer.public_key, "示例市行政审批局", made.code, AT, 365
    )
    made.identity = SealIdentity(signer, made.certificate, made.authority.chain)
    return made


def test_a_seal_is_made_by_the_plain_path_and_differs_each_time(signer):
    world, at = sealing_world(signer), AT + timedelta(days=1)
    sealed = [pades.seal(page(), world.identity, at=at) for _ in range(2)]
    assert sealed[0] != sealed[1]
    assert len(sealed[0]) == len(sealed[1])
    for data in sealed:
        report = pades.validate(data, world.trust(), at)
        assert [check.indication.name for check in report.checks] == ["PASSED"] * 6


def test_the_one_pass_sealer_takes_it(signer):
    # It holds its CMS against pyHanko's, byte for byte.
    OnePassSealer(sealing_world(signer).identity)


def test_another_thread_signs_at_the_same_time(signer):
    held = []

    def many():
        for number in range(30):
            message = b"%d" % number
            signer.public_key.verify(signer.sign(message), message)
            held.append(number)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 4 * 30


# Names and places


def test_the_same_key_is_found_by_its_label_and_by_its_id(token, signer):
    device = token.open()
    for name in (
        signer.name,
        hsm.KeyName(signer.name.label),
        hsm.KeyName(key_id=signer.name.key_id),
    ):
        assert hsm.DeviceSigner(device, name).public_key == signer.public_key
    assert str(hsm.KeyName(key_id=b"\x01\xff")) == "01ff"


def test_a_token_is_found_by_its_serial_number(token, signer):
    serial = token.open().look(lambda session: session.token.serial.decode())
    place = hsm.Place(module(), serial=serial)
    found = hsm.DeviceSigner(hsm.Device(place, lambda _: PIN), signer.name)
    assert found.public_key == signer.public_key
    other = hsm.Place(module(), token.label, "0" * 16)
    device = hsm.Device(other, lambda _: PIN)
    assert trouble_of(hsm.DeviceSigner, device, signer.name) is Trouble.NO_TOKEN


def test_two_tokens_of_one_label_are_not_chosen_from():
    new_token("twice")
    twin = new_token("twice")
    assert trouble_of(hsm.DeviceSigner.make, twin.open(), "a") is Trouble.MANY_TOKENS


def test_a_token_that_is_put_in_later_is_seen(signer):
    device = hsm.Device(hsm.Place(module(), "later"), lambda _: PIN)
    assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.NO_TOKEN
    new_token("later")
    assert hsm.DeviceSigner.make(device, "a").in_device
    signer.sign(MESSAGE)  # the other token's session was given up, and is opened again


@pytest.mark.parametrize(
    "make",
    [lambda: hsm.Place("m"), lambda: hsm.Place("", "t"), hsm.KeyName],
    ids=["no token", "no module", "no name"],
)
def test_what_names_nothing_is_misuse(make):
    with pytest.raises(ValueError, match="named"):
        make()


def test_a_module_that_is_none_is_told(tmp_path):
    (tmp_path / "text.so").write_text("no library")
    for path in (tmp_path / "none.so", tmp_path / "text.so"):
        device = hsm.Device(hsm.Place(str(path), "esign"), lambda _: PIN)
        assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.NO_MODULE


def test_without_the_package_the_pip_line_is_told():
    script = (
        "import sys; sys.modules['pkcs11'] = None\n"
        "from esign import hsm\n"
        "device = hsm.Device(hsm.Place('m.so', 't'), lambda _: '1')\n"
        "try: hsm.DeviceSigner(device, hsm.KeyName('k'))\n"
        "except hsm.DeviceError as err: print(err)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, timeout=60
    )
    assert b"pip install 'elicense[hsm]'" in done.stdout


# Keys that are refused


UNSAFE = {
    "that may be taken out": ({"EXTRACTABLE": True}, Trouble.UNSAFE_KEY),
    "that may be read": ({"SENSITIVE": False}, Trouble.UNSAFE_KEY),
    "that anybody may use": ({"PRIVATE": False}, Trouble.UNSAFE_KEY),
    "that does not sign": ({"SIGN": False}, Trouble.UNSAFE_KEY),
    "that asks for a PIN each time": (
        {"ALWAYS_AUTHENTICATE": True},
        Trouble.NOT_OFFERED,
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_a_key_is_refused(token, case):
    changed, expected = UNSAFE[case]
    device = token.open()
    name = pair(device, label=case, **changed)
    assert trouble_of(hsm.DeviceSigner, device, name) is expected


def test_a_key_that_is_there_twice_or_not_or_half_is_refused(token):
    device = token.open()
    pair(device, label="two")
    name = pair(device, label="two")
    assert trouble_of(hsm.DeviceSigner, device, name) is Trouble.MANY_KEYS
    name = hsm.KeyName("none")
    assert trouble_of(hsm.DeviceSigner, device, name) is Trouble.NO_KEY
    name = pair(device, label="no public half", half=0)
    assert trouble_of(hsm.DeviceSigner, device, name) is Trouble.NO_KEY


def test_a_public_half_of_another_key_is_found_out(token):
    device = token.open()
    pair(device, label="mixed", half=0)
    name = pair(device, label="mixed", half=1)
    assert trouble_of(hsm.DeviceSigner, device, name) is Trouble.WRONG_KEY


def test_a_key_that_was_replaced_is_not_used(token):
    device = token.open()
    name = pair(device, label="replaced")
    signer = hsm.DeviceSigner(device, name)
    hsm.destroy(device, name, signer.public_key)
    hsm.remove(device, name, signer.public_key)
    pair(device, label="replaced")
    assert trouble_of(signer.sign, MESSAGE) is Trouble.WRONG_KEY


def test_a_key_on_another_curve_is_refused(token):
    device = token.open()
    p384 = bytes.fromhex("06052b81040022")
    name = pair(device, label="P-384", curve=p384)
    assert trouble_of(hsm.DeviceSigner, device, name) is Trouble.NOT_OFFERED
    sm2 = pair(device, label="not ours", curve=device_keys.SM2_CURVE)
    assert trouble_of(hsm.DeviceSigner, device, sm2) is Trouble.NOT_OFFERED


@pytest.mark.parametrize("value", [b"", b"\x04\x02\x04\x04", b"\x05\x41" + bytes(65)])
def test_a_point_of_another_form_is_refused(value):
    name = hsm.KeyName("k")
    assert trouble_of(device_keys._point, value, name) is Trouble.NOT_OFFERED


def test_a_bare_point_is_taken_as_some_devices_give_it():
    point = b"\x04" + bytes(64)
    assert device_keys._point(point, hsm.KeyName("k")) == point


# The end of a key


def test_a_key_is_destroyed_and_its_public_half_tells_of_it(token):
    device = token.open()
    signer = hsm.DeviceSigner.make(device, "old")
    name, key = signer.name, signer.public_key
    assert hsm.is_there(device, name, key)
    hsm.destroy(device, name, key)
    assert hsm.is_there(device, name, key)
    assert trouble_of(signer.sign, MESSAGE) is Trouble.NO_KEY
    hsm.destroy(device, name, key)  # the same again is harmless
    hsm.remove(device, name, key)
    assert not hsm.is_there(device, name, key)


def test_another_key_of_the_name_is_not_destroyed(token):
    device = token.open()
    signer = hsm.DeviceSigner.make(device, "mine")
    strange = SoftwareSigner.generate(Suite.ES256).public_key
    assert not hsm.is_there(device, signer.name, strange)
    hsm.destroy(device, signer.name, strange)
    hsm.remove(device, signer.name, strange)
    signer.sign(MESSAGE)


def test_of_two_private_keys_that_it_could_be_none_is_destroyed(token):
    device = token.open()
    name = pair(device, label="which")
    signer = hsm.DeviceSigner(device, name)
    pair(device, label="which", half=0)
    call = (hsm.destroy, device, name, signer.public_key)
    assert trouble_of(*call) is Trouble.MANY_KEYS
    assert hsm.is_there(device, name, signer.public_key)


# PINs


class Pins:
    """A person who gives one answer after the other, and counts the questions."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def __call__(self, request):
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(scope="module")
def guarded():
    return new_token("guarded")


def test_a_pin_is_asked_once_for_a_session(guarded):
    pins = Pins(PIN)
    signer = hsm.DeviceSigner.make(guarded.open(pins), "a")
    signer.sign(MESSAGE)
    assert pins.asked == [hsm.PinRequest("guarded", 1)]


def test_a_wrong_pin_is_asked_for_again_once(guarded):
    pins = Pins("1111", PIN)
    module_of(module()).forget()
    hsm.DeviceSigner.make(guarded.open(pins), "a")
    assert [item.attempt for item in pins.asked] == [1, 2]


def test_the_same_wrong_pin_is_never_tried_twice(guarded):
    pins = Pins("1111")
    module_of(module()).forget()
    device = guarded.open(pins)
    for _ in range(5):
        assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.PIN_WRONG
    assert len(device._refused) == 1  # one login, and no other


def test_after_two_wrong_pins_nobody_is_asked_any_more(guarded):
    pins = Pins("1111", "2222", PIN)
    module_of(module()).forget()
    device = guarded.open(pins)
    for _ in range(3):
        assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.PIN_WRONG
    assert len(pins.asked) == 2


@pytest.mark.parametrize("answer", [None, ""])
def test_no_pin_is_told(guarded, answer):
    module_of(module()).forget()
    device = guarded.open(lambda _: answer)
    assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.NO_PIN
    pins = Pins("1111", answer)
    device = guarded.open(pins)
    assert trouble_of(hsm.DeviceSigner.make, device, "a") is Trouble.PIN_WRONG


def test_a_locked_token_is_told_before_a_pin_is_asked_for():
    flags = package().TokenFlag
    cases = {
        flags.USER_PIN_LOCKED: Trouble.PIN_LOCKED,
        flags.USER_PIN_FINAL_TRY: Trouble.PIN_FINAL_TRY,
    }
    for flag, expected in cases.items():
        told = type("Told", (), {"flags": flag | flags.RNG, "label": "t"})
        assert trouble_of(opened._check_tries, package(), told) is expected
    locked = opened._trouble(package(), package().PinLocked())
    assert locked is Trouble.PIN_LOCKED


def test_a_login_of_another_part_of_the_process_serves(guarded, signer):
    first, second = guarded.open(), guarded.open()
    made = hsm.DeviceSigner.make(first, "a")
    again = hsm.DeviceSigner(second, made.name)
    again.sign(MESSAGE)
    first.close()  # which logs all out
    assert trouble_of(again.sign, MESSAGE) in (Trouble.LOST, Trouble.NO_KEY)
    made.public_key.verify(again.sign(MESSAGE), MESSAGE)
    first.close()
    first.close()
    signer.sign(MESSAGE)


# Lost and found


def test_a_lost_token_is_told_and_serves_again_when_it_is_back(signer, lost):
    for _ in range(3):
        assert trouble_of(signer.sign, MESSAGE) is Trouble.LOST
    lost.bring_back()
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


def test_a_device_that_is_away_can_be_closed(token, signer):
    device = token.open()
    again = hsm.DeviceSigner(device, signer.name)
    token.lose()
    try:
        trouble_of(again.sign, MESSAGE)
        device.close()
    finally:
        token.bring_back()
    again.sign(MESSAGE)


def test_a_closed_session_is_opened_by_the_next_call(token, signer):
    device = token.open()
    again = hsm.DeviceSigner(device, signer.name)
    device.run(lambda session: session.close())
    assert trouble_of(again.sign, MESSAGE) is Trouble.LOST
    again.sign(MESSAGE)
    device.run(lambda session: session.close())
    device.close()  # what does not answer any more is closed all the same
    again.sign(MESSAGE)


def test_an_error_of_a_device_goes_through_a_pipe():
    err = hsm.DeviceError(Trouble.LOST, "of what")
    again = pickle.loads(pickle.dumps(err))  # noqa: S301  our own
    assert (again.trouble, again.detail) == (Trouble.LOST, "of what")
    assert str(again) == str(err)
    assert str(hsm.DeviceError(Trouble.NO_PIN)) == Trouble.NO_PIN.value


# Children


def in_child(act):
    """Do something in a forked child; returns its exit code."""
    child = os.fork()
    if not child:
        code = 9
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_forked_child_signs_with_a_session_of_its_own(token):
    pins = Pins(PIN)
    signer = hsm.DeviceSigner.make(token.open(pins), "forked")

    def sign():
        signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)
        assert len(pins.asked) == 2

    for _ in range(3):
        assert in_child(sign) == 0
        signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)
    assert len(pins.asked) == 1


def test_many_children_open_the_token_at_once(signer):
    children = []
    for _ in range(24):
        child = os.fork()
        if not child:
            code = 9
            try:
                signer.sign(MESSAGE)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert ends == [0] * 24


def test_what_the_parent_opened_is_not_used_after_a_fork(signer):
    """As a child does it, here where it is measured."""
    found = module_of(module())
    before = found.generation
    found.after_fork()
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)
    assert found.generation == before + 1


def test_an_attribute_that_the_device_does_not_know_is_none(signer):
    def point_of_the_private_half(session):
        handle = device_keys.find(signer.device, session, signer.name).handle
        return device_keys._value(package(), handle, package().Attribute.EC_POINT)

    assert signer.device.run(point_of_the_private_half) is None


def test_a_child_of_a_parent_whose_thread_signs_is_not_held_up(signer):
    found = module_of(module())
    found.lock.acquire()
    done = []

    def child():
        done.append(in_child(lambda: signer.sign(MESSAGE)))

    try:  # the child's main thread is this other one, which does not hold the lock
        thread = threading.Thread(target=child)
        thread.start()
        thread.join(30)
    finally:
        found.lock.release()
    assert done == [0]


def test_a_child_of_a_module_that_notices_the_fork_begins_it_itself(token, signer):
    """SoftHSM does so where its configuration asks for it."""
    configured = os.environ["SOFTHSM2_CONF"]
    own = Path(configured).with_name("forking.conf")
    own.write_text(Path(configured).read_text() + "library.reset_on_fork = true\n")
    os.environ["SOFTHSM2_CONF"] = str(own)
    try:
        module_of(module()).forget()
        again = hsm.DeviceSigner(token.open(), signer.name)
        assert in_child(lambda: again.sign(MESSAGE)) == 0
        again.sign(MESSAGE)
    finally:
        os.environ["SOFTHSM2_CONF"] = configured
        module_of(module()).forget()


# SM2


def test_sm2_needs_a_mechanism_of_the_vendor(token):
    device = token.open()
    name = pair(device, label="sm2 alone", curve=device_keys.SM2_CURVE)
    assert trouble_of(hsm.Sm2DeviceSigner, device, name) is Trouble.NOT_OFFERED
    assert trouble_of(hsm.Sm2DeviceSigner.make, device, "t") is Trouble.NOT_OFFERED


@pytest.mark.parametrize(
    "number", [0x80000201, 0x1041], ids=["unknown to it", "ECDSA, which is not SM2"]
)
def test_a_mechanism_that_makes_no_sm2_signature_is_found_out(token, number):
    device = hsm.Device(hsm.Place(module(), token.label, "", number), lambda _: PIN)
    label = f"sm2 {number}"
    name = pair(device, label=label, curve=device_keys.SM2_CURVE)
    assert trouble_of(hsm.Sm2DeviceSigner, device, name) is Trouble.NOT_OFFERED
    wrong = pair(device, label=f"P-256 {number}")
    assert trouble_of(hsm.Sm2DeviceSigner, device, wrong) is Trouble.NOT_OFFERED
    made = trouble_of(hsm.Sm2DeviceSigner.make, device, f"made-{number}")
    assert made is Trouble.NOT_OFFERED
