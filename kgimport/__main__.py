"""`python -m kgimport`, and the program `kgimport`: what has to be settled before the imports."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

from kgimport.errors import INTERRUPTED, ExitCode


def main() -> None:
    """Return the program `kgimport`; a signal that comes while it is still being loaded ends it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` and `&` have it
            signal.signal(number, _end)
    from kgimport import cli  # noqa: PLC0415  (takes a quarter of a second)

    cli.main()


def _end(_: int, __: object) -> NoReturn:
    # An exception may be lost, or become another one, in a module that is half loaded.
    os.write(2, f"kgimport: {INTERRUPTED}\n".encode())
    os._exit(ExitCode.INTERRUPTED)


if __name__ == "__main__":
    main()
