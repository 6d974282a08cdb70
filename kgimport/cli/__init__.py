"""The command line: parse, call the pipeline, print, exit code. Nothing else prints.

stdout is data (a table, or JSON with `--json`); stderr is talk. Heavy packages are imported by the
command that needs them, so that `--help` is quick.
"""

from kgimport.cli import building, images, lake, looking
from kgimport.cli.app import app, main

__all__ = ["app", "building", "images", "lake", "looking", "main"]
