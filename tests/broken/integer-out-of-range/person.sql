select * from (values
  (1, 9223372036854775807::ubigint),
  (2, 9223372036854775808::ubigint)
) as t(id, views)
