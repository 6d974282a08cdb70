select * from (values
  (1, 2),
  (1, 8),
  (2, 9)
) as t(from_id, to_id)
