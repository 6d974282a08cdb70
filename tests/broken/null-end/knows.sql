select * from (values
  (1, 2),
  (1, null)
) as t(from_id, to_id)
