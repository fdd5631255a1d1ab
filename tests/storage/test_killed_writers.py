"""A writer that is killed during a request leaves the old object or the new one, never a part."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tests.storage.cut_proxy import CLASSES, When, cut_proxy
from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore

OLD, NEW, LARGE = b"old" * 700, b"new" * 900, bytes(range(256)) * 36_000
_UP = {"small.bin": NEW, "large.bin": LARGE}  # 9 MB: sent in two parts

Write = Callable[[ObjectStore, Path], object]
WRITES: dict[str, tuple[Write, bytes, bytes | None]] = {
    "put over": (lambda s, _: s.put("x", NEW), NEW, OLD),
    "put new": (lambda s, _: s.put("x", NEW), NEW, None),
    "put_if new": (lambda s, _: s.put_if("x", NEW, None), NEW, None),
    "put_if tag": (lambda s, _: s.put_if("x", NEW, _tag(s)), NEW, OLD),
    "upload small": (lambda s, folder: s.upload(folder / "small.bin", "x"), NEW, OLD),
    "upload large": (lambda s, folder: s.upload(folder / "large.bin", "x"), LARGE, OLD),
}


def _tag(store: ObjectStore) -> str:
    found = store.get_with_tag("x")
    assert found is not None
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in _UP.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("name", WRITES)
def test_an_object_is_the_old_or_the_new_one(
    s3_settings: S3Settings, folder: Path, name: str
) -> None:
    write, new, old = WRITES[name]
    store = ObjectStore(s3_settings)

    def killed(request: int, when: When) -> int:
        store.delete("x")
        if old is not None:
            store.put("x", old)
        with cut_proxy(str(s3_settings.endpoint_url), request, when) as proxy:
            writer = ObjectStore(replace(s3_settings, endpoint_url=proxy.address))
            with pytest.raises(ObjectStorageError) if request else nullcontext():
                write(writer, folder)
            assert proxy.dead == bool(request)
        return proxy.requests

    last = killed(0, "before headers")
    for request, when in product({1, min(2, last), last}, CLASSES):  # parts are all alike
        killed(request, when)
        found = store.get_with_tag("x")
        written = request == last and when == "before the answer"
        assert (found and found[0]) == (new if written else old), f"{request} of {last}, {when}"
    store.delete("x")
