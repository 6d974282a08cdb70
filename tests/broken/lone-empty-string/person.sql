select * from (values
  (1, ['', 'a']),
  (2, [''])
) as t(id, tags)
