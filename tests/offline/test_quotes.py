"""A quote that is not closed is found wherever it stands, and its line named."""

import io
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.formats.quotes import QuoteCheck
from threads_pipelines.files.reading import read_snapshot

EVENTS = ("user_id", "post_id", "interaction_type", "created_at", "note")
POSTS = ("post_id", "content", "author_id", "created_at")
USERS = ("user_id", "name")
ROWS = 6


def table(
    folder: Path, columns: tuple[str, ...], kind: str, broken: tuple[int, int] | None
) -> Path:
    """A file of ``ROWS`` rows; ``broken`` is the row and the column whose quote is not closed."""
    values = {"interaction_type": "view", "created_at": "2026-03-01"}
    lines = [",".join(columns)]
    for row in range(ROWS):
        fields = [values.get(name, f"{name[0]}{row}") for name in columns]
        if broken and broken[0] == row:
            fields[broken[1]] = f'"{fields[broken[1]]}'
        lines.append(",".join(fields))
    path = folder / f"{kind}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("row", [0, 2, ROWS - 1])
@pytest.mark.parametrize(
    ("kind", "column"),
    [
        *product(["events"], range(len(EVENTS))),
        *product(["posts"], range(len(POSTS))),
        *product(["users"], range(len(USERS))),
    ],
)
def test_an_open_quote_is_found_in_every_file_and_column(
    tmp_path: Path, kind: str, column: int, row: int
) -> None:
    paths = {
        name: table(tmp_path, columns, name, (row, column) if name == kind else None)
        for name, columns in (("events", EVENTS), ("posts", POSTS), ("users", USERS))
    }
    with pytest.raises(InputFileError, match=rf"{kind}\.csv, line {row + 2}: a quote that is not"):
        read_snapshot(paths["events"], paths["posts"], paths["users"])


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('a,b,x\nc,"d,y\ne,"",z\ng,"h",z\n', 3),  # an empty field and a later quoted one
        ('a,"b,x\nc,d,y\n"e",f,z\n', 2),
        ('a,"b"c,x\n', 2),  # text behind a closed quote
        ('a,b"c,x\n', 2),  # a quote inside a field
        ('a, "b",x\n', 2),  # a space in front of a quote
        ('a,"b ""c,x\n', 2),
        ('"', 2),
    ],
)
def test_the_line_that_is_named_is_the_one_that_opened_the_quote(
    tmp_path: Path, rows: str, line: int
) -> None:
    path = tmp_path / "events.csv"
    path.write_text(f"user_id,post_id,note\n{rows}")
    with pytest.raises(InputFileError, match=rf"events\.csv, line {line}: a quote .* quotes=no"):
        read_snapshot(path)


def test_quotes_are_plain_characters_where_a_person_says_so(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text('user_id\tpost_id\na\t"Weird" Al\nb\t5" disk\n')
    with pytest.raises(InputFileError, match="quotes=no"):
        read_snapshot(path)
    read = read_snapshot(path, options=(FileOptions(quotes=False),) * 3)
    assert read.snapshot.posts.ids.tolist() == ['"Weird" Al', '5" disk']


def first_fault(text: str) -> int | None:
    """The grammar character by character: a slow twin of ``QuoteCheck``."""
    state, opened = "start", 0
    for place, sign in enumerate(text):
        if sign == '"':
            if state == "plain":
                return place
            if state == "spaces":
                return opened
            opened = place if state == "start" else opened
            state = {"start": "inside", "inside": "closed", "closed": "inside"}[state]
        elif state != "inside":
            if sign in ",\r\n":
                state = "start"
            elif state in ("closed", "spaces"):
                if sign != " ":
                    return opened
                state = "spaces"
            else:
                state = "plain"
    return opened if state == "inside" else None


@pytest.mark.parametrize("block", [1, 2, 3, 100])
def test_the_fast_check_agrees_with_the_grammar(block: int) -> None:
    rng = np.random.default_rng(block)
    signs = np.array(list('""",a \n\r'))
    found = set()
    for _ in range(4000):
        text = "".join(rng.choice(signs, rng.integers(14)))
        check = QuoteCheck(io.BytesIO(text.encode()), ",")
        while check.read(block):
            pass
        assert check.fault == first_fault(text), text
        found.add(check.fault is None)
    assert found == {True, False}
