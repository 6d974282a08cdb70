select * from (values
  (1, [timestamp '2024-05-01 12:00:00']),
  (2, []),
  (3, null)
) as t(id, seen)
