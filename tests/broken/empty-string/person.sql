select * from (values
  (1, 'Ada'),
  (2, ''),
  (3, null)
) as t(id, name)
