select * from (values
  (1, -5e-324::double, 51.5::double),
  (2, '-0', 51.5),
  (3, 0, -0.0)
) as t(id, lon, lat)
