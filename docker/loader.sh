#!/bin/bash
# Runs kgimport with the given arguments. With KGIMPORT_HANDOVER=s3://bucket/key, it then uploads the
# store KGIMPORT_STORE as a tar, from which infra/modules/loader/bake.yml makes an image. With
# KGIMPORT_DBT_TARGET, it first has dbt build the tables in this target, as `kgimport run` does.
#
# Stopping a container sends TERM to its first process. This one passes it on, waits until kgimport
# has cleaned up, ends with kgimport's exit code, and hands nothing over.
set -uo pipefail

[ -n "${KGIMPORT_HANDOVER:-}${KGIMPORT_DBT_TARGET:-}" ] || exec kgimport "$@"

# Passed on once, because a second signal would interrupt the cleanup; and as TERM, because bash starts
# background processes with INT ignored. Set before anything runs: the kernel drops signals for which
# process 1 has no trap.
stopped=
trap 'signalled=1; if [ -z "$stopped" ]; then stopped=1; kill -TERM ${!:-} 2>/dev/null; fi' TERM INT

# Runs a command to its end and returns its exit code, or 130 if a stop left it without one.
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

if [ -n "${KGIMPORT_DBT_TARGET:-}" ]; then
	run dbt build --project-dir dbt --profiles-dir dbt --target "$KGIMPORT_DBT_TARGET" || {
		[ -z "$stopped" ] || exit 130
		exit 9 # kgimport's own for tables that cannot be read, where dbt's 2 would mean wrong usage
	}
fi

run kgimport "$@" || exit
[ -n "${KGIMPORT_HANDOVER:-}" ] || exit 0

echo "loader: $KGIMPORT_STORE goes to $KGIMPORT_HANDOVER" >&2
run python -c '
import signal
import subprocess
import sys

import boto3
from boto3.s3.transfer import TransferConfig


class Tar:
    """A folder as a readable tar. If tar fails, reading fails too: no truncated tar is handed over."""

    def __init__(self, folder):
        command = ("tar", "--create", "--directory", folder, ".")
        self.running = subprocess.Popen(command, stdout=subprocess.PIPE)

    def read(self, size=-1):
        data = self.running.stdout.read(size)
        if (size < 0 or len(data) < size) and self.running.wait():
            raise OSError("tar failed")
        return data


signal.signal(signal.SIGTERM, signal.default_int_handler)  # boto3 then aborts the upload
store, handover = sys.argv[1:]
bucket, key = handover.removeprefix("s3://").split("/", 1)
# S3 allows ten thousand parts: 64 MiB each make 640 GB.
config = TransferConfig(multipart_chunksize=64 * 2**20, max_concurrency=4)
tar = Tar(store)
try:
    boto3.client("s3").upload_fileobj(tar, bucket, key, Config=config)
except (KeyboardInterrupt, OSError) as error:
    sys.exit(f"loader: not handed over: {error or type(error).__name__}")
finally:
    tar.running.kill()
' "$KGIMPORT_STORE/" "$KGIMPORT_HANDOVER"
