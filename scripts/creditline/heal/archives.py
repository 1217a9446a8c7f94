"""Put back packs and decision code, if the project still has those that decided then."""

from __future__ import annotations

from datetime import date

from creditline import project
from creditline.home import Home
from creditline.policy import archive, load_pack, packs_in_force
from creditline.policy.packs import PackRefused
from creditline.warehouse.compiled import compile_project
from creditline.warehouse.logic import LogicRefused, archive_logic, archived_logic


def put_back_policy(home: Home, business_date: date, policy_version: str) -> bool:
    """Put a pack back under its version, if it is not there. Returns: whether it was put back.

    Raises:
        PackRefused: another pack is there, or the project has another one by now.
    """
    folder = home.policy / policy_version
    is_lost = not folder.exists()
    if is_lost:
        archive(home, packs_in_force(project.POLICIES_DIR, business_date))
    if not folder.exists() or load_pack(folder).policy_version != policy_version:
        raise PackRefused(f"{folder} is not the pack that decided, and the project has another one by now")
    return is_lost


def put_back_logic(home: Home, logic_hash: str) -> bool:
    """Put decision code back under its hash, if it is not there. Returns: whether it was put back.

    Raises:
        LogicRefused: the archive was changed, or the project has other code by now.
    """
    folder = home.logic / logic_hash
    is_lost = not folder.exists()
    if is_lost:
        logic = compile_project().logic
        if logic.logic_hash != logic_hash:
            raise LogicRefused(f"{folder} is missing, and the project has other code by now")
        archive_logic(home, logic)
    archived_logic(home, logic_hash)
    return is_lost
