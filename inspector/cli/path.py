"""``pull-inspector path NAME``: where an addon lies, for ``mitmdump -s "$(pull-inspector path record)"``.

Knows: the folder of the addons beside this package, in a checkout as in an installed wheel. Must not know: what they do.
"""

from pathlib import Path

import rich_click as click

import inspector

ADDONS = Path(inspector.__file__).resolve().parent.parent / "addons"


def addon_names(folder: Path = ADDONS) -> list[str]:
    """The names of the addons that are there."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def addon_path(name: str, folder: Path = ADDONS) -> Path:
    """The file to give to ``mitmdump -s``. Raises click.UsageError for a name that is not there."""
    names = addon_names(folder)
    if name not in names:
        there = ", ".join(names) or "none: this installation is not whole, install the package again"
        raise click.UsageError(f"There is no addon {name!r}. There are: {there}.")
    return folder / f"{name}.py"


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Print the path of an addon, for mitmdump's option -s: record, fault, mirror or views.

    For example: mitmdump -s "$(pull-inspector path record)"
    """
    click.echo(addon_path(name))
