"""`creditline logic`: show the decision code of published nights, and approve it by two people."""

from __future__ import annotations

from typing import Annotated

import typer

from creditline.output import Format, print_rows, tell

app = typer.Typer(no_args_is_help=True, help="Decision code: which code decided, and who approved it.")


@app.command("show")
def show(
    context: typer.Context,
    output_format: Annotated[Format, typer.Option("--format", help="table for people, json for programs.")] = (
        Format.TABLE
    ),
) -> None:
    """List the decision code of published nights. Code that two people did not approve orders nothing."""
    from creditline.home import open_home
    from creditline.release import decision_codes

    rows = [
        (
            code.logic_hash,
            code.nights,
            code.first_date,
            code.last_date,
            "approved" if code.is_approved else "in observe only",
            code.approval and code.approval.by,
            code.approval and code.approval.approved_by,
        )
        for code in decision_codes(open_home(context.obj))
    ]
    columns = ("logic hash", "nights", "first night", "last night", "orders", "by", "approved by")
    print_rows(columns, rows, output_format, title="Decision code")


@app.command("approve")
def approve(
    context: typer.Context,
    logic_hash: Annotated[str, typer.Argument(metavar="HASH", help="The logic hash, or its first characters.")],
    by: Annotated[str, typer.Option("--by", help="The person who approves it.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
) -> None:
    """Approve decision code: from the next release on its orders may leave, as each slice's mode says."""
    from creditline.home import open_home
    from creditline.release import approve_logic

    said = approve_logic(open_home(context.obj), logic_hash, by=by, approved_by=approved_by)
    tell(f"decision code {said.logic_hash} may order people about: by {said.by}, approved by {said.approved_by}")
