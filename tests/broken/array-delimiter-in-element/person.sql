select * from (values
  (1, ['a']),
  (2, ['b', 'c' || chr(31) || 'd'])
) as t(id, tags)
