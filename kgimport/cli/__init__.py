"""The command line: parse, call the function of that name, print, exit code. Nothing else prints.

Each command has a module of its name. What is public is called as anybody would call it
(`kgimport.export`), the other commands from their module in `kgimport.commands`.

stdout is data (a table, or JSON with `--json`); stderr is talk. Heavy packages are imported by the
command that needs them, so that `--help` is quick.
"""

from importlib import import_module

from kgimport.cli.app import app, main

__all__ = ["COMMANDS", "app", "main"]

# The modules of the commands, in the order in which the help lists them.
COMMANDS = (
    *("export", "check", "build_db", "run", "generate"),
    *("image", "rollout", "land"),
    *("serve", "verify", "show", "schema", "prepare", "doctor"),
)
for _name in COMMANDS:
    import_module(f"{__name__}.{_name}")
