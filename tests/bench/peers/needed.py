"""What a select needs of archived decision code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from creditline.warehouse.logic import CATALOG, Logic, Model

_MODEL = re.compile(rf'"{CATALOG}"\."main"\."(\w+)"')


def needed_models(logic: Logic, selects: str, instead: Mapping[str, str]) -> list[Model]:
    """The models that selects read by their bare names, and the ancestors of these, in order of execution.

    Args:
        instead: the SQL of models that are to be something else than the archive says.
    """
    models = {model.name: replace(model, sql=instead.get(model.name, model.sql)) for model in logic.models}
    needed: set[str] = set()
    asked = models.keys() & set(re.findall(r"\w+", selects))
    while asked:
        needed |= asked
        asked = {parent for name in asked for parent in _MODEL.findall(models[name].sql)} & models.keys() - needed
    return [model for name, model in models.items() if name in needed]
