import random
from pathlib import Path

import pytest

from tests.offline.files import HOUR, T, write


@pytest.fixture
def communities(tmp_path: Path) -> Path:
    """Two communities that share no post, over three days."""
    rng = random.Random(0)
    rows: list[tuple[object, ...]] = [("user_id", "post_id", "created_at")]
    rows += [
        (f"u{u}", f"{'ab'[u % 2]}{rng.randrange(12)}", T + rng.randrange(72) * HOUR)
        for u in range(30)
        for _ in range(6)
    ]
    return write(tmp_path, rows)
