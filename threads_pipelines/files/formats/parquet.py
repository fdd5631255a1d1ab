"""Reads Parquet files of this project and of other programs."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.columns import recognise
from threads_pipelines.files.formats.kinds import FileKind, RawTable
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.formats.source import Source

MAGIC = b"PAR1"


def read_parquet(
    source: Source, kind: FileKind, options: FileOptions, ids: frozenset[str]
) -> RawTable:
    """Read the columns that have a role.

    Args:
        source: The file.
        kind: Purpose of the file.
        options: What the user says about the file.
        ids: Roles whose column is dictionary-encoded.

    Returns:
        The table: str, empty for a missing value; or timestamps if the file has them.

    Raises:
        InputFileError: The file is damaged, or the type of a column cannot be read.
    """
    try:
        with source.open() as file:
            whole = pa.BufferReader(file.read()) if source.packing else file
            parquet = pq.ParquetFile(whole)
            names = parquet.schema_arrow.names
            roles = recognise(names, kind, options, source)
            read = parquet.read(columns=[names[place] for place in roles.values()])
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        first = str(error).splitlines()[0]
        raise InputFileError(f"{source} is a damaged or unknown Parquet file: {first}") from error
    columns = {
        role: _column(read.column(names[place]), role, names[place], source, is_id=role in ids)
        for role, place in roles.items()
    }
    return RawTable(pa.table(columns), names, roles, "Parquet", lambda row: f"row {row + 1}")


def _column(
    column: pa.ChunkedArray, role: str, name: str, source: Source, *, is_id: bool
) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if isinstance(kind, pa.UuidType):
        texts = [None if one is None else str(one) for one in column.to_pylist()]
        column, kind = pa.chunked_array([pa.array(texts, pa.string())]), pa.string()
    if role == "time" and (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return column
    whole = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if text or whole or (role == "time" and pa.types.is_floating(kind)):
        return pc.fill_null(pc.cast(column, pa.large_string()), "")
    wanted = "text or whole numbers" if is_id else "text"
    raise InputFileError(f"{source}, column {name}: is of type {kind}: store it as {wanted}")
