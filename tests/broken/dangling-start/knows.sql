select * from (values
  (1, 2),
  (9, 2)
) as t(from_id, to_id)
