select * from (values
  (1, timestamptz '2026-01-01 12:00:00.5+00')
) as t(id, value)
