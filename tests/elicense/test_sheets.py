"""Rows of spreadsheets and of Parquet files, made by the libraries that read them."""

import io
from datetime import UTC, date, datetime

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from elicense import samples
from elicense.catalog import Catalog
from elicense.errors import ApplicationError
from elicense.issuing import Request, rows

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
    row["items"] = ";".join(row["items"])
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


def test_blank_lines_and_blank_cells_at_the_end_of_a_spreadsheet_say_nothing():
    heads, line = list(cells(1)), list(cells(1).values())
    stream = workbook([*heads, "remarks"], [], [*line, None], [None] * 3, [*line, ""])
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
    row = {**application(1), "remarks": None}
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
