select * from (values
  (1, 180.0::double, 90.0::double),
  (2, 190.0, 59.3),
  (3, 18.1, -90.001)
) as t(id, lon, lat)
