select * from (values
  (1, ['a'])
) as t(id, value)
