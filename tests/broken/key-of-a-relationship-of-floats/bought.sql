select * from (values
  (1, 2, 'A7', 1.5::double)
) as t(bought, with_it, order_id, line)
