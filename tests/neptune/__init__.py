"""Files for Neptune, read by what knows nothing of kgimport.

`csv_cells`, `headers`, `values` and `reader` follow the pages of Neptune's bulk loader (engine
1.4.7): https://docs.aws.amazon.com/neptune/latest/userguide/bulk-load-tutorial-format.html. Where
the loader would guess, drop or change something, they raise, because our files must not need that.
`gremlin_server` is TinkerPop's own server, which holds what was read as typed values.
"""
