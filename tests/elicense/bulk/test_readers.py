"""Tables that are odd, damaged or hostile: rows in their place, or one clear error."""

import io
import json
import os
import random
import zipfile
from functools import partial

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elicense import tables
from elicense.bulk import ArrowJudge, readers, sources
from elicense.bulk.aside import LostError
from elicense.bulk.pool import answers
from elicense.bulk.readers import Document, SourceError
from elicense.crew import Limits
from elicense.errors import ElicenseError
from elicense.payload import MAX_QR_TEXT
from elicense.policy import SEALED_ONLY
from elicense.tables import RowsError
from elicense.trust import no_trust
from elicense.validating import validate, validate_text
from tests.elicense.bulk.city import AT

LIMIT = SEALED_ONLY.max_input_bytes
NOTHING = no_trust("nothing")
JUDGE = ArrowJudge(NOTHING, AT, policy=SEALED_ONLY)


def rows(path, **how):
    found = [made for _, made in answers(sources.opened(path, **how), JUDGE)]
    names = ["code", "reason"]
    return [row for made in found for row in made.select(names).to_pylist()]


def here(path, done=0):
    """Return what is read in this process, where another one reads it otherwise."""
    table = sources._Table(path, sources._stamp(path.stat()), LIMIT)
    (looked,) = table._read(table._look)
    assert looked is sources.opened(path).is_documents
    return list(table._read(partial(table._jobs, done)))


def texts(path):
    jobs = list(sources.opened(path).jobs(0))
    assert here(path) == jobs
    return [text for job in jobs for text in job.column(0).to_pylist()]


def parquet(path, table, **how):
    pq.write_table(table, path, **how)
    return path


# Values of any size.


def test_a_document_that_is_too_large_is_its_own_row(tmp_path):
    values = [b"x", bytes(LIMIT + 1), b"y", bytes(3 * LIMIT), None]
    table = pa.table({"document": pa.array(values, pa.large_binary())})
    path = parquet(tmp_path / "in.parquet", table)
    jobs = list(sources.opened(path).jobs(0))
    assert jobs == [
        Document("", data=b"x"),
        Document("", is_too_large=True),
        Document("", data=b"y"),
        Document("", is_too_large=True),
        Document(""),
    ]
    assert here(path) == jobs
    assert here(path, 3) == jobs[3:]
    alone = validate(values[1], NOTHING, AT, policy=SEALED_ONLY)
    found = rows(path)
    assert [row["code"] for row in found] == [
        *("UNSUPPORTED", "UNREADABLE", "UNSUPPORTED", "UNREADABLE", "UNREADABLE")
    ]
    assert found[1]["reason"] == found[3]["reason"] == alone.checks[0].detail
    assert "more than" in found[1]["reason"]


def test_values_far_too_large_are_not_held_together(tmp_path, monkeypatch):
    """Ten of them in one row group, under a reader that may hold four."""
    values = [bytes(64 << 20)] * 10
    table = pa.table({"document": pa.array(values, pa.large_binary())})
    path = tmp_path / "in.parquet"
    how = {"compression": "zstd", "use_dictionary": False, "write_batch_size": 1}
    parquet(path, table, row_group_size=10, **how)
    assert pq.ParquetFile(path).metadata.row_group(0).num_rows == 10
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 256 << 20))
    assert list(sources.opened(path).jobs(0)) == [Document("", is_too_large=True)] * 10


def test_texts_are_read_fewer_at_a_time_where_they_are_large(tmp_path, monkeypatch):
    table = pa.table({"n": range(99), "qr_text": ["A" * (4 << 20)] * 99})
    how = {"use_dictionary": False, "write_batch_size": 1, "compression": "zstd"}
    path = parquet(tmp_path / "in.parquet", table, **how)
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 256 << 20))
    sizes = [len(job) for job in sources.opened(path).jobs(0)]
    assert (max(sizes), sum(sizes)) == (3, 99)


@pytest.mark.parametrize("prefix", ["", "EL1-AQYZ/.:$", "HTTPS://A.CN/#EL1", "证照"])
def test_a_text_that_is_cut_says_what_it_said_whole(tmp_path, prefix):
    whole = prefix + "证A0" * 9000
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"qr_text": whole}))
    (text,) = texts(path)
    assert text == whole[: MAX_QR_TEXT + 1]
    assert validate_text(text, NOTHING, AT) == validate_text(whole, NOTHING, AT)
    table = pa.table({"qr_text": [whole]})
    assert texts(parquet(tmp_path / "in.parquet", table)) == [text]


def test_what_was_read_is_not_kept(tmp_path, monkeypatch):
    """Forty row groups of 8 MiB each that no codec makes smaller."""
    path, dice = tmp_path / "in.parquet", random.Random(1)
    schema = pa.schema([("qr_text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for _ in range(40):
            column = pa.array([dice.randbytes(2000).hex() for _ in range(2048)])
            writer.write_table(pa.Table.from_arrays([column], schema=schema))
    assert path.stat().st_size > 160 << 20
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 150 << 20))
    assert sum(len(job) for job in sources.opened(path).jobs(0)) == 40 * 2048


# Parquet that is odd or hostile.


def test_texts_that_are_no_unicode_are_rows(tmp_path):
    raw = pa.array([b"\xff\xfe", b"ok", None, b"\xed\xa0\x80"], pa.binary())
    table = pa.table({"qr_text": raw.view(pa.string())})
    found = texts(parquet(tmp_path / "in.parquet", table))
    assert found == ["\ufffd\ufffd", "ok", None, "\ufffd\ufffd\ufffd"]


def test_large_and_encoded_texts_are_given_as_strings(tmp_path):
    for column in (
        pa.array(["a", None], pa.large_string()),
        pa.array(["a", None]).dictionary_encode(),
    ):
        path = parquet(tmp_path / "in.parquet", pa.table({"qr_text": column}))
        (job,) = sources.opened(path).jobs(0)
        assert job.schema == pa.schema([("qr_text", pa.string())])
        assert job.column(0).to_pylist() == ["a", None]


def good_parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({"qr_text": ["a", "b"] * 50}), out)
    return out.getvalue()


def nested(depth):
    kind = pa.string()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    out = io.BytesIO()
    arrays = [pa.nulls(1, kind), pa.array(["x"])]
    pq.write_table(pa.Table.from_arrays(arrays, ["n", "qr_text"]), out)
    return out.getvalue()


def twice():
    out, column = io.BytesIO(), pa.array(["x"])
    pq.write_table(pa.Table.from_arrays([column, column], ["qr_text"] * 2), out)
    return out.getvalue()


DAMAGED = {
    "nothing": (lambda: b"", RowsError),
    "a footer of two GiB": (
        lambda: good_parquet()[:-8] + (1 << 31).to_bytes(4, "little") + b"PAR1",
        RowsError,
    ),
    "a footer of three bytes": (
        lambda: good_parquet()[:-8] + b"\3\0\0\0PAR1",
        RowsError,
    ),
    "cut off": (lambda: good_parquet()[:-40] + b"PAR1", RowsError),
    "a schema of 900 floors": (lambda: nested(900), RowsError),
    "two columns of one name": (twice, SourceError),
}


@pytest.mark.parametrize(("make", "error"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_one_error(tmp_path, make, error):
    path = tmp_path / "in.parquet"
    path.write_bytes(make())
    with pytest.raises(error):
        rows(path)
    with pytest.raises(error):
        here(path)


def test_bytes_that_were_changed_are_rows_or_one_error(tmp_path):
    dice, good = random.Random(5), good_parquet()
    path, outcomes = tmp_path / "in.parquet", set()
    for _ in range(25):
        data = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            data[dice.randrange(4, len(data) - 8)] = dice.randrange(256)
        path.write_bytes(data)
        try:
            outcomes.add(len(rows(path)))
        except ElicenseError as err:
            outcomes.add(type(err))
    assert RowsError in outcomes


def test_a_name_in_a_row_group_that_is_no_text_is_one_error(tmp_path):
    path = parquet(tmp_path / "in.parquet", pa.table({"qr_text": ["a"]}))
    data = path.read_bytes()
    last = data.rindex(b"\x07qr_text") + 1  # behind that of the schema
    assert data.index(b"\x07qr_text") < last - 1
    path.write_bytes(data[:last] + b"\xff" + data[last + 1 :])
    with pytest.raises(RowsError):
        texts(path)


def test_a_page_that_grows_without_end_is_one_error(tmp_path, monkeypatch):
    table = pa.table({"qr_text": pa.array(["A" * (1 << 20)] * 500, pa.large_string())})
    how = {"compression": "zstd", "use_dictionary": False}
    path = parquet(tmp_path / "in.parquet", table, **how)
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 256 << 20))
    with pytest.raises((RowsError, LostError), match=r"more memory|died"):
        rows(path)


# Spreadsheets and lines.


def book(path, *lines):
    made = openpyxl.Workbook()
    for line in lines:
        made.active.append(line)
    made.save(path)
    return path


def test_rows_of_a_sheet_that_say_nothing_are_none(tmp_path):
    path = book(tmp_path / "a.xlsx", ["n", "qr_text"], [], [1, "x"], [2], [], [""])
    assert texts(path) == ["x", ""]


def test_a_sheet_that_nobody_sees_is_not_read(tmp_path):
    path = tmp_path / "a.xlsx"
    made = openpyxl.Workbook()
    made.active.append(["qr_text"])
    made.active.append(["hidden"])
    made.active.sheet_state = "hidden"
    shown = made.create_sheet("shown")
    shown.append(["qr_text"])
    shown.append(["x"])
    made.active = 1
    made.save(path)
    assert texts(path) == ["x"]


def test_a_sheet_has_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_SHEET_ROWS", 3)
    with pytest.raises(RowsError, match="more than 3 rows"):
        texts(book(tmp_path / "a.xlsx", ["qr_text"], *[["x"]] * 3))


def bombed(path, part, chunks):
    """Write a workbook one of whose parts is other XML."""
    source = book(path.with_name("plain.xlsx"), ["qr_text"], ["x"])
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w", 8) as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
        with new.open(part, "w") as file:
            for chunk in chunks:
                file.write(chunk)
    return path


MAIN = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def test_an_archive_that_grows_without_end_is_one_error(tmp_path, monkeypatch):
    head = b"<sheetData><row><c t='inlineStr'><is><t>"
    chunks = [b"<worksheet " + MAIN + b">" + head, *[b"A" * (1 << 20)] * 500]
    path = bombed(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", chunks)
    assert path.stat().st_size < 1 << 20
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 128 << 20))
    with pytest.raises((RowsError, LostError), match=r"more memory|xlsx file"):
        rows(path)


LINES = {
    "NUL bytes": ("a.csv", b"qr_text\na\0b\n", ["a\0b"]),
    "a mark": ("a.jsonl", b'\xef\xbb\xbf{"qr_text":"x"}\n', ["x"]),
    "UTF-16 JSON": ("a.jsonl", '{"qr_text":"x"}'.encode("utf-16-be"), [""]),
    "more cells": ("a.csv", b"n,qr_text\n1\n1,x,3,4\n", ["", "x"]),
    "a list": ("a.jsonl", b'[{"qr_text":"x"}]\n', [""]),
    "long numbers": ("a.jsonl", b'{"n":' + b"9" * 5000 + b',"qr_text":"x"}', [""]),
}


@pytest.mark.parametrize(("name", "data", "found"), LINES.values(), ids=LINES)
def test_odd_lines_are_rows(tmp_path, name, data, found):
    (tmp_path / name).write_bytes(data)
    assert texts(tmp_path / name) == found


REFUSED = {
    "UTF-16": ("a.csv", "qr_text\nx\n".encode("utf-16")),
    "semicolons": ("a.csv", b"n;qr_text\n1;x\n"),
    "ends of lines of old": ("a.csv", b"qr_text\rx\ry\r"),
    "a quote without an end": ("a.csv", b'qr_text\n"x'),
}


@pytest.mark.parametrize(("name", "data"), REFUSED.values(), ids=REFUSED)
def test_another_spelling_of_csv_is_told_before_anything_is_kept(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    for read in (sources.opened, here):
        with pytest.raises((RowsError, SourceError)):
            read(tmp_path / name)


def test_a_line_of_a_gigabyte_is_not_held(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "READER_LIMITS", Limits(60, 64 << 20))
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"qr_text":"')
        file.truncate(200 << 20)
    with pytest.raises(RowsError, match="too long"):
        sources.opened(path)


# A file that changes.


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(readers, "JOB_ROWS", 100)
    path = tmp_path / "a.csv"
    path.write_text("qr_text\n" + f"{'x' * 4000}\n" * 9000)
    source = sources.opened(path)
    jobs = source.jobs(0)
    next(jobs)
    found = path.stat()
    with path.open("r+b") as file:
        file.seek(found.st_size - 9)
        file.write(b"y")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    with pytest.raises(SourceError, match="was changed"):
        list(jobs)
    with pytest.raises(SourceError, match="was changed"):
        list(source.jobs(0))
    table = sources._Table(path, (0,), LIMIT)
    with pytest.raises(SourceError, match="was changed"):
        list(table._read(table._look))


@pytest.mark.parametrize(
    "column", [{"text": ["x"]}, {"qr_text": [1]}, {"document": ["x"]}]
)
def test_a_column_of_another_name_or_type_is_told(tmp_path, column):
    path = parquet(tmp_path / "in.parquet", pa.table(column))
    for read in (sources.opened, here):
        with pytest.raises(SourceError):
            read(path)


def test_a_path_of_nothing_or_of_another_kind_is_told(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        sources.opened(tmp_path / "in.csv")
    (tmp_path / "in.txt").write_text("x")
    with pytest.raises(SourceError, match="expected a folder"):
        sources.opened(tmp_path / "in.txt")


def test_names_that_are_no_text_are_told_as_well_as_can_be(tmp_path):
    (tmp_path / os.fsdecode(b"a\xff.pdf")).write_bytes(b"x")
    (tmp_path / "b.pdf").write_bytes(b"x")
    source = sources.opened(tmp_path)
    assert [job.name for job in source.jobs(0)] == ["a\ufffd.pdf", "b.pdf"]
    assert len(rows(tmp_path)) == 2
    assert sources.opened(tmp_path).identity == source.identity
    (tmp_path / "b.pdf").write_bytes(b"y")
    assert sources.opened(tmp_path).identity != source.identity
