"""Files as people have them: layouts of public data sets, compressions, Parquet and JSON lines."""

import bz2
import gzip
import io
import lzma
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.offline.files import feeds
from tests.offline.layouts import DATASETS, EVENTS
from threads_pipelines.errors import ConfigurationError, InputFileError
from threads_pipelines.files.formats.kinds import EVENTS as EVENTS_FILE
from threads_pipelines.files.formats.options import FileOptions, parse_options
from threads_pipelines.files.reading import FileSnapshot, read_snapshot
from threads_pipelines.storage.postgres.report_rows import INTERACTIONS

COMMAND = Path(sys.executable).with_name("threads-pipelines")
PLAIN = DATASETS["MovieLens csv"][0].encode()


def said(text: str) -> tuple[FileOptions, FileOptions, FileOptions]:
    return (parse_options(text, EVENTS_FILE.roles), FileOptions(), FileOptions())


def pairs(read: FileSnapshot) -> list[tuple[int, int]]:
    events = read.snapshot.interactions
    return sorted(zip(events.user.tolist(), events.post.tolist(), strict=True))


def write(folder: Path, content: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", DATASETS)
def test_a_public_data_set_is_recognised_and_the_choice_is_said(tmp_path: Path, name: str) -> None:
    content, option, more = DATASETS[name]
    path = write(tmp_path, content)
    read = read_snapshot(path)
    expected = read_snapshot(write(tmp_path, PLAIN, "plain.csv"))
    # Ids keep their order in every layout, so rows can be compared.
    assert pairs(read) == pairs(expected)
    assert f"--columns {option}" in read.choices[0]
    assert more in read.choices[0]
    if read.snapshot.timed:
        exact = "date" not in option or name != "Steam reviews"
        assert not exact or set(read.snapshot.interactions.at) == {at for _, _, at in EVENTS}
    # What is printed is an option that reads the file in the same way.
    printed = re.search(r"--columns (\S+?)(;|$)", read.choices[0])
    assert printed
    again = read_snapshot(path, options=said(printed[1]))
    assert pairs(again) == pairs(read)
    assert again.snapshot.as_of == read.snapshot.as_of


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    return file.getvalue()


PACKED = {
    "gz": (gzip.compress(PLAIN), "gzip"),
    "bz2": (bz2.compress(PLAIN), "bzip2"),
    "xz": (lzma.compress(PLAIN), "xz"),
    "zst": (pa.Codec("zstd").compress(PLAIN, asbytes=True), "zstd"),
    "zip": (zipped("ratings.csv"), "zip"),
}


@pytest.mark.parametrize("suffix", PACKED)
def test_compressions(tmp_path: Path, suffix: str) -> None:
    packed, name = PACKED[suffix]
    middle = len(packed) // 2
    expected = pairs(read_snapshot(write(tmp_path, PLAIN)))
    for path in (f"a.csv.{suffix}", "a.csv"):
        read = read_snapshot(write(tmp_path, packed, path))
        assert pairs(read) == expected
        assert f"is CSV in {name}," in read.choices[0]
    for broken in (packed[:middle], packed[:middle] + b"\0\1\2\3" + packed[middle + 4 :]):
        with pytest.raises(
            InputFileError, match=r"damaged|copy it again|not UTF-8|fields"
        ) as caught:
            read_snapshot(write(tmp_path, broken, f"b.{suffix}"))
        assert "\n" not in str(caught.value)
    with pytest.raises(InputFileError, match=f"is named .{suffix} but is not a {name} file"):
        read_snapshot(write(tmp_path, PLAIN, f"c.{suffix}"))
    with pytest.raises(InputFileError, match="is empty"):
        read_snapshot(write(tmp_path, b"", f"d.{suffix}"))


def test_an_archive_of_several_files_asks_for_one_of_them(tmp_path: Path) -> None:
    path = write(tmp_path, zipped("ml/ratings.csv", "ml/movies.csv", "__MACOSX/x"), "ml.zip")
    with pytest.raises(InputFileError, match=r"holds 2 files .*such as .*ml\.zip/ml/ratings\.csv"):
        read_snapshot(path)
    assert len(pairs(read_snapshot(path / "ml/ratings.csv"))) == len(EVENTS)
    with pytest.raises(InputFileError, match=r"holds no 'ml/none\.csv'"):
        read_snapshot(path / "ml/none.csv")
    workbook = write(tmp_path, zipped("[Content_Types].xml", "xl/workbook.xml"), "book.xlsx")
    with pytest.raises(InputFileError, match="Excel workbook: save the sheet as CSV"):
        read_snapshot(workbook)


def test_the_products_own_export(tmp_path: Path) -> None:
    rows = {
        "id": [str(n) for n in range(len(EVENTS))],
        "created_at": [at * 1000 + 7 for _, _, at in EVENTS],
        "user_id": [f"u{user}" for user, _, _ in EVENTS],
        "username": ["name"] * len(EVENTS),
        "post_id": [f"p{post}" for _, post, _ in EVENTS],
        "post": ["text"] * len(EVENTS),
        "interaction_type": ["like"] * len(EVENTS),
        "metadata": [None] * len(EVENTS),
    }
    path = tmp_path / "interactions.parquet"
    table = pa.table({name: pa.array(rows[name], INTERACTIONS.field(name).type) for name in rows})
    pq.write_table(table, path)
    read = read_snapshot(path)
    assert pairs(read) == pairs(read_snapshot(write(tmp_path, PLAIN)))
    assert set(read.snapshot.interactions.kind) == {2}
    assert set(read.snapshot.interactions.at) == {at for _, _, at in EVENTS}
    option = "user=user_id,post=post_id,type=interaction_type,time=created_at"
    assert f"is Parquet, read as --columns {option},times=iso" in read.choices[0]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (pa.array([1, 2]), None),
        (pa.array(["1", "2"]).dictionary_encode(), None),
        (pa.array(["1", " 2 "], pa.large_string()), None),
        (pa.array(["1", None]), "row 2, post_id: is empty"),
        (pa.array([1.0, 2.0]), "column post_id: is of type double"),
        (pa.array([True, False]), "column post_id: is of type bool"),
        (pa.array([["1"], ["2"]]), "column post_id: is of type list"),
    ],
)
def test_ids_of_parquet(tmp_path: Path, ids: pa.Array, message: str | None) -> None:
    path = tmp_path / "events.parquet"
    pq.write_table(pa.table({"user_id": ["a", "b"], "post_id": ids}), path)
    if message is None:
        assert read_snapshot(path).snapshot.posts.ids.tolist() == ["1", "2"]
        return
    with pytest.raises(InputFileError, match=message):
        read_snapshot(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"user_id": 1, "post_id": 2}\n{"user_id": 1}\n', "line 2, post_id: is empty"),
        ('{"user_id": 1, "post_id": 2}\n\n{"user_id": 1,\n', "line 3: is not one whole JSON"),
        ('{"user_id": 1, "post_id": [2]}\n', "line 1, post_id: is a list, not an id"),
        ('{"user_id": 1, "post_id": true}\n', "line 1, post_id: is true or false, not an id"),
        ('{"user_id": 1, "post_id": 2, "post_id": 3}\n', "line 1: .*'post_id' is there 2 times"),
        ('{"user_id": 1, "post_id": "\\ud800"}\n', "line 1, post_id: holds half of a surrogate"),
        ('{"user_id": 1, "x": ' + "[" * 99_999 + "\n", "line 1: is nested too deeply"),
        ('[{"user_id": 1, "post_id": 2}]\n', "line 1: is a JSON list: write one object a line"),
        ('{"user_id": 1, "post_id": 2}\n7\n', "line 2: is JSON, but no object"),
    ],
)
def test_json_lines_that_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputFileError, match=message):
        read_snapshot(write(tmp_path, content))


def test_numbers_of_json_lines_keep_their_digits(tmp_path: Path) -> None:
    huge = "9" * 5000
    content = f'{{"user_id": {huge}, "post_id": 12345678901234567890}}\n'
    read = read_snapshot(write(tmp_path, content))
    assert read.snapshot.users.ids.tolist() == [huge]
    assert read.snapshot.posts.ids.tolist() == ["12345678901234567890"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "user_id,item_id,movie_id\na,b,c\n",
            "'item_id' and 'movie_id' can each be the post: say ",
        ),
        ("user_id,post_id,date,time\na,b,c,d\n", "'date' and 'time' can each be the time: say"),
        ("a,b\nc,d\n", r"no column is known as the user; .*--columns user=1,post=2,header=no"),
        (
            "user_000001\t2009-05-04T23:08:57Z\t\tDeep Dish\t\tFuck Me\n",
            r"several ways: say --columns user=1,time=2,post=4.*artist.* or .*post=6",
        ),
        ("a,b|c,d\ne,f|g,h\n", "no column is known"),
    ],
)
def test_what_is_ambiguous_names_the_option_that_decides(
    tmp_path: Path, content: str, message: str
) -> None:
    with pytest.raises(InputFileError, match=message):
        read_snapshot(write(tmp_path, content))


def test_columns_by_position(tmp_path: Path) -> None:
    path = write(tmp_path, "a;x;7\nb;y;8\n")
    with pytest.raises(InputFileError, match="--columns user=1,post=2"):
        read_snapshot(path, options=said("header=no"))
    read = read_snapshot(path, options=said("user=1,post=3,header=no"))
    assert read.snapshot.posts.ids.tolist() == ["7", "8"]
    assert "separator=semicolon,header=no" in read.choices[0]
    read = read_snapshot(path, options=said("user=1,post=3"))  # 7 cannot be a name
    assert read.snapshot.users.ids.tolist() == ["a", "b"]
    with pytest.raises(InputFileError, match="header=yes or header=no"):
        read_snapshot(write(tmp_path, "a;x\nb;y\n"), options=said("user=1,post=2"))
    both = write(tmp_path, "a;x,1\nb;y,2\n")
    with pytest.raises(InputFileError, match="separator=comma or separator=semicolon"):
        read_snapshot(both, options=said("user=1,post=2,header=no"))
    read = read_snapshot(both, options=said("user=1,post=2,header=no,separator=;"))
    assert read.snapshot.posts.ids.tolist() == ["x,1", "y,2"]


def test_ids_and_types_are_trimmed_alike(tmp_path: Path) -> None:
    path = write(tmp_path, "user_id, post_id, interaction_type\n a , p ,\tLike \na,p,view\n")
    posts = write(tmp_path, "post_id\np \n", "posts.csv")
    read = read_snapshot(path, posts)
    assert (read.snapshot.users.ids.tolist(), read.snapshot.posts.ids.tolist()) == (["a"], ["p"])
    assert read.snapshot.interactions.kind.tolist() == [2, 0]
    assert not read.unknown_types
    with pytest.raises(InputFileError, match="line 3, user_id: is empty"):
        read_snapshot(write(tmp_path, "user_id,post_id\na,b\n \t,c\n"))


def test_other_encodings_are_read_where_a_person_says_so(tmp_path: Path) -> None:
    path = write(tmp_path, "user_id,post_id\na,Amélie\n".encode("latin-1"))
    with pytest.raises(InputFileError, match=r"line 2: not UTF-8 .*encoding=latin-1"):
        read_snapshot(path)
    read = read_snapshot(path, options=said("encoding=latin-1"))
    assert read.snapshot.posts.ids.tolist() == ["Amélie"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user", "is not KEY=VALUE"),
        ("name=x", "'name' is not known here; known are user, post, type, time"),
        ("separator=x", "separator=x: choose one of comma, tab"),
        ("header=maybe", "choose one of yes, no"),
        ("times=h", "choose one of s, ms, us, ns, excel, iso"),
        ("user=a,user=b", "user is given twice"),
    ],
)
def test_options_that_cannot_be_used(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_options(text, EVENTS_FILE.roles)


def command(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    ran = subprocess.run(
        [COMMAND, *map(str, arguments)], input=stdin, capture_output=True, check=False
    )
    return subprocess.CompletedProcess(
        ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode()
    )


def test_the_installed_command_reads_foreign_files(tmp_path: Path) -> None:
    names = "u_ser,film,what,moment"
    rows = [f"{user},{post},like,{at}000" for user, post, at in EVENTS]
    path = write(tmp_path, "\n".join([names, *rows]))
    films = write(tmp_path, "".join(f"{n}::Film ({n})::Drama\n" for n in range(10, 18)), "m.dat")
    users = write(tmp_path, "1\n2\n99\n", "users.csv")
    out = tmp_path / "feeds.csv"
    given = (
        "recommend", "--interactions", path, "--posts", films, "--users", users, "--out", out,
        "--settings", "seed_formula",
    )  # fmt: skip
    ran = command(*given)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines()[-1].startswith(f"Error: {path}, line 1: no column is known as")
    ran = command(*given, "--columns", "user=u_ser,post=film,type=what,time=moment")
    assert ran.returncode == 0, ran.stderr
    assert set(feeds(out)) == {"1", "2", "99"}
    assert "user=u_ser,post=film,type=what,time=moment,separator=comma" in ran.stderr
    assert "MovieLens 1M and 10M films, read as --posts-columns post=1,content=2" in ran.stderr
    assert "--users-columns user=1" in ran.stderr
    assert "1 of 3 users of" in ran.stderr
    assert "have no event" in ran.stderr
    ran = command(*given, "--columns", "user")
    assert ran.returncode == 2
    assert "--columns" in ran.stderr


def test_the_installed_command_says_loudly_that_nobody_is_known(tmp_path: Path) -> None:
    path = write(tmp_path, PLAIN)
    users = write(tmp_path, "user_id\nx\ny\n", "users.csv")
    ran = command(
        "recommend", "--interactions", path, "--users", users, "--settings", "seed_formula",
        "--out", tmp_path / "feeds.csv",
    )  # fmt: skip
    assert ran.returncode == 0
    assert f"WARNING: no user of {users} has an event" in ran.stderr


def test_the_installed_command_reads_a_pipe(tmp_path: Path) -> None:
    out = tmp_path / "feeds.csv"
    ran = command(
        "recommend", "--interactions", "/dev/stdin", "--settings", "seed_formula", "--out", out,
        stdin=gzip.compress(PLAIN),
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(feeds(out)) == len({user for user, _, _ in EVENTS})
