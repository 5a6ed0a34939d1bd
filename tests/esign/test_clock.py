"""The clock gives whole seconds in UTC, and nothing else reads it."""

import ast
from datetime import UTC, datetime, timedelta

from esign import clock
from tests.support import ROOT

READERS = {"now", "utcnow", "today", "time", "time_ns"}


def test_now_is_aware_utc_whole_seconds_and_the_machines_own_time():
    before = datetime.now(UTC)  # noqa: TID251  the clock is what is tested
    instant = clock.now()
    after = datetime.now(UTC)  # noqa: TID251  the clock is what is tested
    assert instant.utcoffset() == timedelta(0)
    assert instant.microsecond == 0
    assert before - timedelta(seconds=1) < instant <= after


def test_no_other_module_reads_the_machines_clock():
    found = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in READERS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time"}
    }
    assert found == {"esign/clock.py"}
