"""Work that another process or machine can do: functions of an artefact's key and a range of rows.

Belongs here: how a version is cut into shards, the task that makes one of them, and the executor
that runs the tasks, in threads or on Dask.
Does not belong here: the computation itself (``recommender``) and the format of what is stored
(``storage``).
"""
