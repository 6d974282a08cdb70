"""The process that answers for AWS on a loopback port.

Run as `python -m tests.local_athena.server [--trino-port N]`: it prints the port that it took.
Everything that it holds is in its memory, and gone with it.
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

from tests.local_athena.faults import Gate


def main() -> None:
    """Serve until this process is ended."""
    options = argparse.ArgumentParser()
    options.add_argument("--trino-port", type=int)
    options.parse_args()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Gate(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler)
    print(server.server_port, flush=True)  # noqa: T201  (the answer to who started us)
    server.serve_forever()


if __name__ == "__main__":
    main()
