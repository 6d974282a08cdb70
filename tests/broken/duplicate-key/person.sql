select * from (values
  (1, 'Ada'),
  (2, 'Bo'),
  (2, 'Bob')
) as t(id, name)
