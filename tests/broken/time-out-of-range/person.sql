select * from (values
  (1, time '23:59:59.999999'),
  (2, time '24:00:00'),
  (3, null)
) as t(id, closes_at)
