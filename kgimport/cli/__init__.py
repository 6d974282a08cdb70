"""The command line: parse, call a function, print, and exit. No other code prints.

Each command has a module of its name. Public functions are called as anyone would call them
(`kgimport.export`), the others from their module in `kgimport.commands`.

stdout is for data (a table, or JSON with `--json`), stderr for messages. Packages that are slow to
import are imported by the command that needs them, so that `--help` is fast.
"""

from importlib import import_module

from kgimport.cli.app import app, main

__all__ = ["COMMANDS", "app", "main"]

# The modules of the commands, in the order in which the help lists them.
COMMANDS = (
    *("init", "export", "check", "build_db", "run", "generate"),
    *("diff", "image", "rollout", "land", "load_neptune"),
    *("serve", "verify", "show", "schema", "prepare", "doctor"),
)
for _name in COMMANDS:
    import_module(f"{__name__}.{_name}")
