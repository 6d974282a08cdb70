select * from (values
  (1, '\xFF'::blob)
) as t(id, value)
