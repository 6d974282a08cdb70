select * from (values
  (1, 2, 'LIKES'),
  (2, 1, repeat('x', 55000001))
) as t(from_id, to_id, how)
