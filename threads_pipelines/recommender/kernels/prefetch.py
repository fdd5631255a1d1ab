"""Asking for memory before it is needed, in compiled code, without importing numba yet."""

from threads_pipelines.compiled import compiled_in

prefetch = compiled_in("threads_pipelines.recommender.kernels.prefetch_intrinsic", "prefetch")
"""``prefetch(array, begin, end)``: ask for array[begin:end] of 4-byte values."""
