select * from (values
  ('SE', 1),
  ('SE', null),
  ('FI', 1)
) as t(country, number)
