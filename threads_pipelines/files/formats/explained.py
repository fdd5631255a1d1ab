"""Messages for files that cannot be opened or decompressed."""

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.source import Source


@contextmanager
def explained(source: Source) -> Iterator[None]:
    """Turn errors of opening and decompressing into an InputFileError that names the file.

    Args:
        source: The file.

    Raises:
        InputFileError: The block failed for such a reason.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise InputFileError(f"{source} does not exist") from error
    except EOFError as error:
        raise InputFileError(_broken_off(source)) from error
    except (gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise InputFileError(f"{source} is damaged: {error}") from error
    except NotImplementedError as error:
        raise InputFileError(f"{source} cannot be unpacked: {error}") from error
    except OSError as error:
        if error.errno is None and "Truncated" in str(error):
            raise InputFileError(_broken_off(source)) from error
        if error.errno is None:
            raise InputFileError(f"{source} is damaged: {error}") from error
        raise InputFileError(f"{source} cannot be read: {error.strerror or error}") from error


def _broken_off(source: Source) -> str:
    lines = 1
    with suppress(EOFError, OSError), source.open() as file:
        for line in file:
            lines += line.endswith(b"\n")
    kind = source.packing[-1] if source.packing else "compressed"
    return f"{source} ends inside line {lines}, in the middle of the {kind} data: copy it again"
