"""The built reader, where Node.js is present."""

from pathlib import Path

import pytest

from tests.consumer import reader


@pytest.fixture(scope="session")
def reader_folder() -> Path:
    """The folder where the Node.js program is installed and compiled."""
    if missing := reader.missing():
        pytest.skip(
            f"the reader on Prisma is not tested: {missing} (install Node.js {reader.OLDEST_NODE} "
            "or newer with npm)"
        )
    return reader.build()
