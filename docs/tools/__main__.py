"""What of the documentation is made by a command: `scripts/docs`."""

from __future__ import annotations

import argparse
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1]


def main() -> None:
    """Entry point: makes the pages or the pictures, and prints the files that it made."""
    parser = argparse.ArgumentParser(prog="scripts/docs", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kinds.add_parser("reference", help="docs/reference/commands.md and dictionary.md, from the code")
    drawn = kinds.add_parser("pictures", help="docs/pictures/, from the home of scripts/nightly")
    drawn.add_argument("home", nargs="?", type=Path, default=Path("var"))
    said = parser.parse_args()
    for file in made(said):
        print(file.relative_to(DOCS.parent))


def made(said: argparse.Namespace) -> list[Path]:
    """Make what was asked for. Each kind imports only what it needs."""
    if said.kind == "reference":
        import reference

        return reference.write(DOCS / "reference")
    import pictures

    from creditline.home import open_home

    return pictures.draw(open_home(said.home), DOCS / "pictures")


if __name__ == "__main__":
    main()
