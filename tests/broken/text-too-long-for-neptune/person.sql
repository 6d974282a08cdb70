select * from (values
  (1, repeat('x', 55000001))
) as t(id, value)
