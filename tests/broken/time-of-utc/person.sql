select * from (values
  (1, '12:00:00+05'::timetz)
) as t(id, calls_at)
