select * from (values
  (1, 11.9::double, 57.7::double)
) as t(id, lon, lat)
