"""The beginning of a delimited file."""

import io
from itertools import islice

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.options import SEPARATORS, FileOptions
from threads_pipelines.files.formats.records import Dialect, parsed
from threads_pipelines.files.formats.source import Source

_SAMPLE = 1 << 20
_RECORDS = 100
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Sample:
    """The beginning of a file as text, and its records for each separator.

    Args:
        source: The file.
        options: What the user says about the file.

    Attributes:
        separators: The separators to try.

    Raises:
        InputFileError: The file is empty or not text.
    """

    def __init__(self, source: Source, options: FileOptions) -> None:
        """Read it. Raises InputFileError for a file that is empty or no text."""
        with source.open() as file:
            start = file.read(_SAMPLE)
        if not start:
            raise InputFileError(f"{source} is empty: the first line names the columns")
        if start.startswith(_UTF16) or b"\0" in start[:4096]:
            what = "UTF-16" if start.startswith(_UTF16) else "not text: it holds NUL bytes"
            raise InputFileError(f"{source}, line 1: is {what}: save it as UTF-8")
        if not start.strip():
            raise InputFileError(f"{source} has no header: the first line names the columns")
        self.source, self.options = source, options
        self.encoding = options.encoding or "utf-8"
        text = start.removeprefix(b"\xef\xbb\xbf").decode(self.encoding, "replace")
        self._lines = list(io.StringIO(text, newline=""))
        self._cut = len(start) == _SAMPLE
        self.separators = [options.separator] if options.separator else list(SEPARATORS.values())

    def dialect(
        self, separator: str, *, header: bool = True, quotes: bool | None = None
    ) -> Dialect:
        """Make the dialect for a separator. Options of the user override the arguments.

        Args:
            separator: The separator.
            header: Whether the first line names the columns.
            quotes: Whether a double quote encloses a field. None: yes, except with ``::``.

        Returns:
            The dialect.
        """
        quotes = separator != "::" if quotes is None else quotes
        if self.options.quotes is not None:
            quotes = self.options.quotes
        return Dialect(separator, header, quotes, self.encoding)

    def records(self, dialect: Dialect) -> list[tuple[int, list[str]]]:
        """Return the first records, without a last one that may be incomplete.

        Args:
            dialect: How the file is written.

        Returns:
            The number of its last line, and the fields, of each record.
        """
        found = list(islice(parsed(self._lines, dialect), _RECORDS))
        cut = self._cut and len(found) > 1 and found[-1][0] == len(self._lines)
        return [(line, record) for line, record in found[: len(found) - cut] if record]

    def first(self, separator: str) -> tuple[list[str], int]:
        """Return the first record.

        Args:
            separator: The separator.

        Returns:
            Its fields, and the number of its last line.
        """
        line, record = self.records(self.dialect(separator))[0]
        return [name.strip() for name in record], line
