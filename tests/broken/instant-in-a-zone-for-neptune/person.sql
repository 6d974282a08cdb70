select * from (values
  (1, timestamp '2026-01-01 12:00:00')
) as t(id, value)
