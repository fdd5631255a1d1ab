"""Checks the quotes of a delimited file: each must open or close a field, or be doubled in one.

The CSV reader closes a quote that is still open at the end of the file, and accepts a quote inside
a field. Both can swallow the rest of a file without an error.
"""

import io

import numpy as np
from numpy.typing import NDArray

_QUOTE, _SPACE = ord('"'), ord(" ")
_LINE_ENDS = b"\r\n"
_BOM = b"\xef\xbb\xbf"


class QuoteCheck(io.RawIOBase):
    """A stream that passes bytes on and checks each quote.

    Quotes are numbered from 0. In a well-formed file an even one is at the beginning of a field, or
    after a quote; an odd one is at the end of a field (spaces may follow), or before a quote; and
    their number is even. No other file passes.

    Args:
        stream: The bytes.
        separator: One ASCII character.

    Attributes:
        fault: Offset of the quote that causes the first fault; None without a fault.
    """

    def __init__(self, stream: io.BufferedIOBase, separator: str) -> None:
        """Take the bytes of ``stream``; ``separator`` is one character of ASCII."""
        self._stream = stream
        self._edges = np.zeros(256, bool)
        self._edges[list(separator.encode() + _LINE_ENDS)] = True
        self._read = 0
        self._seen = 0
        self._opened = 0
        self._last = _LINE_ENDS[0]
        self._closed = False
        self.fault: int | None = None

    def readable(self) -> bool:
        """Implement ``RawIOBase.readable``."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Implement ``RawIOBase.read``; at the end of the stream an open quote is a fault."""
        data = self._stream.read(-1 if size is None else size)
        if self.fault is None:
            if data:
                self._look(data)
            elif size and (self._seen % 2):
                self.fault = self._opened
        self._read += len(data)
        return data

    def _look(self, data: bytes) -> None:
        """Check the quotes of a block."""
        codes = np.frombuffer(data, np.uint8)
        after = data.lstrip(b" ")[:1] if self._closed else b""
        doubled = self._last == _QUOTE and data.startswith(b'"')
        if after and not self._edges[after[0]] and not doubled:
            self.fault = self._opened
            return
        at = np.flatnonzero(codes == _QUOTE)
        even = (self._seen + np.arange(len(at))) % 2 == 0
        previous = np.where(at > 0, codes[at - 1], self._last)
        if self._read == 0 and data.startswith(_BOM + b'"'):
            previous[0] = _LINE_ENDS[0]
        opens = even & self._edges[previous]
        wrong = even & ~(opens | (previous == _QUOTE))
        ends = self._edges[self._following(codes, at)]
        pairs = np.append(np.diff(at) == 1, False)[: len(at)]
        wrong |= ~even & ~(ends | pairs)
        if wrong.any():
            first = int(np.argmax(wrong))
            self.fault = self._blame(at, opens, first, bool(even[first]))
            return
        if opens.any():
            self._opened = self._read + int(at[opens][-1])
        self._seen += len(at)
        tail = data.rstrip(b" ")
        if tail:
            self._closed = tail.endswith(b'"') and self._seen % 2 == 0
        self._last = data[-1]

    def _following(self, codes: NDArray[np.uint8], at: NDArray[np.intp]) -> NDArray[np.uint8]:
        """Return the byte after each quote and its spaces; a line end after the last byte."""
        padded = np.append(codes, _LINE_ENDS[0]).astype(np.uint8)
        following = padded[at + 1]
        spaced = following == _SPACE
        if spaced.any():
            solid = np.flatnonzero(padded != _SPACE)
            following[spaced] = padded[solid[np.searchsorted(solid, at[spaced] + 1)]]
        return following

    def _blame(self, at: NDArray[np.intp], opens: NDArray[np.bool_], first: int, even: bool) -> int:
        """Return the offset of the quote itself, or of the one that opened its field."""
        if even:
            return self._read + int(at[first])
        earlier = np.flatnonzero(opens[:first])
        return self._read + int(at[earlier[-1]]) if len(earlier) else self._opened
