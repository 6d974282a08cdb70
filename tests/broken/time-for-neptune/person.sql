select * from (values
  (1, time '12:00:00')
) as t(id, value)
