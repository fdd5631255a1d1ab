import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats import delimited
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.reading import FileSnapshot, read_snapshot

HEADER = "user_id,post_id,created_at\n"
T = 1_700_000_000
COUNTED = (FileOptions(times="s"),) * 3
"""Small numbers are times where a person says so."""


def write(folder: Path, content: str | bytes, name: str = "events.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def events(read: FileSnapshot) -> set[tuple[str, str]]:
    s = read.snapshot
    return {
        (s.users.ids[u], s.posts.ids[p])
        for u, p in zip(s.interactions.user, s.interactions.post, strict=True)
    }


def test_ids_stay_what_they_are(tmp_path: Path) -> None:
    long = "x" * 10_000
    path = write(
        tmp_path,
        'user_id,post_id\n001,NA\n1,null\nnan,"a,b""c"\n"é😀", p \n'
        f'{long},"two\nlines"\nTrue,1e5\n',
    )
    read = read_snapshot(path)
    assert events(read) == {
        ("001", "NA"),
        ("1", "null"),
        ("nan", 'a,b"c'),
        ("é😀", "p"),
        (long, "two\nlines"),
        ("True", "1e5"),
    }
    assert not read.snapshot.timed
    assert read.snapshot.users.ids.tolist() == sorted(read.snapshot.users.ids)
    assert read.snapshot.users.receives.all()
    assert read.snapshot.posts.candidate.all()


_ID = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip(" \t\r\n") == text.strip() != ""
)


@given(st.lists(st.tuples(_ID, _ID), min_size=1, max_size=20))
@settings(max_examples=60)
def test_any_text_is_an_id(tmp_path_factory: pytest.TempPathFactory, rows: list) -> None:
    def quoted(text: str) -> str:
        return '"{}"'.format(text.replace('"', '""'))

    lines = "".join(f"{quoted(user)},{quoted(post)}\n" for user, post in rows)
    path = write(tmp_path_factory.mktemp("ids"), f"user_id,post_id\n{lines}")
    assert events(read_snapshot(path)) == {(user.strip(), post.strip()) for user, post in rows}


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1284967588", 1284967588),
        ("1284967588.9", 1284967588),
        ("2020-01-01", 1577836800),
        ("2020-01-01T00:00:00", 1577836800),
        ("2020-01-01 00:00:00.500", 1577836800),
        ("2020-01-01T00:00:00Z", 1577836800),
        ("2020-01-01T02:00:00+02:00", 1577836800),
        ("2019-12-31T19:00:00-0500", 1577836800),
        ("20200101", 1577836800),
    ],
)
def test_times(tmp_path: Path, written: str, seconds: int) -> None:
    read = read_snapshot(write(tmp_path, f"{HEADER}a,b,{written}\n"))
    assert read.snapshot.interactions.at.tolist() == [seconds]
    assert read.snapshot.as_of == seconds + 1
    assert read.snapshot.timed


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfuser_id,post_id,created_at\na,b,1700000001\nc,d,1700000002\n",
        b"user_id,post_id,created_at\r\na,b,1700000001\r\n\r\nc,d,1700000002\r\n",
        b"user_id,post_id,created_at\ra,b,1700000001\rc,d,1700000002",
        b'"post_id" , user_id,other,created_at\n"b",a,x,1700000001\nd,"c",,1700000002\n',
        gzip.compress(b"user_id,post_id,created_at\na,b,1700000001\nc,d,1700000002\n"),
    ],
    ids=["BOM", "CRLF", "CR", "other order", "gzip"],
)
def test_all_of_these_are_the_same_file(tmp_path: Path, content: bytes) -> None:
    read = read_snapshot(write(tmp_path, content))
    assert events(read) == {("a", "b"), ("c", "d")}
    assert read.snapshot.interactions.at.tolist() == [T + 1, T + 2]


PACKED = gzip.compress((HEADER + "".join(f"u{i},p,{T}\n" for i in range(5000))).encode())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "no header"),
        (HEADER, "no events"),
        ("user_id,thing\na,b\n", "line 1: no column is known as the post; it has user_id, thing"),
        ("user_id,post_id,post_id\na,b,c\n", "line 1: column 'post_id' is there 2 times"),
        (HEADER + "a,b,1700000001\n,c,1700000002\n", "line 3, user_id: is empty"),
        (HEADER + 'a,b,1700000001\nc,"",1700000002\n', "line 3, post_id: is empty"),
        (HEADER + "a,b,1700000001\n\n\nc,d,soon\n", "line 5, created_at: 'soon' is no time"),
        (HEADER + '"a\nb",b,1700000001\nc,d,now\n', "line 4, created_at: 'now' is no time"),
        (HEADER + "a,b,1700000001\nc,d,\n", "line 3, created_at: is empty"),
        (HEADER + "a,b,-1\n", "line 2, created_at: '-1' is no time"),
        (HEADER + "a,b,nan\n", "line 2, created_at: 'nan' is no time"),
        (HEADER + "a,b,inf\n", "line 2, created_at: 'inf' is no time"),
        (HEADER + "a,b,1969-12-31\n", "line 2, created_at: '1969-12-31' is before 1970"),
        (HEADER + "a,b,1970-01-01T00:00+01:00\n", "line 2, created_at: .* is before 1970"),
        (HEADER + "a,b,1950-13-01\n", "line 2, created_at: '1950-13-01' is no time"),
        (HEADER + "a,b,2020-13-01\n", "line 2, created_at: '2020-13-01' is no time"),
        (HEADER + "a,b,1284967588000\nc,d,1284967588\n", "line 3, .* no time in epoch millis"),
        (HEADER + "a,b,1700000001\nc,d\n", "line 3: 2 fields, the header has 3"),
        (HEADER + "a,b,1700000001\nc,d,1700000001,2\n", "line 3: 4 fields, the header has 3"),
        (HEADER + 'a,b,1700000001\n"c,d,1\ne,f,2\n', "line 3: a quote that is not closed"),
        (HEADER.encode() + b"a,b,1700000001\n\xff,d,2\n", r"line 3: not UTF-8 \(byte 1"),
        (HEADER.encode("utf-16"), "line 1: is UTF-16"),
        (PACKED[: len(PACKED) // 2], r"ends inside line [0-9]+, in the middle of the gzip data"),
        (PACKED[:-4], "ends inside line 5002, in the middle of the gzip data"),
        (PACKED[:40] + b"\0\1\2\3" + PACKED[44:], "is damaged"),
    ],
)
def test_faults_name_the_file_the_line_and_the_field(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    path = write(tmp_path, content)
    with pytest.raises(InputFileError, match=message) as caught:
        read_snapshot(path)
    assert str(path) in str(caught.value)


def test_a_file_named_gz_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="not a gzip file"):
        read_snapshot(write(tmp_path, HEADER + "a,b,1700000001\n", "events.csv.gz"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="does not exist"):
        read_snapshot(tmp_path / "none.csv")
    with pytest.raises(InputFileError, match="cannot be read"):
        read_snapshot(tmp_path)


def test_records_that_cross_the_blocks_of_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "LONGEST_RECORD", 600)
    rows = [(f"u{i % 50}", f"p{i % 70}\n,{i % 3}") for i in range(2000)]
    lines = "".join(f'{user},"{post}",{i}\n' for i, (user, post) in enumerate(rows))
    read = read_snapshot(write(tmp_path, HEADER + lines), options=COUNTED)
    assert events(read) == set(rows)
    assert sorted(read.snapshot.interactions.at.tolist()) == list(range(2000))


def test_unknown_types_are_counted_and_seen_but_not_learned_from(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "user_id,post_id,interaction_type\na,p,like\na,q,purchase\nb,p,purchase\nb,q,share\n",
    )
    read = read_snapshot(path)
    assert read.unknown_types == {"purchase": 2}
    assert events(read) == {("a", "p"), ("b", "q")}
    assert read.snapshot.interactions.kind.tolist() == [2, 3]
    assert read.snapshot.seen.toarray().all()
    assert not read.all_alike


def test_where_no_type_is_known_all_events_count_alike(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "user_id,post_id,interaction_type,created_at\n"
        "a,p,purchase,1\na,q,rating,2\nb,p,purchase,3\nb,q,view,9\n",
    )
    read = read_snapshot(path, as_of=5, options=COUNTED)
    assert read.all_alike
    assert read.unknown_types == {"purchase": 2, "rating": 1}
    assert events(read) == {("a", "p"), ("a", "q"), ("b", "p")}
    assert len(set(read.snapshot.interactions.kind.tolist())) == 1
    assert not read_snapshot(path, options=COUNTED).all_alike


def test_what_happened_after_as_of_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "a,p,10\na,q,20\nb,r,30\n")
    read = read_snapshot(path, as_of=20, options=COUNTED)
    assert read.later == 1
    assert events(read) == {("a", "p"), ("a", "q")}
    assert read.snapshot.posts.candidate.tolist() == [True, True, False]
    assert read.snapshot.seen.nnz == 2
    assert read.snapshot.users.receives.tolist() == [True, True]
    with pytest.raises(InputFileError, match="every event is later than 5"):
        read_snapshot(path, as_of=5, options=COUNTED)


def test_a_time_that_has_not_come_does_not_shift_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "a,p,10\na,q,99999\n")
    read = read_snapshot(path, now=1000, options=COUNTED)
    assert (read.snapshot.as_of, read.later) == (1000, 1)
    assert read_snapshot(path, now=10**6, options=COUNTED).snapshot.as_of == 100000


def test_posts_and_users_of_their_own_files(tmp_path: Path) -> None:
    posts = write(
        tmp_path,
        "post_id,content,author_id,created_at\n"
        'new,"hello, world",w,15\np,,a,2\nlater,x,a,500\nold,NA,,\n',
        "posts.csv",
    )
    users = write(tmp_path, "user_id\ncold\na\ncold\n", "users.csv")
    path = write(tmp_path, HEADER + "a,p,10\nb,q,20\n")
    read = read_snapshot(path, posts, users, options=COUNTED)
    assert read.later_posts == 1
    snapshot = read.snapshot
    assert snapshot.users.ids.tolist() == ["a", "b", "cold", "w"]
    assert snapshot.users.receives.tolist() == [True, False, True, False]
    assert snapshot.posts.ids.tolist() == ["later", "new", "old", "p", "q"]
    assert snapshot.posts.candidate.tolist() == [False, True, True, True, True]
    assert snapshot.posts.author.tolist() == [0, 3, -1, 0, -1]
    assert snapshot.posts.created_at.tolist() == [500, 15, -1, 2, -1]
    assert snapshot.posts.content.tolist() == ["x", "hello, world", "NA", "", ""]
    assert np.diff(snapshot.seen.indptr).tolist() == [1, 1, 0, 0]


def test_posts_have_times_where_events_have_none(tmp_path: Path) -> None:
    posts = write(tmp_path, "post_id,created_at\np,100\nold,200\nnew,300\n", "posts.csv")
    path = write(tmp_path, "user_id,post_id\na,p\nb,q\n")
    read = read_snapshot(path, posts, now=250, options=COUNTED)
    assert read.snapshot.posts.ids.tolist() == ["new", "old", "p", "q"]
    assert read.snapshot.posts.candidate.all()
    assert read.later_posts == 0
    read = read_snapshot(path, posts, as_of=200, options=COUNTED)
    assert read.snapshot.posts.candidate.tolist() == [False, True, True, True]
    assert (read.later, read.later_posts) == (0, 1)


def test_a_post_twice_in_the_catalogue_is_an_error(tmp_path: Path) -> None:
    posts = write(tmp_path, "post_id\np\nq\np\n", "posts.csv")
    with pytest.raises(InputFileError, match="line 4, post_id: is there a second time"):
        read_snapshot(write(tmp_path, HEADER + f"a,p,{T}\n"), posts)
