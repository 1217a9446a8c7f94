"""Commands about the gate: which figures of a night it looked at, and a jump that two people accept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from creditline.home import open_home
from creditline.output import Format, print_rows, tell

app = typer.Typer(no_args_is_help=True, help="The gate: what it saw of a delivery, and a jump that two people accept.")

_DateOption = Annotated[
    datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The business date of the delivery.")
]


@app.command("accept")
def accept(
    context: typer.Context,
    source: Annotated[str, typer.Argument(help="The source, like account_snapshot.")],
    business_date: _DateOption,
    by: Annotated[str, typer.Option("--by", help="The person who accepts it.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the jump is real.")],
) -> None:
    """Accept that a source jumped: a migration, a promotion, a portfolio that was bought.

    It holds for the file that was delivered, and for no other. A night that is not published is judged again; the nights
    after it are compared with the accepted file.
    """
    from creditline.gate.acceptance import accept_jump

    accepted = accept_jump(
        open_home(context.obj), source, business_date.date(), by=by, approved_by=approved_by, reason=reason
    )
    tell(
        f"{accepted.source} of {accepted.business_date} is accepted since {accepted.recorded_at}; run the night:"
        f" creditline night --date {accepted.business_date}"
    )


@app.command("figures")
def figures(
    context: typer.Context,
    business_date: _DateOption,
    source: Annotated[str | None, typer.Option("--source", help="One source alone.")] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="table for people, json for programs.")
    ] = Format.TABLE,
) -> None:
    """Show the figures of a night's delivery beside what was usual before it."""
    from creditline.gate.plausible import kept_figures

    rows = kept_figures(open_home(context.obj), business_date.date())
    print_rows(
        ("source", "figure", "value", "usual", "nights"),
        [row for row in rows if source in (None, row[0])],
        output_format,
        title=f"Figures of {business_date.date()}",
    )
