"""Become another program that the kernel ends when the parent process ends.

Run as a script: `tether.py PARENT_PID PROGRAM ARGUMENT…`. A server or an importer must not keep
running when kgimport is killed with SIGKILL. Linux offers this per process (prctl(2),
PR_SET_PDEATHSIG), and exec preserves it. The child has to request it; doing so between fork and
exec (`preexec_fn`) can deadlock when the parent has threads, and Polars starts some. So a fresh,
small interpreter requests it, and then becomes the program. The kernel watches the thread that
started the child, so that thread has to live as long as the program may run.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
NOT_FOUND = 127  # the exit code of shells when there is no such program


def main() -> None:
    """Tie this process to its parent, then replace it with the program."""
    parent, argv = int(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the request, so no signal will come
        sys.exit(NOT_FOUND)
    try:
        os.execvp(argv[0], argv)  # noqa: S606  # a list of arguments, no shell
    except OSError as error:
        sys.exit(f"{argv[0]}: {error.strerror}")


if __name__ == "__main__":
    main()
