select * from (values
  (1, ['a']),
  (2, ['b', null])
) as t(id, tags)
