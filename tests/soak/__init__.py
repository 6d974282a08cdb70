"""What only time shows: commands killed at random moments, and a hundred builds in a row.

    python -m tests.soak kills 200 --docker
    python -m tests.soak builds 100

`make soak` runs both; a few of each are among the tests.
"""
