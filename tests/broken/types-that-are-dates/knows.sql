select * from (values
  (1, 2, date '1833-06-05')
) as t(from_id, to_id, since)
