select * from (values
  (1, date '1815-12-10', 59.3::double, true)
) as t(id, born, lat, here)
