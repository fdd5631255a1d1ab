"""The built reader, where Node.js is present."""

from pathlib import Path

import pytest

from tests.consumer import reader


@pytest.fixture(scope="session")
def reader_folder() -> Path:
    """The folder where the Node.js program is installed and compiled."""
    if reader.NEEDS:
        pytest.skip(
            f"the reader on Prisma is not tested: {' and '.join(reader.NEEDS)} not found "
            "(install Node.js 20 or newer)"
        )
    return reader.build()
