"""The scratch warehouse of the running night and its one dbt build."""

from creditline.warehouse.build import Build, Table, build, read_build, write_parquet
from creditline.warehouse.dbt import PROJECT_DIR, BuildFailed

__all__ = ["PROJECT_DIR", "Build", "BuildFailed", "Table", "build", "read_build", "write_parquet"]
