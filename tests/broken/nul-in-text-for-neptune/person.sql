select * from (values
  (1, 'a' || chr(0))
) as t(id, value)
