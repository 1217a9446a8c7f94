"""YAML that people write (settings, packs, maps): read as plain values and checked, or refused in one line that says where."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from creditline.errors import CreditlineError

_Model = TypeVar("_Model", bound=BaseModel)


class _Plain(yaml.SafeLoader):
    """Read plain values, each setting once: the last of two would win unseen, and aliases can fill any memory."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias (*name) stands for another value", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if (key.tag, str(key.value)) in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is there twice", key.start_mark)
            seen.add((key.tag, str(key.value)))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, model: type[_Model], refusal: type[CreditlineError]) -> _Model:
    """The content of a YAML file as its model.

    Args:
        refusal: what is raised for a file that is no such YAML; names the file, the line or the setting, and what it should be.
    """
    try:
        content = yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=_Plain)
    except yaml.MarkedYAMLError as error:
        where = f" line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise refusal(f"{path}{where} is not YAML: {error.problem}; write plain YAML, `setting: value`") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise refusal(f"{path} is not UTF-8 text ({_one_line(error)}); write plain YAML, `setting: value`") from error
    except RecursionError as error:
        raise refusal(f"{path} is nested too deeply; write plain YAML, `setting: value`") from error
    # what looks like a date, a number or a tagged value and is none
    except (ValueError, KeyError, AttributeError) as error:
        raise refusal(
            f"{path} holds a value that is none of its kind ({_one_line(error)}); put it in quotes"
        ) from error
    if not isinstance(content, dict):
        raise refusal(f"{path} is {_kind(content)}; write one setting a line, `setting: value`")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [_said(model, each["loc"], each["type"], each["msg"], each["input"]) for each in error.errors()]
        others = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise refusal(f"{path}: {problems[0]}{others}") from error


def _said(model: type[BaseModel], place: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    where = ".".join(map(str, place))
    if kind == "extra_forbidden":
        name = str(place[-1])
        known = _settings_beside(model, place)
        close = difflib.get_close_matches(name, known, 1) or [", ".join(known)]
        return f"{where} is not a setting; did you mean {close[0]}?"
    if kind == "missing":
        return f"{where} is missing"
    return f"{where or 'the whole file'}: {_one_line(message)} (it says {str(value)[:60]!r}); correct it"


def _settings_beside(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    for part in place[:-1]:
        kind = model.model_fields[str(part)].annotation if part in model.model_fields else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return []
        model = kind
    return [str(field.alias or name) for name, field in model.model_fields.items()]


def _kind(content: object) -> str:
    return "empty" if content is None else f"a {type(content).__name__}, no settings"


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
