"""Rows of spreadsheets and of Parquet files, made by the libraries that read them."""

import datetime as dt
import io
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from elicense import samples
from elicense.catalog import Catalog
from elicense.catalog.application import MAX_APPLICATION
from elicense.errors import ApplicationError
from elicense.issuing import Request, rows
from tests.elicense.test_type_rules import PERMIT

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
TYPE = Catalog.builtin().get("food-business")


def application(number: int) -> dict[str, object]:
    """An invented application, and the key that its row has."""
    return {"id": f"row-{number}", **samples.variant("food-business", AT, number)}


def cells(number: int) -> dict[str, object]:
    """The same as a clerk writes it into a table."""
    row = application(number)
    (holder,) = row.pop("holders")
    row["issue_date"] = date.fromisoformat(row["issue_date"])
    for key in ("items", "warehouses"):
        row[key] = ";".join(row[key])
    return {**row, "holders.name": holder["name"], "holders.code": holder["code"]}


def workbook(*lines) -> io.BytesIO:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out


def table(found: list[dict[str, object]]) -> io.BytesIO:
    out = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(found), out)
    return out


def expected(*numbers: int) -> list[Request]:
    return [rows.request_of(TYPE.name, application(number)) for number in numbers]


def read(stream: io.BytesIO, ending: str):
    stream.seek(0)
    return list(rows.read(stream, ending, TYPE))


def test_a_spreadsheet_says_what_its_rows_say_as_json():
    heads = list(cells(1))
    stream = workbook(heads, *(list(cells(number).values()) for number in (1, 2, 3)))
    assert read(stream, ".xlsx") == expected(1, 2, 3)


def test_rows_of_a_field_stand_in_a_cell_as_json():
    cell = '[{"unit": "甲;乙", "part": "设计"}]'
    row = rows.application_of(
        PERMIT, {"kind": "甲类", "units": cell, "colour": "红;绿"}
    )
    assert row["units"] == [{"unit": "甲;乙", "part": "设计"}]
    assert row["colour"] == ["红", "绿"]
    for wrong in ("甲;乙", '{"unit": "甲"}, 1', "[{"):
        with pytest.raises(ApplicationError) as caught:
            rows.application_of(PERMIT, {"units": wrong})
        (problem,) = caught.value.problems
        assert (problem.field, problem.message.zh) == ("units", "应为 JSON 数组")


def test_blank_lines_and_blank_cells_at_the_end_of_a_spreadsheet_say_nothing():
    heads, line = list(cells(1)), list(cells(1).values())
    stream = workbook([*heads, "origin"], [], [*line, None], [None] * 3, [*line, ""])
    assert read(stream, ".xlsx") == expected(1, 1)


def test_a_number_in_a_cell_is_its_digits():
    row = cells(1)
    row["complaint_phone"], row["id"] = 12315, 7.0
    (found,) = read(workbook(list(row), list(row.values())), ".XLSX")
    assert found.application["complaint_phone"] == "12315"
    assert found.number == "7"


def test_a_parquet_file_says_what_its_rows_say_as_json():
    assert read(table([application(1), application(2)]), ".parquet") == expected(1, 2)


def test_typed_days_and_nulls_of_a_parquet_file_are_texts_and_nothing():
    row = {**application(1), "origin": None}
    row["issue_date"] = date.fromisoformat(row["issue_date"])
    assert read(table([row]), ".parquet") == expected(1)
    open_ended = {**application(1), "valid_until": "长期"}
    (found,) = read(table([open_ended]), ".parquet")
    assert found.application["valid_until"] is None


def test_many_rows_of_a_parquet_file_come_in_their_order():
    found = read(table([application(number) for number in range(450)]), ".parquet")
    assert [request.number for request in found] == [f"row-{n}" for n in range(450)]


def test_a_row_that_cannot_be_used_is_an_error_in_its_place():
    row = {**application(1), "id": "two\nlines"}
    first, second, third = read(
        table([application(0), row, application(2)]), ".parquet"
    )
    assert isinstance(second, ApplicationError)
    assert [first, third] == expected(0, 2)


def only_problem(found) -> tuple[str, str]:
    """Return field and text of the one problem of the one row."""
    (error,) = found
    assert isinstance(error, ApplicationError), error
    (problem,) = error.problems
    return problem.field, problem.message.en


def sheet_with(column: str, value, *, number_format: str | None = None):
    row = cells(1) | {column: value}
    stream = workbook(list(row), list(row.values()))
    if number_format is None:
        return stream
    book = openpyxl.load_workbook(stream)
    cell = book.active.cell(2, list(row).index(column) + 1)
    cell.number_format = number_format
    out = io.BytesIO()
    book.save(out)
    return out


LOSSES = {
    "an 18-digit number, of which fifteen are left": (123456789012345678, "15 digits"),
    "the first number that may have lost a digit": (10**15, "15 digits"),
    "an error of a reference": ("#REF!", "an error value"),
    "a value that was not found": ("#N/A", "an error value"),
    "a formula that was never calculated": ("=1+1", "without a stored result"),
    "yes or no": (True, "no other kind of value"),
    "a day with a time": (datetime(2026, 11, 21, 8, 30), "without a time"),  # noqa: DTZ001
    "a time alone": (time(8, 30), "no other kind of value"),
    "a fraction that is none in decimals": (1 / 3, "not exact"),
    "a line break in an escape": ("示例_x000D_路", "control character"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_cell_that_lost_something_is_refused_by_its_column(case):
    value, reason = LOSSES[case]
    field, text = only_problem(read(sheet_with("remarks", value), ".xlsx"))
    assert field == "remarks"
    assert reason in text


@pytest.mark.parametrize("form", ["00000", "0%", "0.00%"])
def test_a_number_that_is_shown_otherwise_is_refused(form):
    stream = sheet_with("remarks", 12, number_format=form)
    field, text = only_problem(read(stream, ".xlsx"))
    assert (field, "another spelling" in text) == ("remarks", True)


KEPT = {
    "the largest number without a loss": (10**15 - 1, "9" * 15),
    "a fraction": (12.5, "12.5"),
    "a whole number with a point": (7.0, "7"),
    "nothing below": (-0.0, "0"),
    "zero": (0, "0"),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_number_that_lost_nothing_is_its_digits(case):
    value, text = KEPT[case]
    (found,) = read(sheet_with("remarks", value), ".xlsx")
    assert found.application["remarks"] == text


def with_sheet(stream: io.BytesIO, change) -> io.BytesIO:
    """Return a workbook whose sheet was edited as XML."""
    out = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                changed = change(data)
                assert changed != data
                data = changed
            new.writestr(name, data)
    return out


@pytest.mark.parametrize(
    ("stored", "expected_text"),
    {
        "a text": ((b' t="str"', b"<v>12315</v>"), "12315"),
        "a number": ((b"", b"<v>12315</v>"), "12315"),
        "an empty text": ((b' t="str"', b"<v></v>"), None),
    }.values(),
)
def test_a_formula_is_its_stored_result(stored, expected_text):
    kind, value = stored

    def calculated(data: bytes) -> bytes:
        start = data.index(b"<f>")
        head = data.rindex(b"<c ", 0, start)
        end = data.index(b"</c>", start)
        place = data[head:start].split(b'"')[1]
        cell = b'<c r="%s"%s><f>A1</f>%s' % (place, kind, value)
        return data[:head] + cell + data[end:]

    stream = with_sheet(sheet_with("complaint_phone", "=A1"), calculated)
    (found,) = read(stream, ".xlsx")
    assert found.application.get("complaint_phone") == expected_text


def test_a_sheet_that_calls_itself_smaller_loses_nothing():
    heads, line = list(cells(1)), list(cells(1).values())
    stream = with_sheet(
        workbook(heads, line, line),
        lambda data: data.replace(
            data[data.index(b"<dimension") : data.index(b"<sheetViews")],
            b'<dimension ref="A1:B2"/>',
        ),
    )
    assert read(stream, ".xlsx") == expected(1, 1)


WRONG_COLUMNS = {
    "bytes": (b"12315", "no other kind of value"),
    "yes or no": (True, "no other kind of value"),
    "no number": (float("nan"), "not a number"),
    "infinity": (float("inf"), "not a number"),
    "a large number that is not exact": (2.0261121e17, "15 digits"),
    "an instant of some zone": (datetime(2026, 11, 21, tzinfo=UTC), "without a time"),
    "a span of time": (dt.timedelta(days=1), "no other kind of value"),
    "a list with bytes": ([b"1"], "no other kind of value"),
    "a structure with a fraction": ({"name": 1 / 3}, "not exact"),
}


@pytest.mark.parametrize("case", WRONG_COLUMNS)
def test_a_typed_value_that_is_no_text_is_refused_by_its_column(case):
    value, reason = WRONG_COLUMNS[case]
    stream = table([application(1) | {"remarks": value}])
    field, text = only_problem(read(stream, ".parquet"))
    assert field == "remarks"
    assert reason in text


@pytest.mark.parametrize(
    ("value", "text"),
    [(202611210000000001, "202611210000000001"), (Decimal("12.50"), "12.50")],
)
def test_exact_numbers_of_a_parquet_file_are_their_digits(value, text):
    (found,) = read(table([application(1) | {"remarks": value}]), ".parquet")
    assert found.application["remarks"] == text


def csv_of(*lines: str) -> io.BytesIO:
    return io.BytesIO("\r\n".join(lines).encode())


@pytest.mark.parametrize(
    ("text", "reason"),
    [("2.02611E+17", "15 digits"), ("1E+15", "15 digits"), ("#REF!", "an error value")],
)
def test_what_a_spreadsheet_writes_for_what_it_held_is_refused(text, reason):
    field, found = only_problem(read(csv_of("case,remarks", f"1,{text}"), ".csv"))
    assert (field, reason in found) == ("remarks", True)
    field, found = only_problem(read(csv_of("case,remarks", f"{text},1"), ".csv"))
    assert (field, reason in found) == ("case", True)


NO_HEADS = {
    "a row of values": "张示例,11010119900307001X,示例路1号",
    "names in Chinese": "经营者名称,负责人,住所",
    "one value and nothing": "张示例,,",
}


@pytest.mark.parametrize("case", NO_HEADS)
@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_a_table_without_column_names_is_refused_and_not_repeated(case, ending):
    line = NO_HEADS[case]
    stream = {
        ".csv": lambda: csv_of(line, line),
        ".xlsx": lambda: workbook(line.split(","), line.split(",")),
        ".parquet": lambda: table([dict.fromkeys(filter(None, line.split(",")), "1")]),
    }[ending]()
    with pytest.raises(rows.RowsError) as caught:
        read(stream, ending)
    assert "does not name the columns" in caught.value.message.en
    for cell in filter(None, line.split(",")):
        assert cell not in str(caught.value)


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
def test_unknown_columns_are_refused_once_by_their_place(ending):
    row = {"id": "1", "colour": "红", "张示例": "1", "principal": "李示例"}
    stream = {
        ".csv": lambda: csv_of(",".join(row), ",".join(row.values())),
        ".xlsx": lambda: workbook(list(row), list(row.values())),
        ".parquet": lambda: table([row]),
    }[ending]()
    with pytest.raises(rows.RowsError) as caught:
        read(stream, ending)
    message = caught.value.message
    assert "unknown: column 2 (colour), column 3; known are:" in message.en
    assert "第 2 列 (colour)、第 3 列" in message.zh
    assert "张示例" not in str(caught.value)


def test_the_holders_columns_are_those_of_a_table():
    row = {"id": "1", "holders.surname": "张"}
    with pytest.raises(rows.RowsError, match=r"column 2 \(holders\.surname\)"):
        read(csv_of(",".join(row), ",".join(row.values())), ".csv")


class Endless(io.RawIOBase):
    """A file of one line of text that does not end, and counts what is read of it."""

    def __init__(self, start: bytes, more: bytes):
        self.start, self.more, self.given = io.BytesIO(start), more, 0

    def readline(self, size=-1):
        assert size > 0, "a line without a bound"
        line = self.start.readline(size) or (self.more * size)[:size]
        self.given += len(line)
        return line


@pytest.mark.parametrize(
    ("ending", "start", "more"),
    [(".jsonl", b"", b" "), (".csv", b"id\n1\n", b","), (".csv", b'id\n"', b"x")],
    ids=["a line of JSON", "a line of cells", "a cell"],
)
def test_a_line_without_an_end_is_refused_before_it_is_kept(ending, start, more):
    stream = Endless(start, more)
    with pytest.raises(rows.RowsError, match="too long"):
        list(rows.read(stream, ending, TYPE))
    assert stream.given < 2 * MAX_APPLICATION


def test_a_row_of_many_lines_is_bounded_as_a_whole():
    quoted = b'id,remarks\n1,"' + (b"x" * (1 << 20) + b"\n") * 17 + b'"\n'
    with pytest.raises(rows.RowsError, match="too long"):
        list(rows.read(io.BytesIO(quoted), ".csv", TYPE))


def test_rows_of_many_lines_are_each_bounded_for_themselves():
    row = b'1,"' + (b"x" * (1 << 20) + b"\n") * 9 + b'"\n'
    found = list(rows.read(io.BytesIO(b"id,remarks\n" + row * 2), ".csv", TYPE))
    assert [one.number for one in found] == ["1", "1"]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".xlsx", ".parquet"])
def test_rows_can_be_closed_after_some_of_them(ending):
    row = application(1)
    stream = {
        ".csv": lambda: csv_of("id", "1", "2", "3"),
        ".jsonl": lambda: io.BytesIO(b'{"id": "1"}\n' * 3),
        ".xlsx": lambda: workbook(["id"], ["1"], ["2"], ["3"]),
        ".parquet": lambda: table([row, row, row]),
    }[ending]()
    stream.seek(0)
    found = rows.read(stream, ending, TYPE)
    next(found)
    found.close()
    assert list(found) == []
    assert not stream.closed


BROKEN = {
    "nothing": b"",
    "a text": "不是表格".encode(),
    "the start of an archive": b"PK\x03\x04 and no more",
    "the mark of a Parquet file alone": b"PAR1PAR1",
}


@pytest.mark.parametrize("ending", [".xlsx", ".parquet"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_file_of_another_kind_is_refused_by_its_name(case, ending):
    with pytest.raises(rows.RowsError, match=f"not a {ending[1:]} file"):
        read(io.BytesIO(BROKEN[case]), ending)


WHOLE = {
    ".xlsx": workbook(list(cells(1)), list(cells(1).values())).getvalue(),
    ".parquet": table([application(1)]).getvalue(),
}


@pytest.mark.parametrize("ending", WHOLE)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_rows_or_an_error_of_ours(ending, data):
    whole = WHOLE[ending]
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    cut = data.draw(st.sampled_from([damaged, whole[:at]]))
    try:
        found = read(io.BytesIO(cut), ending)
    except rows.RowsError:
        return
    assert all(isinstance(one, Request | ApplicationError) for one in found)
