"""Functions that numba compiles at their first call; the compiled copies are in the state folder.

Importing numba takes a second, which most commands do not need. numba checks only the file of a
function to decide whether a compiled copy is current. Here the name of the copy's folder depends on
the files of the compiled functions that it calls and on the constants that it uses, so that a
change of these compiles it again and no other change does.
"""

import hashlib
import importlib
import importlib.util
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from threads_pipelines.environment import state_folder

_LOCK = threading.RLock()
_CONSTANTS = (bool, int, float, str, tuple, np.generic)


class Compiled:
    """A compiled function. Python code and other compiled functions can call it.

    Args:
        path: The file of the function.
        made_by: Compiles the function.
        function: The function as written; None if numba compiled it elsewhere.
    """

    def __init__(
        self, path: str, made_by: Callable[[], Any], function: FunctionType | None
    ) -> None:
        self.path = path
        self.function = function
        self.__doc__ = getattr(function, "__doc__", None)
        self._made_by = made_by
        self._dispatcher: Any = None

    def __call__(self, *given: Any) -> Any:
        """Call the compiled function; the first call compiles it or loads the copy."""
        return self.dispatcher(*given)

    @property
    def dispatcher(self) -> Any:
        """The function that numba compiled."""
        if self._dispatcher is None:
            with _LOCK:
                self._dispatcher = self._dispatcher or self._made_by()
        return self._dispatcher

    @property
    def _numba_type_(self) -> Any:
        """Tell numba, in a compiled caller, what this is."""
        return self.dispatcher._numba_type_


def compiled(function: Callable[..., Any]) -> Compiled:
    """Compile a function with numba at its first call; it runs without the interpreter lock.

    Args:
        function: A plain function that numba can compile.

    Returns:
        The compiled function.
    """
    assert isinstance(function, FunctionType)  # noqa: S101 - a decorator of plain functions

    def make() -> Any:
        import numba

        config: Any = numba.config
        given = config.CACHE_DIR
        folder = Path(given or state_folder() / "cache" / "numba")
        config.CACHE_DIR = str(folder / fingerprint(function))
        try:
            return numba.njit(cache=True, nogil=True)(function)
        finally:
            config.CACHE_DIR = given

    return Compiled(function.__code__.co_filename, make, function)


def compiled_in(module: str, name: str) -> Compiled:
    """Refer to a function that another module compiles; that module is imported at the first call.

    Args:
        module: Dotted name of the module.
        name: Name of the function.

    Returns:
        The compiled function.

    Raises:
        ModuleNotFoundError: There is no such module.
    """
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(module)
    return Compiled(found.origin, lambda: getattr(importlib.import_module(module), name), None)


def fingerprint(function: FunctionType) -> str:
    """Compute a digest of everything that a compiled copy depends on besides its own file.

    Args:
        function: The function as written.

    Returns:
        16 hexadecimal digits. They change with the size or time of the file of a compiled function
        that it calls, directly or not, and with a constant that one of them uses.
    """
    parts = sorted(set(_parts(function, set())))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _parts(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    seen.add(function)
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if isinstance(value, _CONSTANTS):
            yield f"{function.__qualname__} {name} {value!r}"
        elif isinstance(value, Compiled) and value.function not in seen:
            file = Path(value.path).stat()
            yield f"{value.path} {file.st_mtime_ns} {file.st_size}"
            if value.function is not None:
                yield from _parts(value.function, seen)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
