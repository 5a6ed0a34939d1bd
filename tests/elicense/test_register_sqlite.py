"""The SQLite driver: the contract, and what only a file can do."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial

import pytest

from elicense.errors import RegisterError
from elicense.events import EventKind
from elicense.lifecycle import State
from elicense.register import Register, columns, sqlite, sqlite_issued
from elicense.register.sqlite import EVENT_PAGE, SqliteRegister
from tests.elicense.register_contract import (
    AT,
    LIST,
    RegisterContract,
    event,
    everything,
    exported,
    happen,
    held,
    issue,
    request,
    reserve,
    revoke,
    state,
    statuses,
)
from tests.elicense.register_contract import (
    test_values_that_do_not_go_together as test_values_that_do_not_go_together,  # noqa: PLC0414  collected here
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "register.db"


@pytest.fixture
def register(path):
    with SqliteRegister.create(path) as register:
        yield register


def raw(path, *statements):
    """Run statements past the driver, as a wrong program would."""
    with closing(sqlite3.connect(path)) as conn:
        rows = [conn.execute(statement).fetchall() for statement in statements]
        conn.commit()
    return rows


class TestSqlite(RegisterContract):
    """Every promise of the port."""

    @pytest.fixture
    def opener(self, path):
        SqliteRegister.create(path).close()
        return partial(SqliteRegister.open, path)

    @pytest.fixture
    def another_opener(self, path):
        other = path.with_name("another.db")
        SqliteRegister.create(other).close()
        return partial(SqliteRegister.open, other)

    def set_counter(self, opener, name, value):
        with closing(sqlite3.connect(opener.args[0])) as conn, conn:
            conn.execute("INSERT INTO counter VALUES (?, ?)", (name, value))

    def check_sound(self, opener):
        integrity, foreign = raw(
            opener.args[0], "PRAGMA integrity_check", "PRAGMA foreign_key_check"
        )
        assert integrity == [("ok",)]
        assert foreign == []


def test_it_is_a_register(register):
    port: Register = register
    assert port.count() == 0


# The file


def test_only_the_owner_reads_it(register, path):
    before = os.umask(0)
    try:
        issue(register, 1)
        with SqliteRegister.create(path.with_name("wide.db")) as wide:
            issue(wide, 1)
            modes = {
                file.name: stat.S_IMODE(file.stat().st_mode)
                for file in path.parent.iterdir()
            }
    finally:
        os.umask(before)
    assert set(modes) == {
        f"{name}.db{suffix}"
        for name in ("register", "wide")
        for suffix in ("", "-wal", "-shm")
    }
    assert set(modes.values()) == {0o600}


def test_it_is_durable_by_its_settings(register):
    file = register._file
    assert file.run("PRAGMA journal_mode") == [("wal",)]
    assert file.run("PRAGMA synchronous") == [(2,)]
    assert file.run("PRAGMA foreign_keys") == [(1,)]


def test_a_file_is_never_replaced(register, path):
    issue(register, 1)
    before = everything(register)
    with pytest.raises(RegisterError, match="the file exists"):
        SqliteRegister.create(path)
    assert everything(register) == before


def test_a_creation_that_fails_leaves_no_file(path):
    path.with_name("register.db-wal").mkdir()
    with pytest.raises(RegisterError):
        SqliteRegister.create(path)
    assert not path.exists()


def test_a_folder_that_does_not_exist(path):
    missing = path / "deeper.db"
    for make in (SqliteRegister.create, SqliteRegister.open):
        with pytest.raises(RegisterError, match="can not be opened"):
            make(missing)
    assert not path.exists()


def test_opening_makes_no_file(path):
    with pytest.raises(RegisterError):
        SqliteRegister.open(path)
    assert not path.exists()


def test_a_name_with_marks_of_an_address(tmp_path):
    path = tmp_path / "登记 100%?mode=memory#x.db"
    with SqliteRegister.create(path) as register:
        issue(register, 1)
    with SqliteRegister.open(str(path)) as register:
        assert register.count() == 1
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


FOREIGN = {
    "an empty file": lambda path: path.write_bytes(b""),
    "a text": lambda path: path.write_text("登记库" * 1000, encoding="utf-8"),
    "another program's database": lambda path: raw(
        path, "CREATE TABLE license (identifier TEXT)", "PRAGMA user_version = 1"
    ),
    "a creation that was cut short": lambda path: raw(
        path, "PRAGMA application_id = 1162629703"
    ),
    "a folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_a_register(path, make):
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(RegisterError) as caught:
        SqliteRegister.open(path)
    assert "登记库" in caught.value.message.zh
    if path.is_file() and before:
        assert b"INSERT" not in path.read_bytes()


def test_a_register_of_a_newer_program(register, path):
    register.close()
    raw(path, "PRAGMA user_version = 99")
    with pytest.raises(RegisterError) as caught:
        SqliteRegister.open(path)
    assert "upgrade" in caught.value.message.en
    assert "升级" in caught.value.message.zh


def test_a_register_of_an_earlier_trial_version(register, path):
    issue(register, 1)
    register.close()
    raw(path, "PRAGMA user_version = 1")
    before = path.read_bytes()
    with pytest.raises(RegisterError) as caught:
        SqliteRegister.open(path)
    assert "earlier trial version" in caught.value.message.en
    assert "早期试用版本" in caught.value.message.zh
    assert path.read_bytes() == before


def test_damaged_pages(register, path):
    for number in range(60):
        issue(register, number)
    register.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(RegisterError), SqliteRegister.open(path) as damaged:
        everything(damaged)


def test_a_file_cut_short(register, path):
    for number in range(60):
        issue(register, number)
    register.close()
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(RegisterError), SqliteRegister.open(path) as damaged:
        everything(damaged)


SPAN = (
    "INSERT INTO span SELECT issuer, list_id, list_index, {since}, '{state}'"
    " FROM license"
)
WRONG_CONTENT = {
    "a state that there is not": SPAN.format(since=1 << 40, state="SOLD"),
    "a span that repeats the issue": SPAN.format(since=1 << 40, state="ISSUED"),
    "a span that is only reserved": SPAN.format(since=1 << 40, state="RESERVED"),
    "a span after the end of time": SPAN.format(since=1 << 60, state="REVOKED"),
    "a plan without an issue": (
        "INSERT INTO span SELECT issuer, list_id, list_index, 0, 'REVOKED'"
        " FROM license; UPDATE license SET issued_at = NULL"
    ),
    "a day that there is not": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'SUSPENDED',"
        " 'held', 0, 0, '2027-02-30', NULL, '', NULL)"
    ),
    "an instant after the end of time": "UPDATE license SET instant = 1 << 60",
    "a kind that there is not": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'SOLD', NULL,"
        " 0, 0, NULL, NULL, '', NULL)"
    ),
    "a reason that there is not": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'REVOKED',"
        " 'tired', 0, 0, NULL, NULL, '', NULL)"
    ),
    "a decision that is no JSON": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'REVOKED',"
        " 'forfeited', 0, 0, NULL, '{', '', NULL)"
    ),
    "a decision of a thousand boxes": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'REVOKED',"
        " 'forfeited', 0, 0, NULL, replace(hex(zeroblob(50000)), '00', '['), '', NULL)"
    ),
    "a penalty without a decision": (
        "INSERT INTO event VALUES (9, (SELECT identifier FROM license), 'REVOKED',"
        " 'forfeited', 0, 0, NULL, NULL, '', NULL)"
    ),
}


@pytest.mark.parametrize("statement", WRONG_CONTENT.values(), ids=WRONG_CONTENT)
def test_content_that_no_register_writes(register, path, statement):
    issue(register, 1)
    raw(path, *statement.split("; "))
    with pytest.raises(RegisterError, match="damaged"):
        everything(register)


WRONG_COLUMNS = {
    "a text for an integer": (columns.integer, "1"),
    "nothing for an integer": (columns.integer, None),
    "bytes for a text": (columns.text, b"1"),
    "an integer for a text": (columns.text, 1),
    "a text for a bundle": (lambda value: columns.publication((1, 0, 0, value)), "1"),
    "a plan of numbers": (lambda value: columns._plan(0, value), "[1]"),
    "a plan of texts": (lambda value: columns._plan(0, value), '["ISSUED"]'),
    "a plan of mixed kinds": (
        lambda value: columns._plan(0, value),
        '[[1, "ISSUED"], ["1", 2]]',
    ),
    "a publication before the first": (
        lambda value: columns.publication((value, 0, 0, b"")),
        0,
    ),
}


@pytest.mark.parametrize(
    ("read", "value"), WRONG_COLUMNS.values(), ids=list(WRONG_COLUMNS)
)
def test_columns_of_a_wrong_kind(read, value):
    with pytest.raises(RegisterError, match="damaged"):
        columns.decoded(lambda row: read(row[0]), (value,))


FORBIDDEN = {
    "deleting a license": "DELETE FROM license",
    "deleting an event": "DELETE FROM event",
    "rewriting an event": "UPDATE event SET recorded_at = 0",
}


@pytest.mark.parametrize("statement", FORBIDDEN.values(), ids=FORBIDDEN)
def test_the_file_itself_refuses(register, path, statement):
    issue(register, 1)
    before = everything(register)
    with pytest.raises(sqlite3.IntegrityError):
        raw(path, statement)
    assert everything(register) == before


# Trouble


def test_a_locked_register(register, path):
    one = issue(register, 1)
    before = everything(register)
    with SqliteRegister.open(path, timeout=0.05) as hasty, register.batch():
        for call in (
            lambda: reserve(hasty, 2),
            lambda: revoke(hasty, one),
            lambda: hasty.take_number("bundle"),
        ):
            with pytest.raises(RegisterError) as caught:
                call()
            assert "locked" in caught.value.message.en
            assert "占用" in caught.value.message.zh
        assert state(hasty, one) is State.ISSUED
    assert everything(register) == before


def fill(register, free_pages):
    file = register._file
    pages = file.run("PRAGMA page_count")[0][0] + free_pages
    file.run(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_keeps_nothing_of_a_call(register):
    one = reserve(register, 1).identifier
    before = everything(register)
    fill(register, 2)
    with pytest.raises(RegisterError) as caught:
        register.store_output(one, b"token", bytes(100_000))
    assert "full" in caught.value.message.en
    assert "磁盘" in caught.value.message.zh
    with pytest.raises(RegisterError):
        register.reserve(request(2), lambda _: ("1.2.3", bytes(100_000)))
    assert everything(register) == before
    register._file.run("PRAGMA max_page_count = 100000")
    register.store_output(one, b"token", bytes(100_000))
    assert reserve(register, 2).allocation.serial == "20260000002"


def test_a_full_disk_takes_a_batch_back(register):
    issue(register, 1)
    before = everything(register)
    fill(register, 2)

    def many():
        with register.batch():
            issue(register, 2)
            register.reserve(request(3), lambda _: ("1.2.3", bytes(100_000)))

    with pytest.raises(RegisterError, match="full"):
        many()
    assert everything(register) == before


def test_a_batch_that_sqlite_gave_up_is_not_carried_on(register):
    issue(register, 1)
    before = everything(register)

    def many():
        with register.batch():
            issue(register, 2)
            register._file.run("ROLLBACK")  # as SQLite does on some errors
            with pytest.raises(RegisterError, match="taken back"):
                issue(register, 3)

    with pytest.raises(RegisterError):
        many()
    assert everything(register) == before
    assert issue(register, 4)


def test_a_read_only_register(register):
    issue(register, 1)
    register._file.run("PRAGMA query_only = 1")
    before = everything(register)
    with pytest.raises(RegisterError, match="read-only"):
        reserve(register, 2)
    assert everything(register) == before


def test_errors_name_no_one(register):
    one = reserve(register, 1).identifier
    texts = []
    for call in (
        lambda: register.reserve(request(1, digest=bytes(32)), None),
        lambda: register.reserve(request(2), lambda _: (one, "张示例".encode())),
        lambda: register.store_output("张示例", b"", b""),
        lambda: register.get("990101199001010019"),
    ):
        with pytest.raises(Exception, match=r".") as caught:
            call()
        texts.append(str(caught.value))
    texts.append(repr(register.get(one)))
    texts.append(repr(request(1)))
    for text in texts:
        assert "张示例" not in text
        assert "990101199001010019" not in text
        assert "JY29901010000018" not in text


# Speed


def test_a_status_list_is_made_without_the_licenses_that_are_in_force(register):
    with register.batch():
        for number in range(200):
            issue(register, number)
    assert register._file.run("SELECT COUNT(*) FROM span") == [(0,)]
    happen(register, held(next(register.rows()).identifier))
    assert register._file.run("SELECT COUNT(*) FROM span") == [(1,)]
    assert len(statuses(register, LIST)) == 1
    plan = register._file.run(f"EXPLAIN QUERY PLAN {sqlite._STATUSES}", ("", 0, 0))
    assert not any("license" in str(row[3]) for row in plan)


def test_what_is_in_force_is_found_by_the_number_alone(register):
    plan = register._file.run(
        f"EXPLAIN QUERY PLAN {sqlite._IN_FORCE}", ("JY29901010000018", 0, 1)
    )
    steps = [str(row[3]) for row in plan]
    assert any("license_number" in step for step in steps)
    assert not any("SCAN" in step or "TEMP B-TREE" in step for step in steps)


def test_a_full_disk_takes_nothing_over(register, path):
    with SqliteRegister.create(path.with_name("another.db")) as another:
        issue(another, 1)
        another.reserve(request(2), lambda _: ("1.2.3", bytes(100_000)))
        before = everything(register)
        fill(register, 2)
        with pytest.raises(RegisterError, match="full"):
            register.adopt(exported(another))
        assert everything(register) == before
        register._file.run("PRAGMA max_page_count = 100000")
        assert register.adopt(exported(another)) == 2


# Use


def test_threads_use_their_own_connections(register):
    seen = []

    def work(number):
        issue(register, number)
        seen.append(register._file.connection())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, seen))) == 4
    assert register.count() == 4
    register.close()
    for connection in seen:
        with pytest.raises(sqlite3.ProgrammingError):
            connection.execute("SELECT 1")


def test_letting_go_opens_nothing(register, path):
    register.let_go()
    moved = path.rename(path.with_name("moved.db"))
    register.let_go()
    assert [file.name for file in path.parent.iterdir()] == ["moved.db"]
    moved.rename(path)
    assert register.count() == 0
    register.close()
    with pytest.raises(ValueError, match="closed"):
        register.let_go()


FORK = """
import os, sys
from elicense.register.sqlite import SqliteRegister
from tests.elicense.register_contract import issue
register = SqliteRegister.open(sys.argv[1])
issue(register, "before")
parents = register._file.connection()
child = os.fork()
if child == 0:
    issue(register, "in the child")
    own = register._file.connection() is not parents
    register.close()
    parents.execute("PRAGMA user_version")  # raises if it was closed
    os._exit(0 if own else 1)
assert os.waitpid(child, 0)[1] == 0
issue(register, "in the parent")
print(register.count())
register.close()
"""


def test_a_forked_process_opens_its_own(register, path):
    done = subprocess.run(
        [sys.executable, "-c", FORK, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.stdout == "3\n"
    assert done.stderr == ""
    assert register.count() == 3


def test_leaving_the_block_leaves_one_file(path):
    with SqliteRegister.create(path) as register:
        issue(register, 1)
    assert [file.name for file in path.parent.iterdir()] == ["register.db"]
    with pytest.raises(ValueError, match="closed"):
        register.count()


def test_more_events_than_a_page(register):
    one = issue(register, 1)
    with register.batch():
        for number in range(EVENT_PAGE):
            if number % 2:
                happen(register, event(one, EventKind.ISSUED))
        for number in range(EVENT_PAGE):
            register.reserve(request(f"n{number}"), lambda p: (p.serial, b""))
    seqs = [item.seq for item in register.events_since(0)]
    assert seqs == list(range(1, EVENT_PAGE * 3 // 2 + 3))


def test_more_tokens_than_a_page(register):
    with register.batch():
        for number in range(sqlite_issued.PAGE + 2):
            issue(register, number)
    seqs = [seq for seq, _ in register.issued()]
    assert len(set(seqs)) == sqlite_issued.PAGE + 2
    assert seqs == sorted(seqs)


def test_nothing_is_opened_at_import():
    code = (
        "import sys; seen = []; sys.addaudithook(lambda name, args: seen.append(name)"
        " if name.startswith('sqlite3.') else None);"
        " import elicense.register.sqlite; assert seen == [], seen;"
        " import elicense.register as port; assert port"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_the_port_does_not_load_a_driver():
    code = (
        "import sys, elicense.register;"
        " assert 'sqlite3' not in sys.modules;"
        " assert 'elicense.register.sqlite' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_instants_are_seconds_in_the_file(register, path):
    issue(register, 1)
    rows = raw(path, "SELECT typeof(instant), instant, list_id FROM license")[0]
    assert rows == [("integer", int(AT.timestamp()), LIST)]
