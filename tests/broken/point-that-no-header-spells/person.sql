select * from (values
  (1, 18.1::double, 59.3::double)
) as t(id, lon, lat)
