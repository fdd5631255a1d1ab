"""Compiled building blocks: selection of the largest values, grouping, prefetching, threads.

Belongs here: numba functions that know nothing of recommending. They import no other room but
`compiled`.
"""
