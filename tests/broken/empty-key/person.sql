select * from (values
  ('a', 'Ada'),
  ('', 'Bo')
) as t(id, name)
