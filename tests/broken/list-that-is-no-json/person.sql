select * from (values
  (1, [date '2026-01-01'])
) as t(id, value)
