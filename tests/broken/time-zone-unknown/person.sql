select * from (values
  (1, timestamp '2024-01-01')
) as t(id, seen)
