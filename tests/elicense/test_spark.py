"""A real local Spark says what the Arrow function says, row for row.

Skipped where PySpark or Java is not here, and a failure in CI.
"""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from elicense import memory, payload, snapshot_memory, trust
from elicense.bulk import SCHEMA, ArrowJudge, validate_many
from elicense.files import FileError
from elicense.policy import ValidationPolicy
from elicense.snapshot import (
    MANIFEST_FILE,
    SeenSnapshot,
    Snapshots,
    StaleSnapshotError,
    closings,
    named,
)
from elicense.testing import Simulator
from elicense.trust import RollbackError
from elicense.validating import validate_text
from esign import clock
from esign.errors import MalformedError, VerificationError
from tests.elicense.bulk.city import AT, DAY, KINDS, City, high_s, respelled
from tests.elicense.snapshots import put, tokens_of, variants
from tests.support import ROOT, missing, require_tool

SECOND = timedelta(seconds=1)
MIDNIGHT = datetime.fromisoformat("2026-11-22T00:00:00+08:00")
PATIENT = ValidationPolicy(max_bundle_age=60 * DAY, max_status_age=60 * DAY)


@pytest.fixture(scope="session")
def spark():
    """Return the package under test; needs what its extra brings."""
    for name in ("pyspark", "pandas"):
        if find_spec(name) is None:
            missing(name, "pip install -e '.[spark]'")
    import elicense.spark  # noqa: PLC0415  an extra

    return elicense.spark


@pytest.fixture(scope="session")
def session(spark):
    require_tool("java", "openjdk-17-jre-headless")
    running = spark.local_session(2)
    running.sparkContext.setLogLevel("OFF")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Return a city, the file and the root of its bundle, and texts of every kind."""
    made = City.of(2)
    data, root = made.published()
    path = tmp_path_factory.mktemp("hub") / "trust.elt"
    path.write_bytes(data)
    planted = [
        (kind, make(b)) for b in made.bureaus for kind, (make, _) in KINDS.items()
    ]
    return made, path, root, planted


@pytest.fixture(scope="module")
def judge(spark, city):
    _, path, root, _ = city
    return spark.SparkJudge(spark.TrustFiles(bundle=path, roots=root), AT)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Return texts, a bundle, its root, the instant, and two departments' manifests."""
    with Simulator() as world:
        texts, manifests = [], []
        for owner in world.departments:
            tokens = tokens_of(owner, variants(world, owner))
            folder = tmp_path_factory.mktemp("public") / "snapshot"
            made = put(folder, tokens[:-2], owner.token, owner.code, world.at)
            manifests.append(made.path)
            texts += [payload.qr_text(token) for token in tokens]
        texts += [payload.qr_text(tokens[0], check_page="check.example")]
        twin = payload.qr_text(high_s(tokens[0]))
        path = tmp_path_factory.mktemp("hub") / "trust.elt"
        path.write_bytes(world.bundle_file())
        yield (
            [*texts, "", "foreign", texts[0].lower(), respelled(texts[1]), twin],
            path,
            world.pin,
            world.at,
            manifests,
        )


def frame_of(session, texts, cuts=5):
    rows = [(number, text) for number, text in enumerate(texts)]
    return session.createDataFrame(rows, "row int, qr_text string").repartition(cuts)


def told(frame):
    """Return the answers of a frame in the order of its rows, as Arrow has them."""
    table = frame.toArrow().sort_by("row")
    rows = table.num_rows
    assert table.column("row").to_pylist() == list(range(rows))
    found = table.select(SCHEMA.names).cast(
        pa.schema([pa.field(f.name, f.type) for f in SCHEMA])
    )
    return found.to_pylist()


def alone(texts, state, at, **how):
    """Return what the Arrow function says of texts."""
    batch = pa.RecordBatch.from_arrays([pa.array(texts, pa.string())], ["qr_text"])
    return ArrowJudge(state, at, **how).answer(batch).to_pylist()


# Answers.


def test_every_kind_is_answered_as_it_is_alone(session, judge, city):
    made, path, root, planted = city
    kinds = [kind for kind, _ in planted] * 3
    texts = [text for _, text in planted] * 3 + [None]
    session.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "9")
    try:
        found = told(judge.answer(frame_of(session, texts)))
    finally:
        session.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    state = trust.admit(path.read_bytes(), root)
    assert found == alone(texts, state, AT)
    assert [row["code"] for row in found[:-1]] == [
        KINDS[kind][1].text for kind in kinds
    ]
    assert found[-1]["code"] == "UNREADABLE"
    verdicts = list(validate_many(texts[:-1], state, AT))
    assert [row["code"] for row in found[:-1]] == [v.code.text for v in verdicts]
    assert len(set(kinds)) >= 12
    assert len(made.bureaus) == 2


@pytest.mark.parametrize("seconds", [-86400, -86401, -1, 0])
def test_the_borders_of_a_day_are_those_of_one_by_one(spark, session, city, seconds):
    _, path, root, planted = city
    at = MIDNIGHT + seconds * SECOND
    files = spark.TrustFiles(bundle=path, roots=[root])
    judge = spark.SparkJudge(files, at, policy=PATIENT)
    texts = [text for _, text in planted]
    state = trust.admit(path.read_bytes(), root)
    found = told(judge.answer(frame_of(session, texts, cuts=2)))
    assert found == alone(texts, state, at, policy=PATIENT)
    each = [validate_text(text, state, at, policy=PATIENT).code.text for text in texts]
    assert [row["code"] for row in found] == each


@pytest.mark.parametrize("claims", [False, True])
def test_snapshots_answer_as_they_do_here(spark, session, scene, claims):
    texts, path, root, at, manifests = scene
    files = spark.TrustFiles(bundle=path, roots=root, snapshots=manifests)
    judge = spark.SparkJudge(files, at, claims=claims)
    found = told(judge.answer(frame_of(session, texts)))
    state = trust.admit(path.read_bytes(), root)
    opened = Snapshots.open(manifests, state, at)
    assert found == alone(texts, state, at, snapshots=opened, claims=claims)
    plain = alone(texts, state, at)
    same = set(SCHEMA.names) - {"evidence"}
    if not claims:
        same = {"indication", "code", "scope", "status_as_of", "issuer", "type"}
    for one, other in zip(found, plain, strict=True):
        assert {n: one[n] for n in same} == {n: other[n] for n in same}
    counted = Counter(row["evidence"] for row in found)
    assert counted["snapshot"] > counted["signature"] > 4
    assert judge.seen_snapshots == opened.seen
    assert len({row["code"] for row in found}) >= 8


def closed(world, folder):
    """Give texts and manifests of two departments; the key of the first one retires.

    Its manifest closes the key, and the last text of each was never inside.
    """
    texts, manifests = [], []
    for owner in world.departments:
        claims = variants(world, owner)
        tokens = tokens_of(owner, [*claims, replace(claims[0], number="后")])
        texts += map(payload.qr_text, tokens)
        held = tokens[:-1]
        made = put(folder / owner.code, held, owner.token, owner.code, world.at)
        manifests.append(made.path)
    owner = world.department
    kept = manifests[0].with_name(closings.file_name(owner.token.public_key.kid))
    manifests[0] = manifests[0].rename(kept)
    owner.closing = hashlib.sha256(kept.read_bytes()).digest()
    owner.token_period = replace(owner.token_period, signs_until=world.at + SECOND)
    return texts, manifests


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_snapshot_that_closes_a_key_is_evidence_as_for_verify_bulk(
    spark, session, tmp_path, everywhere
):
    with Simulator() as world:
        texts, manifests = closed(world, tmp_path)
        world.at += DAY
        (tmp_path / "trust.elt").write_bytes(world.bundle_file())
        root, at, state = world.pin, world.at, world.trust()
    files = spark.TrustFiles(
        bundle=tmp_path / "trust.elt",
        roots=root,
        snapshots=manifests,
        everywhere=everywhere,
    )
    judge = spark.SparkJudge(files, at)
    assert judge.evidence_only == (manifests[0],)
    found = told(judge.answer(frame_of(session, texts)))
    opened = Snapshots.open(manifests, state, at)
    assert [refused.path for refused in opened.refused] == [manifests[0]]
    evidence = tuple(named(manifests, state))
    assert found == alone(texts, state, at, evidence=evidence, snapshots=opened)
    codes = [row["code"] for row in found]
    each = [validate_text(text, state, at, evidence=evidence) for text in texts]
    assert codes == [verdict.code.text for verdict in each]
    half = len(texts) // 2
    assert codes[0::half] == ["VALID", "VALID"]
    assert codes[half - 1 :: half] == ["KEY_COMPROMISED", "VALID"]
    without = [row["code"] for row in alone(texts[:half], state, at)]
    assert "VALID" in codes[:half]
    assert "VALID" not in without


@pytest.mark.slow
def test_275_issuers_are_answered_as_planted(spark, session, tmp_path):
    city = City.of(275)
    data, root = city.published()
    (tmp_path / "trust.elt").write_bytes(data)
    planted = [(kind, bureau) for kind in KINDS for bureau in city.bureaus]
    texts = [KINDS[kind][0](bureau) for kind, bureau in planted]
    files = spark.TrustFiles(bundle=tmp_path / "trust.elt", roots=root)
    found = told(spark.SparkJudge(files, AT).answer(frame_of(session, texts)))
    codes = [row["code"] for row in found]
    assert codes == [KINDS[kind][1].text for kind, _ in planted]
    assert len({row["issuer"] for row in found}) == 276  # and null


# Rows and columns.


def test_a_row_keeps_its_columns_whatever_they_are_called(session, judge, city):
    planted = city[-1]
    frame = session.sql(
        "select 1 as `案.号`, 2 as x, 3 as X, array(1, 2) as l, cast(null as int) as n,"
        f" timestamp'2020-01-01 00:00:00' as t, '{planted[0][1]}' as qr_text,"
        " cast(x'00ff' as binary) as bytes, 1.50bd as price, struct('a' as b) as s"
    )
    (row,) = judge.answer(frame).collect()
    (before,) = frame.collect()
    assert tuple(row)[: len(before)] == tuple(before)
    assert list(row.__fields__) == [*before.__fields__, *SCHEMA.names]
    assert row["code"] == "VALID"


def test_texts_may_be_large_or_no_unicode_at_all(session, judge, city):
    planted = city[-1]
    frame = session.sql(
        f"select 0 as row, '{planted[0][1]}' as qr_text"
        " union all select 1, cast(x'454c312d41ff' as string)"
        " union all select 2, null"
    )
    codes = ["VALID", "UNSUPPORTED", "UNREADABLE"]
    assert [row["code"] for row in told(judge.answer(frame))] == codes
    session.conf.set("spark.sql.execution.arrow.useLargeVarTypes", "true")
    try:
        assert [row["code"] for row in told(judge.answer(frame))] == codes
    finally:
        session.conf.unset("spark.sql.execution.arrow.useLargeVarTypes")


def test_no_row_gives_no_answer(session, judge):
    answered = judge.answer(session.createDataFrame([], "qr_text string"))
    assert answered.columns == ["qr_text", *SCHEMA.names]
    assert answered.collect() == []


MISFITS = {
    "no column of texts": ("select 'x' as text", "it has: none"),
    "a column of another case": ("select 'x' as QR_Text", "it has: none"),
    "a column of another type": ("select 1 as qr_text", "it has: int"),
    "two columns": ("select 'x' as qr_text, 'y' as qr_text", "it has: string, string"),
    "a column of answers": ("select 'x' as qr_text, 1 as number", "answers: number;"),
    "the same in another case": ("select 'x' as qr_text, 1 as TYPE", "answers: TYPE;"),
    "an interval of months": (
        "select 'x' as qr_text, interval 1 month as i",
        "Arrow does not carry",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_frame_that_does_not_fit_is_refused_at_once(spark, session, judge, name):
    query, why = MISFITS[name]
    with pytest.raises(spark.SparkError) as caught:
        judge.answer(session.sql(query))
    assert why in caught.value.message.en
    assert any("一" <= character <= "龥" for character in caught.value.message.zh)


@pytest.mark.parametrize("kind", ["string", "large", "dictionary", "sliced"])
def test_the_function_of_a_worker_takes_every_kind_of_text(spark, city, kind):
    _, path, root, planted = city
    files = spark.TrustFiles(bundle=path, roots=root, everywhere=True)
    judge = spark.SparkJudge(files, AT)
    text = pa.array([planted[0][1], None, "x", planted[0][1]])
    columns = {
        "string": text,
        "large": text.cast(pa.large_string()),
        "dictionary": text.dictionary_encode(),
        "sliced": pa.array(["y", *text.to_pylist()]).slice(1),
    }
    batch = pa.RecordBatch.from_arrays([pa.array(range(4)), columns[kind]], ["a", "b"])
    (found,) = spark.worker.answers(judge._task, 1, [batch])
    assert found.schema.names == ["a", "b", *SCHEMA.names]
    assert found.column(1).equals(columns[kind])
    codes = ["VALID", "UNREADABLE", "UNSUPPORTED", "VALID"]
    assert found.column("code").to_pylist() == codes


# What it rests on.


def test_each_worker_opens_the_files_once(spark, session, scene):
    """Many tasks and two jobs: a worker opened what it rests on once, and kept it."""
    texts, path, root, at, manifests = scene
    files = spark.TrustFiles(bundle=path, roots=root, snapshots=manifests)
    judge = spark.SparkJudge(files, at + SECOND)
    judge.answer(frame_of(session, texts[:2])).collect()  # ships the files
    worker, task = spark.worker, judge._task

    def counted(batches):
        for batch in batches:
            before = worker.opened.cache_info()
            (answered,) = worker.answers(task, 1, [batch])
            after = worker.opened.cache_info()
            opened = [after.misses - before.misses, after.hits - before.hits]
            rows = answered.num_rows
            yield pa.RecordBatch.from_pydict(
                {"process": [os.getpid()], "opened": [opened], "rows": [rows]}
            )

    columns = "process long, opened array<long>, rows long"
    seen = []
    for _ in range(2):
        job = frame_of(session, texts, cuts=8).mapInArrow(counted, columns)
        seen += job.collect()
    assert sum(row["rows"] for row in seen) == 2 * len(texts)
    processes = {row["process"] for row in seen}
    opened = Counter(row["process"] for row in seen if row["opened"] == [1, 0])
    kept = [row for row in seen if row["opened"] == [0, 1]]
    assert os.getpid() not in processes
    # A worker that already answered the first frame had opened them before.
    assert all(count == 1 for count in opened.values())
    assert len(kept) + sum(opened.values()) == len(seen) == 16
    assert len(processes) <= 4 < len(kept)


def test_files_that_every_executor_has_are_not_shipped(spark, session, scene):
    texts, path, root, at, manifests = scene
    shipped = set(session.sparkContext.listFiles)
    files = spark.TrustFiles(
        bundle=path, roots=root, snapshots=manifests, everywhere=True
    )
    judge = spark.SparkJudge(files, at)
    found = told(judge.answer(frame_of(session, texts)))
    opened = Snapshots.open(manifests, judge.trust, at)
    assert found == alone(texts, judge.trust, at, snapshots=opened)
    assert set(session.sparkContext.listFiles) == shipped


def test_an_executor_answers_under_the_files_of_the_driver_alone(
    spark, session, city, tmp_path
):
    made, path, root, planted = city
    there = tmp_path / "trust.elt"
    there.write_bytes(path.read_bytes())
    files = spark.TrustFiles(bundle=there, roots=root, everywhere=True)
    judge = spark.SparkJudge(files, AT - SECOND)
    frame = judge.answer(frame_of(session, [planted[0][1]], cuts=1))
    there.write_bytes(made.published()[0])  # another one, with another root
    with pytest.raises(Exception, match="submit it again") as caught:
        frame.collect()
    assert type(caught.value).__name__ == "PythonException"


def test_what_is_shipped_stays_as_it_was_admitted(spark, session, scene, tmp_path):
    """A department publishes anew between admitting and running."""
    texts, path, root, at, manifests = scene
    folder = tmp_path / "snapshot"
    folder.mkdir()
    for source in manifests[0].parent.iterdir():
        (folder / source.name).write_bytes(source.read_bytes())
    bundle = tmp_path / "trust.elt"
    bundle.write_bytes(path.read_bytes())
    files = spark.TrustFiles(
        bundle=bundle, roots=root, snapshots=[folder / MANIFEST_FILE]
    )
    judge = spark.SparkJudge(files, at + 2 * SECOND)
    for gone in (bundle, *folder.iterdir()):
        gone.unlink()
    found = told(judge.answer(frame_of(session, texts, cuts=2)))
    assert {row["evidence"] for row in found} == {"snapshot", "signature"}


def refused(spark, files, at, cause):
    with pytest.raises(spark.RefusedError) as caught:
        spark.SparkJudge(files, at)
    assert isinstance(caught.value.__cause__, cause)
    return caught.value.message


def test_a_bundle_that_is_not_believed_is_refused_by_the_driver(spark, city, tmp_path):
    made, path, root, _ = city
    wrong = "sha256:" + "0" * 64
    told_ = refused(
        spark, spark.TrustFiles(bundle=path, roots=wrong), AT, VerificationError
    )
    assert str(path) in told_.en
    assert "pinned" in told_.en
    assert "被拒绝" in told_.zh
    none = spark.TrustFiles(bundle=path, roots=())
    refused(spark, none, AT, VerificationError)
    damaged = tmp_path / "trust.elt"
    damaged.write_bytes(path.read_bytes()[:-1])
    files = spark.TrustFiles(bundle=damaged, roots=root)
    refused(spark, files, AT, MalformedError)
    with pytest.raises(FileError, match="nowhere"):
        spark.SparkJudge(spark.TrustFiles(bundle=Path("nowhere"), roots=root), AT)
    assert made.at == AT


def test_nothing_that_the_driver_remembers_may_fall(spark, scene):
    texts, path, root, at, manifests = scene
    judge = spark.SparkJudge(
        spark.TrustFiles(bundle=path, roots=root, snapshots=manifests), at
    )
    seen = judge.trust.seen
    assert seen is not None
    again = spark.TrustFiles(bundle=path, roots=root, seen=(seen,))
    assert spark.SparkJudge(again, at).seen_snapshots == {}
    newer = {
        code: SeenSnapshot(one.number + 1, one.digest)
        for code, one in judge.seen_snapshots.items()
    }
    files = spark.TrustFiles(
        bundle=path, roots=root, snapshots=manifests, seen_snapshots=newer
    )
    refused(spark, files, at, RollbackError)
    assert len(texts) > 20


def test_a_driver_remembers_as_a_verifier_does(spark, scene, tmp_path):
    """What docs/spark.md shows: the memory of trust, and that of snapshots."""
    _, path, root, at, manifests = scene
    data = path.read_bytes()
    memory.pin(tmp_path, data, root, at)
    memory.believe(tmp_path, data, at, roots=[root])
    files = spark.TrustFiles(
        bundle=path,
        roots=root,
        snapshots=manifests,
        seen=memory.recall(tmp_path).seen,
        seen_snapshots=snapshot_memory.recall(tmp_path),
    )
    judge = spark.SparkJudge(files, at)
    snapshot_memory.keep(tmp_path, judge.seen_snapshots)
    assert judge.trust.seen in files.seen
    assert snapshot_memory.recall(tmp_path) == judge.seen_snapshots
    assert len(judge.seen_snapshots) == 2


def test_a_snapshot_that_cannot_be_used_is_refused_by_the_driver(
    spark, scene, city, tmp_path
):
    _, path, root, at, manifests = scene
    usual = spark.TrustFiles(bundle=path, roots=root, snapshots=manifests[:1])
    told_ = refused(spark, usual, at + 8 * DAY, StaleSnapshotError)
    assert str(manifests[0]) in told_.en
    _, other, other_root, _ = city
    foreign = spark.TrustFiles(bundle=other, roots=other_root, snapshots=manifests)
    refused(spark, foreign, at, VerificationError)
    none = spark.TrustFiles(bundle=path, roots=root, snapshots=[path])
    refused(spark, none, at, MalformedError)
    folder = tmp_path / "snapshot"
    folder.mkdir()
    (folder / MANIFEST_FILE).write_bytes(manifests[0].read_bytes())
    alone_ = spark.TrustFiles(
        bundle=path, roots=root, snapshots=[folder / MANIFEST_FILE]
    )
    for columns in manifests[0].parent.glob("*.columns"):
        kept = spark.shipping._folder() / columns.name
        kept.unlink(missing_ok=True)
    with pytest.raises(FileError, match="columns"):
        spark.SparkJudge(alone_, at)


def test_columns_on_another_file_system_are_copied(spark, scene, tmp_path, monkeypatch):
    _, path, root, at, manifests = scene
    monkeypatch.setattr(spark.shipping, "_folder", lambda: tmp_path)
    monkeypatch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(OSError))
    files = spark.TrustFiles(bundle=path, roots=root, snapshots=manifests)
    assert len(spark.SparkJudge(files, at).seen_snapshots) == 2
    assert len(list(tmp_path.glob("*.columns"))) == 2


def test_an_instant_without_a_zone_is_a_mistake(spark, city):
    _, path, root, _ = city
    with pytest.raises(TypeError, match="aware"):
        spark.SparkJudge(
            spark.TrustFiles(bundle=path, roots=root),
            datetime(2026, 11, 21),  # noqa: DTZ001
        )


# The example.


def example(*arguments, program=(sys.executable,)):
    return subprocess.run(
        [*program, ROOT / "examples" / "spark_cluster.py", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=400,
        env={**os.environ, "PYSPARK_PYTHON": sys.executable},
    )


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("way", ["here", "two executors with folders of their own"])
def test_the_example_answers_a_file(tmp_path, way):
    """It asks about now, so that its world is one of now."""
    require_tool("java", "openjdk-17-jre-headless")
    with Simulator(clock.now().replace(microsecond=0)) as world:
        owner = world.department
        tokens = tokens_of(owner, variants(world, owner))
        made = put(tmp_path / "in", tokens[:-2], owner.token, owner.code, world.at)
        (tmp_path / "trust.elt").write_bytes(world.bundle_file())
        root = world.pin
    texts = [payload.qr_text(token) for token in tokens]
    pq.write_table(pa.table({"case": texts, "qr_text": texts}), tmp_path / "in.parquet")
    program = [sys.executable]
    if way != "here":
        program = [
            Path(find_spec("pyspark").origin).parent / "bin" / "spark-submit",
            "--master=local-cluster[2,1,1024]",
            "--conf=spark.driver.host=127.0.0.1",
            "--conf=spark.driver.bindAddress=127.0.0.1",
            "--conf=spark.ui.enabled=false",
        ]
    given = [tmp_path / "trust.elt", root, tmp_path / "in.parquet", tmp_path / "out"]
    done = example(*given, made.path, program=program)
    assert done.returncode == 0, done.stderr[-3000:]
    answered = pq.read_table(tmp_path / "out")
    assert answered.schema.names == ["case", "qr_text", *SCHEMA.names]
    assert answered.column("case").equals(answered.column("qr_text"))
    assert sorted(answered.column("case").to_pylist()) == sorted(texts)
    rows = answered.to_pylist()
    assert Counter(row["evidence"] for row in rows)["snapshot"] >= len(texts) - 4
    printed = {
        (code, None if issuer == "-" else issuer): int(count)
        for count, code, issuer in map(str.split, done.stdout.splitlines())
    }
    assert printed == Counter((row["code"], row["issuer"]) for row in rows)


@pytest.mark.usefixtures("spark")
def test_the_example_says_what_is_refused(scene, tmp_path):
    _, path, _, _, _ = scene
    done = example(path, "sha256:" + "0" * 64, tmp_path, tmp_path / "out")
    assert done.returncode == 2
    assert f"{path} is refused" in done.stderr
    assert example(path).returncode == 2


# What must be there.


def test_the_public_names_are_these(spark):
    names = (
        "MissingSparkError RefusedError SparkError SparkJudge TrustFiles local_session"
    )
    assert " ".join(spark.__all__) == names
    assert all(getattr(spark, name).__doc__ for name in spark.__all__)


def run(program, **how):
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        **how,
    )


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", ["pyspark", "numpy", "pyarrow"])
def test_without_a_package_it_says_how_to_get_it(name):
    done = run(f"import sys; sys.modules[{name!r}] = None; import elicense.spark")
    assert done.returncode == 1
    assert f"{name} is missing" in done.stderr
    assert "pip install 'elicense[spark]'" in done.stderr


@pytest.mark.usefixtures("spark")
def test_without_java_it_says_how_to_get_it(tmp_path):
    (tmp_path / "bash").symlink_to(require_tool("bash", "bash"))
    environment = {**os.environ, "PATH": str(tmp_path)}
    environment.pop("JAVA_HOME", None)
    done = run("from elicense import spark; spark.local_session()", env=environment)
    assert done.returncode == 1
    assert "openjdk-17-jre-headless" in done.stderr
    assert "MissingSparkError" in done.stderr


def test_without_pandas_it_says_how_to_get_it(spark, session, judge, monkeypatch):
    frame = frame_of(session, ["x"])
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(spark.MissingSparkError, match=r"elicense\[spark\]"):
        judge.answer(frame)
