select * from (values
  (1, {'since': date '2001-01-01'}),
  (2, {'since': date '300000-01-01'})
) as t(id, home)
