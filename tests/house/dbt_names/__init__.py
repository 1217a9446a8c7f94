"""Names that dbt gives to a template and sqlfluff does not: its library for the SQL of dbt_project (.sqlfluff)."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.runtime import Context


class adapter:
    @staticmethod
    @pass_context
    def dispatch(context: Context, macro: str, _project: str) -> Callable[..., str]:
        return context.get(f"duckdb__{macro}") or context[f"default__{macro}"]


class dbt:
    @staticmethod
    def type_string() -> str:
        return "varchar"


class target:
    type = "duckdb"
