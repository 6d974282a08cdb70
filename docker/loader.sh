#!/bin/bash
# kgimport, whatever it is told to do; with KGIMPORT_HANDOVER=s3://bucket/key, the store
# KGIMPORT_STORE then goes there as a tar, which infra/modules/loader/bake.yml makes an image of.
set -euo pipefail

[ -n "${KGIMPORT_HANDOVER:-}" ] || exec kgimport "$@"

kgimport "$@" &
trap 'kill -TERM $!' TERM INT
wait $! # for what it ends with, which the state machine reads

echo "loader: $KGIMPORT_STORE goes to $KGIMPORT_HANDOVER" >&2
tar --create --directory "$KGIMPORT_STORE/" . | python -c '
import sys
import boto3
from boto3.s3.transfer import TransferConfig

# Ten thousand parts at most: 64 MiB each make 640 GB.
bucket, key = sys.argv[1].removeprefix("s3://").split("/", 1)
config = TransferConfig(multipart_chunksize=64 * 2**20, max_concurrency=4)
boto3.client("s3").upload_fileobj(sys.stdin.buffer, bucket, key, Config=config)
' "$KGIMPORT_HANDOVER"
