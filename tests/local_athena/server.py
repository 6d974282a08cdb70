"""The process that answers for AWS on a loopback port.

Run as `python -m tests.local_athena.server [--port N] [--trino-port N]`: it prints the port that
it took. Without a Trino it has no Athena but moto's, which knows no query's answer. Everything
that it holds is in its memory, and gone with it.
"""

from __future__ import annotations

import argparse
import logging

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from tests.local_athena.api import Athena
from tests.local_athena.faults import Gate
from tests.local_athena.glue import GlueForTrino


def main() -> None:
    """Serve until this process is ended."""
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--trino-port", type=int, default=0)
    chosen = options.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = GlueForTrino(DomainDispatcherApplication(create_backend_app))
    athena = Athena(moto, chosen.trino_port)
    gate = Gate(athena if chosen.trino_port else moto)
    server = make_server(
        "127.0.0.1", chosen.port, gate, threaded=True, request_handler=MotoRequestHandler
    )
    athena.endpoint = f"http://127.0.0.1:{server.server_port}"
    print(server.server_port, flush=True)  # noqa: T201  (the answer to who started us)
    server.serve_forever()


if __name__ == "__main__":
    main()
