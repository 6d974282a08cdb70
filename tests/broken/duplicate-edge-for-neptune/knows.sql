select * from (values
  (1, 2, 'LIKES'),
  (1, 2, 'LIKES')
) as t(from_id, to_id, how)
