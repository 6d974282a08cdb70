"""Amazon Neptune itself: its bulk loader is given files in S3, followed, and what it holds counted.

`cluster` makes the calls, `jobs` starts jobs and follows them, `refused` says why one failed, and
`counts` compares what the cluster holds with an export.
"""
