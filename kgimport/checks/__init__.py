"""Everything that is checked before anything is written: types, keys, ends, values, two readers."""
