select * from (values
  (chr(65279) || 'a', 'Ada'),
  ('b', 'Bo')
) as t(id, name)
