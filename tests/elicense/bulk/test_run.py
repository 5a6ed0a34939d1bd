"""Runs over files and folders: in order, whole, and nothing lost or done twice."""

import csv
import io
import json
import os
import zlib
from dataclasses import replace
from datetime import timedelta

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from elicense import payload, qr
from elicense.bulk import ArrowJudge, pool, readers, results, run, sources
from elicense.bulk.pool import PoolError, answers
from elicense.bulk.readers import Document, SourceError
from elicense.bulk.run import PART_ROWS, Question, RunError
from elicense.bulk.sources import Source
from elicense.crew import Limits
from elicense.files import FileError
from elicense.policy import SEALED_ONLY
from elicense.tables import RowsError
from elicense.testing import Simulator
from elicense.trust import no_trust
from elicense.validating import validate, validate_text
from tests.elicense.bulk.city import AT, KINDS, City


@pytest.fixture(scope="module")
def city():
    return City.of(2)


@pytest.fixture(scope="module")
def judge(city):
    return ArrowJudge(city.trust(), AT)


@pytest.fixture(scope="module")
def texts(city):
    return [make(city.bureaus[0]) for make, _ in KINDS.values()]


def told(text):
    """Return a text as a file can hold it."""
    return text.encode(errors="replace").decode()


def asked_for(text):
    """Return a text as it is judged: of a long one, enough to say that it is."""
    return told(text)[: payload.MAX_QR_TEXT + 1]


def written(path, texts):
    """Write a file of texts, in the format of its ending."""
    match path.suffix:
        case ".parquet":
            table = pa.table({"n": range(len(texts)), "qr_text": texts})
            pq.write_table(table, path, row_group_size=7)
        case ".csv":
            with path.open("w", newline="", encoding="utf-8-sig") as file:
                table = csv.writer(file)
                table.writerow(["n", "qr_text"])
                table.writerows(enumerate(texts))
        case ".jsonl":
            lines = [json.dumps({"qr_text": text, "n": 1}) for text in texts]
            path.write_text("\n\n".join(lines) + "\n")
        case ".xlsx":
            book = openpyxl.Workbook()
            book.active.append(["n", "qr_text"])
            for n, text in enumerate(texts):
                book.active.append([n, text])
            book.save(path)
    return path


def codes(source, judge, **how):
    found = [made for _, made in answers(source, judge, **how)]
    return [code for made in found for code in made.column("code").to_pylist()]


@pytest.mark.parametrize("ending", readers.ENDINGS)
def test_every_kind_of_table_gives_its_texts_in_order(
    tmp_path, judge, texts, ending, monkeypatch
):
    monkeypatch.setattr(readers, "JOB_ROWS", 10)
    path = written(tmp_path / f"in{ending}", texts)
    source = sources.opened(path)
    found = codes(source, judge)
    assert found == [code.text for _, code in KINDS.values()]
    assert codes(source, judge, done=13) == found[13:]
    assert codes(source, judge, done=len(texts)) == []
    assert codes(source, judge, workers=2) == found


def test_cells_and_lines_of_another_kind_are_inputs_that_cannot_be_read(
    tmp_path, judge, texts
):
    good = texts[0]
    lines = [
        b'{"qr_text":1}',
        b"{",
        b"[]",
        b"{}",
        b"[" * 9999,
        b'{"qr_text":"\\ud800"}',
    ]
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"\n".join([*lines, json.dumps({"qr_text": good}).encode()]))
    source = sources.opened(path)
    found = codes(source, judge)
    assert found == ["UNREADABLE"] * 5 + ["UNSUPPORTED", "VALID"]
    path = tmp_path / "in.csv"
    path.write_text(f"a,qr_text\n1\n2,\n\n3,{good}\n")
    source = sources.opened(path)
    assert codes(source, judge) == ["UNREADABLE", "UNREADABLE", "VALID"]


WRONG = {
    "another column": ("in.csv", b"text\nx\n", SourceError),
    "two columns of texts": ("in.csv", b"qr_text,qr_text\nx,y\n", SourceError),
    "an empty table": ("in.csv", b"", SourceError),
    "another encoding": ("in.csv", "qr_text\n证照二维码".encode("gbk"), RowsError),
    "no Parquet": ("in.parquet", b"PAR1", RowsError),
    "no sheet": ("in.xlsx", b"PK", RowsError),
    "a line without an end": ("in.jsonl", b"x" * (2 << 20), RowsError),
    "another ending": ("in.txt", b"x", SourceError),
}


@pytest.mark.parametrize(("name", "data", "error"), WRONG.values(), ids=WRONG)
def test_what_is_no_such_file_is_told(tmp_path, judge, name, data, error):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(error):
        codes(sources.opened(path), judge)


def test_parquet_needs_one_of_two_columns_of_their_type(tmp_path):
    for table in ({"text": ["x"]}, {"qr_text": [1]}, {"document": ["x"]}):
        pq.write_table(pa.table(table), tmp_path / "in.parquet")
        with pytest.raises(SourceError):
            sources.opened(tmp_path / "in.parquet")
    with pytest.raises(SourceError, match="holds no file"):
        sources.opened(tmp_path)


def test_a_column_may_be_encoded(tmp_path, judge, texts):
    column = pa.array([texts[0]] * 3).dictionary_encode()
    pq.write_table(pa.table({"qr_text": column}), tmp_path / "in.parquet")
    source = sources.opened(tmp_path / "in.parquet")
    assert codes(source, judge) == ["VALID"] * 3


# Documents.


@pytest.fixture(scope="module")
def world():
    with Simulator() as made:
        yield made


@pytest.fixture(scope="module")
def documents(world, tmp_path_factory):
    """A folder of good ones and of poison."""
    folder = tmp_path_factory.mktemp("documents")
    issued = world.issue()
    (folder / "a.pdf").write_bytes(issued.pdf)
    (folder / "sub").mkdir()
    qr.to_image(qr.encode(issued.qr_text)).save(folder / "sub" / "b.PNG")
    (folder / "c.pdf").write_bytes(b"%PDF-1.7 nothing")
    with (folder / "d.pdf").open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(200 << 20)
    bomb = zlib.compress(bytes(300 << 20), 9)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n" % len(bomb)
    (folder / "e.pdf").write_bytes(b"%PDF-1.7\n1 0 obj" + stream + bomb)
    out = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(out, "PNG")
    (folder / "f.png").write_bytes(out.getvalue())
    (folder / "g.jpg").symlink_to(folder / "not there")
    (folder / "h.txt").write_text("passed over")
    (folder / "z.pdf").write_bytes(issued.pdf)
    return folder


def test_a_folder_of_documents_and_poison_is_answered_file_by_file(world, documents):
    judge = ArrowJudge(world.trust(), world.at, policy=SEALED_ONLY)
    source = sources.opened(documents)
    found = [
        (job.name, made.column("code")[0].as_py())
        for job, made in answers(source, judge, workers=2)
    ]
    names = ["a.pdf", "c.pdf", "d.pdf", "e.pdf", "f.png", "sub/b.PNG", "z.pdf"]
    assert [name for name, _ in found] == names
    assert dict(found)["a.pdf"] == dict(found)["z.pdf"] == "VALID"
    assert dict(found)["sub/b.PNG"] == "VALID"
    for name, code in found:
        data = (documents / name).read_bytes()
        alone = validate(data, world.trust(), world.at, policy=SEALED_ONLY)
        assert code == alone.code.text, name


def test_documents_may_stand_in_a_column(world, documents, tmp_path):
    judge = ArrowJudge(world.trust(), world.at, policy=SEALED_ONLY)
    pdf = (documents / "a.pdf").read_bytes()
    picture = (documents / "sub" / "b.PNG").read_bytes()
    bombs = [(documents / name).read_bytes() for name in ("e.pdf", "f.png")]
    kinds = [pdf, None, b"", b"x", picture]
    column = pa.array([*kinds * 4, *bombs, pdf], pa.binary())
    pq.write_table(pa.table({"document": column}), tmp_path / "in.parquet")
    source = sources.opened(tmp_path / "in.parquet")
    assert source.is_documents
    expected = ["VALID", "UNREADABLE", "UNREADABLE", "UNSUPPORTED", "VALID"]
    trust, at = world.trust(), world.at
    alone = [validate(bomb, trust, at, policy=SEALED_ONLY).code.text for bomb in bombs]
    expected = [*expected * 4, *alone, "VALID"]
    assert codes(source, judge) == expected
    assert codes(source, judge, done=9) == expected[9:]


def test_what_kills_its_reader_is_one_row_with_a_reason(judge, monkeypatch, texts):
    """A native decoder that crashes, loops or eats memory, and a good one after it."""

    def validate_(data, *_args, **_how):
        match data:
            case b"crash":
                os.abort()
            case b"loop":
                while True:
                    pass
            case b"eat":
                bytearray(3 << 30)
        return validate_text(texts[0], judge.judge.trust, AT)

    monkeypatch.setattr(pool.validating, "validate", validate_)
    inputs = [b"x", b"crash", b"loop", b"eat", b"x"]
    source = Source(
        lambda done: (Document("", data=data) for data in inputs[done:]),
        is_documents=True,
        identity="",
    )
    limits = Limits(seconds=1.5, memory=1 << 29)
    rows = [
        made.select(["code", "reason"]).to_pylist()[0]
        for _, made in answers(source, judge, limits=limits)
    ]
    assert rows == [
        {"code": "VALID", "reason": ""},
        {"code": "UNREADABLE", "reason": "the process that read it died"},
        {"code": "UNREADABLE", "reason": "more time than one input may take"},
        {"code": "UNREADABLE", "reason": "more memory than one input may take"},
        {"code": "VALID", "reason": ""},
    ]


def test_a_file_that_went_away_is_one_row(judge, tmp_path):
    reader = pool._Reader(judge)
    verdict = reader.document(Document("x", tmp_path / "x"))
    assert (verdict.code.text, verdict.bundle_number) == ("UNREADABLE", 7)
    assert "No such file" in verdict.checks[0].detail
    assert reader(Document("", data=b"x")).column("code").to_pylist() == ["UNSUPPORTED"]


def test_a_worker_for_texts_that_dies_ends_the_run(judge, monkeypatch, tmp_path, texts):
    monkeypatch.setattr(ArrowJudge, "answer", lambda *_: os.abort())
    path = written(tmp_path / "in.csv", texts)
    source = sources.opened(path)
    with pytest.raises(PoolError, match="go on"):
        codes(source, judge, workers=2)
    assert "use fewer" in str(pool._none(1, OSError(11, "busy")).message.en)


@pytest.mark.parametrize("workers", [0, 65])
def test_a_number_of_workers_out_of_range_is_a_mistake(judge, workers):
    with pytest.raises(ValueError, match="workers"):
        answers(Source(iter, is_documents=False, identity=""), judge, workers=workers)


# Runs.


def question(source, judge):
    return Question(run.identity(source, judge), AT)


def carried_out(path, out, judge, *, stop=None):
    """Run as the command does; ``stop`` breaks off once so many rows are done."""
    source = sources.opened(path)
    with run.parts(out, question(source, judge)) as kept:
        before = kept.rows
        for done in run.answer_all(source, judge, kept):
            if stop is not None and done >= stop:
                raise KeyboardInterrupt
        results.write(out, kept.tables())
        summary = run.summary(kept.tables())
    run.remove(out)
    return before, summary


def test_a_run_that_is_broken_off_goes_on(tmp_path, judge, texts, monkeypatch):
    monkeypatch.setattr(readers, "JOB_ROWS", 5)
    monkeypatch.setattr(run, "PART_ROWS", 12)
    path, out = written(tmp_path / "in.csv", texts), tmp_path / "out.parquet"
    asked = []
    real = judge.judge.judge
    monkeypatch.setattr(
        type(judge.judge), "judge", lambda _, some: asked.extend(some) or real(some)
    )
    for stop in (7, 23, 41):
        with pytest.raises(KeyboardInterrupt):
            carried_out(path, out, judge, stop=stop)
        assert not out.exists()
    before, summary = carried_out(path, out, judge)
    assert before == 45
    assert asked == [asked_for(text) for text in texts]  # nothing lost, nothing twice
    table = pq.read_table(out)
    assert table.schema.names == run.RESULT.names
    assert table.column("row").to_pylist() == list(range(1, len(texts) + 1))
    expected = [code.text for _, code in KINDS.values()]
    assert table.column("code").to_pylist() == expected
    assert summary.rows == sum(summary.indications.values()) == len(texts)
    assert sum(summary.by_issuer.values()) == len(texts)
    assert not run.folder_of(out).exists()


def broken_off(tmp_path, judge, texts):
    """Break a run off; return its input and its result's place."""
    path, out = written(tmp_path / "in.csv", texts), tmp_path / "out.jsonl"
    with pytest.raises(KeyboardInterrupt):
        carried_out(path, out, judge, stop=20)
    return path, out


def test_another_input_of_the_same_size_and_time_begins_anew(
    tmp_path, judge, texts, monkeypatch
):
    monkeypatch.setattr(readers, "JOB_ROWS", 5)
    path, out = broken_off(tmp_path, judge, texts)
    found, data = path.stat(), path.read_bytes()
    path.write_bytes(data[:-9] + b"7" + data[-8:])
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    again = path.stat()
    assert (again.st_size, again.st_mtime_ns) == (found.st_size, found.st_mtime_ns)
    before, summary = carried_out(path, out, judge)
    assert (before, summary.rows) == (0, len(texts))


def test_the_same_input_elsewhere_and_later_goes_on(
    tmp_path, judge, texts, monkeypatch
):
    monkeypatch.setattr(readers, "JOB_ROWS", 5)
    path, out = broken_off(tmp_path, judge, texts)
    moved = tmp_path / "moved.csv"
    moved.write_bytes(path.read_bytes())
    assert carried_out(moved, out, judge)[0] == 20


def test_whatever_an_answer_rests_on_is_of_the_question(city, judge, texts, tmp_path):
    source = sources.opened(written(tmp_path / "in.csv", texts))
    trust = judge.judge.trust
    old = next(iter(trust.lists.values()))
    newer = replace(old, sequence=old.sequence + 1)
    lists = [newer if item is old else item for item in trust.lists.values()]
    asked = {
        "the same": judge,
        "another bundle of the same number": ArrowJudge(city.trust(), AT),
        "another status list": ArrowJudge(trust.with_lists(lists), AT),
        "another policy": ArrowJudge(trust, AT, policy=SEALED_ONLY),
        "evidence": ArrowJudge(trust, AT, evidence=(b"a timestamp",)),
        "a clock that went back": ArrowJudge(
            trust.on_clock(AT + timedelta(hours=1)), AT
        ),
        "nothing": ArrowJudge(no_trust("no bundle"), AT),
    }
    found = {run.identity(source, one) for one in asked.values()}
    found.add(run.identity(source, judge, "more"))
    assert len(found) == len(asked) + 1
    assert run.identity(source, judge) == run.identity(source, ArrowJudge(trust, AT))


def test_two_runs_do_not_write_one_result(tmp_path, judge, texts):
    path, out = written(tmp_path / "in.csv", texts), tmp_path / "out.jsonl"
    source = sources.opened(path)
    asked = question(source, judge)
    with run.parts(out, asked):
        # A lock is the process's own, so that only another process is refused.
        pid = os.fork()
        if not pid:
            try:
                with run.parts(out, asked):
                    os._exit(1)
            except RunError:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_damaged_state_is_told(tmp_path):
    out = tmp_path / "out.csv"
    assert run.begun(out) is None
    run.folder_of(out).mkdir()
    for state in (
        "",
        "[]",
        "{}",
        '{"elicense.bulk-run/1": {"at": "x", "identity": ""}}',
    ):
        (run.folder_of(out) / "run.json").write_text(state)
        with pytest.raises(RunError, match="damaged"):
            run.begun(out)


def spoiled(folder, how):
    first, second = sorted(folder.glob("[0-9]*.arrow"))[:2]
    match how:
        case "a part that is gone":
            first.unlink()
        case "a part that is empty":
            second.write_bytes(b"")
        case "a part that is cut off":
            second.write_bytes(second.read_bytes()[:99])
        case "a part twice":
            second.write_bytes(first.read_bytes())
        case "a table of others":
            with pa.ipc.new_file(second, pa.schema([("x", pa.int8())])) as writer:
                writer.write_table(pa.table({"x": pa.array([1], pa.int8())}))


@pytest.mark.parametrize(
    "how",
    [
        "a part that is gone",
        "a part that is empty",
        "a part that is cut off",
        "a part twice",
        "a table of others",
    ],
)
def test_parts_that_were_damaged_are_told(tmp_path, judge, texts, monkeypatch, how):
    monkeypatch.setattr(readers, "JOB_ROWS", 5)
    monkeypatch.setattr(run, "PART_ROWS", 5)
    path, out = broken_off(tmp_path, judge, texts)
    spoiled(run.folder_of(out), how)
    with pytest.raises(RunError, match="damaged"):
        carried_out(path, out, judge)


def test_a_result_that_cannot_be_written_leaves_its_parts(tmp_path, judge, texts):
    path, out = written(tmp_path / "in.csv", texts), tmp_path / "out.csv"
    out.mkdir()
    with pytest.raises(FileError, match=r"out\.csv"):
        carried_out(path, out, judge)
    out.rmdir()
    before, summary = carried_out(path, out, judge)
    assert before == summary.rows == len(texts)
    assert out.is_file()


def test_a_folder_of_parts_goes_by_its_state_first(tmp_path, monkeypatch):
    """Killed while it removes them, a run leaves parts of which none is believed."""
    out = tmp_path / "out.csv"
    run.folder_of(out).mkdir()
    (run.folder_of(out) / "run.json").write_text("{}")
    monkeypatch.setattr(run.files, "remove_folder", lambda _: os.abort())
    pid = os.fork()
    if not pid:
        run.remove(out)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) < 0
    assert run.begun(out) is None


def test_results_are_alike_in_every_format(tmp_path, judge, texts):
    path = written(tmp_path / "in.parquet", [told(text) for text in texts])
    found = {}
    for ending in results.ENDINGS:
        out = tmp_path / f"out{ending}"
        carried_out(path, out, judge)
        found[ending] = out
    rows = [json.loads(line) for line in found[".jsonl"].read_text().splitlines()]
    typed = pq.read_table(found[".parquet"]).to_pylist()
    with found[".csv"].open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(rows) == len(typed) == len(cells) == len(texts)
    for plain, row, cell in zip(rows, typed, cells, strict=True):
        assert plain["code"] == row["code"] == cell["code"]
        assert plain["valid_from"] == (row["valid_from"] and str(row["valid_from"]))
        assert cell["valid_from"] == (plain["valid_from"] or "")
    assert rows[0]["status_as_of"] == "2026-11-21T02:00:00Z"
    assert len(texts) < PART_ROWS


def test_a_holder_that_looks_like_a_formula_is_none_in_a_table(tmp_path, city, judge):
    text = city.bureaus[0].text(holder="=1+1")
    path, out = written(tmp_path / "in.csv", [text]), tmp_path / "out.csv"
    carried_out(path, out, judge)
    with out.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["holder"] == "'=1+1"


def test_both_carriers_of_one_license_are_two_rows(tmp_path, city, judge):
    token = city.bureaus[0].token()
    both = [payload.qr_text(token), payload.qr_text(token, check_page="A.CN")]
    path, out = written(tmp_path / "in.csv", both), tmp_path / "out.parquet"
    carried_out(path, out, judge)
    rows = pq.read_table(out).to_pylist()
    assert [replace_row(row) for row in rows] == [replace_row(rows[0])] * 2
    assert rows[0]["code"] == "VALID"


def replace_row(row):
    return {**row, "row": 0}
