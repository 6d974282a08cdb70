select * from (values
  (1, 2, 'A7', 1),
  (2, 1, 'A7', null),
  (1, 1, 'A7', null),
  (2, 2, '', 3)
) as t(bought, with_it, order_id, line)
