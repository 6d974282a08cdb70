select * from (values
  (1, timestamp '2099-12-31 12:00:00'),
  (2, timestamp '2100-01-01 12:00:00')
) as t(id, seen)
