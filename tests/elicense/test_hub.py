import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense import files, trust
from elicense.errors import ConflictError, WorkspaceError
from elicense.grants import GrantsError
from elicense.hub import Hub, HubError, memory
from elicense.hub.memory import Remembered
from elicense.testing import CODE, SECOND_CODE
from elicense.trust import SnapshotSighting
from elicense.trust.hub_model import Outcome
from elicense.trust.reading import MAX_PARTS
from esign.authority import DevelopmentAuthority
from esign.errors import MalformedError
from tests.elicense.bureaus import (
    AT,
    AUTHORITY,
    DAY,
    EARLY,
    THIRD_CODE,
    Bureau,
    merged,
    new_key,
    remembered,
    second,
)
from tests.elicense.crash.killed import Fuse
from tests.elicense.test_countersigning import manifest

NAME = "示例市数据局"
HUB_CODE = "119901000000005100"


class Place:
    """A hub with two departments granted, and the folder of their files."""

    def __init__(self, folder):
        self.folder = folder
        self.hub = Hub.create(folder / "hub", name=NAME, at=EARLY)
        self.one, self.other = Bureau(), second()
        for bureau in (self.one, self.other):
            self.hub.grant(bureau.grant(), bureau.name)

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def files(self):
        return [
            self.write("one.elt", self.one.file()),
            self.write("two.elt", self.other.file()),
        ]

    def merge(self, *paths, at=AT):
        return Hub(self.hub.folder).merge(paths or self.files(), at)

    def state(self):
        """Return the bytes that a refused merge must leave as they were."""
        names = ("memory.cbor", "hub.toml", "public/trust.elt")
        paths = [self.hub.folder / name for name in names]
        return [path.read_bytes() if path.exists() else None for path in paths]

    def table(self, old, new):
        path = self.hub.folder / "hub.toml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_a_new_hub_grants_nothing_and_publishes_nothing(tmp_path):
    hub = Hub.create(tmp_path / "hub", name=NAME)
    assert hub.table.departments == ()
    with pytest.raises(HubError, match="no department"):
        hub.merge([])
    assert not hub.trust_file.exists()
    assert hub.trust().bundle is None
    for path in (tmp_path / "hub" / "keys").iterdir():
        if path.name != "root-statements.cbor":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub"]


def test_a_hub_is_not_made_over_something(tmp_path):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "mine").write_text("x")
    with pytest.raises(HubError, match="not empty"):
        Hub.create(tmp_path / "hub", name=NAME)
    with pytest.raises(GrantsError):
        Hub.create(tmp_path / "other", name="")
    assert [path.name for path in tmp_path.iterdir()] == ["hub"]


def test_a_folder_that_is_no_hub(tmp_path):
    with pytest.raises(HubError, match="not a hub"):
        Hub(tmp_path)


def test_a_merge_is_believed_under_the_hubs_root(place):
    made = place.merge()
    assert made.number == 1
    assert [item.outcome for item in made.reports] == [Outcome.TAKEN] * 2
    state = trust.admit(made.file.read_bytes(), place.hub.table.root)
    assert set(state.organizations) == {CODE, SECOND_CODE}
    assert state.bundle.number == 1
    assert state.bundle.issued_at == AT
    assert state.seen.scopes == {place.hub.table.root: None}


def test_numbers_rise_and_what_was_seen_stays(place):
    first = place.merge()
    seen = trust.admit(first.file.read_bytes(), place.hub.table.root).seen
    second_ = place.merge(place.write("one.elt", place.one.next()))
    assert second_.number == 2
    assert [item.outcome for item in second_.reports] == [Outcome.TAKEN, Outcome.KEPT]
    state = trust.admit(second_.file.read_bytes(), place.hub.table.root, [seen])
    assert state.sources[CODE].number == 2
    assert state.sources[SECOND_CODE].number == 1


def test_an_old_bundle_is_refused_and_the_newer_one_stays(place):
    old = place.write("old.elt", place.one.file())
    new = place.write("new.elt", place.one.next())
    place.merge(new)
    made = place.merge(old)
    assert made.reports[0].outcome is Outcome.KEPT
    assert "number 1, 2 was seen" in made.reports[0].refused.en
    assert place.hub.trust().sources[CODE].number == 2


def test_files_of_nobody_stop_nothing(place):
    stranger = Bureau(code=THIRD_CODE)
    paths = [
        *place.files(),
        place.write("stranger.elt", stranger.file()),
        place.write("noise.elt", b"\x00" * 50),
        place.write("empty.elt", b""),
        place.folder / "missing.elt",
        place.folder,
    ]
    made = place.merge(*paths)
    assert [item.outcome for item in made.reports] == [Outcome.TAKEN] * 2
    assert [item.file for item in made.unmatched] == [str(p) for p in paths[2:]]
    assert stranger.pin in made.unmatched[0].reason.en
    assert "not a trust bundle" in made.unmatched[1].reason.en


def test_nothing_that_can_be_taken_changes_nothing(place):
    before = place.state()
    bad = place.write("one.elt", place.one.file(max_age=0 * DAY))
    with pytest.raises(HubError, match="out of age") as caught:
        place.merge(bad, place.write("noise", b"x"), at=AT + DAY)
    assert CODE in caught.value.message.en
    assert "noise" in caught.value.message.en
    assert place.state() == before


def test_a_table_edited_to_grant_nothing(place):
    place.merge()
    path = place.hub.folder / "hub.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.split("[[department]]")[0], encoding="utf-8")
    before = place.state()
    with pytest.raises(HubError, match="no department"):
        place.merge()
    assert place.state() == before
    path.write_text(text.replace("types = [", "suspended = true\ntypes = ["))
    before = place.state()
    with pytest.raises(HubError, match="no department"):
        place.merge()
    assert place.state() == before


def test_a_type_that_is_taken_back_is_out_at_the_next_merge(place):
    place.merge()
    place.table('"business-license", "food-business"', '"food-business"')
    made = place.merge(place.write("two.elt", place.other.next()))
    assert made.reports[0].outcome is Outcome.KEPT
    assert made.reports[0].types_left_out == ("business-license",)
    for grant in place.hub.trust().token_keys.values():
        assert grant.types == ("food-business",)


def test_a_root_in_the_table_that_is_not_the_hubs(place):
    place.table(place.hub.table.root, "sha256:" + "0" * 64)
    before = place.state()
    with pytest.raises(HubError, match="not this hub's"):
        place.merge()
    assert place.state() == before


DAMAGES = {
    "removed": lambda path: path.unlink(),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "emptied": lambda path: path.write_bytes(b""),
    "followed by a byte": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "replaced by the memory of a new hub": lambda path: path.write_bytes(
        memory.encode(Remembered())
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_memory_that_was_lost_after_a_publication_is_an_error(place, damage):
    place.merge()
    damage(place.hub.folder / "memory.cbor")
    before = place.state()
    with pytest.raises(HubError, match=r"memory\.cbor"):
        place.merge()
    assert place.state() == before


def test_an_older_copy_of_the_memory_is_noticed(place):
    place.merge()
    path = place.hub.folder / "memory.cbor"
    old = path.read_bytes()
    place.merge()
    path.write_bytes(old)
    before = place.state()
    with pytest.raises(HubError, match="an old copy"):
        place.merge()
    assert place.state() == before


def test_a_publication_that_was_lost_or_rolled_back_comes_back_with_a_new_number(place):
    place.merge()
    public = place.hub.trust_file
    old = public.read_bytes()
    assert place.merge().number == 2
    public.unlink()
    assert place.merge().number == 3
    public.write_bytes(old)
    assert place.merge().number == 4
    public.write_bytes(b"damaged")
    assert place.merge().number == 5
    assert place.hub.trust().bundle.number == 5


def test_a_run_that_ends_between_memory_and_publication_uses_no_number_twice(place):
    place.merge()
    public = place.hub.trust_file
    old = public.read_bytes()
    place.merge()  # remembers number 2
    public.write_bytes(old)  # and did not get to put it out
    state = trust.admit(old, place.hub.table.root)
    made = place.merge(place.write("one.elt", place.one.next()))
    assert made.number == 3
    trust.admit(made.file.read_bytes(), place.hub.table.root, [state.seen])


def killed(folder, paths, n):
    """Merge in a child that kills itself at its n-th commit point; tell if it did."""
    child = os.fork()
    if not child:
        try:
            sys.setprofile(Fuse(n, os.open(os.devnull, os.O_WRONLY)))
            Hub(folder).merge(paths, AT)
            sys.setprofile(None)
            os._exit(0)
        finally:
            os._exit(1)  # whatever happened, the child is no second test run
    _, status = os.waitpid(child, 0)
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
    return os.WIFSIGNALED(status)


def test_a_merge_that_is_killed_anywhere_leaves_the_old_publication_or_the_new(place):
    place.merge()
    root, before = place.hub.table.root, place.hub.trust_file.read_bytes()
    seen = trust.admit(before, root).seen
    paths = [place.write("one.elt", place.one.next())]
    found = set()
    for n in count(1):
        folder = place.folder / str(n)
        shutil.copytree(place.hub.folder, folder)
        was_killed = killed(folder, paths, n)
        left = (folder / "public" / "trust.elt").read_bytes()
        state = trust.admit(left, root, [seen])
        assert left == before or state.bundle.number == 2
        found.add(state.bundle.number)
        assert Hub(folder).merge(paths, AT).number > state.bundle.number
        again = (folder / "public" / "trust.elt").read_bytes()
        assert trust.admit(again, root, [state.seen]).sources[CODE].number == 2
        if not was_killed:
            break
    assert n > 10
    assert found == {1, 2}


def test_a_public_folder_that_cannot_be_written(place):
    place.merge()
    public = place.hub.trust_file
    old = public.read_bytes()
    public.unlink()
    public.parent.rmdir()
    with pytest.raises(files.FileError):
        place.merge()
    public.parent.mkdir()
    public.write_bytes(old)
    assert place.merge().number == 3  # 2 was remembered, and never seen


def test_of_two_merges_at_once_one_wins_and_one_is_told(place):
    paths = place.files()
    with (place.hub.folder / "lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before = place.state()
        with pytest.raises(ConflictError, match="another command"):
            place.merge(*paths)
        with pytest.raises(ConflictError):
            place.hub.grant(Bureau(code=THIRD_CODE).grant())
        assert place.state() == before
    assert place.merge(*paths).number == 1


def test_two_processes_never_use_one_number(place):
    paths = [str(path) for path in place.files()]
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from elicense.errors import ConflictError\n"
        "from elicense.hub import Hub\n"
        "for _ in range(5):\n"
        "    try:\n"
        "        made = Hub(Path(sys.argv[1])).merge(map(Path, sys.argv[2:]))\n"
        "        print(made.number)\n"
        "    except ConflictError:\n"
        "        print('told')\n"
    )
    command = [sys.executable, "-c", code, str(place.hub.folder), *paths]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    lines = [line for each in running for line in each.communicate()[0].split()]
    numbers = [int(line) for line in lines if line != "told"]
    assert len(lines) == 10
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert place.hub.trust().bundle.number == max(numbers)


def test_a_wrong_passphrase_publishes_nothing(place):
    paths, before = place.files(), place.state()
    with pytest.raises(WorkspaceError):
        Hub(place.hub.folder, b"wrong").merge(paths, AT)
    assert place.state() == before


def test_a_key_file_that_is_damaged_publishes_nothing(place):
    (key,) = (place.hub.folder / "keys").glob("bundle-*.pem")
    key.write_bytes(b"x")
    paths, before = place.files(), place.state()
    with pytest.raises(WorkspaceError, match=key.name):
        place.merge(*paths)
    assert place.state() == before


STATEMENTS = {"no CBOR": b"x", "no array": b"\x01", "no chunks": b"\x81\x80"}


@pytest.mark.parametrize("data", STATEMENTS.values(), ids=STATEMENTS)
def test_root_statements_that_are_damaged(place, data):
    (place.hub.folder / "keys" / "root-statements.cbor").write_bytes(data)
    before = place.state()
    with pytest.raises(HubError, match="root-statements"):
        place.merge()
    assert place.state() == before


def test_a_passphrase_of_ones_own_is_not_kept(tmp_path):
    hub = Hub.create(tmp_path / "hub", name=NAME, passphrase=b"secret")
    assert not (hub.folder / "keys" / "passphrase").exists()
    one = Bureau()
    hub.grant(one.grant())
    path = tmp_path / "one.elt"
    path.write_bytes(one.file())
    with pytest.raises(WorkspaceError, match="passphrase"):
        Hub(hub.folder).merge([path], AT)
    assert hub.merge([path], AT).number == 1


# Timestamp authorities.

AUTHORITY_TABLE = f"""
[[timestamp_authority]]
organization = "{THIRD_CODE}"
name = "示例时间戳服务"
certificates = ["tsa.pem", "ca.der"]
root = "root.der"
signs_from = 2026-01-01
signs_until = 2026-12-31
"""


def with_authority(place):
    certificate = AUTHORITY.issue_seal(
        new_key().public_key, "示例时间戳服务", THIRD_CODE, EARLY, 2000
    )
    folder = place.hub.folder / "authorities"
    pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
    (folder / "tsa.pem").write_bytes(pem)
    (folder / "ca.der").write_bytes(AUTHORITY.chain[0])
    (folder / "root.der").write_bytes(AUTHORITY.roots[0])
    place.table("[hub]", AUTHORITY_TABLE + "[hub]")
    return certificate


def test_a_timestamp_authority_from_files(place):
    certificate = with_authority(place)
    place.merge()
    (entry,) = place.hub.trust().authorities
    assert entry.certificates == (certificate, *AUTHORITY.chain)
    assert entry.period.signs_from.isoformat() == "2025-12-31T16:00:00+00:00"
    assert entry.period.signs_until.isoformat() == "2026-12-31T16:00:00+00:00"
    assert place.hub.trust().organizations[THIRD_CODE].names[0][1] == "示例时间戳服务"


@pytest.mark.parametrize("data", [b"x", b"-----BEGIN CERTIFICATE-----\nx\n", None])
def test_a_certificate_of_the_table_that_cannot_be_read(place, data):
    with_authority(place)
    path = place.hub.folder / "authorities" / "tsa.pem"
    path.unlink() if data is None else path.write_bytes(data)
    paths, before = place.files(), place.state()
    with pytest.raises((GrantsError, files.FileError), match=r"tsa\.pem"):
        place.merge(*paths)
    assert place.state() == before


def test_two_authorities_of_one_key_are_not_published(place):
    with_authority(place)
    place.table("[hub]", AUTHORITY_TABLE + "[hub]")
    paths, before = place.files(), place.state()
    with pytest.raises(HubError, match="two uses"):
        place.merge(*paths)
    assert place.state() == before


def many_roots(count):
    """Return certificates of one CA key, each under another name."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = []
    for n in range(count):
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"根{n}")])
        builder = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=n + 1,
            not_valid_before=EARLY,
            not_valid_after=AT,
        )
        made.append(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    return tuple(made)


def test_a_department_that_leaves_no_room_for_the_others_is_left_out(place):
    """By itself its bundle is believed; with the others the hub's would not be."""
    first = place.merge()
    own = DevelopmentAuthority.create("别家电子认证", EARLY)
    third = Bureau(code=THIRD_CODE, authority=own)
    place.hub.grant(third.grant())
    full = many_roots(MAX_PARTS["roots"] - len(own.roots))
    data = third.file(roots=(*own.roots, *full))
    assert trust.admit(data, third.pin).bundle is not None
    made = place.merge(
        place.write("three.elt", data), place.write("one.elt", place.one.next())
    )
    assert [item.outcome for item in made.reports] == [
        Outcome.TAKEN,
        Outcome.KEPT,
        Outcome.LEFT_OUT,
    ]
    assert "would not be believed" in made.reports[2].refused.en
    assert "roots" in made.reports[2].refused.en
    assert made.number == first.number + 1
    state = place.hub.trust()
    assert set(state.organizations) == {CODE, SECOND_CODE}
    assert state.sources[CODE].number == 2
    path = place.hub.folder / "memory.cbor"
    kept = memory.decode(path.read_bytes()).memory
    assert set(kept.sources) == set(kept.departments) == {CODE, SECOND_CODE}


def test_a_memory_that_would_be_too_large_to_be_read_is_not_written(place):
    place.merge()
    path = place.hub.folder / "memory.cbor"
    before = memory.decode(path.read_bytes())
    sources = {CODE: b"", SECOND_CODE: b""}
    full = replace(before, memory=replace(before.memory, sources=sources))
    room = memory.MAX_BYTES - len(memory.encode(full)) - 100
    sources[SECOND_CODE] = bytes(room)
    path.write_bytes(memory.encode(full))
    state = place.state()
    with pytest.raises(HubError, match="more than"):
        place.merge(place.write("one.elt", place.one.next()))
    assert place.state() == state


def test_the_first_day_of_signing_is_remembered_from_run_to_run(place):
    place.merge()
    token, status = place.one.bundle().keys
    early = replace(token, period=trust.Period(EARLY - 900 * DAY, None))
    path = place.write("one.elt", place.one.next(keys=(early, status)))
    made = place.merge(path)
    kid = place.one.token.public_key.kid.hex()
    assert made.reports[0].keys_raised == (kid,)
    (grant,) = (
        item
        for (code, *_), item in place.hub.trust().token_keys.items()
        if code == CODE
    )
    assert grant.period.signs_from == EARLY
    place.table("types = [", "since = 2024-01-01\ntypes = [")
    place.merge(path)
    grants_ = place.hub.trust().token_keys.items()
    (grant,) = (item for (code, *_), item in grants_ if code == CODE)
    assert grant.period.signs_from.isoformat() == "2023-12-31T16:00:00+00:00"


def test_a_withdrawal_that_names_nothing_is_told(place):
    path = place.hub.folder / "hub.toml"
    with path.open("a", encoding="utf-8") as table:
        table.write(
            f'[[withdrawn]]\nkid = "{"0" * 16}"\n'
            "compromised_from = 2026-01-01T00:00:00Z\n"
        )
    (item,) = place.merge().withdrawn_unmatched
    assert item.name == bytes(8)


def test_a_department_that_left_the_table_leaves_its_numbers_in_the_memory(place):
    place.merge()
    path = place.hub.folder / "hub.toml"
    head, first, other = path.read_text(encoding="utf-8").split("[[department]]")
    path.write_text(f"{head}[[department]]{other}", encoding="utf-8")
    place.merge(place.write("two.elt", place.other.next()))
    kept = memory.decode((place.hub.folder / "memory.cbor").read_bytes()).memory
    assert set(kept.sources) == {SECOND_CODE}
    assert set(kept.departments) == set(kept.floors) == {CODE, SECOND_CODE}
    path.write_text(f"{head}[[department]]{first}[[department]]{other}")
    place.one.number = 0
    made = place.merge(place.write("one.elt", place.one.file()))
    assert "number 0, 1 was seen" in made.reports[0].refused.en


def test_a_lock_that_cannot_be_opened(place):
    (place.hub.folder / "lock").unlink()
    (place.hub.folder / "lock").mkdir()
    paths, before = place.files(), place.state()
    with pytest.raises(files.FileError, match="lock"):
        place.merge(*paths)
    assert place.state() == before


# The memory file.


SIGHTING = SnapshotSighting(CODE, 1, bytes(range(32)), AT)


def example():
    one, other = Bureau(), second()
    result = merged([(one, one.file()), (other, other.file())])
    own = replace(
        result.departments[CODE],
        closings={(CODE, bytes(8)): bytes(32)},
        snapshots={bytes(32): AT},
    )
    kept = replace(remembered(result, own=own), snapshots=(SIGHTING,))
    return Remembered(number=3, published=bytes(range(32)), memory=kept)


MEMORY = example()
ENCODED = memory.encode(MEMORY)


# The second department's entry under the first one's code.
TWICE = ENCODED.replace(SECOND_CODE.encode(), CODE.encode())


def test_a_memory_is_read_back_as_it_was():
    assert memory.decode(ENCODED) == MEMORY
    empty = Remembered()
    assert memory.decode(memory.encode(empty)) == empty


def test_a_memory_of_another_format_or_too_large():
    with pytest.raises(MalformedError, match="format"):
        memory.decode(ENCODED.replace(b"hub-memory/1", b"hub-memory/2"))
    with pytest.raises(MalformedError, match="one spelling"):
        memory.decode(TWICE)
    with pytest.raises(MalformedError, match="more than"):
        memory.decode(bytes(memory.MAX_BYTES + 1))


def test_a_memory_with_no_root_or_other_shapes():
    seen = MEMORY.memory.own
    for wrong in (
        replace(seen, scopes={}),
        replace(seen, scopes={seen.root: 1}),
        replace(seen, lists={(1, 2): 3}),
        replace(seen, lists={("x", True): 3}),
    ):
        changed = replace(MEMORY, memory=replace(MEMORY.memory, own=wrong))
        with pytest.raises(MalformedError):
            memory.decode(memory.encode(changed))
    for wrong in (
        {"number": True},
        {"number": -1},
        {"sha256": b""},
        {"organization": 1},
        {"seen_at": datetime(1969, 12, 31, tzinfo=UTC)},
    ):
        kept = replace(MEMORY.memory, snapshots=(replace(SIGHTING, **wrong),))
        with pytest.raises(MalformedError):
            memory.decode(memory.encode(replace(MEMORY, memory=kept)))
    for floors in ({1: AT}, {CODE: datetime(1969, 12, 31, tzinfo=UTC)}):
        changed = replace(MEMORY, memory=replace(MEMORY.memory, floors=floors))
        with pytest.raises(MalformedError):
            memory.decode(memory.encode(changed))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_bytes_give_a_memory_or_an_error(data):
    edited = bytearray(ENCODED)
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(edited) - 1))
        edited[position] = data.draw(st.integers(0, 255))
    cut = bytes(edited[: data.draw(st.integers(0, len(edited)))])
    for each in (bytes(edited), cut):
        with suppress(MalformedError):
            assert memory.encode(memory.decode(each)) == each


def test_a_root_hands_over_and_verifiers_follow(place):
    place.merge()
    pin, seen = place.hub.table.root, place.hub.trust().seen
    old = key_files(place)
    new = place.hub.rotate_root(AT)
    assert new != pin
    assert place.hub.table.root == new
    assert new in (place.hub.folder / "hub.toml").read_text(encoding="utf-8")
    gone = {name for name in old if name.startswith("root-")}
    assert gone.isdisjoint(key_files(place)), "the old root's private key is wiped"
    place.merge()
    data = place.hub.trust_file.read_bytes()
    state = trust.admit(data, pin, [seen])
    assert (state.seen.root, set(state.organizations)) == (new, {CODE, SECOND_CODE})
    assert trust.admit(data, new).seen.root == new


def test_a_stolen_bundle_key_of_a_hub_is_left_behind(place):
    place.merge()
    pin, seen = place.hub.table.root, place.hub.trust().seen
    before = place.hub.trust_file.read_bytes()
    kid = place.hub.renew_bundle_key(AT)
    assert [name for name in key_files(place) if name.startswith("bundle-")] == [
        f"bundle-{kid}.pem"
    ]
    place.merge()
    after = trust.admit(place.hub.trust_file.read_bytes(), pin, [seen])
    assert after.bundle.statement == seen.statement + 1
    with pytest.raises(trust.RollbackError):
        trust.admit(before, pin, [after.seen])


def with_snapshot(place):
    """Let somebody run the hub, and give it a manifest of the first department."""
    path = place.hub.folder / "hub.toml"
    text = path.read_text(encoding="utf-8")
    head = f'[hub]\norganization = "{HUB_CODE}"'
    path.write_text(text.replace("[hub]", head, 1), encoding="utf-8")
    data = manifest(place.one)
    file = place.write("manifest.cose", data)
    Hub(place.hub.folder).merge(place.files(), AT, snapshots=[file])
    return hashlib.sha256(data).digest()


def test_a_hub_keeps_what_it_saw_from_run_to_run(place):
    digest = with_snapshot(place)
    assert place.hub.trust().sightings == {digest: AT}
    done = place.merge(at=AT + timedelta(hours=1))
    assert [item.seen_at for item in done.snapshots] == [AT]
    assert not done.manifests_refused
    assert place.hub.trust().countersigners == {HUB_CODE}


@pytest.mark.parametrize("use", ["root", "bundle"])
def test_a_hub_whose_own_key_is_withdrawn_countersigns_nothing(place, use):
    digest = with_snapshot(place)
    chain = place.hub._keys.statements()[1]
    keys = {"root": chain.last.root, "bundle": chain.last.bundle_keys[0]}
    path = place.hub.folder / "hub.toml"
    text = path.read_text(encoding="utf-8")
    entry = (
        f'\n[[withdrawn]]\nkid = "{keys[use].kid.hex()}"\n'
        "compromised_from = 2026-11-21T00:00:00Z\n"
    )
    path.write_text(text + entry, encoding="utf-8")
    file = place.folder / "manifest.cose"
    done = Hub(place.hub.folder).merge(place.files(), AT, snapshots=[file])
    assert not place.hub.trust().sightings
    (refused,) = done.manifests_refused
    assert "the hub's own key is withdrawn" in refused.reason.en
    assert not done.withdrawn_unmatched, "it names a key: the hub's"
    hub = Hub(place.hub.folder)
    if use == "root":
        hub.rotate_root(AT)
    else:
        hub.renew_bundle_key(AT)
    place.merge(at=AT + timedelta(hours=1))
    assert Hub(place.hub.folder).trust().sightings == {digest: AT}


def test_a_root_that_is_kept_off_line_is_asked_for(place):
    place.merge()
    (root,) = (name for name in key_files(place) if name.startswith("root-"))
    path = place.hub.folder / "keys" / root
    away = path.rename(place.folder / root)
    for job in (place.hub.rotate_root, place.hub.renew_bundle_key):
        with pytest.raises(HubError, match="off line"):
            job(AT)
    place.merge()
    away.rename(path)
    assert place.hub.rotate_root(AT) == place.hub.table.root


def test_a_rotation_that_was_cut_off_goes_on(place):
    """The statements were replaced; the table and the old key were not reached."""
    place.merge()
    pin = place.hub.table.root
    new = place.hub._keys.rotate_root(AT)
    assert Hub(place.hub.folder).table.root == pin
    place.merge()
    assert trust.admit(place.hub.trust_file.read_bytes(), pin).seen.root == new
    third = place.hub.rotate_root(AT)
    assert place.hub.table.root == third
    place.merge()
    assert trust.admit(place.hub.trust_file.read_bytes(), pin).seen.root == third


def key_files(place):
    return {path.name for path in (place.hub.folder / "keys").glob("*.pem")}
