select * from (values
  (1, {'street': 'Main', 'key': '\xFF'::blob})
) as t(id, home)
