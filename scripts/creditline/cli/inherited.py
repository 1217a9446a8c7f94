"""`creditline inherited`: show inherited triggers, and approve them by two people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from creditline.output import Format, print_rows, tell

app = typer.Typer(no_args_is_help=True, help="Inherited triggers: those that are older than the warehouse.")
NightOption = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The newest published night.")]


@app.command("show")
def show(
    context: typer.Context,
    business_date: NightOption,
    output_format: Annotated[Format, typer.Option("--format", help="table for people, json for programs.")] = (
        Format.TABLE
    ),
) -> None:
    """Show how many customers a night's inherited triggers concern, and their limits."""
    from creditline.home import open_home
    from creditline.release import read_batch

    batch = read_batch(open_home(context.obj), business_date.date())
    rows = [
        (
            part.pack,
            part.trigger_code,
            part.customers,
            part.accounts,
            part.limit_amount,
            part.first_date,
            part.last_date,
        )
        for part in batch
    ]
    columns = ("pack", "trigger", "customers", "accounts", "limits", "first seen", "last seen")
    print_rows(columns, rows, output_format, title=f"Inherited on {business_date.date()}")


@app.command("approve")
def approve(
    context: typer.Context,
    business_date: NightOption,
    by: Annotated[str, typer.Option("--by", help="The person who approves it.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
) -> None:
    """Let the inherited triggers of a night act from the next night on."""
    from creditline.home import open_home
    from creditline.release import approve_batch

    said = approve_batch(open_home(context.obj), business_date.date(), by=by, approved_by=approved_by)
    tell(f"{said.triggers} inherited triggers of {said.business_date} act from the next night on: {said.batch_sha256}")
