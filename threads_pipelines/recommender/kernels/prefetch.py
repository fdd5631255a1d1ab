"""Memory prefetching for compiled code; this module does not import numba until it is used."""

from threads_pipelines.compiled import compiled_in

prefetch = compiled_in("threads_pipelines.recommender.kernels.prefetch_intrinsic", "prefetch")
"""``prefetch(array, begin, end)``: ask for array[begin:end] of 4-byte values."""
