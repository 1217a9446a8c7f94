"""The packs that a person can name: the bundled ones, those that a home has archived, or any folder."""

from __future__ import annotations

from pathlib import Path

from creditline.errors import UsageError
from creditline.policy.check_assignments import validate_assignments
from creditline.policy.packs import Pack, PackRefused, load_pack, read_assignments
from creditline.policy.validation import validate_pack


def find_pack(name: str, policies_dir: Path, archive_dir: Path) -> Path:
    """The folder of a pack, given its name, its folder, or the (start of the) policy_version of an archived pack.

    Raises:
        UsageError: no such pack exists, or several versions start like this.
    """
    for folder in (policies_dir / name, Path(name)):
        if (folder / "policy.yml").is_file():
            return folder
    kept = sorted(
        path.parent for path in archive_dir.glob("*/policy.yml") if name and path.parent.name.startswith(name)
    )
    if len(kept) != 1:
        bundled = ", ".join(path.parent.name for path in sorted(policies_dir.glob("*/policy.yml")))
        found = f"{len(kept)} kept versions start like this" if kept else "no such pack"
        raise UsageError(f"pack {name}: {found}; name one of {bundled}, a folder, or a policy_version of the home")
    return kept[0]


def check_pack(folder: Path) -> list[str]:
    """Every problem of one pack, including a missing file or column."""
    try:
        return validate_pack(load_pack(folder))
    except PackRefused as error:
        return [str(error)]


def check_all(policies_dir: Path) -> dict[str, list[str]]:
    """The problems of every bundled pack and of the routing."""
    problems = {path.parent.name: check_pack(path.parent) for path in sorted(policies_dir.glob("*/policy.yml"))}
    try:
        routing = validate_assignments(read_assignments(policies_dir))
    except PackRefused as error:
        routing = [str(error)]
    return problems | {"assignment.csv": routing}


def load_named(name: str, policies_dir: Path, archive_dir: Path) -> Pack:
    """The pack that `name` stands for. Raises UsageError or PackRefused."""
    return load_pack(find_pack(name, policies_dir, archive_dir))
