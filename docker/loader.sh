#!/bin/bash
# kgimport, whatever it is told to do; with KGIMPORT_HANDOVER=s3://bucket/key, the store
# KGIMPORT_STORE then goes there as a tar, which infra/modules/loader/bake.yml makes an image of.
#
# Who stops a container sends TERM to its first process: this one passes it on, waits until kgimport
# has tidied up, ends with kgimport's exit code, and hands nothing over.
set -uo pipefail

[ -n "${KGIMPORT_HANDOVER:-}" ] || exec kgimport "$@"

# Passed on once, for a second signal would interrupt the tidying; and as TERM, since bash starts what
# runs beside it deaf to INT. Set before anything runs: the kernel spares process 1 what it has no trap for.
stopped=
trap 'signalled=1; if [ -z "$stopped" ]; then stopped=1; kill -TERM ${!:-} 2>/dev/null; fi' TERM INT

# Runs a command to its end and gives its exit code; 130 where a stop left it none.
run() {
	[ -z "$stopped" ] || return 130
	"$@" &
	local code=127 got
	while :; do
		signalled=
		wait "$!"
		got=$? # 127: it was waited for already, just as the signal came
		[ "$got" = 127 ] || code=$got
		[ -n "$signalled" ] || break # else `wait` may have been interrupted
	done
	[ -z "$stopped" ] || [ "$code" != 0 ] || code=130
	return "$code"
}

run kgimport "$@" || exit

echo "loader: $KGIMPORT_STORE goes to $KGIMPORT_HANDOVER" >&2
run python -c '
import signal
import subprocess
import sys

import boto3
from boto3.s3.transfer import TransferConfig


class Tar:
    """A folder as a tar to read. Should tar fail, so does the reading: nothing cut off is handed over."""

    def __init__(self, folder):
        command = ("tar", "--create", "--directory", folder, ".")
        self.running = subprocess.Popen(command, stdout=subprocess.PIPE)

    def read(self, size=-1):
        data = self.running.stdout.read(size)
        if (size < 0 or len(data) < size) and self.running.wait():
            raise OSError("tar failed")
        return data


signal.signal(signal.SIGTERM, signal.default_int_handler)  # boto3 then gives the upload up
store, handover = sys.argv[1:]
bucket, key = handover.removeprefix("s3://").split("/", 1)
# Ten thousand parts at most: 64 MiB each make 640 GB.
config = TransferConfig(multipart_chunksize=64 * 2**20, max_concurrency=4)
tar = Tar(store)
try:
    boto3.client("s3").upload_fileobj(tar, bucket, key, Config=config)
except (KeyboardInterrupt, OSError) as error:
    sys.exit(f"loader: not handed over: {error or type(error).__name__}")
finally:
    tar.running.kill()
' "$KGIMPORT_STORE/" "$KGIMPORT_HANDOVER"
