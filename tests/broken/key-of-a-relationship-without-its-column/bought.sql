select * from (values
  (1, 2, 'A7', 1)
) as t(bought, with_it, order_id, lines)
