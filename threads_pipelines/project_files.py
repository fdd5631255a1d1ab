"""Paths of the files at the top level of the checkout, which an installed wheel holds as well."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_PACKAGED = Path(__file__).resolve().parent / "packaged"
"""Holds, in an installed wheel, the files that the checkout has at its top level."""
INSTALLED = _PACKAGED.is_dir()
FILES = _PACKAGED if INSTALLED else PROJECT_ROOT
SQL_DIR = FILES / "sql"
SEEDS_DIR = FILES / "seeds"
WORKSPACE = FILES / "workspace.yaml"
