select * from (values
  (1, 'Ada'),
  (2, 'Bo')
) as t(id, name)
