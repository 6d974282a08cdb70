select * from (values
  (1, [['a'], ['b']])
) as t(id, path)
