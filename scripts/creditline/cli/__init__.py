"""The command line: parses and prints, nothing else (docs/commands.md)."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from creditline.cli.output import Format, errors, print_json, print_rows, tell
from creditline.errors import CreditlineError, UsageError

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
mode_app = typer.Typer(no_args_is_help=True, help="Who may be ordered about: show or set the mode of a slice.")
app.add_typer(mode_app, name="mode")

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CREDITLINE_HOME", help="The warehouse home.", show_default=True)
]
FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]
DateOption = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date.")]


@app.callback()
def choose_home(context: typer.Context, home: HomeOption = Path("var")) -> None:
    """Creditline: the nightly warehouse that decides credit limits and answers for its decisions."""
    context.obj = home


@app.command()
def simulate(
    context: typer.Context,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the book.")] = 2000,
    nights: Annotated[int, typer.Option(min=1, help="Nights to land.")] = 1,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First business date.")] = datetime(
        2026, 9, 1
    ),
    seed: Annotated[int, typer.Option(help="The same seed, the same book.")] = 1,
    file_format: Annotated[str, typer.Option("--file-format", help="csv, csv.gz or parquet.")] = "csv",
    go_on: Annotated[bool, typer.Option("--continue", help="Land the next nights of the book that is there.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Write landing files of a simulated book in which every cause occurs."""
    from creditline.home import create_home
    from creditline.simulate import continue_book, sample_home_settings, simulate_book

    home = create_home(context.obj, sample_home_settings())
    if go_on:
        book = continue_book(home, nights=nights, progress=tell)
    else:
        book = simulate_book(
            home,
            accounts=accounts,
            nights=nights,
            first_date=first.date(),
            seed=seed,
            file_format=file_format,
            progress=tell,
        )
    print_rows(
        ("source", "rows"), book.rows.items(), output_format, title=f"Landed {book.dates[0]} to {book.dates[-1]}"
    )


@app.command("import")
def import_extract(
    context: typer.Context,
    map_name: Annotated[str, typer.Argument(metavar="MAP", help="A bundled map (taiwan, berka) or the folder of one.")],
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="The extract: a file or a folder, as the map says.")],
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First business date.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last business date.")] = None,
    nights: Annotated[int | None, typer.Option(min=1, help="At most so many nights.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="A demo home: its keys are well known.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Turn an extract into landing files. The book stays in observe: nothing is ordered."""
    from creditline.mapping import import_book, load_map

    book = import_book(
        context.obj, load_map(map_name), source,
        first=_day(first), last=_day(last), max_nights=nights, is_demo=demo,
        progress=lambda day, number, of: tell(f"[{number}/{of}] {day} landed"),
    )  # fmt: skip
    print_rows(
        ("source", "rows"),
        book.rows.items(),
        output_format,
        title=f"Landed {len(book.dates)} nights, {book.dates[0]} to {book.dates[-1]}",
    )


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="A delivery: a folder with manifest.json and its files.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Try a delivery without a home: what does not fit, by column, with sample rows."""
    from creditline.landing.checking import check_delivery

    result = check_delivery(directory)
    rows = [
        (misfit.file, misfit.column, misfit.rule, misfit.rows, "; ".join(misfit.samples)) for misfit in result.misfits
    ]
    print_rows(("file", "column", "rule", "rows", "samples"), rows, output_format, title=str(directory))
    if result.misfits:
        raise CreditlineError(f"{directory}: {len(result.misfits)} misfits; mend them and check again")


@app.command()
def night(
    context: typer.Context,
    business_date: DateOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every landed night that is not published yet, in order.")
    ] = False,
    all_but_last: Annotated[
        bool, typer.Option("--all-but-last", help="Every landed night but the newest, which a scheduler will run.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Run one landed night, or all that are waiting: accept, gate, build, gate, publish, release."""
    from creditline.home import open_home
    from creditline.night import STEPS, pending_nights, run_night

    if [business_date is not None, every, all_but_last].count(True) != 1:
        raise UsageError("say one of --date D, --all, --all-but-last")
    home = open_home(context.obj)
    waiting = pending_nights(home)
    nights = [business_date.date()] if business_date else waiting if every else waiting[:-1]
    rows = []
    for number, day in enumerate(nights, start=1):
        result = run_night(home, day, lambda message, number=number: tell(f"[{number}/{len(nights)}] {message}"))
        orders = result.release.orders if result.release.file else "none"
        rows.append(
            (
                day,
                *(result.seconds.get(step, "") for step in STEPS),
                round(sum(result.seconds.values()), 1),
                orders,
                result.release.reason,
            )
        )
    print_rows(("night", *STEPS, "seconds", "orders", "release"), rows, output_format, title="Nights run")


@app.command()
def status(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """Where the nights stand, and where the files are."""
    from creditline.cli.status import home_status

    result = home_status(context.obj)
    if output_format is Format.JSON:
        print_json(result)
        return
    print_rows(
        result["columns"],
        [tuple(row.values()) for row in result["nights"]],
        output_format,
        title=f"Home {result['name']}",
    )
    print_rows(("what", "where"), result["places"].items(), output_format, title="Where things are")


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT over the published marts.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Query the published marts, read-only."""
    from creditline.home import open_home
    from creditline.publish.reader import query_marts

    columns, rows = query_marts(open_home(context.obj), query)
    print_rows(columns, rows, output_format)


@app.command()
def explain(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The core's account id.")],
    business_date: DateOption = None,
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Why an account's limit is what it is: the decision of a night (default: the latest), trace, reasons, advice."""
    from creditline.cli.explain import explain_account, explanation_text
    from creditline.home import open_home

    if lang not in ("zh", "en"):
        raise UsageError(f"--lang {lang}: choose zh or en")
    explanation = explain_account(open_home(context.obj), account, _day(business_date))
    if output_format is Format.JSON:
        print_json(explanation)
    else:
        print(explanation_text(explanation, lang))


@app.command()
def replay(
    context: typer.Context,
    business_date: DateOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every published night, in order.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Run published nights again with their own code, inputs and state, and compare every row; 1 on any difference."""
    from creditline.cli.replay import COLUMNS, replay_nights

    if (business_date is not None) == every:
        raise UsageError("say one of --date D, --all")
    rows, problems = replay_nights(context.obj, [business_date.date()] if business_date else None, tell)
    if output_format is Format.TABLE:
        rows = [(*row[:4], row[4] and row[4][:12], *row[5:7], len(row[7])) for row in rows]
    print_rows(COLUMNS, rows, output_format, title="Nights replayed")
    if problems:
        others = f" ({len(problems) - 1} more; --format json lists them)" if len(problems) > 1 else ""
        raise CreditlineError(f"{problems[0]}{others}")


@mode_app.command("show")
def mode_show(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """The recorded changes of mode; a slice that none names is in observe."""
    from creditline.home import open_home
    from creditline.release import read_modes

    changes = read_modes(open_home(context.obj)).changes
    rows = [(change.slice_code, change.mode, change.by, change.approved_by, change.recorded_at) for change in changes]
    print_rows(("slice", "mode", "by", "approved by", "recorded at"), rows, output_format)


@mode_app.command("set")
def mode_set(
    context: typer.Context,
    slice_code: Annotated[str, typer.Argument(metavar="SLICE", help="ENTITY/product, or * for all slices.")],
    mode: Annotated[str, typer.Argument(help="observe, 'ramp N', live or paused.")],
    by: Annotated[str, typer.Option("--by", help="Who changes it.")],
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", help="The second person; live and ramp need one.")
    ] = None,
) -> None:
    """Change the mode of a slice; it bites at the next instruction of a running release."""
    from creditline.home import open_home
    from creditline.release import set_mode

    change = set_mode(open_home(context.obj), slice_code, mode, by=by, approved_by=approved_by)
    tell(f"{change.slice_code} is in {change.mode} since {change.recorded_at}")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 the data or a check says no, 2 usage."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    try:
        app()
    except UsageError as error:
        errors.print(f"creditline: {error}", style="red", markup=False)
        raise SystemExit(2) from None
    except CreditlineError as error:
        errors.print(f"creditline: {error}", style="red", markup=False)
        raise SystemExit(1) from None
