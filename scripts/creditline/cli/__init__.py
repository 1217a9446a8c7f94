"""The command line: parses and prints, nothing else (docs/reference/commands.md)."""

from __future__ import annotations

import os
import sys
import traceback
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from creditline.accidents import told_plainly
from creditline.cli.gate import app as gate_app
from creditline.cli.identity import app as identity_app
from creditline.cli.inherited import app as inherited_app
from creditline.cli.logic import app as logic_app
from creditline.errors import CreditlineError, UsageError
from creditline.home import Home
from creditline.home.files import write_privately
from creditline.output import Format, TextFormat, complain, print_json, print_rows, print_text, tell
from creditline.warehouse.engine import Engine

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
mode_app = typer.Typer(no_args_is_help=True, help="Modes: for which slices orders may leave.")
app.add_typer(mode_app, name="mode")
policy_app = typer.Typer(no_args_is_help=True, help="Policy packs: validate them, compare two.")
app.add_typer(policy_app, name="policy")
subject_app = typer.Typer(no_args_is_help=True, help="A person's data: all that is held of a customer, and its end.")
app.add_typer(subject_app, name="subject")
app.add_typer(gate_app, name="gate")
app.add_typer(identity_app, name="identity")
app.add_typer(inherited_app, name="inherited")
app.add_typer(logic_app, name="logic")

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="CREDITLINE_HOME", help="The warehouse home.", show_default=True)
]
FormatOption = Annotated[Format, typer.Option("--format", help="table for people, json for programs.")]
# Set to anything, it shows where in the program an error came from.
DEBUG = "CREDITLINE_DEBUG"
# What the library exits with when somebody presses Ctrl-C.
INTERRUPTED = 130
DateOption = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Business date.")]


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        print_text(f"creditline {version('creditline')}")
        raise typer.Exit


@app.callback()
def choose_home(
    context: typer.Context,
    home: HomeOption = Path("var"),
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", envvar=DEBUG, help="Show where an error came from.")] = False,
) -> None:
    """Creditline decides credit limits every night and explains each one."""
    context.obj = home
    if debug:
        os.environ[DEBUG] = "1"


@app.command()
def init(
    context: typer.Context,
    name: Annotated[str, typer.Option("--name", help="What the home is called in every manifest.")],
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="SOURCE", help="A source that every night must bring. Repeat it for more."),
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="The time zone of every local day. Asia/Shanghai if left out.")
    ] = None,
    cut_off: Annotated[
        str | None, typer.Option("--cut-off", metavar="HH:MM", help="Local time of the next day. 02:00 if left out.")
    ] = None,
    retention_days: Annotated[
        int | None, typer.Option("--retention-days", help="How long deliveries and orders are kept. 400 if left out.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="A home to run past nights as if live. Its orders reach no core.")
    ] = False,
    output_format: Annotated[TextFormat, typer.Option("--format", help="text for people, json for programs.")] = (
        TextFormat.TEXT
    ),
) -> None:
    """Make a home of your own: its settings, folders and keys.

    It then says what comes next. Run it again to make what is missing; nothing that is there is changed. If the home
    has other settings than those you name, it is refused.
    """
    from creditline.cli.init import initialise, made_text, next_steps

    made = initialise(
        context.obj,
        name=name,
        expect=expect or [],
        time_zone=time_zone,
        cut_off=cut_off,
        retention_days=retention_days,
        is_trial=trial,
    )
    if output_format is TextFormat.JSON:
        print_json({"home": made.home.root, "made": made.made, "next": dict(next_steps(made.home))})
    else:
        print_text(made_text(made))


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
    go_on: Annotated[bool, typer.Option("--continue", help="Land the next nights of the book in this home.")] = False,
    closed_loop: Annotated[
        bool,
        typer.Option("--core", help="Run each night before the next one is landed, and apply its orders."),
    ] = False,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="With --core: the core applies orders late, in part, twice or not at all.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Land a made-up book in which everything happens that can move a limit.

    The same arguments land the same bytes. --continue lands the next nights of the book that is there.
    """
    from creditline.home import create_home
    from creditline.simulate import continue_book, sample_home_settings, simulate_book

    if chaos and not closed_loop:
        raise UsageError("--chaos needs the core of a closed loop: give --core, too")
    core = "chaotic" if chaos else "obedient" if closed_loop else "apart"
    home = create_home(context.obj, sample_home_settings(core))
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
            core=core,
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
    nights: Annotated[int | None, typer.Option(min=1, help="Stop after this many nights.")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="A demo home: its keys are well known.")] = False,
    trial: Annotated[
        bool, typer.Option("--trial", help="A home to run past nights as if live. Its orders reach no core.")
    ] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Turn your own extract into landing files, with a map of SQL files.

    The book stays in observe: everything is computed and published, and nothing is ordered.
    """
    from creditline.cli.imported import times_text
    from creditline.mapping import import_book, load_map

    if demo and trial:
        raise UsageError("--demo and --trial: a home is a demo or a trial, not both")
    book = import_book(
        context.obj, load_map(map_name), source,
        first=_day(first), last=_day(last), max_nights=nights, is_demo=demo, is_trial=trial,
        progress=lambda day, number, of: tell(f"[{number}/{of}] {day} landed"),
    )  # fmt: skip
    for line in (*times_text(book.local_times), *book.warnings):
        tell(line)
    print_rows(
        ("source", "rows"),
        book.rows.items(),
        output_format,
        title=f"Landed {len(book.dates)} nights, {book.dates[0]} to {book.dates[-1]}",
    )


@app.command()
def check(
    context: typer.Context,
    directory: Annotated[Path, typer.Argument(help="A delivery: a folder with manifest.json and its files.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Try a delivery, of a night or between nights, and change nothing.

    It lists what does not fit, by column, with sample rows. With --home it also says all that the night would say about
    turn, cut-off, sequence and expected sources. Exit code 1 if a file or the whole delivery would be refused.
    """
    from creditline.cli.check import COLUMNS, rows_of, verdict_of
    from creditline.gate.checking import check_delivery
    from creditline.home import open_home
    from creditline.night.checking import check_against

    source = context.find_root().get_parameter_source("home")
    is_against_home = source is not None and source.name != "DEFAULT"
    result = check_against(open_home(context.obj), directory) if is_against_home else check_delivery(directory)
    if result.misfits or output_format is Format.JSON:
        print_rows(COLUMNS, rows_of(result), output_format, title=str(directory))
    if result.refusals:
        raise CreditlineError(f"{verdict_of(result)}; correct it and check again")
    say = tell if output_format is Format.JSON else print_text
    say(verdict_of(result) if is_against_home else f"{verdict_of(result)}; --home tries it against a home, too")


def _tell_of(where: str, message: str) -> None:
    tell(f"{where} {message}")


@app.command()
def night(
    context: typer.Context,
    business_date: DateOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every landed night that is not published yet, in order.")
    ] = False,
    all_but_last: Annotated[
        bool, typer.Option("--all-but-last", help="Every landed night but the newest one.")
    ] = False,
    engine: Annotated[
        Engine, typer.Option("--engine", help="What runs the models. The rows are the same on both.")
    ] = Engine.DUCKDB,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Run one landed night, or all that wait.

    The steps are accept, gate_inputs, build, gate_outputs, publish, release and settle. A night that was stopped goes
    on from the step at which it stopped. The command prints what needs somebody.
    """
    from creditline.cli.status import nothing_to_run, print_needs
    from creditline.home import open_home
    from creditline.night import STEPS, pending_nights, run_night
    from creditline.night.attention import needs_of_night
    from creditline.spark.runner import runner_of

    if [business_date is not None, every, all_but_last].count(True) != 1:
        raise UsageError("give one of --date D, --all, --all-but-last")
    home = open_home(context.obj)
    waiting = pending_nights(home)
    nights = [business_date.date()] if business_date else waiting if every else waiting[:-1]
    if not nights:
        tell(f"{waiting[-1]} is the only night that waits, and the newest" if waiting else nothing_to_run(home))
    rows, needs, runner = [], [], runner_of(engine)
    for number, day in enumerate(nights, start=1):
        result = run_night(home, day, partial(_tell_of, f"[{number}/{len(nights)}]"), runner)
        orders = result.release.orders if result.release.file else "none"
        rows.append(
            (
                day,
                *(result.seconds.get(step, "") for step in STEPS),
                round(sum(result.seconds.values()), 1),
                orders,
                result.release.reason,
                result.release.held,
            )
        )
        needs.append([asdict(need) for need in needs_of_night(home, day)])
    columns = ("night", *STEPS, "seconds", "orders", "outcome", "held")
    if output_format is Format.JSON:
        print_rows((*columns, "needs"), [(*row, said) for row, said in zip(rows, needs, strict=True)], output_format)
        return
    if rows:
        print_rows(columns, rows, output_format, title="Nights run")
    print_needs([need for said in needs for need in said])


@app.command()
def watch(
    context: typer.Context,
    business_date: DateOption = None,
    at: Annotated[str | None, typer.Option("--at", metavar="HHMM", help="Take in this delivery alone.")] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Take in what arrived between nights, and freeze or restore accounts.

    It reads what came under landing/DATE/intraday/ since the last watch. Without --date it looks at every open day. It
    changes no limit. Exit code 1 if a delivery was refused; all others were acted on.
    """
    from creditline import watch as between_nights
    from creditline.cli.watch import COLUMNS, rows_of
    from creditline.home import open_home

    if at and business_date is None:
        raise UsageError("--at names a delivery of one day: give --date D, too")
    home, day = open_home(context.obj), _day(business_date)
    watches = [between_nights.watch(home, day, at)] if day else between_nights.watch_open_days(home)
    print_rows(COLUMNS, rows_of(watches), output_format, title="Taken in between nights")
    between_nights.require_nothing_refused(watches)


@app.command()
def settle(
    context: typer.Context,
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="A published night.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Compare the core's answers with what was released, and send the notices of what it applied.

    Every night does this. It is safe to run again.
    """
    from creditline.home import open_home
    from creditline.night import settle as settle_night

    settled = settle_night(open_home(context.obj), business_date.date())
    print_rows(
        ("what", "number"),
        [
            *settled.lines.items(),
            ("past expiry", settled.late),
            ("notices", settled.notices.count),
            ("restricted notices", settled.notices.restricted_count),
        ],
        output_format,
        title=f"Settled {settled.business_date}",
    )


@app.command()
def skip(
    context: typer.Context,
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The missing business date.")],
    by: Annotated[str, typer.Option("--by", help="The person who skips it.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it will not come.")],
) -> None:
    """Let a missing night go, so that later nights can run.

    The night becomes void: nobody's limit moves because of it.
    """
    from creditline.home import open_home
    from creditline.night.calendar import skip_night

    skipped = skip_night(open_home(context.obj), business_date.date(), by=by, approved_by=approved_by, reason=reason)
    tell(f"{skipped.business_date} is skipped since {skipped.recorded_at}")


@app.command()
def status(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """Show what needs somebody, where the nights stand, and where the files are.

    Each need comes with its reason and the next command. Exit code 1 while a night is missing, refused or held, or a
    published file is gone or changed.
    """
    from creditline.cli.status import home_status, print_needs, require_nothing_stopped

    result = home_status(context.obj)
    if output_format is Format.JSON:
        print_json(result)
    else:
        print_needs(result["needs"])
        print_rows(
            result["columns"],
            [tuple(row.values()) for row in result["nights"]],
            output_format,
            title=f"Home {result['title']}",
        )
        print_rows(("what", "where"), result["places"].items(), output_format, title="Where things are")
    require_nothing_stopped(result["needs"])


@app.command()
def sql(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help="One SELECT over the published marts.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Run one SELECT on the published tables.

    It reads the files behind the published tables and nothing else, and it writes nothing. Anything but one SELECT is
    refused with exit code 2.
    """
    from creditline.home import open_home
    from creditline.publish.reader import query_marts

    columns, rows = query_marts(open_home(context.obj), query)
    print_rows(columns, rows, output_format)


@app.command()
def explain(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="The core's account id.")],
    business_date: DateOption = None,
    audience: Annotated[str, typer.Option(help="Who reads it: customer, agent or compliance.")] = "customer",
    lang: Annotated[str, typer.Option(help="zh or en.")] = "en",
    output_format: Annotated[TextFormat, typer.Option("--format", help="text for people, json for programs.")] = (
        TextFormat.TEXT
    ),
) -> None:
    """Say why an account's limit is what it is, what helps, and when it comes back.

    Without --date it tells where the limit stands today, since when, and because of which decision. With --date it
    tells what that night decided. Agents see the score and each step, compliance the policy version and hashes, too.
    """
    from creditline.explain import AUDIENCES, LANGUAGES, explain_account, explanation_text
    from creditline.home import open_home

    for option, value, known in (("--lang", lang, LANGUAGES), ("--audience", audience, AUDIENCES)):
        if value not in known:
            raise UsageError(f"{option} {value}: choose one of {', '.join(known)}")
    facts = explain_account(open_home(context.obj), account, _day(business_date), audience, lang)
    if output_format is TextFormat.JSON:
        print_json(facts)
    else:
        print_text(explanation_text(facts))


@app.command()
def replay(
    context: typer.Context,
    business_date: DateOption = None,
    every: Annotated[bool, typer.Option("--all", help="Every published night, in order.")] = False,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Run published nights again from their own archived code and inputs, and compare every row.

    Exit code 1 on any difference.
    """
    from creditline.cli.replay import COLUMNS, replay_nights

    if (business_date is not None) == every:
        raise UsageError("give --date D or --all")
    rows, problems = replay_nights(context.obj, [business_date.date()] if business_date else None, tell)
    if output_format is Format.TABLE:
        rows = [(*row[:4], row[4] and row[4][:12], *row[5:7], len(row[7]), row[8]) for row in rows]
    print_rows(COLUMNS, rows, output_format, title="Nights replayed")
    if problems:
        others = f" ({len(problems) - 1} more; --format json lists them)" if len(problems) > 1 else ""
        raise CreditlineError(f"{problems[0]}{others}")


@app.command("copy-night")
def copy_night(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the copy goes, as warehouse.duckdb.")],
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="A published night.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Copy a published night into a database of its own, in which dbt can run, test and show the models."""
    from creditline.home import open_home
    from creditline.replay.copied import copy_night as copy_published

    made = copy_published(open_home(context.obj), business_date.date(), folder)
    row = (made.business_date, str(made.file), made.models, made.seconds)
    print_rows(("night", "database", "models", "seconds"), [row], output_format, title="Night copied")
    if output_format is Format.TABLE:
        print(f"export CREDITLINE_WAREHOUSE_FILE={made.file}")
        print("cd dbt_project, then use dbt: build, test, show, docs generate")


@app.command()
def heal(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """Put back files that a home lost, where its published nights prove what was in them.

    Exit code 1 if a file cannot be made again; it is named.
    """
    from creditline.heal import heal as heal_home
    from creditline.home import open_home

    healed = heal_home(open_home(context.obj), tell)
    rows = [(file, "put back", "") for file in healed.put_back]
    rows += [(lost.file, "lost", lost.why) for lost in healed.lost]
    if not rows and output_format is Format.TABLE:
        print(f"{healed.checked} files and archives are what the manifests say")
        return
    print_rows(("file", "state", "why"), rows, output_format, title=f"{healed.checked} files and archives checked")
    if healed.lost:
        others = f" ({len(healed.lost) - 1} more)" if len(healed.lost) > 1 else ""
        raise CreditlineError(f"{healed.lost[0].file} is lost: {healed.lost[0].why}{others}")


@app.command()
def restate(
    context: typer.Context,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first night to compute again.")],
    reason: Annotated[str, typer.Option("--reason", help="Why. Somebody may read it years later.")],
    by: Annotated[str, typer.Option("--by", help="The person who restates.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Compute published nights again with what is known now.

    A night that changes gets another publication, with a list of the cells that differ. Its orders stand. The next
    night gives back what was cut too deeply.
    """
    from creditline.cli.restated import RESTATED_COLUMNS, restated_rows
    from creditline.home import open_home
    from creditline.restate import restate as restate_nights

    result = restate_nights(
        open_home(context.obj), first.date(), reason=reason, by=by, approved_by=approved_by, tell=tell
    )
    title = f"Restated from {first.date()}: {result.customers} customers touched"
    print_rows(RESTATED_COLUMNS, restated_rows(result), output_format, title=title)
    if result.record is None:
        tell("nothing changed: nothing was published")


@app.command()
def void(
    context: typer.Context,
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The wrong night.")],
    by: Annotated[str, typer.Option("--by", help="The person who declares it void.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    reason: Annotated[str, typer.Option("--reason", help="What was wrong. Somebody may read it years later.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Declare a published night void, because its delivery was wrong.

    Nothing that its delivery brought counts any more. The nights after it are computed again without it. Orders that
    left stand, and the next night gives back what they took.
    """
    from creditline.cli.restated import RESTATED_COLUMNS, restated_rows
    from creditline.home import open_home
    from creditline.restate import declare_void

    home, day = open_home(context.obj), business_date.date()
    result = declare_void(home, day, reason=reason, by=by, approved_by=approved_by, tell=tell)
    title = f"Void: {day}, and the nights after it without its rows"
    print_rows(RESTATED_COLUMNS, restated_rows(result), output_format, title=title)
    if result.record:
        tell(f"night {day} is void since {result.record.recorded_at}")
    tell(f"the next night gives something back to {result.owed} accounts")


@mode_app.command("show")
def mode_show(context: typer.Context, output_format: FormatOption = Format.TABLE) -> None:
    """List the changes of mode. A slice that was never changed is in observe."""
    from creditline.home import open_home
    from creditline.release import read_modes

    home = open_home(context.obj)
    changes = read_modes(home).changes
    rows = [(change.slice_code, change.mode, change.by, change.approved_by, change.recorded_at) for change in changes]
    title = f"Home {home.settings.title}"
    print_rows(("slice", "mode", "by", "approved by", "recorded at"), rows, output_format, title=title)


@mode_app.command("set")
def mode_set(
    context: typer.Context,
    slice_code: Annotated[str, typer.Argument(metavar="SLICE", help="ENTITY/product, or * for all slices.")],
    mode: Annotated[str, typer.Argument(help="observe, 'ramp N', live or paused.")],
    by: Annotated[str, typer.Option("--by", help="The person who changes it.")],
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", help="The second person. Needed for live and ramp.")
    ] = None,
) -> None:
    """Change the mode of a slice.

    Once the command returns, nothing leaves against the new mode, even from a release that is running.
    """
    from creditline.home import open_home
    from creditline.release import set_mode, unknown_slice

    home = open_home(context.obj)
    change = set_mode(home, slice_code, mode, by=by, approved_by=approved_by)
    tell(f"{change.slice_code} is in {change.mode} since {change.recorded_at}")
    problem = unknown_slice(home, slice_code)
    if problem:
        raise CreditlineError(f"the mode is recorded, and no account has it yet: {problem}")


@policy_app.command("check")
def policy_check(
    context: typer.Context,
    pack: Annotated[
        str | None, typer.Argument(help="A name, a folder or a policy_version. All packs if left out.")
    ] = None,
    output_format: FormatOption = Format.TABLE,
) -> None:
    """Check a policy pack as a whole, or all bundled packs and the routing.

    It prints one line for each problem. Exit code 1 if there is any.
    """
    from creditline.policy import check_all, check_pack, find_pack
    from creditline.project import POLICIES_DIR

    kept = Home(context.obj).policy
    found = {pack: check_pack(find_pack(pack, POLICIES_DIR, kept))} if pack else check_all(POLICIES_DIR)
    rows = [(name, problem) for name, problems in found.items() for problem in problems or ["holds"]]
    print_rows(("pack", "verdict"), rows, output_format)
    count = sum(map(len, found.values()))
    if count:
        concerned = ", ".join(name for name, problems in found.items() if problems)
        raise CreditlineError(
            f"{concerned}: {count} problem(s); correct them and check again (docs/reference/policy.md)"
        )


@policy_app.command("diff")
def policy_diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(metavar="PACK_A", help="A name, a folder or a policy_version.")],
    after: Annotated[str, typer.Argument(metavar="PACK_B", help="The pack to compare it with.")],
    output_format: FormatOption = Format.TABLE,
) -> None:
    """List every cell in which two policy packs differ."""
    from creditline.policy import diff_packs, load_named
    from creditline.project import POLICIES_DIR

    kept = Home(context.obj).policy
    left, right = load_named(before, POLICIES_DIR, kept), load_named(after, POLICIES_DIR, kept)
    changes = [
        (change.file, change.row, change.column, change.before, change.after) for change in diff_packs(left, right)
    ]
    title = f"{left.settings.name} {left.policy_version[:12]} -> {right.settings.name} {right.policy_version[:12]}"
    print_rows(("file", "row", "column", "before", "after"), changes, output_format, title=title)


@subject_app.command("export")
def subject_export(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The core's id of the customer.")],
) -> None:
    """Print everything that is held about a customer, as JSON.

    That is former ids, delivered rows and published rows, with ids in place of keys.
    """
    from creditline.home import open_home
    from creditline.subject import export_subject

    print_json(export_subject(open_home(context.obj), customer))


@subject_app.command("erase")
def subject_erase(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="The core's id of the customer.")],
    by: Annotated[str, typer.Option("--by", help="The person who erases.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
) -> None:
    """Delete a customer's ids for good. What was published stays, and speaks of nobody any more.

    It is refused while an account is open or owes something, while a legal hold stands, or while records must be kept.
    """
    from creditline.home import open_home
    from creditline.subject import erase_subject

    erasure = erase_subject(open_home(context.obj), customer, reason=reason, by=by, approved_by=approved_by)
    tell(f"erased: customer key {erasure.customer_key} and {len(erasure.account_keys)} accounts name nobody any more")


@app.command()
def approve(
    context: typer.Context,
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The night that holds it.")],
    by: Annotated[str, typer.Option("--by", help="The person who approves it.")],
    approved_by: Annotated[str, typer.Option("--approved-by", help="The second person.")],
    slice_code: Annotated[str | None, typer.Argument(metavar="SLICE", help="The held slice.")] = None,
    all_held: Annotated[
        bool, typer.Option("--all-held", help="Every held slice of the night that has no answer.")
    ] = False,
) -> None:
    """Let the orders of a held slice leave, exactly as they were published.

    Two people can do this until the cut-off of the next night. The command says which file left, or why nothing left;
    then its exit code is 1.
    """
    from creditline.home import open_home
    from creditline.night.approval import approve_slices
    from creditline.release import unanswered_slices

    if (slice_code is not None) == all_held:
        raise UsageError("give a SLICE or --all-held")
    home, day = open_home(context.obj), business_date.date()
    slices = [slice_code] if slice_code else unanswered_slices(home, day)
    approved = approve_slices(home, slices, day, by=by, approved_by=approved_by)
    for one in approved:
        left = ", ".join(map(str, one.left))
        outcome = f"{left} left" if left else "nothing of it left"
        tell(f"{one.slice_code} is approved for {day}: {outcome}; orders {one.orders_sha256}")
    kept = [f"{one.slice_code}: {one.why_none}" for one in approved if one.why_none]
    if kept:
        raise CreditlineError(f"the approval is recorded, and no order left for {'; '.join(kept)}")


@app.command()
def reject(
    context: typer.Context,
    slice_code: Annotated[str, typer.Argument(metavar="SLICE", help="The held slice.")],
    business_date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The night that holds it.")],
    by: Annotated[str, typer.Option("--by", help="The person who rejects it.")],
) -> None:
    """Keep the orders of a held slice back.

    The core owns the limits, so nothing has to be undone. Exit code 1 if some of the orders had left already; they are
    named.
    """
    from creditline import release
    from creditline.home import open_home

    answer = release.reject(open_home(context.obj), slice_code, business_date.date(), by=by)
    tell(f"{slice_code} is rejected for {answer.business_date}: orders {answer.orders_sha256}")


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def main() -> None:
    """Entry point. Exit codes: 0 done, 1 the data, a check or the machine says no, 2 usage, 130 interrupted."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    write_privately()
    try:
        with told_plainly():
            _run()
    except CreditlineError as error:
        if os.environ.get(DEBUG):
            traceback.print_exception(error)
        complain(str(error))
        raise SystemExit(2 if isinstance(error, UsageError) else 1) from None


def _run() -> None:
    """Run the command; whatever it printed has reached its reader then."""
    try:
        app(prog_name="creditline")
    except SystemExit as end:
        if end.code == INTERRUPTED:
            complain("interrupted; nothing is lost, run the same command again")
        _flush()
        raise


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        # whoever read it, like `head`, has seen enough; what the interpreter flushes at its end goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
