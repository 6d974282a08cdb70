select * from (values
  (1, timestamp '1950-01-01 00:00:00'),
  (2, timestamp '1850-01-01 00:00:00')
) as t(id, seen)
