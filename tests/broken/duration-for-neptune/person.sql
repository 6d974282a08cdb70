select * from (values
  (1, 28800000::bigint)
) as t(id, value)
