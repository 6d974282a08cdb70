"""`kgimport check`: run every check of every table, and write nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kgimport import second_reader, sources, temporary
from kgimport.checks.features import with_features
from kgimport.checks.ids import resolve
from kgimport.checks.joins import Workspace
from kgimport.checks.run import Proof, prove_and_compare
from kgimport.checks.scan import scan
from kgimport.options import DEFAULTS
from kgimport.progress import silent
from kgimport.sources.locate import locate
from kgimport.targets import TARGETS

if TYPE_CHECKING:
    from kgimport.graph import Graph
    from kgimport.options import ExportOptions
    from kgimport.progress import Progress


def check(graph: Graph, *, options: ExportOptions = DEFAULTS, progress: Progress = silent) -> Proof:
    """Prove a graph's integrity, and write nothing but temporary files.

    Raises `IntegrityError` or `ValueRefusedError` with the findings in the rows.
    """
    with temporary.folder() as folder:
        graph = locate(graph, folder, progress, options.memory_mb).graph
        before = sources.fingerprints(graph)
        tables = scan(graph, options.target)
        place, edge_text = Workspace(folder, options.memory_mb), TARGETS[options.target].edge_text
        there = resolve(graph, tables, place, progress, edge_text)
        there, _ = with_features(graph, there, place, progress)
        with second_reader.database(options.memory_mb) as made:
            proof, _ = prove_and_compare(
                graph, there, before, made, options=options, progress=progress
            )
    return proof
