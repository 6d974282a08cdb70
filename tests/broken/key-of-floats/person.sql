select * from (values
  (1.5::double, 'Ada'),
  (2.5, 'Bo')
) as t(id, name)
