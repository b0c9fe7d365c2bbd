"""`nameplate accounts`: who may enter a case that is served, and as what."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from api.case import AsJson, Folder
from api.terminal import complain, print_json, speak
from datasets.errors import UsageError
from evidence.record import spell
from evidence.tables import printable

accounts_app = typer.Typer(
    help="Add, list and change accounts: who may enter a case served.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="The password is the first line of standard input."),
]
LONGEST_LINE = 8192  # bytes of standard input; the password may be shorter


@accounts_app.command("add")
def add(
    folder: Folder,
    name: Name,
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help="reviewer, lead or admin; left out: reviewer, but admin for the first.",
        ),
    ] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Add an account. The password is asked for, twice; it is never an argument.

    A reviewer looks and judges; a lead also sees how much is disputed and who agrees; an admin
    also changes accounts. The first account has to be an admin's.
    """
    from evidence.access.accounts import add_account, check_name, list_accounts
    from evidence.store.case import Case

    with Case.open(folder) as case:
        made = add_account(case, check_name(name), role, _password(password_stdin))
        with case.session() as session:
            first = len(list_accounts(session)) == 1
    typer.echo(printable(f"{made.name}: {made.role}"))
    if first:
        if role is None:
            complain(f"{made.name}: the first account is an admin's, who may change the others")
        complain("where this case is served already everybody has to log in from now on")


@accounts_app.command("list")
def list_(folder: Folder, as_json: AsJson = False) -> None:
    """List the accounts, closed ones too."""
    from evidence.access.accounts import list_accounts
    from evidence.store.case import Case

    with Case.open(folder) as case, case.session() as session:
        accounts = list_accounts(session)
    table = Table("name", "role", "made", "closed")
    for one in accounts:
        ended = None if one.ended is None else one.ended.isoformat()
        if as_json:
            facts = {"name": one.name, "role": one.role, "made": one.made.isoformat()}
            print_json(facts | {"ended": ended})
        cells = (one.name, one.role, f"{one.made:%Y-%m-%d}", (ended or "")[:10])
        table.add_row(*map(_cell, cells), style="dim" if ended else "")
    if not as_json:
        speak().print(table)


@accounts_app.command("role")
def role(
    folder: Folder,
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="reviewer, lead or admin.")],
) -> None:
    """Give an account another role; it holds at once. One admin always stays."""
    _change(folder, name, role=role)


@accounts_app.command("password")
def password(folder: Folder, name: Name, password_stdin: FromStdin = False) -> None:
    """Give an account a new password; its logins and tokens end."""
    _change(folder, name, asked=True, from_stdin=password_stdin)


@accounts_app.command("close")
def close(folder: Folder, name: Name) -> None:
    """Close an account, which lets nobody in from then on.

    Its logins and tokens end. What it judged stays.
    """
    _change(folder, name, closed=True)


@accounts_app.command("reopen")
def reopen(folder: Folder, name: Name) -> None:
    """Open a closed account again, with the password it had."""
    _change(folder, name, closed=False)


def _change(
    folder: Path, name: str, asked: bool = False, from_stdin: bool = False, **what: Any
) -> None:
    from evidence.access.accounts import change_account, check_name, find_account
    from evidence.store.case import Case

    with Case.open(folder) as case:
        name = check_name(name)
        with case.session() as session:
            find_account(session, name)
        if asked:
            what["password"] = _password(from_stdin)
        changed = change_account(case, name, **what)
    state = "" if changed.ended is None else ", closed"
    typer.echo(printable(f"{changed.name}: {changed.role}{state}"))


def _password(from_stdin: bool) -> str:
    """The password, from a person at the terminal or from a program."""
    if from_stdin:
        line = sys.stdin.buffer.readline(LONGEST_LINE)
        if not line:
            raise UsageError("no password came on standard input; write it there, in one line")
        return line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for the password; write it to standard input with "
            "--password-stdin"
        )
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))


def _cell(value: str) -> Text:
    return Text(printable(spell(value)))
