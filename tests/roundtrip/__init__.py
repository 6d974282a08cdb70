"""The value contract proved by round trips: frames to CSV, to the importer, to a server, and back.

`strategies` makes samples, `reference` says what each must become, `harness` sends many of them
through one store and compares, `shrinking` makes a failing one small, `nasty` is a fixed list.
"""
