select * from (values
  (1, 1e308::double, 0.5::double),
  (2, 'nan', 0.5),
  (3, 1, '-infinity')
) as t(id, x, y)
