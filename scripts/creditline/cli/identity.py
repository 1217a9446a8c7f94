"""`creditline identity`: take back what a wrong delivery made of keys and ids."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from creditline.output import tell

app = typer.Typer(no_args_is_help=True, help="Keys and ids: take back what a wrong delivery made.")


@app.callback()
def choose() -> None:
    """Keys and ids: take back what a wrong delivery made."""


@app.command("undo")
def undo(
    context: typer.Context,
    business_date: Annotated[
        datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The night of the wrong delivery.")
    ],
    by: Annotated[str, typer.Option("--by", help="The person who takes it back.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    reason: Annotated[str, typer.Option("--reason", help="What was wrong. Somebody may read it years later.")],
) -> None:
    """Take back the keys and changes of ids that a wrong delivery made.

    Its night must be void or not published. A delivery of a night that is not published is withdrawn as a whole. The
    ids get free for the right delivery; a key is never given to anybody else.
    """
    from creditline.gate.undo import undo_identity
    from creditline.home import open_home

    day = business_date.date()
    undone = undo_identity(open_home(context.obj), day, reason=reason, by=by, approved_by=approved_by)
    if undone is None:
        tell(f"nothing to take back: the deliveries of {day} made no key or change of ids that nothing else names")
        return
    if not undone.was_void:
        tell(f"the delivery of {day} is withdrawn; deliver the right one under its own sequence")
    tell(
        f"taken back: {len(undone.account_keys)} account keys, {len(undone.customer_keys)} customer keys,"
        f" {len(undone.changes)} changes of ids of {day}"
    )
