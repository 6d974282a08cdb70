"""Graph-shaped dbt tables in, a ready Neo4j store out.

What scripts and notebooks use is named here, and loaded when it is used: `import kgimport` alone
is cheap. docs/python.md shows all of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgimport.commands.build_db import build_db
    from kgimport.commands.check import check
    from kgimport.commands.export import export
    from kgimport.commands.load_graph import load_graph
    from kgimport.commands.serve import serve
    from kgimport.commands.verify import verify
    from kgimport.errors import KgimportError
    from kgimport.graph import Graph
    from kgimport.neo4j.runtime.choice import find_neo4j
    from kgimport.options import BuildOptions, ExportOptions, ServeOptions

__all__ = [
    "BuildOptions",
    "ExportOptions",
    "Graph",
    "KgimportError",
    "ServeOptions",
    "build_db",
    "check",
    "export",
    "find_neo4j",
    "load_graph",
    "serve",
    "verify",
]

_MODULES = {
    "BuildOptions": "options",
    "ExportOptions": "options",
    "Graph": "graph",
    "KgimportError": "errors",
    "ServeOptions": "options",
    "build_db": "commands.build_db",
    "check": "commands.check",
    "export": "commands.export",
    "find_neo4j": "neo4j.runtime.choice",
    "load_graph": "commands.load_graph",
    "serve": "commands.serve",
    "verify": "commands.verify",
}


if not TYPE_CHECKING:  # a type checker knows the names from above, and that there are no others

    def __getattr__(name: str) -> Any:
        """Load a public name when it is first used (PEP 562)."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in {"Graph", "load_graph"}:
            import_module(f"{__name__}.drawing")  # so that a notebook shows a graph's picture
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return __all__
