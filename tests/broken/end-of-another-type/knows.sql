select * from (values
  ('1', 2),
  ('2', 1)
) as t(from_id, to_id)
