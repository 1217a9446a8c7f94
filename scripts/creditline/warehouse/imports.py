"""Read the imports of a model in place.

DuckDB (1.5) makes a copy of every common table expression that is read more than once, whole and in memory, before anything
else. For a view that spares its work; of a table, a seed or a landed file it is one more copy (docs/decisions/0011).
"""

from __future__ import annotations

import re
from collections.abc import Collection

_IMPORT = re.compile(
    r'(?P<name>\w+) as (?P<body>\(\s*select \* from "\w+"\."(?P<schema>\w+)"\."(?P<relation>\w+)"\s*\))'
)
_MODELS = "main"


def read_in_place(sql: str, views: Collection[str]) -> str:
    """Compiled SQL of a model that does not copy its imports, except those of models that are views.

    Args:
        sql: an import is a common table expression that selects all of one relation, spelled as in the house style of models.
            Only the text is looked at.
        views: names of models that are views.
    """

    def unless_view(found: re.Match[str]) -> str:
        is_view = found["schema"] == _MODELS and found["relation"] in views
        return found[0] if is_view else f"{found['name']} as not materialized {found['body']}"

    return _IMPORT.sub(unless_view, sql)
