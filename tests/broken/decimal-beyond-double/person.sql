select * from (values
  (1, 0.1::decimal(38, 18)),
  (2, 0.100000000000000001::decimal(38, 18))
) as t(id, price)
