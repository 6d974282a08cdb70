select * from (values
  (1, date '2000-01-01')
) as t(id, born)
