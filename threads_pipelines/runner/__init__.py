"""Runs a job as a process: launching, progress lines, Dagster's instance storage.

Belongs here: process code around Dagster that is no definition.
Does not belong here: definitions (`defs`), command-line options (`cli`).
"""
