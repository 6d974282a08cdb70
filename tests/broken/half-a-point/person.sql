select * from (values
  (1, 18.1::double, 59.3::double),
  (2, null, 59.3),
  (3, null, null)
) as t(id, lon, lat)
