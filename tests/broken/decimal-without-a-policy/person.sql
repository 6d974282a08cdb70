select * from (values
  (1, 1.50::decimal(10, 2))
) as t(id, price)
