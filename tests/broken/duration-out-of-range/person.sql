select * from (values
  (1, {'shift': 28800000::bigint}),
  (2, {'shift': -9223372036854775808})
) as t(id, part)
