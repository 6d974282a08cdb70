select * from (values
  (1, {'street': 'Main', 'no': 1})
) as t(id, home)
