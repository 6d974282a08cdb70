"""What is looked at before anything is written: types, keys, ends, values, and by two readers."""
