select * from (values
  (1, {'street': 'Main'}, 'High')
) as t(id, home, "home.street")
