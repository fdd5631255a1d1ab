"""Memory prefetching in compiled code.

The lists that are summed lie anywhere in tens of megabytes and are too short for the hardware
prefetcher. Waiting for memory costs as much as the additions.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_LINE = 16
"""Values of 4 bytes in a cache line."""

_MOST = 16 * _LINE
"""Values that are asked for at most: by then the processor goes on by itself."""


@intrinsic
def _touch(_: Any, array: Any, place: Any) -> Any:
    """Emit LLVM's prefetch of ``array[place]`` for reading, into all cache levels."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, given[0]).data
        address = builder.bitcast(builder.gep(data, [given[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        ask = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        read, all_levels, data_cache = number(0), number(3), number(1)
        builder.call(ask, [address, read, all_levels, data_cache])
        return context.get_dummy_value()

    return types.void(array, types.intp), codegen


@njit(nogil=True)  # a part of its callers, whose compiled copies are kept
def prefetch(array: Any, begin: int, end: int) -> None:
    """Prefetch ``array[begin:end]`` into all cache levels. It is a hint: it never waits and never
    fails.

    Args:
        array: Array of 4-byte values.
        begin: First position.
        end: Position after the last one; at most a fixed number of positions is fetched.
    """
    for place in range(begin, min(end, begin + _MOST), _LINE):
        _touch(array, np.intp(place))  # type: ignore[call-arg]  # numba adds the first one
