select * from (values
  (1, 'Ada'),
  (null, 'Bo')
) as t(id, name)
