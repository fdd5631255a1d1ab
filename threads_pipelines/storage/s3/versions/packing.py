"""Arrays as npz files without pickle: strings are stored as UTF-8 bytes and offsets."""

import zipfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import ArtefactError, DataError

Arrays = Mapping[str, NDArray]
_BYTES, _OFFSETS = ".utf8", ".offsets"


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write named arrays to an npz file.

    Args:
        path: The file; it is replaced.
        arrays: Arrays by name. An object array must be one-dimensional and contain only str.

    Raises:
        DataError: An object array has another shape or other values.
    """
    packed: dict[str, NDArray] = {}
    for name, array in arrays.items():
        if array.dtype == object:
            packed[name + _BYTES], packed[name + _OFFSETS] = pack_strings(array)
        else:
            packed[name] = array
    # Not compressed: the arrays are large, are read again at once, and random at their low bits.
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **packed)


def read_arrays(path: Path) -> dict[str, NDArray]:
    """Read the arrays that ``write_arrays`` wrote.

    Args:
        path: The file.

    Returns:
        Arrays by name.

    Raises:
        ArtefactError: The file is not such a file.
    """
    arrays: dict[str, NDArray] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                if name.endswith(_BYTES):
                    stem = name.removesuffix(_BYTES)
                    arrays[stem] = unpack_strings(file[name], file[stem + _OFFSETS])
                elif not name.endswith(_OFFSETS):
                    arrays[name] = file[name]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ArtefactError(f"{path.name} is not an array file of this project: {error}") from error
    return arrays


def pack_strings(strings: NDArray[np.object_]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Encode strings as one array of bytes.

    Args:
        strings: (n,) object array of str.

    Returns:
        The UTF-8 bytes of all strings, (m,) uint8, and their (n + 1,) int64 offsets.

    Raises:
        DataError: A value is not valid text.
    """
    try:
        encoded = [string.encode() for string in strings]
    except (AttributeError, UnicodeEncodeError) as error:
        raise DataError(f"an object array may hold only valid text: {error}") from error
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(string) for string in encoded], out=offsets[1:])
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


def unpack_strings(utf8: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.object_]:
    """Decode the arrays of ``pack_strings``.

    Args:
        utf8: (m,) uint8.
        offsets: (n + 1,) int64.

    Returns:
        (n,) object array of str.
    """
    content, ends = utf8.tobytes(), offsets.tolist()
    strings = np.empty(len(ends) - 1, object)
    for row, (start, end) in enumerate(pairwise(ends)):
        strings[row] = content[start:end].decode()
    return strings
