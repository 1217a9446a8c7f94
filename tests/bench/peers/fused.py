"""One query a table, made of archived decision code: the table's ancestors in their order as common table expressions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from creditline.warehouse.logic import CATALOG, Logic

_MODEL = re.compile(rf'"{CATALOG}"\."main"\."(\w+)"')


def fused_query(logic: Logic, select: str, instead: Mapping[str, str] | None = None) -> str:
    """A select over models as one statement that needs none of them to exist, only sources and seeds.

    Args:
        select: reads models by their bare names.
        instead: the SQL of models that are to be something else than the archive says.
    """
    instead = instead or {}
    models = {model.name: instead.get(model.name, model.sql) for model in logic.models}
    needed: set[str] = set()
    asked = {name for name in models if re.search(rf"\b{name}\b", select)}
    while asked:
        needed |= asked
        asked = {parent for name in asked for parent in _MODEL.findall(models[name]) if parent in models} - needed
    parts = ",\n".join(f"{name} as (\n{_bare(sql, models)}\n)" for name, sql in models.items() if name in needed)
    return f"with\n{parts}\n{select}"


def _bare(sql: str, models: Mapping[str, str]) -> str:
    return _MODEL.sub(lambda found: found[1] if found[1] in models else found[0], sql.rstrip())
