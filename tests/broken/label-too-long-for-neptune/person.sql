select * from (values
  (1, 'Adult'),
  (2, repeat('x', 55000001))
) as t(id, kind)
